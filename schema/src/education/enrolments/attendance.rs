//! Correcting whether somebody came.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::attendance_in;
use super::{ATTENDANCE, Attendance, AttendanceRecorded, Present};
use crate::census;
use crate::context::Context;
use crate::education::courses::AttendanceState;
use crate::education::tables::{attendances, course_sessions};
use crate::education::{answers, perform};
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;

input! {
    /// Whether somebody came, as it was.
    pub struct CorrectAttendance {
        /// What was recorded.
        pub attendance: Id<Attendance>,
        /// The version of it that the caller saw.
        pub version: i32,
        /// Whether they came.
        pub state: AttendanceState,
        /// What else is said of it, 3 to 500 characters. It is sealed.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

answers! {
    /// An attendance, corrected.
    CorrectAttendancePayload "CorrectAttendancePayload"
}

union! {
    /// The attendance, corrected; or why it was not.
    pub enum CorrectAttendanceResult {
        Payload(CorrectAttendancePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Corrects whether somebody came, and says more of it.
pub(super) async fn correct_attendance(
    context: Context,
    input: CorrectAttendance,
) -> Result<CorrectAttendanceResult> {
    context.personal_scope(Class::Education, RecordType::Enrolment)?;
    perform!(context, "education.correctAttendance", input, correct, CorrectAttendanceResult)
}

async fn correct(
    context: &Context,
    transaction: &mut Transaction<'_, CorrectAttendancePayload>,
    input: &CorrectAttendance,
) -> Result<std::result::Result<Done<CorrectAttendancePayload>, CorrectAttendanceResult>> {
    let id = input.attendance.uuid();
    let Some(found) = attendance_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("attendance").into()));
    };
    context.authorize_write(Class::Education, RecordType::Enrolment, &found)?;
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let person = found.person_id;
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let present = Present { state: input.state, note: input.note.clone() };
    let correcting =
        diesel::update(attendances::table.find(id).filter(attendances::version.eq(input.version)));
    let correcting = correcting.set((
        attendances::record.eq(keys.seal(person, ATTENDANCE, context.random_bytes()?, &present)?),
        attendances::version.eq(attendances::version + 1),
    ));
    if correcting.execute(transaction.connection()?).await? == 0 {
        let current = attendances::table.find(id).select(attendances::version);
        let current = current.first(transaction.connection()?).await?;
        return Ok(Err(VersionConflict::new(current).into()));
    }
    let held_on = course_sessions::table.find(found.session_id).select(course_sessions::held_on);
    let held_on = held_on.first(transaction.connection()?).await?;
    let change = AttendanceRecorded { attendance: id, enrolment: found.enrolment_id, held_on, present };
    let changes = vec![Part::of(Class::Education, Some(person), &change)?];
    let payload = CorrectAttendancePayload { changed: id, taught: found.taught };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
