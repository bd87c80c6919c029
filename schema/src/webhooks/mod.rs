//! Webhooks: live push for who keeps no connection open. A user registers a subscription and an address of its agency; what the
//! subscription sends is posted there, signed by the Standard Webhooks specification.
//!
//! What is promised is what a stream promises: at least once, and for each thing in the order of the journal. Each message has an id
//! that stays the same however often it is posted. It is said anew at each attempt what its user may see then: the queue names changes
//! and holds no data.
//!
//! [`courier`] decides what is posted when, one process at a time; whoever runs it posts. [`networks`] says where to nothing may be
//! posted. All times are those of the real clock.

mod courier;
mod graphql;
mod load;
mod networks;
mod register;
mod replay;
mod rotate;
mod secret;
mod set_state;
mod tables;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact};

use crate::agencies::SELF;
use crate::error::Result;
use crate::graph::{Facts, graphql_enum, record};
use crate::journal::{Change, Part};
use crate::scalars::Id;

pub(crate) use courier::Posted;
pub use courier::{Courier, Delivery, Outcome, PostStats};
pub(crate) use graphql::register;
pub use networks::{NetworkError, Networks};

graphql_enum! {
    /// Whether a webhook posts.
    pub enum WebhookState {
        /// It posts, unless `problem` says why it waits.
        Active = "ACTIVE",
        /// It stands still until it is made active again, and goes on from where it was.
        Paused = "PAUSED",
        /// It posts nothing any more. That is final.
        Ended = "ENDED",
    }
}

record! {
    /// A subscription whose messages are posted to an address. It sees what its user may see, in the roles in which the user registered it. Its times are those of the real clock.
    #[derive(Serialize, Deserialize)]
    pub struct Webhook: "Webhook" as Webhook, id "webhook" {
        /// Global id.
        id: Id<Webhook> => Public,
        /// Where to.
        url: String => Administration,
        /// The subscription.
        document: String => Administration,
        /// Which of the document's operations, where it has several.
        operation_name: Option<String> => Administration,
        /// The values of its variables, a JSON object.
        variables: String => Administration,
        /// The roles in which it acts.
        roles: Vec<String> => Administration,
        /// Whether it posts.
        state: WebhookState => Administration,
        /// Why an active one waits, in a sentence; null where it does not.
        problem: Option<String> => Administration,
        /// Since when it has been waiting.
        failing_since: Option<DateTime<Utc>> => Administration,
        /// When it is tried again.
        waits_until: Option<DateTime<Utc>> => Administration,
        /// Up to which index of the journal its messages are made.
        position: String => Administration,
        /// How many messages are yet to be delivered.
        pending: i32 => Administration,
        /// How many were given up: `messages` shows them, `replayWebhookMessages` has them posted again.
        dead: i32 => Administration,
        /// How many were delivered.
        delivered: i32 => Administration,
        /// When one was delivered last.
        delivered_at: Option<DateTime<Utc>> => Administration,
        /// When it was registered.
        registered_at: DateTime<Utc> => Administration,
        /// Since when it signs with its present secret; the one before signs too for a day.
        secret_since: DateTime<Utc> => Administration,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Administration,
        /// Whose it is.
        user_id: Uuid,
        /// The code of that user's agency.
        agency: String,
        /// Whether it is the caller's own.
        own: bool,
        /// Which of its secrets it signs with.
        secret_number: i32,
    }
}

impl Facts for Webhook {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(&self.agency),
            Fact::User => self.own.then_some(SELF),
            _ => None,
        }
    }
}

graphql_enum! {
    /// What becomes of a message.
    pub enum WebhookMessageState {
        /// It is yet to be delivered.
        Pending = "PENDING",
        /// It could not be delivered within three days, and is posted again only when that is asked for.
        Dead = "DEAD",
    }
}

record! {
    /// A message of a webhook that is not delivered. Of what it tells is said when it is posted.
    pub struct WebhookMessage: "WebhookMessage" as Webhook, id "webhook_message" {
        /// Global id.
        id: Id<WebhookMessage> => Public,
        /// The index in the journal of the change that it tells of.
        index: String => Administration,
        /// Whether it is still to be delivered.
        state: WebhookMessageState => Administration,
        /// Since when it is to be delivered.
        queued_at: DateTime<Utc> => Administration,
        /// How often it was posted.
        attempts: i32 => Administration,
        /// When it is posted next, unless something holds it up.
        next_attempt_at: DateTime<Utc> => Administration,
        /// Why it was not taken when it was last posted.
        problem: Option<String> => Administration,
        /// The webhook's key.
        webhook_id: Uuid,
        /// The code of the agency of the webhook's user.
        agency: String,
        /// Whether the webhook is the caller's own.
        own: bool,
    }
}

impl Facts for WebhookMessage {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(&self.agency),
            Fact::User => self.own.then_some(SELF),
            _ => None,
        }
    }
}

/// In the journal: a webhook, as it is from then on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookSet {
    webhook: Uuid,
    version: i32,
    user: Uuid,
    roles: Vec<String>,
    url: String,
    document: String,
    operation_name: Option<String>,
    variables: String,
    state: WebhookState,
    secret_number: i32,
}

impl Change for WebhookSet {
    const NAME: &'static str = "webhooks.webhookSet";
}

impl WebhookSet {
    /// What the journal says of a webhook.
    fn of(webhook: &Webhook) -> Result<Vec<Part>> {
        let change = Self {
            webhook: webhook.id.uuid(),
            version: webhook.version,
            user: webhook.user_id,
            roles: webhook.roles.clone(),
            url: webhook.url.clone(),
            document: webhook.document.clone(),
            operation_name: webhook.operation_name.clone(),
            variables: webhook.variables.clone(),
            state: webhook.state,
            secret_number: webhook.secret_number,
        };
        Ok(vec![Part::of(Class::Administration, None, &change)?])
    }
}
