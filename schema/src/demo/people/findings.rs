//! What a first assessment finds of somebody.

use super::someone::Someone;
use crate::demo::Random;
use crate::health::{Findings, HealthRisk, RULE, Symptom, Vitals, risk};

pub(super) const SYMPTOMS: [Symptom; 5] =
    [Symptom::Fever, Symptom::Cough, Symptom::Breathlessness, Symptom::Gastric, Symptom::Pain];

/// Codes of ICD-10.
pub(super) const EXAMINED: (&str, &str) = ("Z00.0", "Examen general");
pub(super) const PREGNANT: (&str, &str) = ("Z34", "Supervisión de embarazo normal");
pub(super) const CONCLUSIONS: [(&str, &str); 7] = [
    ("J06.9", "Infección aguda de las vías respiratorias superiores"),
    ("A09", "Gastroenteritis"),
    ("I10", "Hipertensión arterial"),
    ("E11", "Diabetes mellitus tipo 2"),
    ("L30.9", "Dermatitis"),
    ("M54.5", "Lumbago"),
    ("F43.2", "Trastorno de adaptación"),
];

/// What is found of somebody who is a minor or not, weighs so many kilograms, and is ill or not.
pub(super) fn findings(random: &mut Random, someone: &Someone, ill: bool) -> Findings {
    let symptoms: Vec<Symptom> =
        SYMPTOMS.into_iter().filter(|_| random.chance(if ill { 40 } else { 4 })).collect();
    let temperature =
        if symptoms.contains(&Symptom::Fever) { random.between(378, 395) } else { random.between(361, 372) };
    let pulse = random.between(62, 104);
    // Drawn apart from what follows of the same person.
    let mut random = Random::seeded(&format!("vitals/{}", someone.code));
    let minor = someone.is_minor();
    let grown = someone.age.min(18);
    let vitals = Vitals {
        temperature_decicelsius: Some(temperature),
        pulse: Some(pulse),
        respiratory_rate: Some(random.between(13, 20) + (18 - grown) / 2),
        systolic_mmhg: (!minor).then(|| random.between(104, 139)),
        diastolic_mmhg: (!minor).then(|| random.between(62, 89)),
        oxygen_saturation: Some(if symptoms.contains(&Symptom::Breathlessness) {
            random.between(90, 94)
        } else {
            random.between(95, 99)
        }),
        weight_grams: Some(4_000 + grown * 3_000 + random.between(0, 12_000)),
        height_centimetres: Some(55 + grown * 6 + random.between(0, 14)),
    };
    let risk = risk(&vitals, &symptoms, minor);
    Findings {
        vitals,
        symptoms,
        risk,
        risk_rule: Some(RULE.to_owned()),
        consultation_advised: risk != HealthRisk::Low,
    }
}
