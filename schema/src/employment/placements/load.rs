//! Reads of placements and of the visits since, scoped as their person is; whom they show is noted.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{ENDING, Ending, FOLLOW_UP, FollowUp, JobFollowUp, JobPlacement};
use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{FactColumns, FactRow, PersonFacts, fact_columns, person_facts};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::employment::tables::{job_follow_ups, job_placements};
use crate::employment::vacancies::Vacancy;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

input! {
    /// Which jobs, and which page of them. They come in the order in which they were recorded.
    pub struct JobPlacementsArguments {
        /// Only those of this vacancy.
        pub vacancy: Option<Id<Vacancy>>,
        /// Where true, only formal ones; where false, only the others.
        pub formal: Option<bool>,
        /// Only those that are held on this day.
        pub held_on: Option<NaiveDate>,
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

#[derive(Queryable)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    vacancy_id: Uuid,
    formal: bool,
    started_on: NaiveDate,
    ended_on: Option<NaiveDate>,
    record: Vec<u8>,
    version: i32,
    facts: FactRow,
}

type Columns = (
    job_placements::id,
    job_placements::person_id,
    job_placements::vacancy_id,
    job_placements::formal,
    job_placements::started_on,
    job_placements::ended_on,
    job_placements::record,
    job_placements::version,
    FactColumns,
);

fn columns(at: Instant) -> Columns {
    (
        job_placements::id,
        job_placements::person_id,
        job_placements::vacancy_id,
        job_placements::formal,
        job_placements::started_on,
        job_placements::ended_on,
        job_placements::record,
        job_placements::version,
        fact_columns(at),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn joined() -> _ {
    job_placements::table.inner_join(persons::table.left_join(shelters::table))
}

fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Employment, RecordType::WorkProfile)
}

async fn open(context: &Context, rows: Vec<Row>, at: Instant) -> Result<Vec<JobPlacement>> {
    let keys = context.vault().keys(rows.iter().map(|row| row.person_id).collect()).await?;
    context.discloses(rows.iter().map(|row| row.person_id));
    rows.into_iter()
        .map(|row| {
            let said: Option<Ending> = keys.open(row.person_id, ENDING, &row.record)?;
            Ok(JobPlacement {
                id: Id::new(row.id),
                formal: row.formal,
                started_on: row.started_on,
                ended_on: row.ended_on,
                ending: said.as_ref().and_then(|said| said.ending),
                note: said.and_then(|said| said.note),
                version: row.version,
                person_id: row.person_id,
                vacancy_id: row.vacancy_id,
                person: PersonFacts::of(row.facts, at),
            })
        })
        .collect()
}

/// Which placements.
enum Of {
    People(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

async fn placements_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    of: Of,
) -> Result<Vec<JobPlacement>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let query = joined()
        .filter(job_placements::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order(job_placements::id)
        .select(columns(scope.at()))
        .into_boxed::<Pg>();
    let query = match of {
        Of::People(people) => query.filter(job_placements::person_id.eq_any(people)),
        Of::Keys(keys) => query.filter(job_placements::id.eq_any(keys)),
    };
    let rows = query.load(connection).await?;
    open(context, rows, scope.at()).await
}

/// The jobs of some people, in the order in which they were recorded.
pub(in crate::employment) async fn placements_of(
    context: Context,
    people: Vec<Uuid>,
) -> Result<Vec<JobPlacement>> {
    let reader = context.reader().await?;
    placements_where(&context, &mut &*reader, Of::People(people)).await
}

/// Placements by key.
pub(super) async fn placements_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<JobPlacement>> {
    let reader = context.reader().await?;
    placements_where(&context, &mut &*reader, Of::Keys(ids)).await
}

/// A placement, held until the transaction ends.
pub(super) async fn placement_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<JobPlacement>> {
    let holding = job_placements::table.find(id).select(job_placements::id).for_no_key_update();
    let _held: Option<Uuid> = holding.first(connection).await.optional()?;
    Ok(placements_where(context, &mut &*connection, Of::Keys(vec![id])).await?.pop())
}

/// What selects placements: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    vacancy: Option<Uuid>,
    formal: Option<bool>,
    held_on: Option<NaiveDate>,
}

/// A page of the placements.
pub(super) async fn placements(
    context: Context,
    arguments: JobPlacementsArguments,
    wanted: Wanted,
) -> Result<Connection<JobPlacement>> {
    let selects = Selects {
        programme: context.programme_id(),
        vacancy: arguments.vacancy.map(Id::uuid),
        formal: arguments.formal,
        held_on: arguments.held_on,
    };
    let (binding, window) = asked!(context, arguments, "jobPlacements", &selects);
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let selected = || {
        let mut query = joined()
            .filter(job_placements::programme_id.eq(selects.programme))
            .filter(InScope::new(&scope, person_facts))
            .into_boxed::<Pg>();
        if let Some(vacancy) = selects.vacancy {
            query = query.filter(job_placements::vacancy_id.eq(vacancy));
        }
        if let Some(formal) = selects.formal {
            query = query.filter(job_placements::formal.eq(formal));
        }
        if let Some(day) = selects.held_on {
            let lasts = job_placements::ended_on.is_null().or(job_placements::ended_on.gt(day));
            query = query.filter(job_placements::started_on.le(day)).filter(lasts);
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(job_placements::id),
        columns(scope.at()),
        |row: &Row| row.id
    )?;
    Ok(Connection { rows: open(&context, page.rows, scope.at()).await?, facts: page.facts })
}

/// A visit's row: its key, its placement's, its person's, the day, what is sealed, when it was recorded, and the facts of the person.
type FollowUpRow = (Uuid, Uuid, Uuid, NaiveDate, Vec<u8>, DateTime<Utc>, FactRow);

/// The visits of some placements or of some keys, as far as the caller may see them, oldest first.
async fn follow_ups(
    context: &Context,
    of: Option<Vec<Uuid>>,
    ids: Option<Vec<Uuid>>,
) -> Result<Vec<JobFollowUp>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let mut query = job_follow_ups::table
        .inner_join(job_placements::table.inner_join(persons::table.left_join(shelters::table)))
        .filter(job_placements::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order((job_follow_ups::made_on, job_follow_ups::id))
        .select((
            job_follow_ups::id,
            job_follow_ups::placement_id,
            job_placements::person_id,
            job_follow_ups::made_on,
            job_follow_ups::record,
            job_follow_ups::recorded_at,
            fact_columns(scope.at()),
        ))
        .into_boxed::<Pg>();
    if let Some(of) = of {
        query = query.filter(job_follow_ups::placement_id.eq_any(of));
    }
    if let Some(ids) = ids {
        query = query.filter(job_follow_ups::id.eq_any(ids));
    }
    let rows: Vec<FollowUpRow> = query.load(&mut &*context.reader().await?).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.2).collect()).await?;
    context.discloses(rows.iter().map(|row| row.2));
    rows.into_iter()
        .map(|(id, placement_id, person_id, made_on, sealed, recorded_at, facts)| {
            let seen: Option<FollowUp> = keys.open(person_id, FOLLOW_UP, &sealed)?;
            Ok(JobFollowUp {
                id: Id::new(id),
                made_on,
                outcome: seen.as_ref().map(|seen| seen.outcome),
                note: seen.and_then(|seen| seen.note),
                recorded_at,
                placement_id,
                person: PersonFacts::of(facts, scope.at()),
            })
        })
        .collect()
}

/// The visits since some jobs began.
pub(super) async fn follow_ups_of(context: Context, placements: Vec<Uuid>) -> Result<Vec<JobFollowUp>> {
    follow_ups(&context, Some(placements), None).await
}

/// Visits by key.
pub(super) async fn follow_ups_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<JobFollowUp>> {
    follow_ups(&context, None, Some(ids)).await
}
