//! Reads of applications, scoped to the caller; whom they show is noted.

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::{APPLICATION, ApplicationNote, JobApplication, JobApplicationState};
use crate::access::{FactSource, InScope};
use crate::census::tables::persons;
use crate::census::{FactColumns, FactRow, PersonFacts, fact_columns, person_facts};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::employment::tables::{job_applications, vacancies};
use crate::employment::vacancies::Vacancy;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

input! {
    /// Which applications, and which page of them. They come in the order in which they were recorded.
    pub struct JobApplicationsArguments {
        /// Only those for this vacancy.
        pub vacancy: Option<Id<Vacancy>>,
        /// Only those that stand so.
        pub state: Option<JobApplicationState>,
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
    submitted_on: NaiveDate,
    state: JobApplicationState,
    record: Vec<u8>,
    version: i32,
    agency: Option<String>,
    facts: FactRow,
}

type Columns = (
    job_applications::id,
    job_applications::person_id,
    job_applications::vacancy_id,
    job_applications::submitted_on,
    job_applications::state,
    job_applications::record,
    job_applications::version,
    vacancies::agency,
    FactColumns,
);

fn columns(at: Instant) -> Columns {
    (
        job_applications::id,
        job_applications::person_id,
        job_applications::vacancy_id,
        job_applications::submitted_on,
        job_applications::state,
        job_applications::record,
        job_applications::version,
        vacancies::agency,
        fact_columns(at),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn joined() -> _ {
    job_applications::table.inner_join(vacancies::table).inner_join(persons::table.left_join(shelters::table))
}

/// Where the facts of an application stand in a query that joins applications, vacancies, persons and shelters.
fn application_facts(fact: Fact) -> Option<FactSource> {
    if fact == Fact::Agency { Some(FactSource::Column("vacancies.agency")) } else { person_facts(fact) }
}

fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Employment, RecordType::JobApplication)
}

async fn open(context: &Context, rows: Vec<Row>, at: Instant) -> Result<Vec<JobApplication>> {
    let keys = context.vault().keys(rows.iter().map(|row| row.person_id).collect()).await?;
    context.discloses(rows.iter().map(|row| row.person_id));
    rows.into_iter()
        .map(|row| {
            let said: Option<ApplicationNote> = keys.open(row.person_id, APPLICATION, &row.record)?;
            Ok(JobApplication {
                id: Id::new(row.id),
                submitted_on: row.submitted_on,
                state: row.state,
                note: said.and_then(|said| said.note),
                version: row.version,
                person_id: row.person_id,
                vacancy_id: row.vacancy_id,
                agency: row.agency,
                person: PersonFacts::of(row.facts, at),
            })
        })
        .collect()
}

/// Which applications.
enum Of {
    People(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

async fn applications_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    of: Of,
) -> Result<Vec<JobApplication>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let query = joined()
        .filter(job_applications::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, application_facts))
        .order(job_applications::id)
        .select(columns(scope.at()))
        .into_boxed::<Pg>();
    let query = match of {
        Of::People(people) => query.filter(job_applications::person_id.eq_any(people)),
        Of::Keys(keys) => query.filter(job_applications::id.eq_any(keys)),
    };
    let rows = query.load(connection).await?;
    open(context, rows, scope.at()).await
}

/// The applications of some people, in the order in which they were recorded.
pub(in crate::employment) async fn applications_of(
    context: Context,
    people: Vec<Uuid>,
) -> Result<Vec<JobApplication>> {
    let reader = context.reader().await?;
    applications_where(&context, &mut &*reader, Of::People(people)).await
}

/// Applications by key.
pub(in crate::employment) async fn applications_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<JobApplication>> {
    let reader = context.reader().await?;
    applications_where(&context, &mut &*reader, Of::Keys(ids)).await
}

/// An application, held until the transaction ends.
pub(in crate::employment) async fn application_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<JobApplication>> {
    let holding = job_applications::table.find(id).select(job_applications::id).for_no_key_update();
    let _held: Option<Uuid> = holding.first(connection).await.optional()?;
    Ok(applications_where(context, &mut &*connection, Of::Keys(vec![id])).await?.pop())
}

/// Which applications there are of these people for these vacancies: each with its person and its vacancy, oldest first. The caller is
/// shown matches of the same people with the same vacancies.
pub(in crate::employment) async fn applications_between(
    context: &Context,
    between: Vec<(Uuid, Uuid)>,
) -> Result<Vec<(Uuid, Uuid, Uuid)>> {
    let (people, vacancies): (Vec<Uuid>, Vec<Uuid>) = between.into_iter().unzip();
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let query = job_applications::table
        .filter(job_applications::person_id.eq_any(people))
        .filter(job_applications::vacancy_id.eq_any(vacancies))
        .order(job_applications::id)
        .select((job_applications::id, job_applications::person_id, job_applications::vacancy_id));
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// What selects applications: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    vacancy: Option<Uuid>,
    state: Option<JobApplicationState>,
}

/// A page of the applications.
pub(super) async fn applications(
    context: Context,
    arguments: JobApplicationsArguments,
    wanted: Wanted,
) -> Result<Connection<JobApplication>> {
    let selects = Selects {
        programme: context.programme_id(),
        vacancy: arguments.vacancy.map(Id::uuid),
        state: arguments.state,
    };
    let (binding, window) = asked!(context, arguments, "jobApplications", &selects);
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let selected = || {
        let mut query = joined()
            .filter(job_applications::programme_id.eq(selects.programme))
            .filter(InScope::new(&scope, application_facts))
            .into_boxed::<Pg>();
        if let Some(vacancy) = selects.vacancy {
            query = query.filter(job_applications::vacancy_id.eq(vacancy));
        }
        if let Some(state) = selects.state {
            query = query.filter(job_applications::state.eq(state));
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(job_applications::id),
        columns(scope.at()),
        |row: &Row| row.id
    )?;
    Ok(Connection { rows: open(&context, page.rows, scope.at()).await?, facts: page.facts })
}
