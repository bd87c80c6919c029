//! Reads of webhooks and of their messages, scoped to the caller.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{Webhook, WebhookMessage, WebhookMessageState, WebhookState};
use crate::context::Context;
use crate::database::Prepared;
use crate::error::Result;
use crate::graph::Facts;
use crate::journal::Transaction;
use crate::problem::{NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

/// How many messages of one webhook are shown.
const MOST_MESSAGES: i32 = 100;

/// Which webhooks are read.
pub(super) enum Which {
    /// All that have not ended.
    Standing,
    /// These.
    Of(Vec<Uuid>),
    /// This one, held until the transaction ends.
    Held(Uuid),
}

/// A webhook with what its messages have come to; what is between selects it.
macro_rules! webhooks_where {
    ($which:literal) => {
        concat!(
            "SELECT webhooks.id, url, document, operation_name, variables, roles, state, problem, failing_since, waits_until, position, \
                 (SELECT count(*)::integer FROM webhook_messages WHERE webhook_id = webhooks.id AND state = 'PENDING') AS pending, \
                 (SELECT count(*)::integer FROM webhook_messages WHERE webhook_id = webhooks.id AND state = 'DEAD') AS dead, \
                 least(delivered, 2147483647)::integer AS delivered, delivered_at, registered_at, secret_since, secret_number, \
                 webhooks.version, user_id, agencies.code AS agency \
             FROM webhooks JOIN users ON users.id = user_id JOIN agencies ON agencies.id = agency_id \
             WHERE webhooks.programme_id = $1 AND ",
            $which
        )
    };
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Id<Webhook>,
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = Text)]
    document: String,
    #[diesel(sql_type = Nullable<Text>)]
    operation_name: Option<String>,
    #[diesel(sql_type = Text)]
    variables: String,
    #[diesel(sql_type = Array<Text>)]
    roles: Vec<String>,
    #[diesel(sql_type = Text)]
    state: WebhookState,
    #[diesel(sql_type = Nullable<Text>)]
    problem: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    failing_since: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    waits_until: Option<DateTime<Utc>>,
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = Integer)]
    pending: i32,
    #[diesel(sql_type = Integer)]
    dead: i32,
    #[diesel(sql_type = Integer)]
    delivered: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    delivered_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    registered_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    secret_since: DateTime<Utc>,
    #[diesel(sql_type = Integer)]
    secret_number: i32,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Text)]
    agency: String,
}

/// Webhooks of the programme, oldest first, whoever may see them.
pub(super) async fn read(
    context: &Context,
    mut connection: &AsyncPgConnection,
    which: Which,
) -> Result<Vec<Webhook>> {
    let programme = context.programme_id();
    let rows: Vec<Row> = match which {
        Which::Standing => {
            let asking = diesel::sql_query(webhooks_where!("state <> 'ENDED' ORDER BY webhooks.id"));
            Prepared(asking.bind::<SqlUuid, _>(programme)).load(&mut connection).await?
        }
        Which::Of(ids) => {
            let asking = diesel::sql_query(webhooks_where!("webhooks.id = ANY ($2) ORDER BY webhooks.id"));
            let asking = asking.bind::<SqlUuid, _>(programme).bind::<Array<SqlUuid>, _>(ids);
            Prepared(asking).load(&mut connection).await?
        }
        Which::Held(id) => {
            let asking = diesel::sql_query(webhooks_where!("webhooks.id = $2 FOR NO KEY UPDATE OF webhooks"));
            Prepared(asking.bind::<SqlUuid, _>(programme).bind::<SqlUuid, _>(id))
                .load(&mut connection)
                .await?
        }
    };
    Ok(rows.into_iter().map(|row| webhook(context, row)).collect())
}

fn webhook(context: &Context, row: Row) -> Webhook {
    Webhook {
        id: row.id,
        url: row.url,
        document: row.document,
        operation_name: row.operation_name,
        variables: row.variables,
        roles: row.roles,
        state: row.state,
        problem: row.problem,
        failing_since: row.failing_since,
        waits_until: row.waits_until,
        position: row.position.to_string(),
        pending: row.pending,
        dead: row.dead,
        delivered: row.delivered,
        delivered_at: row.delivered_at,
        registered_at: row.registered_at,
        secret_since: row.secret_since,
        version: row.version,
        user_id: row.user_id,
        agency: row.agency,
        own: context.is_own(row.user_id),
        secret_number: row.secret_number,
    }
}

