//! Reads of enrolments and attendances, scoped to the caller, who must have stated a purpose; whom they show is noted.

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::{
    ATTENDANCE, Attendance, COURSE, Ended, Enrolment, EnrolmentState, OUTCOME, Present, SealedCourse,
};
use crate::access::{FactSource, InScope};
use crate::census::tables::persons;
use crate::census::{FactColumns, FactRow, PersonFacts, fact_columns, person_facts};
use crate::context::{Context, Instant, Scope};
use crate::education::Taught;
use crate::education::tables::{attendances, enrolments};
use crate::error::Result;
use crate::scalars::Id;
use crate::shelters::tables::shelters;

#[derive(Queryable)]
struct EnrolmentRow {
    id: Uuid,
    person_id: Uuid,
    group_id: Option<Uuid>,
    agency: String,
    state: EnrolmentState,
    started_on: NaiveDate,
    ended_on: Option<NaiveDate>,
    course: Vec<u8>,
    outcome: Option<Vec<u8>>,
    version: i32,
    facts: FactRow,
}

type EnrolmentColumns = (
    enrolments::id,
    enrolments::person_id,
    enrolments::group_id,
    enrolments::agency,
    enrolments::state,
    enrolments::started_on,
    enrolments::ended_on,
    enrolments::course,
    enrolments::outcome,
    enrolments::version,
    FactColumns,
);

fn enrolment_columns(at: Instant) -> EnrolmentColumns {
    (
        enrolments::id,
        enrolments::person_id,
        enrolments::group_id,
        enrolments::agency,
        enrolments::state,
        enrolments::started_on,
        enrolments::ended_on,
        enrolments::course,
        enrolments::outcome,
        enrolments::version,
        fact_columns(at),
    )
}

/// Where the facts of an enrolment stand in a query that joins enrolments, persons and shelters.
fn enrolment_facts(fact: Fact) -> Option<FactSource> {
    if fact == Fact::Agency { Some(FactSource::Column("enrolments.agency")) } else { person_facts(fact) }
}

fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Education, RecordType::Enrolment)
}

/// Which enrolments.
enum Of {
    People(Vec<Uuid>),
    Groups(Vec<Uuid>),
    Keys(Vec<Uuid>),
    /// Of those in a group on a day.
    On(Uuid, NaiveDate),
}

/// Enrolments as far as the caller may see them, oldest first.
async fn enrolments_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    of: Of,
) -> Result<Vec<Enrolment>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let at = scope.at();
    let query = enrolments::table
        .inner_join(persons::table.left_join(shelters::table))
        .filter(enrolments::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, enrolment_facts))
        .order((enrolments::started_on, enrolments::id))
        .select(enrolment_columns(at))
        .into_boxed::<Pg>();
    let query = match of {
        Of::People(people) => query.filter(enrolments::person_id.eq_any(people)),
        Of::Groups(groups) => query.filter(enrolments::group_id.eq_any(groups)),
        Of::Keys(keys) => query.filter(enrolments::id.eq_any(keys)),
        Of::On(group, day) => query
            .filter(enrolments::group_id.eq(group))
            .filter(enrolments::started_on.le(day))
            .filter(enrolments::ended_on.is_null().or(enrolments::ended_on.ge(day))),
    };
    let mut rows: Vec<EnrolmentRow> = query.load(connection).await?;
    context.hide_order(&mut rows, |row| row.id);
    let keys = context.vault().keys(rows.iter().map(|row| row.person_id).collect()).await?;
    context.discloses(rows.iter().map(|row| row.person_id));
    rows.into_iter()
        .map(|row| {
            let course: Option<SealedCourse> = keys.open(row.person_id, COURSE, &row.course)?;
            let outcome: Option<Ended> = match &row.outcome {
                Some(sealed) => keys.open(row.person_id, OUTCOME, sealed)?,
                None => None,
            };
            let outcome = outcome.unwrap_or_default();
            Ok(Enrolment {
                id: Id::new(row.id),
                level: course.as_ref().map(|course| course.level),
                course: course.map(|course| course.name),
                state: row.state,
                started_on: row.started_on,
                ended_on: row.ended_on,
                level_reached: outcome.level_reached,
                note: outcome.note,
                version: row.version,
                person_id: row.person_id,
                group_id: row.group_id,
                agency_id: context.agency(&row.agency)?,
                taught: Taught { agency: row.agency, person: PersonFacts::of(row.facts, at) },
            })
        })
        .collect()
}

