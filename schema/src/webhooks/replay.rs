//! Posting again what was given up.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Class;

use super::load::held;
use super::tables::webhook_messages;
use super::{Webhook, WebhookMessage, WebhookMessageState};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Change, Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// Messages that are to be posted again.
    pub struct ReplayWebhookMessages {
        /// The webhook.
        pub webhook: Id<Webhook>,
        /// Which of its messages that were given up; all of them, where this is left out.
        pub messages: Option<Vec<Id<WebhookMessage>>>,
        /// The version of the webhook that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A webhook, of which messages are posted again.
    pub struct ReplayWebhookMessagesPayload: "ReplayWebhookMessagesPayload" as Webhook {
        /// The webhook.
        webhook: Webhook,
    }
}

union! {
    /// The webhook, of which messages are posted again; or why not.
    pub enum ReplayWebhookMessagesResult {
        Payload(ReplayWebhookMessagesPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: messages of a webhook are posted again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookMessagesReplayed {
    webhook: Uuid,
    /// Of which changes they tell, by their indexes.
    indexes: Vec<i64>,
}

impl Change for WebhookMessagesReplayed {
    const NAME: &'static str = "webhooks.messagesReplayed";
}

/// Has messages posted again that were given up.
pub(super) async fn replay_webhook_messages(
    context: Context,
    input: ReplayWebhookMessages,
) -> Result<ReplayWebhookMessagesResult> {
    let mut transaction = begin!(&context, "webhooks.replayMessages", &input, ReplayWebhookMessagesResult);
    let done = replay(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn replay(
    context: &Context,
    transaction: &mut Transaction<'_, ReplayWebhookMessagesPayload>,
    input: &ReplayWebhookMessages,
) -> Result<Result<Done<ReplayWebhookMessagesPayload>, ReplayWebhookMessagesResult>> {
    let mut webhook = match held(context, transaction, input.webhook, input.version).await? {
        Ok(webhook) => webhook,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut given_up = webhook_messages::table
        .filter(webhook_messages::webhook_id.eq(webhook.id))
        .filter(webhook_messages::state.eq(WebhookMessageState::Dead))
        .select(webhook_messages::id)
        .into_boxed::<Pg>();
    if let Some(messages) = &input.messages {
        given_up = given_up.filter(webhook_messages::id.eq_any(messages.clone()));
    }
    let connection = transaction.connection()?;
    let given_up: Vec<Uuid> = given_up.load(connection).await?;
    let wanted = input.messages.as_ref().map_or(given_up.len(), Vec::len);
    if given_up.is_empty() || given_up.len() < wanted {
        let message = "Not all of these messages were given up. Read the webhook's messages again.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    let now = context.real_now();
    let row = (
        webhook_messages::state.eq(WebhookMessageState::Pending),
        webhook_messages::queued_at.eq(now),
        webhook_messages::next_attempt_at.eq(now),
        webhook_messages::attempts.eq(0),
    );
    let replaying = diesel::update(webhook_messages::table.filter(webhook_messages::id.eq_any(given_up)));
    let indexes: Vec<i64> =
        replaying.set(row).returning(webhook_messages::index).get_results(connection).await?;
    let count = i32::try_from(indexes.len()).unwrap_or(i32::MAX);
    (webhook.dead, webhook.pending) = (webhook.dead - count, webhook.pending.saturating_add(count));
    let change = WebhookMessagesReplayed { webhook: webhook.id.uuid(), indexes };
    let changes = vec![Part::of(Class::Administration, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: webhook.into() }))
}
