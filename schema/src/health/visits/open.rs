//! Opening a visit.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{Encounter, Specialty, VISIT, Visit};
use crate::census::{self, MERGED, Person, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::health::tables::visits;
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

input! {
    /// A person who comes to a clinician.
    pub struct OpenVisit {
        /// Id of the visit, made by whoever sends it: a UUIDv7 in the form of the ids of visits. Made here, where it is left out.
        pub visit: Option<Id<Visit>>,
        /// The person.
        pub person: Id<Person>,
        /// What it is for.
        pub specialty: Specialty,
        /// When it began; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A visit, opened.
    #[derive(Serialize, Deserialize)]
    pub struct OpenVisitPayload: "OpenVisitPayload" as Diagnosis {
        /// The visit: what is kept of the answer holds nothing of what it is for.
        visit_id: Uuid,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

union! {
    /// The visit, opened; or why it was not.
    pub enum OpenVisitResult {
        Payload(OpenVisitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a visit began.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VisitOpened {
    visit: Uuid,
    specialty: Specialty,
    opened_at: DateTime<Utc>,
}

impl Change for VisitOpened {
    const NAME: &'static str = "health.visitOpened";
}

type Refused<T> = std::result::Result<T, OpenVisitResult>;

/// Opens a visit. The database holds that a person has one at a time.
pub(super) async fn open_visit(context: Context, input: OpenVisit) -> Result<OpenVisitResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, "health.openVisit", &input, OpenVisitResult);
    let done = open(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn open(
    context: &Context,
    transaction: &mut Transaction<'_, OpenVisitPayload>,
    input: &OpenVisit,
) -> Result<Refused<Done<OpenVisitPayload>>> {
    let opened_at = input.occurred_at.unwrap_or_else(|| context.now());
    if let Err(problem) = needs(opened_at <= context.now(), "occurredAt", "A visit cannot be of the future.")
    {
        return Ok(Err(problem.into()));
    }
    let person = input.person.uuid();
    let Some(held) = census::held(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    if held.merged_into.is_some() {
        return Ok(Err(StateConflict::new(MERGED).into()));
    }
    let visit = input.visit.map_or_else(|| context.new_uuid(), |visit| Ok(visit.uuid()))?;
    let payload = OpenVisitPayload { visit_id: visit, person: person.to_string() };
    context.authorize_write(Class::Health, RecordType::Diagnosis, &payload)?;
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let encounter = Encounter { specialty: input.specialty, note: None };
    let row = (
        visits::id.eq(visit),
        visits::person_id.eq(person),
        visits::opened_at.eq(opened_at),
        visits::record.eq(keys.seal(person, VISIT, context.random_bytes()?, &encounter)?),
    );
    let opening = diesel::insert_into(visits::table).values(row);
    if let Err(error) = opening.execute(transaction.connection()?).await {
        let message = match constraint(&error) {
            Some("visits_no_overlap") => {
                "A visit of this person is open, or was held at that time. Close it first, or say when this one was."
            }
            Some("visits_pkey") => "A visit of this id is recorded already. Read it, or make a new id.",
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let change = VisitOpened { visit, specialty: input.specialty, opened_at };
    let changes = vec![Part::of(Class::Health, Some(person), &change)?];
    Ok(Ok(Done { occurred_at: opened_at, changes, payload }))
}
