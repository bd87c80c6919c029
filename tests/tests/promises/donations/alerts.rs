//! What needs somebody's eye: minimums, alerts, and the stream of changes that leave too little.

use enlace_tests::{Client, World, at, codes, id};
use serde_json::{Value as Json, json};

use super::receiving::place;
use super::{DONATIONS, mutate, outcome, problem, result};
use crate::reference::rows;

const ALERT: &str = "kind quantity minimum expiresOn item { id code unit category { stockKind } } location { id code } lot { id code }";

async fn alerts(client: &Client, arguments: &str) -> Vec<Json> {
    let answer = client.query(&format!("{{ stockAlerts({arguments}) {{ {ALERT} }} }}")).await;
    rows(&answer, "data.stockAlerts").to_vec()
}

/// The ids of an item and of a store.
async fn ids(world: &World, item: &str, store: &str) -> (String, String) {
    let row = world
        .database()
        .await
        .query_one(
            "SELECT (SELECT id FROM items WHERE code = $1), (SELECT id FROM locations WHERE code = $2)",
            &[&item, &store],
        )
        .await
        .unwrap();
    (id("item", row.get(0)), id("location", row.get(1)))
}

/// What a reader of the rows alone finds: kind, item, store, lot, quantity.
const FOUND: &str = "
    WITH day AS (SELECT (SELECT demo_day FROM programmes) AS today),
    fit AS (SELECT lots.item_id, location_id, balances.quantity FROM balances JOIN lots ON lots.id = lot_id, day
        WHERE recalled_at IS NULL AND coalesce(lots.expires_on, 'infinity') > today)
    SELECT 'LOW_STOCK', items.code, NULL, NULL, coalesce(sum(fit.quantity), 0)::integer FROM items LEFT JOIN fit ON item_id = items.id
        GROUP BY items.id HAVING minimum_stock > coalesce(sum(fit.quantity), 0)
    UNION ALL SELECT CASE WHEN lots.expires_on > today THEN 'EXPIRING' ELSE 'EXPIRED' END, items.code, locations.code, lots.code,
        balances.quantity
        FROM balances JOIN lots ON lots.id = lot_id JOIN items ON items.id = lots.item_id JOIN locations ON locations.id = location_id, day
        WHERE balances.quantity > 0 AND lots.expires_on <= today + $1::integer";

#[tokio::test(flavor = "multi_thread")]
async fn the_alerts_are_what_the_rows_say() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    for days in [1, 12, 30] {
        let found = world.database().await.query(FOUND, &[&days]).await.unwrap();
        let mut expected: Vec<String> = found
            .iter()
            .map(|row| {
                let text = |place: usize| row.get::<_, Option<String>>(place).unwrap_or_default();
                format!("{} {} {} {} {}", text(0), text(1), text(2), text(3), row.get::<_, i32>(4))
            })
            .collect();
        expected.sort();
        let told = alerts(&client, &format!("expiringWithin: {days}, first: 500")).await;
        let mut shown: Vec<String> = told
            .iter()
            .map(|alert| {
                let text =
                    |path: &str| alert.pointer(path).and_then(Json::as_str).unwrap_or_default().to_owned();
                let amount = text("/quantity").split(' ').next().unwrap().to_owned();
                format!(
                    "{} {} {} {} {amount}",
                    text("/kind"),
                    text("/item/code"),
                    text("/location/code"),
                    text("/lot/code")
                )
            })
            .collect();
        shown.sort();
        assert!(expected.len() < 500 && expected.iter().any(|alert| alert.starts_with("EXPIRED")));
        assert!(expected.iter().any(|alert| alert.starts_with("LOW_STOCK")), "{expected:?}");
        assert_eq!(shown, expected, "{days}");
        // Whose day comes first stands first.
        let expiries: Vec<&str> = told.iter().filter_map(|alert| alert["expiresOn"].as_str()).collect();
        assert!(expiries.is_sorted());
    }
    let kinds = alerts(&client, "kind: LOW_STOCK").await;
    assert!(!kinds.is_empty() && kinds.iter().all(|alert| alert["kind"] == "LOW_STOCK"));
    assert_eq!(alerts(&client, "first: 2").await.len(), 2);
    for wrong in ["expiringWithin: 0", "expiringWithin: 366", "first: 0", "first: 501"] {
        let answer = client.query(&format!("{{ stockAlerts({wrong}) {{ kind }} }}")).await;
        assert_eq!(codes(&answer), ["INVALID_ARGUMENT"], "{wrong}");
    }
    // Each of what it reads, and of nothing else.
    for (reader, kind) in [("SEDENA/kitchen", "food"), ("ISESALUD/clinician", "medical")] {
        let told = alerts(&world.client(reader), "first: 500").await;
        assert!(!told.is_empty(), "{reader}");
        assert!(told.iter().all(|alert| at(alert, "item.category.stockKind") == kind), "{reader}: {told:?}");
    }
    let officer = world.client("DSPM/officer").query("{ stockAlerts { kind } }").await;
    assert_eq!(codes(&officer), ["FIELD_FORBIDDEN"]);
    world.stop().await;
}

