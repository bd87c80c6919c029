//! Reservations: what is kept for somebody is taken by nobody else, until its time is over.

use std::collections::BTreeMap;

use enlace_tests::{Client, World, at, codes, id};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use tokio_postgres::Client as Database;
use uuid::Uuid;

use super::receiving::place;
use super::{DONATIONS, mutate, outcome, problem, result};
use crate::operations::assert_ledger_holds;
use crate::reference::rows;

/// A store that nothing of an item lies in but what was received of it here, a lot for each amount.
struct Store {
    id: String,
    item: String,
    lots: Vec<String>,
}

async fn store(world: &World, code: &str, item: &str, amounts: &[i32]) -> Store {
    let database = world.database().await;
    let categories = world.client(DONATIONS).query("{ categories { id code } }").await;
    let category =
        &rows(&categories, "data.categories").iter().find(|row| row["code"] == "COB").unwrap()["id"];
    let naming = format!("category: {category}, code: \"{item}\", name: \"{item}\", unit: PIECE");
    let registered = mutate(&world.client(DONATIONS), "registerCatalogueItem", &naming).await;
    assert_eq!(outcome(&registered).0, "RegisterCatalogueItemPayload", "{registered}");
    let found = "SELECT (SELECT id FROM locations WHERE code = $1), (SELECT id FROM items WHERE code = $2)";
    let row = database.query_one(found, &[&code, &item]).await.unwrap();
    let (location, key): (Uuid, Uuid) = (row.get(0), row.get(1));
    let donor = place(world).await.private;
    let mut lots = Vec::new();
    for amount in amounts {
        let arguments = format!(
            "donor: \"{donor}\", location: \"{}\", lines: [{{item: \"{item}\", quantity: \"{amount} PIECE\"}}]",
            id("location", location)
        );
        let answer = mutate(&world.client(DONATIONS), "receiveDonation", &arguments).await;
        assert_eq!(outcome(&answer).0, "ReceiveDonationPayload", "{answer}");
        let newest = "SELECT id FROM lots ORDER BY id DESC LIMIT 1";
        lots.push(id("lot", database.query_one(newest, &[]).await.unwrap().get(0)));
    }
    Store { id: id("location", location), item: id("item", key), lots }
}

/// What a store holds of a lot, how much of it is kept, and how much is for anyone.
async fn held(client: &Client, store: &Store, lot: usize) -> (String, String, String) {
    let document = format!(
        "{{ node(id: \"{}\") {{ ... on DonationItem {{ stock {{ quantity reserved available location {{ id }} }} }} }} }}",
        store.lots[lot]
    );
    let answer = client.query(&document).await;
    let stock =
        rows(&answer, "data.node.stock").iter().find(|stock| at(stock, "location.id") == store.id.as_str());
    let stock = stock.unwrap_or_else(|| panic!("{answer}"));
    let text = |name: &str| stock[name].as_str().unwrap().trim_end_matches(" PIECE").to_owned();
    (text("quantity"), text("reserved"), text("available"))
}

fn reserving(store: &Store, goods: &str, amount: i32, until: &str) -> String {
    format!(
        "location: \"{}\", {goods}, quantity: \"{amount} PIECE\", until: \"{until}\", note: \"Para mañana\"",
        store.id
    )
}

fn texts(quantity: &str, reserved: &str, available: &str) -> (String, String, String) {
    (quantity.to_owned(), reserved.to_owned(), available.to_owned())
}

