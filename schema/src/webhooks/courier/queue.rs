//! The queue in the database.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Interval, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Registered;
use super::schedule::Waiting;
use crate::agencies::tables::{agencies, users};
use crate::database::{Database, Prepared};
use crate::error::{Error, Result};
use crate::system::System;
use crate::webhooks::register::request;
use crate::webhooks::secret::Secrets;
use crate::webhooks::tables::{webhook_messages, webhooks};
use crate::webhooks::{WebhookMessageState, WebhookState};

/// How many of a webhook's first messages are looked at.
const WINDOW: i32 = 500;

diesel::joinable!(webhooks -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(webhooks, users);
diesel::allow_tables_to_appear_in_same_query!(webhooks, agencies);

/// Takes the turn to post, or keeps it. The database's clock rules it, since several processes ask.
pub(super) async fn take_turn(system: &System, process: Uuid, turn: Duration) -> Result<bool> {
    let turn = TimeDelta::from_std(turn).map_err(Error::internal)?;
    let taking = diesel::sql_query(
        "INSERT INTO webhook_couriers (programme_id, process, until) VALUES ($1, $2, clock_timestamp() + $3) \
         ON CONFLICT (programme_id) DO UPDATE SET process = excluded.process, until = excluded.until \
         WHERE webhook_couriers.process = excluded.process OR webhook_couriers.until < clock_timestamp()",
    )
    .bind::<SqlUuid, _>(system.programme_id())
    .bind::<SqlUuid, _>(process)
    .bind::<Interval, _>(turn);
    Ok(Prepared(taking).execute(&mut system.database.writer().await?).await? > 0)
}

/// Gives the turn up.
pub(super) async fn give_turn(system: &System, process: Uuid) -> Result<()> {
    let giving =
        diesel::sql_query("UPDATE webhook_couriers SET until = clock_timestamp() WHERE process = $1");
    giving.bind::<SqlUuid, _>(process).execute(&mut system.database.writer().await?).await?;
    Ok(())
}

#[derive(Queryable)]
struct Row {
    id: Uuid,
    subject: String,
    agency: String,
    roles: Vec<String>,
    shelters: Vec<String>,
    purpose: Option<String>,
    url: String,
    document: String,
    operation_name: Option<String>,
    variables: String,
    secret_number: i32,
    secret_since: DateTime<Utc>,
    position: i64,
}

/// The webhooks that are active, oldest first.
pub(super) async fn active(system: &System) -> Result<Vec<Registered>> {
    let query = webhooks::table
        .inner_join(users::table.inner_join(agencies::table))
        .filter(webhooks::programme_id.eq(system.programme_id()))
        .filter(webhooks::state.eq(WebhookState::Active))
        .order(webhooks::id)
        .select((
            webhooks::id,
            users::subject,
            agencies::code,
            webhooks::roles,
            webhooks::shelters,
            webhooks::purpose,
            webhooks::url,
            webhooks::document,
            webhooks::operation_name,
            webhooks::variables,
            webhooks::secret_number,
            webhooks::secret_since,
            webhooks::position,
        ));
    let rows: Vec<Row> = query.load(&mut &*system.database.reader().await?).await?;
    rows.into_iter().map(registered).collect()
}

fn registered(row: Row) -> Result<Registered> {
    let request = request(&row.document, row.operation_name.as_deref(), &row.variables)
        .ok_or_else(|| Error::internal("a webhook's variables are no JSON object"))?;
    Ok(Registered {
        id: row.id,
        subject: row.subject,
        agency: row.agency,
        roles: row.roles,
        shelters: row.shelters,
        purpose: row.purpose,
        url: row.url,
        request,
        secrets: Secrets { webhook: row.id, number: row.secret_number, since: row.secret_since },
        position: row.position,
        kept: row.position,
        problem: None,
        is_noted: false,
    })
}

/// Keeps why a webhook stands still, or that nothing of its own makes it.
pub(super) async fn note(database: &Database, webhook: Uuid, problem: Option<&String>) -> Result<()> {
    // What its address does is kept elsewhere, and shows in `failures`.
    let of_it = webhooks::table.find(webhook).filter(webhooks::failures.eq(0));
    let differs = webhooks::problem.is_distinct_from(problem);
    diesel::update(of_it.filter(differs))
        .set(webhooks::problem.eq(problem))
        .execute(&mut database.writer().await?)
        .await?;
    Ok(())
}

/// A message that is new.
pub(super) struct New {
    pub(super) id: Uuid,
    pub(super) index: i64,
    pub(super) subjects: Vec<Uuid>,
}

/// Adds messages, and moves the webhook on with them; false where it was moved on, or stopped, by another.
pub(super) async fn add(
    database: &Database,
    webhook: Uuid,
    (from, to): (i64, i64),
    messages: Vec<New>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let mut begun = database.begin("BEGIN").await?;
    let moving = webhooks::table
        .find(webhook)
        .filter(webhooks::position.eq(from))
        .filter(webhooks::state.eq(WebhookState::Active));
    let moved = diesel::update(moving).set(webhooks::position.eq(to)).execute(begun.get()?).await? > 0;
    if moved && !messages.is_empty() {
        let rows: Vec<_> = messages
            .into_iter()
            .map(|new| {
                (
                    webhook_messages::id.eq(new.id),
                    webhook_messages::webhook_id.eq(webhook),
                    webhook_messages::index.eq(new.index),
                    webhook_messages::subjects.eq(new.subjects),
                    webhook_messages::queued_at.eq(now),
                    webhook_messages::next_attempt_at.eq(now),
                )
            })
            .collect();
        diesel::insert_into(webhook_messages::table).values(rows).execute(begun.get()?).await?;
    }
    begun.commit().await?;
    Ok(moved)
}

/// The first messages that wait of each of these webhooks that does not wait itself, in the order of the journal.
pub(super) async fn waiting(
    database: &Database,
    webhooks: Vec<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<Waiting>> {
    let asking = diesel::sql_query(
        "SELECT m.id, webhooks.id AS webhook, m.index, m.subjects, m.attempts, m.next_attempt_at, webhooks.failures \
         FROM webhooks CROSS JOIN LATERAL (\
             SELECT * FROM webhook_messages WHERE webhook_id = webhooks.id AND state = 'PENDING' ORDER BY index LIMIT $3) m \
         WHERE webhooks.id = ANY ($1) AND (waits_until IS NULL OR waits_until <= $2) ORDER BY webhooks.id, m.index",
    )
    .bind::<Array<SqlUuid>, _>(webhooks)
    .bind::<Timestamptz, _>(now)
    .bind::<Integer, _>(WINDOW);
    Ok(Prepared(asking).load(&mut &*database.reader().await?).await?)
}

/// A message was taken.
pub(super) async fn delivered(
    database: &Database,
    (webhook, message): (Uuid, Uuid),
    now: DateTime<Utc>,
) -> Result<()> {
    let keeping = diesel::sql_query(
        "WITH taken AS (DELETE FROM webhook_messages WHERE id = $2 RETURNING webhook_id) \
         UPDATE webhooks SET delivered = delivered + 1, delivered_at = $3, failures = 0, failing_since = NULL, waits_until = NULL, problem = NULL \
         FROM taken WHERE id = $1 AND id = taken.webhook_id AND state <> 'ENDED'",
    )
    .bind::<SqlUuid, _>(webhook)
    .bind::<SqlUuid, _>(message)
    .bind::<Timestamptz, _>(now);
    Prepared(keeping).execute(&mut database.writer().await?).await?;
    Ok(())
}

/// A message was not taken: what is of the same things waits for it.
pub(super) async fn refused(
    database: &Database,
    (_, message): (Uuid, Uuid),
    next: DateTime<Utc>,
    why: &str,
) -> Result<()> {
    diesel::update(webhook_messages::table.find(message))
        .set((
            webhook_messages::attempts.eq(webhook_messages::attempts + 1),
            webhook_messages::next_attempt_at.eq(next),
            webhook_messages::problem.eq(why),
        ))
        .execute(&mut database.writer().await?)
        .await?;
    Ok(())
}

/// An address failed: all of its webhook waits, for longer with each failure. Failures at the same time are one.
pub(super) async fn unavailable(
    database: &Database,
    (webhook, message): (Uuid, Uuid),
    now: DateTime<Utc>,
    pause: impl FnOnce(i32) -> Result<TimeDelta>,
    why: &str,
) -> Result<()> {
    let mut begun = database.begin("BEGIN").await?;
    let held = webhooks::table
        .find(webhook)
        .filter(webhooks::state.ne(WebhookState::Ended))
        .select((webhooks::failures, webhooks::waits_until))
        .for_no_key_update();
    let held: Option<(i32, Option<DateTime<Utc>>)> = held.first(begun.get()?).await.optional()?;
    if let Some((failures, waits_until)) = held
        && waits_until.is_none_or(|until| until <= now)
    {
        let failures = failures.saturating_add(1);
        let failing_since =
            diesel::dsl::sql::<diesel::sql_types::Nullable<Timestamptz>>("coalesce(failing_since, ")
                .bind::<Timestamptz, _>(now)
                .sql(")");
        diesel::update(webhooks::table.find(webhook))
            .set((
                webhooks::failures.eq(failures),
                webhooks::failing_since.eq(failing_since),
                webhooks::waits_until.eq(now + pause(failures)?),
                webhooks::problem.eq(why),
            ))
            .execute(begun.get()?)
            .await?;
    }
    diesel::update(webhook_messages::table.find(message))
        .set((
            webhook_messages::attempts.eq(webhook_messages::attempts + 1),
            webhook_messages::problem.eq(why),
        ))
        .execute(begun.get()?)
        .await?;
    begun.commit().await
}

/// Lets go of a message that its user may not see any more.
pub(super) async fn let_go(database: &Database, message: Uuid) -> Result<()> {
    diesel::delete(webhook_messages::table.find(message)).execute(&mut database.writer().await?).await?;
    Ok(())
}

/// Gives up what active webhooks could not deliver since a time, and drops what was given up and is older than another.
pub(super) async fn give_up(database: &Database, since: DateTime<Utc>, dropped: DateTime<Utc>) -> Result<()> {
    let mut connection = database.writer().await?;
    let giving_up = diesel::sql_query(
        "UPDATE webhook_messages SET state = 'DEAD' FROM webhooks \
         WHERE webhooks.id = webhook_id AND webhooks.state = 'ACTIVE' AND webhook_messages.state = 'PENDING' AND queued_at < $1",
    );
    Prepared(giving_up.bind::<Timestamptz, _>(since)).execute(&mut connection).await?;
    let forgotten = webhook_messages::table
        .filter(webhook_messages::state.eq(WebhookMessageState::Dead))
        .filter(webhook_messages::queued_at.lt(dropped));
    diesel::delete(forgotten).execute(&mut connection).await?;
    Ok(())
}
