//! Those who are born here: members of their mother's household from their first day. Whoever registers a birth says a few things of them,
//! and the rest follows; no arrival brought them.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Class;

use crate::census::episodes::EpisodeOpened;
use crate::census::tables::{episodes, households, persons};
use crate::census::{
    BedNeed, FAMILY, Family, Held, IDENTITY, Identity, Kinship, MERGED, MIGRATION, Migration, PLACEMENT,
    Placement, Sex, erased, held, search, touched,
};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::journal::{Change, Part};
use crate::problem::{InvalidValue, NotFound, StateConflict};
use crate::scalars::PartialDate;
use crate::vault::Keys;

/// Whose child is born on Mexican soil is Mexican.
const NATIONALITY: &str = "MEX";

/// A mother, held with her household until the transaction ends.
pub(crate) struct Mother {
    pub(crate) held: Held,
    /// Her key.
    pub(crate) keys: Keys,
    arrived_on: NaiveDate,
    shelter_id: Option<Uuid>,
    identity: Identity,
    family: Family,
    /// Where she is to be placed.
    pub(crate) placement: Placement,
}

/// Somebody who is born.
pub(crate) struct Newborn {
    pub(crate) id: Uuid,
    pub(crate) given_names: String,
    /// The mother's, where they are left out.
    pub(crate) family_names: Option<String>,
    pub(crate) sex: Sex,
}

/// In the journal: somebody was born into a household. It names nobody.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BornIntoHousehold {
    household: Uuid,
    person: Uuid,
}

impl Change for BornIntoHousehold {
    const NAME: &'static str = "census.bornIntoHousehold";
}

/// A person's row, as far as it decides on their child's: arrival, shelter, and what is sealed of identity, family and placement.
type MotherRow = (NaiveDate, Option<Uuid>, Vec<u8>, Vec<u8>, Vec<u8>);

/// Holds a mother within the caller's reach: her household first, as everyone does.
pub(crate) async fn mother<R>(
    context: &Context,
    connection: &mut AsyncPgConnection,
    person: Uuid,
) -> Result<std::result::Result<Mother, R>>
where
    R: From<NotFound> + From<StateConflict>,
{
    let of = persons::table.find(person).select(persons::household_id);
    let household: Option<Uuid> = of.first(connection).await.optional()?;
    let Some(household) = household else { return Ok(Err(NotFound::new("mother").into())) };
    let holding = households::table.find(household).select(households::id).for_no_key_update();
    let _held: Uuid = holding.first(connection).await?;
    let Some(held) = held(context, connection, person).await? else {
        return Ok(Err(NotFound::new("mother").into()));
    };
    if held.merged_into.is_some() {
        return Ok(Err(StateConflict::new(MERGED).into()));
    }
    if held.household != household {
        return Ok(Err(StateConflict::new("The mother was moved at this moment. Read her again.").into()));
    }
    let query = persons::table.find(person).select((
        persons::arrived_on,
        persons::shelter_id,
        persons::identity,
        persons::family,
        persons::placement,
    ));
    let (arrived_on, shelter_id, identity, family, placement): MotherRow = query.first(connection).await?;
    let keys = context.vault().keys(vec![person]).await?;
    let opened = (
        keys.open(person, IDENTITY, &identity)?,
        keys.open(person, FAMILY, &family)?,
        keys.open(person, PLACEMENT, &placement)?,
    );
    let (Some(identity), Some(family), Some(placement)) = opened else { return Ok(Err(erased().into())) };
    Ok(Ok(Mother { held, keys, arrived_on, shelter_id, identity, family, placement }))
}

impl Mother {
    /// What is wrong with a birth on a day.
    pub(crate) fn gives_birth_on(&self, day: NaiveDate) -> std::result::Result<(), InvalidValue> {
        let message = "The mother arrived after that day. Who was born before came with her: register them with registerHousehold.";
        if day < self.arrived_on { Err(InvalidValue::new("occurredAt", message)) } else { Ok(()) }
    }

