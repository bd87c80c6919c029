//! Letting a webhook stand still, go on, or end.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::load::held;
use super::tables::{webhook_messages, webhooks};
use super::{Webhook, WebhookSet, WebhookState};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A webhook, and whether it is to post.
    pub struct SetWebhookState {
        /// The webhook.
        pub webhook: Id<Webhook>,
        /// Active: it goes on from where it was, and what waits is posted at once. Ended: what is not delivered is dropped.
        pub state: WebhookState,
        /// The version of the webhook that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A webhook, in another state.
    pub struct SetWebhookStatePayload: "SetWebhookStatePayload" as Webhook {
        /// The webhook.
        webhook: Webhook,
    }
}

union! {
    /// The webhook, in that state; or why it is not.
    pub enum SetWebhookStateResult {
        Payload(SetWebhookStatePayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Puts a webhook into a state.
pub(super) async fn set_webhook_state(
    context: Context,
    input: SetWebhookState,
) -> Result<SetWebhookStateResult> {
    let mut transaction = begin!(&context, "webhooks.setWebhookState", &input, SetWebhookStateResult);
    let done = set(&context, &mut transaction, &input).await;
    let result = transaction.conclude(done).await?;
    context.authority_changed().await;
    Ok(result)
}

async fn set(
    context: &Context,
    transaction: &mut Transaction<'_, SetWebhookStatePayload>,
    input: &SetWebhookState,
) -> Result<Result<Done<SetWebhookStatePayload>, SetWebhookStateResult>> {
    let mut webhook = match held(context, transaction, input.webhook, input.version).await? {
        Ok(webhook) => webhook,
        Err(refused) => return Ok(Err(refused)),
    };
    webhook.state = input.state;
    webhook.version = input.version.saturating_add(1);
    (webhook.problem, webhook.failing_since, webhook.waits_until) = (None, None, None);
    let connection = transaction.connection()?;
    let row = (
        webhooks::state.eq(webhook.state),
        webhooks::version.eq(webhook.version),
        webhooks::problem.eq(None::<String>),
        webhooks::failures.eq(0),
        webhooks::failing_since.eq(webhook.failing_since),
        webhooks::waits_until.eq(webhook.waits_until),
    );
    diesel::update(webhooks::table.find(webhook.id)).set(row).execute(connection).await?;
    let of_it = webhook_messages::table.filter(webhook_messages::webhook_id.eq(webhook.id));
    match input.state {
        WebhookState::Active => {
            let waiting = of_it.filter(webhook_messages::state.eq(super::WebhookMessageState::Pending));
            let now = webhook_messages::next_attempt_at.eq(context.real_now());
            diesel::update(waiting).set(now).execute(connection).await?;
        }
        WebhookState::Paused => {}
        WebhookState::Ended => {
            diesel::delete(of_it).execute(connection).await?;
            (webhook.pending, webhook.dead) = (0, 0);
        }
    }
    let changes = WebhookSet::of(&webhook)?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: webhook.into() }))
}
