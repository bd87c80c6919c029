//! Reads of job fairs, trainings and stands, which are open to whoever may read their class; and of who came, scoped as they are.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{ATTENDANCE, Attended, JobAttendance, JobEvent, JobEventKind, JobStand};
use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{FactRow, PersonFacts, fact_columns, person_facts};
use crate::context::Context;
use crate::employment::tables::{job_attendances, job_events, job_stands};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

input! {
    /// Which events, and which page of them. They come in the order in which they were announced.
    pub struct JobEventsArguments {
        /// Only those of this kind.
        pub kind: Option<JobEventKind>,
        /// How many rows from the start, or after `after`: 1 to 500; 50 where neither `first` nor `last` is given.
        pub first: Option<i32>,
        /// Go on after this cursor.
        pub after: Option<String>,
        /// How many rows from the end, or before `before`.
        pub last: Option<i32>,
        /// Go back from this cursor.
        pub before: Option<String>,
    }
}

type EventColumns = (
    job_events::id,
    job_events::code,
    job_events::kind,
    job_events::title,
    job_events::place,
    job_events::starts_on,
    job_events::ends_on,
    SqlLiteral<Integer>,
    job_events::agency_id,
);

fn event_columns() -> EventColumns {
    (
        job_events::id,
        job_events::code,
        job_events::kind,
        job_events::title,
        job_events::place,
        job_events::starts_on,
        job_events::ends_on,
        sql("(SELECT count(*)::integer FROM job_attendances WHERE event_id = job_events.id)"),
        job_events::agency_id,
    )
}

/// A page of the events.
pub(super) async fn events(
    context: Context,
    arguments: JobEventsArguments,
    wanted: Wanted,
) -> Result<Connection<JobEvent>> {
    let (programme, kind) = (context.programme_id(), arguments.kind);
    let (binding, window) = asked!(context, arguments, "jobEvents", &(programme, kind));
    let selected = || {
        let mut query = job_events::table.filter(job_events::programme_id.eq(programme)).into_boxed::<Pg>();
        if let Some(kind) = kind {
            query = query.filter(job_events::kind.eq(kind));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(job_events::id),
        event_columns(),
        |event: &JobEvent| event.id.uuid()
    )
}

/// Events by key.
pub(super) async fn events_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<JobEvent>> {
    let query = job_events::table
        .filter(job_events::programme_id.eq(context.programme_id()))
        .filter(job_events::id.eq_any(ids))
        .select(event_columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// An event of the programme, as a transaction sees it.
pub(super) async fn event_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<JobEvent>> {
    let query = job_events::table
        .filter(job_events::programme_id.eq(context.programme_id()))
        .filter(job_events::id.eq(id))
        .select(event_columns());
    Ok(query.first(connection).await.optional()?)
}

const STAND_COLUMNS: (
    job_stands::id,
    job_stands::offered,
    job_stands::interviewed,
    job_stands::hired,
    job_stands::version,
    job_stands::event_id,
    job_stands::employer_id,
) = (
    job_stands::id,
    job_stands::offered,
    job_stands::interviewed,
    job_stands::hired,
    job_stands::version,
    job_stands::event_id,
    job_stands::employer_id,
);

/// The stands of some fairs.
pub(super) async fn stands_of(context: Context, events: Vec<Uuid>) -> Result<Vec<JobStand>> {
    let query = job_stands::table
        .filter(job_stands::event_id.eq_any(events))
        .order(job_stands::id)
        .select(STAND_COLUMNS);
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// Stands by key.
pub(super) async fn stands_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<JobStand>> {
    let query = job_stands::table
        .inner_join(job_events::table)
        .filter(job_events::programme_id.eq(context.programme_id()))
        .filter(job_stands::id.eq_any(ids))
        .select(STAND_COLUMNS);
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// The stands of a fair, as a transaction sees them.
pub(super) async fn stands_in(connection: &mut AsyncPgConnection, event: Uuid) -> Result<Vec<JobStand>> {
    let query =
        job_stands::table.filter(job_stands::event_id.eq(event)).order(job_stands::id).select(STAND_COLUMNS);
    Ok(query.load(connection).await?)
}

/// A stand of the programme, held until the transaction ends.
pub(super) async fn stand_held(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<JobStand>> {
    let of_programme =
        job_events::table.filter(job_events::programme_id.eq(context.programme_id())).select(job_events::id);
    let query = job_stands::table
        .filter(job_stands::id.eq(id))
        .filter(job_stands::event_id.eq_any(of_programme))
        .select(STAND_COLUMNS)
        .for_no_key_update();
    Ok(query.first(connection).await.optional()?)
}

/// An attendance's row: its key, its event's, its person's, what is sealed, and the facts of the person.
type AttendanceRow = (Uuid, Uuid, Uuid, Vec<u8>, FactRow);

/// Which attendances.
enum Of {
    Events(Vec<Uuid>),
    People(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

async fn attendances(context: &Context, of: Of) -> Result<Vec<JobAttendance>> {
    let Some(scope) = context.personal_scope(Class::Employment, RecordType::WorkProfile)? else {
        return Ok(Vec::new());
    };
    let query = job_attendances::table
        .inner_join(persons::table.left_join(shelters::table))
        .filter(persons::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order(job_attendances::id)
        .select((
            job_attendances::id,
            job_attendances::event_id,
            job_attendances::person_id,
            job_attendances::record,
            fact_columns(scope.at()),
        ))
        .into_boxed::<Pg>();
    let query = match of {
        Of::Events(events) => query.filter(job_attendances::event_id.eq_any(events)),
        Of::People(people) => query.filter(job_attendances::person_id.eq_any(people)),
        Of::Keys(keys) => query.filter(job_attendances::id.eq_any(keys)),
    };
    let rows: Vec<AttendanceRow> = query.load(&mut &*context.reader().await?).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.2).collect()).await?;
    context.discloses(rows.iter().map(|row| row.2));
    let opened = rows.into_iter().map(|(id, event_id, person_id, sealed, facts)| {
        let attended: Option<Attended> = keys.open(person_id, ATTENDANCE, &sealed)?;
        Ok(JobAttendance {
            id: Id::new(id),
            completed: attended.and_then(|attended| attended.completed),
            event_id,
            person_id,
            person: PersonFacts::of(facts, scope.at()),
        })
    });
    let mut opened = opened.collect::<Result<Vec<_>>>()?;
    context.hide_order(&mut opened, |attendance| attendance.id.uuid());
    Ok(opened)
}

/// Who came to some events, as far as the caller may know of their work.
pub(super) async fn attendances_of(context: Context, events: Vec<Uuid>) -> Result<Vec<JobAttendance>> {
    attendances(&context, Of::Events(events)).await
}

/// To which events some people came.
pub(in crate::employment) async fn attendances_of_people(
    context: Context,
    people: Vec<Uuid>,
) -> Result<Vec<JobAttendance>> {
    attendances(&context, Of::People(people)).await
}

/// Attendances by key.
pub(super) async fn attendances_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<JobAttendance>> {
    attendances(&context, Of::Keys(ids)).await
}
