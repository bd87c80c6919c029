//! Filing for a revalidation.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::{
    REVALIDATION, RevalidationChanged, RevalidationDocument, RevalidationLevel, RevalidationState,
    SealedRevalidation,
};
use crate::census::{self, MERGED, Person, TAKES_NOTHING};
use crate::context::Context;
use crate::education::tables::revalidations;
use crate::education::{NOT_HERE, Taught, WHO_IS_HERE, answers, perform};
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

/// The agency that revalidates adults' schooling.
const REVALIDATES: &str = "INEA";

input! {
    /// An adult whose schooling is to be revalidated.
    pub struct FileRevalidation {
        /// Who; an adult who is here.
        pub person: Id<Person>,
        /// The level.
        pub level: RevalidationLevel,
        /// What is presented, each once, one at least.
        pub documents: Vec<RevalidationDocument>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

answers! {
    /// A revalidation, filed.
    FileRevalidationPayload "FileRevalidationPayload"
}

union! {
    /// The revalidation, filed; or why it was not.
    pub enum FileRevalidationResult {
        Payload(FileRevalidationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Files for a revalidation. The adult is meant by their id, and nothing else of them is read.
pub(super) async fn file_revalidation(
    context: Context,
    input: FileRevalidation,
) -> Result<FileRevalidationResult> {
    context.personal_scope(Class::Education, RecordType::Enrolment)?;
    perform!(context, "education.fileRevalidation", input, file, FileRevalidationResult)
}

async fn file(
    context: &Context,
    transaction: &mut Transaction<'_, FileRevalidationPayload>,
    input: &FileRevalidation,
) -> Result<std::result::Result<Done<FileRevalidationPayload>, FileRevalidationResult>> {
    let person = input.person.uuid();
    let Some(facts) = census::held_facts(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    let taught = Taught { agency: REVALIDATES.to_owned(), person: facts };
    context.authorize_write(Class::Education, RecordType::Enrolment, &taught)?;
    let each_once = (1..)
        .zip(&input.documents)
        .all(|(next, document)| !input.documents.iter().skip(next).any(|other| other == document));
    if input.documents.is_empty() || !each_once {
        let message = "Name each document once, and one at least.";
        return Ok(Err(InvalidValue::new("documents", message).into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let revalidation = context.new_uuid()?;
    let record = SealedRevalidation { documents: input.documents.clone(), ..SealedRevalidation::default() };
    let row = (
        revalidations::id.eq(revalidation),
        revalidations::programme_id.eq(context.programme_id()),
        revalidations::person_id.eq(person),
        revalidations::agency.eq(REVALIDATES),
        revalidations::level.eq(input.level),
        revalidations::filed_on.eq(context.day_of(context.now())),
        revalidations::record.eq(keys.seal(person, REVALIDATION, context.random_bytes()?, &record)?),
        revalidations::recorded_at.eq(context.now()),
        revalidations::user_id.eq(context.actor()?.user),
    );
    let filing = diesel::insert_into(revalidations::table).values(row);
    if let Err(error) = filing.execute(transaction.connection()?).await {
        let message = match constraint(&error) {
            Some("revalidations_of_adult") => "A minor goes to school. See requestSchoolPlace.",
            Some("revalidations_one_standing") => "This level is certified for this person, or filed for.",
            Some(WHO_IS_HERE) => NOT_HERE,
            Some(TAKES_NOTHING) => MERGED,
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let change =
        RevalidationChanged { revalidation, level: input.level, state: RevalidationState::Filed, record };
    let changes = vec![Part::of(Class::Education, Some(person), &change)?];
    let payload = FileRevalidationPayload { changed: revalidation, taught };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
