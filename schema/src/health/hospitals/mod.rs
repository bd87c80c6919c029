//! Referrals to the second level: to a hospital, which takes a case or declines it, and what came of it.

mod load;
mod refer;
mod steps;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::visits::Specialty;
use crate::access::FactSource;
use crate::census::{self, Person};
use crate::graph::{Graph, Record, graphql_enum, record};
use crate::scalars::Id;

pub(crate) use load::hospital_referrals_of;
pub(super) use refer::ReferToHospitalPayload;
pub(super) use steps::{AnswerMedicalReferralPayload, EndMedicalReferralPayload};

graphql_enum! {
    /// How far a referral to a hospital is.
    pub enum MedicalReferralState {
        /// The hospital has not answered.
        Sent = "SENT",
        /// The hospital takes the case.
        Accepted = "ACCEPTED",
        /// The hospital does not take it.
        Declined = "DECLINED",
        /// The hospital has ended its care.
        Ended = "ENDED",
    }
}

record! {
    /// A person's case, sent to a hospital.
    pub struct MedicalReferral: "MedicalReferral" as Diagnosis, id "medical_referral" {
        /// Global id.
        id: Id<MedicalReferral> => Public identifying,
        /// How far it is.
        state: MedicalReferralState => Health,
        /// When it was sent.
        referred_at: DateTime<Utc> => Health,
        /// When the hospital answered.
        answered_at: Option<DateTime<Utc>> => Health,
        /// When the hospital ended its care.
        ended_at: Option<DateTime<Utc>> => Health,
        /// The hospital.
        hospital: Option<String> => Health,
        /// The specialty that is asked for.
        specialty: Option<Specialty> => Health,
        /// Why it was sent.
        reason: Option<String> => Health,
        /// What the hospital answered, in words.
        answer: Option<String> => Health,
        /// What came of it.
        outcome: Option<String> => Health,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Health,
        /// Of whom.
        person_id: Uuid,
        /// Their key, as policies compare it.
        person: String,
    }
}

/// What is sealed of a referral to a hospital.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    hospital: String,
    specialty: Specialty,
    reason: String,
    answer: Option<String>,
    outcome: Option<String>,
}

/// What it is sealed as.
pub(crate) const SENT: &str = "medicalReferral";

/// Where the facts of such a referral stand in a query of its table.
fn referral_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::Person => Some(FactSource::Column("medical_referrals.person_id::text")),
        Fact::Withheld => Some(FactSource::Column(
            "(SELECT persons.withheld FROM persons WHERE persons.id = medical_referrals.person_id)",
        )),
        _ => None,
    }
}

/// A payload that shows one referral.
trait Shows: Record {
    /// Its key.
    fn referral(&self) -> Uuid;
}

fn payload<P: Shows>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "medicalReferral",
                Class::Health,
                "The referral as it is now.",
                |payload| Some(payload.referral()),
                load::by_ids,
                |referral: &MedicalReferral| referral.id.uuid(),
            )
            .in_scope::<MedicalReferral>()
    });
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<MedicalReferral>(|referral| {
        referral
            .one(
                "person",
                Class::Identity,
                "Of whom.",
                |referral| Some(referral.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
    });
    graph.node::<MedicalReferral, _, _>(Class::Health, load::by_ids);
    payload::<ReferToHospitalPayload>(graph);
    payload::<AnswerMedicalReferralPayload>(graph);
    payload::<EndMedicalReferralPayload>(graph);
    graph
        .mutation(
            "referToHospital",
            Class::Health,
            "Sends a person's case to a hospital, in a visit that is open. Needs a purpose.",
        )
        .either(RecordType::Diagnosis, refer::refer_to_hospital);
    graph
        .mutation(
            "answerMedicalReferral",
            Class::Health,
            "Records that a hospital takes a case, or declines it. Needs a purpose.",
        )
        .either(RecordType::Diagnosis, steps::answer_medical_referral);
    graph
        .mutation(
            "endMedicalReferral",
            Class::Health,
            "Records that a hospital has ended its care, and what came of it. Needs a purpose.",
        )
        .either(RecordType::Diagnosis, steps::end_medical_referral);
}
