//! What helps to decide: how long stock lasts, what to send where, and how a shortage is shared.

use std::collections::BTreeMap;

use enlace_tests::{Client, World, at, codes, id};
use serde_json::{Value as Json, json};

use super::receiving::place;
use super::{DONATIONS, mutate, outcome};
use crate::reference::rows;

/// What a reader of the rows alone finds of an item in a store: what is fit there, what was given out in the 28 days before today
/// and not corrected, and how many of these days its shelter was open.
const POSITIONS: &str = "
    SELECT items.code, locations.code, locations.kind,
        (SELECT coalesce(sum(quantity), 0)::bigint FROM balances JOIN lots ON lots.id = lot_id
            WHERE lots.item_id = items.id AND location_id = locations.id AND recalled_at IS NULL
                AND coalesce(lots.expires_on, 'infinity') > day),
        (SELECT coalesce(sum(quantity), 0)::bigint FROM movements JOIN lots ON lots.id = lot_id
            WHERE lots.item_id = items.id AND from_id = locations.id AND movements.kind = 'DELIVERY'
                AND (occurred_at AT TIME ZONE 'America/Tijuana')::date BETWEEN day - 28 AND day - 1
                AND movements.id NOT IN (SELECT reverses_id FROM movements WHERE reverses_id IS NOT NULL)),
        least(28, day - coalesce(opened_on, starts_on))::bigint
    FROM items, locations LEFT JOIN shelters ON shelters.id = shelter_id, (SELECT demo_day AS day, starts_on FROM programmes) AS programme
    WHERE locations.kind <> 'TRANSIT'";

#[derive(Debug, Clone)]
struct Position {
    kind: String,
    held: i64,
    consumed: i64,
    observed: i64,
}

impl Position {
    fn need(&self, days: i64) -> i64 {
        ((self.consumed * days + self.observed - 1) / self.observed - self.held).max(0)
    }
}

/// By item and store.
async fn positions(world: &World) -> BTreeMap<(String, String), Position> {
    let found = world.database().await.query(POSITIONS, &[]).await.unwrap();
    let position = |row: &tokio_postgres::Row| Position {
        kind: row.get(2),
        held: row.get(3),
        consumed: row.get(4),
        observed: row.get(5),
    };
    found.iter().map(|row| ((row.get(0), row.get(1)), position(row))).collect()
}

fn number(quantity: &Json) -> i64 {
    quantity.as_str().unwrap().split(' ').next().unwrap().parse().unwrap()
}

fn key(row: &Json) -> (String, String) {
    let text = |path: &str| at(row, path).as_str().unwrap().to_owned();
    (text("item.code"), text("location.code"))
}

const COVER: &str = "held consumed observedDays days item { code category { stockKind } } location { code }";
const SHARE: &str =
    "held consumed observedDays minimum need needed available share because item { code } location { code }";

async fn ask(client: &Client, root: &str, arguments: &str, shown: &str) -> Vec<Json> {
    let answer = client.query(&format!("{{ x: {root}({arguments}) {{ {shown} }} }}")).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    rows(&answer, "data.x").to_vec()
}

/// The id of an item.
async fn item(world: &World, code: &str) -> String {
    let row =
        world.database().await.query_one("SELECT id FROM items WHERE code = $1", &[&code]).await.unwrap();
    id("item", row.get(0))
}

