//! Recording a pregnancy.

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::controls::{RULE, TERM};
use super::{Gestation, LASTS, Shows};
use crate::census::{self, Checked, MERGED, Person, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::health::CARE;
use crate::health::care::{Care, slot};
use crate::health::tables::care_records;
use crate::health::visits::note_of;
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

/// No pregnancy takes longer.
const LONGEST: Days = Days::new(44 * 7);

input! {
    /// A pregnancy.
    pub struct RecordPregnancy {
        /// Of whom.
        pub person: Id<Person>,
        /// The first day of the last period. Either this or `dueOn`.
        pub last_period_on: Option<NaiveDate>,
        /// The day on which the birth is due, as an ultrasound or another clinic has it.
        pub due_on: Option<NaiveDate>,
        /// What the clinician notes, 1 to 4,000 characters.
        pub note: Option<String>,
        /// When it was found; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A pregnancy, recorded.
    #[derive(Serialize, Deserialize)]
    pub struct RecordPregnancyPayload: "RecordPregnancyPayload" as Diagnosis {
        /// The pregnancy: what is kept of the answer does not even say that it is one.
        record_id: Uuid,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

impl Shows for RecordPregnancyPayload {
    fn pregnancy(&self) -> Uuid {
        self.record_id
    }
}

union! {
    /// The pregnancy, recorded; or why it was not.
    pub enum RecordPregnancyResult {
        Payload(RecordPregnancyPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a pregnancy was recorded.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PregnancyRecorded {
    pregnancy: Uuid,
    gestation: Gestation,
    recorded_at: DateTime<Utc>,
}

impl Change for PregnancyRecorded {
    const NAME: &'static str = "health.pregnancyRecorded";
}

type Refused<T> = std::result::Result<T, RecordPregnancyResult>;

/// Records a pregnancy. The database holds that a person has one at a time.
pub(super) async fn record_pregnancy(
    context: Context,
    input: RecordPregnancy,
) -> Result<RecordPregnancyResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, CARE, &input, RecordPregnancyResult);
    let done = record(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

/// The first day of the last period, where nothing is wrong.
fn checked(context: &Context, input: &RecordPregnancy, at: DateTime<Utc>) -> Checked<NaiveDate> {
    needs(at <= context.now(), "occurredAt", "A pregnancy is not recorded in the future.")?;
    note_of("note", input.note.as_deref())?;
    let (argument, began) = match (input.last_period_on, input.due_on) {
        (Some(day), None) => ("lastPeriodOn", Some(day)),
        (None, Some(day)) => ("dueOn", day.checked_sub_days(TERM)),
        _ => {
            let message = "Say either when the last period began or when the birth is due.";
            return Err(InvalidValue::new("lastPeriodOn, or dueOn", message));
        }
    };
    let day = context.day_of(at);
    let lasts =
        |began: &NaiveDate| *began <= day && began.checked_add_days(LONGEST).is_some_and(|end| end >= day);
    let message = "By that day the pregnancy has not begun yet, or is over. Look at the year.";
    began.filter(lasts).ok_or_else(|| InvalidValue::new(argument, message))
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordPregnancyPayload>,
    input: RecordPregnancy,
) -> Result<Refused<Done<RecordPregnancyPayload>>> {
    let at = input.occurred_at.unwrap_or_else(|| context.now());
    let began_on = match checked(context, &input, at) {
        Ok(began_on) => began_on,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let person = input.person.uuid();
    let Some(held) = census::held(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    if held.merged_into.is_some() {
        return Ok(Err(StateConflict::new(MERGED).into()));
    }
    let pregnancy = context.new_uuid()?;
    let payload = RecordPregnancyPayload { record_id: pregnancy, person: person.to_string() };
    context.authorize_write(Class::Health, RecordType::Diagnosis, &payload)?;
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let gestation = Gestation {
        began_on: Some(began_on),
        rule: Some(RULE.to_owned()),
        note: input.note,
        version: 1,
        ..Gestation::default()
    };
    let sealed = Care::Pregnancy(gestation.clone()).seal(&keys, person, context.random_bytes()?)?;
    let row = (
        care_records::id.eq(pregnancy),
        care_records::person_id.eq(person),
        care_records::recorded_at.eq(at),
        care_records::slot.eq(slot(context.vault().search_key(), person, LASTS)),
        care_records::record.eq(sealed),
    );
    let recording = diesel::insert_into(care_records::table).values(row);
    match recording.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("care_records_slot_key") => {
            let message =
                "A pregnancy of this person lasts. Say how that one ended first, or register the birth.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = PregnancyRecorded { pregnancy, gestation, recorded_at: at };
    let changes = vec![Part::of(Class::Health, Some(person), &change)?];
    Ok(Ok(Done { occurred_at: at, changes, payload }))
}
