//! Telling, once a day, what expires soon.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Array, Date, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::sync::watch;
use uuid::Uuid;

use enlace_policies::Class;

use super::{DAYS_BEFORE, GoodsExpiring, Held, Shared};
use crate::error::Result;
use crate::journal::{Part, enter_of_server};
use crate::scalars::{Quantity, Unit};
use crate::system::System;

diesel::table! {
    expiry_told (programme_id) { programme_id -> Uuid, told_on -> Date, }
}

/// How often it is looked whether a day has begun.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many lots one entry tells of.
const LOTS_OF_AN_ENTRY: usize = 500;

/// Runs until `stop` turns true.
pub(crate) async fn run(system: Arc<System>, mut stop: watch::Receiver<bool>) {
    let mut told = None;
    loop {
        let today = system.today();
        if told != Some(today) {
            match tell(&system, today).await {
                Ok(()) => told = Some(today),
                Err(error) => tracing::warn!(%error, "what expires soon could not be told; trying again"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Tells of a day that has begun, and of those that nobody told of, where no other node did.
async fn tell(system: &System, today: NaiveDate) -> Result<()> {
    let mut begun = system.database.begin("BEGIN").await?;
    let any = tell_in(system, begun.get()?, today).await?;
    begun.commit().await?;
    if any {
        system.feed.wake();
    }
    Ok(())
}

async fn tell_in(system: &System, connection: &mut AsyncPgConnection, today: NaiveDate) -> Result<bool> {
    let programme = system.programme_id();
    let row = (expiry_told::programme_id.eq(programme), expiry_told::told_on.eq(today));
    // A programme's first day has none before it: the alerts tell how things stand.
    let first = diesel::insert_into(expiry_told::table).values(row).on_conflict_do_nothing();
    let is_first = first.execute(connection).await? > 0;
    let before = expiry_told::table.find(programme).select(expiry_told::told_on).for_update();
    let before: NaiveDate = before.first(connection).await?;
    let mut any = false;
    if !is_first && before < today {
        for (shared, lots) in expiring(connection, programme, before, today).await? {
            for lots in lots.chunks(LOTS_OF_AN_ENTRY) {
                let notice = GoodsExpiring { shared: shared.clone(), lots: lots.to_vec() };
                let part = Part::of(Class::Inventory, None, &notice)?;
                enter_of_server(system, connection, "donations.tellExpiring", vec![part]).await?;
                any = true;
            }
        }
        let telling = diesel::update(expiry_told::table.find(programme)).set(expiry_told::told_on.eq(today));
        telling.execute(connection).await?;
    }
    Ok(any)
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    balance: Uuid,
    #[diesel(sql_type = SqlUuid)]
    lot: Uuid,
    #[diesel(sql_type = SqlUuid)]
    location: Uuid,
    #[diesel(sql_type = Integer)]
    quantity: i32,
    #[diesel(sql_type = Integer)]
    reserved: i32,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Text)]
    unit: Unit,
    #[diesel(sql_type = SqlUuid)]
    item: Uuid,
    #[diesel(sql_type = SqlUuid)]
    category: Uuid,
    #[diesel(sql_type = Text)]
    stock_kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    donor_agency: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    shelter: Option<String>,
    #[diesel(sql_type = Date)]
    expires_on: NaiveDate,
}

/// What came within one of the numbers of days since it was last told. Goods on their way are told of where they arrive, and what
/// was recalled no more.
async fn expiring(
    connection: &mut AsyncPgConnection,
    programme: Uuid,
    before: NaiveDate,
    today: NaiveDate,
) -> Result<BTreeMap<Shared, Vec<Held>>> {
    let asking = diesel::sql_query(
        "SELECT balances.id AS balance, lot_id AS lot, location_id AS location, balances.quantity, reserved, balances.version, lots.unit, \
             lots.item_id AS item, lots.category_id AS category, lots.stock_kind, lots.donor_agency, shelters.code AS shelter, lots.expires_on \
         FROM lots JOIN balances ON lot_id = lots.id JOIN locations ON locations.id = location_id \
             LEFT JOIN shelters ON shelters.id = shelter_id \
         WHERE lots.programme_id = $1 AND balances.in_stock AND recalled_at IS NULL AND locations.kind <> 'TRANSIT' \
             AND EXISTS (SELECT FROM unnest($2) AS days WHERE lots.keeps_until > $3 + days AND lots.keeps_until <= $4 + days) \
             AND lots.keeps_until BETWEEN $3 AND $4 + (SELECT max(days) FROM unnest($2) AS days) \
         ORDER BY lots.keeps_until, lots.id, location_id",
    )
    .bind::<SqlUuid, _>(programme)
    .bind::<Array<Integer>, _>(DAYS_BEFORE.to_vec())
    .bind::<Date, _>(before)
    .bind::<Date, _>(today);
    let rows: Vec<Row> = asking.load(connection).await?;
    let mut notices: BTreeMap<Shared, Vec<Held>> = BTreeMap::new();
    for row in rows {
        let shared = Shared {
            expires_on: row.expires_on,
            in_days: i32::try_from((row.expires_on - today).num_days()).unwrap_or_default(),
            location: row.location,
            shelter: row.shelter,
            item: row.item,
            category: row.category,
            stock_kind: row.stock_kind,
            donor_agency: row.donor_agency,
        };
        let counted = |amount| Quantity { amount, unit: row.unit };
        let held = Held {
            lot: row.lot,
            balance: row.balance,
            quantity: counted(row.quantity),
            reserved: counted(row.reserved),
            version: row.version,
        };
        notices.entry(shared).or_default().push(held);
    }
    Ok(notices)
}
