//! Delivering a translation, or declining it: by the agency that translates.

use super::step::{Hand, Step, go_on};
use super::{Translation, TranslationState};
use crate::context::Context;
use crate::coordination::between::{digest_of, text_of};
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

input! {
    /// A translation that is delivered.
    pub struct DeliverTranslation {
        /// The translation; one that is asked for, or was returned.
        pub translation: Id<Translation>,
        /// Which document it is, and where it is kept: 3 to 200 characters; no name of anyone.
        pub delivery: String,
        /// Its SHA-256, 64 hexadecimal digits in lower case, where it is a file.
        pub digest: Option<String>,
        /// The version of the translation that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A translation that is not made.
    pub struct DeclineTranslation {
        /// The translation; one that is asked for, or was returned.
        pub translation: Id<Translation>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub reason: String,
        /// The version of the translation that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A translation, delivered.
    pub struct DeliverTranslationPayload: "DeliverTranslationPayload" as Advice {
        /// The translation as it is now.
        translation: Translation,
    }
}

payload! {
    /// A translation, declined.
    pub struct DeclineTranslationPayload: "DeclineTranslationPayload" as Advice {
        /// The translation as it is now.
        translation: Translation,
    }
}

union! {
    /// The translation, delivered; or why that was not recorded.
    pub enum DeliverTranslationResult {
        Payload(DeliverTranslationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The translation, declined; or why that was not recorded.
    pub enum DeclineTranslationResult {
        Payload(DeclineTranslationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Delivers a translation.
pub(super) async fn deliver_translation(
    context: Context,
    input: DeliverTranslation,
) -> Result<DeliverTranslationResult> {
    let mut transaction =
        begin!(&context, "coordination.deliverTranslation", &input, DeliverTranslationResult);
    let done = deliver(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn deliver(
    context: &Context,
    transaction: &mut Transaction<'_, DeliverTranslationPayload>,
    input: &DeliverTranslation,
) -> Result<std::result::Result<Done<DeliverTranslationPayload>, DeliverTranslationResult>> {
    ensure!(text_of("delivery", &input.delivery, (3, 200)));
    ensure!(digest_of("digest", input.digest.as_deref(), true));
    let step = Step {
        delivery: Some(input.delivery.trim()),
        digest: Some(input.digest.clone()),
        delivered_at: Some(context.now()),
        delivered_by: Some(context.actor()?.user),
        ..Step::to(TranslationState::Delivered)
    };
    go_on(context, transaction, (input.translation, input.version), Hand::Translator, &step).await
}

/// Declines a translation.
pub(super) async fn decline_translation(
    context: Context,
    input: DeclineTranslation,
) -> Result<DeclineTranslationResult> {
    let mut transaction =
        begin!(&context, "coordination.declineTranslation", &input, DeclineTranslationResult);
    let done = decline(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn decline(
    context: &Context,
    transaction: &mut Transaction<'_, DeclineTranslationPayload>,
    input: &DeclineTranslation,
) -> Result<std::result::Result<Done<DeclineTranslationPayload>, DeclineTranslationResult>> {
    ensure!(text_of("reason", &input.reason, (3, 500)));
    let step = Step { note: Some(input.reason.trim()), ..Step::to(TranslationState::Declined) };
    go_on(context, transaction, (input.translation, input.version), Hand::Translator, &step).await
}
