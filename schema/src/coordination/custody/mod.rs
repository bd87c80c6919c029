//! Which agency answers for a person's case, and how that is handed on. At first it is the operator.
//!
//! A referral grants a view; a transfer moves custody, and shares nothing: what the new holder reads of the person is what its role, a consent or
//! a referral gives it. The database holds that a person has one holder at a time, that only the holder proposes, and one transfer at a time.

mod end;
mod graphql;
mod load;
mod propose;
mod settle;
mod tables;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::access::FactSource;
use crate::census::{PersonFacts, Purpose, person_facts};
use crate::context::Context;
use crate::coordination::referrals::LegalBasis;
use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(crate) use end::end_custody_transfers;
pub(super) use graphql::{of_a_person, register};

/// The agency that answers for whoever comes, and in the place of a holder whose agreement has ended.
const OPERATOR: &str = "DIF_MUNICIPAL";

graphql_enum! {
    /// Where a transfer of custody stands.
    pub enum CustodyTransferState {
        /// The recipient has not answered.
        Proposed = "PROPOSED",
        /// The recipient answers for the case from then on.
        Accepted = "ACCEPTED",
        /// The recipient did not take it.
        Declined = "DECLINED",
        /// It is not to be answered any more.
        Withdrawn = "WITHDRAWN",
    }
}

graphql_enum! {
    /// Why a transfer of custody is not to be answered any more.
    pub enum CustodyWithdrawal {
        /// The holder took the proposal back.
        Holder = "HOLDER",
        /// The person left.
        Departed = "DEPARTED",
        /// The cancellation of what is known of the person was granted.
        Withheld = "WITHHELD",
    }
}

record! {
    /// That an agency hands on to another who answers for a person's case.
    #[derive(Serialize, Deserialize)]
    pub struct CustodyTransfer: "CustodyTransfer" as CustodyTransfer, id "custody_transfer" {
        /// Global id.
        id: Id<CustodyTransfer> => Public identifying,
        /// For what.
        purpose: Purpose => Consent,
        /// By what right.
        legal_basis: LegalBasis => Consent,
        /// Where it stands.
        state: CustodyTransferState => Consent,
        /// When it was proposed.
        proposed_at: DateTime<Utc> => Consent,
        /// When it was accepted, declined or withdrawn.
        settled_at: Option<DateTime<Utc>> => Consent,
        /// Why it was withdrawn.
        withdrawn_because: Option<CustodyWithdrawal> => Consent,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Consent,
        /// Whose case it is.
        person_id: Uuid,
        /// Key of the agency that hands it on.
        sender_id: Uuid,
        /// Its code.
        sender: String,
        /// Key of the agency that is to answer for it.
        recipient_id: Uuid,
        /// Its code.
        recipient: String,
        /// The facts of the person.
        person: PersonFacts,
    }
}

impl Facts for CustodyTransfer {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(&self.sender),
            Fact::Recipient => Some(&self.recipient),
            _ => self.person.fact(fact),
        }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.person.members(fact)
    }
}

impl CustodyTransfer {
    /// As the holder's hand is judged: where the agreement of its agency has ended, the operator's is in its place, so that no case stays with
    /// an agency that is gone.
    fn by_its_holder(&self, context: &Context) -> Self {
        let directory = context.system().directory.load();
        let acts = directory.agreement_in_force(&self.sender, context.now()) == Some(true);
        let sender = if acts { self.sender.clone() } else { OPERATOR.to_owned() };
        Self { sender, ..self.clone() }
    }
}

/// Where the facts of a transfer stand in a query that joins transfers, persons and shelters.
fn transfer_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::Agency => Some(FactSource::Column("custody_transfers.sender")),
        Fact::Recipient => Some(FactSource::Column("custody_transfers.recipient")),
        _ => person_facts(fact),
    }
}

/// In the journal: a transfer of custody was proposed, accepted, declined or withdrawn.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustodyTransferChanged {
    custody_transfer: Uuid,
    sender: String,
    recipient: String,
    purpose: Purpose,
    legal_basis: LegalBasis,
    state: CustodyTransferState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawn_because: Option<CustodyWithdrawal>,
}

impl Change for CustodyTransferChanged {
    const NAME: &'static str = "coordination.custodyTransferChanged";
}
