//! Recording in what state a shelter is.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::check_in;
use super::{FacilityCheck, FacilityChecked};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, refuse_text};
use crate::scalars::Id;
use crate::shelters::Shelter;
use crate::shelters::load::shelter_in;
use crate::shelters::tables::facility_checks;

input! {
    /// In what state a shelter is.
    pub struct RecordFacilityCheck {
        /// The shelter; an open one.
        pub shelter: Id<Shelter>,
        /// Whether it is clean.
        pub clean: bool,
        /// Whether it is sanitised.
        pub sanitised: bool,
        /// Whether the toilets can be used.
        pub toilets_usable: bool,
        /// Whether the showers are hot.
        pub hot_showers: bool,
        /// What else is to be said, 3 to 500 characters; no name of anyone.
        pub note: Option<String>,
        /// When it was looked at; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A check, recorded.
    pub struct RecordFacilityCheckPayload: "RecordFacilityCheckPayload" as Shelter {
        /// The check.
        check: FacilityCheck,
    }
}

union! {
    /// The check, recorded; or why it was not.
    pub enum RecordFacilityCheckResult {
        Payload(RecordFacilityCheckPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Records a check.
pub(super) async fn record_facility_check(
    context: Context,
    input: RecordFacilityCheck,
) -> Result<RecordFacilityCheckResult> {
    let mut transaction = begin!(&context, "shelters.recordFacilityCheck", &input, RecordFacilityCheckResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordFacilityCheckPayload>,
    input: &RecordFacilityCheck,
) -> Result<std::result::Result<Done<RecordFacilityCheckPayload>, RecordFacilityCheckResult>> {
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let checked_at = input.occurred_at.unwrap_or_else(|| context.now());
    if checked_at > context.now() {
        return Ok(Err(InvalidValue::new("occurredAt", "A check cannot be of the future.").into()));
    }
    let Some(shelter) = shelter_in(context, transaction.connection()?, input.shelter.uuid()).await? else {
        return Ok(Err(NotFound::new("shelter").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Shelter, &shelter)?;
    if shelter.closed_on.is_some_and(|day| context.day_of(checked_at) > day) {
        return Ok(Err(StateConflict::new("The shelter was closed by then.").into()));
    }
    let id = context.new_uuid()?;
    let row = (
        facility_checks::id.eq(id),
        facility_checks::shelter_id.eq(shelter.id),
        facility_checks::checked_at.eq(checked_at),
        facility_checks::clean.eq(input.clean),
        facility_checks::sanitised.eq(input.sanitised),
        facility_checks::toilets_usable.eq(input.toilets_usable),
        facility_checks::hot_showers.eq(input.hot_showers),
        facility_checks::note.eq(input.note.as_deref()),
        facility_checks::user_id.eq(context.actor()?.user),
    );
    diesel::insert_into(facility_checks::table).values(row).execute(transaction.connection()?).await?;
    let check = check_in(transaction.connection()?, id).await?;
    let check = check.ok_or_else(|| Error::internal("a check that was recorded is not there"))?;
    let change = FacilityChecked { check };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: checked_at, changes, payload: change.check.into() }))
}
