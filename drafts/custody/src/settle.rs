//! Accepting or declining a transfer of custody, and taking it back.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;

use enlace_policies::{Class, RecordType};

use super::load::transfer_in;
use super::{CustodyTransfer, CustodyTransferChanged, CustodyTransferState};
use crate::census::touched;
use crate::context::Context;
use crate::coordination::tables::custody_transfers;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Begun, Done, Part, Transaction, constraint};
use crate::problem::{IdempotencyConflict, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A transfer of custody, and what becomes of it.
    pub struct SettleCustodyTransfer {
        /// The transfer; one that is proposed.
        pub transfer: Id<CustodyTransfer>,
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
        transfer: CustodyTransfer,
    }
}

payload! {
    /// A transfer of custody, declined.
    pub struct DeclineCustodyTransferPayload: "DeclineCustodyTransferPayload" as CustodyTransfer {
        /// The transfer as it is now.
        transfer: CustodyTransfer,
    }
}

payload! {
    /// A transfer of custody, withdrawn.
    pub struct WithdrawCustodyTransferPayload: "WithdrawCustodyTransferPayload" as CustodyTransfer {
        /// The transfer as it is now.
        transfer: CustodyTransfer,
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

/// What leaves tells of a person, and the journal is to say so.
pub(super) fn shown<P: AsRef<CustodyTransfer>>(context: &Context, payload: P) -> P {
    context.discloses([payload.as_ref().person_id]);
    payload
}

/// What a step did, of which the person is the subject.
pub(super) fn done<P: From<CustodyTransfer> + AsRef<CustodyTransfer>>(
    context: &Context,
    transfer: CustodyTransfer,
) -> Result<Done<P>> {
    let (person, now) = (transfer.person_id, context.now());
    let change = CustodyTransferChanged {
        transfer: transfer.id.uuid(),
        sender: transfer.sender.clone(),
        recipient: transfer.recipient.clone(),
        purpose: transfer.purpose,
        legal_basis: transfer.legal_basis,
        state: transfer.state,
    };
    let changes = vec![Part::of(Class::Consent, Some(person), &change)?, touched(vec![person], now)?];
    Ok(Done { occurred_at: now, changes, payload: shown(context, transfer.into()) })
}

/// Accepts a transfer: the caller's agency answers for the case from now on.
pub(super) async fn accept_custody_transfer(
    context: Context,
    input: SettleCustodyTransfer,
) -> Result<AcceptCustodyTransferResult> {
    let operation = "coordination.acceptCustodyTransfer";
    settle::<AcceptCustodyTransferPayload, _>(context, operation, input, CustodyTransferState::Accepted).await
}

/// Declines a transfer.
pub(super) async fn decline_custody_transfer(
    context: Context,
    input: SettleCustodyTransfer,
) -> Result<DeclineCustodyTransferResult> {
    let operation = "coordination.declineCustodyTransfer";
    settle::<DeclineCustodyTransferPayload, _>(context, operation, input, CustodyTransferState::Declined)
        .await
}

/// Takes a proposal back.
pub(super) async fn withdraw_custody_transfer(
    context: Context,
    input: SettleCustodyTransfer,
) -> Result<WithdrawCustodyTransferResult> {
    let operation = "coordination.withdrawCustodyTransfer";
    settle::<WithdrawCustodyTransferPayload, _>(context, operation, input, CustodyTransferState::Withdrawn)
        .await
}

async fn settle<P, R>(
    context: Context,
    operation: &'static str,
    input: SettleCustodyTransfer,
    state: CustodyTransferState,
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
    let settled = change::<P, R>(&context, &mut transaction, &input, state).await;
    transaction.conclude(settled).await
}

async fn change<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    input: &SettleCustodyTransfer,
    state: CustodyTransferState,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: Serialize + DeserializeOwned + From<CustodyTransfer> + AsRef<CustodyTransfer>,
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    let id = input.transfer.uuid();
    let Some(before) = transfer_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("transfer").into()));
    };
    // The recipient answers, and whoever proposed it takes it back.
    let judged_as = match state {
        CustodyTransferState::Proposed | CustodyTransferState::Withdrawn => RecordType::CustodyTransfer,
        CustodyTransferState::Accepted | CustodyTransferState::Declined => RecordType::ReferralAnswer,
    };
    context.authorize_write(Class::Consent, judged_as, &before)?;
    let target = custody_transfers::table
        .filter(custody_transfers::id.eq(id))
        .filter(custody_transfers::version.eq(input.version));
    let now = context.now();
    let connection = transaction.connection()?;
    let written = match state {
        CustodyTransferState::Accepted => {
            diesel::update(target).set(custody_transfers::accepted_at.eq(now)).execute(connection).await
        }
        CustodyTransferState::Declined => {
            diesel::update(target).set(custody_transfers::declined_at.eq(now)).execute(connection).await
        }
        CustodyTransferState::Proposed | CustodyTransferState::Withdrawn => {
            diesel::update(target).set(custody_transfers::withdrawn_at.eq(now)).execute(connection).await
        }
    };
    let written = match written {
        Ok(written) => written,
        Err(error) => {
            let message = match constraint(&error) {
                Some("custody_transfers_settled") => "This transfer was answered or withdrawn before.",
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
