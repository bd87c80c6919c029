//! Giving a webhook another secret.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::load::held;
use super::register::told_with;
use super::secret::ToldSecret;
use super::tables::webhooks;
use super::{Webhook, WebhookSet};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Facts, input, record, union};
use crate::journal::{Begun, Done, Transaction};
use crate::problem::{IdempotencyConflict, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A webhook that is to have another secret.
    pub struct RotateWebhookSecret {
        /// The webhook.
        pub webhook: Id<Webhook>,
        /// The version of the webhook that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A webhook, with another secret.
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct RotateWebhookSecretPayload: "RotateWebhookSecretPayload" as Webhook {
        /// What its messages are signed with from now on. It is told here and nowhere else; the one before signs too for a day.
        secret: ToldSecret => Administration,
        /// The webhook.
        webhook: Webhook,
    }
}
told_with!(RotateWebhookSecretPayload);

union! {
    /// The webhook, with another secret; or why it has none.
    pub enum RotateWebhookSecretResult {
        Payload(RotateWebhookSecretPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Gives a webhook its next secret.
pub(super) async fn rotate_webhook_secret(
    context: Context,
    input: RotateWebhookSecret,
) -> Result<RotateWebhookSecretResult> {
    let key = input.idempotency_key.clone();
    let begun = Transaction::begin(&context, "webhooks.rotateWebhookSecret", &key, &input).await?;
    let result = match begun {
        Begun::Fresh(mut transaction) => {
            let done = rotate(&context, &mut transaction, &input).await;
            transaction.conclude(done).await?
        }
        Begun::Repeated(payload) => RotateWebhookSecretResult::Payload(payload),
        Begun::Conflict => IdempotencyConflict::new().into(),
    };
    Ok(match result {
        RotateWebhookSecretResult::Payload(payload) => {
            context.authority_changed().await;
            payload.telling(&context).into()
        }
        refused => refused,
    })
}

async fn rotate(
    context: &Context,
    transaction: &mut Transaction<'_, RotateWebhookSecretPayload>,
    input: &RotateWebhookSecret,
) -> Result<Result<Done<RotateWebhookSecretPayload>, RotateWebhookSecretResult>> {
    let mut webhook = match held(context, transaction, input.webhook, input.version).await? {
        Ok(webhook) => webhook,
        Err(refused) => return Ok(Err(refused)),
    };
    webhook.secret_number = webhook.secret_number.saturating_add(1);
    webhook.secret_since = context.real_now();
    webhook.version = input.version.saturating_add(1);
    let row = (
        webhooks::secret_number.eq(webhook.secret_number),
        webhooks::secret_since.eq(webhook.secret_since),
        webhooks::version.eq(webhook.version),
    );
    diesel::update(webhooks::table.find(webhook.id)).set(row).execute(transaction.connection()?).await?;
    let changes = WebhookSet::of(&webhook)?;
    let payload = RotateWebhookSecretPayload { secret: ToldSecret::default(), webhook };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
