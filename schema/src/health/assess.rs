//! Assessing a person: what was measured and what they complain of, the risk that follows by the published rule, and where they are
//! to be placed for it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::risk::{RULE, risk};
use super::tables::assessments;
use super::{Assessment, FINDINGS, Findings, HealthRisk, Symptom, Vitals};
use crate::census::{self, Checked, MERGED, Person, PlacementInput, inside, needs, touched};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// Vital signs, each a whole number in the unit that its name says. What was not measured is left out.
    pub struct VitalSigns {
        /// Body temperature in tenths of a degree Celsius, 250 to 450.
        pub temperature_decicelsius: Option<i32>,
        /// Pulse, beats a minute, 20 to 300.
        pub pulse: Option<i32>,
        /// Respiratory rate, breaths a minute, 4 to 120.
        pub respiratory_rate: Option<i32>,
        /// Systolic blood pressure in millimetres of mercury, 40 to 300. With the diastolic one.
        pub systolic_mmhg: Option<i32>,
        /// Diastolic blood pressure in millimetres of mercury, 20 to 200, and below the systolic one.
        pub diastolic_mmhg: Option<i32>,
        /// Oxygen saturation of the blood in percent, 40 to 100.
        pub oxygen_saturation: Option<i32>,
        /// Weight in grams, 300 to 400,000.
        pub weight_grams: Option<i32>,
        /// Height in centimetres, 20 to 250.
        pub height_centimetres: Option<i32>,
    }
}

