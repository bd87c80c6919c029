//! Registering a household: its members, what is known of each and what they agreed to, in one request.
//!
//! A tablet that was offline makes the ids and says when it happened, so that what it sends again, or in another order, comes to the
//! same. Several households are several fields of one request, each a transaction of its own.

mod checks;
mod journal;
mod rows;
mod write;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::agencies::Agency;
use crate::census::parts::{FamilyInput, IdentityInput, MigrationInput, PlacementInput};
use crate::census::{Consent, Household, Person, Purpose, load};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Facts, Graph, input, record, union};
use crate::journal::begin;

use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;
use crate::shelters::Shelter;

input! {
    /// What a new member of a household agrees to.
    pub struct NewConsent {
        /// Id of the consent, made by whoever sends it: a UUIDv7 in the form of the ids of consents. Made here, where it is left out.
        pub id: Option<Id<Consent>>,
        /// The agency that may read their data.
        pub recipient: Id<Agency>,
        /// For what.
        pub purpose: Purpose,
        /// When they agreed; when they were registered, where it is left out.
        pub given_at: Option<DateTime<Utc>>,
        /// Until when; open where it is left out.
        pub ends_at: Option<DateTime<Utc>>,
    }
}

input! {
    /// A new member of a household.
    pub struct NewMember {
        /// Id of the person, made by whoever sends it: a UUIDv7 in the form of the ids of persons. Made here, where it is left out.
        pub id: Option<Id<Person>>,
        /// Who they are.
        pub identity: IdentityInput,
        /// What they are to the others. Exactly one member of a household is its head.
        pub family: FamilyInput,
        /// By what right they are in the country. Whoever may not write it leaves it out.
        pub migration: Option<MigrationInput>,
        /// Where they are to be placed.
        pub placement: PlacementInput,
        /// What they agree to, twenty at most.
        pub consents: Option<Vec<NewConsent>>,
    }
}

input! {
    /// A household that arrives, with everyone who belongs to it.
    pub struct RegisterHousehold {
        /// Id of the household, made by whoever sends it: a UUIDv7 in the form of the ids of households. Made here, where it is left out.
        pub household: Option<Id<Household>>,
        /// The shelter that takes them in; left out where none does.
        pub shelter: Option<Id<Shelter>>,
        /// The day they arrived; that of their registration, where it is left out.
        pub arrived_on: Option<NaiveDate>,
        /// Everyone who belongs to it, 1 to 30, of whom exactly one is the head.
        pub members: Vec<NewMember>,
        /// When they were registered; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A household, registered.
    #[derive(Serialize, Deserialize)]
    pub struct RegisterHouseholdPayload: "RegisterHouseholdPayload" as Household {
        /// The household: what is kept of the answer tells of nobody.
        household_id: Uuid,
        /// Code of the shelter that took them in.
        shelter: Option<String>,
        /// With whom, and for what, some member's data is shared.
        shared_with: Vec<String>,
    }
}

impl Facts for RegisterHouseholdPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }

    fn members(&self, fact: Fact) -> &[String] {
        if fact == Fact::SharedWith { &self.shared_with } else { &[] }
    }
}

union! {
    /// The household, registered; or why it was not.
    pub enum RegisterHouseholdResult {
        Payload(RegisterHouseholdPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Refused<T> = std::result::Result<T, RegisterHouseholdResult>;

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<RegisterHouseholdPayload>(|payload| {
        payload.one(
            "household",
            Class::Family,
            "The household as it is now.",
            |payload| Some(payload.household_id),
            load::households_by_ids,
            |household: &Household| household.id.uuid(),
        )
    });
    graph
        .mutation(
            "registerHousehold",
            Class::Family,
            "Registers a household that arrives: its members, what is known of each, and what they agree to. Needs a purpose.",
        )
        .either(RecordType::Household, register_household);
}

async fn register_household(context: Context, input: RegisterHousehold) -> Result<RegisterHouseholdResult> {
    context.personal_scope(Class::Family, RecordType::Household)?;
    let mut transaction = begin!(&context, "census.registerHousehold", &input, RegisterHouseholdResult);
    let done = write::registered(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}
