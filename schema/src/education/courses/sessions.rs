//! Recording that a group met, and who came.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::group_in;
use super::{AttendanceState, CourseGroup, CourseSession, SessionHeld};
use crate::census::{Checked, needs};
use crate::context::Context;
use crate::education::enrolments::{ATTENDANCE, AttendanceRecorded, Enrolment, Present, enrolled_on};
use crate::education::perform;
use crate::education::tables::{attendances, course_sessions};
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

input! {
    /// That a group met, and who of it came.
    pub struct RecordSession {
        /// The group.
        pub group: Id<CourseGroup>,
        /// The day; today, where it is left out.
        pub held_on: Option<NaiveDate>,
        /// Who came. Whoever is in the group on that day and named nowhere did not come.
        pub present: Option<Vec<Id<Enrolment>>>,
        /// Who came late.
        pub late: Option<Vec<Id<Enrolment>>>,
        /// Who did not come, and said why.
        pub excused: Option<Vec<Id<Enrolment>>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A session, recorded.
    pub struct RecordSessionPayload: "RecordSessionPayload" as Course {
        /// The session.
        session: CourseSession,
    }
}

union! {
    /// The session, recorded; or why it was not.
    pub enum RecordSessionResult {
        Payload(RecordSessionPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

impl RecordSession {
    /// What is said of each of whom something is.
    fn said(&self) -> Checked<BTreeMap<Uuid, AttendanceState>> {
        let lists = [
            ("present", &self.present, AttendanceState::Present),
            ("late", &self.late, AttendanceState::Late),
            ("excused", &self.excused, AttendanceState::Excused),
        ];
        let mut said = BTreeMap::new();
        for (argument, named, state) in lists {
            for enrolment in named.iter().flatten() {
                let first = said.insert(enrolment.uuid(), state).is_none();
                needs(first, argument, "Name each enrolment once, in one of the lists.")?;
            }
        }
        Ok(said)
    }
}

/// Records a session with everyone of the group whom the caller may see, in one transaction.
pub(super) async fn record_session(context: Context, input: RecordSession) -> Result<RecordSessionResult> {
    context.personal_scope(Class::Education, RecordType::Enrolment)?;
    perform!(context, "education.recordSession", input, record, RecordSessionResult)
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordSessionPayload>,
    input: &RecordSession,
) -> Result<std::result::Result<Done<RecordSessionPayload>, RecordSessionResult>> {
    let Some(group) = group_in(context, transaction.connection()?, input.group.uuid()).await? else {
        return Ok(Err(NotFound::new("group").into()));
    };
    context.authorize_write(Class::Education, RecordType::Course, &group)?;
    let today = context.day_of(context.now());
    let held_on = input.held_on.unwrap_or(today);
    let mut said = match input.said() {
        Ok(said) => said,
        Err(problem) => return Ok(Err(problem.into())),
    };
    if held_on > today {
        return Ok(Err(InvalidValue::new("heldOn", "A session is not of a day to come.").into()));
    }
    let session = CourseSession {
        id: Id::new(context.new_uuid()?),
        held_on,
        recorded_at: context.now(),
        group_id: group.id.uuid(),
        agency: group.agency,
    };
    let row = (
        course_sessions::id.eq(session.id),
        course_sessions::group_id.eq(session.group_id),
        course_sessions::held_on.eq(held_on),
        course_sessions::recorded_at.eq(session.recorded_at),
        course_sessions::user_id.eq(context.actor()?.user),
    );
    let holding = diesel::insert_into(course_sessions::table).values(row);
    match holding.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("course_sessions_once") => {
            let message =
                "This group's session of that day is recorded. Correct who came with correctAttendance.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) if constraint(&error) == Some("course_sessions_in_period") => {
            return Ok(Err(InvalidValue::new("heldOn", "The group does not meet on that day.").into()));
        }
        Err(error) => return Err(error.into()),
    }
    let enrolled = enrolled_on(context, transaction.connection()?, session.group_id, held_on).await?;
    let keys = context.vault().keys(enrolled.iter().map(|enrolment| enrolment.person_id).collect()).await?;
    let mut changes = vec![Part::of(Class::Operational, None, &SessionHeld { session: session.clone() })?];
    let mut rows = Vec::with_capacity(enrolled.len());
    for enrolment in enrolled {
        context.authorize_write(Class::Education, RecordType::Enrolment, &enrolment)?;
        let state = said.remove(&enrolment.id.uuid()).unwrap_or(AttendanceState::Absent);
        let person = enrolment.person_id;
        if !keys.have(person) {
            continue;
        }
        let (attendance, present) = (context.new_uuid()?, Present { state, note: None });
        rows.push((
            attendances::id.eq(attendance),
            attendances::session_id.eq(session.id),
            attendances::enrolment_id.eq(enrolment.id),
            attendances::record.eq(keys.seal(person, ATTENDANCE, context.random_bytes()?, &present)?),
        ));
        let change = AttendanceRecorded { attendance, enrolment: enrolment.id.uuid(), held_on, present };
        changes.push(Part::of(Class::Education, Some(person), &change)?);
    }
    if !said.is_empty() {
        let message = "One of these enrolments is not in this group on that day, or out of your reach.";
        return Ok(Err(InvalidValue::new("present, late or excused", message).into()));
    }
    diesel::insert_into(attendances::table).values(rows).execute(transaction.connection()?).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: session.into() }))
}
