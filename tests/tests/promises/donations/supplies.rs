//! How a shelter is supplied: asked for, approved, sent, received, and what was lost on the way explained.

use std::net::SocketAddr;
use std::time::Duration;

use enlace_tests::{Client, DataFolder, Goods, World, at, codes, connect, enlace, fresh_key};
use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value as Json, json};

use super::{DONATIONS, drawing, held, mutate, problem, result};
use crate::operations::{DISAGREEMENTS, assert_ledger_holds, watch_totals};

const LEAD: &str = "DIF_MUNICIPAL/shelter_lead@ALB-01";

/// The item of a lot, and the store of the first shelter.
async fn item_and_store(client: &Client, goods: &Goods) -> (String, String) {
    let found = client
        .query(&format!(
            "{{ node(id: \"{}\") {{ ... on DonationItem {{ item }} }} catalogue {{ id code }} locations {{ id code }} }}",
            goods.lot
        ))
        .await;
    let code = at(&found, "data.node.item");
    let named = |list: &str, wanted: &Json| {
        let rows = at(&found, &format!("data.{list}")).as_array().unwrap();
        rows.iter().find(|row| row["code"] == *wanted).unwrap()["id"].as_str().unwrap().to_owned()
    };
    (named("catalogue", code), named("locations", &json!("TDA-01")))
}

fn text<'a>(answer: &'a Json, path: &str) -> &'a str {
    at(result(answer), path).as_str().unwrap_or_else(|| panic!("{path}: {answer}"))
}

fn request_for(store: &str, item: &str, quantity: &Json) -> String {
    format!("location: \"{store}\", lines: [{{item: \"{item}\", quantity: {quantity}}}]")
}

fn seen(answer: &Json, record: &str) -> String {
    format!(
        "{record}: {}, version: {}",
        at(result(answer), &format!("{record}.id")),
        at(result(answer), &format!("{record}.version"))
    )
}