#[expect(clippy::too_many_lines, reason = "one story of one store")]
#[tokio::test(flavor = "multi_thread")]
async fn a_store_has_a_minimum_and_whoever_follows_hears_of_changes_that_leave_less() {
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let (item, store) = ids(&world, "COC-03", "TDA-01").await;
    let setting = |minimum: &str, version: i32| {
        format!("location: \"{store}\", item: \"{item}\", {minimum} version: {version}")
    };
    let set = mutate(&client, "setMinimumStock", &setting("minimum: \"100000 PIECE\",", 0)).await;
    assert_eq!(at(result(&set), "storeMinimum.version"), 1, "{set}");
    let low = alerts(&client, &format!("kind: LOW_STOCK, location: \"{store}\"")).await;
    assert_eq!(low.len(), 1, "{low:?}");
    assert_eq!((at(&low[0], "item.code"), &low[0]["minimum"]), (&json!("COC-03"), &json!("100000 PIECE")));
    for (minimum, argument) in [("minimum: \"0 PIECE\",", "minimum"), ("minimum: \"5 BOX\",", "minimum")] {
        let wrong = mutate(&client, "setMinimumStock", &setting(minimum, 1)).await;
        assert_eq!(problem(&wrong), ("INVALID_ARGUMENT", &json!(argument)));
    }
    let late = mutate(&client, "setMinimumStock", &setting("", 0)).await;
    assert_eq!(at(result(&late), "currentVersion"), 1);

    // A store with a minimum of seven is watched. Of another item it never has enough: each change of that is told of, and whatever
    // came before was dealt with by then.
    let (followed, _) = ids(&world, "COC-01", "TDA-01").await;
    let marked = format!("location: \"{store}\", item: \"{followed}\", minimum: \"100000 BOX\", version: 0");
    assert_eq!(outcome(&mutate(&client, "setMinimumStock", &marked).await).0, "SetMinimumStockPayload");
    let lines = "{item: \"COC-03\", quantity: \"60 PIECE\"}, {item: \"COC-01\", quantity: \"60 BOX\"}";
    let receiving =
        format!("donor: \"{}\", location: \"{}\", lines: [{lines}]", place.private, place.warehouse);
    let mut low_stock = world.socket(DONATIONS).await;
    low_stock
        .follow(
            "s",
            &format!(
                "subscription {{ stockChanged(lowStock: true, location: \"{store}\") {{ movement {{ quantity lot {{ item }} }} }} }}"
            ),
        )
        .await;
    let mut of_item = world.socket(DONATIONS).await;
    let follow = format!(
        "subscription {{ stockChanged(item: \"{item}\") {{ movement {{ kind }} donation {{ code }} }} }}"
    );
    of_item.follow("s", &follow).await;
    let bedding = super::catalogue::category(&client, "COB").await;
    let mut of_others = world.socket(DONATIONS).await;
    of_others
        .follow(
            "s",
            &format!(
                "subscription {{ stockChanged(category: \"{bedding}\") {{ stock {{ lot {{ item }} }} }} }}"
            ),
        )
        .await;
    let database = world.database().await;
    // What lies there from the demonstration is out of the way.
    let held = client
        .query(&format!(
            "{{ stock(location: \"{store}\", first: 500) {{ nodes {{ quantity lot {{ id item }} }} }} }}"
        ))
        .await;
    for node in rows(&held, "data.stock.nodes").iter().filter(|node| at(node, "lot.item") == "COC-03") {
        let moving = format!(
            "lot: {}, from: \"{store}\", to: \"{}\", quantity: {}",
            at(node, "lot.id"),
            place.warehouse,
            node["quantity"]
        );
        assert_eq!(outcome(&mutate(&client, "moveStock", &moving).await).0, "MoveStockPayload");
        // Of its hundred thousand there is never enough.
        assert_eq!(at(&low_stock.event().await, "payload.data.stockChanged.movement.lot.item"), "COC-03");
        of_item.event().await;
    }
    let set = mutate(&client, "setMinimumStock", &setting("minimum: \"7 PIECE\",", 1)).await;
    assert_eq!(at(result(&set), "storeMinimum.version"), 2, "{set}");
    let received = mutate(&client, "receiveDonation", &receiving).await;
    assert_eq!(outcome(&received).0, "ReceiveDonationPayload");
    assert!(at(&of_item.event().await, "payload.data.stockChanged.donation.code").is_string());
    let lot_of = async |item: &str| -> String {
        let newest = "SELECT lots.id FROM lots JOIN items ON items.id = item_id WHERE items.code = $1 ORDER BY lots.id DESC LIMIT 1";
        id("lot", database.query_one(newest, &[&item]).await.unwrap().get(0))
    };
    let (lot, another) = (lot_of("COC-03").await, lot_of("COC-01").await);
    let moving = |lot: &str, from: &str, to: &str, quantity: &str| {
        format!("lot: \"{lot}\", from: \"{from}\", to: \"{to}\", quantity: \"{quantity}\"")
    };
    let mut told = Vec::new();
    for (from, to, amount) in [
        (&place.warehouse, &store, 3),
        (&place.warehouse, &store, 7),
        (&store, &place.warehouse, 3),
        (&store, &place.warehouse, 1),
    ] {
        let pieces = format!("{amount} PIECE");
        let moved = mutate(&client, "moveStock", &moving(&lot, from, to, &pieces)).await;
        assert_eq!(outcome(&moved).0, "MoveStockPayload", "{moved}");
        assert_eq!(at(&of_item.event().await, "payload.data.stockChanged.movement.kind"), "TRANSFER");
        let mark = moving(&another, &place.warehouse, &store, "1 BOX");
        assert_eq!(outcome(&mutate(&client, "moveStock", &mark).await).0, "MoveStockPayload");
        loop {
            let event = low_stock.event().await;
            let movement = at(&event, "payload.data.stockChanged.movement");
            if at(movement, "lot.item") == "COC-01" {
                break;
            }
            told.push(movement["quantity"].as_str().unwrap().to_owned());
        }
    }
    // It then holds three, ten, seven and six: three and six are less than seven.
    assert_eq!(told, ["3 PIECE", "1 PIECE"]);
    // Blankets are of the other category; whoever follows these hears of them first.
    let blankets =
        receiving.replace("COC-03", "COB-01").replace(", {item: \"COC-01\", quantity: \"60 BOX\"}", "");
    assert_eq!(outcome(&mutate(&client, "receiveDonation", &blankets).await).0, "ReceiveDonationPayload");
    let event = of_others.event().await;
    assert_eq!(at(&event, "payload.data.stockChanged.stock"), &json!([{"lot": {"item": "COB-01"}}]));
    // Taken away, there is no minimum; its version goes on.
    let gone = mutate(&client, "setMinimumStock", &setting("", 2)).await;
    assert_eq!(at(result(&gone), "storeMinimum"), &json!({"minimum": null, "version": 3}));
    let low = alerts(&client, &format!("kind: LOW_STOCK, location: \"{store}\"")).await;
    let low: Vec<&Json> = low.iter().map(|alert| at(alert, "item.code")).collect();
    assert_eq!(low, [&json!("COC-01")]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sets_a_minimum() {
    let world = World::start().await;
    let (food, store) = ids(&world, "FRE-01", "TDA-01").await;
    let (drugs, other) = ids(&world, "MED-01", "TDA-02").await;
    let setting = |item: &str, unit: &str, store: &str| {
        format!("location: \"{store}\", item: \"{item}\", minimum: \"5 {unit}\", version: 0")
    };
    let lead = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01");
    let own = mutate(&lead, "setMinimumStock", &setting(&food, "PIECE", &store)).await;
    assert_eq!(at(result(&own), "storeMinimum.version"), 1, "{own}");
    let others = mutate(&lead, "setMinimumStock", &setting(&food, "PIECE", &other)).await;
    assert_eq!(codes(&others), ["FORBIDDEN"]);
    let clinician = world.client("ISESALUD/clinician");
    let medical = mutate(&clinician, "setMinimumStock", &setting(&drugs, "BOX", &other)).await;
    assert_eq!(at(result(&medical), "storeMinimum.version"), 1, "{medical}");
    let unseen = mutate(&clinician, "setMinimumStock", &setting(&food, "PIECE", &other)).await;
    assert_eq!(outcome(&unseen), ("NotFound", &json!("item")));
    for stranger in ["RP/liaison", "SEDENA/kitchen", "CEDH/witness", "ACNUR/donor"] {
        let answer =
            mutate(&world.client(stranger), "setMinimumStock", &setting(&food, "PIECE", &other)).await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{stranger}: {answer}");
    }
    world.stop().await;
}
