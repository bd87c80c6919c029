//! Break-glass: in an emergency a clinician or the coordinator opens the record of one person, for a stated reason and for at
//! most four hours. What it opens the policies say; it is in the journal before it opens anything, and it ends by itself.
//!
//! The directory holds the accesses that are open, and the one of a caller becomes part of its principal: so every path
//! obeys alike, and the end needs nobody to act. All of it is ruled by the real clock.

mod graphql;
mod load;
mod operations;
pub(crate) mod tables;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::access::FactSource;
use crate::agencies::User;
use crate::census::Person;
use crate::graph::{Facts, record};
use crate::scalars::Id;

pub(crate) use graphql::register;
pub(crate) use load::by_ids;

record! {
    /// A person's record, opened by a user in an emergency. Times are those of the real clock.
    pub struct BreakGlassAccess: "BreakGlassAccess" as BreakGlassAccess, id "break_glass" {
        /// Global id.
        id: Id<BreakGlassAccess> => Public identifying,
        /// The person, opaque: `node` shows more to those who may see it.
        person: Id<Person> => Journal identifying,
        /// The user who opened it.
        user: Id<User> => Journal,
        /// Why, in the user's words; null once the person's data is erased.
        reason: Option<String> => Journal identifying,
        /// When it was opened.
        opened_at: DateTime<Utc> => Journal,
        /// When it ends by itself.
        ends_at: DateTime<Utc> => Journal,
        /// When it was ended before that.
        ended_at: Option<DateTime<Utc>> => Journal,
        /// Key of the agency that the user acted for.
        agency_id: Uuid,
        /// Its code.
        agency: String,
    }
}

impl Facts for BreakGlassAccess {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.agency)
    }
}

/// Where the facts of an access stand in a query of its table.
fn access_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::Agency).then_some(FactSource::Column("break_glass_accesses.agency"))
}

/// What the reason is sealed as.
pub(crate) const REASON: &str = "breakGlassReason";
