//! Answering a transfer of custody, and taking it back.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;

use enlace_policies::{Class, RecordType};

use super::load::transfer_in;
use super::tables::custody_transfers;
use super::{CustodyTransfer, CustodyTransferChanged, CustodyWithdrawal};
use crate::census::{held_by_reference, touched};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Begun, Done, Part, Transaction, constraint};
use crate::problem::{IdempotencyConflict, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A transfer of custody, and what becomes of it.
    pub struct SettleCustodyTransfer {
        /// The transfer; one that is proposed.
        pub custody_transfer: Id<CustodyTransfer>,
        /// The version of the transfer that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A transfer of custody, accepted.
    pub struct AcceptCustodyTransferPayload: "AcceptCustodyTransferPayload" as CustodyTransfer {
        /// The transfer as it is now.
        custody_transfer: CustodyTransfer,
    }
}

payload! {
    /// A transfer of custody, declined.
    pub struct DeclineCustodyTransferPayload: "DeclineCustodyTransferPayload" as CustodyTransfer {
        /// The transfer as it is now.
        custody_transfer: CustodyTransfer,
    }
}

payload! {
    /// A transfer of custody, withdrawn.
    pub struct WithdrawCustodyTransferPayload: "WithdrawCustodyTransferPayload" as CustodyTransfer {
        /// The transfer as it is now.
        custody_transfer: CustodyTransfer,
    }
}

union! {
    /// The transfer, accepted; or why it was not.
    pub enum AcceptCustodyTransferResult {
        Payload(AcceptCustodyTransferPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The transfer, declined; or why it was not.
    pub enum DeclineCustodyTransferResult {
        Payload(DeclineCustodyTransferPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The transfer, withdrawn; or why it was not.
    pub enum WithdrawCustodyTransferResult {
        Payload(WithdrawCustodyTransferPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// What becomes of a transfer; what is none stays none.
#[derive(Debug, Clone, Copy, Default, AsChangeset)]
#[diesel(table_name = custody_transfers)]
pub(super) struct Step {
    accepted_at: Option<DateTime<Utc>>,
    declined_at: Option<DateTime<Utc>>,
    withdrawn_at: Option<DateTime<Utc>>,
    withdrawn_because: Option<CustodyWithdrawal>,
}

impl Step {
    /// It is taken.
    fn accepted(at: DateTime<Utc>) -> Self {
        Self { accepted_at: Some(at), ..Self::default() }
    }

    /// It is not.
    fn declined(at: DateTime<Utc>) -> Self {
        Self { declined_at: Some(at), ..Self::default() }
    }

    /// It is not to be answered any more.
    pub(super) fn withdrawn(at: DateTime<Utc>, because: CustodyWithdrawal) -> Self {
        Self { withdrawn_at: Some(at), withdrawn_because: Some(because), ..Self::default() }
    }
}

/// What leaves tells of a person, and the journal is to say so.
pub(super) fn shown<P: AsRef<CustodyTransfer>>(context: &Context, payload: P) -> P {
    context.discloses([payload.as_ref().person_id]);
    payload
}

/// What was done to a transfer, of which the person is the subject; to be committed.
pub(super) fn done<P: From<CustodyTransfer> + AsRef<CustodyTransfer>>(
    context: &Context,
    transfer: CustodyTransfer,
) -> Result<Done<P>> {
    let (person, now) = (transfer.person_id, context.now());
    let change = CustodyTransferChanged {
        custody_transfer: transfer.id.uuid(),
        sender: transfer.sender.clone(),
        recipient: transfer.recipient.clone(),
        purpose: transfer.purpose,
        legal_basis: transfer.legal_basis,
        state: transfer.state,
        withdrawn_because: transfer.withdrawn_because,
    };
    let changes = vec![Part::of(Class::Consent, Some(person), &change)?, touched(vec![person], now)?];
    Ok(Done { occurred_at: now, changes, payload: shown(context, transfer.into()) })
}

/// Accepts a transfer: the caller's agency answers for the case from now on.
pub(super) async fn accept_custody_transfer(
    context: Context,
    input: SettleCustodyTransfer,
) -> Result<AcceptCustodyTransferResult> {
    let step = Step::accepted(context.now());
    settle::<AcceptCustodyTransferPayload, _>(context, "coordination.acceptCustodyTransfer", input, step)
        .await
}

/// Declines a transfer.
pub(super) async fn decline_custody_transfer(
    context: Context,
    input: SettleCustodyTransfer,
) -> Result<DeclineCustodyTransferResult> {
    let step = Step::declined(context.now());
    settle::<DeclineCustodyTransferPayload, _>(context, "coordination.declineCustodyTransfer", input, step)
        .await
}

/// Takes a proposal back.
pub(super) async fn withdraw_custody_transfer(
    context: Context,
    input: SettleCustodyTransfer,
) -> Result<WithdrawCustodyTransferResult> {
    let step = Step::withdrawn(context.now(), CustodyWithdrawal::Holder);
    settle::<WithdrawCustodyTransferPayload, _>(context, "coordination.withdrawCustodyTransfer", input, step)
        .await
}

async fn settle<P, R>(
    context: Context,
    operation: &'static str,
    input: SettleCustodyTransfer,
    step: Step,
) -> Result<R>
where
    P: Serialize + DeserializeOwned + From<CustodyTransfer> + AsRef<CustodyTransfer>,
    R: From<P> + From<NotFound> + From<StateConflict> + From<VersionConflict> + From<IdempotencyConflict>,
{
    context.personal_scope(Class::Consent, RecordType::CustodyTransfer)?;
    let key = input.idempotency_key.clone();
    let mut transaction = match Transaction::<P>::begin(&context, operation, &key, &input).await? {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => return Ok(shown(&context, payload).into()),
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    let settled = change::<P, R>(&context, &mut transaction, &input, step).await;
    transaction.conclude(settled).await
}

async fn change<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    input: &SettleCustodyTransfer,
    step: Step,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: Serialize + DeserializeOwned + From<CustodyTransfer> + AsRef<CustodyTransfer>,
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    let id = input.custody_transfer.uuid();
    let Some(found) = transfer_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("custodyTransfer").into()));
    };
    // Whoever proposed it takes it back, and the recipient answers.
    if step.withdrawn_at.is_some() {
        let judged = found.by_its_holder(context);
        context.authorize_write(Class::Consent, RecordType::CustodyTransfer, &judged)?;
    } else {
        context.authorize_write(Class::Consent, RecordType::ReferralAnswer, &found)?;
    }
    // Before the transfer, as whoever proposes one holds them, and whoever ends them with a departure.
    held_by_reference(context, transaction.connection()?, found.person_id).await?;
    let target = custody_transfers::table
        .filter(custody_transfers::id.eq(id))
        .filter(custody_transfers::version.eq(input.version));
    let written = match diesel::update(target).set(step).execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) => {
            let message = match constraint(&error) {
                Some("custody_transfers_settled") => {
                    "This transfer was answered or withdrawn before. Read where it stands."
                }
                Some("custody_transfers_consent_stands") => {
                    "The consent that this transfer rests on does not stand any more. It can only be declined or withdrawn."
                }
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
    };
    let transfer = transfer_in(context, transaction.connection()?, id).await?;
    let transfer = transfer.ok_or_else(|| Error::internal("a transfer that was settled is not there"))?;
    if written == 0 {
        return Ok(Err(VersionConflict::new(transfer.version).into()));
    }
    Ok(Ok(done(context, transfer)?))
}
