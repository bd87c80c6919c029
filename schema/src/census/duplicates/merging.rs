//! Merging a record into another of the same person.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{Held, MERGED, WITHHELD, decided, of_a_person, payload, take};
use crate::census::held::held_all;
use crate::census::tables::persons;
use crate::census::{Person, touched};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Graph, input, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::lodging::tables::stays;
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// Two records of one person.
    pub struct MergePersons {
        /// The record that goes on.
        pub keep: Id<Person>,
        /// The record that is merged into it.
        pub merge: Id<Person>,
        /// The version that the caller saw of the record that is merged.
        pub version: i32,
        /// How it is known that they are one person, in 3 to 500 characters. It is kept in the journal, sealed as what it tells of.
        pub reason: String,
        /// When it was decided; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

of_a_person! {
    /// The person, with one record that goes on.
    MergePersonsPayload "MergePersonsPayload"
}

union! {
    /// The person, with one record that goes on; or why there are two still.
    pub enum MergePersonsResult {
        Payload(MergePersonsPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal, of each of both: one record was merged into another.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersonsMerged {
    kept: Uuid,
    merged: Uuid,
    reason: String,
}

impl Change for PersonsMerged {
    const NAME: &'static str = "census.personsMerged";
}

type Refused<T> = std::result::Result<T, MergePersonsResult>;

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    payload::<MergePersonsPayload>(graph);
    graph
        .mutation(
            "mergePersons",
            Class::Identity,
            "Says that two records are of one person: one goes on, the other stays as it is, points at it (`mergedInto`), and takes nothing \
             new. Nothing is moved and nothing is lost; undoMerge takes it back. Needs a purpose.",
        )
        .either(RecordType::Person, merge_persons);
}

async fn merge_persons(context: Context, input: MergePersons) -> Result<MergePersonsResult> {
    context.personal_scope(Class::Identity, RecordType::Person)?;
    let mut transaction = begin!(&context, "census.mergePersons", &input, MergePersonsResult);
    let done = merge(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

async fn merge(
    context: &Context,
    transaction: &mut Transaction<'_, MergePersonsPayload>,
    input: MergePersons,
) -> Result<Refused<Done<MergePersonsPayload>>> {
    let occurred_at = match decided(context, input.occurred_at, &input.reason) {
        Ok(at) => at,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let (kept, merged) = (input.keep.uuid(), input.merge.uuid());
    let mut both = held_all(context, transaction.connection()?, &[kept, merged]).await?;
    let Some(goes) = take(&mut both, merged) else { return Ok(Err(NotFound::new("merge").into())) };
    if kept == merged {
        return Ok(Err(InvalidValue::new("merge", "Name another record than the one that goes on.").into()));
    }
    let Some(remains) = take(&mut both, kept) else { return Ok(Err(NotFound::new("keep").into())) };
    for one in [&remains, &goes] {
        context.authorize_write(Class::Identity, RecordType::Person, &one.judged)?;
    }
    if goes.version != input.version {
        return Ok(Err(VersionConflict::new(goes.version).into()));
    }
    if let Some(why) = hindered(transaction.connection()?, &remains, &goes).await? {
        return Ok(Err(StateConflict::new(why).into()));
    }
    let row = (
        persons::merged_into.eq(kept),
        persons::merged_at.eq(occurred_at),
        persons::version.eq(input.version.saturating_add(1)),
    );
    let merging = diesel::update(persons::table.find(merged)).set(row);
    match merging.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("persons_merged_one_deep") => {
            let message = "Other records were merged into this one. Undo that first, or let this one go on.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) if constraint(&error) == Some("persons_merged_without_open_transfer") => {
            let message =
                "A transfer of custody of that record is open. Wait for its answer, or withdraw it.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) if constraint(&error) == Some("persons_merged_within_custody") => {
            let message = "Two agencies answer for these records. Hand the case of one on first, so that one answers for both.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) if constraint(&error) == Some("persons_merged_without_open_intake") => {
            let message = "An intake of that record is open. Hand it on or withdraw it first.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = PersonsMerged { kept, merged, reason: input.reason };
    let changes = vec![
        Part::of(Class::Identity, Some(kept), &change)?,
        Part::of(Class::Identity, Some(merged), &change)?,
        touched(vec![kept, merged], occurred_at)?,
    ];
    Ok(Ok(Done { occurred_at, changes, payload: remains.into() }))
}

/// Why a record cannot be merged into another now.
async fn hindered(
    connection: &mut AsyncPgConnection,
    remains: &Held,
    goes: &Held,
) -> Result<Option<&'static str>> {
    if goes.merged_into.is_some() {
        return Ok(Some("It was merged before. Undo that first, where it was into another."));
    }
    if remains.merged_into.is_some() {
        return Ok(Some(MERGED));
    }
    if [goes, remains].iter().any(|one| one.judged.facts.withheld.is_some()) {
        return Ok(Some(WITHHELD));
    }
    let lies = stays::table.filter(stays::person_id.eq(goes.id)).filter(stays::ended_at.is_null());
    if diesel::select(exists(lies)).get_result(connection).await? {
        return Ok(Some("Somebody of that record lies in a bed. Check it out, and the other one in."));
    }
    let others = persons::table
        .filter(persons::household_id.eq(goes.household))
        .filter(persons::id.ne(goes.id))
        .filter(persons::merged_into.is_null());
    if goes.head == goes.id && diesel::select(exists(others)).get_result(connection).await? {
        return Ok(Some(
            "It is the head of a household. Make another member its head first, with changeHead.",
        ));
    }
    Ok(None)
}
