//! Registering a webhook.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, SmallInt};
use diesel_async::RunQueryDsl;
use url::Url;

use enlace_policies::{Class, RecordType};

use super::networks::literal;
use super::secret::ToldSecret;
use super::tables::webhooks;
use super::{Webhook, WebhookSet, WebhookState};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::execute::{Request, project};
use crate::graph::{Facts, input, record, union};
use crate::journal::{Begun, Done, Transaction, constraint, head_of};
use crate::problem::{IdempotencyConflict, InvalidValue, StateConflict};
use crate::scalars::Id;

/// How many webhooks a user has at once; the database holds it too.
const MOST: i32 = 20;
/// How long an address may be, and the values of the variables, in bytes.
const LONGEST_URL: usize = 2_000;
const LONGEST_VARIABLES: usize = 20_000;

input! {
    /// A subscription, and where its messages are to be posted.
    pub struct RegisterWebhook {
        /// Where to: an https address that is reachable from everywhere, or one that this server's operator allows.
        pub url: String,
        /// The document, with the subscription; without `after` and `snapshot`.
        pub document: String,
        /// Which of its operations, where it has several.
        pub operation_name: Option<String>,
        /// The values of its variables, as the text of a JSON object.
        pub variables: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A webhook, registered.
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct RegisterWebhookPayload: "RegisterWebhookPayload" as Webhook {
        /// What its messages are signed with. It is told here and nowhere else.
        secret: ToldSecret => Administration,
        /// The webhook.
        webhook: Webhook,
    }
}

/// What a payload that tells a secret has in common with its webhook.
macro_rules! told_with {
    ($payload:ident) => {
        impl Facts for $payload {
            fn fact(&self, fact: enlace_policies::Fact) -> Option<&str> {
                self.webhook.fact(fact)
            }
        }

        impl AsRef<Webhook> for $payload {
            fn as_ref(&self) -> &Webhook {
                &self.webhook
            }
        }

        impl $payload {
            /// Whoever asks for a change again is told the secret that it was answered.
            fn telling(self, context: &Context) -> Self {
                let Webhook { id, secret_number, .. } = self.webhook;
                let secret = ToldSecret::of(context.vault().stream_key(), id.uuid(), secret_number);
                Self { secret, ..self }
            }
        }
    };
}
pub(super) use told_with;
told_with!(RegisterWebhookPayload);

union! {
    /// The webhook, registered; or why it was not.
    pub enum RegisterWebhookResult {
        Payload(RegisterWebhookPayload),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Registers a webhook, which acts in the roles and for the purpose that the caller states.
pub(super) async fn register_webhook(
    context: Context,
    input: RegisterWebhook,
) -> Result<RegisterWebhookResult> {
    let key = input.idempotency_key.clone();
    let begun = Transaction::begin(&context, "webhooks.registerWebhook", &key, &input).await?;
    let result = match begun {
        Begun::Fresh(mut transaction) => {
            let done = register(&context, &mut transaction, &input).await;
            transaction.conclude(done).await?
        }
        Begun::Repeated(payload) => RegisterWebhookResult::Payload(payload),
        Begun::Conflict => IdempotencyConflict::new().into(),
    };
    Ok(match result {
        RegisterWebhookResult::Payload(payload) => {
            context.authority_changed().await;
            payload.telling(&context).into()
        }
        refused => refused,
    })
}

async fn register(
    context: &Context,
    transaction: &mut Transaction<'_, RegisterWebhookPayload>,
    input: &RegisterWebhook,
) -> Result<Result<Done<RegisterWebhookPayload>, RegisterWebhookResult>> {
    let actor = context.actor()?;
    let (principal, at) = (&actor.principal, context.real_now());
    let mut webhook = Webhook {
        id: Id::new(context.new_uuid()?),
        url: String::new(),
        document: input.document.clone(),
        operation_name: input.operation_name.clone(),
        variables: input.variables.clone().unwrap_or_else(|| "{}".to_owned()),
        roles: principal.roles.iter().cloned().collect(),
        state: WebhookState::Active,
        problem: None,
        failing_since: None,
        waits_until: None,
        position: String::new(),
        pending: 0,
        dead: 0,
        delivered: 0,
        delivered_at: None,
        registered_at: at,
        secret_since: at,
        version: 1,
        user_id: actor.user,
        agency: principal.agency.clone(),
        own: true,
        secret_number: 1,
    };
    context.authorize_write(Class::Administration, RecordType::Webhook, &webhook)?;
    match address(context, &input.url) {
        Ok(url) => webhook.url = url.into(),
        Err(why) => return Ok(Err(InvalidValue::new("url", why).into())),
    }
    if let Err((argument, why)) = subscription(context, &webhook) {
        return Ok(Err(InvalidValue::new(argument, &why).into()));
    }
    let connection = transaction.connection()?;
    let free = sql::<Nullable<SmallInt>>(
        "SELECT min(free)::smallint FROM generate_series(1, 20) AS free WHERE NOT EXISTS (\
             SELECT FROM webhooks WHERE state <> 'ENDED' AND slot = free AND user_id = ",
    )
    .bind::<diesel::sql_types::Uuid, _>(actor.user)
    .sql(")");
    let free: Option<i16> = free.get_result(connection).await?;
    let Some(slot) = free else {
        let message = format!("You have {MOST} webhooks. End one first.");
        return Ok(Err(StateConflict::new(&message).into()));
    };
    let position = head_of(connection).await?;
    webhook.position = position.to_string();
    let row = (
        webhooks::id.eq(webhook.id),
        webhooks::programme_id.eq(context.programme_id()),
        webhooks::user_id.eq(webhook.user_id),
        webhooks::roles.eq(&webhook.roles),
        webhooks::shelters.eq(principal.shelters.iter().cloned().collect::<Vec<_>>()),
        webhooks::purpose.eq(&principal.purpose),
        webhooks::slot.eq(slot),
        webhooks::url.eq(&webhook.url),
        webhooks::document.eq(&webhook.document),
        webhooks::operation_name.eq(&webhook.operation_name),
        webhooks::variables.eq(&webhook.variables),
        webhooks::secret_since.eq(at),
        webhooks::position.eq(position),
        webhooks::registered_at.eq(at),
    );
    match diesel::insert_into(webhooks::table).values(row).execute(connection).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("webhooks_slot_key") => {
            let message = "Another webhook of yours was registered at this moment. Send this again.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(Error::from(error)),
    }
    let changes = WebhookSet::of(&webhook)?;
    let payload = RegisterWebhookPayload { secret: ToldSecret::default(), webhook };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// An address to which something may be posted; or why not. What a name leads to is looked at whenever something is posted.
fn address(context: &Context, text: &str) -> Result<Url, &'static str> {
    if text.len() > LONGEST_URL {
        return Err("An address has at most 2,000 bytes.");
    }
    let url = Url::parse(text)
        .map_err(|_| "This is no address. Give one as in https://sistema.example.org/enlace.")?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(
            "An address has no user, no password and no fragment. Messages are signed; check that instead.",
        );
    }
    let networks = &context.system().networks;
    if networks.refuse(&url) {
        return Err(
            "This address is private. Give one that is reachable from everywhere, or ask this server's operator to allow its network.",
        );
    }
    let in_the_clear = literal(&url).is_some_and(|address| networks.allow(address));
    match url.scheme() {
        "https" => Ok(url),
        "http" if in_the_clear => Ok(url),
        _ => Err("Messages are posted over https."),
    }
}

/// Whether the caller may follow what a webhook follows; or which argument is wrong, and why.
fn subscription(context: &Context, webhook: &Webhook) -> Result<(), (&'static str, String)> {
    if webhook.variables.len() > LONGEST_VARIABLES {
        return Err(("variables", "The variables have at most 20,000 bytes.".to_owned()));
    }
    let request = webhook
        .request()
        .ok_or_else(|| ("variables", "The variables are the text of a JSON object.".to_owned()))?;
    let (_, beginning) = project(context.system(), context.caller(), &request)
        .map_err(|fault| ("document", fault.sentence()))?;
    if beginning.after.is_some() || beginning.snapshot {
        let message = "A webhook begins with what comes next: leave after and snapshot out.";
        return Err(("document", message.to_owned()));
    }
    Ok(())
}

impl Webhook {
    /// What it follows; none where its variables are no JSON object.
    fn request(&self) -> Option<Request> {
        request(&self.document, self.operation_name.as_deref(), &self.variables)
    }
}

/// What a webhook follows; none where its variables are no JSON object.
pub(super) fn request(document: &str, operation_name: Option<&str>, variables: &str) -> Option<Request> {
    Some(Request {
        query: document.to_owned(),
        operation_name: operation_name.map(str::to_owned),
        variables: Some(serde_json::from_str(variables).ok()?),
        extensions: None,
    })
}
