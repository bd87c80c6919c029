//! Coordination: what one agency hands to another, and what they do together.

mod referrals;
pub(crate) mod tables;

use crate::graph::Graph;

pub(crate) use referrals::{Referral, end_cases, referrals_of};

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    referrals::register(graph);
}
