//! What goods may do once they are here, and what many may do to them at once.

use std::collections::{BTreeMap, BTreeSet};

use enlace_tests::{Client, Goods, World, at, codes};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::{DONATIONS, drawing, held, mutate, problem, result};
use crate::operations::{amount_of, assert_ledger_holds, journalled, watch_totals};

#[tokio::test(flavor = "multi_thread")]
async fn goods_are_given_out_and_written_off_and_the_ledger_says_why() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    let given = mutate(&client, "deliverStock", &drawing(&goods, &goods.from, 3)).await;
    let movement = &result(&given)["movement"];
    assert_eq!((&movement["kind"], &movement["quantity"]), (&json!("DELIVERY"), &held(&goods, 3)));
    assert_eq!((at(movement, "from.id"), &movement["to"]), (&json!(goods.from), &Json::Null));
    assert_eq!(at(result(&given), "stock.0.quantity"), &held(&goods, goods.amount - 3));

    let arguments = drawing(&goods, &goods.from, 2) + ", cause: DAMAGED, note: \"mojado por la lluvia\"";
    let lost = mutate(&client, "writeOffStock", &arguments).await;
    let movement = &result(&lost)["movement"];
    assert_eq!((&movement["kind"], &movement["cause"]), (&json!("WRITE_OFF"), &json!("DAMAGED")));
    assert_eq!(movement["note"], "mojado por la lluvia");
    assert_eq!(at(result(&lost), "stock.0.quantity"), &held(&goods, goods.amount - 5));

    let short = drawing(&goods, &goods.from, goods.amount);
    for (root, arguments, code, argument) in [
        ("deliverStock", short.clone(), "INSUFFICIENT_STOCK", Json::Null),
        ("writeOffStock", short + ", cause: LOST", "INSUFFICIENT_STOCK", Json::Null),
        ("deliverStock", drawing(&goods, &goods.to, 1), "NOT_FOUND", json!("lot, or from")),
        ("deliverStock", drawing(&goods, &goods.from, 0), "INVALID_ARGUMENT", json!("quantity")),
        (
            "deliverStock",
            drawing(&goods, &goods.from, 1) + ", note: \"no\"",
            "INVALID_ARGUMENT",
            json!("note"),
        ),
        (
            "writeOffStock",
            drawing(&goods, &goods.from, 1) + ", cause: LOST, occurredAt: \"2022-03-01T00:00:00Z\"",
            "INVALID_ARGUMENT",
            json!("occurredAt"),
        ),
    ] {
        let answer = mutate(&client, root, &arguments).await;
        assert_eq!(problem(&answer), (code, &argument), "{answer}");
    }
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// What expires first leaves first, from the store and of the item that it is of; whoever takes another lot says why.
#[tokio::test(flavor = "multi_thread")]
async fn what_expires_first_leaves_first_unless_somebody_says_why() {
    let world = World::start().await;
    let goods = world.goods("food").await;
    let client = world.client(DONATIONS);
    let shown = client
        .query(&format!("{{ node(id: \"{}\") {{ ... on DonationItem {{ expiresOn }} }} }}", goods.lot))
        .await;
    let day: chrono::NaiveDate = at(&shown, "data.node.expiresOn").as_str().unwrap().parse().unwrap();
    let later = second_lot(&world, &goods, &(day + chrono::Days::new(1)).to_string()).await;
    for (root, to) in [("deliverStock", String::new()), ("moveStock", format!(", to: \"{}\"", goods.to))] {
        let drawing = drawing(&later, &later.from, 2) + &to;
        let refused = mutate(&client, root, &drawing).await;
        assert_eq!(problem(&refused).0, "EARLIER_EXPIRY", "{refused}");
        let short = mutate(&client, root, &(drawing.clone() + ", outOfOrder: \"x\"")).await;
        assert_eq!(problem(&short), ("INVALID_ARGUMENT", &json!("outOfOrder")));
        let said = mutate(&client, root, &(drawing + ", outOfOrder: \"El otro lote está bajo llave\"")).await;
        assert_eq!(at(result(&said), "movement.outOfOrder"), "El otro lote está bajo llave", "{said}");
    }
    // What is recalled does not stand in the way of what is fit, nor does what the store has no more of.
    let all = mutate(&client, "deliverStock", &drawing(&goods, &goods.from, goods.amount)).await;
    assert_eq!(at(result(&all), "movement.outOfOrder"), &Json::Null);
    let next = mutate(&client, "deliverStock", &drawing(&later, &later.from, 1)).await;
    assert_eq!(at(result(&next), "movement.kind"), "DELIVERY", "{next}");
    let earlier = second_lot(&world, &later, &day.to_string()).await;
    assert_eq!(
        problem(&mutate(&client, "deliverStock", &drawing(&later, &later.from, 1)).await).0,
        "EARLIER_EXPIRY"
    );
    mutate(&client, "recallLot", &format!("lot: \"{}\", reason: \"moho\"", earlier.lot)).await;
    let past = mutate(&client, "deliverStock", &drawing(&later, &later.from, 1)).await;
    assert_eq!(at(result(&past), "movement.kind"), "DELIVERY", "{past}");
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// Ten more of what `goods` are, received where these lie, which expire on another day.
async fn second_lot(world: &World, goods: &Goods, expires_on: &str) -> Goods {
    let client = world.client(DONATIONS);
    let lot = client
        .query(&format!("{{ node(id: \"{}\") {{ ... on DonationItem {{ item }} }} }}", goods.lot))
        .await;
    let donors = client.query("{ donors(first: 1) { nodes { id } } }").await;
    let arguments = format!(
        "donor: {}, location: \"{}\", lines: [{{item: {}, quantity: {}, expiresOn: \"{expires_on}\"}}]",
        at(&donors, "data.donors.nodes.0.id"),
        goods.from,
        at(&lot, "data.node.item"),
        held(goods, 10)
    );
    let received = mutate(&client, "receiveDonation", &arguments).await;
    let donation = at(result(&received), "donation.id");
    let lots = client.query(&format!("{{ donationItems(donation: {donation}) {{ nodes {{ id }} }} }}")).await;
    let lot = at(&lots, "data.donationItems.nodes.0.id").as_str().unwrap().to_owned();
    Goods {
        lot,
        amount: 10,
        from: goods.from.clone(),
        to: goods.to.clone(),
        other: goods.other.clone(),
        unit: goods.unit.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_undoes_a_movement_once_and_only_while_the_goods_are_there() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    let moved =
        mutate(&client, "moveStock", &(drawing(&goods, &goods.from, 9) + &format!(", to: \"{}\"", goods.to)))
            .await;
    let movement = at(result(&moved), "movement.id").as_str().unwrap().to_owned();
    let correct = |movement: &str| format!("movement: \"{movement}\", note: \"se contó dos veces\"");
    // Four of them went on: what came cannot all go back.
    mutate(&client, "deliverStock", &drawing(&goods, &goods.to, 4)).await;
    let short = mutate(&client, "correctMovement", &correct(&movement)).await;
    assert_eq!(problem(&short).0, "INSUFFICIENT_STOCK");
    let given = mutate(&client, "deliverStock", &drawing(&goods, &goods.from, 1)).await;
    let given = at(result(&given), "movement.id").as_str().unwrap().to_owned();
    let undone = mutate(&client, "correctMovement", &correct(&given)).await;
    let correction = &result(&undone)["movement"];
    assert_eq!((&correction["kind"], at(correction, "corrects.id")), (&json!("CORRECTION"), &json!(given)));
    assert_eq!((at(correction, "to.id"), &correction["from"]), (&json!(goods.from), &Json::Null));
    assert_eq!(at(result(&undone), "stock.0.quantity"), &held(&goods, goods.amount - 9));
    let again = mutate(&client, "correctMovement", &correct(&given)).await;
    assert_eq!(problem(&again).0, "STATE_CONFLICT");
    let of_itself = mutate(&client, "correctMovement", &correct(correction["id"].as_str().unwrap())).await;
    assert_eq!(problem(&of_itself).0, "STATE_CONFLICT");
    let no_reason =
        mutate(&client, "correctMovement", &format!("movement: \"{movement}\", note: \"x\"")).await;
    assert_eq!(problem(&no_reason), ("INVALID_ARGUMENT", &json!("note")));
    let kitchen = mutate(&world.client("SEDENA/kitchen"), "correctMovement", &correct(&movement)).await;
    assert_eq!(codes(&kitchen), ["FORBIDDEN"]);
    assert_ledger_holds(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recalled_lot_leaves_every_store_as_written_off_alone() {
    let world = World::start().await;
    let goods = world.goods("food").await;
    let client = world.client(DONATIONS);
    let recall = format!("lot: \"{}\", reason: \"El fabricante avisó de moho\"", goods.lot);
    let recalled = mutate(&client, "recallLot", &recall).await;
    assert_eq!(at(result(&recalled), "lot.recallReason"), "El fabricante avisó de moho");
    assert!(at(result(&recalled), "lot.recalledAt").is_string());
    assert_eq!(problem(&mutate(&client, "recallLot", &recall).await).0, "STATE_CONFLICT");
    let unfit = mutate(&client, "deliverStock", &drawing(&goods, &goods.from, 1)).await;
    assert_eq!(problem(&unfit).0, "GOODS_UNFIT");
    let on =
        mutate(&client, "moveStock", &(drawing(&goods, &goods.from, 1) + &format!(", to: \"{}\"", goods.to)))
            .await;
    assert_eq!(problem(&on).0, "GOODS_UNFIT");
    let off =
        mutate(&client, "writeOffStock", &(drawing(&goods, &goods.from, goods.amount) + ", cause: RECALLED"))
            .await;
    assert_eq!(at(result(&off), "stock.0.quantity"), &held(&goods, 0));
    let of_nothing = format!("lot: \"{}\", reason: \"ya\"", goods.lot);
    assert_eq!(
        problem(&mutate(&client, "recallLot", &of_nothing).await),
        ("INVALID_ARGUMENT", &json!("reason"))
    );
    world.stop().await;
}

/// A recall and deliveries at the same time: the journal never has a delivery behind the recall.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_lot_is_given_out_after_its_recall_whoever_is_at_it() {
    const ROUNDS: usize = 6;
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let mut entries = 0;
    for _ in 0..ROUNDS {
        // A recalled lot is not found again.
        let goods = world.fit_goods().await;
        let deliveries = join_all((0..8).map(async |_| {
            let mut answers = Vec::new();
            for _ in 0..4 {
                answers.push(mutate(&client, "deliverStock", &drawing(&goods, &goods.from, 1)).await);
            }
            answers
        }));
        let recall = async {
            tokio::time::sleep(std::time::Duration::from_millis(15)).await;
            mutate(&client, "recallLot", &format!("lot: \"{}\", reason: \"moho\"", goods.lot)).await
        };
        let (answers, recalled) = tokio::join!(deliveries, recall);
        assert!(at(result(&recalled), "lot.recalledAt").is_string());
        let given = answers.concat().iter().filter(|answer| result(answer)["movement"].is_object()).count();
        assert!(answers.concat().iter().all(|answer| {
            let result = result(answer);
            result["movement"].is_object() || result["code"] == "GOODS_UNFIT"
        }));
        entries += given + 1;
        let changes = journalled(&world, entries).await;
        assert_eq!(changes.len(), entries);
        assert_eq!(
            changes[entries - 1]["change"],
            "donations.lotRecalled",
            "{given} before it, none behind it"
        );
    }
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// One of the things that a client does to goods in its turn: it may correct what it did before.
fn act(goods: &Goods, number: usize, turn: usize, done: &mut Vec<String>) -> (&'static str, String) {
    let stores = [&goods.from, &goods.to, &goods.other];
    let from = stores[(number + turn) % 3];
    let to = stores[(number + turn + 1 + turn % 2) % 3];
    let amount = 1 + i32::try_from((number * 5 + turn * 3) % 11).unwrap();
    match (number * 3 + turn) % 6 {
        0..=2 => ("moveStock", drawing(goods, from, amount * 2) + &format!(", to: \"{to}\"")),
        4 => ("writeOffStock", drawing(goods, from, 1) + ", cause: LOST"),
        kind => {
            let wrong = if kind == 5 { done.pop() } else { None };
            match wrong {
                Some(movement) => {
                    ("correctMovement", format!("movement: \"{movement}\", note: \"fue un error\""))
                }
                None => ("deliverStock", drawing(goods, from, amount)),
            }
        }
    }
}

/// What the payload of a movement says each store holds after it, by the store.
fn said_of(result: &Json) -> BTreeMap<String, i32> {
    let stock = result["stock"].as_array().unwrap().iter();
    stock
        .map(|stock| (at(stock, "location.id").as_str().unwrap().to_owned(), amount_of(&stock["quantity"])))
        .collect()
}

/// R33: many do to a few lots whatever can be done to them. What the journal says happened, replayed in its order on a bank, never
/// draws on what is not there, gives each answer as it was given, and ends in the balances.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_many_do_to_goods_at_once_is_as_if_they_took_turns() {
    const CLIENTS: usize = 10;
    const ACTS: usize = 24;
    let world = World::start().await;
    let lots = [world.goods("general").await, world.goods("medical").await];
    let client = world.client(DONATIONS);
    let clients = join_all((0..CLIENTS).map(async |number| {
        let mut answers: Vec<Json> = Vec::new();
        let mut done: Vec<String> = Vec::new();
        for turn in 0..ACTS {
            let (root, arguments) = act(&lots[(number + turn) % lots.len()], number, turn, &mut done);
            let answer = mutate(&client, root, &arguments).await;
            if let Some(id) = at(&answer, "data.x.movement.id").as_str() {
                done.push(id.to_owned());
            }
            answers.push(answer);
        }
        answers
    }));
    let (tell, watching) = tokio::sync::oneshot::channel();
    let (answers, looked) = tokio::join!(
        async {
            let answers = clients.await;
            tell.send(()).unwrap();
            answers.concat()
        },
        watch_totals(&world, watching)
    );
    assert!(looked > 3, "the totals were looked at while it went on");

    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    let mut said: BTreeMap<String, BTreeMap<String, i32>> = BTreeMap::new();
    for answer in &answers {
        let result = result(answer);
        *outcomes.entry(result["__typename"].as_str().unwrap().to_owned()).or_default() += 1;
        if let Some(movement) = at(result, "movement.id").as_str() {
            said.insert(movement.to_owned(), said_of(result));
        }
    }
    let expected = [
        "CorrectMovementPayload",
        "DeliverStockPayload",
        "InsufficientStock",
        "MoveStockPayload",
        "NotFound",
        "StateConflict",
        "WriteOffStockPayload",
    ];
    assert!(outcomes.keys().all(|outcome| expected.contains(&outcome.as_str())), "{outcomes:?}");
    for wanted in
        ["CorrectMovementPayload", "DeliverStockPayload", "MoveStockPayload", "WriteOffStockPayload"]
    {
        assert!(outcomes.get(wanted).is_some_and(|count| *count > 5), "{outcomes:?}");
    }

    // The bank.
    let mut bank: BTreeMap<(String, String), i32> =
        lots.iter().map(|goods| ((goods.lot.clone(), goods.from.clone()), goods.amount)).collect();
    let history = journalled(&world, said.len()).await;
    assert_eq!(history.len(), said.len());
    let mut replayed = BTreeSet::new();
    for change in &history {
        let movement = at(change, "data.movement");
        let key = |kind: &str, name: &str| {
            movement[name].as_str().map(|uuid| enlace_tests::id(kind, uuid.parse().unwrap()))
        };
        let (lot, amount) = (key("lot", "lot_id").unwrap(), amount_of(&movement["quantity"]));
        let id = movement["id"].as_str().unwrap().to_owned();
        for (store, change) in [(key("location", "from_id"), -amount), (key("location", "to_id"), amount)] {
            let Some(store) = store else { continue };
            let balance = bank.entry((lot.clone(), store.clone())).or_default();
            *balance += change;
            assert!(*balance >= 0, "{movement}");
            assert_eq!(said[&id][&store], *balance, "{movement}");
        }
        assert!(replayed.insert(id));
    }
    let database = world.database().await;
    for ((lot, store), balance) in bank {
        let key = |id: &str| enlace_schema::GlobalId::parse(id).unwrap().uuid;
        let row = database
            .query_opt(
                "SELECT quantity FROM balances WHERE lot_id = $1 AND location_id = $2",
                &[&key(&lot), &key(&store)],
            )
            .await
            .unwrap();
        assert_eq!(row.map_or(0, |row| row.get(0)), balance);
    }
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// The ledger and what it came to at a moment: each caller is shown of both what it may see, and the present agrees with the stores.
#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_what_the_ledger_has_of_it() {
    let world = World::start().await;
    let goods = world.goods("food").await;
    let client = world.client(DONATIONS);
    let before = now(&client).await;
    // The programme's clock goes on between them.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    mutate(&client, "deliverStock", &drawing(&goods, &goods.from, 3)).await;
    mutate(&client, "moveStock", &(drawing(&goods, &goods.from, 4) + &format!(", to: \"{}\"", goods.to)))
        .await;
    let after = now(&client).await;
    let of_lot = async |client: &Client, moment: &str| -> BTreeMap<String, i32> {
        let document = format!(
            "{{ stockAsOf(at: \"{moment}\", lot: \"{}\") {{ totalCount nodes {{ quantity location {{ id }} lot {{ id }} }} }} }}",
            goods.lot
        );
        let answer = client.query(&document).await;
        let rows =
            at(&answer, "data.stockAsOf.nodes").as_array().unwrap_or_else(|| panic!("{answer}")).iter();
        rows.map(|row| (at(row, "location.id").as_str().unwrap().to_owned(), amount_of(&row["quantity"])))
            .collect()
    };
    let first = of_lot(&client, &before).await;
    let last = of_lot(&client, &after).await;
    assert_eq!((first[&goods.from], first.get(&goods.to)), (goods.amount, None));
    assert_eq!((last[&goods.from], last[&goods.to]), (goods.amount - 7, 4));
    assert_eq!(of_lot(&client, "2021-12-01T00:00:00Z").await, BTreeMap::new());
    // Now, and page by page, it is what the stores hold.
    let stores = client.query("{ locations { id code } }").await;
    let stores = at(&stores, "data.locations").as_array().unwrap();
    let store = stores.iter().find(|store| store["code"] == "TDA-01").unwrap()["id"].as_str().unwrap();
    let held = client
        .query(&format!(
            "{{ stock(location: \"{store}\", first: 500) {{ nodes {{ quantity lot {{ id }} }} }} }}"
        ))
        .await;
    let mut there: Vec<(String, Json)> = lots_and_quantities(at(&held, "data.stock.nodes"));
    let (mut past, mut cursor) = (Vec::new(), String::from("null"));
    loop {
        let page = client
            .query(&format!(
                "{{ stockAsOf(at: \"{after}\", location: \"{store}\", first: 20, after: {cursor}) {{ nodes {{ quantity lot {{ id }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
            ))
            .await;
        past.extend(lots_and_quantities(at(&page, "data.stockAsOf.nodes")));
        if at(&page, "data.stockAsOf.pageInfo.hasNextPage") == false {
            break;
        }
        cursor = at(&page, "data.stockAsOf.pageInfo.endCursor").to_string();
    }
    there.sort_by(|a, b| a.0.cmp(&b.0));
    past.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(past, there);
    let future =
        format!("{{ stockAsOf(at: \"2022-03-01T00:00:00Z\", lot: \"{}\") {{ totalCount }} }}", goods.lot);
    assert_eq!(codes(&client.query(&future).await), ["INVALID_ARGUMENT"]);

    let told = client
        .query(&format!(
            "{{ movements(lot: \"{}\", last: 2) {{ totalCount nodes {{ kind quantity note outOfOrder }} }} }}",
            goods.lot
        ))
        .await;
    let last = at(&told, "data.movements.nodes").as_array().unwrap();
    assert_eq!(
        last.iter().map(|row| row["kind"].as_str().unwrap()).collect::<Vec<_>>(),
        ["DELIVERY", "TRANSFER"]
    );
    // Who sees one kind of goods sees its movements and its past alone; who sees none is refused.
    let all = async |client: &Client, root: &str| {
        let answer = client
            .query(&format!("{{ {root} {{ totalCount nodes {{ lot {{ category {{ stockKind }} }} }} }} }}"))
            .await;
        let kinds: BTreeSet<String> = at(&answer, &format!("data.{}.nodes", root.split('(').next().unwrap()))
            .as_array()
            .map(|rows| {
                rows.iter()
                    .map(|row| at(row, "lot.category.stockKind").as_str().unwrap().to_owned())
                    .collect()
            })
            .unwrap_or_default();
        (codes(&answer), kinds)
    };
    let past = format!("stockAsOf(at: \"{after}\", location: \"{}\", first: 500)", goods.from);
    for root in ["movements(first: 500)", past.as_str()] {
        let kinds = |kinds: &[&str]| {
            (Vec::<String>::new(), kinds.iter().map(|kind| (*kind).to_owned()).collect::<BTreeSet<_>>())
        };
        assert_eq!(all(&client, root).await, kinds(&["food", "general", "medical"]));
        assert_eq!(all(&world.client("SEDENA/kitchen"), root).await, kinds(&["food"]));
        assert_eq!(all(&world.client("ISESALUD/clinician"), root).await, kinds(&["medical"]));
        assert_eq!(all(&world.client("DSPM/officer"), root).await.0, ["FIELD_FORBIDDEN"]);
    }
    world.stop().await;
}

async fn now(client: &Client) -> String {
    at(&client.query("{ viewer { now } }").await, "data.viewer.now").as_str().unwrap().to_owned()
}

fn lots_and_quantities(rows: &Json) -> Vec<(String, Json)> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| (at(row, "lot.id").as_str().unwrap().to_owned(), row["quantity"].clone())).collect()
}
