//! Deciding a revalidation, or withdrawing it.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::revalidation_in;
use super::{
    REVALIDATION, Revalidation, RevalidationChanged, RevalidationDecision, RevalidationState,
    SealedRevalidation,
};
use crate::census::{self, Checked, needs};
use crate::context::Context;
use crate::education::tables::revalidations;
use crate::education::{Taught, answers, perform};
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;

input! {
    /// What is decided on a revalidation.
    pub struct DecideRevalidation {
        /// The revalidation; a filed one.
        pub revalidation: Id<Revalidation>,
        /// The version of the revalidation that the caller saw.
        pub version: i32,
        /// The decision.
        pub decision: RevalidationDecision,
        /// The folio of the certificate, 3 to 500 characters: of what is certified, and only of that. It is sealed.
        pub folio: Option<String>,
        /// Why it is refused, 3 to 500 characters: of what is refused, and only of that. It is sealed.
        pub reason: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A revalidation that its person does not want any more.
    pub struct WithdrawRevalidation {
        /// The revalidation; a filed one.
        pub revalidation: Id<Revalidation>,
        /// The version of the revalidation that the caller saw.
        pub version: i32,
        /// Why, 3 to 500 characters. It is sealed.
        pub reason: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

answers! {
    /// A revalidation, decided.
    DecideRevalidationPayload "DecideRevalidationPayload"
    /// A revalidation, withdrawn.
    WithdrawRevalidationPayload "WithdrawRevalidationPayload"
}

union! {
    /// The revalidation, decided; or why it was not.
    pub enum DecideRevalidationResult {
        Payload(DecideRevalidationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The revalidation, withdrawn; or why it was not.
    pub enum WithdrawRevalidationResult {
        Payload(WithdrawRevalidationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// What becomes of a revalidation, for good.
struct Settled<'a> {
    state: RevalidationState,
    decided_on: Option<NaiveDate>,
    folio: Option<&'a str>,
    reason: Option<&'a str>,
}

/// Decides a revalidation: whoever files does not decide, so that it is a write of a record of its own.
pub(super) async fn decide_revalidation(
    context: Context,
    input: DecideRevalidation,
) -> Result<DecideRevalidationResult> {
    context.personal_scope(Class::Education, RecordType::RevalidationDecision)?;
    perform!(context, "education.decideRevalidation", input, decide, DecideRevalidationResult)
}

fn checked(input: &DecideRevalidation) -> Checked {
    let certified = input.decision == RevalidationDecision::Certified;
    needs(
        certified == input.folio.is_some(),
        "folio",
        "Name the folio of what is certified, and only of that.",
    )?;
    needs(certified == input.reason.is_none(), "reason", "Say why it is refused, and only then.")?;
    let unfit = refuse_text("folio", input.folio.as_deref());
    unfit.or_else(|| refuse_text("reason", input.reason.as_deref())).map_or(Ok(()), Err)
}

async fn decide(
    context: &Context,
    transaction: &mut Transaction<'_, DecideRevalidationPayload>,
    input: &DecideRevalidation,
) -> Result<std::result::Result<Done<DecideRevalidationPayload>, DecideRevalidationResult>> {
    if let Err(problem) = checked(input) {
        return Ok(Err(problem.into()));
    }
    let settled = Settled {
        state: match input.decision {
            RevalidationDecision::Certified => RevalidationState::Certified,
            RevalidationDecision::Refused => RevalidationState::Refused,
        },
        decided_on: Some(context.day_of(context.now())),
        folio: input.folio.as_deref(),
        reason: input.reason.as_deref(),
    };
    let seen = (RecordType::RevalidationDecision, input.revalidation.uuid(), input.version);
    let payload = |changed, taught| DecideRevalidationPayload { changed, taught };
    settle(context, transaction, seen, settled, payload).await
}

/// Withdraws a revalidation.
pub(super) async fn withdraw_revalidation(
    context: Context,
    input: WithdrawRevalidation,
) -> Result<WithdrawRevalidationResult> {
    context.personal_scope(Class::Education, RecordType::Enrolment)?;
    perform!(context, "education.withdrawRevalidation", input, withdraw, WithdrawRevalidationResult)
}

async fn withdraw(
    context: &Context,
    transaction: &mut Transaction<'_, WithdrawRevalidationPayload>,
    input: &WithdrawRevalidation,
) -> Result<std::result::Result<Done<WithdrawRevalidationPayload>, WithdrawRevalidationResult>> {
    let reason = input.reason.as_deref();
    if let Some(problem) = refuse_text("reason", reason) {
        return Ok(Err(problem.into()));
    }
    let settled = Settled { state: RevalidationState::Withdrawn, decided_on: None, folio: None, reason };
    let seen = (RecordType::Enrolment, input.revalidation.uuid(), input.version);
    let payload = |changed, taught| WithdrawRevalidationPayload { changed, taught };
    settle(context, transaction, seen, settled, payload).await
}

async fn settle<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (record_type, id, version): (RecordType, Uuid, i32),
    settled: Settled<'_>,
    payload: fn(Uuid, Taught) -> P,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    let Some(found) = revalidation_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("revalidation").into()));
    };
    context.authorize_write(Class::Education, record_type, &found)?;
    if found.state != RevalidationState::Filed {
        let message = "This revalidation was decided or withdrawn, and stays so. File another.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    let person = found.person_id;
    let keys = context.vault().keys(vec![person]).await?;
    let Some(documents) = found.documents.filter(|_| keys.have(person)) else {
        return Ok(Err(census::erased().into()));
    };
    let record = SealedRevalidation {
        documents,
        folio: settled.folio.map(str::to_owned),
        reason: settled.reason.map(str::to_owned),
    };
    let settling = diesel::update(revalidations::table.find(id).filter(revalidations::version.eq(version)));
    let settling = settling.set((
        revalidations::state.eq(settled.state),
        revalidations::decided_on.eq(settled.decided_on),
        revalidations::record.eq(keys.seal(person, REVALIDATION, context.random_bytes()?, &record)?),
    ));
    if settling.execute(transaction.connection()?).await? == 0 {
        let current = revalidations::table.find(id).select(revalidations::version);
        let current = current.first(transaction.connection()?).await?;
        return Ok(Err(VersionConflict::new(current).into()));
    }
    let change = RevalidationChanged { revalidation: id, level: found.level, state: settled.state, record };
    let changes = vec![Part::of(Class::Education, Some(person), &change)?];
    let payload = payload(id, found.taught);
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
