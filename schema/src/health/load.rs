//! Reads of health records, scoped to the caller, who must have stated a purpose.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::context::Context;
use crate::error::Result;
use crate::health::tables::{assessments, diagnoses};
use crate::health::{
    Assessment, CONCLUSION, Conclusion, Diagnosis, FINDINGS, Findings, assessment_facts, diagnosis_facts,
};
use crate::scalars::Id;
use crate::vault::Keys;

/// A row of each table: its key, the person's, for a diagnosis the assessment's or the visit's, the time, and what is sealed.
pub(super) type AssessmentRow = (Uuid, Uuid, DateTime<Utc>, Vec<u8>);
type DiagnosisRow = (Uuid, Uuid, Option<Uuid>, Option<Uuid>, DateTime<Utc>, Vec<u8>);

async fn assessments(
    context: Context,
    narrow: impl FnOnce(assessments::BoxedQuery<'static, Pg>) -> assessments::BoxedQuery<'static, Pg>,
) -> Result<Vec<Assessment>> {
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Assessment)? else {
        return Ok(Vec::new());
    };
    let query = narrow(assessments::table.into_boxed())
        .filter(InScope::new(&scope, assessment_facts))
        .order((assessments::assessed_at, assessments::id));
    let reader = context.reader().await?;
    let rows: Vec<AssessmentRow> = query.load(&mut &*reader).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.1).collect()).await?;
    context.discloses(rows.iter().map(|row| row.1));
    rows.into_iter().map(|row| assessment(&keys, row)).collect()
}

/// An assessment, opened.
pub(super) fn assessment(
    keys: &Keys,
    (id, person_id, assessed_at, sealed): AssessmentRow,
) -> Result<Assessment> {
    let found: Option<Findings> = keys.open(person_id, FINDINGS, &sealed)?;
    let vitals = found.as_ref().map(|found| found.vitals.clone()).unwrap_or_default();
    Ok(Assessment {
        id: Id::new(id),
        assessed_at,
        temperature_decicelsius: vitals.temperature_decicelsius,
        pulse: vitals.pulse,
        respiratory_rate: vitals.respiratory_rate,
        systolic_mmhg: vitals.systolic_mmhg,
        diastolic_mmhg: vitals.diastolic_mmhg,
        oxygen_saturation: vitals.oxygen_saturation,
        weight_grams: vitals.weight_grams,
        height_centimetres: vitals.height_centimetres,
        risk: found.as_ref().map(|found| found.risk),
        risk_rule: found.as_ref().and_then(|found| found.risk_rule.clone()),
        consultation_advised: found.as_ref().map(|found| found.consultation_advised),
        symptoms: found.map(|found| found.symptoms),
        person_id,
        person: person_id.to_string(),
    })
}

/// The assessments of some people, oldest first.
pub(crate) async fn assessments_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Assessment>> {
    assessments(context, |query| query.filter(assessments::person_id.eq_any(people))).await
}

/// Assessments by key.
pub(crate) async fn assessments_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Assessment>> {
    assessments(context, |query| query.filter(assessments::id.eq_any(ids))).await
}

async fn diagnoses(
    context: Context,
    narrow: impl FnOnce(diagnoses::BoxedQuery<'static, Pg>) -> diagnoses::BoxedQuery<'static, Pg>,
) -> Result<Vec<Diagnosis>> {
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Diagnosis)? else {
        return Ok(Vec::new());
    };
    let query = narrow(diagnoses::table.into_boxed())
        .filter(InScope::new(&scope, diagnosis_facts))
        .order((diagnoses::made_at, diagnoses::id));
    let reader = context.reader().await?;
    let rows: Vec<DiagnosisRow> = query.load(&mut &*reader).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.1).collect()).await?;
    context.discloses(rows.iter().map(|row| row.1));
    rows.into_iter()
        .map(|(id, person_id, assessment_id, visit_id, made_at, sealed)| {
            let concluded: Option<Conclusion> = keys.open(person_id, CONCLUSION, &sealed)?;
            let (code, note) =
                concluded.map_or((None, None), |concluded| (Some(concluded.code), Some(concluded.note)));
            let person = person_id.to_string();
            Ok(Diagnosis { id: Id::new(id), made_at, code, note, assessment_id, visit_id, person })
        })
        .collect()
}

/// The diagnoses that rest on some assessments, oldest first.
pub(crate) async fn diagnoses_of(context: Context, assessments: Vec<Uuid>) -> Result<Vec<Diagnosis>> {
    diagnoses(context, |query| query.filter(diagnoses::assessment_id.eq_any(assessments))).await
}

/// The diagnoses that were made in some visits, oldest first.
pub(super) async fn diagnoses_of_visits(context: Context, visits: Vec<Uuid>) -> Result<Vec<Diagnosis>> {
    diagnoses(context, |query| query.filter(diagnoses::visit_id.eq_any(visits))).await
}

/// Diagnoses by key.
pub(crate) async fn diagnoses_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Diagnosis>> {
    diagnoses(context, |query| query.filter(diagnoses::id.eq_any(ids))).await
}
