//! Answering a recommendation, and reporting on it: by the agency to which it is made.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::RecordType;

use super::step::{Step, done, go_on};
use super::tables::recommendation_reports;
use super::{Recommendation, RecommendationAnswer, RecommendationReport};
use crate::context::Context;
use crate::coordination::between::{digest_of, text_of};
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

input! {
    /// An answer to a recommendation.
    pub struct AnswerRecommendation {
        /// The recommendation; one that is not answered.
        pub recommendation: Id<Recommendation>,
        /// Whether it will be followed.
        pub answer: RecommendationAnswer,
        /// In words, 3 to 2,000 characters; no name of anyone.
        pub note: String,
        /// The version of the recommendation that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// What was done for a recommendation.
    pub struct ReportRecommendation {
        /// The recommendation; one that is accepted, in part at least, and was not followed yet.
        pub recommendation: Id<Recommendation>,
        /// What was done, 3 to 2,000 characters; no name of anyone.
        pub progress: String,
        /// What shows it, by reference: which document, and where it is kept. 3 to 200 characters; no name of anyone.
        pub evidence: Option<String>,
        /// Its SHA-256, 64 hexadecimal digits in lower case, where it is a file.
        pub digest: Option<String>,
        /// The version of the recommendation that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A recommendation, answered.
    pub struct AnswerRecommendationPayload: "AnswerRecommendationPayload" as Advice {
        /// The recommendation as it is now.
        recommendation: Recommendation,
    }
}

payload! {
    /// A recommendation, reported on.
    pub struct ReportRecommendationPayload: "ReportRecommendationPayload" as Advice {
        /// The recommendation as it is now.
        recommendation: Recommendation,
    }
}

union! {
    /// The recommendation, answered; or why it was not.
    pub enum AnswerRecommendationResult {
        Payload(AnswerRecommendationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The recommendation, reported on; or why that was not recorded.
    pub enum ReportRecommendationResult {
        Payload(ReportRecommendationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Answers a recommendation.
pub(super) async fn answer_recommendation(
    context: Context,
    input: AnswerRecommendation,
) -> Result<AnswerRecommendationResult> {
    let mut transaction =
        begin!(&context, "coordination.answerRecommendation", &input, AnswerRecommendationResult);
    let done = answer(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn answer(
    context: &Context,
    transaction: &mut Transaction<'_, AnswerRecommendationPayload>,
    input: &AnswerRecommendation,
) -> Result<std::result::Result<Done<AnswerRecommendationPayload>, AnswerRecommendationResult>> {
    ensure!(text_of("note", &input.note, (3, 2000)));
    let step = Step {
        answer: Some(input.answer),
        answer_note: Some(input.note.trim()),
        answered_at: Some(context.now()),
        answered_by: Some(context.actor()?.user),
        ..Step::default()
    };
    let seen = (input.recommendation, input.version);
    match go_on(context, transaction, seen, RecordType::AgencyAnswer, &step).await? {
        Ok(answered) => done(context, answered, None),
        Err(refused) => Ok(Err(refused)),
    }
}

/// Reports what was done for a recommendation.
pub(super) async fn report_recommendation(
    context: Context,
    input: ReportRecommendation,
) -> Result<ReportRecommendationResult> {
    let mut transaction =
        begin!(&context, "coordination.reportRecommendation", &input, ReportRecommendationResult);
    let done = report(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn report(
    context: &Context,
    transaction: &mut Transaction<'_, ReportRecommendationPayload>,
    input: &ReportRecommendation,
) -> Result<std::result::Result<Done<ReportRecommendationPayload>, ReportRecommendationResult>> {
    ensure!(text_of("progress", &input.progress, (3, 2000)));
    if let Some(evidence) = &input.evidence {
        ensure!(text_of("evidence", evidence, (3, 200)));
    }
    ensure!(digest_of("digest", input.digest.as_deref(), input.evidence.is_some()));
    let step = Step { reported_at: Some(context.now()), ..Step::default() };
    let seen = (input.recommendation, input.version);
    let reported_on = match go_on(context, transaction, seen, RecordType::AgencyAnswer, &step).await? {
        Ok(recommendation) => recommendation,
        Err(refused) => return Ok(Err(refused)),
    };
    let report = RecommendationReport {
        id: Id::new(context.new_uuid()?),
        progress: input.progress.trim().to_owned(),
        evidence: input.evidence.as_deref().map(|evidence| evidence.trim().to_owned()),
        digest: input.digest.clone(),
        recorded_at: context.now(),
        recommendation_id: reported_on.id.uuid(),
        agency: reported_on.agency.clone(),
    };
    let row = (
        recommendation_reports::id.eq(report.id),
        recommendation_reports::recommendation_id.eq(report.recommendation_id),
        recommendation_reports::progress.eq(&report.progress),
        recommendation_reports::evidence.eq(&report.evidence),
        recommendation_reports::digest.eq(&report.digest),
        recommendation_reports::recorded_at.eq(report.recorded_at),
        recommendation_reports::user_id.eq(context.actor()?.user),
    );
    diesel::insert_into(recommendation_reports::table).values(row).execute(transaction.connection()?).await?;
    done(context, reported_on, Some(report))
}
