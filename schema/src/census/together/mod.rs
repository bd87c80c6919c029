//! Who belongs together: another head for a household, and a person who moves to another household. The database holds that every
//! household has exactly one head, who is a member of it.

mod change_head;
mod move_person;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::census::tables::{households, persons};
use crate::census::{
    FAMILY, FactRow, Family, Household, Judged, Kinship, PersonFacts, fact_columns, household_facts, load,
};
use crate::context::{Context, Instant};
use crate::error::Result;
use crate::graph::Graph;
use crate::journal::Part;
use crate::shelters::tables::shelters;
use crate::vault::Keys;

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    change_head::register(graph);
    move_person::register(graph);
}

/// A household within the caller's reach and its head; held until the transaction ends.
async fn held_household(
    context: &Context,
    connection: &mut AsyncPgConnection,
    household: Uuid,
) -> Result<Option<(Household, Uuid)>> {
    let Some(scope) = context.personal_scope(Class::Family, RecordType::Household)? else { return Ok(None) };
    let holding = households::table.find(household).select(households::id).for_no_key_update();
    let _held: Option<Uuid> = holding.first(connection).await.optional()?;
    let query = households::table
        .left_join(shelters::table)
        .filter(households::id.eq(household))
        .filter(households::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, household_facts))
        .select((load::household_columns(scope.at()), households::head_id));
    Ok(query.first(connection).await.optional()?)
}

/// A member of a household, as far as who belongs together turns on it.
struct Member {
    id: Uuid,
    version: i32,
    family: Vec<u8>,
    judged: Judged,
}

/// A member's row.
type Row = (Uuid, i32, Vec<u8>, FactRow);

/// The members of a household, whoever may see them; held until the transaction ends.
async fn held_members(
    connection: &mut AsyncPgConnection,
    household: Uuid,
    at: Instant,
) -> Result<Vec<Member>> {
    let holding = persons::table.filter(persons::household_id.eq(household)).order(persons::id);
    let _held: Vec<Uuid> = holding.select(persons::id).for_no_key_update().load(connection).await?;
    let query = persons::table
        .left_join(shelters::table)
        .filter(persons::household_id.eq(household))
        .order(persons::id)
        .select((persons::id, persons::version, persons::family, fact_columns(at)));
    let rows: Vec<Row> = query.load(connection).await?;
    let member = |(id, version, family, facts): Row| Member {
        id,
        version,
        family,
        judged: Judged::new(id, PersonFacts::of(facts, at)),
    };
    Ok(rows.into_iter().map(member).collect())
}

impl Member {
    /// Writes what they are to the head of a household from now on; what the journal says of it. Of whom everything was erased nothing
    /// more is kept.
    async fn becomes(
        &self,
        context: &Context,
        connection: &mut AsyncPgConnection,
        keys: &Keys,
        (kinship, household): (Kinship, Uuid),
    ) -> Result<Option<Part>> {
        let known: Option<Family> = keys.open(self.id, FAMILY, &self.family)?;
        let family = known.map(|known| Family { kinship, ..known });
        let sealed = match &family {
            Some(family) => keys.seal(self.id, FAMILY, context.random_bytes()?, family)?,
            None => self.family.clone(),
        };
        diesel::update(persons::table.find(self.id))
            .set((
                persons::household_id.eq(household),
                persons::family.eq(sealed),
                persons::version.eq(self.version.saturating_add(1)),
            ))
            .execute(connection)
            .await?;
        family.map(|family| family.stated(self.id, household)).transpose()
    }
}
