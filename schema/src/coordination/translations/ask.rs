//! Asking for a translation, and withdrawing that.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::translation_in;
use super::step::{Hand, Step, done, go_on};
use super::tables::translations;
use super::{Translation, TranslationState};
use crate::agencies::Agency;
use crate::census::needs;
use crate::context::Context;
use crate::coordination::between::{Between, asked_of, language_of, text_of};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

input! {
    /// A translation that is asked for.
    pub struct RequestTranslation {
        /// The agency that is to translate: one that advises.
        pub agency: Id<Agency>,
        /// What it is, 3 to 200 characters; no name of anyone.
        pub title: String,
        /// What is translated, by reference: which document, and where it is kept. 3 to 200 characters; no name of anyone.
        pub source: String,
        /// The language that it is in: its code of two or three letters, ISO 639, such as `es`.
        pub source_language: String,
        /// The language that it is wanted in, another one, such as `ht`.
        pub target_language: String,
        /// The last day by which it is needed; today or later.
        pub needed_by: NaiveDate,
        /// Whether people are to read it, so that another has to see it first.
        pub to_publish: bool,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A translation that is not needed any more.
    pub struct WithdrawTranslation {
        /// The translation; one that is yet to be delivered.
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
    /// A translation, asked for.
    pub struct RequestTranslationPayload: "RequestTranslationPayload" as Advice {
        /// The translation.
        translation: Translation,
    }
}

payload! {
    /// A translation, withdrawn.
    pub struct WithdrawTranslationPayload: "WithdrawTranslationPayload" as Advice {
        /// The translation as it is now.
        translation: Translation,
    }
}

union! {
    /// The translation, asked for; or why it was not.
    pub enum RequestTranslationResult {
        Payload(RequestTranslationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The translation, withdrawn; or why it was not.
    pub enum WithdrawTranslationResult {
        Payload(WithdrawTranslationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Asks for a translation. The database holds that it is asked of an agency that advises.
pub(super) async fn request_translation(
    context: Context,
    input: RequestTranslation,
) -> Result<RequestTranslationResult> {
    let mut transaction =
        begin!(&context, "coordination.requestTranslation", &input, RequestTranslationResult);
    let done = request(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn request(
    context: &Context,
    transaction: &mut Transaction<'_, RequestTranslationPayload>,
    input: &RequestTranslation,
) -> Result<std::result::Result<Done<RequestTranslationPayload>, RequestTranslationResult>> {
    let agency = ensure!(asked_of(context, "agency", input.agency));
    let actor = context.actor()?;
    let between = Between { agency: &actor.principal.agency, recipient: &agency };
    context.authorize_write(Class::Operational, RecordType::AgencyRequest, &between)?;
    let today = context.instant().day;
    ensure!(text_of("title", &input.title, (3, 200)));
    ensure!(text_of("source", &input.source, (3, 200)));
    ensure!(language_of("sourceLanguage", &input.source_language));
    ensure!(language_of("targetLanguage", &input.target_language));
    ensure!(needs(
        input.source_language != input.target_language,
        "targetLanguage",
        "It is translated into another language than its own."
    ));
    ensure!(needs(input.needed_by >= today, "neededBy", "A translation is needed today or later."));
    let id = context.new_uuid()?;
    let row = (
        translations::id.eq(id),
        translations::programme_id.eq(context.programme_id()),
        translations::agency_id.eq(input.agency),
        translations::asker_id.eq(actor.agency),
        translations::title.eq(input.title.trim()),
        translations::source.eq(input.source.trim()),
        translations::source_language.eq(&input.source_language),
        translations::target_language.eq(&input.target_language),
        (translations::asked_on.eq(today), translations::needed_by.eq(input.needed_by)),
        translations::to_publish.eq(input.to_publish),
        translations::recorded_at.eq(context.now()),
        translations::user_id.eq(actor.user),
    );
    match diesel::insert_into(translations::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("translations_translator") => {
            let message = "This agency does not translate. Ask one that advises.";
            return Ok(Err(InvalidValue::new("agency", message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let translation = translation_in(context, transaction.connection()?, id).await?;
    done(
        context,
        translation.ok_or_else(|| Error::internal("a translation that was asked for is not there"))?,
    )
}

/// Withdraws a translation.
pub(super) async fn withdraw_translation(
    context: Context,
    input: WithdrawTranslation,
) -> Result<WithdrawTranslationResult> {
    let mut transaction =
        begin!(&context, "coordination.withdrawTranslation", &input, WithdrawTranslationResult);
    let done = withdraw(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn withdraw(
    context: &Context,
    transaction: &mut Transaction<'_, WithdrawTranslationPayload>,
    input: &WithdrawTranslation,
) -> Result<std::result::Result<Done<WithdrawTranslationPayload>, WithdrawTranslationResult>> {
    ensure!(text_of("reason", &input.reason, (3, 500)));
    let step = Step { note: Some(input.reason.trim()), ..Step::to(TranslationState::Withdrawn) };
    go_on(context, transaction, (input.translation, input.version), Hand::Asker, &step).await
}
