//! Health: the medical assessment of a person, their visits to a clinician, and what was concluded. Sealed under the person's key, read
//! by clinicians alone, save in an emergency (R21).
//!
//! What is done for a person tells what ails them: before the policies a visit is what a diagnosis is, and stays in the health services.
//! What others are to know, where a person is to be placed, is of their PLACEMENT, and says no reason.

mod assess;
mod births;
pub(crate) mod care;
mod graphql;
mod hospitals;
mod load;
mod pregnancies;
mod prescriptions;
mod risk;
pub(crate) mod tables;
mod vaccinations;
mod visits;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::access::FactSource;
use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::Id;

pub(crate) use births::{BIRTH, Birth, Delivered, NewbornLodging};
pub(crate) use care::{Care, slot};
pub(crate) use graphql::{of_a_person, register};
pub(crate) use hospitals::{MedicalReferral, SENT};
pub(crate) use pregnancies::{Gestation, LASTS, Pregnancy, PregnancyEnding, RULE as CONTROLS_RULE};
pub(crate) use prescriptions::{HANDED, Handed, ORDER, Order, Prescription};
pub(crate) use risk::{RULE, risk};
pub(crate) use vaccinations::{DeclaredVaccination, Vaccination, hand_on_vaccinations};
pub(crate) use visits::{Encounter, Specialty, VISIT, Visit};

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
    /// How urgent a person's state is, by the published rule.
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
        /// Respiratory rate, breaths a minute.
        respiratory_rate: Option<i32> => Health,
        /// Systolic blood pressure in millimetres of mercury.
        systolic_mmhg: Option<i32> => Health,
        /// Diastolic blood pressure in millimetres of mercury.
        diastolic_mmhg: Option<i32> => Health,
        /// Oxygen saturation of the blood in percent.
        oxygen_saturation: Option<i32> => Health,
        /// Weight in grams.
        weight_grams: Option<i32> => Health,
        /// Height in centimetres.
        height_centimetres: Option<i32> => Health,
        /// What the person complains of.
        symptoms: Option<Vec<Symptom>> => Health,
        /// How urgent it is, as computed.
        risk: Option<HealthRisk> => Health,
        /// Name and version of the rule that computed it; null where it is of before there was one.
        risk_rule: Option<String> => Health,
        /// Whether a consultation should follow.
        consultation_advised: Option<bool> => Health,
        /// Of whom.
        person_id: Uuid,
        /// Their key, as policies compare it.
        person: String,
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
        assessment_id: Option<Uuid>,
        /// Or the visit in which it was made.
        visit_id: Option<Uuid>,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

/// Records of which policies ask whose they are, and nothing else.
macro_rules! of_a_person {
    ($($name:path),+ $(,)?) => { $(
        impl Facts for $name {
            fn fact(&self, fact: Fact) -> Option<&str> {
                (fact == Fact::Person).then_some(&self.person)
            }
        }
    )+ };
}
of_a_person!(
    Assessment,
    Diagnosis,
    Visit,
    assess::RecordAssessmentPayload,
    visits::OpenVisitPayload,
    visits::CloseVisitPayload,
    visits::RecordDiagnosisPayload,
    Prescription,
    prescriptions::Dispensing,
    prescriptions::PrescribePayload,
    prescriptions::DispensePayload,
    MedicalReferral,
    hospitals::ReferToHospitalPayload,
    hospitals::AnswerMedicalReferralPayload,
    hospitals::EndMedicalReferralPayload,
    Pregnancy,
    pregnancies::PrenatalControl,
    pregnancies::RecordPregnancyPayload,
    pregnancies::EndPregnancyPayload,
    Birth,
    Vaccination,
    vaccinations::VaccinationScheme,
    vaccinations::VaccineDoses,
    vaccinations::RecordVaccinationPayload,
);

/// What the journal calls whatever is done for a person in a visit: an operation's name is not sealed, and is to tell nothing.
const CARE: &str = "health.recordCare";

/// Where the facts of an assessment stand in a query of its table.
fn assessment_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::Person => Some(FactSource::Column("assessments.person_id::text")),
        Fact::Withheld => Some(FactSource::Column(
            "(SELECT persons.withheld FROM persons WHERE persons.id = assessments.person_id)",
        )),
        _ => None,
    }
}

/// Where the facts of a diagnosis stand in a query of its table.
fn diagnosis_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::Person => Some(FactSource::Column("diagnoses.person_id::text")),
        Fact::Withheld => Some(FactSource::Column(
            "(SELECT persons.withheld FROM persons WHERE persons.id = diagnoses.person_id)",
        )),
        _ => None,
    }
}

/// What was measured of a person, in the units of [`Assessment`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Vitals {
    pub(crate) temperature_decicelsius: Option<i32>,
    pub(crate) pulse: Option<i32>,
    pub(crate) respiratory_rate: Option<i32>,
    pub(crate) systolic_mmhg: Option<i32>,
    pub(crate) diastolic_mmhg: Option<i32>,
    pub(crate) oxygen_saturation: Option<i32>,
    pub(crate) weight_grams: Option<i32>,
    pub(crate) height_centimetres: Option<i32>,
}

/// What is sealed of an assessment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Findings {
    #[serde(flatten)]
    pub(crate) vitals: Vitals,
    pub(crate) symptoms: Vec<Symptom>,
    pub(crate) risk: HealthRisk,
    #[serde(default)]
    pub(crate) risk_rule: Option<String>,
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