#[expect(clippy::too_many_lines, reason = "one story, from the request to the store")]
#[tokio::test(flavor = "multi_thread")]
async fn a_shelter_is_supplied_from_what_it_asks_for_to_what_lies_in_its_store() {
    let world = World::start().await;
    let goods = world.goods("food").await;
    let (coordinator, lead) = (world.client(DONATIONS), world.client(LEAD));
    let (item, store) = item_and_store(&coordinator, &goods).await;

    let asked = mutate(&lead, "requestSupplies", &request_for(&store, &item, &held(&goods, 12))).await;
    assert_eq!(
        (text(&asked, "request.state"), at(result(&asked), "request.lines.0.approved")),
        ("SUBMITTED", &Json::Null)
    );
    assert!(text(&asked, "request.code").starts_with("SOL-"));
    // Who asks does not decide.
    let decision = seen(&asked, "request")
        + &format!(
            ", lines: [{{item: \"{item}\", quantity: {}}}], note: \"Alcanza para todos\"",
            held(&goods, 10)
        );
    assert_eq!(codes(&mutate(&lead, "decideRequest", &decision).await), ["FORBIDDEN"]);
    let early = format!(
        "from: \"{}\", to: \"{store}\", request: {}, goods: [{{item: \"{item}\", quantity: {}}}]",
        goods.from,
        at(result(&asked), "request.id"),
        held(&goods, 1)
    );
    assert_eq!(problem(&mutate(&coordinator, "sendShipment", &early).await).0, "STATE_CONFLICT");
    let decided = mutate(&coordinator, "decideRequest", &decision).await;
    assert_eq!(
        (text(&decided, "request.state"), at(result(&decided), "request.lines.0.approved")),
        ("APPROVED", &held(&goods, 10))
    );
    assert_eq!(problem(&mutate(&coordinator, "decideRequest", &decision).await).0, "VERSION_CONFLICT");
    let again = seen(&decided, "request");
    assert_eq!(problem(&mutate(&coordinator, "decideRequest", &again).await).0, "STATE_CONFLICT");

    // By item: what expires first is taken first, without a word of lots.
    let sending = |amount: i32| {
        format!(
            "from: \"{}\", to: \"{store}\", request: {}, goods: [{{item: \"{item}\", quantity: {}}}], note: \"Camioneta 7\"",
            goods.from,
            at(result(&asked), "request.id"),
            held(&goods, amount)
        )
    };
    let more = mutate(&coordinator, "sendShipment", &sending(11)).await;
    assert_eq!(problem(&more), ("INVALID_ARGUMENT", &json!("goods")), "{more}");
    let sent = mutate(&coordinator, "sendShipment", &sending(10)).await;
    assert_eq!(
        (text(&sent, "shipment.state"), text(&sent, "shipment.lines.0.lot.id")),
        ("IN_TRANSIT", goods.lot.as_str())
    );
    assert_eq!(at(result(&sent), "shipment.lines.0.sent"), &held(&goods, 10));
    let stock = coordinator
        .query(&format!(
            "{{ node(id: \"{}\") {{ ... on DonationItem {{ stock {{ quantity location {{ kind }} }} }} }} }}",
            goods.lot
        ))
        .await;
    let stock = at(&stock, "data.node.stock").as_array().unwrap();
    let on_its_way = stock.iter().find(|stock| at(stock, "location.kind") == "TRANSIT").unwrap();
    assert_eq!(on_its_way["quantity"], held(&goods, 10));

    // Nobody else's lead receives it, and the way is no store to draw on.
    let other = world.client("DIF_MUNICIPAL/shelter_lead@ALB-02");
    assert_eq!(codes(&mutate(&other, "receiveShipment", &seen(&sent, "shipment")).await), ["FORBIDDEN"]);
    let way = at(&coordinator.query("{ locations { id kind } }").await, "data.locations")
        .as_array()
        .unwrap()
        .iter()
        .find(|location| location["kind"] == "TRANSIT")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (root, rest) in [("deliverStock", String::new()), ("writeOffStock", ", cause: LOST".to_owned())] {
        let taken = mutate(&coordinator, root, &(drawing(&goods, &way, 1) + &rest)).await;
        assert_eq!(problem(&taken), ("INVALID_ARGUMENT", &json!("from")), "{taken}");
    }
    let onto =
        mutate(&coordinator, "moveStock", &(drawing(&goods, &goods.from, 1) + &format!(", to: \"{way}\"")))
            .await;
    assert_eq!(problem(&onto).0, "INVALID_ARGUMENT", "{onto}");

    // Seven come, one later, and two never: broken on the way.
    let came = |amount: i32, rest: &str| {
        format!(", goods: [{{lot: \"{}\", received: {}{rest}}}]", goods.lot, held(&goods, amount))
    };
    let first = mutate(&lead, "receiveShipment", &(seen(&sent, "shipment") + &came(7, ""))).await;
    assert_eq!(
        (text(&first, "shipment.state"), at(result(&first), "shipment.received")),
        ("IN_TRANSIT", &json!(7))
    );
    assert_eq!(
        problem(&mutate(&lead, "receiveShipment", &seen(&sent, "shipment")).await).0,
        "VERSION_CONFLICT"
    );
    let too_much = mutate(&lead, "receiveShipment", &(seen(&first, "shipment") + &came(4, ""))).await;
    assert_eq!(problem(&too_much), ("INVALID_ARGUMENT", &json!("goods.0.received")));
    let rest = came(1, ", cause: DAMAGED, note: \"Se rompieron en el camino\"");
    let second = mutate(&lead, "receiveShipment", &(seen(&first, "shipment") + &rest)).await;
    assert_eq!(text(&second, "shipment.state"), "RECEIVED", "{second}");
    assert_eq!(
        [at(result(&second), "shipment.received"), at(result(&second), "shipment.lost")],
        [&json!(8), &json!(2)]
    );
    assert_eq!(text(&second, "shipment.request.state"), "APPROVED", "two are still to come");
    assert_eq!(
        problem(&mutate(&lead, "receiveShipment", &seen(&second, "shipment")).await).0,
        "STATE_CONFLICT"
    );

    // What was lost is sent in its place, and then all has come.
    let last = mutate(&coordinator, "sendShipment", &sending(2)).await;
    let last = mutate(&lead, "receiveShipment", &seen(&last, "shipment")).await;
    assert_eq!(
        (text(&last, "shipment.state"), text(&last, "shipment.request.state")),
        ("RECEIVED", "FULFILLED")
    );
    let held_there = lead
        .query(&format!(
            "{{ stock(location: \"{store}\", first: 500) {{ nodes {{ quantity lot {{ id }} }} }} }}"
        ))
        .await;
    let there = at(&held_there, "data.stock.nodes")
        .as_array()
        .unwrap()
        .iter()
        .find(|stock| *at(stock, "lot.id") == goods.lot)
        .unwrap();
    assert_eq!(there["quantity"], held(&goods, 10));
    assert_ledger_holds(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shipment_that_was_recorded_wrongly_is_undone_by_its_movements() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    let (item, store) = item_and_store(&client, &goods).await;
    let asked = mutate(&client, "requestSupplies", &request_for(&store, &item, &held(&goods, 5))).await;
    let approved = mutate(&client, "decideRequest", &seen(&asked, "request")).await;
    assert_eq!(at(result(&approved), "request.lines.0.approved"), &held(&goods, 5));
    let sending = format!(
        "from: \"{}\", to: \"{store}\", request: {}, goods: [{{lot: \"{}\", quantity: {}}}]",
        goods.from,
        at(result(&asked), "request.id"),
        goods.lot,
        held(&goods, 5)
    );
    let sent = mutate(&client, "sendShipment", &sending).await;
    let database = world.database().await;
    let newest = async |kind: &str| {
        let row = database.query_one("SELECT id FROM movements WHERE shipment_id IS NOT NULL AND kind = $1 AND user_id IS NOT NULL ORDER BY id DESC LIMIT 1", &[&kind]).await.unwrap();
        format!("movement: \"{}\", note: \"fue un error\"", enlace_tests::id("movement", row.get(0)))
    };
    let undone = mutate(&client, "correctMovement", &newest("TRANSFER").await).await;
    assert_eq!(at(result(&undone), "movement.kind"), "CORRECTION", "{undone}");
    let shown = client
        .query(&format!(
            "{{ node(id: {}) {{ ... on Shipment {{ state sent }} }} }}",
            at(result(&sent), "shipment.id")
        ))
        .await;
    assert_eq!(at(&shown, "data.node"), &json!({"state": "CANCELLED", "sent": 0}));

    // Lost, replaced, and then found after all: more would have been sent than was approved.
    let sent = mutate(&client, "sendShipment", &sending).await;
    let lost = format!(
        "{}, goods: [{{lot: \"{}\", received: {}, cause: LOST}}]",
        seen(&sent, "shipment"),
        goods.lot,
        held(&goods, 0)
    );
    let lost = mutate(&client, "receiveShipment", &lost).await;
    assert_eq!(at(result(&lost), "shipment.lost"), &json!(5), "{lost}");
    let instead = mutate(&client, "sendShipment", &sending).await;
    let found = mutate(&client, "correctMovement", &newest("WRITE_OFF").await).await;
    assert_eq!(problem(&found).0, "STATE_CONFLICT", "{found}");
    let received = mutate(&client, "receiveShipment", &seen(&instead, "shipment")).await;
    assert_eq!(text(&received, "shipment.request.state"), "FULFILLED");
    // What came is taken back: the request is open again.
    mutate(&client, "correctMovement", &newest("TRANSFER").await).await;
    let shown = client
        .query(&format!(
            "{{ node(id: {}) {{ ... on SupplyRequest {{ state version }} }} }}",
            at(result(&asked), "request.id")
        ))
        .await;
    assert_eq!(at(&shown, "data.node.state"), "APPROVED");
    let close = format!(
        "request: {}, version: {}",
        at(result(&asked), "request.id"),
        at(&shown, "data.node.version")
    );
    assert_eq!(text(&mutate(&client, "closeRequest", &close).await, "request.state"), "CLOSED");
    assert_eq!(problem(&mutate(&client, "sendShipment", &sending).await).0, "STATE_CONFLICT");
    assert_ledger_holds(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_for_sent_or_received_is_refused_with_what_to_do() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    let (item, store) = item_and_store(&client, &goods).await;
    let (one, none) = (held(&goods, 1), held(&goods, 0));
    let lines = |lines: &str| format!("location: \"{store}\", lines: [{lines}]");
    let line = format!("{{item: \"{item}\", quantity: {one}}}");
    let to = |goods_sent: &str| format!("from: \"{}\", to: \"{store}\", goods: [{goods_sent}]", goods.from);
    let lot = format!("lot: \"{}\"", goods.lot);
    for (root, arguments, code, argument) in [
        ("requestSupplies", lines(""), "INVALID_ARGUMENT", "lines"),
        ("requestSupplies", lines(&format!("{line}, {line}")), "INVALID_ARGUMENT", "lines.1.item"),
        (
            "requestSupplies",
            lines(&format!("{{item: \"{item}\", quantity: {none}}}")),
            "INVALID_ARGUMENT",
            "lines.0.quantity",
        ),
        ("requestSupplies", lines(&line) + ", neededBy: \"2022-01-30\"", "INVALID_ARGUMENT", "neededBy"),
        ("requestSupplies", lines(&line) + ", note: \"x\"", "INVALID_ARGUMENT", "note"),
        ("sendShipment", to(""), "INVALID_ARGUMENT", "goods"),
        ("sendShipment", to(&format!("{{quantity: {one}}}")), "INVALID_ARGUMENT", "goods.0.item, or lot"),
        (
            "sendShipment",
            to(&format!("{{{lot}, item: \"{item}\", quantity: {one}}}")),
            "INVALID_ARGUMENT",
            "goods.0.item, or lot",
        ),
        ("sendShipment", to(&format!("{{{lot}, quantity: {none}}}")), "INVALID_ARGUMENT", "goods.0.quantity"),
        (
            "sendShipment",
            to(&format!("{{{lot}, quantity: \"1 LITRE\"}}")),
            "INVALID_ARGUMENT",
            "goods.0.quantity",
        ),
        (
            "sendShipment",
            to(&format!("{{{lot}, quantity: {one}, outOfOrder: \"x\"}}")),
            "INVALID_ARGUMENT",
            "goods.0.outOfOrder",
        ),
        (
            "sendShipment",
            to(&format!("{{{lot}, quantity: {one}}}")) + ", occurredAt: \"2022-03-01T00:00:00Z\"",
            "INVALID_ARGUMENT",
            "occurredAt",
        ),
        (
            "sendShipment",
            to(&format!("{{{lot}, quantity: {one}}}")).replace(&store, &goods.from),
            "INVALID_ARGUMENT",
            "to",
        ),
    ] {
        let answer = mutate(&client, root, &arguments).await;
        assert_eq!(problem(&answer), (code, &json!(argument)), "{root}({arguments}): {answer}");
    }
    let short = mutate(
        &client,
        "sendShipment",
        &to(&format!("{{{lot}, quantity: {}}}", held(&goods, goods.amount + 1))),
    )
    .await;
    assert_eq!(problem(&short).0, "INSUFFICIENT_STOCK");
    let short = mutate(
        &client,
        "sendShipment",
        &to(&format!("{{item: \"{item}\", quantity: {}}}", held(&goods, 1_000_000))),
    )
    .await;
    assert_eq!(problem(&short).0, "INSUFFICIENT_STOCK");
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// Changes of requests and of shipments reach whoever follows them, as they are committed.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_a_store_is_told_of_its_requests_and_shipments() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    let (item, store) = item_and_store(&client, &goods).await;
    let mut socket = world.socket(LEAD).await;
    for (id, document) in [
        (
            "requests",
            format!("subscription {{ requestChanged(location: \"{store}\") {{ request {{ state }} }} }}"),
        ),
        (
            "shipments",
            format!(
                "subscription {{ shipmentChanged(location: \"{store}\") {{ shipment {{ state received }} }} }}"
            ),
        ),
    ] {
        socket.follow(id, &document).await;
    }
    let asked = mutate(&client, "requestSupplies", &request_for(&store, &item, &held(&goods, 3))).await;
    let told = socket.event().await;
    assert!(at(&told, "payload.data").is_object(), "{told}");
    assert_eq!(
        (&told["id"], at(&told, "payload.data.requestChanged.request.state")),
        (&json!("requests"), &json!("SUBMITTED"))
    );
    mutate(&client, "decideRequest", &seen(&asked, "request")).await;
    assert_eq!(at(&socket.event().await, "payload.data.requestChanged.request.state"), "APPROVED");
    let sending = format!(
        "from: \"{}\", to: \"{store}\", goods: [{{lot: \"{}\", quantity: {}}}]",
        goods.from,
        goods.lot,
        held(&goods, 3)
    );
    let sent = mutate(&client, "sendShipment", &sending).await;
    let told = socket.event().await;
    assert_eq!(
        (&told["id"], at(&told, "payload.data.shipmentChanged.shipment.state")),
        (&json!("shipments"), &json!("IN_TRANSIT"))
    );
    mutate(&client, "receiveShipment", &seen(&sent, "shipment")).await;
    let told = socket.event().await;
    assert_eq!(
        at(&told, "payload.data.shipmentChanged.shipment"),
        &json!({"state": "RECEIVED", "received": 3})
    );
    drop(socket);
    world.stop().await;
}

/// R33: several receive the same shipments while others send: each unit is received once, and the totals hold at every moment.
#[tokio::test(flavor = "multi_thread")]
async fn shipments_that_many_receive_at_once_are_received_once() {
    const SHIPMENTS: i32 = 12;
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    let (_, store) = item_and_store(&client, &goods).await;
    let sending = format!(
        "from: \"{}\", to: \"{store}\", goods: [{{lot: \"{}\", quantity: {}}}]",
        goods.from,
        goods.lot,
        held(&goods, 2)
    );
    let work = join_all((0..SHIPMENTS).map(async |_| {
        let sent = mutate(&client, "sendShipment", &sending).await;
        let receipts = join_all((0..3).map(async |turn| {
            tokio::time::sleep(Duration::from_millis(turn * 3)).await;
            mutate(&client, "receiveShipment", &seen(&sent, "shipment")).await
        }))
        .await;
        receipts.iter().filter(|receipt| at(result(receipt), "shipment.id").is_string()).count()
    }));
    let (tell, watching) = tokio::sync::oneshot::channel();
    let (received, looked) = tokio::join!(
        async {
            let received = work.await;
            tell.send(()).unwrap();
            received
        },
        watch_totals(&world, watching)
    );
    assert!(looked > 1);
    assert!(received.iter().all(|count| *count == 1), "{received:?}");
    let there = client
        .query(&format!(
            "{{ stock(location: \"{store}\", first: 500) {{ nodes {{ quantity lot {{ id }} }} }} }}"
        ))
        .await;
    let there = at(&there, "data.stock.nodes")
        .as_array()
        .unwrap()
        .iter()
        .find(|stock| *at(stock, "lot.id") == goods.lot)
        .unwrap();
    assert_eq!(there["quantity"], held(&goods, 2 * SHIPMENTS));
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// A retry is answered as the first was, and sends nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn a_shipment_that_is_sent_again_with_its_key_leaves_once() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    let (_, store) = item_and_store(&client, &goods).await;
    let document = format!(
        "mutation {{ x: sendShipment(from: \"{}\", to: \"{store}\", goods: [{{lot: \"{}\", quantity: {}}}], idempotencyKey: \"{}\") \
           {{ ... on SendShipmentPayload {{ shipment {{ id code version sent }} }} }} }}",
        goods.from,
        goods.lot,
        held(&goods, 4),
        fresh_key()
    );
    let (first, second) = tokio::join!(client.query(&document), client.query(&document));
    assert_eq!(first, second);
    assert_eq!(client.query(&document).await, first);
    assert_eq!(at(&first, "data.x.shipment.sent"), &json!(4));
    world.stop().await;
}

/// R34: the program is killed while shipments leave. What was answered has left, and none has by half: the ledger, the shipments and
/// the journal agree.
#[tokio::test(flavor = "multi_thread")]
async fn shipments_that_leave_while_the_program_is_killed_have_left_whole_or_not_at_all() {
    let data = DataFolder::new();
    let address: SocketAddr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let demo = enlace("demo --listen").with(address.to_string()).data(&data);
    let mut running = demo.start();
    let welcome = running.says("Ctrl-C");
    let token = welcome.lines().find(|line| line.starts_with("ey")).unwrap().to_owned();
    let client = Client::new(address, Some(token));
    let found = client
        .query("{ locations { id code } donationItems(first: 500, expiresFrom: \"2022-03-20\") { nodes { id stock { quantity location { id code kind } } } } }")
        .await;
    let locations = at(&found, "data.locations").as_array().unwrap();
    let store =
        locations.iter().find(|location| location["code"] == "TDA-01").unwrap()["id"].as_str().unwrap();
    let lots = at(&found, "data.donationItems.nodes").as_array().unwrap();
    let goods: Vec<(&str, &str, &str)> = lots
        .iter()
        .filter_map(|lot| {
            let held =
                lot["stock"].as_array()?.iter().find(|held| at(held, "location.kind") == "WAREHOUSE")?;
            // Of smaller rests some is packed.
            let (amount, unit) = held["quantity"].as_str()?.split_once(' ')?;
            let much = amount.parse::<i32>().ok()? >= 40;
            much.then_some((lot["id"].as_str()?, at(held, "location.id").as_str()?, unit))
        })
        .collect();
    assert!(goods.len() > 8, "{found}");
    let database =
        format!("host={} user=enlace dbname=enlace", data.path().join("postgres-socket").display());
    let mut answered = 0;
    for moment in [40, 120, 260, 400] {
        let senders = join_all(goods.iter().take(8).map(async |(lot, from, unit)| {
            let mut left = 0;
            loop {
                let arguments = format!(
                    "from: \"{from}\", to: \"{store}\", goods: [{{lot: \"{lot}\", quantity: \"1 {unit}\", outOfOrder: \"prueba\"}}]"
                );
                let document = format!(
                    "mutation {{ x: sendShipment({arguments}, idempotencyKey: \"{}\") {{ ... on SendShipmentPayload {{ shipment {{ id }} }} }} }}",
                    fresh_key()
                );
                // Whoever is cut off panics, in a task of its own.
                let client = client.clone();
                match tokio::spawn(async move { client.query(&document).await }).await {
                    Ok(answer) if at(&answer, "data.x.shipment.id").is_string() => left += 1,
                    Ok(answer) => panic!("{answer}"),
                    Err(_) => return left,
                }
            }
        }));
        let killing = async {
            tokio::time::sleep(Duration::from_millis(moment)).await;
            running.signal(Signal::KILL);
        };
        let (left, ()) = tokio::join!(senders, killing);
        answered += left.iter().sum::<i64>();
        running.ended();
        running = demo.start();
        running.says("Ctrl-C");
        let database = connect(&database.parse().unwrap()).await;
        let count = async |query: &str| -> i64 { database.query_one(query, &[]).await.unwrap().get(0) };
        assert_eq!(count(DISAGREEMENTS).await, 0, "killed after {moment} ms");
        let left = count("SELECT count(*) FROM shipments WHERE user_id IS NOT NULL AND sent = 1").await;
        assert!(left >= answered, "{answered} were answered, and {left} left");
        for same in [
            "SELECT count(*) FROM shipments WHERE user_id IS NOT NULL",
            "SELECT count(*) FROM idempotency_keys",
            "SELECT count(*) FROM journal_entries WHERE operation = 'donations.sendShipment' AND cardinality(part_contents) > 0 \
             AND EXISTS (SELECT FROM unnest(part_contents) AS content WHERE convert_from(content, 'UTF8') LIKE '%donations.shipmentChanged%')",
        ] {
            assert_eq!(count(same).await, left, "killed after {moment} ms: {same}");
        }
    }
    assert!(answered > 0);
    running.signal(Signal::TERM);
    assert_eq!(running.ended().0.code(), Some(0));
}
