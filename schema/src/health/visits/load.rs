//! Reads of visits, scoped to the caller.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{Encounter, VISIT, Visit, visit_facts};
use crate::access::InScope;
use crate::census::Person;
use crate::context::{Context, refused_root};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::health::tables::visits;
use crate::paging::{asked, page};
use crate::scalars::Id;

input! {
    /// Whose visits, and which page of them.
    pub struct VisitsArguments {
        /// The person.
        pub person: Id<Person>,
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

/// A visit's row, still sealed.
type VisitRow = (Uuid, Uuid, DateTime<Utc>, Option<DateTime<Utc>>, Vec<u8>, i32);

/// Opens visits, and notes of whom they tell.
async fn open(context: &Context, rows: Vec<VisitRow>) -> Result<Vec<Visit>> {
    let keys = context.vault().keys(rows.iter().map(|row| row.1).collect()).await?;
    context.discloses(rows.iter().map(|row| row.1));
    rows.into_iter()
        .map(|(id, person_id, opened_at, closed_at, sealed, version)| {
            let found: Option<Encounter> = keys.open(person_id, VISIT, &sealed)?;
            Ok(Visit {
                id: Id::new(id),
                opened_at,
                closed_at,
                specialty: found.as_ref().map(|found| found.specialty),
                note: found.and_then(|found| found.note),
                version,
                person_id,
                person: person_id.to_string(),
            })
        })
        .collect()
}

async fn visits_where(
    context: Context,
    narrow: impl FnOnce(visits::BoxedQuery<'static, Pg>) -> visits::BoxedQuery<'static, Pg>,
) -> Result<Vec<Visit>> {
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Diagnosis)? else {
        return Ok(Vec::new());
    };
    let query = narrow(visits::table.into_boxed())
        .filter(InScope::new(&scope, visit_facts))
        .order((visits::opened_at, visits::id));
    let reader = context.reader().await?;
    let rows = query.load(&mut &*reader).await?;
    open(&context, rows).await
}

/// The visits of some people, oldest first.
pub(crate) async fn visits_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Visit>> {
    visits_where(context, |query| query.filter(visits::person_id.eq_any(people))).await
}

/// Visits by key.
pub(in crate::health) async fn visits_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Visit>> {
    visits_where(context, |query| query.filter(visits::id.eq_any(ids))).await
}

/// A page of a person's visits.
pub(super) async fn visits(
    context: Context,
    arguments: VisitsArguments,
    wanted: Wanted,
) -> Result<Connection<Visit>> {
    let person = arguments.person.uuid();
    let (binding, window) = asked!(context, arguments, "visits", &person);
    let scope = context.personal_scope(Class::Health, RecordType::Diagnosis)?.ok_or_else(refused_root)?;
    let selected = || {
        visits::table
            .filter(visits::person_id.eq(person))
            .filter(InScope::new(&scope, visit_facts))
            .into_boxed::<Pg>()
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(visits::id),
        visits::all_columns,
        |visit: &VisitRow| visit.0
    )?;
    Ok(Connection { rows: open(&context, page.rows).await?, facts: page.facts })
}
