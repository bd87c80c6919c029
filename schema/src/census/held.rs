//! A person, held while something of theirs is written: nobody else changes them, and nobody erases them, until the transaction ends.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::census::parts::PlacementInput;
use crate::census::tables::{households, persons};
use crate::census::{FactRow, Judged, PLACEMENT, PersonFacts, Placement, fact_columns, person_facts};
use crate::context::Context;
use crate::error::Result;
use crate::journal::Part;
use crate::problem::StateConflict;
use crate::shelters::tables::shelters;
use crate::vault::Keys;

/// See the module.
pub(crate) struct Held {
    pub(crate) id: Uuid,
    pub(crate) household: Uuid,
    /// Who is the head of that household.
    pub(crate) head: Uuid,
    /// The record that this one was merged into.
    pub(crate) merged_into: Option<Uuid>,
    pub(crate) version: i32,
    /// As policies see them.
    pub(crate) judged: Judged,
}

/// A person's row, as far as a change of it turns on it.
type Row = (Uuid, Uuid, Uuid, Option<Uuid>, i32, FactRow);

/// Holds a person within the caller's reach; none where there is nobody.
pub(crate) async fn held(
    context: &Context,
    connection: &mut AsyncPgConnection,
    person: Uuid,
) -> Result<Option<Held>> {
    Ok(held_all(context, connection, &[person]).await?.pop())
}

/// Holds those of some people whom the caller may see, in one order.
pub(crate) async fn held_all(
    context: &Context,
    connection: &mut AsyncPgConnection,
    people: &[Uuid],
) -> Result<Vec<Held>> {
    let Some(scope) = context.personal_scope(Class::Identity, RecordType::Person)? else {
        return Ok(Vec::new());
    };
    let holding = persons::table.filter(persons::id.eq_any(people)).order(persons::id);
    let _held: Vec<Uuid> = holding.select(persons::id).for_no_key_update().load(connection).await?;
    let at = scope.at();
    let query = persons::table
        .inner_join(households::table)
        .left_join(shelters::table)
        .filter(persons::id.eq_any(people))
        .filter(persons::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .select((
            persons::id,
            persons::household_id,
            households::head_id,
            persons::merged_into,
            persons::version,
            fact_columns(at),
        ));
    let rows: Vec<Row> = query.load(connection).await?;
    let held = |(id, household, head, merged_into, version, facts): Row| {
        let judged = Judged::new(id, PersonFacts::of(facts, at));
        Held { id, household, head, merged_into, version, judged }
    };
    Ok(rows.into_iter().map(held).collect())
}

/// Holds a person of the programme for a caller who knows them by their id alone, and is told nothing else of them; whether there is one.
pub(crate) async fn held_by_reference(
    context: &Context,
    connection: &mut AsyncPgConnection,
    person: Uuid,
) -> Result<bool> {
    let holding = persons::table
        .filter(persons::id.eq(person))
        .filter(persons::programme_id.eq(context.programme_id()))
        .select(persons::id)
        .for_no_key_update();
    let found: Option<Uuid> = holding.first(connection).await.optional()?;
    Ok(found.is_some())
}

/// As [`held_by_reference`]; what policies turn on of them.
pub(crate) async fn held_facts(
    context: &Context,
    connection: &mut AsyncPgConnection,
    person: Uuid,
) -> Result<Option<PersonFacts>> {
    if !held_by_reference(context, connection, person).await? {
        return Ok(None);
    }
    let at = context.instant();
    let query =
        persons::table.left_join(shelters::table).filter(persons::id.eq(person)).select(fact_columns(at));
    let facts: FactRow = query.first(connection).await?;
    Ok(Some(PersonFacts::of(facts, at)))
}

/// Says where a held person is to be placed from now on; what the journal says of it.
pub(crate) async fn place(
    context: &Context,
    connection: &mut AsyncPgConnection,
    keys: &Keys,
    held: &Held,
    placement: PlacementInput,
) -> Result<Part> {
    let placement = Placement::from(placement);
    let sealed = keys.seal(held.id, PLACEMENT, context.random_bytes()?, &placement)?;
    diesel::update(persons::table.find(held.id))
        .set((persons::placement.eq(sealed), persons::version.eq(held.version.saturating_add(1))))
        .execute(connection)
        .await?;
    placement.stated(held.id, held.household)
}

/// Nothing more is kept of a person whose key was destroyed.
pub(crate) fn erased() -> StateConflict {
    StateConflict::new("What was known of this person was erased, and nothing more is kept of them.")
}