/// What the caller may see of some webhooks, or of their messages.
fn seen<R: Facts>(context: &Context, mut rows: Vec<R>) -> Vec<R> {
    let Some(scope) = context.scope(Class::Administration, RecordType::Webhook) else { return Vec::new() };
    rows.retain(|row| scope.has(row));
    rows
}

/// Those that have not ended, as far as the caller may see them.
pub(super) async fn all(context: Context) -> Result<Vec<Webhook>> {
    let found = read(&context, &*context.reader().await?, Which::Standing).await?;
    Ok(seen(&context, found))
}

/// Webhooks by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Webhook>> {
    let found = read(&context, &*context.reader().await?, Which::Of(ids)).await?;
    Ok(seen(&context, found))
}

#[derive(QueryableByName)]
struct MessageRow {
    #[diesel(sql_type = SqlUuid)]
    id: Id<WebhookMessage>,
    #[diesel(sql_type = SqlUuid)]
    webhook_id: Uuid,
    #[diesel(sql_type = BigInt)]
    index: i64,
    #[diesel(sql_type = Text)]
    state: WebhookMessageState,
    #[diesel(sql_type = Timestamptz)]
    queued_at: DateTime<Utc>,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Timestamptz)]
    next_attempt_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    problem: Option<String>,
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Text)]
    agency: String,
}

/// The first messages of some webhooks that are not delivered, those that were given up before those that are waited for.
pub(super) async fn messages_of(context: Context, webhooks: Vec<Uuid>) -> Result<Vec<WebhookMessage>> {
    let asking = diesel::sql_query(
        "SELECT m.id, m.webhook_id, m.index, m.state, m.queued_at, m.attempts, m.next_attempt_at, m.problem, \
             user_id, agencies.code AS agency \
         FROM webhooks JOIN users ON users.id = user_id JOIN agencies ON agencies.id = agency_id \
             CROSS JOIN LATERAL (SELECT * FROM webhook_messages WHERE webhook_id = webhooks.id ORDER BY state, index LIMIT $2) m \
         WHERE webhooks.id = ANY ($1) ORDER BY m.webhook_id, m.state, m.index",
    );
    let asking = asking.bind::<Array<SqlUuid>, _>(webhooks).bind::<Integer, _>(MOST_MESSAGES);
    let rows: Vec<MessageRow> = Prepared(asking).load(&mut &*context.reader().await?).await?;
    let message = |row: MessageRow| WebhookMessage {
        id: row.id,
        index: row.index.to_string(),
        state: row.state,
        queued_at: row.queued_at,
        attempts: row.attempts,
        next_attempt_at: row.next_attempt_at,
        problem: row.problem,
        webhook_id: row.webhook_id,
        agency: row.agency,
        own: context.is_own(row.user_id),
    };
    let found = rows.into_iter().map(message).collect();
    Ok(seen(&context, found))
}

/// A webhook that the caller may change and that has not ended, held until the transaction ends; or why not.
pub(super) async fn held<A, R>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    id: Id<Webhook>,
    version: i32,
) -> Result<Result<Webhook, R>>
where
    A: Serialize + DeserializeOwned,
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    let found = read(context, transaction.connection()?, Which::Held(id.uuid())).await?;
    let Some(webhook) = context.seen(Class::Administration, RecordType::Webhook, found.into_iter().next())
    else {
        return Ok(Err(NotFound::new("webhook").into()));
    };
    context.authorize_write(Class::Administration, RecordType::Webhook, &webhook)?;
    if webhook.version != version {
        return Ok(Err(VersionConflict::new(webhook.version).into()));
    }
    if webhook.state == WebhookState::Ended {
        return Ok(Err(StateConflict::new("This webhook has ended. Register another.").into()));
    }
    Ok(Ok(webhook))
}
