//! Saying that two records are of two people: they are asked about no more.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{decided, of_a_person, payload, take};
use crate::census::Person;
use crate::census::held::held_all;
use crate::census::tables::dismissed_duplicates;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Graph, input, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

input! {
    /// Two records of two people.
    pub struct DismissDuplicate {
        /// One of them.
        pub person: Id<Person>,
        /// The other.
        pub other: Id<Person>,
        /// How it is known that they are two, in 3 to 500 characters. It is kept in the journal, sealed as what it tells of.
        pub reason: String,
        /// When it was decided; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

of_a_person! {
    /// One of two people whose records are told apart.
    DismissDuplicatePayload "DismissDuplicatePayload"
}

union! {
    /// One of two people whose records are told apart; or why they are not.
    pub enum DismissDuplicateResult {
        Payload(DismissDuplicatePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal, of each of both: two records are of two people.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DuplicateDismissed {
    one: Uuid,
    other: Uuid,
    reason: String,
}

impl Change for DuplicateDismissed {
    const NAME: &'static str = "census.duplicateDismissed";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    payload::<DismissDuplicatePayload>(graph);
    graph
        .mutation(
            "dismissDuplicate",
            Class::Identity,
            "Says that two records are of two people: duplicateCandidates shows neither for the other any more. Needs a purpose.",
        )
        .either(RecordType::Person, dismiss_duplicate);
}

async fn dismiss_duplicate(context: Context, input: DismissDuplicate) -> Result<DismissDuplicateResult> {
    context.personal_scope(Class::Identity, RecordType::Person)?;
    let mut transaction = begin!(&context, "census.dismissDuplicate", &input, DismissDuplicateResult);
    let done = dismiss(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

async fn dismiss(
    context: &Context,
    transaction: &mut Transaction<'_, DismissDuplicatePayload>,
    input: DismissDuplicate,
) -> Result<std::result::Result<Done<DismissDuplicatePayload>, DismissDuplicateResult>> {
    let occurred_at = match decided(context, input.occurred_at, &input.reason) {
        Ok(at) => at,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let (one, other) = (input.person.uuid(), input.other.uuid());
    let mut both = held_all(context, transaction.connection()?, &[one, other]).await?;
    let Some(first) = take(&mut both, one) else { return Ok(Err(NotFound::new("person").into())) };
    if one == other {
        return Ok(Err(InvalidValue::new("other", "Name the record of another person.").into()));
    }
    let Some(second) = take(&mut both, other) else { return Ok(Err(NotFound::new("other").into())) };
    for person in [&first, &second] {
        context.authorize_write(Class::Identity, RecordType::Person, &person.judged)?;
    }
    if first.merged_into == Some(other) || second.merged_into == Some(one) {
        let message = "One was merged into the other. Undo that first, with undoMerge.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    let row = (
        dismissed_duplicates::one_id.eq(one.min(other)),
        dismissed_duplicates::other_id.eq(one.max(other)),
        dismissed_duplicates::dismissed_at.eq(occurred_at),
        dismissed_duplicates::user_id.eq(context.actor()?.user),
    );
    let dismissing = diesel::insert_into(dismissed_duplicates::table).values(row);
    match dismissing.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("dismissed_duplicates_pkey") => {
            return Ok(Err(StateConflict::new("They were told apart before.").into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = DuplicateDismissed { one, other, reason: input.reason };
    let changes = vec![
        Part::of(Class::Identity, Some(one), &change)?,
        Part::of(Class::Identity, Some(other), &change)?,
    ];
    Ok(Ok(Done { occurred_at, changes, payload: first.into() }))
}
