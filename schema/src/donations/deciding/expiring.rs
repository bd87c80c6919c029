//! What to bring together of goods that are about to expire, so that they are used in time.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Date, Integer, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::ConsolidationMove;
use super::consolidation::{Expiring, Pace, Sent, consolidate};
use super::position::{Position, amount, positions, rows_of, window_of};
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::alerts::within;
use crate::donations::{Item, Location, kinds};
use crate::error::Result;
use crate::graph::input;
use crate::scalars::{Id, Quantity, Unit};

input! {
    /// Of which goods.
    pub struct ConsolidationArguments {
        /// Only of this item.
        pub item: Option<Id<Item>>,
        /// Only what leaves this store.
        pub location: Option<Id<Location>>,
        /// How many days ahead a lot's day is soon: 1 to 90; 14, where it is left out.
        pub expiring_within: Option<i32>,
        /// How many whole days before today are looked at: 1 to 180; 28, where it is left out.
        pub window: Option<i32>,
        /// How many at most, what expires first within each item: 1 to 500; 100, where it is left out.
        pub first: Option<i32>,
    }
}

/// What lies of a lot in a store.
#[derive(QueryableByName)]
struct Lying {
    #[diesel(sql_type = SqlUuid)]
    lot: Uuid,
    #[diesel(sql_type = SqlUuid)]
    item: Uuid,
    #[diesel(sql_type = SqlUuid)]
    location: Uuid,
    #[diesel(sql_type = Integer)]
    quantity: i32,
    #[diesel(sql_type = Date)]
    expires_on: NaiveDate,
    #[diesel(sql_type = Text)]
    unit: Unit,
    #[diesel(sql_type = Text)]
    stock_kind: String,
}

/// What expires soon and is fit until then, by item, and of each what expires first.
async fn lying(
    context: &Context,
    item: Option<Id<Item>>,
    (today, until): (NaiveDate, NaiveDate),
) -> Result<Vec<Lying>> {
    let asking = diesel::sql_query(
        "SELECT lot_id AS lot, lots.item_id AS item, location_id AS location, quantity, lots.expires_on, items.unit, lots.stock_kind \
         FROM balances JOIN lots ON lots.id = lot_id JOIN items ON items.id = lots.item_id \
             JOIN locations ON locations.id = location_id AND locations.kind <> 'TRANSIT' \
         WHERE lots.programme_id = $1 AND lots.stock_kind = ANY($2) AND balances.in_stock AND recalled_at IS NULL \
             AND balances.keeps_until > $3 AND balances.keeps_until <= $4 AND ($5 IS NULL OR lots.item_id = $5) \
         ORDER BY items.code, lots.expires_on, lots.id, location_id",
    )
    .bind::<SqlUuid, _>(context.programme_id())
    .bind::<Array<Text>, _>(kinds::readable(context))
    .bind::<Date, _>(today)
    .bind::<Date, _>(until)
    .bind::<diesel::sql_types::Nullable<SqlUuid>, _>(item.map(Id::uuid));
    let reader = context.reader().await?;
    Ok(Prepared(asking).load(&mut &*reader).await?)
}

/// What of goods that are about to expire is used in time elsewhere, and what nowhere.
pub(super) async fn consolidation(
    context: Context,
    arguments: ConsolidationArguments,
) -> Result<Vec<ConsolidationMove>> {
    let (window, first) = (window_of(arguments.window)?, rows_of(arguments.first)?);
    let days = within("expiringWithin", arguments.expiring_within, 14, (1, 90))?;
    let today = context.day_of(context.now());
    let until = today.checked_add_days(Days::new(u64::from(days.unsigned_abs()))).unwrap_or(today);
    let mut paces: BTreeMap<Uuid, Vec<Position>> = BTreeMap::new();
    for position in positions(&context, window, arguments.item, None).await? {
        paces.entry(position.item).or_default().push(position);
    }
    let found = lying(&context, arguments.item, (today, until)).await?;
    let mut moves = Vec::new();
    for lots in found.chunk_by(|one, next| one.item == next.item) {
        let stores = lots.first().and_then(|lot| paces.remove(&lot.item)).unwrap_or_default();
        moves.extend(of_one_item(&stores, lots, today));
    }
    moves.retain(|sent| arguments.location.is_none_or(|location| location.uuid() == sent.from_id));
    moves.truncate(first);
    Ok(moves)
}

fn of_one_item(stores: &[Position], lots: &[Lying], today: NaiveDate) -> Vec<ConsolidationMove> {
    let pace = |store: &Position| Pace {
        consumed: store.consumed,
        observed: i64::from(store.observed),
        takes: store.of_shelter,
    };
    let paces: Vec<Pace> = stores.iter().map(pace).collect();
    let expiring = |lot: &Lying| Expiring {
        // A store that holds some of it is among them.
        store: stores.iter().position(|store| store.location == lot.location).unwrap_or(usize::MAX),
        days: (lot.expires_on - today).num_days(),
        quantity: i64::from(lot.quantity),
    };
    let expiring: Vec<Expiring> = lots.iter().map(expiring).collect();
    let told = |sent: Sent| {
        let (lot, until) = (lots.get(sent.lot)?, expiring.get(sent.lot)?.days);
        let to = sent.to.and_then(|store| stores.get(store));
        let because = to.map_or_else(
            || format!("It expires in {until} days, and at their pace no store gives it out before."),
            |store| {
                let (consumed, observed) = (store.consumed, store.observed);
                format!(
                    "It expires in {until} days. The store that it comes to gave out {consumed} in {observed} days, and gives it out before."
                )
            },
        );
        Some(ConsolidationMove {
            quantity: Quantity { amount: amount(sent.quantity), unit: lot.unit },
            expires_on: lot.expires_on,
            because,
            lot_id: lot.lot,
            from_id: lot.location,
            to_id: to.map(|store| store.location),
            stock_kind: lot.stock_kind.clone(),
        })
    };
    consolidate(&paces, &expiring).into_iter().filter_map(told).collect()
}
