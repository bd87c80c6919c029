//! Webhooks in the schema.

use enlace_policies::{Class, RecordType};

use super::register::{RegisterWebhookPayload, register_webhook};
use super::replay::{ReplayWebhookMessagesPayload, replay_webhook_messages};
use super::rotate::{RotateWebhookSecretPayload, rotate_webhook_secret};
use super::set_state::{SetWebhookStatePayload, set_webhook_state};
use super::{Webhook, WebhookMessage, load};
use crate::agencies::{User, users_by_ids};
use crate::context::Context;
use crate::graph::{Graph, NoArguments, Record};

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Webhook>(|webhook| {
        webhook
            .one(
                "user",
                Class::Administration,
                "Whose it is: it sees what this user may see.",
                |webhook| Some(webhook.user_id),
                users_by_ids,
                |user: &User| user.id.uuid(),
            )
            .in_scope::<User>()
            .many(
                "messages",
                Class::Administration,
                "Its first hundred messages that are not delivered: those that were given up, then those that are waited for, in the order of the journal.",
                |webhook| Some(webhook.id.uuid()),
                load::messages_of,
                |message: &WebhookMessage| message.webhook_id,
            )
    });
    graph.object::<WebhookMessage>(|message| message);
    graph.node::<Webhook, _, _>(Class::Administration, load::by_ids);
    payload::<RegisterWebhookPayload>(graph);
    payload::<RotateWebhookSecretPayload>(graph);
    payload::<SetWebhookStatePayload>(graph);
    payload::<ReplayWebhookMessagesPayload>(graph);
    graph
        .query(
            "webhooks",
            Class::Administration,
            "The webhooks that have not ended and that the caller may see, oldest first: its own.",
        )
        .list(|context: Context, _: NoArguments| load::all(context));
    graph
        .mutation(
            "registerWebhook",
            Class::Administration,
            "Has what a subscription sends posted to an address, from now on.",
        )
        .either(RecordType::Webhook, register_webhook);
    graph
        .mutation(
            "rotateWebhookSecret",
            Class::Administration,
            "Gives a webhook another secret. For a day the one before signs too.",
        )
        .either(RecordType::Webhook, rotate_webhook_secret);
    graph
        .mutation(
            "setWebhookState",
            Class::Administration,
            "Lets a webhook stand still, go on from where it was, or end for good.",
        )
        .either(RecordType::Webhook, set_webhook_state);
    graph
        .mutation(
            "replayWebhookMessages",
            Class::Administration,
            "Has messages that were given up posted again, in the order of the journal.",
        )
        .either(RecordType::Webhook, replay_webhook_messages);
}

fn payload<P: Record + AsRef<Webhook>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("webhook", Class::Administration, "The webhook as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}
