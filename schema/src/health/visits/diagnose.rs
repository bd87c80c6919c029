//! Recording what a clinician concludes in a visit.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{Visit, held, note_of};
use crate::census::{self, Checked, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::health::tables::diagnoses;
use crate::health::{CONCLUSION, Conclusion};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

input! {
    /// What a clinician concludes.
    pub struct RecordDiagnosis {
        /// The visit in which it was concluded, which is open.
        pub visit: Id<Visit>,
        /// The code of ICD-10: a capital letter and two digits, and where it says more a point and one or two digits: `J06.9`.
        pub code: String,
        /// In words, 1 to 4,000 characters.
        pub note: String,
        /// When it was concluded; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A diagnosis, recorded.
    #[derive(Serialize, Deserialize)]
    pub struct RecordDiagnosisPayload: "RecordDiagnosisPayload" as Diagnosis {
        /// The diagnosis: what is kept of the answer does not hold it.
        diagnosis_id: Uuid,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

union! {
    /// The diagnosis, recorded; or why it was not.
    pub enum RecordDiagnosisResult {
        Payload(RecordDiagnosisPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: something was concluded.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DiagnosisMade {
    visit: Uuid,
    diagnosis: Uuid,
    conclusion: Conclusion,
    made_at: DateTime<Utc>,
}

impl Change for DiagnosisMade {
    const NAME: &'static str = "health.diagnosisMade";
}

/// Whether a code has the form of ICD-10.
fn is_icd_10(code: &str) -> bool {
    let digits = |text: &str, counts: std::ops::RangeInclusive<usize>| {
        counts.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (category, more) = code.split_once('.').map_or((code, None), |(first, more)| (first, Some(more)));
    let mut letters = category.chars();
    letters.next().is_some_and(|letter| letter.is_ascii_uppercase())
        && digits(letters.as_str(), 2..=2)
        && more.is_none_or(|more| digits(more, 1..=2))
}

type Refused<T> = std::result::Result<T, RecordDiagnosisResult>;

/// Records a diagnosis. The database holds that its visit is open, and of the same person.
pub(super) async fn record_diagnosis(
    context: Context,
    input: RecordDiagnosis,
) -> Result<RecordDiagnosisResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, "health.recordDiagnosis", &input, RecordDiagnosisResult);
    let done = diagnose(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

fn checked(context: &Context, input: &RecordDiagnosis, made_at: DateTime<Utc>) -> Checked {
    needs(made_at <= context.now(), "occurredAt", "A diagnosis cannot be of the future.")?;
    needs(
        is_icd_10(&input.code),
        "code",
        "A code of ICD-10 is a letter, two digits, and perhaps more: J06.9.",
    )?;
    note_of("note", Some(&input.note))
}

async fn diagnose(
    context: &Context,
    transaction: &mut Transaction<'_, RecordDiagnosisPayload>,
    input: RecordDiagnosis,
) -> Result<Refused<Done<RecordDiagnosisPayload>>> {
    let made_at = input.occurred_at.unwrap_or_else(|| context.now());
    if let Err(problem) = checked(context, &input, made_at) {
        return Ok(Err(problem.into()));
    }
    let visit = input.visit.uuid();
    let Some(held) = held(context, transaction.connection()?, visit).await? else {
        return Ok(Err(NotFound::new("visit").into()));
    };
    let (person, diagnosis) = (held.person, context.new_uuid()?);
    let payload = RecordDiagnosisPayload { diagnosis_id: diagnosis, person: person.to_string() };
    context.authorize_write(Class::Health, RecordType::Diagnosis, &payload)?;
    if held.opened_at > made_at {
        return Ok(Err(InvalidValue::new("occurredAt", "The visit began later than that.").into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let conclusion = Conclusion { code: input.code, note: input.note };
    let row = (
        diagnoses::id.eq(diagnosis),
        diagnoses::person_id.eq(person),
        diagnoses::visit_id.eq(visit),
        diagnoses::made_at.eq(made_at),
        diagnoses::conclusion.eq(keys.seal(person, CONCLUSION, context.random_bytes()?, &conclusion)?),
    );
    let recording = diesel::insert_into(diagnoses::table).values(row);
    match recording.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("diagnoses_in_open_visit") => {
            let message = "This visit is closed. Open another, and record it there.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = DiagnosisMade { visit, diagnosis, conclusion, made_at };
    let changes = vec![Part::of(Class::Health, Some(person), &change)?];
    Ok(Ok(Done { occurred_at: made_at, changes, payload }))
}

#[cfg(test)]
mod tests {
    use super::is_icd_10;

    #[test]
    fn codes_have_the_form_of_icd_10() {
        assert!(["A09", "J06.9", "U07.1", "M54.5", "S72.00", "Z34"].iter().all(|code| is_icd_10(code)));
        for code in ["", "A", "A0", "A9X", "a09", "A09.", "A09.123", "A09.X", "J069", "É09", "1A09", "A09 "]
        {
            assert!(!is_icd_10(code), "{code}");
        }
    }
}
