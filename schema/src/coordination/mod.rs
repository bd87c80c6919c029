//! Coordination: what one agency hands to another, and what they do together.

mod activities;
mod between;
mod permits;
mod press;
mod recommendations;
mod referrals;
pub(crate) mod tables;
mod tasks;
mod translations;
mod tutorials;
mod volunteers;

use crate::graph::Graph;

pub use activities::{
    ActivityKind, ActivitySector, ActivityStatus, ListedActivity, ListingError, Named, list_activities,
};
pub(crate) use referrals::{Referral, end_cases, referrals_of};
pub(crate) use tasks::end_tasks;
pub(crate) use volunteers::withdrawn_with_agreement;

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    referrals::register(graph);
    tasks::register(graph);
    permits::register(graph);
    recommendations::register(graph);
    translations::register(graph);
    tutorials::register(graph);
    volunteers::register(graph);
    press::register(graph);
    activities::register(graph);
}
