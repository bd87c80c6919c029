//! Separating what was merged.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{WITHHELD, decided, of_a_person, payload, take};
use crate::census::held::held_all;
use crate::census::tables::persons;
use crate::census::{Person, touched};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Graph, input, union};
use crate::journal::{Change, Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A record that is of another person after all.
    pub struct UndoMerge {
        /// The record that was merged into another.
        pub person: Id<Person>,
        /// The version of it that the caller saw.
        pub version: i32,
        /// How it is known, in 3 to 500 characters. It is kept in the journal, sealed as what it tells of.
        pub reason: String,
        /// When it was decided; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

of_a_person! {
    /// The record, which goes on by itself.
    UndoMergePayload "UndoMergePayload"
}

union! {
    /// The record, which goes on by itself; or why it does not.
    pub enum UndoMergeResult {
        Payload(UndoMergePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: what was merged was separated again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MergeUndone {
    kept: Uuid,
    merged: Uuid,
    reason: String,
}

impl Change for MergeUndone {
    const NAME: &'static str = "census.mergeUndone";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    payload::<UndoMergePayload>(graph);
    graph
        .mutation(
            "undoMerge",
            Class::Identity,
            "Separates a record from the one that it was merged into. Needs a purpose.",
        )
        .either(RecordType::Person, undo_merge);
}

async fn undo_merge(context: Context, input: UndoMerge) -> Result<UndoMergeResult> {
    context.personal_scope(Class::Identity, RecordType::Person)?;
    let mut transaction = begin!(&context, "census.undoMerge", &input, UndoMergeResult);
    let done = undo(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

async fn undo(
    context: &Context,
    transaction: &mut Transaction<'_, UndoMergePayload>,
    input: UndoMerge,
) -> Result<std::result::Result<Done<UndoMergePayload>, UndoMergeResult>> {
    let occurred_at = match decided(context, input.occurred_at, &input.reason) {
        Ok(at) => at,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let merged = input.person.uuid();
    let mut found = held_all(context, transaction.connection()?, &[merged]).await?;
    let Some(separated) = take(&mut found, merged) else { return Ok(Err(NotFound::new("person").into())) };
    context.authorize_write(Class::Identity, RecordType::Person, &separated.judged)?;
    if separated.version != input.version {
        return Ok(Err(VersionConflict::new(separated.version).into()));
    }
    let Some(kept) = separated.merged_into else {
        return Ok(Err(StateConflict::new("This record was merged into none.").into()));
    };
    if separated.judged.facts.withheld.is_some() {
        return Ok(Err(StateConflict::new(WITHHELD).into()));
    }
    let row = (
        persons::merged_into.eq(None::<Uuid>),
        persons::merged_at.eq(None::<DateTime<Utc>>),
        persons::version.eq(input.version.saturating_add(1)),
    );
    diesel::update(persons::table.find(merged)).set(row).execute(transaction.connection()?).await?;
    let change = MergeUndone { kept, merged, reason: input.reason };
    let changes =
        vec![Part::of(Class::Identity, Some(merged), &change)?, touched(vec![kept, merged], occurred_at)?];
    transaction.tells_of(kept);
    Ok(Ok(Done { occurred_at, changes, payload: separated.into() }))
}
