//! Referring a person's case: opened by one agency, taken or declined by the other, and ended by either.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::agencies::Agency;
use crate::census::{self, Person, Purpose, facts_within_reach, touched};
use crate::context::Context;
use crate::coordination::referrals::{LegalBasis, Referral, ReferralState, SharedClass, load};
use crate::coordination::tables::referrals;
use crate::error::{Error, Result};
use crate::graph::{Graph, Record, input, payload, union};
use crate::journal::{Begun, Change, Outcome, Part, Transaction, constraint};
use crate::problem::{
    ConsentMissing, IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict,
};
use crate::scalars::Id;

input! {
    /// A person's case for another agency.
    pub struct OpenReferral {
        /// The person.
        pub person: Id<Person>,
        /// The agency that is asked to take the case.
        pub recipient: Id<Agency>,
        /// For what.
        pub purpose: Purpose,
        /// By what right the person's data is handed on; on the ground of consent, one must stand.
        pub legal_basis: LegalBasis,
        /// Which of the person's data it is to share, `IDENTITY` among them; all that the recipient's role reads for the purpose where left out.
        /// On the ground of consent, the consent says it: leave them out.
        pub classes: Option<Vec<SharedClass>>,
        /// When it is to end by itself; open where left out.
        pub ends_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A referral, and what becomes of it.
    pub struct SettleReferral {
        /// The referral.
        pub referral: Id<Referral>,
        /// The version of the referral that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A referral, opened.
    pub struct OpenReferralPayload: "OpenReferralPayload" as Referral {
        /// The referral as it is now.
        referral: Referral,
    }
}

payload! {
    /// A referral, taken.
    pub struct AcceptReferralPayload: "AcceptReferralPayload" as Referral {
        /// The referral as it is now.
        referral: Referral,
    }
}

payload! {
    /// A referral, declined.
    pub struct DeclineReferralPayload: "DeclineReferralPayload" as Referral {
        /// The referral as it is now.
        referral: Referral,
    }
}

payload! {
    /// A referral, ended.
    pub struct EndReferralPayload: "EndReferralPayload" as Referral {
        /// The referral as it is now.
        referral: Referral,
    }
}

union! {
    /// The referral, opened; or why it was not.
    pub enum OpenReferralResult {
        Payload(OpenReferralPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        ConsentMissing(ConsentMissing),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The referral, taken; or why it was not.
    pub enum AcceptReferralResult {
        Payload(AcceptReferralPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The referral, declined; or why it was not.
    pub enum DeclineReferralResult {
        Payload(DeclineReferralPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The referral, ended; or why it was not.
    pub enum EndReferralResult {
        Payload(EndReferralPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a case was referred.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReferralOpened {
    pub(crate) referral: Uuid,
    pub(crate) recipient: String,
    pub(crate) purpose: Purpose,
    pub(crate) legal_basis: LegalBasis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) classes: Option<Vec<SharedClass>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ends_at: Option<DateTime<Utc>>,
}

impl Change for ReferralOpened {
    const NAME: &'static str = "coordination.referralOpened";
}

/// In the journal: a referral was taken, declined or ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReferralSettled {
    pub(crate) referral: Uuid,
    pub(crate) state: ReferralState,
}

impl Change for ReferralSettled {
    const NAME: &'static str = "coordination.referralSettled";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    payload::<OpenReferralPayload>(graph);
    payload::<AcceptReferralPayload>(graph);
    payload::<DeclineReferralPayload>(graph);
    payload::<EndReferralPayload>(graph);
    graph
        .mutation(
            "openReferral",
            Class::Consent,
            "Asks another agency to take a person's case. Needs a purpose.",
        )
        .either(RecordType::Referral, open_referral);
    graph
        .mutation(
            "acceptReferral",
            Class::Consent,
            "Takes a case: the person's data is shared with the caller's agency from the next request on. Needs a purpose.",
        )
        .either(RecordType::ReferralAnswer, accept_referral);
    graph
        .mutation("declineReferral", Class::Consent, "Does not take a case. Needs a purpose.")
        .either(RecordType::ReferralAnswer, decline_referral);
    graph
        .mutation(
            "endReferral",
            Class::Consent,
            "Ends a case, for whoever may answer it or may refer: nothing is shared by it any more. Needs a purpose.",
        )
        .either(RecordType::ReferralAnswer, end_referral);
}

fn payload<P: Record + AsRef<Referral>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("referral", Class::Consent, "The referral as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

async fn open_referral(context: Context, input: OpenReferral) -> Result<OpenReferralResult> {
    context.personal_scope(Class::Consent, RecordType::Referral)?;
    let key = input.idempotency_key.clone();
    let mut transaction =
        match Transaction::begin(&context, "coordination.openReferral", &key, &input).await? {
            Begun::Fresh(transaction) => transaction,
            Begun::Repeated(payload) => return Ok(shown::<OpenReferralPayload>(&context, payload).into()),
            Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
        };
    match open(&context, &mut transaction, &input).await {
        Ok(Ok(referral)) => {
            let change = ReferralOpened {
                referral: referral.id.uuid(),
                recipient: referral.recipient.clone(),
                purpose: referral.purpose,
                legal_basis: referral.legal_basis,
                classes: referral.classes.clone(),
                ends_at: referral.ends_at,
            };
            finish(&context, *transaction, &change, referral).await
        }
        Ok(Err(problem)) => transaction.refuse(problem).await,
        Err(error) => {
            transaction.roll_back().await?;
            Err(error)
        }
    }
}

async fn accept_referral(context: Context, input: SettleReferral) -> Result<AcceptReferralResult> {
    let operation = "coordination.acceptReferral";
    settle::<AcceptReferralPayload, _>(context, operation, input, ReferralState::Accepted).await
}

async fn decline_referral(context: Context, input: SettleReferral) -> Result<DeclineReferralResult> {
    let operation = "coordination.declineReferral";
    settle::<DeclineReferralPayload, _>(context, operation, input, ReferralState::Declined).await
}

async fn end_referral(context: Context, input: SettleReferral) -> Result<EndReferralResult> {
    let operation = "coordination.endReferral";
    settle::<EndReferralPayload, _>(context, operation, input, ReferralState::Ended).await
}

async fn open(
    context: &Context,
    transaction: &mut Transaction<'_, OpenReferralPayload>,
    input: &OpenReferral,
) -> Result<Result<Referral, OpenReferralResult>> {
    let Some(person) = facts_within_reach(context, input.person.uuid()).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    let recipient = context.agency_code(input.recipient.uuid());
    if recipient.is_empty() {
        return Ok(Err(NotFound::new("recipient").into()));
    }
    let actor = context.actor()?;
    let referral = Referral {
        id: Id::new(context.new_uuid()?),
        purpose: input.purpose,
        legal_basis: input.legal_basis,
        classes: input.classes.as_deref().map(distinct),
        ends_at: input.ends_at,
        state: ReferralState::Proposed,
        opened_at: context.now(),
        accepted_at: None,
        ended_at: None,
        version: 1,
        person_id: input.person.uuid(),
        sender_id: actor.agency,
        sender: actor.principal.agency.clone(),
        recipient_id: input.recipient.uuid(),
        recipient,
        person,
    };
    context.authorize_write(Class::Consent, RecordType::Referral, &referral)?;
    let row = (
        referrals::id.eq(referral.id),
        referrals::programme_id.eq(context.programme_id()),
        referrals::person_id.eq(referral.person_id),
        referrals::sender.eq(&referral.sender),
        referrals::recipient.eq(&referral.recipient),
        referrals::purpose.eq(referral.purpose),
        referrals::legal_basis.eq(referral.legal_basis),
        referrals::classes.eq(&referral.classes),
        referrals::ends_at.eq(referral.ends_at),
        referrals::opened_at.eq(referral.opened_at),
    );
    let opening = diesel::insert_into(referrals::table).values(row).execute(transaction.connection()?).await;
    if let Err(error) = opening {
        let refused = match constraint(&error) {
            Some("referrals_elsewhere") => {
                InvalidValue::new("recipient", "A case is referred to another agency than one's own.").into()
            }
            Some("referrals_classes") => {
                let message = "Name IDENTITY among the classes: nobody helps somebody whom they cannot find.";
                InvalidValue::new("classes", message).into()
            }
            Some("referrals_consent_says") => {
                let message =
                    "On the ground of consent, the consent says what is shared. Leave the classes out.";
                InvalidValue::new("classes", message).into()
            }
            Some("referrals_ends_later") => {
                InvalidValue::new("endsAt", "A referral ends after it was opened.").into()
            }
            Some("referrals_open_once") => {
                StateConflict::new("Such a referral is open already. Wait for its answer, or end it.").into()
            }
            Some(census::TAKES_NOTHING) => StateConflict::new(census::MERGED).into(),
            Some("referrals_consent_stands") => ConsentMissing::new().into(),
            _ => return Err(Error::from(error)),
        };
        return Ok(Err(refused));
    }
    Ok(Ok(referral))
}

/// Each class once, in order.
fn distinct(classes: &[SharedClass]) -> Vec<SharedClass> {
    let distinct: BTreeSet<SharedClass> = classes.iter().copied().collect();
    distinct.into_iter().collect()
}

async fn settle<P, R>(
    context: Context,
    operation: &'static str,
    input: SettleReferral,
    state: ReferralState,
) -> Result<R>
where
    P: Serialize + DeserializeOwned + From<Referral> + AsRef<Referral>,
    R: From<P> + From<NotFound> + From<StateConflict> + From<VersionConflict> + From<IdempotencyConflict>,
{
    context.personal_scope(Class::Consent, RecordType::Referral)?;
    let key = input.idempotency_key.clone();
    let mut transaction = match Transaction::<P>::begin(&context, operation, &key, &input).await? {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => return Ok(shown(&context, payload).into()),
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    match change_state::<P, R>(&context, &mut transaction, &input, state).await {
        Ok(Ok(referral)) => {
            let change = ReferralSettled { referral: referral.id.uuid(), state };
            finish(&context, *transaction, &change, referral).await
        }
        Ok(Err(problem)) => transaction.refuse(problem).await,
        Err(error) => {
            transaction.roll_back().await?;
            Err(error)
        }
    }
}

async fn change_state<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    input: &SettleReferral,
    state: ReferralState,
) -> Result<Result<Referral, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    let found = load::by_ids(context.clone(), vec![input.referral.uuid()]).await?.pop();
    let Some(mut referral) = found else { return Ok(Err(NotFound::new("referral").into())) };
    authorize(context, &referral, state)?;
    if referral.version != input.version {
        return Ok(Err(VersionConflict::new(referral.version).into()));
    }
    let open = match state {
        ReferralState::Ended => matches!(referral.state, ReferralState::Proposed | ReferralState::Accepted),
        _ => referral.state == ReferralState::Proposed,
    };
    if !open {
        return Ok(Err(StateConflict::new("This referral was answered or ended before.").into()));
    }
    let now: DateTime<Utc> = context.now();
    referral.state = state;
    referral.version = input.version.saturating_add(1);
    let of_it = referrals::table.find(referral.id).filter(referrals::version.eq(input.version));
    let version = referrals::version.eq(referral.version);
    let connection = transaction.connection()?;
    let changed = match state {
        ReferralState::Accepted => {
            referral.accepted_at = Some(now);
            diesel::update(of_it).set((referrals::accepted_at.eq(now), version)).execute(connection).await
        }
        ReferralState::Declined => {
            diesel::update(of_it).set((referrals::declined_at.eq(now), version)).execute(connection).await
        }
        ReferralState::Proposed | ReferralState::Ended => {
            referral.ended_at = Some(now);
            diesel::update(of_it).set((referrals::ended_at.eq(now), version)).execute(connection).await
        }
    };
    match changed {
        Ok(1) => Ok(Ok(referral)),
        Ok(_) => {
            let current = referrals::table.find(referral.id).select(referrals::version);
            let current = current.first(transaction.connection()?).await?;
            Ok(Err(VersionConflict::new(current).into()))
        }
        Err(error) if constraint(&error) == Some("referrals_consent_stands") => {
            let message = "The consent that this referral rests on does not stand any more. It can only be declined or ended.";
            Ok(Err(StateConflict::new(message).into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The recipient answers, and nobody for it. Ended, a case is by whoever may answer it or may refer.
fn authorize(context: &Context, referral: &Referral, state: ReferralState) -> Result<()> {
    let answers = context.authorize_write(Class::Consent, RecordType::ReferralAnswer, referral);
    if answers.is_err() && state == ReferralState::Ended {
        return context.authorize_write(Class::Consent, RecordType::Referral, referral);
    }
    answers
}

/// Appends the change, of which the person is the subject, commits, and answers.
async fn finish<P, R>(
    context: &Context,
    transaction: Transaction<'_, P>,
    change: &impl Change,
    referral: Referral,
) -> Result<R>
where
    P: Serialize + DeserializeOwned + From<Referral> + AsRef<Referral>,
    R: From<P> + From<IdempotencyConflict>,
{
    let followed = touched(vec![referral.person_id], context.now())?;
    let changes = vec![Part::of(Class::Consent, Some(referral.person_id), change)?, followed];
    Ok(match transaction.commit(context.now(), changes, referral.into()).await? {
        Outcome::Done(payload) | Outcome::Repeated(payload) => shown(context, payload).into(),
        Outcome::Conflict => IdempotencyConflict::new().into(),
    })
}

/// Ends the cases of people who leave; what the journal says of it. A transaction that is not their own operation calls it.
pub(crate) async fn end_cases(
    context: &Context,
    connection: &mut AsyncPgConnection,
    people: &[Uuid],
) -> Result<Vec<Part>> {
    let open = referrals::table
        .filter(referrals::person_id.eq_any(people))
        .filter(referrals::declined_at.is_null())
        .filter(referrals::ended_at.is_null())
        .filter(referrals::ends_at.is_null().or(referrals::ends_at.gt(context.now())));
    let ending = diesel::update(open)
        .set((referrals::ended_at.eq(context.now()), referrals::version.eq(referrals::version + 1)))
        .returning((referrals::id, referrals::person_id));
    let ended: Vec<(Uuid, Uuid)> = ending.load(connection).await?;
    let settled = |(referral, person)| {
        let change = ReferralSettled { referral, state: ReferralState::Ended };
        Part::of(Class::Consent, Some(person), &change)
    };
    ended.into_iter().map(settled).collect()
}

/// What leaves tells of a person, and the journal is to say so.
fn shown<P: AsRef<Referral>>(context: &Context, payload: P) -> P {
    context.discloses([payload.as_ref().person_id]);
    payload
}
