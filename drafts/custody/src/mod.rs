//! Which agency answers for a person's case, and how that is handed on. At first it is the operator.
//!
//! A referral grants a view; a transfer moves custody, and shares nothing: what the new holder reads of the person is what its role, a consent or
//! a referral gives it. The database holds that a person has one holder at a time, that only the holder proposes, and one transfer at a time.

mod graphql;
mod load;
mod propose;
mod settle;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::access::FactSource;
use crate::census::{PersonFacts, Purpose, person_facts};
use crate::coordination::referrals::LegalBasis;
use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use graphql::register;
pub(crate) use load::custody_transfers_of;

graphql_enum! {
    /// Where a transfer of custody stands.
    pub enum CustodyTransferState {
        /// The recipient has not answered.
        Proposed = "PROPOSED",
        /// The recipient answers for the case from then on.
        Accepted = "ACCEPTED",
        /// The recipient did not take it.
        Declined = "DECLINED",
        /// The holder took the proposal back.
        Withdrawn = "WITHDRAWN",
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
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Consent,
        /// Whose case it is.
        person_id: Uuid,
        /// Key of the agency that held it.
        sender_id: Uuid,
        /// Its code.
        sender: String,
        /// Key of the agency that is to hold it.
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
    transfer: Uuid,
    sender: String,
    recipient: String,
    purpose: Purpose,
    legal_basis: LegalBasis,
    state: CustodyTransferState,
}

impl Change for CustodyTransferChanged {
    const NAME: &'static str = "coordination.custodyTransferChanged";
}
