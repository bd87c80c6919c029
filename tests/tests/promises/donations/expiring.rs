//! What expires soon, told as each day begins.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Utc};
use enlace_tests::{Socket, World, at, id};
use serde_json::Value as Json;
use uuid::Uuid;

use super::DONATIONS;

const TOLD: &str =
    "expiresOn inDays item { category { stockKind } } location { id } stock { quantity lot { id } }";

/// What a socket is told until so many lots have come: the store and the lot, with how much and in how many days.
async fn told(socket: &mut Socket, lots: usize) -> BTreeMap<(String, String), (i64, i64)> {
    let mut told = BTreeMap::new();
    while told.len() < lots {
        let event = socket.event().await;
        let notice = at(&event, "payload.data.expiringSoon");
        let location = at(notice, "location.id").as_str().unwrap();
        for stock in notice["stock"].as_array().unwrap() {
            let quantity = stock["quantity"].as_str().unwrap().split(' ').next().unwrap().parse().unwrap();
            let lot = at(stock, "lot.id").as_str().unwrap();
            let says = (quantity, notice["inDays"].as_i64().unwrap());
            assert_eq!(
                told.insert((location.to_owned(), lot.to_owned()), says),
                None,
                "told twice: {notice}"
            );
        }
    }
    told
}

/// R33 asks for the ledger's truth; this for its being told in time: once a day, to whoever may know, over a server that was away.
#[tokio::test(flavor = "multi_thread")]
async fn what_expires_soon_is_told_once_as_each_day_begins() {
    let world = World::start().await;
    let database = world.database().await;
    let zone = chrono_tz::America::Tijuana;
    let today: NaiveDate =
        (Utc::now() + world.enlace.programme().clock_offset).with_timezone(&zone).date_naive();
    let expected = async |stock_kind: Option<&str>, within: i32| -> BTreeMap<(String, String), (i64, i64)> {
        let rows = database
            .query(
                "SELECT location_id, lot_id, quantity, lots.expires_on - ($1::date + 3) FROM balances \
                     JOIN lots ON lots.id = lot_id JOIN locations ON locations.id = location_id, unnest(ARRAY[30, 7, 1, 0]) AS days \
                 WHERE quantity > 0 AND recalled_at IS NULL AND kind <> 'TRANSIT' \
                     AND lots.expires_on > $1::date + days AND lots.expires_on <= $1::date + 3 + days \
                     AND ($2::text IS NULL OR lots.stock_kind = $2) AND lots.expires_on - ($1::date + 3) <= $3 GROUP BY 1, 2, 3, 4",
                &[&today, &stock_kind, &within],
            )
            .await
            .unwrap();
        let row = |row: &tokio_postgres::Row| {
            let key = (id("location", row.get::<_, Uuid>(0)), id("lot", row.get::<_, Uuid>(1)));
            (key, (i64::from(row.get::<_, i32>(2)), i64::from(row.get::<_, i32>(3))))
        };
        rows.iter().map(row).collect()
    };
    let (all, food, urgent) =
        (expected(None, 365).await, expected(Some("food"), 365).await, expected(None, 7).await);
    assert!(!urgent.is_empty() && urgent.len() < all.len() && food.len() < all.len(), "{all:?}");
    let mut coordinator = world.socket(DONATIONS).await;
    coordinator.follow("all", &format!("subscription {{ expiringSoon {{ {TOLD} }} }}")).await;
    let mut kitchen = world.socket("SEDENA/kitchen").await;
    kitchen.follow("food", &format!("subscription {{ expiringSoon {{ {TOLD} }} }}")).await;
    let mut hurried = world.socket(DONATIONS).await;
    hurried.follow("urgent", &format!("subscription {{ expiringSoon(within: 7) {{ {TOLD} }} }}")).await;
    let notices = async || -> i64 {
        let told = "SELECT count(*) FROM journal_entries WHERE operation = 'donations.tellExpiring'";
        database.query_one(told, &[]).await.unwrap().get(0)
    };
    assert_eq!(notices().await, 0, "the first day has none before it");
    // Three days go by at once, as for a server that was away.
    let later = "UPDATE programmes SET clock_offset_us = clock_offset_us + 3 * 86400 * 1000000::bigint";
    database.execute(later, &[]).await.unwrap();
    assert_eq!(told(&mut coordinator, all.len()).await, all);
    assert_eq!(told(&mut kitchen, food.len()).await, food);
    assert_eq!(told(&mut hurried, urgent.len()).await, urgent);
    let before = notices().await;
    // Another server on the same day has nothing to tell.
    let scratch = world.halt().await;
    let world = World::with().start_on(scratch).await;
    let answer: Json = world.client(DONATIONS).query("{ stockAlerts(first: 1) { kind } }").await;
    assert!(answer["errors"].is_null(), "{answer}");
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(notices().await, before);
    drop(database);
    world.stop().await;
}
