//! What check-in, transfer and check-out have in common: the order of their locks, the problems that the database's laws become, and
//! what is told of the spaces.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::Class;

use super::{Bed, BedState};
use crate::census::{MERGED, TAKES_NOTHING};
use crate::context::Context;
use crate::database::Prepared;
use crate::error::Result;
use crate::journal::{Part, Transaction, constraint};
use crate::problem::{InvalidValue, StateConflict};
use crate::shelters::{OccupancyAdjusted, Space, spaces_in};

/// Holds the households of some people, in the one order in which everyone does, and before any space.
pub(crate) async fn hold_households(connection: &mut AsyncPgConnection, people: &[Uuid]) -> Result<()> {
    let holding = "SELECT FROM households WHERE id IN (SELECT household_id FROM persons WHERE id = ANY($1)) \
                   ORDER BY id FOR NO KEY UPDATE";
    let holding = diesel::sql_query(holding).bind::<Array<SqlUuid>, _>(people);
    Prepared(holding).execute(connection).await?;
    Ok(())
}

/// Holds the spaces of some beds, in the one order in which everyone does.
pub(super) async fn hold_spaces(connection: &mut AsyncPgConnection, beds: &[Uuid]) -> Result<()> {
    let holding = "SELECT FROM spaces WHERE id IN (SELECT space_id FROM beds WHERE id = ANY($1)) \
                   ORDER BY id FOR NO KEY UPDATE";
    let holding = diesel::sql_query(holding).bind::<Array<SqlUuid>, _>(beds);
    Prepared(holding).execute(connection).await?;
    Ok(())
}

/// The spaces of some beds.
pub(super) async fn spaces_of(connection: &mut AsyncPgConnection, beds: &[Bed]) -> Result<Vec<Space>> {
    spaces_in(connection, beds.iter().map(|bed| bed.space_id).collect()).await
}

/// Why nobody can be checked in to a bed; none where somebody can, under a hold or under none.
pub(super) fn taken(bed: &Bed, hold: Option<Uuid>) -> Option<StateConflict> {
    let why = match bed.state {
        BedState::Free => return None,
        BedState::Held if hold.is_some() && bed.hold_id == hold => return None,
        BedState::Held => "is held for others",
        BedState::Occupied => "has somebody in it",
        BedState::Blocked => "is blocked",
    };
    Some(StateConflict::new(&format!(
        "Bed {} {why}. Read the beds of the space, and choose another.",
        bed.code
    )))
}

/// What a law that a stay ran into tells its caller.
pub(super) fn law<R: From<StateConflict> + From<InvalidValue>>(error: &diesel::result::Error) -> Option<R> {
    Some(match constraint(error)? {
        "stays_bed_no_overlap" | "beds_one_use" => StateConflict::new(
            "A bed was taken at that time. Read the beds of the space, and choose another.",
        )
        .into(),
        "stays_person_no_overlap" => StateConflict::new(
            "Somebody of them lies in a bed at that time. Transfer that stay, or check it out.",
        )
        .into(),
        "stays_override_once" | "stays_override_holds" => {
            StateConflict::new("An override was used meanwhile, or is over. Ask for another.").into()
        }
        "stays_in_open_shelter" => {
            StateConflict::new("The shelter is closed. Choose a bed of another.").into()
        }
        TAKES_NOTHING => StateConflict::new(MERGED).into(),
        "stays_of_who_is_here" => {
            StateConflict::new("Somebody of them has left. Open an episode for who came back.").into()
        }
        "stays_ended_once" => StateConflict::new("This stay has ended already.").into(),
        "stays_period" => InvalidValue::new("occurredAt", "A stay ends after it began.").into(),
        _ => return None,
    })
}

/// When something happened: what was said, unless that is yet to come.
pub(super) fn happened(
    context: &Context,
    said: Option<DateTime<Utc>>,
) -> std::result::Result<DateTime<Utc>, InvalidValue> {
    match said {
        Some(at) if at > context.now() => {
            Err(InvalidValue::new("occurredAt", "This cannot be of the future."))
        }
        said => Ok(said.unwrap_or_else(|| context.now())),
    }
}

/// Tells how full the spaces are that lodge more or fewer than before. An entry tells of one space: all but the last are entered here,
/// and that one's part is for the operation's own entry.
pub(super) async fn told<P: Serialize + DeserializeOwned>(
    transaction: &mut Transaction<'_, P>,
    before: Vec<Space>,
    occurred_at: DateTime<Utc>,
) -> Result<Vec<Part>> {
    let after =
        spaces_in(transaction.connection()?, before.iter().map(|space| space.id.uuid()).collect()).await?;
    let mut parts = Vec::new();
    for space in after {
        let previously = before.iter().find(|known| known.id == space.id).map_or(0, |known| known.occupied);
        if previously != space.occupied {
            let change = OccupancyAdjusted { space, previously, occurred_at };
            parts.push(Part::of(Class::Operational, None, &change)?);
        }
    }
    let last = parts.pop();
    for part in parts {
        transaction.enter(occurred_at, vec![part]).await?;
    }
    Ok(last.into_iter().collect())
}