/// Winds the programme clock on, as if so many days had passed.
async fn let_days_pass(database: &Database, days: i64) {
    let later = "UPDATE programmes SET clock_offset_us = clock_offset_us + $1";
    database.execute(later, &[&(days * 86_400_000_000)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_for_somebody_is_taken_by_nobody_else() {
    let world = World::start().await;
    let (stores, lead) = (world.client(DONATIONS), world.client("DIF_MUNICIPAL/shelter_lead@ALB-01"));
    let store = store(&world, "TDA-01", "KEPT-01", &[10, 6]).await;
    let lot = |place: usize| format!("lot: \"{}\"", store.lots[place]);
    let item = format!("item: \"{}\"", store.item);
    for (arguments, argument) in [
        (reserving(&store, &lot(0), 1, "2022-01-31T00:00:00Z"), "until"),
        (reserving(&store, &lot(0), 1, "2022-02-20T00:00:00Z"), "until"),
        (reserving(&store, &lot(0), 0, "2022-02-05T00:00:00Z"), "quantity"),
        (reserving(&store, &format!("{}, {item}", lot(0)), 1, "2022-02-05T00:00:00Z"), "item, or lot"),
        (
            reserving(&store, &lot(0), 1, "2022-02-05T00:00:00Z").replace(", note: \"Para mañana\"", ""),
            "note, or request",
        ),
    ] {
        let answer = mutate(&stores, "reserveStock", &arguments).await;
        assert_eq!(problem(&answer), ("INVALID_ARGUMENT", &json!(argument)), "{answer}");
    }
    for stranger in
        ["DIF_MUNICIPAL/shelter_lead@ALB-02", "ACNUR/donor", "CNDH/witness", "NGO_PAN_DEL_VALLE/partner"]
    {
        let answer = mutate(
            &world.client(stranger),
            "reserveStock",
            &reserving(&store, &lot(0), 1, "2022-02-05T00:00:00Z"),
        )
        .await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{stranger}: {answer}");
    }

    // Seven of the first lot, by its own store's lead; the rest is for anyone, and no more.
    let kept = mutate(&lead, "reserveStock", &reserving(&store, &lot(0), 7, "2022-02-05T00:00:00Z")).await;
    let reservation = at(result(&kept), "reservation").clone();
    assert_eq!(at(&reservation, "lines.0.remaining"), "7 PIECE", "{kept}");
    assert_eq!(held(&stores, &store, 0).await, texts("10", "7", "3"));
    let more = mutate(&stores, "reserveStock", &reserving(&store, &lot(0), 4, "2022-02-05T00:00:00Z")).await;
    assert_eq!(problem(&more).0, "INSUFFICIENT_STOCK");
    let giving = |place: usize, amount: i32, more: &str| {
        format!("{}, from: \"{}\", quantity: \"{amount} PIECE\"{more}", lot(place), store.id)
    };
    assert_eq!(problem(&mutate(&stores, "deliverStock", &giving(0, 4, "")).await).0, "INSUFFICIENT_STOCK");
    let given = mutate(&stores, "deliverStock", &giving(0, 2, "")).await;
    assert_eq!(at(result(&given), "stock.0.available"), "1 PIECE", "{given}");

    // By item what is free is taken, lot by lot; who names the reservation takes what it keeps.
    let next = mutate(&stores, "reserveStock", &reserving(&store, &item, 5, "2022-02-05T00:00:00Z")).await;
    assert_eq!(rows(result(&next), "reservation.lines").len(), 2, "{next}");
    assert_eq!(held(&stores, &store, 1).await, texts("6", "4", "2"));
    let named = format!(", reservation: {}", reservation["id"]);
    let own = mutate(&stores, "deliverStock", &giving(0, 3, &named)).await;
    assert_eq!(
        (at(result(&own), "stock.0.quantity"), at(result(&own), "stock.0.reserved")),
        (&json!("5 PIECE"), &json!("5 PIECE"))
    );
    let shipped = format!(
        "from: \"{}\", to: \"{}\", goods: [{{item: \"{}\", quantity: \"5 PIECE\"}}]{named}",
        store.id,
        place(&world).await.warehouse,
        store.item
    );
    let shipped = mutate(&stores, "sendShipment", &shipped).await;
    let lines = rows(result(&shipped), "shipment.lines");
    let sent: BTreeMap<&str, &Json> =
        lines.iter().map(|line| (at(line, "lot.id").as_str().unwrap(), &line["sent"])).collect();
    assert_eq!(
        sent,
        BTreeMap::from([
            (store.lots[0].as_str(), &json!("4 PIECE")),
            (store.lots[1].as_str(), &json!("1 PIECE"))
        ]),
        "{shipped}"
    );
    let used_up = mutate(&stores, "deliverStock", &giving(1, 1, &named)).await;
    assert_eq!(problem(&used_up), ("INVALID_ARGUMENT", &json!("reservation")), "{used_up}");

    // Released, it is for anyone again; once.
    let second = at(result(&next), "reservation").clone();
    let releasing = format!("reservation: {}, version: {}", second["id"], second["version"]);
    let released = mutate(&lead, "releaseReservation", &releasing).await;
    assert!(at(result(&released), "reservation.endedAt").is_string(), "{released}");
    assert_eq!(problem(&mutate(&lead, "releaseReservation", &releasing).await).0, "VERSION_CONFLICT");
    let again = releasing.replace("version: 1", "version: 2");
    assert_eq!(problem(&mutate(&lead, "releaseReservation", &again).await).0, "STATE_CONFLICT");
    assert_eq!(held(&stores, &store, 1).await, texts("5", "0", "5"));
    let open = stores
        .query(&format!("{{ reservations(location: \"{}\", open: true) {{ nodes {{ id }} }} }}", store.id))
        .await;
    assert!(!rows(&open, "data.reservations.nodes").iter().any(|found| found["id"] == second["id"]));
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// A reservation whose time is over is in nobody's way, even before it is ended by itself; which the journal has.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_is_free_when_its_time_is_over() {
    let world = World::start().await;
    let store = store(&world, "TDA-01", "KEPT-01", &[10]).await;
    let lot = format!("lot: \"{}\"", store.lots[0]);
    let stores = world.client(DONATIONS);
    for until in ["2022-02-01T00:00:00Z", "2022-02-10T00:00:00Z"] {
        let answer = mutate(&stores, "reserveStock", &reserving(&store, &lot, 4, until)).await;
        assert_eq!(outcome(&answer).0, "ReserveStockPayload", "{answer}");
    }
    let giving = |amount: i32| format!("{lot}, from: \"{}\", quantity: \"{amount} PIECE\"", store.id);
    assert_eq!(problem(&mutate(&stores, "deliverStock", &giving(6)).await).0, "INSUFFICIENT_STOCK");
    // By the movement's own time the first is over the next day, whether or not it was ended.
    let database = world.database().await;
    let lot_key = enlace_schema::GlobalId::parse(&store.lots[0]).unwrap().uuid;
    let recorded = "INSERT INTO movements (id, lot_id, kind, from_id, quantity, occurred_at, recorded_at) \
                    SELECT gen_random_uuid(), $1, 'DELIVERY', id, $2, '2022-02-01 20:00Z', '2022-02-01 20:00Z' FROM locations WHERE code = 'TDA-01'";
    database.batch_execute("BEGIN").await.unwrap();
    assert_eq!(database.execute(recorded, &[&lot_key, &6]).await.unwrap(), 1);
    database.execute(recorded, &[&lot_key, &1]).await.expect_err("the rest is kept until the tenth");
    database.batch_execute("ROLLBACK").await.unwrap();
    drop(database);
    // The next day, on the same database.
    let_days_pass(&world.database().await, 1).await;
    let world = World::with().start_on(world.halt().await).await;
    let stores = world.client(DONATIONS);
    let given = mutate(&stores, "deliverStock", &giving(6)).await;
    assert_eq!(outcome(&given).0, "DeliverStockPayload", "{given}");
    assert_eq!(held(&stores, &store, 0).await, texts("4", "4", "0"));
    assert_eq!(problem(&mutate(&stores, "deliverStock", &giving(1)).await).0, "INSUFFICIENT_STOCK");
    // It is ended by itself, with an entry.
    let database = world.database().await;
    let ended = "SELECT (SELECT count(*)::integer FROM reservations WHERE ended_at IS NOT NULL), \
                 (SELECT count(*)::integer FROM journal_entries WHERE operation = 'donations.reservationExpired')";
    let mut found = (0, 0);
    for _ in 0..100 {
        let row = database.query_one(ended, &[]).await.unwrap();
        found = (row.get::<_, i32>(0), row.get::<_, i32>(1));
        if found == (1, 1) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(found, (1, 1));
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// Many who reserve, release, give out and move at once, and one who looks on: never is more kept than there is, and what is kept is
/// what reservations have left.
#[tokio::test(flavor = "multi_thread")]
async fn however_many_act_at_once_no_more_is_kept_than_there_is() {
    let world = World::start().await;
    let store = store(&world, "TDA-01", "KEPT-01", &[20, 20, 20]).await;
    let warehouse = place(&world).await.warehouse;
    let stores = world.client(DONATIONS);
    let database = world.database().await;
    let broken = "SELECT count(*)::integer FROM (SELECT balances.quantity, balances.reserved, \
                      coalesce((SELECT sum(left_over) FROM reservation_lines AS line \
                          WHERE line.lot_id = balances.lot_id AND line.location_id = balances.location_id), 0) AS kept FROM balances) AS held \
                  WHERE reserved > quantity OR reserved <> kept";
    let act = async |place: usize| -> &'static str {
        let lot = &store.lots[place % 3];
        let amount = 1 + i32::try_from(place % 5).unwrap();
        match place % 4 {
            0 => {
                let goods = format!("item: \"{}\"", store.item);
                let kept = mutate(
                    &stores,
                    "reserveStock",
                    &reserving(&store, &goods, 2 * amount, "2022-02-05T00:00:00Z"),
                )
                .await;
                if outcome(&kept).0 != "ReserveStockPayload" {
                    // Of an item of which nothing is left there, none is found.
                    assert!(matches!(problem(&kept).0, "INSUFFICIENT_STOCK" | "NOT_FOUND"), "{kept}");
                    return "short";
                }
                let reservation = at(result(&kept), "reservation");
                if place.is_multiple_of(8) {
                    let releasing = format!("reservation: {}, version: 1", reservation["id"]);
                    let released = mutate(&stores, "releaseReservation", &releasing).await;
                    assert_eq!(outcome(&released).0, "ReleaseReservationPayload", "{released}");
                    return "released";
                }
                // What is kept is there for whoever kept it, whatever the others do.
                let used = format!(
                    "from: \"{}\", to: \"{warehouse}\", goods: [{{item: \"{}\", quantity: \"{} PIECE\"}}], reservation: {}",
                    store.id,
                    store.item,
                    2 * amount,
                    reservation["id"]
                );
                let used = mutate(&stores, "sendShipment", &used).await;
                assert_eq!(outcome(&used).0, "SendShipmentPayload", "{used}");
                "used"
            }
            1 => {
                let giving = format!("lot: \"{lot}\", from: \"{}\", quantity: \"{amount} PIECE\"", store.id);
                let given = mutate(&stores, "deliverStock", &giving).await;
                if outcome(&given).0 == "DeliverStockPayload" { "given" } else { "short" }
            }
            2 => {
                let moving = format!(
                    "lot: \"{lot}\", from: \"{}\", to: \"{warehouse}\", quantity: \"{amount} PIECE\"",
                    store.id
                );
                let moved = mutate(&stores, "moveStock", &moving).await;
                if outcome(&moved).0 == "MoveStockPayload" { "moved" } else { "short" }
            }
            _ => {
                let found: i32 = database.query_one(broken, &[]).await.unwrap().get(0);
                assert_eq!(found, 0, "at a snapshot");
                "seen"
            }
        }
    };
    let mut done: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..4 {
        for what in join_all((0..16).map(|place| act(16 * round + place))).await {
            *done.entry(what).or_default() += 1;
        }
    }
    assert!(done["used"] > 0 && done["released"] > 0 && done["short"] > 0, "{done:?}");
    let found: i32 = database.query_one(broken, &[]).await.unwrap().get(0);
    assert_eq!(found, 0);
    assert_ledger_holds(&world).await;
    world.stop().await;
}
