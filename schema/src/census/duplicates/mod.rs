//! Two records of one person: found by what they have in common, and merged, told apart or separated again by somebody who looked.
//!
//! Merging moves nothing. The merged record stays as it is, with all that was recorded of it, and points at the one that goes on; so
//! nothing is lost, and undoing it is to take the pointer away. The database holds that it is one deep, and that a merged record takes
//! nothing new.

mod candidates;
mod dismissing;
mod merging;
mod undoing;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use enlace_policies::Class;

use crate::census::held::Held;
use crate::census::{Person, load};
use crate::context::Context;
use crate::graph::{Graph, Record};
use crate::problem::InvalidValue;

/// The law by which the database refuses what is to be recorded of a merged record, and what whoever tries is told.
pub(crate) const TAKES_NOTHING: &str = "persons_merged_takes_nothing";
pub(crate) const MERGED: &str =
    "This record was merged into another of the same person. Read mergedInto, and use that one.";

/// Why what a person asked to be cancelled stays as it was then.
const WITHHELD: &str =
    "The cancellation of one of the records was granted: they are neither merged nor separated any more.";

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    candidates::register(graph);
    merging::register(graph);
    undoing::register(graph);
    dismissing::register(graph);
}

/// The payload of a mutation that tells of one person: what is kept of the answer holds nothing of them.
macro_rules! of_a_person {
    ($(#[doc = $about:literal])+ $name:ident $graphql:literal) => {
        $crate::graph::record! {
            $(#[doc = $about])+
            #[derive(serde::Serialize, serde::Deserialize)]
            pub struct $name: $graphql as Person {
                /// The person.
                person_id: uuid::Uuid,
                /// The key, as policies compare it.
                key: String,
                /// What else policies turn on.
                facts: $crate::census::PersonFacts,
            }
        }

        impl $crate::graph::Facts for $name {
            fn fact(&self, fact: enlace_policies::Fact) -> Option<&str> {
                if fact == enlace_policies::Fact::Person { Some(&self.key) } else { self.facts.fact(fact) }
            }

            fn members(&self, fact: enlace_policies::Fact) -> &[String] {
                self.facts.members(fact)
            }
        }

        impl From<super::Held> for $name {
            fn from(held: super::Held) -> Self {
                let $crate::census::Judged { key, facts } = held.judged;
                Self { person_id: held.id, key, facts }
            }
        }

        impl AsRef<uuid::Uuid> for $name {
            fn as_ref(&self) -> &uuid::Uuid {
                &self.person_id
            }
        }
    };
}
use of_a_person;

/// Declares such a payload.
fn payload<P: Record + AsRef<Uuid>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "person",
                Class::Identity,
                "The person as they are known now.",
                |payload| Some(*payload.as_ref()),
                load::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
    });
}

/// Takes one of those who are held.
fn take(held: &mut Vec<Held>, person: Uuid) -> Option<Held> {
    let place = held.iter().position(|held| held.id == person)?;
    Some(held.swap_remove(place))
}

/// When something was decided and why, where nothing is wrong with it.
fn decided(
    context: &Context,
    said: Option<DateTime<Utc>>,
    reason: &str,
) -> std::result::Result<DateTime<Utc>, InvalidValue> {
    let occurred_at = said.unwrap_or_else(|| context.now());
    if occurred_at > context.now() {
        return Err(InvalidValue::new("occurredAt", "Nothing is decided in the future."));
    }
    let length = reason.trim().chars().count();
    if !(3..=500).contains(&length) {
        return Err(InvalidValue::new("reason", "Say in 3 to 500 characters why."));
    }
    Ok(occurred_at)
}
