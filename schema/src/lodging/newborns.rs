//! Lodging those who are born: in a cot of their own where the mother lodges, if one is free.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::Class;

use super::fitting::{Fit, Guest};
use super::load::beds_in;
use super::stays::{hold_spaces, spaces_of, told};
use super::tables::{beds, stays};
use super::{Bed, BedState, StayBegan};
use crate::census::{Mother, Placement};
use crate::context::Context;
use crate::database::Prepared;
use crate::error::Result;
use crate::journal::{Part, Transaction};
use crate::shelters::Segment;

/// A bed of the mother's shelter that nobody used or kept at a time.
#[derive(QueryableByName)]
struct Unused {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Cots of the shelter in which a mother lies that were unused since a time, her own space's first.
async fn cots(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (mother, placement): (&Mother, &Placement),
    since: DateTime<Utc>,
) -> Result<Vec<Bed>> {
    let query = stays::table
        .inner_join(beds::table)
        .filter(stays::person_id.eq(mother.held.id))
        .filter(stays::ended_at.is_null())
        .select(beds::space_id);
    let Some(space) = query.first::<Uuid>(connection).await.optional()? else { return Ok(Vec::new()) };
    let unused = diesel::sql_query(
        "SELECT beds.id FROM beds JOIN spaces ON spaces.id = space_id \
         WHERE shelter_id = (SELECT shelter_id FROM spaces WHERE id = $1) AND suits @> '{COT}' AND NOT beds.occupied \
             AND blocked_for IS NULL AND (hold_id IS NULL OR held_until <= $2) \
             AND NOT EXISTS (SELECT FROM stays WHERE bed_id = beds.id AND coalesce(ended_at, 'infinity') > $2)",
    )
    .bind::<SqlUuid, _>(space)
    .bind::<Timestamptz, _>(since);
    let unused: Vec<Unused> = Prepared(unused).load(connection).await?;
    let ids: Vec<Uuid> = unused.into_iter().map(|bed| bed.id).collect();
    hold_spaces(connection, &ids).await?;
    // What was taken until they were held is seen now.
    let mut free = beds_in(context, connection, &ids).await?;
    free.retain(|bed| bed.state == BedState::Free);
    let spaces = spaces_of(connection, &free).await?;
    let guest = Guest {
        placement: Some(placement.clone()),
        beside_pregnant: mother.placement.segment == Segment::Pregnancy,
    };
    free.retain(|bed| {
        let of = spaces.iter().find(|space| space.id.uuid() == bed.space_id);
        of.is_some_and(|space| Fit::of(&guest, space.segment, &bed.suits).is_good())
    });
    // A stable sort: beds come by their codes.
    free.sort_by_key(|bed| bed.space_id != space);
    Ok(free)
}

/// Lodges newborns, who are persons already, as far as there are cots: how many of them, from the first on, and what the journal says of
/// it. The others stay with their mother, in no bed of their own. Her household is held.
pub(crate) async fn lodge_newborns<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (mother, placement): (&Mother, &Placement),
    newborns: &[Uuid],
    began_at: DateTime<Utc>,
) -> Result<(usize, Vec<Part>)> {
    let mut cots = cots(context, transaction.connection()?, (mother, placement), began_at).await?;
    cots.truncate(newborns.len());
    if cots.is_empty() {
        return Ok((0, Vec::new()));
    }
    let before = spaces_of(transaction.connection()?, &cots).await?;
    let party_id = context.new_uuid()?;
    let mut parts = Vec::new();
    let mut stays: Vec<Uuid> = Vec::new();
    for (newborn, cot) in newborns.iter().zip(&cots) {
        let stay = context.new_uuid()?;
        stays.push(stay);
        let change = StayBegan {
            stay,
            bed: cot.id.uuid(),
            shelter: cot.shelter.clone(),
            began_at,
            after: None,
            reason: None,
            overridden: None,
        };
        parts.push(Part::of(Class::Placement, Some(*newborn), &change)?);
    }
    let beginning = diesel::sql_query(
        "INSERT INTO stays (id, person_id, bed_id, party_id, began_at, user_id) \
         SELECT stay, person, bed, $4, $5, $6 FROM unnest($1, $2, $3) AS new (stay, person, bed)",
    )
    .bind::<Array<SqlUuid>, _>(&stays)
    .bind::<Array<SqlUuid>, _>(newborns.iter().copied().take(cots.len()).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(cots.iter().map(|cot| cot.id.uuid()).collect::<Vec<_>>())
    .bind::<SqlUuid, _>(party_id)
    .bind::<Timestamptz, _>(began_at)
    .bind::<SqlUuid, _>(context.actor()?.user);
    Prepared(beginning).execute(transaction.connection()?).await?;
    parts.extend(told(transaction, before, began_at).await?);
    Ok((cots.len(), parts))
}
