//! Where a store stands with an item: what it holds and what it gave out; and what follows.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::allocation::{Part, allocate};
use super::{AllocationShare, DaysOfCover};
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::alerts::within;
use crate::donations::{Item, Location, kinds};
use crate::error::{Code, Error, Result};
use crate::graph::input;
use crate::scalars::{Id, Quantity, Unit};

input! {
    /// Of which stores and items, and over which days.
    pub struct DaysOfCoverArguments {
        /// Only of this store.
        pub location: Option<Id<Location>>,
        /// Only of this item.
        pub item: Option<Id<Item>>,
        /// How many whole days before today are looked at: 1 to 180; 28, where it is left out.
        pub window: Option<i32>,
        /// How many at most, what lasts shortest first: 1 to 500; 100, where it is left out.
        pub first: Option<i32>,
    }
}

input! {
    /// What should be reached, and of which stores and items.
    pub struct ProposedReplenishmentArguments {
        /// Only for this store. What others need is counted all the same.
        pub location: Option<Id<Location>>,
        /// Only of this item.
        pub item: Option<Id<Item>>,
        /// How many days a store's stock should last: 1 to 90; 14, where it is left out.
        pub days: Option<i32>,
        /// How many whole days before today are looked at: 1 to 180; 28, where it is left out.
        pub window: Option<i32>,
        /// How many at most, by the items' codes: 1 to 500; 100, where it is left out.
        pub first: Option<i32>,
    }
}

input! {
    /// What there is, and for whom.
    pub struct FairAllocationArguments {
        /// The item.
        pub item: Id<Item>,
        /// How much of it there is to share.
        pub quantity: Quantity,
        /// The stores of shelters that it is for; of all shelters, where it is left out.
        pub locations: Option<Vec<Id<Location>>>,
        /// How many days a store's stock should last: 1 to 90; 14, where it is left out.
        pub days: Option<i32>,
        /// How many whole days before today are looked at: 1 to 180; 28, where it is left out.
        pub window: Option<i32>,
    }
}

/// See the module.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct Position {
    #[diesel(sql_type = SqlUuid)]
    pub(super) item: Uuid,
    #[diesel(sql_type = Text)]
    unit: Unit,
    #[diesel(sql_type = Text)]
    stock_kind: String,
    #[diesel(sql_type = SqlUuid)]
    pub(super) location: Uuid,
    /// Whether it is the store of a shelter.
    #[diesel(sql_type = Bool)]
    pub(super) of_shelter: bool,
    #[diesel(sql_type = BigInt)]
    held: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) consumed: i64,
    #[diesel(sql_type = Integer)]
    pub(super) observed: i32,
    #[diesel(sql_type = Nullable<Integer>)]
    minimum: Option<i32>,
}

