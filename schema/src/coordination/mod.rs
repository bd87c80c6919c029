//! Coordination: what one agency hands to another, and what they do together.

mod press;
mod referrals;
pub(crate) mod tables;
mod volunteers;

use crate::graph::Graph;

pub(crate) use referrals::{Referral, end_cases, referrals_of};
pub(crate) use volunteers::withdrawn_with_agreement;

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    referrals::register(graph);
    volunteers::register(graph);
    press::register(graph);
}
