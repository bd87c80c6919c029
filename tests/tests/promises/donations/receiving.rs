//! Receiving a donation.

use std::collections::BTreeSet;

use enlace_tests::{Client, World, at, codes, fresh_key, id};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{DONATIONS, mutate, problem, result};
use crate::operations::assert_ledger_holds;
use crate::reference::rows;

/// Who gives and where it is received: a private donor, ACNUR, and a warehouse.
pub(super) struct Place {
    pub(super) private: String,
    pub(super) acnur: String,
    pub(super) warehouse: String,
}

pub(super) async fn place(world: &World) -> Place {
    let row = world
        .database()
        .await
        .query_one(
            "SELECT (SELECT id FROM donors WHERE kind = 'PERSON' ORDER BY id LIMIT 1), \
             (SELECT id FROM donors WHERE agency = 'ACNUR'), (SELECT id FROM locations WHERE code = 'ALM-01')",
            &[],
        )
        .await
        .unwrap();
    Place {
        private: id("donor", row.get(0)),
        acnur: id("donor", row.get(1)),
        warehouse: id("location", row.get(2)),
    }
}

fn receipt(donor: &str, place: &Place, lines: &str) -> String {
    format!(
        "donor: \"{donor}\", location: \"{}\", donorReference: \"F-77\", lines: [{lines}]",
        place.warehouse
    )
}

pub(super) async fn lots_of(client: &Client, donation: &str) -> Vec<Json> {
    let document = format!(
        "{{ donationItems(donation: \"{donation}\", orderBy: CODE) {{ nodes {{ code item condition received expiresOn \
           donation {{ id }} stock {{ quantity version location {{ id }} }} }} }} }}"
    );
    rows(&client.query(&document).await, "data.donationItems.nodes").to_vec()
}

