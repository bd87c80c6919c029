//! Saying whether a volunteer came to a shift, and for how long.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::sign_up_in;
use super::sign_up::told;
use super::{ShiftSignUp, SignUpState, VolunteerShiftStep};
use crate::census::needs;
use crate::context::Context;
use crate::coordination::tables::shift_sign_ups;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

input! {
    /// Whether a volunteer came.
    pub struct RecordShiftAttendance {
        /// That they were to come; to a shift that has begun.
        pub sign_up: Id<ShiftSignUp>,
        /// For how many minutes they helped, 1 to 1,440; left out where they did not come.
        pub minutes: Option<i32>,
        /// The version of it that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// Whether a volunteer came, recorded.
    pub struct RecordShiftAttendancePayload: "RecordShiftAttendancePayload" as ShiftSignUp {
        /// Where it stands now.
        sign_up: ShiftSignUp,
    }
}

union! {
    /// Whether a volunteer came, recorded; or why it was not.
    pub enum RecordShiftAttendanceResult {
        Payload(RecordShiftAttendancePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Says whether a volunteer came; said again, it is corrected. Whoever keeps the shelter says it, and not the agency that brings the volunteer.
pub(super) async fn record_shift_attendance(
    context: Context,
    input: RecordShiftAttendance,
) -> Result<RecordShiftAttendanceResult> {
    let mut transaction =
        begin!(&context, "coordination.recordShiftAttendance", &input, RecordShiftAttendanceResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordShiftAttendancePayload>,
    input: &RecordShiftAttendance,
) -> Result<std::result::Result<Done<RecordShiftAttendancePayload>, RecordShiftAttendanceResult>> {
    let id = input.sign_up.uuid();
    let Some(before) = sign_up_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("signUp").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Shelter, &before)?;
    let fits = input.minutes.is_none_or(|minutes| (1..=1_440).contains(&minutes));
    ensure!(needs(fits, "minutes", "Whoever came helped for 1 to 1,440 minutes."));
    let state = if input.minutes.is_some() { SignUpState::Came } else { SignUpState::Absent };
    let target = shift_sign_ups::table
        .filter(shift_sign_ups::id.eq(id))
        .filter(shift_sign_ups::version.eq(input.version));
    let recording = diesel::update(target).set((
        shift_sign_ups::state.eq(state),
        shift_sign_ups::settled_at.eq(context.now()),
        shift_sign_ups::settled_by.eq(context.actor()?.user),
        shift_sign_ups::minutes.eq(input.minutes),
    ));
    match recording.execute(transaction.connection()?).await {
        Ok(1) => {}
        Ok(_) => {
            let query = shift_sign_ups::table.find(id).select(shift_sign_ups::version);
            let current = query.first(transaction.connection()?).await?;
            return Ok(Err(VersionConflict::new(current).into()));
        }
        Err(error) => {
            let message = match constraint(&error) {
                Some("shift_sign_ups_forward") => "They were withdrawn from this shift.",
                Some("shift_sign_ups_begun") => "This shift has not begun.",
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
    }
    let (sign_up, changes) = told(context, transaction, id, VolunteerShiftStep::Attended).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: sign_up.into() }))
}
