//! Reads of revalidations, scoped to the caller; whom they show is noted.

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::{REVALIDATION, Revalidation, RevalidationLevel, RevalidationState, SealedRevalidation};
use crate::access::{FactSource, InScope};
use crate::census::tables::persons;
use crate::census::{FactColumns, FactRow, PersonFacts, fact_columns, person_facts};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::education::Taught;
use crate::education::tables::revalidations;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

#[derive(Queryable)]
struct RevalidationRow {
    id: Uuid,
    person_id: Uuid,
    agency: String,
    level: RevalidationLevel,
    state: RevalidationState,
    filed_on: NaiveDate,
    decided_on: Option<NaiveDate>,
    record: Vec<u8>,
    version: i32,
    facts: FactRow,
}

type RevalidationColumns = (
    revalidations::id,
    revalidations::person_id,
    revalidations::agency,
    revalidations::level,
    revalidations::state,
    revalidations::filed_on,
    revalidations::decided_on,
    revalidations::record,
    revalidations::version,
    FactColumns,
);

fn revalidation_columns(at: Instant) -> RevalidationColumns {
    (
        revalidations::id,
        revalidations::person_id,
        revalidations::agency,
        revalidations::level,
        revalidations::state,
        revalidations::filed_on,
        revalidations::decided_on,
        revalidations::record,
        revalidations::version,
        fact_columns(at),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn revalidations_joined() -> _ {
    revalidations::table.inner_join(persons::table.left_join(shelters::table))
}

/// Where the facts of a revalidation stand in a query that joins revalidations, persons and shelters.
fn revalidation_facts(fact: Fact) -> Option<FactSource> {
    if fact == Fact::Agency { Some(FactSource::Column("revalidations.agency")) } else { person_facts(fact) }
}

fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Education, RecordType::Enrolment)
}

/// Opens revalidations, and notes of whom they tell.
async fn open(context: &Context, rows: Vec<RevalidationRow>, at: Instant) -> Result<Vec<Revalidation>> {
    let keys = context.vault().keys(rows.iter().map(|row| row.person_id).collect()).await?;
    context.discloses(rows.iter().map(|row| row.person_id));
    rows.into_iter()
        .map(|row| {
            let known: Option<SealedRevalidation> = keys.open(row.person_id, REVALIDATION, &row.record)?;
            Ok(Revalidation {
                id: Id::new(row.id),
                level: row.level,
                state: row.state,
                filed_on: row.filed_on,
                decided_on: row.decided_on,
                folio: known.as_ref().and_then(|known| known.folio.clone()),
                reason: known.as_ref().and_then(|known| known.reason.clone()),
                documents: known.map(|known| known.documents),
                version: row.version,
                person_id: row.person_id,
                agency_id: context.agency(&row.agency)?,
                taught: Taught { agency: row.agency, person: PersonFacts::of(row.facts, at) },
            })
        })
        .collect()
}

/// Which revalidations.
enum Of {
    People(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

/// Revalidations as far as the caller may see them, in the order in which they were filed.
async fn revalidations_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    of: Of,
) -> Result<Vec<Revalidation>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let query = revalidations_joined()
        .filter(revalidations::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, revalidation_facts))
        .order(revalidations::id)
        .select(revalidation_columns(scope.at()))
        .into_boxed::<Pg>();
    let query = match of {
        Of::People(people) => query.filter(revalidations::person_id.eq_any(people)),
        Of::Keys(keys) => query.filter(revalidations::id.eq_any(keys)),
    };
    let rows = query.load(connection).await?;
    open(context, rows, scope.at()).await
}

/// The revalidations of some people.
pub(crate) async fn revalidations_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Revalidation>> {
    let reader = context.reader().await?;
    revalidations_where(&context, &mut &*reader, Of::People(people)).await
}

/// Revalidations by key.
pub(super) async fn revalidations_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Revalidation>> {
    let reader = context.reader().await?;
    revalidations_where(&context, &mut &*reader, Of::Keys(ids)).await
}

/// A revalidation, as a transaction sees it.
pub(super) async fn revalidation_in(
    context: &Context,
    connection: &AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Revalidation>> {
    Ok(revalidations_where(context, &mut &*connection, Of::Keys(vec![id])).await?.pop())
}

input! {
    /// Which revalidations, and which page of them. They come in the order in which they were filed.
    pub struct RevalidationsArguments {
        /// Only those of this level.
        pub level: Option<RevalidationLevel> => Education of Enrolment,
        /// Only those that stand so.
        pub state: Option<RevalidationState> => Education of Enrolment,
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

/// A page of the revalidations.
pub(super) async fn revalidations(
    context: Context,
    arguments: RevalidationsArguments,
    wanted: Wanted,
) -> Result<Connection<Revalidation>> {
    let programme = context.programme_id();
    let RevalidationsArguments { level, state, .. } = arguments;
    let (binding, window) = asked!(context, arguments, "revalidations", &(programme, level, state));
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let selected = || {
        let mut query = revalidations_joined()
            .filter(revalidations::programme_id.eq(programme))
            .filter(InScope::new(&scope, revalidation_facts))
            .into_boxed::<Pg>();
        if let Some(level) = level {
            query = query.filter(revalidations::level.eq(level));
        }
        if let Some(state) = state {
            query = query.filter(revalidations::state.eq(state));
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(revalidations::id),
        revalidation_columns(scope.at()),
        |row: &RevalidationRow| row.id
    )?;
    Ok(Connection { rows: open(&context, page.rows, scope.at()).await?, facts: page.facts })
}
