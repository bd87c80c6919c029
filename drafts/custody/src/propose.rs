//! Proposing that another agency answers for a person's case.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::holder_in;
use super::settle::{done, shown};
use super::{CustodyTransfer, CustodyTransferState};
use crate::agencies::Agency;
use crate::census::{self, Person, Purpose};
use crate::context::Context;
use crate::coordination::referrals::LegalBasis;
use crate::coordination::tables::custody_transfers;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Begun, Done, Transaction, constraint};
use crate::problem::{ConsentMissing, IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

input! {
    /// A person's case, for which another agency is to answer.
    pub struct ProposeCustodyTransfer {
        /// The person; one for whose case the caller's agency answers.
        pub person: Id<Person>,
        /// The agency that is to answer for it.
        pub recipient: Id<Agency>,
        /// For what.
        pub purpose: Purpose,
        /// By what right it is handed on; on the ground of consent, one must stand.
        pub legal_basis: LegalBasis,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A transfer of custody, proposed.
    pub struct ProposeCustodyTransferPayload: "ProposeCustodyTransferPayload" as CustodyTransfer {
        /// The transfer.
        transfer: CustodyTransfer,
    }
}

union! {
    /// The transfer, proposed; or why it was not.
    pub enum ProposeCustodyTransferResult {
        Payload(ProposeCustodyTransferPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        ConsentMissing(ConsentMissing),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Refused<T> = std::result::Result<T, ProposeCustodyTransferResult>;

/// Proposes a transfer. The holder names the person by their id, and needs to read nothing else of them: custody shares nothing.
pub(super) async fn propose_custody_transfer(
    context: Context,
    input: ProposeCustodyTransfer,
) -> Result<ProposeCustodyTransferResult> {
    context.personal_scope(Class::Consent, RecordType::CustodyTransfer)?;
    let key = input.idempotency_key.clone();
    let begun = Transaction::begin(&context, "coordination.proposeCustodyTransfer", &key, &input).await?;
    let mut transaction = match begun {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => {
            return Ok(shown::<ProposeCustodyTransferPayload>(&context, payload).into());
        }
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    let proposed = propose(&context, &mut transaction, &input).await;
    transaction.conclude(proposed).await
}

async fn propose(
    context: &Context,
    transaction: &mut Transaction<'_, ProposeCustodyTransferPayload>,
    input: &ProposeCustodyTransfer,
) -> Result<Refused<Done<ProposeCustodyTransferPayload>>> {
    let person_id = input.person.uuid();
    let Some((sender, person)) = holder_in(context, transaction.connection()?, person_id).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    let recipient = context.agency_code(input.recipient.uuid());
    let transfer = CustodyTransfer {
        id: Id::new(context.new_uuid()?),
        purpose: input.purpose,
        legal_basis: input.legal_basis,
        state: CustodyTransferState::Proposed,
        proposed_at: context.now(),
        settled_at: None,
        version: 1,
        person_id,
        sender_id: context.agency(&sender)?,
        sender,
        recipient_id: input.recipient.uuid(),
        recipient,
        person,
    };
    // To whoever neither holds the case nor may see that there is such a person, there is none.
    if let Err(refused) =
        context.authorize_write(Class::Consent, RecordType::CustodyTransfer, &transfer)
    {
        return match census::reaches(context, person_id).await? {
            true => Err(refused),
            false => Ok(Err(NotFound::new("person").into())),
        };
    }
    if transfer.recipient.is_empty() {
        return Ok(Err(NotFound::new("recipient").into()));
    }
    let row = (
        custody_transfers::id.eq(transfer.id),
        custody_transfers::programme_id.eq(context.programme_id()),
        custody_transfers::person_id.eq(person_id),
        custody_transfers::sender.eq(&transfer.sender),
        custody_transfers::recipient.eq(&transfer.recipient),
        custody_transfers::purpose.eq(transfer.purpose),
        custody_transfers::legal_basis.eq(transfer.legal_basis),
        custody_transfers::proposed_at.eq(transfer.proposed_at),
        custody_transfers::user_id.eq(context.actor()?.user),
    );
    let proposing = diesel::insert_into(custody_transfers::table).values(row);
    if let Err(error) = proposing.execute(transaction.connection()?).await {
        let refused = match constraint(&error) {
            Some("custody_transfers_elsewhere") => {
                InvalidValue::new("recipient", "A case is handed on to another agency than one's own.").into()
            }
            Some("custody_transfers_one_open") => {
                StateConflict::new("A transfer of this case is open. Wait for its answer, or withdraw it.").into()
            }
            Some("custody_transfers_by_holder") => {
                StateConflict::new("Another agency answers for this case by now. Read it again.").into()
            }
            Some("custody_transfers_consent_stands") => ConsentMissing::new().into(),
            Some(census::TAKES_NOTHING) => StateConflict::new(census::MERGED).into(),
            _ => return Err(error.into()),
        };
        return Ok(Err(refused));
    }
    Ok(Ok(done(context, transfer)?))
}
