//! Reads of who lets dwellings, and of what the campaign did.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::housing::tables::{outreach_actions, owners};
use crate::housing::{OutreachAction, OutreachKind, Owner};
use crate::paging::{asked, page};

type ActionColumns = (
    outreach_actions::id,
    outreach_actions::held_on,
    outreach_actions::kind,
    outreach_actions::place,
    outreach_actions::attendance,
    outreach_actions::note,
    outreach_actions::recorded_at,
    SqlLiteral<Integer>,
    SqlLiteral<Integer>,
);

fn action_columns() -> ActionColumns {
    (
        outreach_actions::id,
        outreach_actions::held_on,
        outreach_actions::kind,
        outreach_actions::place,
        outreach_actions::attendance,
        outreach_actions::note,
        outreach_actions::recorded_at,
        sql("(SELECT count(*)::integer FROM owners WHERE action_id = outreach_actions.id)"),
        sql("(SELECT count(*)::integer FROM dwellings WHERE action_id = outreach_actions.id)"),
    )
}

/// What the campaign did, by key.
pub(in crate::housing) async fn actions_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<OutreachAction>> {
    let reader = context.reader().await?;
    let query = outreach_actions::table.filter(outreach_actions::id.eq_any(ids)).select(action_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// An action of the programme's campaign, as a transaction sees it.
pub(in crate::housing) async fn action_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<OutreachAction>> {
    let query = outreach_actions::table
        .filter(outreach_actions::id.eq(id))
        .filter(outreach_actions::programme_id.eq(context.programme_id()))
        .select(action_columns());
    Ok(query.first(connection).await.optional()?)
}

input! {
    /// What of the campaign, and which page of it. It comes in the order in which it was recorded.
    pub struct OutreachActionsArguments {
        /// Only what is of this kind.
        pub kind: Option<OutreachKind>,
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

/// What the campaign did, page by page.
pub(in crate::housing) async fn actions(
    context: Context,
    arguments: OutreachActionsArguments,
    wanted: Wanted,
) -> Result<Connection<OutreachAction>> {
    let kind = arguments.kind;
    let (binding, window) = asked!(context, arguments, "outreachActions", &kind);
    let selected = || {
        let mut query = outreach_actions::table
            .filter(outreach_actions::programme_id.eq(context.programme_id()))
            .into_boxed::<Pg>();
        if let Some(kind) = kind {
            query = query.filter(outreach_actions::kind.eq(kind));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(outreach_actions::id),
        action_columns(),
        |action: &OutreachAction| action.id.uuid()
    )
}

/// What is read of an owner.
pub(in crate::housing) const OWNER_COLUMNS: (
    owners::id,
    owners::name,
    owners::contact,
    owners::registered_at,
    owners::version,
    owners::action_id,
) = (owners::id, owners::name, owners::contact, owners::registered_at, owners::version, owners::action_id);

/// Owners by key; none where the caller may not know who they are.
pub(in crate::housing) async fn owners_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Owner>> {
    if context.scope(Class::Counterparty, RecordType::Owner).is_none() {
        return Ok(Vec::new());
    }
    let reader = context.reader().await?;
    let query = owners::table.filter(owners::id.eq_any(ids)).select(OWNER_COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

input! {
    /// Which page of the owners. They come in the order in which they were registered.
    pub struct OwnersArguments {
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

/// Owners, page by page.
pub(in crate::housing) async fn owners(
    context: Context,
    arguments: OwnersArguments,
    wanted: Wanted,
) -> Result<Connection<Owner>> {
    let programme = context.programme_id();
    let (binding, window) = asked!(context, arguments, "owners", &programme);
    context.root_scope(Class::Counterparty, RecordType::Owner)?;
    let selected = || owners::table.filter(owners::programme_id.eq(programme)).into_boxed::<Pg>();
    page!(context, (binding, window), wanted, selected, by_key(owners::id), OWNER_COLUMNS, |owner: &Owner| {
        owner.id.uuid()
    })
}