input! {
    /// A medical assessment. Its risk is computed.
    pub struct RecordAssessment {
        /// Id of the assessment, made by whoever sends it: a UUIDv7 in the form of the ids of assessments. Made here, where it is left out.
        pub assessment: Option<Id<Assessment>>,
        /// Of whom.
        pub person: Id<Person>,
        /// What was measured.
        pub vitals: VitalSigns,
        /// What the person complains of, each once.
        pub symptoms: Vec<Symptom>,
        /// Where they are to be placed from now on; as before, where it is left out.
        pub placement: Option<PlacementInput>,
        /// The version of the person that the caller saw; needed where a placement is given.
        pub version: Option<i32>,
        /// When it was made; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A person, assessed.
    #[derive(Serialize, Deserialize)]
    pub struct RecordAssessmentPayload: "RecordAssessmentPayload" as Assessment {
        /// The assessment: what is kept of the answer holds nothing that was found.
        assessment_id: Uuid,
        /// The person.
        person_id: Uuid,
        /// Their key, as policies compare it.
        person: String,
    }
}

union! {
    /// The person, assessed; or why not.
    pub enum RecordAssessmentResult {
        Payload(RecordAssessmentPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a person was assessed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssessmentRecorded {
    assessment: Uuid,
    assessed_at: DateTime<Utc>,
    findings: Findings,
}

impl Change for AssessmentRecorded {
    const NAME: &'static str = "health.assessmentRecorded";
}

impl From<VitalSigns> for Vitals {
    fn from(input: VitalSigns) -> Self {
        Self {
            temperature_decicelsius: input.temperature_decicelsius,
            pulse: input.pulse,
            respiratory_rate: input.respiratory_rate,
            systolic_mmhg: input.systolic_mmhg,
            diastolic_mmhg: input.diastolic_mmhg,
            oxygen_saturation: input.oxygen_saturation,
            weight_grams: input.weight_grams,
            height_centimetres: input.height_centimetres,
        }
    }
}

impl VitalSigns {
    /// What of it cannot be of anybody alive.
    fn checked(&self) -> Checked {
        for (argument, measured, least, most) in [
            ("temperatureDecicelsius", self.temperature_decicelsius, 250, 450),
            ("pulse", self.pulse, 20, 300),
            ("respiratoryRate", self.respiratory_rate, 4, 120),
            ("systolicMmhg", self.systolic_mmhg, 40, 300),
            ("diastolicMmhg", self.diastolic_mmhg, 20, 200),
            ("oxygenSaturation", self.oxygen_saturation, 40, 100),
            ("weightGrams", self.weight_grams, 300, 400_000),
            ("heightCentimetres", self.height_centimetres, 20, 250),
        ] {
            let plausible = measured.is_none_or(|measured| (least..=most).contains(&measured));
            let message = format!("This is measured from {least} to {most}. Look at its unit.");
            needs(plausible, argument, &message)?;
        }
        let pressure = match (self.systolic_mmhg, self.diastolic_mmhg) {
            (Some(systolic), Some(diastolic)) => diastolic < systolic,
            (None, None) => true,
            _ => false,
        };
        needs(
            pressure,
            "diastolicMmhg",
            "Blood pressure is two numbers, the systolic one above the diastolic.",
        )
    }
}

type Refused<T> = std::result::Result<T, RecordAssessmentResult>;

/// Records an assessment.
pub(super) async fn record_assessment(
    context: Context,
    input: RecordAssessment,
) -> Result<RecordAssessmentResult> {
    context.personal_scope(Class::Health, RecordType::Assessment)?;
    let mut transaction = begin!(&context, "health.recordAssessment", &input, RecordAssessmentResult);
    let done = assess(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

async fn assess(
    context: &Context,
    transaction: &mut Transaction<'_, RecordAssessmentPayload>,
    input: RecordAssessment,
) -> Result<Refused<Done<RecordAssessmentPayload>>> {
    let occurred_at = input.occurred_at.unwrap_or_else(|| context.now());
    if let Err(problem) = checked(context, &input, occurred_at) {
        return Ok(Err(problem.into()));
    }
    let person = input.person.uuid();
    let Some(held) = census::held(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    if held.merged_into.is_some() {
        return Ok(Err(StateConflict::new(MERGED).into()));
    }
    let id = input.assessment.map_or_else(|| context.new_uuid(), |id| Ok(id.uuid()))?;
    let payload =
        RecordAssessmentPayload { assessment_id: id, person_id: person, person: person.to_string() };
    context.authorize_write(Class::Health, RecordType::Assessment, &payload)?;
    if input.placement.is_some() {
        context.authorize_write(Class::Placement, RecordType::Person, &held.judged)?;
        if input.version != Some(held.version) {
            return Ok(Err(VersionConflict::new(held.version).into()));
        }
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let vitals = Vitals::from(input.vitals);
    let risk = risk(&vitals, &input.symptoms, held.judged.facts.minor);
    let findings = Findings {
        vitals,
        symptoms: input.symptoms,
        risk,
        risk_rule: Some(RULE.to_owned()),
        consultation_advised: risk != HealthRisk::Low,
    };
    let row = (
        assessments::id.eq(id),
        assessments::person_id.eq(person),
        assessments::assessed_at.eq(occurred_at),
        assessments::findings.eq(keys.seal(person, FINDINGS, context.random_bytes()?, &findings)?),
    );
    let recording = diesel::insert_into(assessments::table).values(row);
    match recording.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("assessments_pkey") => {
            let message = "An assessment of this id is recorded already. Read it, or make a new id.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = AssessmentRecorded { assessment: id, assessed_at: occurred_at, findings };
    let mut changes = vec![Part::of(Class::Health, Some(person), &change)?];
    if let Some(placement) = input.placement {
        changes.push(census::place(context, transaction.connection()?, &keys, &held, placement).await?);
        // Only where others see a change of the person: that somebody was assessed is told to nobody else.
        changes.push(touched(vec![person], occurred_at)?);
    }
    Ok(Ok(Done { occurred_at, changes, payload }))
}

fn checked(context: &Context, input: &RecordAssessment, occurred_at: DateTime<Utc>) -> Checked {
    needs(occurred_at <= context.now(), "occurredAt", "An assessment cannot be of the future.")?;
    input.vitals.checked().map_err(|problem| inside("vitals", problem))?;
    let once = input
        .symptoms
        .iter()
        .enumerate()
        .all(|(place, symptom)| input.symptoms.iter().position(|first| first == symptom) == Some(place));
    needs(once, "symptoms", "Name each symptom once.")?;
    let message = "Say which version of the person you saw, where you say how they are to be placed.";
    needs(input.placement.is_none() || input.version.is_some(), "version", message)
}
