//! The referral of a person: their case, handed from one agency to another.

mod graphql;
mod load;
mod operations;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::access::FactSource;
use crate::census::{PersonFacts, Purpose, person_facts};
use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::Id;

pub(super) use graphql::{of_a_person, register};
pub(in crate::coordination) use load::by_ids as referrals_by_ids;
pub(crate) use operations::end_cases;

graphql_enum! {
    /// By what right a person's data is handed on (R10).
    pub enum LegalBasis {
        /// The person agreed.
        Consent = "CONSENT",
        /// Life or health depends on it.
        VitalInterest = "VITAL_INTEREST",
        /// A law demands it.
        LegalDuty = "LEGAL_DUTY",
        /// The agency's public task, as law has it.
        PublicInterest = "PUBLIC_INTEREST",
    }
}

graphql_enum! {
    /// Where a referral stands.
    pub enum ReferralState {
        /// The recipient has not answered.
        Proposed = "PROPOSED",
        /// The recipient took the case: the person's data is shared with it for the purpose.
        Accepted = "ACCEPTED",
        /// The recipient did not take the case.
        Declined = "DECLINED",
        /// The case is over.
        Ended = "ENDED",
    }
}

graphql_enum! {
    /// A class of a person's data that a referral may carry.
    pub enum SharedClass {
        /// Who they are, and whose household they are of: IDENTITY and FAMILY.
        Identity = "IDENTITY",
        /// What they agreed to, and to whom they were referred.
        Consent = "CONSENT",
        /// Their migration status.
        Migration = "MIGRATION",
        /// Courses, school places and revalidations.
        Education = "EDUCATION",
        /// Work sought and found.
        Employment = "EMPLOYMENT",
        /// Where they live, or are to live.
        Housing = "HOUSING",
    }
}

record! {
    /// A person's case, handed from one agency to another for a purpose and on a legal basis.
    #[derive(Serialize, Deserialize)]
    pub struct Referral: "Referral" as Referral, id "referral" {
        /// Global id.
        id: Id<Referral> => Public identifying,
        /// For what.
        purpose: Purpose => Consent,
        /// By what right.
        legal_basis: LegalBasis => Consent,
        /// Which of the person's data it shares; null for all that the recipient's role reads for the purpose, or where a consent says it.
        classes: Option<Vec<SharedClass>> => Consent,
        /// When it ends by itself; open where null.
        ends_at: Option<DateTime<Utc>> => Consent,
        /// Where it stands.
        state: ReferralState => Consent,
        /// When it was opened.
        opened_at: DateTime<Utc> => Consent,
        /// When the recipient took the case.
        accepted_at: Option<DateTime<Utc>> => Consent,
        /// When the case was over.
        ended_at: Option<DateTime<Utc>> => Consent,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Consent,
        /// Whose case it is.
        person_id: Uuid,
        /// Key of the agency that refers.
        sender_id: Uuid,
        /// Its code.
        sender: String,
        /// Key of the agency that is asked to take the case.
        recipient_id: Uuid,
        /// Its code.
        recipient: String,
        /// The facts of the person.
        person: PersonFacts,
    }
}

impl Facts for Referral {
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

/// Where the facts of a referral stand in a query that joins referrals, persons and shelters.
fn referral_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::Agency => Some(FactSource::Column("referrals.sender")),
        Fact::Recipient => Some(FactSource::Column("referrals.recipient")),
        _ => person_facts(fact),
    }
}
