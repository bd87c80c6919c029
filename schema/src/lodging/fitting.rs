//! Whether a bed suits a person: the segment that its space is kept for, and what the person needs of a bed. What follows of health,
//! and never why.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::overrides::approved_in;
use super::{Bed, Overridden, PlacementOverride};
use crate::census::{BedNeed, PLACEMENT, Placement};
use crate::context::Context;
use crate::database::Prepared;
use crate::error::Result;
use crate::problem::{BedUnfit, StateConflict};
use crate::scalars::Id;
use crate::shelters::{Segment, Space};

/// Somebody who is to lie in a bed, as far as it is asked which one suits them.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    /// None where nobody knows any more: nothing speaks against any bed.
    pub(super) placement: Option<Placement>,
    /// Whether somebody of their household is placed for pregnancy: that segment is of those with her too.
    pub(super) beside_pregnant: bool,
}

/// How a bed suits a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fit {
    /// Whether its space is kept for their segment.
    pub(super) segment: bool,
    /// What they need and it has not.
    pub(super) unmet: Vec<BedNeed>,
}

impl Fit {
    /// How a bed that suits these needs, in a space of this segment, suits somebody.
    pub(super) fn of(guest: &Guest, segment: Segment, suits: &[BedNeed]) -> Self {
        let Some(placement) = &guest.placement else { return Self { segment: true, unmet: Vec::new() } };
        let with_her = segment == Segment::Pregnancy && guest.beside_pregnant;
        let lacks = |need: &&BedNeed| !suits.contains(need);
        Self {
            segment: placement.segment == segment || with_her,
            unmet: placement.bed_needs.iter().filter(lacks).copied().collect(),
        }
    }

    /// Whether nothing speaks against it.
    pub(super) fn is_good(&self) -> bool {
        self.segment && self.unmet.is_empty()
    }
}

/// How many needs a bed meets that this person has not: it is better kept for others.
pub(super) fn waste(guest: &Guest, suits: &[BedNeed]) -> usize {
    let needs = guest.placement.as_ref().map(|placement| placement.bed_needs.as_slice()).unwrap_or_default();
    suits.iter().filter(|need| !needs.contains(need)).count()
}

/// Somebody of the households of those who are to lodge, still sealed.
#[derive(QueryableByName)]
struct Member {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    household: Uuid,
    #[diesel(sql_type = Binary)]
    placement: Vec<u8>,
}

/// People who are to lie in a bed, as a transaction sees them.
async fn guests_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    people: &[Uuid],
) -> Result<Vec<(Uuid, Guest)>> {
    let asking = diesel::sql_query(
        "SELECT id, household_id AS household, placement FROM persons \
         WHERE household_id IN (SELECT household_id FROM persons WHERE id = ANY($1))",
    )
    .bind::<Array<SqlUuid>, _>(people);
    let members: Vec<Member> = Prepared(asking).load(connection).await?;
    let keys = context.vault().keys(members.iter().map(|member| member.id).collect()).await?;
    let mut known: Vec<(Uuid, Uuid, Option<Placement>)> = Vec::with_capacity(members.len());
    for Member { id, household, placement } in members {
        known.push((id, household, keys.open(id, PLACEMENT, &placement)?));
    }
    let pregnant = |of: &Uuid| {
        let is_she = |placement: &Placement| placement.segment == Segment::Pregnancy;
        known
            .iter()
            .any(|(_, household, placement)| household == of && placement.as_ref().is_some_and(is_she))
    };
    let guest = |(id, household, placement): &(Uuid, Uuid, Option<Placement>)| {
        (*id, Guest { placement: placement.clone(), beside_pregnant: pregnant(household) })
    };
    Ok(known.iter().filter(|(id, ..)| people.contains(id)).map(guest).collect())
}

/// By which overrides people lie in beds that do not suit them; refused where one of them has none. The spaces are those of the beds.
pub(super) async fn suited<R>(
    context: &Context,
    connection: &mut AsyncPgConnection,
    lying: &[(Uuid, &Bed)],
    spaces: &[Space],
    overrides: &[Id<PlacementOverride>],
) -> Result<std::result::Result<BTreeMap<Uuid, Overridden>, R>>
where
    R: From<BedUnfit> + From<StateConflict>,
{
    let people: Vec<Uuid> = lying.iter().map(|(person, _)| *person).collect();
    let guests = guests_in(context, connection, &people).await?;
    let keys: Vec<Uuid> = overrides.iter().map(|of| of.uuid()).collect();
    let approved = if keys.is_empty() { Vec::new() } else { approved_in(context, connection, &keys).await? };
    let (mut overridden, mut unfit) = (BTreeMap::new(), Vec::new());
    for (person, bed) in lying {
        let guest = guests.iter().find(|(id, _)| id == person).map(|(_, guest)| guest);
        let space = spaces.iter().find(|space| space.id.uuid() == bed.space_id);
        let fits =
            guest.zip(space).is_none_or(|(guest, space)| Fit::of(guest, space.segment, &bed.suits).is_good());
        if fits {
            continue;
        }
        match approved.iter().find(|of| of.person_id == *person && of.space_id == bed.space_id) {
            Some(of) => {
                let used = Overridden {
                    placement_override: of.id.uuid(),
                    requested_by: of.requested_by,
                    approved_by: of.approved_by,
                };
                overridden.insert(*person, used);
            }
            None => unfit.push(bed.code.as_str()),
        }
    }
    if unfit.is_empty() {
        return Ok(Ok(overridden));
    }
    if approved.len() < keys.len() {
        let message = "An override is not approved, was used, or is over. Read it again, or ask for another.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    Ok(Err(BedUnfit::new(&unfit).into()))
}
