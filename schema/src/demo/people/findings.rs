//! What a first assessment finds of somebody.

use crate::demo::Random;
use crate::health::{Findings, HealthRisk, Symptom};

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

pub(super) fn findings(random: &mut Random, ill: bool) -> Findings {
    let symptoms: Vec<Symptom> =
        SYMPTOMS.into_iter().filter(|_| random.chance(if ill { 40 } else { 4 })).collect();
    let risk = match (ill, symptoms.len()) {
        (true, 3..) => HealthRisk::High,
        (true, _) => HealthRisk::Moderate,
        (false, _) => HealthRisk::Low,
    };
    Findings {
        temperature_decicelsius: Some(if symptoms.contains(&Symptom::Fever) {
            random.between(378, 395)
        } else {
            random.between(361, 372)
        }),
        pulse: Some(random.between(62, 104)),
        symptoms,
        risk,
        consultation_advised: risk != HealthRisk::Low,
    }
}