/// As many as an amount can be.
pub(super) fn amount(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl Position {
    fn counted(&self, number: i64) -> Quantity {
        Quantity { amount: amount(number), unit: self.unit }
    }

    /// For how many whole days what it holds lasts.
    fn days(&self) -> Option<i32> {
        let lasts = self.held.saturating_mul(i64::from(self.observed)).checked_div(self.consumed)?;
        Some(amount(lasts))
    }

    /// What it lacks for so many days.
    fn need(&self, days: i32) -> i64 {
        let observed = i64::from(self.observed.max(1));
        let paced = self.consumed.saturating_mul(i64::from(days));
        // Rounded up: a part of a unit is not given out.
        let target = paced / observed + i64::from(paced % observed > 0);
        let target = target.max(i64::from(self.minimum.unwrap_or_default()));
        i64::from(amount((target - self.held).max(0)))
    }
}

/// The positions of what the caller may see, by item and store.
pub(super) async fn positions(
    context: &Context,
    window: i32,
    item: Option<Id<Item>>,
    locations: Option<Vec<Uuid>>,
) -> Result<Vec<Position>> {
    let asking = diesel::sql_query(
        "WITH given AS (\
             SELECT lots.item_id AS item, movements.from_id AS location, sum(movements.quantity) AS amount \
             FROM programmes JOIN lots ON lots.programme_id = programmes.id JOIN movements ON movements.lot_id = lots.id \
             WHERE programmes.id = $1 AND lots.stock_kind = ANY($2) AND ($5 IS NULL OR lots.item_id = $5) \
                 AND movements.kind = 'DELIVERY' AND movements.occurred_at >= ($3 - $4)::timestamp AT TIME ZONE time_zone \
                 AND movements.occurred_at < $3::timestamp AT TIME ZONE time_zone \
                 AND NOT EXISTS (SELECT FROM movements AS undone WHERE undone.reverses_id = movements.id) \
             GROUP BY 1, 2), \
         fit AS (\
             SELECT lots.item_id AS item, balances.location_id AS location, sum(balances.quantity) AS amount \
             FROM balances JOIN lots ON lots.id = balances.lot_id \
             WHERE lots.programme_id = $1 AND lots.stock_kind = ANY($2) AND ($5 IS NULL OR lots.item_id = $5) \
                 AND balances.in_stock AND balances.keeps_until > $3 AND recalled_at IS NULL \
             GROUP BY 1, 2), \
         asked AS (\
             SELECT item, location FROM given UNION SELECT item, location FROM fit \
             UNION SELECT item_id, location_id FROM minimum_stocks WHERE quantity IS NOT NULL AND ($5 IS NULL OR item_id = $5) \
             UNION SELECT $5, id FROM locations WHERE $5 IS NOT NULL AND programme_id = $1) \
         SELECT asked.item, unit, stock_kind, asked.location, locations.shelter_id IS NOT NULL AS of_shelter, \
             coalesce(fit.amount, 0)::bigint AS held, coalesce(given.amount, 0)::bigint AS consumed, \
             greatest(1, least($4, $3 - coalesce(opened_on, programmes.starts_on))) AS observed, minimum_stocks.quantity AS minimum \
         FROM asked JOIN items ON items.id = asked.item \
             JOIN locations ON locations.id = asked.location AND locations.kind <> 'TRANSIT' \
             JOIN programmes ON programmes.id = items.programme_id LEFT JOIN shelters ON shelters.id = locations.shelter_id \
             LEFT JOIN fit ON (fit.item, fit.location) = (asked.item, asked.location) \
             LEFT JOIN given ON (given.item, given.location) = (asked.item, asked.location) \
             LEFT JOIN minimum_stocks ON (item_id, location_id) = (asked.item, asked.location) \
         WHERE programmes.id = $1 AND stock_kind = ANY($2) AND ($6 IS NULL OR asked.location = ANY($6)) \
         ORDER BY items.code, locations.code",
    )
    .bind::<SqlUuid, _>(context.programme_id())
    .bind::<Array<Text>, _>(kinds::readable(context))
    .bind::<Date, _>(context.day_of(context.now()))
    .bind::<Integer, _>(window)
    .bind::<Nullable<SqlUuid>, _>(item.map(Id::uuid))
    .bind::<Nullable<Array<SqlUuid>>, _>(locations);
    let reader = context.reader().await?;
    Ok(Prepared(asking).load(&mut &*reader).await?)
}

pub(super) fn window_of(given: Option<i32>) -> Result<i32> {
    within("window", given, 28, (1, 180))
}

pub(super) fn rows_of(given: Option<i32>) -> Result<usize> {
    Ok(usize::try_from(within("first", given, 100, (1, 500))?).unwrap_or_default())
}

/// How long stock lasts, what lasts shortest first.
pub(super) async fn days_of_cover(
    context: Context,
    arguments: DaysOfCoverArguments,
) -> Result<Vec<DaysOfCover>> {
    let (window, first) = (window_of(arguments.window)?, rows_of(arguments.first)?);
    let only = arguments.location.map(|location| vec![location.uuid()]);
    let mut found = positions(&context, window, arguments.item, only).await?;
    found.retain(|position| position.held > 0 || position.consumed > 0);
    found.sort_by_key(|position| position.days().unwrap_or(i32::MAX));
    found.truncate(first);
    let cover = |position: Position| DaysOfCover {
        held: position.counted(position.held),
        consumed: position.counted(position.consumed),
        observed_days: position.observed,
        days: position.days(),
        item_id: position.item,
        location_id: position.location,
        stock_kind: position.stock_kind,
    };
    Ok(found.into_iter().map(cover).collect())
}

/// What to send to the stores of shelters out of the warehouses, so that it lasts.
pub(super) async fn proposed_replenishment(
    context: Context,
    arguments: ProposedReplenishmentArguments,
) -> Result<Vec<AllocationShare>> {
    let (window, first) = (window_of(arguments.window)?, rows_of(arguments.first)?);
    let days = within("days", arguments.days, 14, (1, 90))?;
    let found = positions(&context, window, arguments.item, None).await?;
    let mut proposed = Vec::new();
    // They come item by item.
    for positions in found.chunk_by(|one, next| one.item == next.item) {
        let (shelters, warehouses): (Vec<Position>, Vec<Position>) =
            positions.iter().cloned().partition(|position| position.of_shelter);
        let available = warehouses.iter().map(|warehouse| warehouse.held).sum();
        proposed.extend(shared(shelters, available, days));
    }
    let here = |share: &AllocationShare| {
        arguments.location.is_none_or(|location| location.uuid() == share.location_id)
    };
    proposed.retain(|share| share.need.amount > 0 && here(share));
    proposed.truncate(first);
    Ok(proposed)
}

/// How to share what there is of an item over shelters.
pub(super) async fn fair_allocation(
    context: Context,
    arguments: FairAllocationArguments,
) -> Result<Vec<AllocationShare>> {
    let window = window_of(arguments.window)?;
    let days = within("days", arguments.days, 14, (1, 90))?;
    let refused =
        |message: String| Err(Error::new(Code::InvalidArgument, message).with("argument", "quantity"));
    if arguments.quantity.amount < 0 {
        return refused("There is nothing to share of less than nothing.".to_owned());
    }
    let only = arguments.locations.map(|locations| locations.into_iter().map(Id::uuid).collect());
    let mut found = positions(&context, window, Some(arguments.item), only).await?;
    found.retain(|position| position.of_shelter);
    if let Some(position) = found.iter().find(|position| position.unit != arguments.quantity.unit) {
        return refused(format!("This item counts in {}.", position.unit.as_str()));
    }
    Ok(shared(found, i64::from(arguments.quantity.amount), days))
}

/// Shares what there is of one item over the stores of shelters.
fn shared(stores: Vec<Position>, available: i64, days: i32) -> Vec<AllocationShare> {
    let needs: Vec<i32> = stores.iter().map(|store| amount(store.need(days))).collect();
    let needed: i64 = needs.iter().map(|need| i64::from(*need)).sum();
    let parts = allocate(amount(available), &needs);
    let share = |((store, need), part): ((Position, i32), Part)| AllocationShare {
        held: store.counted(store.held),
        consumed: store.counted(store.consumed),
        observed_days: store.observed,
        minimum: store.minimum.map(|least| store.counted(i64::from(least))),
        need: store.counted(i64::from(need)),
        needed: store.counted(needed),
        available: store.counted(available),
        share: store.counted(i64::from(part.share)),
        because: because(&store, need, part, (available, needed), days),
        item_id: store.item,
        location_id: store.location,
        stock_kind: store.stock_kind,
    };
    stores.into_iter().zip(needs).zip(parts).map(share).collect()
}

/// Says how a share comes about.
fn because(store: &Position, need: i32, part: Part, (available, needed): (i64, i64), days: i32) -> String {
    let Position { held, consumed, observed, .. } = store;
    let least = store.minimum.map(|least| format!(", and its minimum is {least}")).unwrap_or_default();
    let pace = format!(
        "It gave out {consumed} in {observed} days and holds {held}{least}: for {days} days it lacks {need}."
    );
    if need == 0 {
        return pace;
    }
    if available >= needed {
        return format!("{pace} There are {available} for {needed}: it gets all of that.");
    }
    let rounded =
        if part.rounded_up { "rounded down, and one of those that were left" } else { "rounded down" };
    format!(
        "{pace} There are {available} for {needed}: {need} × {available} ÷ {needed}, {rounded}, is {}.",
        part.share
    )
}
