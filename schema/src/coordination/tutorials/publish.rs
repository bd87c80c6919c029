//! Publishing a tutorial, adding a language to it, and withdrawing it.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::tutorial_in;
use super::tables::{tutorial_editions, tutorials};
use super::{Tutorial, TutorialAudience, TutorialChanged, TutorialEdition, TutorialFormat, TutorialTopic};
use crate::census::{inside, needs};
use crate::context::Context;
use crate::coordination::between::{Between, digest_of, language_of, text_of};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

/// Most languages that a tutorial is published in at once.
const MOST: usize = 20;

input! {
    /// A tutorial in one language.
    pub struct NewTutorialEdition {
        /// The language: its code of two or three letters, ISO 639, such as `ht`.
        pub language: String,
        /// What the tutorial is called in it, 3 to 200 characters; no name of anyone.
        pub title: String,
        /// What is given, by reference: which document, and where it is kept. 3 to 200 characters; no name of anyone.
        pub reference: String,
        /// Its SHA-256, 64 hexadecimal digits in lower case, where it is a file.
        pub digest: Option<String>,
    }
}

input! {
    /// A tutorial that is published.
    pub struct PublishTutorial {
        /// What it is about.
        pub topic: TutorialTopic,
        /// For whom it is.
        pub audience: TutorialAudience,
        /// What it is given by.
        pub format: TutorialFormat,
        /// The languages that there are of it: 1 to 20, each once.
        pub editions: Vec<NewTutorialEdition>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A tutorial in another language.
    pub struct AddTutorialEdition {
        /// The tutorial; one that is not withdrawn.
        pub tutorial: Id<Tutorial>,
        /// The edition; of a language that there is none of.
        pub edition: NewTutorialEdition,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A tutorial that is not to be used any more.
    pub struct WithdrawTutorial {
        /// The tutorial.
        pub tutorial: Id<Tutorial>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub reason: String,
        /// The version of the tutorial that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A tutorial, published.
    pub struct PublishTutorialPayload: "PublishTutorialPayload" as Advice {
        /// The tutorial.
        tutorial: Tutorial,
    }
}

payload! {
    /// A tutorial, in another language too.
    pub struct AddTutorialEditionPayload: "AddTutorialEditionPayload" as Advice {
        /// The tutorial as it is now.
        tutorial: Tutorial,
    }
}

payload! {
    /// A tutorial, withdrawn.
    pub struct WithdrawTutorialPayload: "WithdrawTutorialPayload" as Advice {
        /// The tutorial as it is now.
        tutorial: Tutorial,
    }
}

union! {
    /// The tutorial, published; or why it was not.
    pub enum PublishTutorialResult {
        Payload(PublishTutorialPayload),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The tutorial, in another language too; or why not.
    pub enum AddTutorialEditionResult {
        Payload(AddTutorialEditionPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The tutorial, withdrawn; or why it was not.
    pub enum WithdrawTutorialResult {
        Payload(WithdrawTutorialPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// What is said where a tutorial is not to be used any more.
pub(super) const WITHDRAWN: &str = "This tutorial is withdrawn. Publish another.";

/// Publishes a tutorial.
pub(super) async fn publish_tutorial(
    context: Context,
    input: PublishTutorial,
) -> Result<PublishTutorialResult> {
    let mut transaction = begin!(&context, "coordination.publishTutorial", &input, PublishTutorialResult);
    let done = publish(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn publish(
    context: &Context,
    transaction: &mut Transaction<'_, PublishTutorialPayload>,
    input: &PublishTutorial,
) -> Result<std::result::Result<Done<PublishTutorialPayload>, PublishTutorialResult>> {
    let actor = context.actor()?;
    let agency = &actor.principal.agency;
    let own = Between { agency, recipient: agency };
    context.authorize_write(Class::Operational, RecordType::Advice, &own)?;
    let some = (1..=MOST).contains(&input.editions.len());
    ensure!(needs(some, "editions", "A tutorial is published in 1 to 20 languages."));
    let languages: BTreeSet<&str> = input.editions.iter().map(|edition| edition.language.as_str()).collect();
    ensure!(needs(languages.len() == input.editions.len(), "editions", "Name each language once."));
    for (place, edition) in input.editions.iter().enumerate() {
        ensure!(checked(&format!("editions.{place}"), edition));
    }
    let id = context.new_uuid()?;
    let row = (
        tutorials::id.eq(id),
        tutorials::programme_id.eq(context.programme_id()),
        tutorials::agency_id.eq(actor.agency),
        tutorials::topic.eq(input.topic),
        tutorials::audience.eq(input.audience),
        tutorials::format.eq(input.format),
        tutorials::published_on.eq(context.instant().day),
        tutorials::recorded_at.eq(context.now()),
        tutorials::user_id.eq(actor.user),
    );
    diesel::insert_into(tutorials::table).values(row).execute(transaction.connection()?).await?;
    let tutorial = tutorial_in(context, transaction.connection()?, id).await?;
    let tutorial = tutorial.ok_or_else(|| Error::internal("a tutorial that was published is not there"))?;
    let mut editions = Vec::with_capacity(input.editions.len());
    for edition in &input.editions {
        editions.extend(add_one(context, transaction, &tutorial, edition).await?);
    }
    done(context, tutorial, editions)
}

/// What is wrong with an edition.
fn checked(argument: &str, edition: &NewTutorialEdition) -> std::result::Result<(), InvalidValue> {
    language_of("language", &edition.language)
        .and_then(|()| text_of("title", &edition.title, (3, 200)))
        .and_then(|()| text_of("reference", &edition.reference, (3, 200)))
        .and_then(|()| digest_of("digest", edition.digest.as_deref(), true))
        .map_err(|problem| inside(argument, problem))
}

/// Adds an edition; none, where there is one of its language.
async fn add_one<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    tutorial: &Tutorial,
    edition: &NewTutorialEdition,
) -> Result<Option<TutorialEdition>> {
    let added = TutorialEdition {
        id: Id::new(context.new_uuid()?),
        language: edition.language.clone(),
        title: edition.title.trim().to_owned(),
        reference: edition.reference.trim().to_owned(),
        digest: edition.digest.clone(),
        tutorial_id: tutorial.id.uuid(),
        agency: tutorial.agency.clone(),
    };
    let row = (
        tutorial_editions::id.eq(added.id),
        tutorial_editions::tutorial_id.eq(added.tutorial_id),
        tutorial_editions::language.eq(&added.language),
        tutorial_editions::title.eq(&added.title),
        tutorial_editions::reference.eq(&added.reference),
        tutorial_editions::digest.eq(&added.digest),
        tutorial_editions::recorded_at.eq(context.now()),
        tutorial_editions::user_id.eq(context.actor()?.user),
    );
    let adding = diesel::insert_into(tutorial_editions::table)
        .values(row)
        .on_conflict((tutorial_editions::tutorial_id, tutorial_editions::language))
        .do_nothing();
    let written = adding.execute(transaction.connection()?).await?;
    Ok((written > 0).then_some(added))
}

/// A tutorial that the caller may change.
pub(super) async fn found<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Uuid,
) -> Result<std::result::Result<Tutorial, NotFound>> {
    let Some(tutorial) = tutorial_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("tutorial")));
    };
    context.authorize_write(Class::Operational, RecordType::Advice, &tutorial)?;
    Ok(Ok(tutorial))
}

/// Adds a language to a tutorial.
pub(super) async fn add_tutorial_edition(
    context: Context,
    input: AddTutorialEdition,
) -> Result<AddTutorialEditionResult> {
    let mut transaction =
        begin!(&context, "coordination.addTutorialEdition", &input, AddTutorialEditionResult);
    let done = add(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn add(
    context: &Context,
    transaction: &mut Transaction<'_, AddTutorialEditionPayload>,
    input: &AddTutorialEdition,
) -> Result<std::result::Result<Done<AddTutorialEditionPayload>, AddTutorialEditionResult>> {
    // Whoever withdraws it comes first, or after this.
    let holding = tutorials::table.filter(tutorials::id.eq(input.tutorial)).select(tutorials::id).for_share();
    let _held: Vec<Uuid> = holding.load(transaction.connection()?).await?;
    let tutorial = ensure!(found(context, transaction, input.tutorial.uuid()).await?);
    ensure!(checked("edition", &input.edition));
    if tutorial.withdrawn_on.is_some() {
        return Ok(Err(StateConflict::new(WITHDRAWN).into()));
    }
    match add_one(context, transaction, &tutorial, &input.edition).await? {
        Some(edition) => done(context, tutorial, vec![edition]),
        None => Ok(Err(StateConflict::new("There is this tutorial in that language already.").into())),
    }
}

/// Withdraws a tutorial. The database holds that it is withdrawn once.
pub(super) async fn withdraw_tutorial(
    context: Context,
    input: WithdrawTutorial,
) -> Result<WithdrawTutorialResult> {
    let mut transaction = begin!(&context, "coordination.withdrawTutorial", &input, WithdrawTutorialResult);
    let done = withdraw(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn withdraw(
    context: &Context,
    transaction: &mut Transaction<'_, WithdrawTutorialPayload>,
    input: &WithdrawTutorial,
) -> Result<std::result::Result<Done<WithdrawTutorialPayload>, WithdrawTutorialResult>> {
    let seen = ensure!(found(context, transaction, input.tutorial.uuid()).await?);
    ensure!(text_of("reason", &input.reason, (3, 500)));
    let withdrawing = diesel::update(
        tutorials::table.filter(tutorials::id.eq(seen.id)).filter(tutorials::version.eq(input.version)),
    )
    .set((tutorials::withdrawn_on.eq(context.instant().day), tutorials::reason.eq(input.reason.trim())));
    let written = match withdrawing.execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) if constraint(&error) == Some("tutorials_stand") => {
            return Ok(Err(StateConflict::new(WITHDRAWN).into()));
        }
        Err(error) => return Err(error.into()),
    };
    let tutorial = tutorial_in(context, transaction.connection()?, seen.id.uuid()).await?;
    let tutorial = tutorial.ok_or_else(|| Error::internal("a tutorial that was withdrawn is not there"))?;
    if written == 0 {
        return Ok(Err(VersionConflict::new(tutorial.version).into()));
    }
    done(context, tutorial, Vec::new())
}

/// What was done to a tutorial, to be committed.
fn done<P: From<Tutorial>, R>(
    context: &Context,
    tutorial: Tutorial,
    editions: Vec<TutorialEdition>,
) -> Result<std::result::Result<Done<P>, R>> {
    let change = TutorialChanged { tutorial, editions };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.tutorial.into() }))
}
