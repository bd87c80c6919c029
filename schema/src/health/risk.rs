//! How urgent a person's state is: computed by a published rule, and never typed in.
//!
//! `ENLACE-TRIAGE/1`. The first of these that holds decides:
//!
//! | risk | where one of these holds |
//! |---|---|
//! | `HIGH` | shortness of breath; three symptoms or more; oxygen saturation of 91 % or less; a temperature of 35.0 °C or less, or of 40.0 °C or more; of an adult: pulse 40 or less, or 131 or more; respiratory rate 8 or less, or 25 or more; systolic pressure 90 or less, or 220 or more |
//! | `MODERATE` | fever, or diarrhoea or vomiting; two symptoms; oxygen saturation of 92 to 94 %; a temperature of 38.0 °C or more; of an adult: pulse 111 or more; respiratory rate 21 or more; systolic pressure 100 or less |
//! | `LOW` | none |
//!
//! A consultation is advised wherever the risk is not `LOW`. Of minors pulse, respiratory rate and blood pressure are kept and not
//! judged: what is usual turns on their age. The thresholds of adults follow the early warning scores in common use; a clinician's
//! own judgement stands above the rule, and is what a visit is for. Another rule, or other thresholds, get another name or number:
//! what was computed stays as it was.

use super::{HealthRisk, Symptom, Vitals};

/// The rule's name and version, kept with every risk that it computed.
pub(crate) const RULE: &str = "ENLACE-TRIAGE/1";

/// The risk by what was measured, what the person complains of, and whether they count as a minor.
pub(crate) fn risk(vitals: &Vitals, symptoms: &[Symptom], minor: bool) -> HealthRisk {
    let any = |measured: Option<i32>, is: fn(i32) -> bool| measured.is_some_and(is);
    let of_adult = |measured: Option<i32>, is: fn(i32) -> bool| !minor && measured.is_some_and(is);
    let high = symptoms.len() >= 3
        || symptoms.contains(&Symptom::Breathlessness)
        || any(vitals.oxygen_saturation, |percent| percent <= 91)
        || any(vitals.temperature_decicelsius, |tenths| tenths <= 350 || tenths >= 400)
        || of_adult(vitals.pulse, |beats| beats <= 40 || beats >= 131)
        || of_adult(vitals.respiratory_rate, |breaths| breaths <= 8 || breaths >= 25)
        || of_adult(vitals.systolic_mmhg, |pressure| pressure <= 90 || pressure >= 220);
    let moderate = symptoms.len() == 2
        || symptoms.iter().any(|symptom| matches!(symptom, Symptom::Fever | Symptom::Gastric))
        || any(vitals.oxygen_saturation, |percent| percent <= 94)
        || any(vitals.temperature_decicelsius, |tenths| tenths >= 380)
        || of_adult(vitals.pulse, |beats| beats >= 111)
        || of_adult(vitals.respiratory_rate, |breaths| breaths >= 21)
        || of_adult(vitals.systolic_mmhg, |pressure| pressure <= 100);
    match (high, moderate) {
        (true, _) => HealthRisk::High,
        (_, true) => HealthRisk::Moderate,
        _ => HealthRisk::Low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vital signs of which one is measured.
    fn measured(set: impl FnOnce(&mut Vitals)) -> Vitals {
        let mut vitals = Vitals::default();
        set(&mut vitals);
        vitals
    }

    #[test]
    fn each_threshold_stands_where_it_is_published() {
        use HealthRisk::{High, Low, Moderate};
        type Sign = (fn(&mut Vitals, i32), &'static [(i32, HealthRisk)]);
        let cases: [Sign; 5] = [
            (
                |vitals, value| vitals.oxygen_saturation = Some(value),
                &[(91, High), (92, Moderate), (94, Moderate), (95, Low)],
            ),
            (
                |vitals, value| vitals.temperature_decicelsius = Some(value),
                &[(350, High), (351, Low), (379, Low), (380, Moderate), (399, Moderate), (400, High)],
            ),
            (
                |vitals, value| vitals.pulse = Some(value),
                &[(40, High), (41, Low), (110, Low), (111, Moderate), (130, Moderate), (131, High)],
            ),
            (
                |vitals, value| vitals.respiratory_rate = Some(value),
                &[(8, High), (9, Low), (20, Low), (21, Moderate), (24, Moderate), (25, High)],
            ),
            (
                |vitals, value| vitals.systolic_mmhg = Some(value),
                &[(90, High), (91, Moderate), (100, Moderate), (101, Low), (219, Low), (220, High)],
            ),
        ];
        for (number, (set, thresholds)) in cases.into_iter().enumerate() {
            for (value, expected) in thresholds {
                let vitals = measured(|vitals| set(vitals, *value));
                assert_eq!(risk(&vitals, &[], false), *expected, "sign {number} of {value}");
                // What is usual of a minor turns on their age.
                let of_minor = if number < 2 { *expected } else { Low };
                assert_eq!(risk(&vitals, &[], true), of_minor, "sign {number} of {value}, of a minor");
            }
        }
    }

    #[test]
    fn symptoms_alone_decide_where_nothing_was_measured() {
        use Symptom::{Breathlessness, Cough, Fever, Gastric, Pain};
        for (symptoms, expected) in [
            (&[][..], HealthRisk::Low),
            (&[Pain], HealthRisk::Low),
            (&[Cough], HealthRisk::Low),
            (&[Fever], HealthRisk::Moderate),
            (&[Gastric], HealthRisk::Moderate),
            (&[Cough, Pain], HealthRisk::Moderate),
            (&[Breathlessness], HealthRisk::High),
            (&[Cough, Pain, Fever], HealthRisk::High),
        ] {
            assert_eq!(risk(&Vitals::default(), symptoms, false), expected, "{symptoms:?}");
        }
    }
}
