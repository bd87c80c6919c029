//! Reads of schools, open to whoever may read their class, and of children's places, scoped to the caller.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::{
    SCHOOL_DOCUMENT, SCHOOL_PLACE, School, SchoolDocument, SchoolGrade, SchoolLevel, SchoolPlace,
    SchoolPlaceState, SealedDocument, SealedPlace,
};
use crate::access::{FactSource, InScope};
use crate::agencies::tables::agencies;
use crate::census::tables::persons;
use crate::census::{FactColumns, FactRow, PersonFacts, fact_columns, person_facts};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::education::Taught;
use crate::education::tables::{school_grades, school_place_documents, school_places, schools};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

#[diesel::dsl::auto_type]
fn school_columns() -> _ {
    (schools::id, schools::name, schools::level, schools::shift, schools::agency_id, agencies::code)
}

#[diesel::dsl::auto_type]
fn grade_columns() -> _ {
    (
        school_grades::id,
        school_grades::grade,
        school_grades::places,
        school_grades::placed,
        school_grades::version,
        school_grades::school_id,
        school_grades::level,
        agencies::code,
    )
}

#[diesel::dsl::auto_type]
fn grades_joined() -> _ {
    school_grades::table.inner_join(schools::table.inner_join(agencies::table))
}

input! {
    /// Which schools.
    pub struct SchoolsArguments {
        /// Only those of this level.
        pub level: Option<SchoolLevel>,
    }
}

