//! Verifying whether a recommendation was followed: by the agency that made it.

use enlace_policies::RecordType;

use super::step::{Step, done, go_on};
use super::{Recommendation, RecommendationVerdict};
use crate::context::Context;
use crate::coordination::between::text_of;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

input! {
    /// Whether a recommendation was followed.
    pub struct VerifyRecommendation {
        /// The recommendation; one that is answered, and was not followed yet.
        pub recommendation: Id<Recommendation>,
        /// Whether it was followed.
        pub verdict: RecommendationVerdict,
        /// More about it, 3 to 2,000 characters; no name of anyone.
        pub note: String,
        /// The version of the recommendation that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A recommendation, verified.
    pub struct VerifyRecommendationPayload: "VerifyRecommendationPayload" as Advice {
        /// The recommendation as it is now.
        recommendation: Recommendation,
    }
}

union! {
    /// The recommendation, verified; or why it was not.
    pub enum VerifyRecommendationResult {
        Payload(VerifyRecommendationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Verifies a recommendation. The database holds that whoever answered does not.
pub(super) async fn verify_recommendation(
    context: Context,
    input: VerifyRecommendation,
) -> Result<VerifyRecommendationResult> {
    let mut transaction =
        begin!(&context, "coordination.verifyRecommendation", &input, VerifyRecommendationResult);
    let done = verify(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn verify(
    context: &Context,
    transaction: &mut Transaction<'_, VerifyRecommendationPayload>,
    input: &VerifyRecommendation,
) -> Result<std::result::Result<Done<VerifyRecommendationPayload>, VerifyRecommendationResult>> {
    ensure!(text_of("note", &input.note, (3, 2000)));
    let step = Step {
        verdict: Some(input.verdict),
        verdict_note: Some(input.note.trim()),
        verified_at: Some(context.now()),
        verified_by: Some(context.actor()?.user),
        ..Step::default()
    };
    let seen = (input.recommendation, input.version);
    match go_on(context, transaction, seen, RecordType::Advice, &step).await? {
        Ok(verified) => done(context, verified, None),
        Err(refused) => Ok(Err(refused)),
    }
}
