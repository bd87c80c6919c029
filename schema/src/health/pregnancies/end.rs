//! How a pregnancy ended without a birth.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{Pregnancy, PregnancyEnding, Shows};
use crate::access::InScope;
use crate::census::{self, Checked, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::health::CARE;
use crate::health::care::{Care, care_facts, slot};
use crate::health::tables::care_records;
use crate::health::visits::note_of;
use crate::journal::{Change, Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A pregnancy that ended.
    pub struct EndPregnancy {
        /// The pregnancy.
        pub pregnancy: Id<Pregnancy>,
        /// The version of the pregnancy that the caller saw.
        pub version: i32,
        /// How it ended. A birth is registered with `registerBirth`.
        pub ending: PregnancyEnding,
        /// What is noted of it, 1 to 4,000 characters.
        pub note: Option<String>,
        /// When it ended; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A pregnancy, ended.
    #[derive(Serialize, Deserialize)]
    pub struct EndPregnancyPayload: "EndPregnancyPayload" as Diagnosis {
        /// The pregnancy: what is kept of the answer does not even say that it is one.
        record_id: Uuid,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

impl Shows for EndPregnancyPayload {
    fn pregnancy(&self) -> Uuid {
        self.record_id
    }
}

union! {
    /// The pregnancy, ended; or why it was not.
    pub enum EndPregnancyResult {
        Payload(EndPregnancyPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a pregnancy ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PregnancyEnded {
    pregnancy: Uuid,
    ending: PregnancyEnding,
    note: Option<String>,
    ended_at: DateTime<Utc>,
}

impl Change for PregnancyEnded {
    const NAME: &'static str = "health.pregnancyEnded";
}

type Refused<T> = std::result::Result<T, EndPregnancyResult>;

/// Records how a pregnancy ended, once.
pub(super) async fn end_pregnancy(context: Context, input: EndPregnancy) -> Result<EndPregnancyResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, CARE, &input, EndPregnancyResult);
    let done = end(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

fn checked(context: &Context, input: &EndPregnancy, at: DateTime<Utc>) -> Checked {
    needs(at <= context.now(), "occurredAt", "This cannot be of the future.")?;
    needs(input.ending != PregnancyEnding::Birth, "ending", "Register the birth, with registerBirth.")?;
    note_of("note", input.note.as_deref())
}

async fn end(
    context: &Context,
    transaction: &mut Transaction<'_, EndPregnancyPayload>,
    input: EndPregnancy,
) -> Result<Refused<Done<EndPregnancyPayload>>> {
    let at = input.occurred_at.unwrap_or_else(|| context.now());
    if let Err(problem) = checked(context, &input, at) {
        return Ok(Err(problem.into()));
    }
    let pregnancy = input.pregnancy.uuid();
    let missing = || Ok(Err(NotFound::new("pregnancy").into()));
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Diagnosis)? else { return missing() };
    let holding = care_records::table
        .filter(care_records::id.eq(pregnancy))
        .filter(InScope::new(&scope, care_facts))
        .select((care_records::person_id, care_records::record))
        .for_no_key_update();
    let found: Option<(Uuid, Vec<u8>)> = holding.first(transaction.connection()?).await.optional()?;
    let Some((person, record)) = found else { return missing() };
    let keys = context.vault().keys(vec![person]).await?;
    let Some(care) = Care::open(&keys, person, &record)? else { return Ok(Err(census::erased().into())) };
    let Care::Pregnancy(mut gestation) = care else { return missing() };
    let payload = EndPregnancyPayload { record_id: pregnancy, person: person.to_string() };
    context.authorize_write(Class::Health, RecordType::Diagnosis, &payload)?;
    if gestation.version != input.version {
        return Ok(Err(VersionConflict::new(gestation.version).into()));
    }
    if gestation.ended_at.is_some() {
        return Ok(Err(StateConflict::new("This pregnancy has ended. What was said stays.").into()));
    }
    if gestation.began_on.is_some_and(|began| context.day_of(at) < began) {
        return Ok(Err(InvalidValue::new("occurredAt", "A pregnancy ends after it began.").into()));
    }
    gestation.ended_at = Some(at);
    gestation.ending = Some(input.ending);
    gestation.ending_note.clone_from(&input.note);
    gestation.version += 1;
    let sealed = Care::Pregnancy(gestation).seal(&keys, person, context.random_bytes()?)?;
    let ended = slot(context.vault().search_key(), person, &pregnancy.to_string());
    diesel::update(care_records::table.find(pregnancy))
        .set((care_records::slot.eq(ended), care_records::record.eq(sealed)))
        .execute(transaction.connection()?)
        .await?;
    let change = PregnancyEnded { pregnancy, ending: input.ending, note: input.note, ended_at: at };
    let changes = vec![Part::of(Class::Health, Some(person), &change)?];
    Ok(Ok(Done { occurred_at: at, changes, payload }))
}
