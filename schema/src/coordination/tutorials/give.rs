//! Saying that a tutorial was given.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::Class;

use super::publish::found;
use super::tables::tutorial_sessions;
use super::{Tutorial, TutorialGiven, TutorialSession};
use crate::census::needs;
use crate::context::Context;
use crate::coordination::between::language_of;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, ensure};
use crate::scalars::Id;
use crate::shelters::{Shelter, shelter_in};

input! {
    /// That a tutorial was given in a shelter.
    pub struct RecordTutorialSession {
        /// The tutorial; one of the caller's agency.
        pub tutorial: Id<Tutorial>,
        /// In which of its languages.
        pub language: String,
        /// The shelter.
        pub shelter: Id<Shelter>,
        /// The day of it; today, where it is left out.
        pub held_on: Option<NaiveDate>,
        /// How many came, 0 to 5,000.
        pub attended: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A tutorial, given.
    pub struct RecordTutorialSessionPayload: "RecordTutorialSessionPayload" as Advice {
        /// The session.
        session: TutorialSession,
    }
}

union! {
    /// The tutorial, given; or why that was not recorded.
    pub enum RecordTutorialSessionResult {
        Payload(RecordTutorialSessionPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Says that a tutorial was given. The database holds that it was published then, in that language.
pub(super) async fn record_tutorial_session(
    context: Context,
    input: RecordTutorialSession,
) -> Result<RecordTutorialSessionResult> {
    let mut transaction =
        begin!(&context, "coordination.recordTutorialSession", &input, RecordTutorialSessionResult);
    let done = give(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn give(
    context: &Context,
    transaction: &mut Transaction<'_, RecordTutorialSessionPayload>,
    input: &RecordTutorialSession,
) -> Result<std::result::Result<Done<RecordTutorialSessionPayload>, RecordTutorialSessionResult>> {
    let tutorial = ensure!(found(context, transaction, input.tutorial.uuid()).await?);
    let today = context.instant().day;
    let held_on = input.held_on.unwrap_or(today);
    ensure!(language_of("language", &input.language));
    ensure!(needs(held_on <= today, "heldOn", "This cannot be of a day to come."));
    ensure!(needs((0..=5000).contains(&input.attended), "attended", "0 to 5,000 people come to a tutorial."));
    if shelter_in(context, transaction.connection()?, input.shelter.uuid()).await?.is_none() {
        return Ok(Err(NotFound::new("shelter").into()));
    }
    let session = TutorialSession {
        id: Id::new(context.new_uuid()?),
        held_on,
        language: input.language.clone(),
        attended: input.attended,
        shelter_id: input.shelter.uuid(),
        tutorial_id: tutorial.id.uuid(),
        agency: tutorial.agency.clone(),
    };
    let row = (
        tutorial_sessions::id.eq(session.id),
        tutorial_sessions::tutorial_id.eq(session.tutorial_id),
        tutorial_sessions::language.eq(&session.language),
        tutorial_sessions::shelter_id.eq(session.shelter_id),
        tutorial_sessions::held_on.eq(session.held_on),
        tutorial_sessions::attended.eq(session.attended),
        tutorial_sessions::recorded_at.eq(context.now()),
        tutorial_sessions::user_id.eq(context.actor()?.user),
    );
    let giving = diesel::insert_into(tutorial_sessions::table).values(row);
    if let Err(error) = giving.execute(transaction.connection()?).await {
        return Ok(Err(match constraint(&error) {
            Some("tutorial_sessions_edition_fkey") => {
                InvalidValue::new("language", "There is no such edition. Add it first.").into()
            }
            Some("tutorial_sessions_while_published") => {
                let message = "A tutorial is given after it is published, and until it is withdrawn.";
                StateConflict::new(message).into()
            }
            _ => return Err(error.into()),
        }));
    }
    let change = TutorialGiven { tutorial, session };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.session.into() }))
}
