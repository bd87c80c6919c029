//! Proposing that another agency answers for a person's case.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::settle::{done, shown};
use super::tables::custody_transfers;
use super::{CustodyTransfer, CustodyTransferState};
use crate::agencies::Agency;
use crate::census::tables::persons;
use crate::census::{self, Person, Purpose, held_facts};
use crate::context::Context;
use crate::coordination::referrals::LegalBasis;
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
        /// The agency that is to answer for it; another than the one that does.
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
        custody_transfer: CustodyTransfer,
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
    let Some(person) = held_facts(context, transaction.connection()?, person_id).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    let holder = persons::table.find(person_id).select(persons::custodian);
    let sender: String = holder.first(transaction.connection()?).await?;
    let transfer = CustodyTransfer {
        id: Id::new(context.new_uuid()?),
        purpose: input.purpose,
        legal_basis: input.legal_basis,
        state: CustodyTransferState::Proposed,
        proposed_at: context.now(),
        settled_at: None,
        withdrawn_because: None,
        version: 1,
        person_id,
        sender_id: context.agency(&sender)?,
        sender,
        recipient_id: input.recipient.uuid(),
        recipient: context.agency_code(input.recipient.uuid()),
        person,
    };
    let judged = transfer.by_its_holder(context);
    if let Err(refused) = context.authorize_write(Class::Consent, RecordType::CustodyTransfer, &judged) {
        // To whoever neither holds the case nor may see that there is such a person, there is none.
        return if census::reaches(context, person_id).await? {
            Err(refused)
        } else {
            Ok(Err(NotFound::new("person").into()))
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
                let message = "A case is handed on to another agency than the one that answers for it.";
                InvalidValue::new("recipient", message).into()
            }
            Some("custody_transfers_one_open") => {
                let message = "A transfer of this case is open. Wait for its answer, or withdraw it.";
                StateConflict::new(message).into()
            }
            Some("custody_transfers_consent_stands") => ConsentMissing::new().into(),
            Some(census::TAKES_NOTHING) => StateConflict::new(census::MERGED).into(),
            _ => return Err(error.into()),
        };
        return Ok(Err(refused));
    }
    Ok(Ok(done(context, transfer)?))
}
