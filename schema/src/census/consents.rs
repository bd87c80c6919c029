//! Giving and withdrawing consent. What it shares is shared, and no longer shared, from the very next request.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::agencies::Agency;
use crate::census::duplicates::{MERGED, TAKES_NOTHING};
use crate::census::tables::consents;
use crate::census::{Consent, Person, Purpose, load, touched};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Graph, Record, input, payload, union};
use crate::journal::{Begun, Change, Outcome, Part, Transaction, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// What a person agrees to.
    pub struct GiveConsent {
        /// The person.
        pub person: Id<Person>,
        /// The agency that may read their data.
        pub recipient: Id<Agency>,
        /// For what.
        pub purpose: Purpose,
        /// Until when; open where it is left out.
        pub ends_at: Option<DateTime<Utc>>,
        /// When the person agreed; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A consent that the person takes back.
    pub struct WithdrawConsent {
        /// The consent.
        pub consent: Id<Consent>,
        /// The version of the consent that the caller saw.
        pub version: i32,
        /// When the person took it back; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A consent, given.
    pub struct GiveConsentPayload: "GiveConsentPayload" as Consent {
        /// The consent as it is now.
        consent: Consent,
    }
}

payload! {
    /// A consent, withdrawn.
    pub struct WithdrawConsentPayload: "WithdrawConsentPayload" as Consent {
        /// The consent as it is now.
        consent: Consent,
    }
}

union! {
    /// The consent, given; or why it was not.
    pub enum GiveConsentResult {
        Payload(GiveConsentPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The consent, withdrawn; or why it was not.
    pub enum WithdrawConsentResult {
        Payload(WithdrawConsentPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a person agreed to something.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsentGiven {
    pub(crate) consent: Uuid,
    pub(crate) recipient: String,
    pub(crate) purpose: Purpose,
    pub(crate) given_at: DateTime<Utc>,
    pub(crate) ends_at: Option<DateTime<Utc>>,
}

impl Change for ConsentGiven {
    const NAME: &'static str = "census.consentGiven";
}

/// In the journal: a person took a consent back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsentWithdrawn {
    pub(crate) consent: Uuid,
    pub(crate) recipient: String,
    pub(crate) purpose: Purpose,
    pub(crate) withdrawn_at: DateTime<Utc>,
}

impl Change for ConsentWithdrawn {
    const NAME: &'static str = "census.consentWithdrawn";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    payload::<GiveConsentPayload>(graph);
    payload::<WithdrawConsentPayload>(graph);
    graph
        .mutation("giveConsent", Class::Consent, "Records what a person agrees to. Needs a purpose.")
        .either(RecordType::Consent, give_consent);
    graph
        .mutation(
            "withdrawConsent",
            Class::Consent,
            "Records that a person takes a consent back: from the next request on, nothing is shared by it. Needs a purpose.",
        )
        .either(RecordType::Consent, withdraw_consent);
}

fn payload<P: Record + AsRef<Consent>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("consent", Class::Consent, "The consent as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

async fn give_consent(context: Context, input: GiveConsent) -> Result<GiveConsentResult> {
    context.personal_scope(Class::Consent, RecordType::Consent)?;
    let key = input.idempotency_key.clone();
    let mut transaction = match Transaction::begin(&context, "census.giveConsent", &key, &input).await? {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => return Ok(shown::<GiveConsentPayload>(&context, payload).into()),
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    match give(&context, &mut transaction, &input).await {
        Ok(Ok(consent)) => {
            let change = ConsentGiven {
                consent: consent.id.uuid(),
                recipient: consent.recipient.clone(),
                purpose: consent.purpose,
                given_at: consent.given_at,
                ends_at: consent.ends_at,
            };
            finish(&context, *transaction, consent.given_at, &change, consent).await
        }
        Ok(Err(problem)) => transaction.refuse(problem).await,
        Err(error) => {
            transaction.roll_back().await?;
            Err(error)
        }
    }
}

async fn give(
    context: &Context,
    transaction: &mut Transaction<'_, GiveConsentPayload>,
    input: &GiveConsent,
) -> Result<Result<Consent, GiveConsentResult>> {
    let given_at = input.occurred_at.unwrap_or_else(|| context.now());
    if given_at > context.now() {
        return Ok(Err(InvalidValue::new("occurredAt", "A consent cannot be of the future.").into()));
    }
    let Some(person) = load::facts_within_reach(context, input.person.uuid()).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    let recipient = context.agency_code(input.recipient.uuid());
    if recipient.is_empty() {
        return Ok(Err(NotFound::new("recipient").into()));
    }
    let consent = Consent {
        id: Id::new(context.new_uuid()?),
        purpose: input.purpose,
        given_at,
        ends_at: input.ends_at,
        withdrawn_at: None,
        version: 1,
        person_id: input.person.uuid(),
        opposed_by: None,
        recipient_id: input.recipient.uuid(),
        recipient,
        person,
    };
    context.authorize_write(Class::Consent, RecordType::Consent, &consent)?;
    let row = (
        consents::id.eq(consent.id),
        consents::programme_id.eq(context.programme_id()),
        consents::person_id.eq(consent.person_id),
        consents::recipient.eq(&consent.recipient),
        consents::purpose.eq(consent.purpose),
        consents::given_at.eq(consent.given_at),
        consents::ends_at.eq(consent.ends_at),
    );
    let giving = diesel::insert_into(consents::table).values(row).execute(transaction.connection()?).await;
    if let Err(error) = giving {
        let refused = match constraint(&error) {
            Some("consents_no_overlap") => {
                StateConflict::new("Such a consent stands already. Withdraw it first, or leave it.").into()
            }
            Some(TAKES_NOTHING) => StateConflict::new(MERGED).into(),
            Some("consents_period") => {
                InvalidValue::new("endsAt", "A consent ends after it is given.").into()
            }
            _ => return Err(Error::from(error)),
        };
        return Ok(Err(refused));
    }
    Ok(Ok(consent))
}

async fn withdraw_consent(context: Context, input: WithdrawConsent) -> Result<WithdrawConsentResult> {
    context.personal_scope(Class::Consent, RecordType::Consent)?;
    let key = input.idempotency_key.clone();
    let mut transaction = match Transaction::begin(&context, "census.withdrawConsent", &key, &input).await? {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => return Ok(shown::<WithdrawConsentPayload>(&context, payload).into()),
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    match withdraw(&context, &mut transaction, &input).await {
        Ok(Ok((consent, withdrawn_at))) => {
            let change = ConsentWithdrawn {
                consent: consent.id.uuid(),
                recipient: consent.recipient.clone(),
                purpose: consent.purpose,
                withdrawn_at,
            };
            finish(&context, *transaction, withdrawn_at, &change, consent).await
        }
        Ok(Err(problem)) => transaction.refuse(problem).await,
        Err(error) => {
            transaction.roll_back().await?;
            Err(error)
        }
    }
}

async fn withdraw(
    context: &Context,
    transaction: &mut Transaction<'_, WithdrawConsentPayload>,
    input: &WithdrawConsent,
) -> Result<Result<(Consent, DateTime<Utc>), WithdrawConsentResult>> {
    let withdrawn_at = input.occurred_at.unwrap_or_else(|| context.now());
    if withdrawn_at > context.now() {
        return Ok(Err(InvalidValue::new("occurredAt", "A withdrawal cannot be of the future.").into()));
    }
    let found = load::consents_by_ids(context.clone(), vec![input.consent.uuid()]).await?.pop();
    let Some(mut consent) = found else { return Ok(Err(NotFound::new("consent").into())) };
    context.authorize_write(Class::Consent, RecordType::Consent, &consent)?;
    if consent.version != input.version {
        return Ok(Err(VersionConflict::new(consent.version).into()));
    }
    if consent.withdrawn_at.is_some() {
        return Ok(Err(StateConflict::new("This consent was withdrawn before.").into()));
    }
    consent.withdrawn_at = Some(withdrawn_at);
    consent.version = input.version.saturating_add(1);
    let withdrawing =
        diesel::update(consents::table.find(consent.id).filter(consents::version.eq(input.version)))
            .set((consents::withdrawn_at.eq(withdrawn_at), consents::version.eq(consent.version)));
    match withdrawing.execute(transaction.connection()?).await {
        Ok(1) => Ok(Ok((consent, withdrawn_at))),
        Ok(_) => {
            let current = consents::table.find(consent.id).select(consents::version);
            let current = current.first(transaction.connection()?).await?;
            Ok(Err(VersionConflict::new(current).into()))
        }
        Err(error) if constraint(&error) == Some("consents_withdrawn") => {
            Ok(Err(InvalidValue::new("occurredAt", "A consent is withdrawn after it was given.").into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Appends the change, of which the person is the subject, commits, and answers.
async fn finish<P, R>(
    context: &Context,
    transaction: Transaction<'_, P>,
    occurred_at: DateTime<Utc>,
    change: &impl Change,
    consent: Consent,
) -> Result<R>
where
    P: Serialize + DeserializeOwned + From<Consent> + AsRef<Consent>,
    R: From<P> + From<IdempotencyConflict>,
{
    let followed = touched(vec![consent.person_id], occurred_at)?;
    let changes = vec![Part::of(Class::Consent, Some(consent.person_id), change)?, followed];
    Ok(match transaction.commit(occurred_at, changes, consent.into()).await? {
        Outcome::Done(payload) | Outcome::Repeated(payload) => shown(context, payload).into(),
        Outcome::Conflict => IdempotencyConflict::new().into(),
    })
}

/// What leaves tells of a person, and the journal is to say so.
fn shown<P: AsRef<Consent>>(context: &Context, payload: P) -> P {
    context.discloses([payload.as_ref().person_id]);
    payload
}
