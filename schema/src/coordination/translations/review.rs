//! Reviewing a translation that people are to read: by another than its translator.

use super::step::{Hand, Step, go_on};
use super::{Translation, TranslationState};
use crate::census::needs;
use crate::context::Context;
use crate::coordination::between::text_of;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

input! {
    /// What somebody says who has read a translation.
    pub struct ReviewTranslation {
        /// The translation; one that was delivered and that people are to read.
        pub translation: Id<Translation>,
        /// Whether people may read it as it is; else it is returned.
        pub approved: bool,
        /// More about it, 3 to 500 characters; no name of anyone. Needed where it is returned.
        pub note: Option<String>,
        /// The version of the translation that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A translation, reviewed.
    pub struct ReviewTranslationPayload: "ReviewTranslationPayload" as Advice {
        /// The translation as it is now.
        translation: Translation,
    }
}

union! {
    /// The translation, reviewed; or why it was not.
    pub enum ReviewTranslationResult {
        Payload(ReviewTranslationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Reviews a translation. The database holds that whoever translated does not, and that what is not for people to read needs no review.
pub(super) async fn review_translation(
    context: Context,
    input: ReviewTranslation,
) -> Result<ReviewTranslationResult> {
    let mut transaction = begin!(&context, "coordination.reviewTranslation", &input, ReviewTranslationResult);
    let done = review(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn review(
    context: &Context,
    transaction: &mut Transaction<'_, ReviewTranslationPayload>,
    input: &ReviewTranslation,
) -> Result<std::result::Result<Done<ReviewTranslationPayload>, ReviewTranslationResult>> {
    if let Some(note) = &input.note {
        ensure!(text_of("note", note, (3, 500)));
    }
    ensure!(needs(input.approved || input.note.is_some(), "note", "Say what is to be otherwise."));
    let state = if input.approved { TranslationState::Published } else { TranslationState::Returned };
    let step = Step {
        reviewed_at: Some(context.now()),
        reviewed_by: Some(context.actor()?.user),
        note: input.note.as_deref().map(str::trim),
        ..Step::to(state)
    };
    go_on(context, transaction, (input.translation, input.version), Hand::Either, &step).await
}
