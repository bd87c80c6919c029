//! What is really there: counted, set against the ledger, and settled in it.

use enlace_tests::{Client, Goods, World, at, codes, fresh_key};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::{DONATIONS, drawing, held, mutate, problem, result};
use crate::operations::{assert_ledger_holds, watch_totals};

const LEAD: &str = "DIF_MUNICIPAL/shelter_lead@ALB-01";
const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";

/// The count, at the version that was answered.
fn seen(answer: &Json) -> String {
    format!("count: {}, version: {}", at(result(answer), "count.id"), at(result(answer), "count.version"))
}

/// So much of some goods, found in a count.
fn found(count: &Json, goods: &Goods, amount: i32) -> String {
    format!(
        "count: {}, lines: [{{lot: \"{}\", quantity: {}}}]",
        at(result(count), "count.id"),
        goods.lot,
        held(goods, amount)
    )
}

async fn now(client: &Client) -> String {
    at(&client.query("{ viewer { now } }").await, "data.viewer.now").to_string()
}

async fn open(client: &Client, store: &str) -> Json {
    let opened = mutate(client, "openStockCount", &format!("location: \"{store}\"")).await;
    assert_eq!(at(result(&opened), "count.state"), "OPEN", "{opened}");
    opened
}

async fn category_of(client: &Client, goods: &Goods) -> Json {
    let lot = format!("{{ node(id: \"{}\") {{ ... on DonationItem {{ category {{ id }} }} }} }}", goods.lot);
    at(&client.query(&lot).await, "data.node.category.id").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_counted_and_each_difference_is_settled_in_the_ledger() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let (keeper, chief) = (world.client(DONATIONS), world.client(COORDINATOR));

    let opened = open(&keeper, &goods.from).await;
    assert!(at(result(&opened), "count.code").as_str().unwrap().starts_with("INV-"));
    // What lies there is counted once at a time, whole or in part.
    let category = category_of(&keeper, &goods).await;
    let part = format!("location: \"{}\", category: {category}", goods.from);
    for again in [format!("location: \"{}\"", goods.from), part.clone()] {
        assert_eq!(problem(&mutate(&keeper, "openStockCount", &again).await).0, "STATE_CONFLICT");
    }
    let uncounted = format!(
        "{{ uncountedStock(count: {}, first: 1) {{ totalCount nodes {{ lot {{ id }} quantity }} }} }}",
        at(result(&opened), "count.id")
    );
    let before = at(&keeper.query(&uncounted).await, "data.uncountedStock.totalCount").as_i64().unwrap();

    // Four are missing. Counted anew, it is two: the last one holds, and what was said before stays.
    let first = mutate(&keeper, "recordCount", &found(&opened, &goods, goods.amount - 4)).await;
    assert_eq!(at(result(&first), "count.differences").as_array().unwrap().len(), 1, "{first}");
    let moment = now(&keeper).await;
    // Seven leave after they were counted and before that is recorded: they are no difference.
    mutate(&keeper, "deliverStock", &drawing(&goods, &goods.from, 7)).await;
    let late = found(&opened, &goods, goods.amount - 2) + &format!(", countedAt: {moment}");
    let second = mutate(&keeper, "recordCount", &late).await;
    let lines = at(result(&second), "count.lines").as_array().unwrap();
    let said = |line: &Json| (line["holds"] == true, line["expected"].clone(), line["shortage"].clone());
    assert_eq!(
        lines.iter().map(said).collect::<Vec<_>>(),
        [
            (true, held(&goods, goods.amount), held(&goods, 2)),
            (false, held(&goods, goods.amount), held(&goods, 4))
        ]
    );
    let after = at(&keeper.query(&uncounted).await, "data.uncountedStock.totalCount").as_i64().unwrap();
    assert_eq!(after, before - 1);

    // It is closed by whoever saw it as it is, did not count, and explains what is missing.
    assert_eq!(problem(&mutate(&chief, "closeStockCount", &seen(&first)).await).0, "VERSION_CONFLICT");
    let unexplained = mutate(&chief, "closeStockCount", &seen(&second)).await;
    assert_eq!(problem(&unexplained).0, "OPEN_DIFFERENCES", "{unexplained}");
    assert_eq!(
        result(&unexplained)["differences"],
        json!([{"id": at(result(&second), "count.differences.0.id")}])
    );
    assert!(result(&unexplained)["message"].as_str().unwrap().contains(": 2 "), "{unexplained}");
    let explained = |cause: &str| {
        seen(&second)
            + &format!(", explanations: [{{lot: \"{}\", cause: {cause}, note: \"Se mojaron\"}}]", goods.lot)
    };
    let wrong = mutate(&chief, "closeStockCount", &explained("EXPIRED")).await;
    assert_eq!(problem(&wrong), ("INVALID_ARGUMENT", &json!("explanations.0.cause")));
    let own = mutate(&keeper, "closeStockCount", &explained("DAMAGED")).await;
    assert_eq!(problem(&own).0, "STATE_CONFLICT", "{own}");
    let closed = mutate(&chief, "closeStockCount", &explained("DAMAGED")).await;
    let code = at(result(&opened), "count.code").as_str().unwrap();
    assert_eq!(
        (at(result(&closed), "count.state"), at(result(&closed), "count.uncounted")),
        (&json!("CLOSED"), &json!(after)),
        "{closed}"
    );
    let settled = at(result(&closed), "count.differences.0.settledBy.0");
    assert_eq!(
        (&settled["kind"], &settled["cause"], &settled["note"]),
        (&json!("WRITE_OFF"), &json!("DAMAGED"), &json!(format!("{code}: Se mojaron")))
    );
    // And is over.
    for (root, rest) in [
        ("recordCount", found(&opened, &goods, 1)),
        ("closeStockCount", seen(&closed)),
        ("cancelStockCount", seen(&closed) + ", reason: \"no hacía falta\""),
    ] {
        assert_eq!(problem(&mutate(&chief, root, &rest).await).0, "STATE_CONFLICT", "{root}");
    }

    // A part of it can be counted anew. What was written off is found after all: it is too much, and made of nothing.
    let opened = mutate(&keeper, "openStockCount", &part).await;
    let found_again = mutate(&keeper, "recordCount", &found(&opened, &goods, goods.amount - 7)).await;
    assert_eq!(at(result(&found_again), "count.lines.0.surplus"), &held(&goods, 2), "{found_again}");
    assert_eq!(problem(&mutate(&chief, "closeStockCount", &seen(&found_again)).await).0, "OPEN_DIFFERENCES");
    let correction = format!("movement: {}, note: \"Estaban detrás del anaquel\"", settled["id"]);
    let corrected = mutate(&chief, "correctMovement", &correction).await;
    let named = format!(", corrections: [{}]", at(result(&corrected), "movement.id"));
    let wrong = seen(&found_again) + &format!(", corrections: [{}]", settled["id"]);
    assert_eq!(
        problem(&mutate(&chief, "closeStockCount", &wrong).await),
        ("INVALID_ARGUMENT", &json!("corrections.0"))
    );
    let closed = mutate(&chief, "closeStockCount", &(seen(&found_again) + &named)).await;
    assert_eq!(at(result(&closed), "count.differences.0.settledBy.0.kind"), "CORRECTION", "{closed}");
    // It makes up for one difference, not for two.
    let third = mutate(&keeper, "openStockCount", &part).await;
    let more = mutate(&keeper, "recordCount", &found(&third, &goods, goods.amount - 5)).await;
    let again = mutate(&chief, "closeStockCount", &(seen(&more) + &named)).await;
    assert_eq!(problem(&again).0, "INVALID_ARGUMENT", "{again}");
    let cancelled =
        mutate(&chief, "cancelStockCount", &(seen(&more) + ", reason: \"Se contó con prisa\"")).await;
    assert_eq!(
        (at(result(&cancelled), "count.state"), at(result(&cancelled), "count.reason")),
        (&json!("CANCELLED"), &json!("Se contó con prisa"))
    );
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// What was never registered is received as a donation, and makes up for what is too much of its item.
#[tokio::test(flavor = "multi_thread")]
async fn a_surplus_is_made_of_a_donation_that_was_never_registered() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let (keeper, chief) = (world.client(DONATIONS), world.client(COORDINATOR));
    let opened = open(&keeper, &goods.from).await;
    let counted = mutate(&keeper, "recordCount", &found(&opened, &goods, goods.amount + 5)).await;
    let lot =
        format!("{{ node(id: \"{}\") {{ ... on DonationItem {{ item donor {{ id }} }} }} }}", goods.lot);
    let lot = keeper.query(&lot).await;
    let receive = |amount: i32| {
        format!(
            "donor: {}, location: \"{}\", lines: [{{item: {}, quantity: {}, condition: NEW}}]",
            at(&lot, "data.node.donor.id"),
            goods.from,
            at(&lot, "data.node.item"),
            held(&goods, amount)
        )
    };
    let received = mutate(&keeper, "receiveDonation", &receive(5)).await;
    assert!(at(result(&received), "donation.id").is_string(), "{received}");
    let larger = mutate(&keeper, "receiveDonation", &receive(6)).await;
    let closing =
        |answer: &Json| seen(&counted) + &format!(", donations: [{}]", at(result(answer), "donation.id"));
    assert_eq!(
        problem(&mutate(&chief, "closeStockCount", &closing(&larger)).await),
        ("INVALID_ARGUMENT", &json!("donations.0"))
    );
    let closed = mutate(&chief, "closeStockCount", &closing(&received)).await;
    assert_eq!(at(result(&closed), "count.differences.0.settledBy.0.kind"), "RECEIPT", "{closed}");
    assert_ledger_holds(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_counted_is_refused_with_what_to_do_and_a_lead_counts_its_own_store() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let (client, lead) = (world.client(DONATIONS), world.client(LEAD));
    let stores = client.query("{ locations { id code kind } categories { id } }").await;
    let store = |code: &str| {
        let stores = at(&stores, "data.locations").as_array().unwrap();
        stores.iter().find(|store| store["code"] == code).unwrap()["id"].as_str().unwrap().to_owned()
    };
    // The way is no store.
    let way = mutate(&client, "openStockCount", &format!("location: \"{}\"", store("TRANSITO"))).await;
    assert_eq!(problem(&way), ("NOT_FOUND", &json!("location")));
    let opened = open(&client, &goods.from).await;
    let lines = |lines: &str| format!("count: {}, lines: [{lines}]", at(result(&opened), "count.id"));
    let line = |quantity: &str| format!("{{lot: \"{}\", quantity: \"{quantity}\"}}", goods.lot);
    let one = line(&format!("1 {}", goods.unit));
    for (arguments, argument) in [
        (lines(""), "lines"),
        (lines(&format!("{one}, {one}")), "lines.1.lot"),
        (lines(&line("1 LITRE")), "lines.0.quantity"),
        (lines(&line(&format!("-1 {}", goods.unit))), "lines.0.quantity"),
        (lines(&one) + ", countedAt: \"2022-01-01T00:00:00Z\"", "countedAt"),
        (lines(&one) + ", countedAt: \"2022-03-01T00:00:00Z\"", "countedAt"),
    ] {
        let answer = mutate(&client, "recordCount", &arguments).await;
        assert_eq!(problem(&answer), ("INVALID_ARGUMENT", &json!(argument)), "{arguments}: {answer}");
    }
    let excess = seen(&opened) + &format!(", explanations: [{{lot: \"{}\", cause: LOST}}]", goods.lot);
    assert_eq!(
        problem(&mutate(&client, "closeStockCount", &excess).await),
        ("INVALID_ARGUMENT", &json!("explanations.0.lot"))
    );
    let cancelled = mutate(&client, "cancelStockCount", &(seen(&opened) + ", reason: \"x\"")).await;
    assert_eq!(problem(&cancelled), ("INVALID_ARGUMENT", &json!("reason")));
    // A count of another category.
    mutate(&client, "cancelStockCount", &(seen(&opened) + ", reason: \"otra vez\"")).await;
    let own = category_of(&client, &goods).await;
    let categories = at(&stores, "data.categories").as_array().unwrap();
    let other = categories.iter().find(|category| category["id"] != own).unwrap();
    let other = mutate(
        &client,
        "openStockCount",
        &format!("location: \"{}\", category: {}", goods.from, other["id"]),
    )
    .await;
    let refused = mutate(&client, "recordCount", &found(&other, &goods, 1)).await;
    assert_eq!(problem(&refused), ("INVALID_ARGUMENT", &json!("lines.0.lot")));

    // A lead counts the store of its shelter, and no other; whoever follows it is told.
    assert_eq!(
        codes(&mutate(&lead, "openStockCount", &format!("location: \"{}\"", store("TDA-02"))).await),
        ["FORBIDDEN"]
    );
    let mut socket = world.socket(LEAD).await;
    let own = store("TDA-01");
    let follow =
        format!("subscription {{ stockCountChanged(location: \"{own}\") {{ count {{ state version }} }} }}");
    socket.follow("counts", &follow).await;
    let opened = open(&lead, &own).await;
    assert_eq!(at(&socket.event().await, "payload.data.stockCountChanged.count.state"), "OPEN");
    let document = format!(
        "mutation {{ x: recordCount({}, idempotencyKey: \"{}\") {{ ... on RecordCountPayload {{ count {{ id version }} }} }} }}",
        found(&opened, &goods, 0),
        fresh_key()
    );
    let counted = lead.query(&document).await;
    assert_eq!(lead.query(&document).await, counted);
    assert_eq!(at(&socket.event().await, "payload.data.stockCountChanged.count.version"), &json!(2));
    // Nothing was there and none was found: nothing is to be settled.
    let closed = mutate(&client, "closeStockCount", &seen(&counted)).await;
    assert_eq!(at(result(&closed), "count.state"), "CLOSED", "{closed}");
    assert_eq!(at(&socket.event().await, "payload.data.stockCountChanged.count.state"), "CLOSED");
    drop(socket);
    world.stop().await;
}

/// R33: goods leave a store while it is counted and while the count is closed. What was there at the moment of counting is what the
/// ledger has of that moment: no difference is written but the one that is real.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_counted_and_closed_while_goods_move() {
    const COUNTS: usize = 4;
    let world = World::start().await;
    let goods = world.goods("general").await;
    let (driver, keeper, chief) = (
        world.client(DONATIONS),
        world.client("DIF_MUNICIPAL/donation_coordinator"),
        world.client(COORDINATOR),
    );
    // Held while something moves; whoever counts looks at the shelf while nothing does.
    let shelf = tokio::sync::RwLock::new(());
    let stop = std::sync::atomic::AtomicBool::new(false);
    let leaving = join_all((0..3).map(async |turn| {
        let mut left = 0;
        while !stop.load(std::sync::atomic::Ordering::Relaxed) && left < 4 {
            let guard = shelf.read().await;
            let root = if turn == 0 { "moveStock" } else { "deliverStock" };
            let to = if turn == 0 { format!(", to: \"{}\"", goods.to) } else { String::new() };
            let moved = mutate(&driver, root, &(drawing(&goods, &goods.from, 1) + &to)).await;
            assert!(at(result(&moved), "movement.id").is_string(), "{moved}");
            left += 1;
            drop(guard);
        }
        left
    }));
    let counting = async {
        for turn in 0..COUNTS {
            let opened = open(&keeper, &goods.from).await;
            let guard = shelf.write().await;
            let stock = keeper
                .query(&format!(
                    "{{ viewer {{ now }} node(id: \"{}\") {{ ... on DonationItem {{ stock {{ quantity location {{ id }} }} }} }} }}",
                    goods.lot
                ))
                .await;
            drop(guard);
            let stock_there = at(&stock, "data.node.stock").as_array().unwrap();
            let there = stock_there.iter().find(|stock| *at(stock, "location.id") == goods.from).unwrap();
            let amount: i32 = there["quantity"].as_str().unwrap().split_once(' ').unwrap().0.parse().unwrap();
            // One is missing the second time.
            let missing = i32::from(turn == 1);
            let record = found(&opened, &goods, amount - missing)
                + &format!(", countedAt: {}", at(&stock, "data.viewer.now"));
            let counted = mutate(&keeper, "recordCount", &record).await;
            let differences = at(result(&counted), "count.differences").as_array().unwrap().len();
            assert_eq!(differences, usize::from(turn == 1), "{counted}");
            let explained = if turn == 1 {
                format!(", explanations: [{{lot: \"{}\", cause: LOST}}]", goods.lot)
            } else {
                String::new()
            };
            let closed = mutate(&chief, "closeStockCount", &(seen(&counted) + &explained)).await;
            assert_eq!(at(result(&closed), "count.state"), "CLOSED", "{closed}");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (tell, watching) = tokio::sync::oneshot::channel();
    let (left, looked) = tokio::join!(
        async {
            let (left, ()) = tokio::join!(leaving, counting);
            tell.send(()).unwrap();
            left.iter().sum::<i32>()
        },
        watch_totals(&world, watching)
    );
    assert!(left > 0 && looked > 1);
    let lost: i64 = world
        .database()
        .await
        .query_one(
            "SELECT coalesce(sum(quantity), 0) FROM movements WHERE cause = 'LOST' AND user_id IS NOT NULL",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(lost, 1);
    assert_ledger_holds(&world).await;
    world.stop().await;
}
