//! Coordination: what one agency hands to another, and what they do together.

mod activities;
mod between;
mod custody;
mod permits;
mod press;
mod recommendations;
mod referrals;
pub(crate) mod tables;
mod tasks;
mod translations;
mod tutorials;
mod volunteers;

use crate::census::Person;
use crate::graph::{Graph, Object};

pub use activities::{
    ActivityKind, ActivitySector, ActivityStatus, ListedActivity, ListingError, Named, list_activities,
};
pub(crate) use custody::{CustodyWithdrawal, end_custody_transfers};
pub(crate) use referrals::end_cases;
pub(crate) use tasks::end_tasks;
pub(crate) use volunteers::withdrawn_with_agreement;

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    referrals::register(graph);
    custody::register(graph);
    tasks::register(graph);
    permits::register(graph);
    recommendations::register(graph);
    translations::register(graph);
    tutorials::register(graph);
    volunteers::register(graph);
    press::register(graph);
    activities::register(graph);
}

/// Where a person's case was sent, and who answers for it.
pub(crate) fn of_a_person(person: Object<Person>) -> Object<Person> {
    custody::of_a_person(referrals::of_a_person(person))
}