/// The enrolments of some people.
pub(crate) async fn enrolments_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Enrolment>> {
    let reader = context.reader().await?;
    enrolments_where(&context, &mut &*reader, Of::People(people)).await
}

/// The enrolments in some groups.
pub(in crate::education) async fn enrolments_of_groups(
    context: Context,
    groups: Vec<Uuid>,
) -> Result<Vec<Enrolment>> {
    let reader = context.reader().await?;
    enrolments_where(&context, &mut &*reader, Of::Groups(groups)).await
}

/// Enrolments by key.
pub(super) async fn enrolments_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Enrolment>> {
    let reader = context.reader().await?;
    enrolments_where(&context, &mut &*reader, Of::Keys(ids)).await
}

/// An enrolment, as a transaction sees it.
pub(super) async fn enrolment_in(
    context: &Context,
    connection: &AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Enrolment>> {
    Ok(enrolments_where(context, &mut &*connection, Of::Keys(vec![id])).await?.pop())
}

/// Those in a group on a day, as a transaction sees them.
pub(in crate::education) async fn enrolled_on(
    context: &Context,
    connection: &AsyncPgConnection,
    group: Uuid,
    day: NaiveDate,
) -> Result<Vec<Enrolment>> {
    enrolments_where(context, &mut &*connection, Of::On(group, day)).await
}

/// A row of an attendance, still sealed.
type AttendanceRow = (Uuid, Uuid, Uuid, Vec<u8>, i32, Uuid, String, FactRow);

/// Which attendances.
enum Came {
    Sessions(Vec<Uuid>),
    Enrolments(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

/// Attendances as far as the caller may see them, in the order in which they were recorded.
async fn attendances_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    of: Came,
) -> Result<Vec<Attendance>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let at = scope.at();
    let query = attendances::table
        .inner_join(enrolments::table.inner_join(persons::table.left_join(shelters::table)))
        .filter(enrolments::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, enrolment_facts))
        .order(attendances::id)
        .select((
            attendances::id,
            attendances::session_id,
            attendances::enrolment_id,
            attendances::record,
            attendances::version,
            enrolments::person_id,
            enrolments::agency,
            fact_columns(at),
        ))
        .into_boxed::<Pg>();
    let query = match of {
        Came::Sessions(sessions) => query.filter(attendances::session_id.eq_any(sessions)),
        Came::Enrolments(enrolments) => query.filter(attendances::enrolment_id.eq_any(enrolments)),
        Came::Keys(keys) => query.filter(attendances::id.eq_any(keys)),
    };
    let mut rows: Vec<AttendanceRow> = query.load(connection).await?;
    context.hide_order(&mut rows, |row| row.0);
    let keys = context.vault().keys(rows.iter().map(|row| row.5).collect()).await?;
    context.discloses(rows.iter().map(|row| row.5));
    rows.into_iter()
        .map(|(id, session_id, enrolment_id, sealed, version, person_id, agency, facts)| {
            let present: Option<Present> = keys.open(person_id, ATTENDANCE, &sealed)?;
            Ok(Attendance {
                id: Id::new(id),
                state: present.as_ref().map(|present| present.state),
                note: present.and_then(|present| present.note),
                version,
                session_id,
                enrolment_id,
                person_id,
                taught: Taught { agency, person: PersonFacts::of(facts, at) },
            })
        })
        .collect()
}

/// Who came to some sessions.
pub(in crate::education) async fn attendances_of_sessions(
    context: Context,
    sessions: Vec<Uuid>,
) -> Result<Vec<Attendance>> {
    let reader = context.reader().await?;
    attendances_where(&context, &mut &*reader, Came::Sessions(sessions)).await
}

/// To which sessions those of some enrolments came.
pub(super) async fn attendances_of_enrolments(
    context: Context,
    enrolments: Vec<Uuid>,
) -> Result<Vec<Attendance>> {
    let reader = context.reader().await?;
    attendances_where(&context, &mut &*reader, Came::Enrolments(enrolments)).await
}

/// Attendances by key.
pub(super) async fn attendances_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Attendance>> {
    let reader = context.reader().await?;
    attendances_where(&context, &mut &*reader, Came::Keys(ids)).await
}

/// An attendance, as a transaction sees it.
pub(super) async fn attendance_in(
    context: &Context,
    connection: &AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Attendance>> {
    Ok(attendances_where(context, &mut &*connection, Came::Keys(vec![id])).await?.pop())
}