const LINES: &str = "
    {item: \"COB-01\", quantity: \"30 PIECE\", condition: GOOD},
    {item: \"MED-01\", quantity: \"7 BOX\", expiresOn: \"2022-06-30\"},
    {item: \"COB-02\", quantity: \"5 PIECE\"}";

#[tokio::test(flavor = "multi_thread")]
async fn each_line_of_a_donation_is_a_lot_that_lies_where_it_was_received() {
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let mut socket = world.socket(DONATIONS).await;
    let changes = "subscription { stockChanged { donation { id } movement { id } stock { quantity version lot { item } } } }";
    socket.follow("s", changes).await;
    let mut kitchen = world.socket("SEDENA/kitchen").await;
    kitchen.follow("s", "subscription { stockChanged { stock { quantity } } }").await;

    let answer = mutate(&client, "receiveDonation", &receipt(&place.private, &place, LINES)).await;
    let donation = &result(&answer)["donation"];
    assert_eq!(
        (&donation["receivedOn"], &donation["donorReference"]),
        (&json!("2022-01-31"), &json!("F-77"))
    );
    assert_eq!(at(donation, "donor.id"), &json!(place.private));
    let code = donation["code"].as_str().unwrap();
    let lots = lots_of(&client, donation["id"].as_str().unwrap()).await;
    let line = |number, item: &str, condition: &str, received: &str, expires: Json| {
        json!({
            "code": format!("{code}-{number}"), "item": item, "condition": condition, "received": received, "expiresOn": expires,
            "donation": {"id": donation["id"]},
            "stock": [{"quantity": received, "version": 1, "location": {"id": place.warehouse}}],
        })
    };
    let expected = [
        line(1, "COB-01", "GOOD", "30 PIECE", Json::Null),
        line(2, "MED-01", "NEW", "7 BOX", json!("2022-06-30")),
        line(3, "COB-02", "NEW", "5 PIECE", Json::Null),
    ];
    assert_eq!(lots, expected);
    assert_ledger_holds(&world).await;

    // Those who follow are told of each kind of goods by itself, with what lies there now.
    let mut told = BTreeSet::new();
    for _ in 0..2 {
        let event = socket.event().await;
        let change = at(&event, "payload.data.stockChanged");
        assert_eq!((at(change, "donation.id"), &change["movement"]), (&donation["id"], &Json::Null));
        let stock = change["stock"].as_array().unwrap();
        assert!(stock.iter().all(|stock| stock["version"] == 1), "{change}");
        told.insert(
            stock.iter().map(|stock| at(stock, "lot.item").as_str().unwrap().to_owned()).collect::<Vec<_>>(),
        );
    }
    assert_eq!(told, [vec!["COB-01".to_owned(), "COB-02".to_owned()], vec!["MED-01".to_owned()]].into());
    // The kitchen hears of food alone.
    mutate(
        &client,
        "receiveDonation",
        &receipt(&place.acnur, &place, "{item: \"DES-01\", quantity: \"9 PARCEL\"}"),
    )
    .await;
    assert_eq!(
        at(&kitchen.event().await, "payload.data.stockChanged.stock"),
        &json!([{"quantity": "9 PARCEL"}])
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_donation_that_cannot_be_received_says_which_line_is_wrong_and_leaves_nothing() {
    let world = World::start().await;
    let place = place(&world).await;
    let database = world.database().await;
    let traces = async || -> (i64, i64, i64, i64) {
        let row = database
            .query_one(
                "SELECT (SELECT count(*) FROM donations), (SELECT count(*) FROM lots), (SELECT count(*) FROM movements), \
                 (SELECT count(*) FROM journal_entries)",
                &[],
            )
            .await
            .unwrap();
        (row.get(0), row.get(1), row.get(2), row.get(3))
    };
    let before = traces().await;
    let fine = "{item: \"COB-01\", quantity: \"30 PIECE\"}";
    let (stranger, nowhere) = (id("donor", Uuid::now_v7()), id("location", Uuid::now_v7()));
    let elsewhere = Place { warehouse: nowhere, ..self::place(&world).await };
    let client = world.client(DONATIONS);
    for (arguments, code, argument) in [
        (receipt(&stranger, &place, fine), "NOT_FOUND", "donor"),
        (receipt(&place.private, &elsewhere, fine), "NOT_FOUND", "location"),
        (receipt(&place.private, &place, ""), "INVALID_ARGUMENT", "lines"),
        (
            receipt(&place.private, &place, &format!("{fine}, {{item: \"NADA-99\", quantity: \"1 PIECE\"}}")),
            "INVALID_ARGUMENT",
            "lines.1.item",
        ),
        (
            receipt(&place.private, &place, "{item: \"COB-01\", quantity: \"1 BOX\"}"),
            "INVALID_ARGUMENT",
            "lines.0.quantity",
        ),
        (
            receipt(&place.private, &place, "{item: \"COB-01\", quantity: \"0 PIECE\"}"),
            "INVALID_ARGUMENT",
            "lines.0.quantity",
        ),
        (
            receipt(&place.private, &place, "{item: \"COB-01\", quantity: \"-3 PIECE\"}"),
            "INVALID_ARGUMENT",
            "lines.0.quantity",
        ),
        (
            receipt(
                &place.private,
                &place,
                "{item: \"MED-01\", quantity: \"3 BOX\", expiresOn: \"2022-01-30\"}",
            ),
            "INVALID_ARGUMENT",
            "lines.0.expiresOn",
        ),
        (
            receipt(&place.private, &place, fine) + ", receivedAt: \"2022-02-09T00:00:00Z\"",
            "INVALID_ARGUMENT",
            "receivedAt",
        ),
        (receipt(&place.private, &place, fine).replace("F-77", ""), "INVALID_ARGUMENT", "donorReference"),
    ] {
        let answer = mutate(&client, "receiveDonation", &arguments).await;
        assert_eq!(problem(&answer), (code, &json!(argument)), "{answer}");
    }
    let document = format!(
        "mutation($lines: [DonationLine!]!) {{ x: receiveDonation(donor: \"{}\", location: \"{}\", lines: $lines, idempotencyKey: \"too-long\") \
           {{ ... on InvalidValue {{ code argument }} }} }}",
        place.private, place.warehouse
    );
    let many = vec![json!({"item": "COB-01", "quantity": "1 PIECE"}); 501];
    let answer = client.run(&document, json!({"lines": many})).await;
    assert_eq!(problem(&answer), ("INVALID_ARGUMENT", &json!("lines")), "{answer}");
    assert_eq!(traces().await, before);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_giver_records_what_it_gives_itself_and_nothing_of_others() {
    let world = World::start().await;
    let place = place(&world).await;
    let line = "{item: \"COB-01\", quantity: \"30 PIECE\"}";
    let acnur = world.client("ACNUR/donor");
    let own = mutate(&acnur, "receiveDonation", &receipt(&place.acnur, &place, line)).await;
    assert_eq!(at(result(&own), "donation.donorReference"), "F-77");
    // Whom it may not see gives nothing through it.
    let other = mutate(&acnur, "receiveDonation", &receipt(&place.private, &place, line)).await;
    assert_eq!(problem(&other), ("NOT_FOUND", &json!("donor")));
    // Public relations sees every donor and receives nothing.
    let liaison =
        mutate(&world.client("RP/liaison"), "receiveDonation", &receipt(&place.acnur, &place, line)).await;
    assert_eq!(codes(&liaison), ["FORBIDDEN"]);
    let all = acnur.query("{ donations(first: 500) { totalCount } donors { nodes { name } } }").await;
    let donors = rows(&all, "data.donors.nodes");
    assert_eq!(donors.len(), 1, "itself: {all}");
    assert!(
        at(&all, "data.donations.totalCount").as_i64().unwrap() > 500,
        "what was given is no secret, by whom is"
    );
    world.stop().await;
}

/// The same key, sent again and sent at once, receives once.
#[tokio::test(flavor = "multi_thread")]
async fn a_donation_that_is_sent_again_is_received_once() {
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let document = format!(
        "mutation($key: String!) {{ x: receiveDonation({}, idempotencyKey: $key) {{ ... on ReceiveDonationPayload {{ donation {{ id code }} }} }} }}",
        receipt(&place.private, &place, LINES)
    );
    let key = json!({"key": fresh_key()});
    let answers = futures_util::future::join_all((0..6).map(|_| client.run(&document, key.clone()))).await;
    let donations: BTreeSet<String> =
        answers.iter().map(|answer| result(answer)["donation"].to_string()).collect();
    assert_eq!(donations.len(), 1, "{answers:?}");
    let again = client.run(&document, key).await;
    assert_eq!(result(&again)["donation"].to_string(), *donations.first().unwrap());
    let lots = lots_of(&client, result(&again)["donation"]["id"].as_str().unwrap()).await;
    assert_eq!(lots.len(), 3);
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// From a donation to where each of its articles is, whatever happens to them; to whom it was given is told to nobody, the giver
/// included.
#[tokio::test(flavor = "multi_thread")]
async fn a_donation_tells_where_its_articles_are() {
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let received = mutate(&client, "receiveDonation", &receipt(&place.acnur, &place, LINES)).await;
    let donation = at(result(&received), "donation.id").as_str().unwrap().to_owned();
    let whereabouts = async |client: &Client| {
        let shown = client
            .query(&format!(
                "{{ node(id: \"{donation}\") {{ ... on Donation {{ whereabouts {{ received inStore inTransit delivered writtenOff }} }} }} }}"
            ))
            .await;
        at(&shown, "data.node.whereabouts").clone()
    };
    let counts = |[received, stored, moving, given, off]: [i32; 5]| json!({"received": received, "inStore": stored, "inTransit": moving, "delivered": given, "writtenOff": off});
    assert_eq!(whereabouts(&client).await, counts([42, 42, 0, 0, 0]));
    let lots = client.query(&format!("{{ donationItems(donation: \"{donation}\", orderBy: CODE) {{ nodes {{ id }} }} locations {{ id code }} }}")).await;
    let lot = at(&lots, "data.donationItems.nodes.0.id").as_str().unwrap();
    let locations = at(&lots, "data.locations").as_array().unwrap();
    let store =
        locations.iter().find(|location| location["code"] == "TDA-02").unwrap()["id"].as_str().unwrap();
    let drawing =
        |amount: i32| format!("lot: \"{lot}\", from: \"{}\", quantity: \"{amount} PIECE\"", place.warehouse);
    let given = mutate(&client, "deliverStock", &drawing(2)).await;
    mutate(&client, "writeOffStock", &(drawing(1) + ", cause: DAMAGED")).await;
    let sending = format!(
        "from: \"{}\", to: \"{store}\", goods: [{{lot: \"{lot}\", quantity: \"4 PIECE\"}}]",
        place.warehouse
    );
    mutate(&client, "sendShipment", &sending).await;
    assert_eq!(whereabouts(&client).await, counts([42, 35, 4, 2, 1]));
    let wrong = format!("movement: {}, note: \"no se entregó\"", at(result(&given), "movement.id"));
    mutate(&client, "correctMovement", &wrong).await;
    assert_eq!(whereabouts(&world.client("ACNUR/donor")).await, counts([42, 37, 4, 0, 1]));
    world.stop().await;
}
