//! Everyone is assessed and seen, some are diagnosed and given medicine, and children are born.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{CLINICIAN, Rows, Script, camel, named};
use crate::census::{IDENTITY, Identity};
use crate::demo::people::{self, opened};
use crate::error::Result;
use crate::health::{BIRTH, CONCLUSION, Conclusion, Delivered, Encounter, FINDINGS, Findings, VISIT};

/// How long after a visit began a diagnosis is made in it.
const TO_DIAGNOSIS: TimeDelta = TimeDelta::minutes(4);

/// What happens in health care, but for the medicines.
pub(super) fn play(script: &mut Script, rows: &Rows) -> Result<()> {
    for assessment in &rows.people.assessments {
        assess(script, assessment)?;
    }
    let closed: BTreeMap<Uuid, DateTime<Utc>> = rows.dispensing.closed.iter().copied().collect();
    let diagnoses: BTreeMap<Uuid, &people::Diagnosis> =
        rows.people.diagnoses.iter().map(|diagnosis| (diagnosis.person_id, diagnosis)).collect();
    for visit in &rows.people.visits {
        let closed_at = visit.closed_at.or_else(|| closed.get(&visit.id).copied());
        see(script, visit, closed_at, diagnoses.get(&visit.person_id).copied())?;
    }
    for pregnancy in &rows.people.pregnancies {
        let found = json!({"person": named("person", pregnancy.person_id), "dueOn": pregnancy.due_on});
        script
            .change(pregnancy.recorded_at, CLINICIAN, story(pregnancy.person_id), "recordPregnancy", found)
            .makes(named("pregnancy", pregnancy.id), "/pregnancy/id");
    }
    for (birth, newborn) in rows.people.births.iter().zip(&rows.people.newborns) {
        deliver(script, birth, newborn)?;
    }
    Ok(())
}

/// What the acts around a person's health belong to.
pub(super) fn story(person: Uuid) -> String {
    format!("health/{person}")
}

fn assess(script: &mut Script, assessment: &people::Assessment) -> Result<()> {
    let findings: Findings = opened(assessment.person_id, FINDINGS, &assessment.findings)?;
    let found = json!({
        "assessment": named("assessment", assessment.id),
        "person": named("person", assessment.person_id),
        "vitals": camel(&findings.vitals)?,
        "symptoms": findings.symptoms,
    });
    script.change(assessment.assessed_at, CLINICIAN, story(assessment.person_id), "recordAssessment", found);
    Ok(())
}

fn see(
    script: &mut Script,
    visit: &people::Visit,
    closed_at: Option<DateTime<Utc>>,
    diagnosis: Option<&people::Diagnosis>,
) -> Result<()> {
    let encounter: Encounter = opened(visit.person_id, VISIT, &visit.record)?;
    let (own, story) = (named("visit", visit.id), story(visit.person_id));
    let begun =
        json!({"visit": own, "person": named("person", visit.person_id), "specialty": encounter.specialty});
    script.change(visit.opened_at, CLINICIAN, story.clone(), "openVisit", begun);
    if let Some(diagnosis) = diagnosis {
        let Conclusion { code, note } = opened(visit.person_id, CONCLUSION, &diagnosis.conclusion)?;
        let made = json!({"visit": own, "code": code, "note": note});
        script.change(visit.opened_at + TO_DIAGNOSIS, CLINICIAN, story.clone(), "recordDiagnosis", made);
    }
    if let Some(at) = closed_at {
        let over = json!({"visit": own, "note": encounter.note.unwrap_or_else(|| "Consulta de seguimiento".to_owned())});
        script.change(at, CLINICIAN, story, "closeVisit", over).seen("visit");
    }
    Ok(())
}

fn deliver(script: &mut Script, birth: &people::Birth, newborn: &people::Person) -> Result<()> {
    let Delivered { mother, weight_grams, .. } = opened(newborn.id, BIRTH, &birth.record)?;
    let identity: Identity = opened(newborn.id, IDENTITY, &newborn.identity)?;
    let child = json!({
        "givenNames": identity.given_names,
        "familyNames": identity.family_names,
        "sex": identity.sex,
        "weightGrams": weight_grams,
    });
    let born = json!({"mother": named("person", mother), "newborns": [child]});
    script
        .change(birth.born_at, CLINICIAN, story(mother), "registerBirth", born)
        .telling("births { newborn { id } }")
        .makes(named("person", newborn.id), "/births/0/newborn/id");
    Ok(())
}
