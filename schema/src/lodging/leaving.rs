//! Leaving the shelters for good: the stays of people who depart end with their departure.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::StayEnded;
use super::load::beds_in;
use super::stays::{hold_spaces, law, spaces_of, told};
use super::tables::stays;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::journal::{Part, Transaction};
use crate::problem::{InvalidValue, StateConflict};

/// Ends the stays of people whose households are held; what the journal says of it. Who lies in no bed leaves none.
pub(crate) async fn leave_beds<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    people: &[Uuid],
    ended_at: DateTime<Utc>,
) -> Result<std::result::Result<Vec<Part>, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<StateConflict> + From<InvalidValue>,
{
    let open = stays::table.filter(stays::person_id.eq_any(people)).filter(stays::ended_at.is_null());
    let open = open.order(stays::id).select((stays::id, stays::person_id, stays::bed_id));
    let open: Vec<(Uuid, Uuid, Uuid)> = open.load(transaction.connection()?).await?;
    let left: Vec<Uuid> = open.iter().map(|(.., bed)| *bed).collect();
    hold_spaces(transaction.connection()?, &left).await?;
    let beds = beds_in(context, transaction.connection()?, &left).await?;
    for bed in &beds {
        context.authorize_write(Class::Operational, RecordType::Space, bed)?;
    }
    let before = spaces_of(transaction.connection()?, &beds).await?;
    let of_them = stays::table.filter(stays::id.eq_any(open.iter().map(|(stay, ..)| *stay)));
    let ending = diesel::update(of_them).set(stays::ended_at.eq(ended_at));
    if let Err(error) = ending.execute(transaction.connection()?).await {
        return law(&error).map(Err).ok_or_else(|| Error::from(error));
    }
    let mut changes = Vec::with_capacity(open.len().saturating_add(1));
    for (stay, person, bed) in open {
        changes.push(Part::of(Class::Placement, Some(person), &StayEnded { stay, bed, ended_at })?);
    }
    changes.extend(told(transaction, before, ended_at).await?);
    Ok(Ok(changes))
}
