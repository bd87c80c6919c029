//! Taking up a dwelling that an owner lets, and revising what is asked for it. What a dwelling is stays.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::changes::DwellingSet;
use super::load::{OWNER_COLUMNS, action_in, dwelling_in};
use super::tables::{dwellings, owners};
use super::{Dwelling, DwellingService, OutreachAction, Owner, of_nobody};
use crate::census::{Checked, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::{Id, Money};

input! {
    /// A dwelling that is let.
    pub struct OfferDwelling {
        /// Who lets it.
        pub owner: Id<Owner>,
        /// Where it is, 3 to 200 characters: street, number and what else tells it.
        pub address: String,
        /// The part of the city, 2 to 100 characters.
        pub district: String,
        /// How many rooms it has, 1 to 30.
        pub rooms: i32,
        /// How many people may live there, 1 to 60.
        pub capacity: i32,
        /// What is asked for a month.
        pub rent: Money,
        /// What it is connected to.
        pub services: Vec<DwellingService>,
        /// The action of the campaign that it came of.
        pub action: Option<Id<OutreachAction>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A dwelling as it is let from now on. Leases that are signed stay as they are.
    pub struct ReviseDwelling {
        /// The dwelling.
        pub dwelling: Id<Dwelling>,
        /// What is asked for a month.
        pub rent: Money,
        /// What it is connected to.
        pub services: Vec<DwellingService>,
        /// Whether it is offered; where it is not, it is leased to nobody new.
        pub offered: bool,
        /// The version of the dwelling that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

/// What answers a change of a dwelling, which is read anew.
macro_rules! of_a_dwelling {
    ($( $(#[doc = $about:literal])+ $name:ident $label:literal )+) => { $(
        record! {
            $(#[doc = $about])+
            #[derive(Serialize, Deserialize)]
            pub struct $name: $label as Dwelling {
                /// The dwelling.
                dwelling_id: Uuid,
            }
        }

        of_nobody!($name);

        impl $name {
            /// The dwelling's key.
            pub(super) fn dwelling(&self) -> Option<Uuid> {
                Some(self.dwelling_id)
            }

            /// Of this dwelling.
            pub(super) fn new(dwelling_id: Uuid) -> Self {
                Self { dwelling_id }
            }
        }
    )+ };
}

of_a_dwelling! {
    /// A dwelling, taken up.
    OfferDwellingPayload "OfferDwellingPayload"
    /// A dwelling, revised.
    ReviseDwellingPayload "ReviseDwellingPayload"
    /// A dwelling, visited.
    VisitDwellingPayload "VisitDwellingPayload"
}

union! {
    /// The dwelling, taken up; or why it was not.
    pub enum OfferDwellingResult {
        Payload(OfferDwellingPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The dwelling, revised; or why it was not.
    pub enum ReviseDwellingResult {
        Payload(ReviseDwellingPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Takes up a dwelling.
pub(super) async fn offer_dwelling(context: Context, input: OfferDwelling) -> Result<OfferDwellingResult> {
    context.personal_scope(Class::Housing, RecordType::Dwelling)?;
    let mut transaction = begin!(&context, "housing.offerDwelling", &input, OfferDwellingResult);
    let done = offer(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn offer(
    context: &Context,
    transaction: &mut Transaction<'_, OfferDwellingPayload>,
    input: &OfferDwelling,
) -> Result<std::result::Result<Done<OfferDwellingPayload>, OfferDwellingResult>> {
    let query = owners::table
        .filter(owners::id.eq(input.owner))
        .filter(owners::programme_id.eq(context.programme_id()))
        .select(OWNER_COLUMNS);
    let owner: Option<Owner> = query.first(transaction.connection()?).await.optional()?;
    let Some(owner) = context.seen(Class::Counterparty, RecordType::Owner, owner) else {
        return Ok(Err(NotFound::new("owner").into()));
    };
    let dwelling = Dwelling {
        id: Id::new(context.new_uuid()?),
        code: String::new(),
        address: input.address.trim().to_owned(),
        district: input.district.trim().to_owned(),
        rooms: input.rooms,
        capacity: input.capacity,
        rent: input.rent,
        services: input.services.clone(),
        offered_on: context.day_of(context.now()),
        withdrawn_on: None,
        fit: None,
        recorded_at: context.now(),
        version: 1,
        owner_id: owner.id.uuid(),
        action_id: input.action.map(Id::uuid),
        shared_with: Vec::new(),
    };
    context.authorize_write(Class::Housing, RecordType::Dwelling, &dwelling)?;
    if let Err(problem) = checked(&dwelling) {
        return Ok(Err(problem.into()));
    }
    if let Some(action) = dwelling.action_id
        && action_in(context, transaction.connection()?, action).await?.is_none()
    {
        return Ok(Err(NotFound::new("action").into()));
    }
    let row = (
        dwellings::id.eq(dwelling.id),
        dwellings::programme_id.eq(context.programme_id()),
        dwellings::owner_id.eq(dwelling.owner_id),
        dwellings::address.eq(&dwelling.address),
        dwellings::district.eq(&dwelling.district),
        dwellings::rooms.eq(dwelling.rooms),
        dwellings::capacity.eq(dwelling.capacity),
        dwellings::rent_cents.eq(dwelling.rent.hundredths),
        dwellings::rent_currency.eq(dwelling.rent.currency()),
        dwellings::services.eq(&dwelling.services),
        dwellings::action_id.eq(dwelling.action_id),
        dwellings::offered_on.eq(dwelling.offered_on),
        dwellings::recorded_at.eq(dwelling.recorded_at),
        dwellings::user_id.eq(context.actor()?.user),
    );
    match diesel::insert_into(dwellings::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("dwellings_address_key") => {
            let message = "A dwelling of this address is known already. Offer that one anew.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let (changes, payload) = (told(&dwelling)?, OfferDwellingPayload::new(dwelling.id.uuid()));
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// Revises a dwelling.
pub(super) async fn revise_dwelling(context: Context, input: ReviseDwelling) -> Result<ReviseDwellingResult> {
    context.personal_scope(Class::Housing, RecordType::Dwelling)?;
    let mut transaction = begin!(&context, "housing.reviseDwelling", &input, ReviseDwellingResult);
    let done = revise(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn revise(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseDwellingPayload>,
    input: &ReviseDwelling,
) -> Result<std::result::Result<Done<ReviseDwellingPayload>, ReviseDwellingResult>> {
    let holding = dwellings::table.find(input.dwelling).select(dwellings::id).for_no_key_update();
    let _held: Option<Uuid> = holding.first(transaction.connection()?).await.optional()?;
    let Some(before) = dwelling_in(context, transaction.connection()?, input.dwelling.uuid()).await? else {
        return Ok(Err(NotFound::new("dwelling").into()));
    };
    context.authorize_write(Class::Housing, RecordType::Dwelling, &before)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    let today: NaiveDate = context.day_of(context.now());
    let dwelling = Dwelling {
        rent: input.rent,
        services: input.services.clone(),
        withdrawn_on: if input.offered { None } else { before.withdrawn_on.or(Some(today)) },
        version: input.version.saturating_add(1),
        ..before
    };
    if let Err(problem) = checked(&dwelling) {
        return Ok(Err(problem.into()));
    }
    let row = (
        dwellings::rent_cents.eq(dwelling.rent.hundredths),
        dwellings::rent_currency.eq(dwelling.rent.currency()),
        dwellings::services.eq(&dwelling.services),
        dwellings::withdrawn_on.eq(dwelling.withdrawn_on),
        dwellings::version.eq(dwelling.version),
    );
    diesel::update(dwellings::table.find(dwelling.id)).set(row).execute(transaction.connection()?).await?;
    let (changes, payload) = (told(&dwelling)?, ReviseDwellingPayload::new(dwelling.id.uuid()));
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

fn checked(dwelling: &Dwelling) -> Checked {
    let length = |text: &str| text.chars().count();
    needs((3..=200).contains(&length(&dwelling.address)), "address", "An address has 3 to 200 characters.")?;
    needs(
        (2..=100).contains(&length(&dwelling.district)),
        "district",
        "A district has 2 to 100 characters.",
    )?;
    needs((1..=30).contains(&dwelling.rooms), "rooms", "A dwelling has 1 to 30 rooms.")?;
    needs((1..=60).contains(&dwelling.capacity), "capacity", "A dwelling is for 1 to 60 people.")
}

/// What the journal says of a dwelling.
fn told(dwelling: &Dwelling) -> Result<Vec<Part>> {
    let change = DwellingSet {
        dwelling: dwelling.id.uuid(),
        owner: dwelling.owner_id,
        version: dwelling.version,
        rooms: dwelling.rooms,
        capacity: dwelling.capacity,
        rent: dwelling.rent,
        services: dwelling.services.clone(),
        withdrawn_on: dwelling.withdrawn_on,
    };
    Ok(vec![Part::of(Class::Housing, None, &change)?])
}
