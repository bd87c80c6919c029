//! Planning a shift, and cancelling it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::{Signed, shift_in, sign_ups_in};
use super::{VolunteerActivity, VolunteerShift, VolunteerShiftChanged, VolunteerShiftStep, WithdrawalCause};
use crate::census::needs;
use crate::context::Context;
use crate::coordination::tables::volunteer_shifts;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure, refuse_text,
};
use crate::scalars::Id;
use crate::shelters::{Shelter, shelter_in};

input! {
    /// Some hours in which volunteers are to help.
    pub struct PlanVolunteerShift {
        /// The shelter; one that is open then.
        pub shelter: Id<Shelter>,
        /// What is done.
        pub activity: VolunteerActivity,
        /// When it begins.
        pub starts_at: DateTime<Utc>,
        /// When it ends: later than now, and at most 16 hours after it begins.
        pub ends_at: DateTime<Utc>,
        /// Whether it is near minors, so that all must be verified of who comes. Looking after children is.
        pub near_minors: bool,
        /// For how many volunteers it is, 1 to 200.
        pub places: i32,
        /// More about it, 3 to 500 characters; no name of anyone.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A shift that is not to be after all.
    pub struct CancelVolunteerShift {
        /// The shift; one that has not ended.
        pub shift: Id<VolunteerShift>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub reason: String,
        /// The version of the shift that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A shift, planned.
    pub struct PlanVolunteerShiftPayload: "PlanVolunteerShiftPayload" as Shelter {
        /// The shift.
        shift: VolunteerShift,
    }
}

payload! {
    /// A shift, cancelled.
    pub struct CancelVolunteerShiftPayload: "CancelVolunteerShiftPayload" as Shelter {
        /// The shift as it is now.
        shift: VolunteerShift,
    }
}

union! {
    /// The shift, planned; or why it was not.
    pub enum PlanVolunteerShiftResult {
        Payload(PlanVolunteerShiftPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The shift, cancelled; or why it was not.
    pub enum CancelVolunteerShiftResult {
        Payload(CancelVolunteerShiftPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Plans a shift.
pub(super) async fn plan_volunteer_shift(
    context: Context,
    input: PlanVolunteerShift,
) -> Result<PlanVolunteerShiftResult> {
    let mut transaction =
        begin!(&context, "coordination.planVolunteerShift", &input, PlanVolunteerShiftResult);
    let done = plan(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn plan(
    context: &Context,
    transaction: &mut Transaction<'_, PlanVolunteerShiftPayload>,
    input: &PlanVolunteerShift,
) -> Result<std::result::Result<Done<PlanVolunteerShiftPayload>, PlanVolunteerShiftResult>> {
    let Some(shelter) = shelter_in(context, transaction.connection()?, input.shelter.uuid()).await? else {
        return Ok(Err(NotFound::new("shelter").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Shelter, &shelter)?;
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    ensure!(needs(input.ends_at > context.now(), "endsAt", "A shift that is planned ends later than now."));
    let id = context.new_uuid()?;
    let row = (
        volunteer_shifts::id.eq(id),
        volunteer_shifts::programme_id.eq(context.programme_id()),
        volunteer_shifts::shelter_id.eq(input.shelter),
        volunteer_shifts::activity.eq(input.activity),
        volunteer_shifts::starts_at.eq(input.starts_at),
        volunteer_shifts::ends_at.eq(input.ends_at),
        volunteer_shifts::near_minors.eq(input.near_minors),
        volunteer_shifts::places.eq(input.places),
        volunteer_shifts::note.eq(input.note.as_deref()),
        volunteer_shifts::recorded_at.eq(context.now()),
        volunteer_shifts::user_id.eq(context.actor()?.user),
    );
    let planning = diesel::insert_into(volunteer_shifts::table).values(row);
    if let Err(error) = planning.execute(transaction.connection()?).await {
        let refused = match constraint(&error) {
            Some("volunteer_shifts_period") => {
                InvalidValue::new("endsAt", "A shift ends after it begins, at most 16 hours after.").into()
            }
            Some("volunteer_shifts_places") => {
                InvalidValue::new("places", "A shift is for 1 to 200 volunteers.").into()
            }
            Some("volunteer_shifts_with_children") => {
                InvalidValue::new("nearMinors", "Whoever looks after children is near minors.").into()
            }
            Some("volunteer_shifts_in_open_shelter") => {
                StateConflict::new("The shelter is not open then.").into()
            }
            _ => return Err(error.into()),
        };
        return Ok(Err(refused));
    }
    let shift = shift_in(context, transaction.connection()?, id).await?;
    let shift = shift.ok_or_else(|| Error::internal("a shift that was planned is not there"))?;
    let change = VolunteerShiftChanged { step: VolunteerShiftStep::Planned, shift, sign_ups: Vec::new() };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.shift.into() }))
}

/// Cancels a shift. The database withdraws who was to come.
pub(super) async fn cancel_volunteer_shift(
    context: Context,
    input: CancelVolunteerShift,
) -> Result<CancelVolunteerShiftResult> {
    let mut transaction =
        begin!(&context, "coordination.cancelVolunteerShift", &input, CancelVolunteerShiftResult);
    let done = cancel(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn cancel(
    context: &Context,
    transaction: &mut Transaction<'_, CancelVolunteerShiftPayload>,
    input: &CancelVolunteerShift,
) -> Result<std::result::Result<Done<CancelVolunteerShiftPayload>, CancelVolunteerShiftResult>> {
    let (id, now) = (input.shift.uuid(), context.now());
    let Some(before) = shift_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("shift").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Shelter, &before)?;
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return Ok(Err(problem.into()));
    }
    let target = volunteer_shifts::table
        .filter(volunteer_shifts::id.eq(id))
        .filter(volunteer_shifts::version.eq(input.version));
    let cancelling = diesel::update(target)
        .set((volunteer_shifts::cancelled_at.eq(now), volunteer_shifts::reason.eq(&input.reason)));
    let written = match cancelling.execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) => {
            let message = match constraint(&error) {
                Some("volunteer_shifts_cancelled_once") => "This shift was cancelled before.",
                Some("volunteer_shifts_cancelled") => "This shift has ended.",
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
    };
    let shift = shift_in(context, transaction.connection()?, id).await?;
    let shift = shift.ok_or_else(|| Error::internal("a shift that was cancelled is not there"))?;
    if written == 0 {
        return Ok(Err(VersionConflict::new(shift.version).into()));
    }
    let cause = (WithdrawalCause::ShiftCancelled, now);
    let sign_ups = sign_ups_in(transaction.connection()?, Signed::Shift(id), cause).await?;
    let change = VolunteerShiftChanged { step: VolunteerShiftStep::Cancelled, shift, sign_ups };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: now, changes, payload: change.shift.into() }))
}
