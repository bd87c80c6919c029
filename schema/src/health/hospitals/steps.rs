//! What a hospital answers, and what came of a case: each once, and in this order.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{MedicalReferral, SENT, Sent, Shows, referral_facts};
use crate::access::InScope;
use crate::census::{self, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Facts, input, record, union};
use crate::health::CARE;
use crate::health::tables::medical_referrals;
use crate::health::visits::note_of;
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// What a hospital answers.
    pub struct AnswerMedicalReferral {
        /// The referral.
        pub medical_referral: Id<MedicalReferral>,
        /// The version of the referral that the caller saw.
        pub version: i32,
        /// Whether it takes the case.
        pub accepted: bool,
        /// What it says, 1 to 4,000 characters.
        pub note: Option<String>,
        /// When it answered; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// What came of a case that a hospital took.
    pub struct EndMedicalReferral {
        /// The referral.
        pub medical_referral: Id<MedicalReferral>,
        /// The version of the referral that the caller saw.
        pub version: i32,
        /// What came of it, 1 to 4,000 characters.
        pub outcome: String,
        /// When the hospital ended its care; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

/// Declares what a step of a referral answers.
macro_rules! step {
    ($(#[doc = $about:literal])+ $payload:ident $graphql:literal, $(#[doc = $either:literal])+ $result:ident) => {
        record! {
            $(#[doc = $about])+
            #[derive(Serialize, Deserialize)]
            pub struct $payload: $graphql as Diagnosis {
                /// The referral: what is kept of the answer does not hold it.
                referral_id: Uuid,
                /// The key of the person, as policies compare it.
                person: String,
            }
        }

        impl Shows for $payload {
            fn referral(&self) -> Uuid {
                self.referral_id
            }
        }

        impl Step for $payload {
            fn new(referral_id: Uuid, person: String) -> Self {
                Self { referral_id, person }
            }
        }

        union! {
            $(#[doc = $either])+
            pub enum $result {
                Payload($payload),
                NotFound(NotFound),
                InvalidValue(InvalidValue),
                StateConflict(StateConflict),
                VersionConflict(VersionConflict),
                IdempotencyConflict(IdempotencyConflict),
            }
        }
    };
}

step! {
    /// A hospital's answer, recorded.
    AnswerMedicalReferralPayload "AnswerMedicalReferralPayload",
    /// The hospital's answer, recorded; or why it was not.
    AnswerMedicalReferralResult
}
step! {
    /// What came of a case, recorded.
    EndMedicalReferralPayload "EndMedicalReferralPayload",
    /// What came of the case, recorded; or why it was not.
    EndMedicalReferralResult
}

/// The payload of a step.
trait Step: Facts + Serialize + DeserializeOwned {
    /// Of a referral, and the person's key.
    fn new(referral_id: Uuid, person: String) -> Self;
}

/// What happened to a referral.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Stepped {
    Accepted { note: Option<String> },
    Declined { note: Option<String> },
    Ended { outcome: String },
}

/// In the journal: a hospital answered, or ended its care.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReferralStepped {
    referral: Uuid,
    stepped: Stepped,
    at: DateTime<Utc>,
}

impl Change for ReferralStepped {
    const NAME: &'static str = "health.medicalReferralStepped";
}

/// Records what a hospital answers.
pub(super) async fn answer_medical_referral(
    context: Context,
    input: AnswerMedicalReferral,
) -> Result<AnswerMedicalReferralResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, CARE, &input, AnswerMedicalReferralResult);
    let note = input.note;
    let stepped = if input.accepted { Stepped::Accepted { note } } else { Stepped::Declined { note } };
    let of = (input.medical_referral, input.version, input.occurred_at);
    let done = step(&context, &mut transaction, of, stepped).await;
    transaction.conclude(done).await
}

/// Records what came of a case.
pub(super) async fn end_medical_referral(
    context: Context,
    input: EndMedicalReferral,
) -> Result<EndMedicalReferralResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, CARE, &input, EndMedicalReferralResult);
    let of = (input.medical_referral, input.version, input.occurred_at);
    let done = step(&context, &mut transaction, of, Stepped::Ended { outcome: input.outcome }).await;
    transaction.conclude(done).await
}

/// Takes a step. The database holds that none is taken back, and that they come in their order.
async fn step<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (referral, version, occurred_at): (Id<MedicalReferral>, i32, Option<DateTime<Utc>>),
    stepped: Stepped,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: Step,
    R: From<NotFound> + From<InvalidValue> + From<StateConflict> + From<VersionConflict>,
{
    let at = occurred_at.unwrap_or_else(|| context.now());
    let text = match &stepped {
        Stepped::Accepted { note } | Stepped::Declined { note } => note_of("note", note.as_deref()),
        Stepped::Ended { outcome } => note_of("outcome", Some(outcome)),
    };
    let timely = needs(at <= context.now(), "occurredAt", "This cannot be of the future.");
    if let Err(problem) = timely.and(text) {
        return Ok(Err(problem.into()));
    }
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Diagnosis)? else {
        return Ok(Err(NotFound::new("medicalReferral").into()));
    };
    let holding = medical_referrals::table
        .filter(medical_referrals::id.eq(referral))
        .filter(InScope::new(&scope, referral_facts))
        .select((medical_referrals::person_id, medical_referrals::version, medical_referrals::record))
        .for_no_key_update();
    let found: Option<(Uuid, i32, Vec<u8>)> = holding.first(transaction.connection()?).await.optional()?;
    let Some((person, current, record)) = found else {
        return Ok(Err(NotFound::new("medicalReferral").into()));
    };
    let payload = P::new(referral.uuid(), person.to_string());
    context.authorize_write(Class::Health, RecordType::Diagnosis, &payload)?;
    if current != version {
        return Ok(Err(VersionConflict::new(current).into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    let Some(mut sent) = keys.open::<Sent>(person, SENT, &record)? else {
        return Ok(Err(census::erased().into()));
    };
    let (mut accepted_at, mut declined_at, mut ended_at) = (None, None, None);
    match stepped.clone() {
        Stepped::Accepted { note } => (accepted_at, sent.answer) = (Some(at), note),
        Stepped::Declined { note } => (declined_at, sent.answer) = (Some(at), note),
        Stepped::Ended { outcome } => (ended_at, sent.outcome) = (Some(at), Some(outcome)),
    }
    let change = Stepping {
        accepted_at,
        declined_at,
        ended_at,
        record: keys.seal(person, SENT, context.random_bytes()?, &sent)?,
    };
    let stepping = diesel::update(medical_referrals::table.find(referral)).set(&change);
    match stepping.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) => {
            let message = match constraint(&error) {
                Some("medical_referrals_forward" | "medical_referrals_answered_once") => {
                    "The hospital has answered already, or ended its care. What was said stays."
                }
                Some("medical_referrals_order") => {
                    "A case is sent, then taken, then ended: one comes after the other. Look at the times."
                }
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
    }
    let change = ReferralStepped { referral: referral.uuid(), stepped, at };
    let changes = vec![Part::of(Class::Health, Some(person), &change)?];
    Ok(Ok(Done { occurred_at: at, changes, payload }))
}

/// What a step sets: the one time that it is of.
#[derive(AsChangeset)]
#[diesel(table_name = medical_referrals)]
struct Stepping {
    accepted_at: Option<DateTime<Utc>>,
    declined_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    record: Vec<u8>,
}
