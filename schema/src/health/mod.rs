//! Health: the medical assessment of a person, and what was concluded of it. Sealed under the person's key, read by
//! clinicians alone, save in an emergency (R21).

mod graphql;
mod load;
pub(crate) mod tables;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::access::FactSource;
use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::Id;

pub(crate) use graphql::register;
pub(crate) use load::assessments_of;

graphql_enum! {
    /// What a person complains of, as far as it decides on risk.
    pub enum Symptom {
        /// Fever.
        Fever = "FEVER",
        /// Cough.
        Cough = "COUGH",
        /// Short of breath.
        Breathlessness = "BREATHLESSNESS",
        /// Diarrhoea or vomiting.
        Gastric = "GASTRIC",
        /// Pain.
        Pain = "PAIN",
    }
}

graphql_enum! {
    /// How urgent a person's state is, by their symptoms.
    pub enum HealthRisk {
        /// None that shows.
        Low = "LOW",
        /// To be seen within days.
        Moderate = "MODERATE",
        /// To be seen at once.
        High = "HIGH",
    }
}

record! {
    /// A medical assessment.
    pub struct Assessment: "Assessment" as Assessment, id "assessment" {
        /// Global id.
        id: Id<Assessment> => Public identifying,
        /// When it was made.
        assessed_at: DateTime<Utc> => Health,
        /// Body temperature in tenths of a degree Celsius.
        temperature_decicelsius: Option<i32> => Health,
        /// Pulse, beats a minute.
        pulse: Option<i32> => Health,
        /// What the person complains of.
        symptoms: Option<Vec<Symptom>> => Health,
        /// How urgent it is.
        risk: Option<HealthRisk> => Health,
        /// Whether a consultation should follow.
        consultation_advised: Option<bool> => Health,
        /// Of whom.
        person_id: Uuid,
        /// Their key, as policies compare it.
        person: String,
    }
}

impl Facts for Assessment {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Person).then_some(&self.person)
    }
}

record! {
    /// What a clinician concluded.
    pub struct Diagnosis: "Diagnosis" as Diagnosis, id "diagnosis" {
        /// Global id.
        id: Id<Diagnosis> => Public identifying,
        /// When.
        made_at: DateTime<Utc> => Health,
        /// The code of ICD-10.
        code: Option<String> => Health,
        /// In words.
        note: Option<String> => Health,
        /// The assessment that it rests on.
        assessment_id: Uuid,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

impl Facts for Diagnosis {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Person).then_some(&self.person)
    }
}

/// Where the facts of an assessment stand in a query of its table.
fn assessment_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::Person).then_some(FactSource::Column("assessments.person_id::text"))
}

/// Where the facts of a diagnosis stand in a query of its table.
fn diagnosis_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::Person).then_some(FactSource::Column("diagnoses.person_id::text"))
}

/// What is sealed of an assessment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Findings {
    pub(crate) temperature_decicelsius: Option<i32>,
    pub(crate) pulse: Option<i32>,
    pub(crate) symptoms: Vec<Symptom>,
    pub(crate) risk: HealthRisk,
    pub(crate) consultation_advised: bool,
}

/// What is sealed of a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conclusion {
    pub(crate) code: String,
    pub(crate) note: String,
}

/// What they are sealed as.
pub(crate) const FINDINGS: &str = "findings";
pub(crate) const CONCLUSION: &str = "conclusion";