/// The schools of the programme, by name.
pub(super) async fn schools(context: Context, arguments: SchoolsArguments) -> Result<Vec<School>> {
    let mut query = schools::table
        .inner_join(agencies::table)
        .filter(schools::programme_id.eq(context.programme_id()))
        .order((schools::name, schools::level, schools::shift))
        .select(school_columns())
        .into_boxed::<Pg>();
    if let Some(level) = arguments.level {
        query = query.filter(schools::level.eq(level));
    }
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// Schools by key.
pub(super) async fn schools_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<School>> {
    let query =
        schools::table.inner_join(agencies::table).filter(schools::id.eq_any(ids)).select(school_columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// The grades of some schools, from the first.
pub(super) async fn grades_of(context: Context, schools: Vec<Uuid>) -> Result<Vec<SchoolGrade>> {
    let query = grades_joined()
        .filter(school_grades::school_id.eq_any(schools))
        .order((school_grades::school_id, school_grades::grade))
        .select(grade_columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// Grades by key.
pub(super) async fn grades_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<SchoolGrade>> {
    let query = grades_joined().filter(school_grades::id.eq_any(ids)).select(grade_columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// A grade of a school of the programme, as a transaction sees it.
pub(super) async fn grade_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<SchoolGrade>> {
    let query = grades_joined()
        .filter(school_grades::id.eq(id))
        .filter(schools::programme_id.eq(context.programme_id()))
        .select(grade_columns());
    Ok(query.first(connection).await.optional()?)
}

#[derive(Queryable)]
struct PlaceRow {
    id: Uuid,
    person_id: Uuid,
    agency: String,
    grade_id: Uuid,
    level: SchoolLevel,
    state: SchoolPlaceState,
    requested_on: NaiveDate,
    placed_on: Option<NaiveDate>,
    record: Vec<u8>,
    version: i32,
    facts: FactRow,
}

type PlaceColumns = (
    school_places::id,
    school_places::person_id,
    school_places::agency,
    school_places::grade_id,
    school_places::level,
    school_places::state,
    school_places::requested_on,
    school_places::placed_on,
    school_places::record,
    school_places::version,
    FactColumns,
);

fn place_columns(at: Instant) -> PlaceColumns {
    (
        school_places::id,
        school_places::person_id,
        school_places::agency,
        school_places::grade_id,
        school_places::level,
        school_places::state,
        school_places::requested_on,
        school_places::placed_on,
        school_places::record,
        school_places::version,
        fact_columns(at),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn places_joined() -> _ {
    school_places::table.inner_join(persons::table.left_join(shelters::table))
}

/// Where the facts of a place stand in a query that joins places, persons and shelters.
fn place_facts(fact: Fact) -> Option<FactSource> {
    if fact == Fact::Agency { Some(FactSource::Column("school_places.agency")) } else { person_facts(fact) }
}

fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Education, RecordType::Enrolment)
}

/// A document's row, still sealed.
type DocumentRow = (Uuid, SchoolDocument, Vec<u8>);

/// Opens places with their documents, and notes of whom they tell.
async fn open(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    rows: Vec<PlaceRow>,
    at: Instant,
) -> Result<Vec<SchoolPlace>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let query = school_place_documents::table
        .filter(school_place_documents::place_id.eq_any(ids))
        .order((school_place_documents::place_id, school_place_documents::document))
        .select((
            school_place_documents::place_id,
            school_place_documents::document,
            school_place_documents::record,
        ));
    let settled: Vec<DocumentRow> = query.load(connection).await?;
    let mut documents: HashMap<Uuid, Vec<(SchoolDocument, Vec<u8>)>> = HashMap::new();
    for (place, document, sealed) in settled {
        documents.entry(place).or_default().push((document, sealed));
    }
    let keys = context.vault().keys(rows.iter().map(|row| row.person_id).collect()).await?;
    context.discloses(rows.iter().map(|row| row.person_id));
    let mut places = Vec::with_capacity(rows.len());
    for row in rows {
        let settled = documents.remove(&row.id).unwrap_or_default();
        let missing =
            row.level.documents().iter().filter(|needed| settled.iter().all(|(known, _)| known != *needed));
        let documents_missing = missing.copied().collect();
        let (mut seen, mut waived, mut waivers) = (Vec::new(), Vec::new(), Vec::new());
        for (document, sealed) in settled {
            let opened: Option<SealedDocument> = keys.open(row.person_id, SCHOOL_DOCUMENT, &sealed)?;
            match opened {
                Some(SealedDocument { waiver: Some(reason) }) => {
                    waived.push(document);
                    waivers.push(reason);
                }
                Some(SealedDocument { waiver: None }) => seen.push(document),
                None => {}
            }
        }
        let known = keys.have(row.person_id);
        let said: Option<SealedPlace> = keys.open(row.person_id, SCHOOL_PLACE, &row.record)?;
        let said = said.unwrap_or_default();
        places.push(SchoolPlace {
            id: Id::new(row.id),
            level: row.level,
            state: row.state,
            requested_on: row.requested_on,
            placed_on: row.placed_on,
            provisional: known.then_some(!waived.is_empty()),
            documents_seen: known.then_some(seen),
            documents_waived: known.then_some(waived),
            waivers: known.then_some(waivers),
            documents_missing,
            age_exception: said.age_exception,
            closing: said.closing,
            note: said.note,
            version: row.version,
            person_id: row.person_id,
            grade_id: row.grade_id,
            agency_id: context.agency(&row.agency)?,
            taught: Taught { agency: row.agency, person: PersonFacts::of(row.facts, at) },
        });
    }
    Ok(places)
}

/// Which places.
enum Of {
    People(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

/// Places as far as the caller may see them, in the order in which they were requested.
async fn places_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    of: Of,
) -> Result<Vec<SchoolPlace>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let query = places_joined()
        .filter(school_places::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, place_facts))
        .order(school_places::id)
        .select(place_columns(scope.at()))
        .into_boxed::<Pg>();
    let query = match of {
        Of::People(people) => query.filter(school_places::person_id.eq_any(people)),
        Of::Keys(keys) => query.filter(school_places::id.eq_any(keys)),
    };
    let rows = query.load(connection).await?;
    open(context, connection, rows, scope.at()).await
}

/// The places of some people.
pub(crate) async fn school_places_of(context: Context, people: Vec<Uuid>) -> Result<Vec<SchoolPlace>> {
    let reader = context.reader().await?;
    places_where(&context, &mut &*reader, Of::People(people)).await
}

/// Places by key.
pub(super) async fn places_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<SchoolPlace>> {
    let reader = context.reader().await?;
    places_where(&context, &mut &*reader, Of::Keys(ids)).await
}

/// A place, as a transaction sees it.
pub(super) async fn place_in(
    context: &Context,
    connection: &AsyncPgConnection,
    id: Uuid,
) -> Result<Option<SchoolPlace>> {
    Ok(places_where(context, &mut &*connection, Of::Keys(vec![id])).await?.pop())
}

input! {
    /// Which places, and which page of them. They come in the order in which they were requested.
    pub struct SchoolPlacesArguments {
        /// Only those at this level.
        pub level: Option<SchoolLevel> => Education of Enrolment,
        /// Only those that stand so.
        pub state: Option<SchoolPlaceState> => Education of Enrolment,
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

/// A page of the places.
pub(super) async fn places(
    context: Context,
    arguments: SchoolPlacesArguments,
    wanted: Wanted,
) -> Result<Connection<SchoolPlace>> {
    let programme = context.programme_id();
    let SchoolPlacesArguments { level, state, .. } = arguments;
    let (binding, window) = asked!(context, arguments, "schoolPlaces", &(programme, level, state));
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let selected = || {
        let mut query = places_joined()
            .filter(school_places::programme_id.eq(programme))
            .filter(InScope::new(&scope, place_facts))
            .into_boxed::<Pg>();
        if let Some(level) = level {
            query = query.filter(school_places::level.eq(level));
        }
        if let Some(state) = state {
            query = query.filter(school_places::state.eq(state));
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(school_places::id),
        place_columns(scope.at()),
        |row: &PlaceRow| row.id
    )?;
    let reader = context.reader().await?;
    Ok(Connection { rows: open(&context, &mut &*reader, page.rows, scope.at()).await?, facts: page.facts })
}
