//! Reads of vacancies, scoped to the caller.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::Vacancy;
use crate::access::{FactSource, InScope};
use crate::context::{Context, Scope};
use crate::employment::employers::Employer;
use crate::employment::tables::vacancies;
use crate::employment::{Skill, WorkShift};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::{Id, Money};

input! {
    /// Which vacancies, and which page of them. They come in the order in which they were opened.
    pub struct VacanciesArguments {
        /// Where true, only those that are offered and have an opening that is free; where false, only the others.
        pub available: Option<bool>,
        /// Only those that need this skill.
        pub skill: Option<Skill>,
        /// Only those in this shift.
        pub shift: Option<WorkShift>,
        /// Only those of this employer.
        pub employer: Option<Id<Employer>> => Counterparty of Employer,
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
    code: String,
    title: String,
    description: Option<String>,
    skills: Vec<Skill>,
    languages: Vec<String>,
    shift: WorkShift,
    starts_on: NaiveDate,
    wage: (Option<i64>, Option<String>),
    openings: i32,
    filled: i32,
    opened_on: NaiveDate,
    closed_on: Option<NaiveDate>,
    version: i32,
    employer_id: Uuid,
    agency: Option<String>,
}

impl Row {
    fn read(self) -> Result<Vacancy> {
        let (hundredths, currency) = self.wage;
        Ok(Vacancy {
            id: Id::new(self.id),
            code: self.code,
            title: self.title,
            description: self.description,
            skills: self.skills,
            languages: self.languages,
            shift: self.shift,
            starts_on: self.starts_on,
            wage: hundredths
                .zip(currency)
                .map(|(amount, currency)| Money::stored(amount, &currency))
                .transpose()?,
            openings: self.openings,
            filled: self.filled,
            opened_on: self.opened_on,
            closed_on: self.closed_on,
            version: self.version,
            employer_id: self.employer_id,
            agency: self.agency,
        })
    }
}

#[diesel::dsl::auto_type]
fn columns() -> _ {
    (
        vacancies::id,
        vacancies::code,
        vacancies::title,
        vacancies::description,
        vacancies::skills,
        vacancies::languages,
        vacancies::shift,
        vacancies::starts_on,
        (vacancies::wage, vacancies::currency),
        vacancies::openings,
        vacancies::filled,
        vacancies::opened_on,
        vacancies::closed_on,
        vacancies::version,
        vacancies::employer_id,
        vacancies::agency,
    )
}

fn vacancy_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::Agency).then_some(FactSource::Column("vacancies.agency"))
}

fn scope(context: &Context) -> Option<Scope> {
    context.scope(Class::Operational, RecordType::Vacancy)
}

/// What selects vacancies: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    available: Option<bool>,
    skill: Option<Skill>,
    shift: Option<WorkShift>,
    employer: Option<Uuid>,
}

/// That somebody can still be placed.
const AVAILABLE: &str = "vacancies.closed_on IS NULL AND vacancies.filled < vacancies.openings";

/// A page of the vacancies.
pub(super) async fn vacancies(
    context: Context,
    arguments: VacanciesArguments,
    wanted: Wanted,
) -> Result<Connection<Vacancy>> {
    let selects = Selects {
        programme: context.programme_id(),
        available: arguments.available,
        skill: arguments.skill,
        shift: arguments.shift,
        employer: arguments.employer.map(Id::uuid),
    };
    let (binding, window) = asked!(context, arguments, "vacancies", &selects);
    let scope = context.root_scope(Class::Operational, RecordType::Vacancy)?;
    let selected = || {
        let mut query = vacancies::table
            .filter(vacancies::programme_id.eq(selects.programme))
            .filter(InScope::new(&scope, vacancy_facts))
            .into_boxed::<Pg>();
        if let Some(available) = selects.available {
            let asked = format!("({AVAILABLE}) = {available}");
            query = query.filter(sql::<Bool>(&asked));
        }
        if let Some(skill) = selects.skill {
            query = query.filter(vacancies::skills.contains(vec![skill]));
        }
        if let Some(shift) = selects.shift {
            query = query.filter(vacancies::shift.eq(shift));
        }
        if let Some(employer) = selects.employer {
            query = query.filter(vacancies::employer_id.eq(employer));
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(vacancies::id),
        columns(),
        |row: &Row| { row.id }
    )?;
    Ok(Connection { rows: page.rows.into_iter().map(Row::read).collect::<Result<_>>()?, facts: page.facts })
}

/// Vacancies by key, as far as the caller may see them.
pub(in crate::employment) async fn vacancies_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<Vacancy>> {
    let Some(scope) = scope(&context) else { return Ok(Vec::new()) };
    let query = vacancies::table
        .filter(vacancies::id.eq_any(ids))
        .filter(InScope::new(&scope, vacancy_facts))
        .select(columns());
    let rows: Vec<Row> = query.load(&mut &*context.reader().await?).await?;
    rows.into_iter().map(Row::read).collect()
}

/// A vacancy of the programme within the caller's reach, as a transaction sees it.
pub(in crate::employment) async fn vacancy_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Vacancy>> {
    let Some(scope) = scope(context) else { return Ok(None) };
    let query = vacancies::table
        .filter(vacancies::id.eq(id))
        .filter(vacancies::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, vacancy_facts))
        .select(columns());
    let found: Option<Row> = query.first(connection).await.optional()?;
    found.map(Row::read).transpose()
}

/// The vacancies that are offered, or this one if it is, as a transaction sees them. Who follows them is asked of each what they may see.
pub(super) async fn vacancies_offered(
    context: &Context,
    connection: &mut AsyncPgConnection,
    vacancy: Option<Uuid>,
) -> Result<Vec<Vacancy>> {
    let mut query = vacancies::table
        .filter(vacancies::programme_id.eq(context.programme_id()))
        .filter(vacancies::closed_on.is_null())
        .order(vacancies::id)
        .select(columns())
        .into_boxed::<Pg>();
    if let Some(vacancy) = vacancy {
        query = query.filter(vacancies::id.eq(vacancy));
    }
    let rows: Vec<Row> = query.load(connection).await?;
    rows.into_iter().map(Row::read).collect()
}

/// The vacancies in which somebody can still be placed, as far as the caller may see them.
pub(super) async fn vacancies_available(context: &Context) -> Result<Vec<Vacancy>> {
    let Some(scope) = scope(context) else { return Ok(Vec::new()) };
    let query = vacancies::table
        .filter(vacancies::programme_id.eq(context.programme_id()))
        .filter(sql::<Bool>(AVAILABLE))
        .filter(InScope::new(&scope, vacancy_facts))
        .order(vacancies::id)
        .select(columns());
    let rows: Vec<Row> = query.load(&mut &*context.reader().await?).await?;
    rows.into_iter().map(Row::read).collect()
}
