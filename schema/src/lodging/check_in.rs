//! Checking people in: all of them or nobody, and a family together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::arrivals::{Arrivals, MOST, arrivals};
use super::fitting::suited;
use super::load::{Lodger, beds_in};
use super::stays::{happened, hold_spaces, law, spaces_of, taken, told};
use super::{Bed, BedHold, PlacementOverride, StayBegan};
use crate::census::{Person, touched};
use crate::context::Context;
use crate::database::Prepared;
use crate::error::{Error, Result};
use crate::graph::{Facts, input, record, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{BedUnfit, IdempotencyConflict, InvalidValue, NotFound, StateConflict, refuse_text};
use crate::scalars::Id;

input! {
    /// Who lies where from now on.
    pub struct CheckIn {
        /// The people, 1 to 50: of a family everyone who does not lie in that shelter yet. Either this or `pickupCode`.
        pub persons: Option<Vec<Id<Person>>>,
        /// The pickup code that a household shows where it comes: it is for everyone of it who lies in no bed, by registration.
        pub pickup_code: Option<String>,
        /// A bed for each of them, in the same order.
        pub beds: Vec<Id<Bed>>,
        /// The hold under which beds were kept for them.
        pub hold: Option<Id<BedHold>>,
        /// Approved overrides, for those whom their bed does not suit.
        pub overrides: Option<Vec<Id<PlacementOverride>>>,
        /// Why a family is lodged apart, 3 to 500 characters; needed where it is.
        pub reason: Option<String>,
        /// When they came; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// People, checked in.
    #[derive(Serialize, Deserialize)]
    pub struct CheckInPayload: "CheckInPayload" as Space {
        /// What their stays share.
        party_id: Uuid,
        /// Code of the first one's shelter.
        shelter: String,
    }
}

impl Facts for CheckInPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

union! {
    /// The people, checked in; or why nobody was.
    pub enum CheckInResult {
        Payload(CheckInPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        BedUnfit(BedUnfit),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Refused<T> = std::result::Result<T, CheckInResult>;

/// Checks people in. The database holds that nobody lies in two beds, and no two in one.
pub(super) async fn check_in(context: Context, input: CheckIn) -> Result<CheckInResult> {
    context.personal_scope(Class::Placement, RecordType::Person)?;
    let mut transaction = begin!(&context, "lodging.checkIn", &input, CheckInResult);
    let done = lodge(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn lodge(
    context: &Context,
    transaction: &mut Transaction<'_, CheckInPayload>,
    input: &CheckIn,
) -> Result<Refused<Done<CheckInPayload>>> {
    if let Some(problem) = refused(input) {
        return Ok(Err(problem.into()));
    }
    let began_at = match happened(context, input.occurred_at) {
        Ok(at) => at,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let named = Arrivals { persons: input.persons.as_deref(), pickup_code: input.pickup_code.as_deref() };
    let mut lodgers = match arrivals(context, transaction.connection()?, named).await? {
        Ok(lodgers) => lodgers,
        Err(refused) => return Ok(Err(refused)),
    };
    let wanted: Vec<Uuid> = input.beds.iter().map(|bed| bed.uuid()).collect();
    if wanted.len() != lodgers.len() {
        let message = format!("Name one bed for each person, in the same order: {} of them.", lodgers.len());
        return Ok(Err(InvalidValue::new("beds", &message).into()));
    }
    let hold = input.hold.map(Id::uuid);
    hold_spaces(transaction.connection()?, &wanted).await?;
    let mut beds = beds_in(context, transaction.connection()?, &wanted).await?;
    if beds.len() < wanted.len() {
        return Ok(Err(NotFound::new("beds").into()));
    }
    beds.sort_by_key(|bed| wanted.iter().position(|wanted| *wanted == bed.id.uuid()));
    for (lodger, bed) in lodgers.iter_mut().zip(&beds) {
        if input.pickup_code.is_some() && !lodger.arrives_in(&bed.shelter) {
            let message = "This household lodges in another shelter. The coordinator moves it.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        context.authorize_write(Class::Placement, RecordType::Person, &lodger.judged)?;
        context.authorize_write(Class::Operational, RecordType::Space, bed)?;
    }
    if let Some(problem) = beds.iter().find_map(|bed| taken(bed, hold)) {
        return Ok(Err(problem.into()));
    }
    let places: Vec<(&Lodger, &Bed)> = lodgers.iter().zip(&beds).collect();
    if input.reason.is_none() && !together(transaction.connection()?, &places).await? {
        let message = "A family is lodged together: name every member, with beds of one shelter; or say in reason why not.";
        return Ok(Err(InvalidValue::new("persons", message).into()));
    }
    let before = spaces_of(transaction.connection()?, &beds).await?;
    let lying: Vec<(Uuid, &Bed)> = places.iter().map(|(lodger, bed)| (lodger.id, *bed)).collect();
    let overrides = input.overrides.as_deref().unwrap_or_default();
    let overridden = match suited(context, transaction.connection()?, &lying, &before, overrides).await? {
        Ok(overridden) => overridden,
        Err(refused) => return Ok(Err(refused)),
    };
    let of = |lodger: &Lodger| overridden.get(&lodger.id);
    let party_id = context.new_uuid()?;
    let mut stays = Vec::with_capacity(places.len());
    for _ in &places {
        stays.push(context.new_uuid()?);
    }
    let beginning = diesel::sql_query(
        "INSERT INTO stays (id, person_id, bed_id, party_id, hold_id, began_at, user_id, override_id) \
         SELECT stay, person, bed, $4, $5, $6, $7, override FROM unnest($1, $2, $3, $8) AS new (stay, person, bed, override)",
    )
    .bind::<Array<SqlUuid>, _>(&stays)
    .bind::<Array<SqlUuid>, _>(lodgers.iter().map(|lodger| lodger.id).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(&wanted)
    .bind::<SqlUuid, _>(party_id)
    .bind::<Nullable<SqlUuid>, _>(hold)
    .bind::<Timestamptz, _>(began_at)
    .bind::<SqlUuid, _>(context.actor()?.user)
    .bind::<Array<Nullable<SqlUuid>>, _>(
        lodgers.iter().map(|lodger| of(lodger).map(|used| used.placement_override)).collect::<Vec<_>>(),
    );
    if let Err(error) = Prepared(beginning).execute(transaction.connection()?).await {
        return law(&error).map(Err).ok_or_else(|| Error::from(error));
    }
    let mut changes = Vec::with_capacity(places.len() + 2);
    for ((lodger, bed), stay) in places.iter().zip(&stays) {
        let change = StayBegan {
            stay: *stay,
            bed: bed.id.uuid(),
            shelter: bed.shelter.clone(),
            began_at,
            after: None,
            reason: input.reason.clone(),
            overridden: of(lodger).cloned(),
        };
        changes.push(Part::of(Class::Placement, Some(lodger.id), &change)?);
    }
    changes.push(touched(places.iter().map(|(lodger, _)| lodger.id).collect(), began_at)?);
    changes.extend(told(transaction, before, began_at).await?);
    let shelter = beds.iter().map(|bed| bed.shelter.clone()).next().unwrap_or_default();
    Ok(Ok(Done { occurred_at: began_at, changes, payload: CheckInPayload { party_id, shelter } }))
}

/// Which value is out of its range, and what to do about it.
fn refused(input: &CheckIn) -> Option<InvalidValue> {
    let beds: BTreeSet<Uuid> = input.beds.iter().map(|bed| bed.uuid()).collect();
    if beds.len() < input.beds.len() || beds.len() > MOST {
        return Some(InvalidValue::new("beds", "Name each bed once, 50 at most."));
    }
    refuse_text("reason", input.reason.as_deref())
}

/// A member of a household who is not among those who come, and the shelter in whose bed they lie.
#[derive(QueryableByName)]
struct Other {
    #[diesel(sql_type = SqlUuid)]
    household: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    shelter: Option<String>,
}

/// Whether each household is lodged in one shelter, with those of it who lodge already.
async fn together(connection: &mut AsyncPgConnection, places: &[(&Lodger, &Bed)]) -> Result<bool> {
    let mut shelters: BTreeMap<Uuid, &str> = BTreeMap::new();
    for (lodger, bed) in places {
        if *shelters.entry(lodger.household_id).or_insert(&bed.shelter) != bed.shelter {
            return Ok(false);
        }
    }
    let others = diesel::sql_query(
        "SELECT persons.household_id AS household, shelters.code AS shelter FROM persons \
             LEFT JOIN stays ON stays.person_id = persons.id AND stays.ended_at IS NULL \
             LEFT JOIN beds ON beds.id = stays.bed_id LEFT JOIN spaces ON spaces.id = beds.space_id \
             LEFT JOIN shelters ON shelters.id = spaces.shelter_id \
         WHERE persons.household_id = ANY($1) AND persons.id <> ALL($2) AND persons.merged_into IS NULL \
             AND persons.withheld IS NULL",
    )
    .bind::<Array<SqlUuid>, _>(shelters.keys().copied().collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(places.iter().map(|(lodger, _)| lodger.id).collect::<Vec<_>>());
    let others: Vec<Other> = Prepared(others).load(connection).await?;
    let with_them = |other: &Other| other.shelter.as_deref() == shelters.get(&other.household).copied();
    Ok(others.iter().all(with_them))
}
