//! Reads of accesses, scoped to the caller.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Answer, Class, RecordType, Verb};

use crate::access::InScope;
use crate::break_glass::tables::break_glass_accesses;
use crate::break_glass::{BreakGlassAccess, REASON, access_facts};
use crate::census::Person;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;

input! {
    /// Which accesses, and which page of them. They come in the order of their opening.
    pub struct BreakGlassAccessesArguments {
        /// Only those to this person's record.
        pub person: Option<Id<Person>>,
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

/// What selects accesses: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    person: Option<Uuid>,
}

#[derive(Queryable)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    user_id: Uuid,
    agency: String,
    reason: Vec<u8>,
    opened_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

type Columns = (
    break_glass_accesses::id,
    break_glass_accesses::person_id,
    break_glass_accesses::user_id,
    break_glass_accesses::agency,
    break_glass_accesses::reason,
    break_glass_accesses::opened_at,
    break_glass_accesses::ends_at,
    break_glass_accesses::ended_at,
);
const COLUMNS: Columns = (
    break_glass_accesses::id,
    break_glass_accesses::person_id,
    break_glass_accesses::user_id,
    break_glass_accesses::agency,
    break_glass_accesses::reason,
    break_glass_accesses::opened_at,
    break_glass_accesses::ends_at,
    break_glass_accesses::ended_at,
);

/// Accesses, open and ended.
pub(super) async fn all(
    context: Context,
    arguments: BreakGlassAccessesArguments,
    wanted: Wanted,
) -> Result<Connection<BreakGlassAccess>> {
    let selects = Selects { programme: context.programme_id(), person: arguments.person.map(Id::uuid) };
    let (binding, window) = asked!(context, arguments, "breakGlassAccesses", &selects);
    let scope = context.root_scope(Class::Journal, RecordType::BreakGlassAccess)?;
    let selected = || {
        let query = break_glass_accesses::table
            .filter(break_glass_accesses::programme_id.eq(selects.programme))
            .filter(InScope::new(&scope, access_facts))
            .into_boxed::<Pg>();
        match selects.person {
            Some(person) => query.filter(break_glass_accesses::person_id.eq(person)),
            None => query,
        }
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(break_glass_accesses::id),
        COLUMNS,
        |row: &Row| row.id
    )?;
    Ok(Connection { rows: finish(&context, page.rows).await?, facts: page.facts })
}

/// Accesses by key.
pub(crate) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<BreakGlassAccess>> {
    let Some(scope) = context.scope(Class::Journal, RecordType::BreakGlassAccess) else {
        return Ok(Vec::new());
    };
    let query = break_glass_accesses::table
        .filter(break_glass_accesses::id.eq_any(ids))
        .filter(InScope::new(&scope, access_facts))
        .select(COLUMNS);
    let reader = context.reader().await?;
    let rows = query.load(&mut &*reader).await?;
    finish(&context, rows).await
}

/// Opens the reasons, and finds the agencies' keys.
async fn finish(context: &Context, rows: Vec<Row>) -> Result<Vec<BreakGlassAccess>> {
    // What the caller may not read is not even opened.
    let shows = |verb| {
        !matches!(context.answer(verb, Class::Journal, RecordType::BreakGlassAccess), Answer::Refused(_))
    };
    let shows_reason = shows(Verb::Identify);
    let keys = context.vault().keys(rows.iter().map(|row| row.person_id).collect()).await?;
    rows.into_iter()
        .map(|row| {
            Ok(BreakGlassAccess {
                id: Id::new(row.id),
                person: Id::new(row.person_id),
                user: Id::new(row.user_id),
                reason: if shows_reason { keys.open(row.person_id, REASON, &row.reason)? } else { None },
                opened_at: row.opened_at,
                ends_at: row.ends_at,
                ended_at: row.ended_at,
                agency_id: context.agency(&row.agency)?,
                agency: row.agency,
            })
        })
        .collect()
}