async fn store(world: &World, code: &str) -> String {
    let row =
        world.database().await.query_one("SELECT id FROM locations WHERE code = $1", &[&code]).await.unwrap();
    id("location", row.get(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_cover_are_what_the_rows_say() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let known = positions(&world).await;
    let covered = ask(&client, "daysOfCover", "first: 500", COVER).await;
    let mut lasting = Vec::new();
    for cover in &covered {
        let position = &known[&key(cover)];
        let shown =
            (number(&cover["held"]), number(&cover["consumed"]), cover["observedDays"].as_i64().unwrap());
        assert_eq!(shown, (position.held, position.consumed, position.observed), "{cover}");
        let days = (position.consumed > 0).then(|| position.held * position.observed / position.consumed);
        assert_eq!(cover["days"].as_i64(), days, "{cover}");
        lasting.push(days.unwrap_or(i64::MAX));
    }
    assert!(lasting.is_sorted(), "what lasts shortest comes first");
    let mut all: Vec<i64> = known
        .values()
        .filter(|position| position.held > 0 || position.consumed > 0)
        .map(|position| {
            if position.consumed > 0 {
                position.held * position.observed / position.consumed
            } else {
                i64::MAX
            }
        })
        .collect();
    all.sort_unstable();
    all.truncate(500);
    assert_eq!(lasting, all);
    assert!(covered.iter().any(|cover| cover["days"].as_i64().is_some_and(|days| days > 0)), "{covered:?}");
    // Of one store, of one item, and of what its reader sees.
    let here = format!("location: \"{}\", first: 500", store(&world, "TDA-01").await);
    let here = ask(&client, "daysOfCover", &here, COVER).await;
    assert!(here.len() > 5 && here.iter().all(|cover| at(cover, "location.code") == "TDA-01"));
    let kitchen = ask(&world.client("SEDENA/kitchen"), "daysOfCover", "first: 500", COVER).await;
    assert!(!kitchen.is_empty());
    assert!(kitchen.iter().all(|cover| at(cover, "item.category.stockKind") == "food"));
    for wrong in ["window: 0", "window: 181", "first: 501"] {
        let answer = client.query(&format!("{{ daysOfCover({wrong}) {{ days }} }}")).await;
        assert_eq!(codes(&answer), ["INVALID_ARGUMENT"], "{wrong}");
    }
    world.stop().await;
}

/// What was given out by mistake and undone was not used up.
#[tokio::test(flavor = "multi_thread")]
async fn consumption_is_without_what_was_corrected() {
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let (item, warehouse) = (item(&world, "COC-03").await, place.warehouse.clone());
    let only = format!("item: \"{item}\", location: \"{warehouse}\"");
    let receiving = format!(
        "donor: \"{}\", location: \"{warehouse}\", receivedAt: \"2022-01-20T18:00:00Z\", lines: [{{item: \"COC-03\", quantity: \"60 PIECE\"}}]",
        place.private
    );
    assert_eq!(outcome(&mutate(&client, "receiveDonation", &receiving).await).0, "ReceiveDonationPayload");
    let row = world
        .database()
        .await
        .query_one("SELECT lots.id FROM lots JOIN items ON items.id = item_id WHERE items.code = 'COC-03' ORDER BY lots.id DESC LIMIT 1", &[])
        .await
        .unwrap();
    let lot = id("lot", row.get(0));
    let before = number(&ask(&client, "daysOfCover", &only, COVER).await[0]["consumed"]);
    // Yesterday, and today: today is not over, and does not count yet.
    let delivering = |at: &str| {
        format!("lot: \"{lot}\", from: \"{warehouse}\", quantity: \"5 PIECE\", occurredAt: \"{at}\"")
    };
    let given = mutate(&client, "deliverStock", &delivering("2022-01-30T20:00:00Z")).await;
    assert_eq!(outcome(&given).0, "DeliverStockPayload", "{given}");
    mutate(&client, "deliverStock", &delivering("2022-01-31T18:00:00Z")).await;
    assert_eq!(number(&ask(&client, "daysOfCover", &only, COVER).await[0]["consumed"]), before + 5);
    let undoing = format!("movement: {}, note: \"counted twice\"", at(&given, "data.x.movement.id"));
    assert_eq!(outcome(&mutate(&client, "correctMovement", &undoing).await).0, "CorrectMovementPayload");
    assert_eq!(number(&ask(&client, "daysOfCover", &only, COVER).await[0]["consumed"]), before);
    world.stop().await;
}

/// A shortage by the rule, worked out anew: the exact parts, and one unit each to the largest rests.
fn by_the_rule(quantity: i64, needs: &[i64]) -> Vec<i64> {
    let needed: i64 = needs.iter().sum();
    if quantity >= needed {
        return needs.to_vec();
    }
    let mut shares: Vec<i64> = needs.iter().map(|need| quantity * need / needed).collect();
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|place| (-(quantity * needs[*place] % needed), -needs[*place], *place));
    let left = quantity - shares.iter().sum::<i64>();
    for place in order.into_iter().take(usize::try_from(left).unwrap()) {
        shares[place] += 1;
    }
    shares
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shortage_is_shared_by_the_rule_and_each_share_says_its_numbers() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let known = positions(&world).await;
    let mut shortages = 0;
    for code in ["COB-01", "PAN-02", "AGU-01", "HIG-02"] {
        let (item, unit) = (item(&world, code).await, if code == "AGU-01" { "LITRE" } else { "PIECE" });
        let stores: Vec<(&String, &Position)> = known
            .iter()
            .filter(|((of, _), position)| of == code && position.kind == "SHELTER_STORE")
            .map(|((_, store), position)| (store, position))
            .collect();
        let needs: Vec<i64> = stores.iter().map(|(_, position)| position.need(30)).collect();
        let needed: i64 = needs.iter().sum();
        for quantity in [0, 1, needed / 3, needed, needed + 5] {
            let arguments = format!("item: \"{item}\", quantity: \"{quantity} {unit}\", days: 30");
            let shares = ask(&client, "fairAllocation", &arguments, SHARE).await;
            let shown: Vec<i64> = shares.iter().map(|share| number(&share["share"])).collect();
            assert_eq!(shown, by_the_rule(quantity, &needs), "{code} {quantity} over {needs:?}");
            assert_eq!(shown.iter().sum::<i64>(), quantity.min(needed));
            for (share, (store, position)) in shares.iter().zip(&stores) {
                assert_eq!(at(share, "location.code"), store.as_str());
                let numbers = [
                    &share["held"],
                    &share["consumed"],
                    &share["need"],
                    &share["needed"],
                    &share["available"],
                ];
                let expected = [position.held, position.consumed, position.need(30), needed, quantity];
                assert_eq!(numbers.map(number), expected, "{share}");
                let because = share["because"].as_str().unwrap();
                let lacks = format!("for 30 days it lacks {}.", position.need(30));
                assert!(because.contains(&lacks), "{because}");
                if position.need(30) > 0 && quantity < needed {
                    shortages += 1;
                    let formula = format!("{} × {quantity} ÷ {needed}", position.need(30));
                    assert!(because.contains(&formula), "{because}");
                }
            }
        }
    }
    assert!(shortages > 20, "{shortages}");
    // Over some stores only; a warehouse is none of them.
    let [one, two, warehouse] =
        [store(&world, "TDA-01").await, store(&world, "TDA-02").await, store(&world, "ALM-01").await];
    let arguments = format!(
        "item: \"{}\", quantity: \"7 PIECE\", locations: [\"{two}\", \"{warehouse}\", \"{one}\"]",
        item(&world, "COB-01").await
    );
    let shares = ask(&client, "fairAllocation", &arguments, SHARE).await;
    let stores: Vec<&Json> = shares.iter().map(|share| at(share, "location.code")).collect();
    assert_eq!(stores, [&json!("TDA-01"), &json!("TDA-02")]);
    for wrong in ["\"7 BOX\"", "\"-1 PIECE\""] {
        let document = format!(
            "{{ fairAllocation(item: \"{}\", quantity: {wrong}) {{ share }} }}",
            item(&world, "COB-01").await
        );
        assert_eq!(codes(&client.query(&document).await), ["INVALID_ARGUMENT"], "{wrong}");
    }
    // What its reader does not see is shared with nobody.
    let unseen = format!("item: \"{}\", quantity: \"7 PIECE\"", item(&world, "COB-01").await);
    assert!(ask(&world.client("SEDENA/kitchen"), "fairAllocation", &unseen, SHARE).await.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replenishment_is_what_is_lacked_out_of_what_the_warehouses_have() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let known = positions(&world).await;
    let mut expected = BTreeMap::new();
    let codes: std::collections::BTreeSet<&String> = known.keys().map(|(code, _)| code).collect();
    for code in codes {
        let of: Vec<(&String, &Position)> = known
            .iter()
            .filter(|((item, _), _)| item == code)
            .map(|((_, store), position)| (store, position))
            .collect();
        let available: i64 = of.iter().filter(|(_, at)| at.kind == "WAREHOUSE").map(|(_, at)| at.held).sum();
        let stores: Vec<_> = of.into_iter().filter(|(_, at)| at.kind == "SHELTER_STORE").collect();
        let needs: Vec<i64> = stores.iter().map(|(_, at)| at.need(14)).collect();
        for (((store, _), need), share) in stores.iter().zip(&needs).zip(by_the_rule(available, &needs)) {
            if *need > 0 {
                expected.insert((code.clone(), (*store).clone()), (*need, available, share));
            }
        }
    }
    let proposed = ask(&client, "proposedReplenishment", "first: 500", SHARE).await;
    let shown: BTreeMap<_, _> = proposed
        .iter()
        .map(|share| {
            (key(share), (number(&share["need"]), number(&share["available"]), number(&share["share"])))
        })
        .collect();
    assert!(expected.len() < 500 && expected.len() > 10, "{}", expected.len());
    assert!(expected.values().any(|(need, _, share)| share < need), "a shortage");
    assert!(expected.values().any(|(need, _, share)| share == need), "and enough");
    assert_eq!(shown, expected);
    // For one store the needs of the others count all the same.
    let here = format!("location: \"{}\", first: 500", store(&world, "TDA-03").await);
    let here = ask(&client, "proposedReplenishment", &here, SHARE).await;
    assert_eq!(here.len(), expected.keys().filter(|(_, store)| store == "TDA-03").count());
    for share in &here {
        assert_eq!(number(&share["share"]), expected[&key(share)].2, "{share}");
    }
    // A minimum is a need of its own, where the pace asks for less.
    let (toys, store) = (item(&world, "JUG-01").await, store(&world, "TDA-03").await);
    let setting = format!("location: \"{store}\", item: \"{toys}\", minimum: \"9000 PIECE\", version: 0");
    assert_eq!(outcome(&mutate(&client, "setMinimumStock", &setting).await).0, "SetMinimumStockPayload");
    let arguments = format!("location: \"{store}\", item: \"{toys}\"");
    let share = &ask(&client, "proposedReplenishment", &arguments, SHARE).await[0];
    assert_eq!(number(&share["need"]), 9000 - number(&share["held"]), "{share}");
    assert!(share["because"].as_str().unwrap().contains("its minimum is 9000"), "{share}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_about_to_expire_is_brought_to_where_it_is_used_in_time() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let known = positions(&world).await;
    let shown = "quantity expiresOn because lot { id code item } from { code } to { code }";
    let moves = ask(&client, "consolidation", "expiringWithin: 30, first: 500", shown).await;
    let database = world.database().await;
    let lying = "SELECT items.code, lots.code, locations.code, quantity, (lots.expires_on - demo_day)::bigint, items.unit \
         FROM balances JOIN lots ON lots.id = lot_id JOIN items ON items.id = lots.item_id JOIN locations ON locations.id = location_id, programmes \
         WHERE quantity > 0 AND locations.kind <> 'TRANSIT' AND recalled_at IS NULL AND lots.expires_on > demo_day AND lots.expires_on <= demo_day + 30";
    let mut left: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut of_lots: BTreeMap<String, (String, i64)> = BTreeMap::new();
    for row in database.query(lying, &[]).await.unwrap() {
        left.insert((row.get(1), row.get(2)), i64::from(row.get::<_, i32>(3)));
        of_lots.insert(row.get(1), (row.get(0), row.get(4)));
    }
    let mut used: BTreeMap<(String, String), Vec<(i64, i64)>> = BTreeMap::new();
    for sent in &moves {
        let text = |path: &str| at(sent, path).as_str().unwrap().to_owned();
        let rest = left.get_mut(&(text("lot.code"), text("from.code"))).unwrap_or_else(|| panic!("{sent}"));
        *rest -= number(&sent["quantity"]);
        assert!(*rest >= 0, "no more than lies there: {sent}");
        let (item, days) = &of_lots[&text("lot.code")];
        if let Some(to) = sent.pointer("/to/code").and_then(Json::as_str) {
            assert_ne!(to, text("from.code"));
            assert_eq!(known[&(item.clone(), to.to_owned())].kind, "SHELTER_STORE");
            used.entry((item.clone(), to.to_owned())).or_default().push((*days, number(&sent["quantity"])));
        }
        assert!(text("because").starts_with(&format!("It expires in {days} days")), "{sent}");
    }
    for ((lot, store), rest) in &left {
        let (item, days) = &of_lots[lot];
        used.entry((item.clone(), store.clone())).or_default().push((*days, *rest));
    }
    // What stays and what comes is given out before its day, at the pace of each store.
    for (of, used) in &used {
        let position = &known[of];
        for (day, _) in used {
            let until: i64 = used.iter().filter(|(by, _)| by <= day).map(|(_, quantity)| *quantity).sum();
            assert!(until <= position.consumed * day / position.observed, "{of:?}: {used:?} {position:?}");
        }
    }
    assert!(moves.iter().any(|sent| sent["to"].is_object()), "{moves:?}");
    assert!(moves.iter().any(|sent| sent["to"].is_null()), "{moves:?}");
    let kitchen =
        ask(&world.client("SEDENA/kitchen"), "consolidation", "first: 500", "lot { category { stockKind } }")
            .await;
    assert!(kitchen.iter().all(|sent| at(sent, "lot.category.stockKind") == "food"));
    // One can be carried out as it stands.
    let sent = moves.iter().find(|sent| sent["to"].is_object()).unwrap();
    let moving = format!(
        "lot: {}, from: \"{}\", to: \"{}\", quantity: {}, outOfOrder: \"about to expire\"",
        at(sent, "lot.id"),
        store(&world, at(sent, "from.code").as_str().unwrap()).await,
        store(&world, at(sent, "to.code").as_str().unwrap()).await,
        sent["quantity"]
    );
    let done = mutate(&client, "moveStock", &moving).await;
    assert_eq!(outcome(&done).0, "MoveStockPayload", "{done}");
    world.stop().await;
}