    /// Where her newborns are to be placed: with her, in a cot.
    pub(crate) fn newborns_placement(&self) -> Placement {
        Placement { segment: self.placement.segment, bed_needs: vec![BedNeed::Cot] }
    }

    fn family_of_newborn(&self) -> Family {
        let kinship = match self.family.kinship {
            Kinship::Head | Kinship::Partner => Kinship::Child,
            Kinship::Child | Kinship::Relative => Kinship::Relative,
        };
        Family { kinship, marital_status: None }
    }

    fn identity_of(&self, newborn: Newborn, day: NaiveDate) -> Identity {
        let part = |number: u32| u8::try_from(number).ok();
        let year = u16::try_from(day.year()).unwrap_or_default();
        Identity {
            given_names: newborn.given_names,
            family_names: newborn.family_names.unwrap_or_else(|| self.identity.family_names.clone()),
            birth_date: PartialDate::new(year, part(day.month()), part(day.day())),
            sex: newborn.sex,
            nationality: NATIONALITY.to_owned(),
            languages: Vec::new(),
            documents: Vec::new(),
            curp: None,
            photograph: None,
        }
    }
}

/// Makes persons of newborns, in their mother's household and, until they have a bed of their own, where she lodges: what the journal says
/// of it, each part sealed under the newborn's own key. By what right they are in the country is for those to say who may.
pub(crate) async fn register_newborns(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (mother, keys): (&Mother, &Keys),
    newborns: Vec<Newborn>,
    born_at: DateTime<Utc>,
) -> Result<Vec<Part>> {
    let (day, household) = (context.day_of(born_at), mother.held.household);
    let adult_from = NaiveDate::from_ymd_opt(day.year().saturating_add(19), 1, 1)
        .ok_or_else(|| Error::internal("the day of a birth has no year"))?;
    let (family, placement) = (mother.family_of_newborn(), mother.newborns_placement());
    let mut parts = vec![touched(newborns.iter().map(|newborn| newborn.id).collect(), born_at)?];
    for newborn in newborns {
        let (id, identity) = (newborn.id, mother.identity_of(newborn, day));
        let nonce = || context.random_bytes();
        let row = (
            persons::id.eq(id),
            persons::programme_id.eq(context.programme_id()),
            persons::household_id.eq(household),
            persons::arrived_on.eq(day),
            persons::shelter_id.eq(mother.shelter_id),
            persons::adult_from.eq(adult_from),
            persons::identity.eq(keys.seal(id, IDENTITY, nonce()?, &identity)?),
            persons::family.eq(keys.seal(id, FAMILY, nonce()?, &family)?),
            persons::migration.eq(keys.seal(id, MIGRATION, nonce()?, &Migration::UNKNOWN)?),
            persons::placement.eq(keys.seal(id, PLACEMENT, nonce()?, &placement)?),
            persons::tokens_of.eq(search::RULES),
        );
        diesel::insert_into(persons::table).values(row).execute(connection).await?;
        search::insert(connection, context.vault().search_key(), &[(id, &identity)]).await?;
        let episode = context.new_uuid()?;
        let row = (episodes::id.eq(episode), episodes::person_id.eq(id), episodes::arrived_on.eq(day));
        diesel::insert_into(episodes::table).values(row).execute(connection).await?;
        parts.push(Part::of(Class::Family, None, &BornIntoHousehold { household, person: id })?);
        parts.push(identity.stated(id, household)?);
        let opened = EpisodeOpened { episode, arrived_on: day };
        parts.push(Part::of(Class::Identity, Some(id), &opened)?);
        parts.push(family.stated(id, household)?);
        parts.push(placement.stated(id, household)?);
    }
    diesel::update(households::table.find(household))
        .set(households::version.eq(households::version + 1))
        .execute(connection)
        .await?;
    Ok(parts)
}
