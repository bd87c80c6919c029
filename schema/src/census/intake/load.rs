//! Reads of intakes, scoped as their person is; what was said is opened for those alone who may read it.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::intakes;
use super::{Intake, IntakeState, Taker, VACCINATIONS, Vaccinations, WORK};
use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{FactColumns, FactRow, Judged, Person, PersonFacts, fact_columns, person_facts};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::employment::WorkHistory;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;
use crate::vault::Keys;

input! {
    /// Which intakes, and which page of them. They come in the order of their ids, which is that in which they were begun.
    pub struct IntakesArguments {
        /// Only those of this person.
        pub person: Option<Id<Person>>,
        /// Only those that are this far.
        pub state: Option<IntakeState>,
        /// Where true, only those that the caller takes down or took down; where false, only the others'.
        pub own: Option<bool>,
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
struct IntakeRow {
    id: Uuid,
    person_id: Uuid,
    user_id: Uuid,
    state: IntakeState,
    times: (DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>),
    vaccinations: Option<Vec<u8>>,
    work: Option<Vec<u8>>,
    version: i32,
    facts: FactRow,
}

type IntakeColumns = (
    intakes::id,
    intakes::person_id,
    intakes::user_id,
    intakes::state,
    (intakes::taken_at, intakes::said_at, intakes::ended_at),
    intakes::vaccinations,
    intakes::work,
    intakes::version,
    FactColumns,
);

fn intake_columns(at: Instant) -> IntakeColumns {
    (
        intakes::id,
        intakes::person_id,
        intakes::user_id,
        intakes::state,
        (intakes::taken_at, intakes::said_at, intakes::ended_at),
        intakes::vaccinations,
        intakes::work,
        intakes::version,
        fact_columns(at),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn joined() -> _ {
    intakes::table.inner_join(persons::table.left_join(shelters::table))
}

/// Which intakes the caller may see: of which a person's facts decide, and who takes them down does not. That decides on what was said.
fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Family, RecordType::Intake)
}

/// What was said in one class, as far as the document shows it and the caller may read it of this intake: what is not shown is not even opened.
fn said<T: DeserializeOwned>(
    is_shown: bool,
    (intake, keys): (&Intake, &Keys),
    part: &str,
    sealed: Option<&[u8]>,
) -> Result<Option<T>> {
    let shown = sealed.filter(|_| is_shown);
    shown.map_or(Ok(None), |sealed| keys.open(intake.person_id, part, sealed))
}

/// Opens intakes, and notes of whom they tell.
async fn open(context: &Context, rows: Vec<IntakeRow>, at: Instant) -> Result<Vec<Intake>> {
    let keys = context.vault().keys(rows.iter().map(|row| row.person_id).collect()).await?;
    context.discloses(rows.iter().map(|row| row.person_id));
    let [health, employment] =
        [Class::Health, Class::Employment].map(|class| (class, context.scope(class, RecordType::Intake)));
    let is_shown = |(class, scope): &(Class, Option<Scope>), intake: &Intake| {
        scope.as_ref().is_some_and(|scope| scope.has(intake))
            && context.shows(*class, RecordType::Intake, intake)
    };
    rows.into_iter()
        .map(|row| {
            let (taken_at, said_at, ended_at) = row.times;
            let mut intake = Intake {
                id: Id::new(row.id),
                state: row.state,
                taken_at,
                said_at,
                ended_at,
                taken_by: Id::new(row.user_id),
                version: row.version,
                vaccinations: None,
                occupation: None,
                experience_years: None,
                skills: None,
                languages: None,
                training: None,
                seeks: None,
                shifts: None,
                available_from: None,
                person_id: row.person_id,
                judged: Judged::new(row.person_id, PersonFacts::of(row.facts, at)),
                taker: (row.state == IntakeState::Open).then(|| Taker::of(context, row.user_id)),
            };
            intake.vaccinations = said::<Vaccinations>(
                is_shown(&health, &intake),
                (&intake, &keys),
                VACCINATIONS,
                row.vaccinations.as_deref(),
            )?;
            let work: Option<WorkHistory> =
                said(is_shown(&employment, &intake), (&intake, &keys), WORK, row.work.as_deref())?;
            if let Some(work) = work {
                intake.occupation = work.occupation;
                intake.experience_years = Some(work.experience_years);
                intake.skills = Some(work.skills);
                intake.languages = Some(work.languages);
                intake.training = work.training;
                intake.seeks = work.seeks;
                intake.shifts = Some(work.shifts);
                intake.available_from = Some(work.available_from);
            }
            Ok(intake)
        })
        .collect()
}

/// Which intakes.
enum Of {
    People(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

/// Intakes as far as the caller may see them, in the order in which they were begun.
async fn intakes_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    of: Of,
) -> Result<Vec<Intake>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let query = joined()
        .filter(intakes::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order(intakes::id)
        .select(intake_columns(scope.at()))
        .into_boxed::<Pg>();
    let query = match of {
        Of::People(people) => query.filter(intakes::person_id.eq_any(people)),
        Of::Keys(keys) => query.filter(intakes::id.eq_any(keys)),
    };
    let rows = query.load(connection).await?;
    open(context, rows, scope.at()).await
}

/// The intakes of some people.
pub(in crate::census) async fn intakes_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Intake>> {
    let reader = context.reader().await?;
    intakes_where(&context, &mut &*reader, Of::People(people)).await
}

/// Intakes by key.
pub(super) async fn intakes_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Intake>> {
    let reader = context.reader().await?;
    intakes_where(&context, &mut &*reader, Of::Keys(ids)).await
}

/// An intake that the caller may see, as a transaction sees it.
pub(super) async fn intake_in(
    context: &Context,
    connection: &AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Intake>> {
    Ok(intakes_where(context, &mut &*connection, Of::Keys(vec![id])).await?.pop())
}

/// What is sealed of an intake.
pub(super) async fn sealed_in(
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<(Option<Vec<u8>>, Option<Vec<u8>>)> {
    Ok(intakes::table.find(id).select((intakes::vaccinations, intakes::work)).first(connection).await?)
}

/// A page of intakes.
pub(super) async fn intakes(
    context: Context,
    arguments: IntakesArguments,
    wanted: Wanted,
) -> Result<Connection<Intake>> {
    let programme = context.programme_id();
    let (person, state) = (arguments.person.map(Id::uuid), arguments.state);
    let own = match arguments.own {
        Some(own) => Some((own, context.actor()?.user)),
        None => None,
    };
    let (binding, window) = asked!(context, arguments, "intakes", &(programme, person, state, own));
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let selected = || {
        let mut query = joined()
            .filter(intakes::programme_id.eq(programme))
            .filter(InScope::new(&scope, person_facts))
            .into_boxed::<Pg>();
        if let Some(person) = person {
            query = query.filter(intakes::person_id.eq(person));
        }
        if let Some(state) = state {
            query = query.filter(intakes::state.eq(state));
        }
        match own {
            Some((true, user)) => query.filter(intakes::user_id.eq(user)),
            Some((false, user)) => query.filter(intakes::user_id.ne(user)),
            None => query,
        }
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(intakes::id),
        intake_columns(scope.at()),
        |row: &IntakeRow| row.id
    )?;
    Ok(Connection { rows: open(&context, page.rows, scope.at()).await?, facts: page.facts })
}
