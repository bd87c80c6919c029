//! What a mutation does once, all of it or nothing, whoever else writes at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use enlace_schema::GlobalId;
use enlace_tests::{ADJUST, Client, MOVE, World, at, codes, fresh_key, headcount, id, outcome};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use uuid::Uuid;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const DONATIONS: &str = "DIF_MUNICIPAL/donation_coordinator";
/// As many clients at once as R33 asks for.
const CLIENTS: usize = 8;

/// Some variables with one of them replaced.
fn with(variables: &Json, name: &str, value: impl Into<Json>) -> Json {
    let mut variables = variables.clone();
    variables[name] = value.into();
    variables
}

#[tokio::test(flavor = "multi_thread")]
async fn a_headcount_is_recorded_and_answered_with_the_space_as_it_is_now() {
    let world = World::start().await;
    let space = world.space().await;
    let counted_at = "2022-01-31T08:15:00Z";
    let variables = with(&headcount(&space, 3), "at", counted_at);
    let answer = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01").run(ADJUST, variables).await;
    let counted = json!({"id": space["id"], "occupied": 3, "version": 2, "countedAt": counted_at});
    assert_eq!(at(&answer, "data.adjustOccupancy.space"), &counted);
    let now = world.space().await;
    assert_eq!((&now["occupied"], &now["version"]), (&json!(3), &json!(2)));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_headcount_that_cannot_be_recorded_says_why_and_changes_nothing() {
    let world = World::start().await;
    let space = world.space().await;
    let capacity = i32::try_from(space["capacity"].as_i64().unwrap()).unwrap();
    let right = headcount(&space, 1);
    let cases = [
        (with(&right, "occupied", capacity + 1), "OverCapacity", "OVER_CAPACITY", Json::Null),
        (with(&right, "occupied", i32::MAX), "OverCapacity", "OVER_CAPACITY", Json::Null),
        (with(&right, "occupied", -1), "InvalidValue", "INVALID_ARGUMENT", json!("occupied")),
        (with(&right, "at", "2022-02-01T21:00:00Z"), "InvalidValue", "INVALID_ARGUMENT", json!("occurredAt")),
        (with(&right, "space", id("space", Uuid::now_v7())), "NotFound", "NOT_FOUND", json!("space")),
        (with(&right, "version", 7), "VersionConflict", "VERSION_CONFLICT", Json::Null),
        (with(&right, "version", i32::MAX), "VersionConflict", "VERSION_CONFLICT", Json::Null),
    ];
    let client = world.client(COORDINATOR);
    for (variables, kind, code, argument) in cases {
        let answer = client.run(ADJUST, variables).await;
        let problem = at(&answer, "data.adjustOccupancy");
        assert_eq!(
            (problem["__typename"].as_str(), problem["code"].as_str()),
            (Some(kind), Some(code)),
            "{answer}"
        );
        assert_eq!(problem["argument"], argument, "{answer}");
        if kind == "VersionConflict" {
            assert_eq!(problem["currentVersion"], space["version"], "{answer}");
        }
    }
    assert_eq!(world.space().await, space);
    assert_eq!(world.enlace.journal_head(), -1, "what was refused is not in the journal");
    // None of it used up the key.
    assert_eq!(outcome(&client.run(ADJUST, right).await), "AdjustOccupancyPayload");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_takes_from_one_store_what_it_adds_to_another() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    for (moved, version) in [(15, 1), (25, 2)] {
        let answer = client.run(MOVE, goods.transfer(moved)).await;
        let payload = at(&answer, "data.moveStock");
        let ends = [at(payload, "movement.from.id"), at(payload, "movement.to.id")];
        assert_eq!(ends, [&json!(goods.from), &json!(goods.to)], "{answer}");
        assert_eq!(at(payload, "movement.kind"), "TRANSFER");
        assert_eq!(at(payload, "movement.quantity"), &json!(format!("{moved} {}", goods.unit)));
        let (moved_so_far, left) =
            if version == 1 { (15, goods.amount - 15) } else { (40, goods.amount - 40) };
        let held = |amount: i32| json!(format!("{amount} {}", goods.unit));
        assert_eq!(at(payload, "stock.0.quantity"), &held(left));
        assert_eq!(at(payload, "stock.0.version"), &json!(version + 1));
        assert_eq!(at(payload, "stock.1.quantity"), &held(moved_so_far));
        assert_eq!(at(payload, "stock.1.version"), &json!(version));
        assert_eq!(at(payload, "stock.1.location.id"), &json!(goods.to));
    }
    assert_ledger_holds(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_cannot_be_made_says_why_and_changes_nothing() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let before = balances(&world).await;
    let right = goods.transfer(1);
    let quantity = |amount: i64| format!("{amount} {}", goods.unit);
    let other_unit = if goods.unit == "LITRE" { "BOX" } else { "LITRE" };
    let unknown = |kind| id(kind, Uuid::now_v7());
    let (found, invalid, short) = ("NotFound", "InvalidValue", "InsufficientStock");
    let cases = [
        (with(&right, "quantity", quantity(i64::from(goods.amount) + 1)), short, Json::Null),
        (with(&right, "quantity", quantity(i64::from(i32::MAX))), short, Json::Null),
        (
            with(&goods.between(&goods.to, &goods.other, 1), "key", right["key"].clone()),
            found,
            json!("lot, or from"),
        ),
        (with(&right, "quantity", quantity(0)), invalid, json!("quantity")),
        (with(&right, "quantity", quantity(-5)), invalid, json!("quantity")),
        (with(&right, "quantity", format!("1 {other_unit}")), invalid, json!("quantity")),
        (with(&right, "to", goods.from.clone()), invalid, json!("to")),
        (with(&right, "at", "2022-02-01T21:00:00Z"), invalid, json!("occurredAt")),
        (with(&right, "lot", unknown("lot")), found, json!("lot, or from")),
        (with(&right, "from", unknown("location")), found, json!("lot, or from")),
        (with(&right, "to", unknown("location")), found, json!("to")),
    ];
    let client = world.client(DONATIONS);
    for (variables, kind, argument) in cases {
        let answer = client.run(MOVE, variables.clone()).await;
        assert_eq!(outcome(&answer), kind, "{variables}: {answer}");
        assert_eq!(at(&answer, "data.moveStock.argument"), &argument, "{variables}: {answer}");
    }
    assert_eq!(balances(&world).await, before);
    assert_eq!(world.enlace.journal_head(), -1, "what was refused is not in the journal");
    assert_eq!(outcome(&client.run(MOVE, right).await), "MoveStockPayload");
    world.stop().await;
}

/// In both orders of the two stores' ids: locks are taken in that order, and a quantity that no sum can hold must not trip over
/// a destination that holds some already.
#[tokio::test(flavor = "multi_thread")]
async fn an_enormous_quantity_is_more_than_a_store_holds_and_no_fault() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    assert_eq!(outcome(&client.run(MOVE, goods.transfer(20)).await), "MoveStockPayload");
    for (from, to) in [(&goods.from, &goods.to), (&goods.to, &goods.from)] {
        let answer = client.run(MOVE, goods.between(from, to, i32::MAX)).await;
        assert_eq!(outcome(&answer), "InsufficientStock", "{answer}");
    }
    world.stop().await;
}

/// Two see that there is enough, and the one that comes second finds it gone: the database tells it, not what was read before.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_took_in_the_meantime_is_not_taken_twice() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    let other = world.database().await;
    let lot = GlobalId::parse(&goods.lot).unwrap().uuid;
    let from = GlobalId::parse(&goods.from).unwrap().uuid;
    other.batch_execute("BEGIN").await.unwrap();
    let take =
        "UPDATE balances SET quantity = 1, version = version + 1 WHERE lot_id = $1 AND location_id = $2";
    assert_eq!(other.execute(take, &[&lot, &from]).await.unwrap(), 1);
    let (late, ()) = tokio::join!(client.run(MOVE, goods.transfer(goods.amount)), async {
        held_up(&world, 1).await;
        other.batch_execute("COMMIT").await.unwrap();
    });
    assert_eq!(outcome(&late), "InsufficientStock", "{late}");
    assert_eq!(outcome(&client.run(MOVE, goods.transfer(1)).await), "MoveStockPayload");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_value_of_its_argument_is_refused_before_anything_is_done() {
    let world = World::start().await;
    let (space, goods) = (world.space().await, world.goods("general").await);
    let (count, transfer) = (headcount(&space, 1), goods.transfer(1));
    let uuid = Uuid::now_v7();
    let cases = [
        // An id of another kind of record, and texts that are no ids.
        (ADJUST, with(&count, "space", goods.lot.clone()), "INVALID_ID"),
        (ADJUST, with(&count, "space", id("shelter", uuid)), "INVALID_ID"),
        (ADJUST, with(&count, "space", uuid.to_string()), "INVALID_ID"),
        (ADJUST, with(&count, "space", ""), "INVALID_ID"),
        (MOVE, with(&transfer, "lot", goods.from.clone()), "INVALID_ID"),
        (MOVE, with(&transfer, "from", goods.lot.clone()), "INVALID_ID"),
        (MOVE, with(&transfer, "to", space["id"].clone()), "INVALID_ID"),
        // Quantities and times.
        (MOVE, with(&transfer, "quantity", "1"), "INVALID_ARGUMENT"),
        (MOVE, with(&transfer, "quantity", "1.5 PIECE"), "INVALID_ARGUMENT"),
        (MOVE, with(&transfer, "quantity", "1 BARREL"), "INVALID_ARGUMENT"),
        (MOVE, with(&transfer, "quantity", "2147483648 PIECE"), "INVALID_ARGUMENT"),
        (ADJUST, with(&count, "at", "yesterday"), "INVALID_ARGUMENT"),
        // Of another type altogether.
        (ADJUST, with(&count, "occupied", "1"), "VARIABLES_INVALID"),
        (ADJUST, with(&count, "occupied", 1.5), "VARIABLES_INVALID"),
        (ADJUST, with(&count, "occupied", i64::from(i32::MAX) + 1), "VARIABLES_INVALID"),
        (ADJUST, with(&count, "version", Json::Null), "VARIABLES_INVALID"),
        (ADJUST, with(&count, "key", Json::Null), "VARIABLES_INVALID"),
        (MOVE, with(&transfer, "to", json!([goods.to])), "VARIABLES_INVALID"),
    ];
    let client = world.client(COORDINATOR);
    for (document, variables, code) in cases {
        let answer = client.run(document, variables.clone()).await;
        assert_eq!(codes(&answer), [code], "{variables}: {answer}");
    }
    assert_eq!(world.space().await, space);
    assert_eq!(world.enlace.journal_head(), -1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lot_out_of_reach_looks_as_if_it_did_not_exist() {
    let world = World::start().await;
    let clinician = world.client("ISESALUD/clinician");
    let general = world.goods("general").await.transfer(1);
    let refused = clinician.run(MOVE, general.clone()).await;
    let unknown = clinician.run(MOVE, with(&general, "lot", id("lot", Uuid::now_v7()))).await;
    assert_eq!(outcome(&refused), "NotFound");
    assert_eq!(refused, unknown);
    let medical = world.goods("medical").await.transfer(1);
    assert_eq!(outcome(&clinician.run(MOVE, medical).await), "MoveStockPayload");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_the_same_answer_even_after_others_have_moved_on() {
    let world = World::start().await;
    let (space, goods) = (world.space().await, world.goods("general").await);
    let client = world.client(COORDINATOR);
    let (count, transfer) = (headcount(&space, 1), goods.transfer(5));
    let counted = client.run(ADJUST, count.clone()).await;
    let moved = client.run(MOVE, transfer.clone()).await;
    assert_eq!([outcome(&counted), outcome(&moved)], ["AdjustOccupancyPayload", "MoveStockPayload"]);

    client.adjust(&world.space().await, 2).await;
    client.run(MOVE, goods.transfer(5)).await;
    let before = (world.space().await, balances(&world).await);
    assert_eq!(client.run(ADJUST, count.clone()).await, counted);
    assert_eq!(client.run(MOVE, transfer).await, moved);
    assert_eq!((world.space().await, balances(&world).await), before);

    let other_body = client.run(ADJUST, with(&count, "occupied", 2)).await;
    assert_eq!(outcome(&other_body), "IdempotencyConflict");
    assert_eq!(at(&other_body, "data.adjustOccupancy.code"), "IDEMPOTENCY_CONFLICT");
    let other_operation = client.run(MOVE, with(&goods.transfer(5), "key", count["key"].clone())).await;
    assert_eq!(outcome(&other_operation), "IdempotencyConflict");
    // A key is one user's own: another's with the same text is another key.
    let others = with(&headcount(&world.space().await, 4), "key", count["key"].clone());
    let others = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01").run(ADJUST, others).await;
    assert_eq!(outcome(&others), "AdjustOccupancyPayload");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_answered_byte_for_byte_by_whichever_process_it_reaches() {
    let world = World::start().await;
    let sibling = world.sibling().await;
    let token = world.token(COORDINATOR);
    let clients = [world.client(COORDINATOR), sibling.client(&token)];
    let (space, goods) = (world.space().await, world.goods("general").await);
    for (document, variables) in [(ADJUST, headcount(&space, 1)), (MOVE, goods.transfer(7))] {
        let request = json!({"query": document, "variables": variables});
        let answers = join_all((0..CLIENTS).map(|number| clients[number % 2].post(&request))).await;
        assert!(outcome(&answers[0].json()).ends_with("Payload"), "{:?}", answers[0]);
        let late = clients[1].post(&request).await;
        assert!(answers.iter().all(|answer| answer.body == late.body), "{answers:?}");
    }
    let moved = clients[0].run(MOVE, goods.transfer(1)).await;
    assert_eq!(at(&moved, "data.moveStock.stock.1.quantity"), &json!(format!("8 {}", goods.unit)));
    sibling.stop().await;
    world.stop().await;
}

/// The key and the input are what is repeated, not the document: a retry may ask for other fields of the same answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_may_select_other_fields() {
    let world = World::start().await;
    let client = world.client(COORDINATOR);
    let variables = headcount(&world.space().await, 1);
    assert_eq!(outcome(&client.run(ADJUST, variables.clone()).await), "AdjustOccupancyPayload");
    client.adjust(&world.space().await, 2).await;
    let other = "mutation($space: ID!, $occupied: Int!, $version: Int!, $key: String!) {
      again: adjustOccupancy(space: $space, occupied: $occupied, version: $version, idempotencyKey: $key) {
        __typename ... on AdjustOccupancyPayload { space { version shelter { code } } }
      }
    }";
    let again = client.run(other, variables).await;
    assert_eq!(at(&again, "data.again.space"), &json!({"version": 2, "shelter": {"code": "ALB-01"}}));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_sent_by_many_at_once_applies_once_and_answers_all_alike() {
    let world = World::start().await;
    let (space, goods) = (world.space().await, world.goods("general").await);
    let client = world.client(COORDINATOR);
    for (document, variables) in [(ADJUST, headcount(&space, 1)), (MOVE, goods.transfer(7))] {
        let answers = join_all((0..CLIENTS).map(|_| client.run(document, variables.clone()))).await;
        assert!(outcome(&answers[0]).ends_with("Payload"), "{}", answers[0]);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    let moved = client.run(MOVE, goods.transfer(1)).await;
    assert_eq!(at(&moved, "data.moveStock.stock.1.quantity"), &json!(format!("8 {}", goods.unit)));

    // Of different bodies with one key, one is applied and the others are told.
    let key = fresh_key();
    let bodies =
        (1..).take(CLIENTS).map(|amount| client.run(MOVE, with(&goods.transfer(amount), "key", key.clone())));
    let mut outcomes: Vec<String> = join_all(bodies).await.iter().map(outcome).collect();
    outcomes.sort();
    assert_eq!(outcomes[CLIENTS - 1], "MoveStockPayload");
    assert!(outcomes[..CLIENTS - 1].iter().all(|outcome| outcome == "IdempotencyConflict"), "{outcomes:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_has_8_to_200_characters() {
    let world = World::start().await;
    let client = world.client(COORDINATOR);
    for key in ["", "seven77", &"x".repeat(201)] {
        let answer = client.run(ADJUST, with(&headcount(&world.space().await, 1), "key", key)).await;
        assert_eq!(codes(&answer), ["INVALID_ARGUMENT"], "{key:?}");
    }
    for key in ["eight888", &"ñ".repeat(200)] {
        let answer = client.run(ADJUST, with(&headcount(&world.space().await, 1), "key", key)).await;
        assert_eq!(outcome(&answer), "AdjustOccupancyPayload", "{key}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_saw_the_same_version_exactly_one_is_recorded() {
    const ROUNDS: usize = 10;
    let world = World::start().await;
    let client = world.client(COORDINATOR);
    for round in 1..=ROUNDS {
        let space = world.space().await;
        let counts = (1..).take(CLIENTS).map(|occupied| client.adjust(&space, occupied));
        let mut outcomes = BTreeMap::new();
        for answer in join_all(counts).await {
            *outcomes.entry(outcome(&answer)).or_insert(0) += 1;
        }
        let expected = [("AdjustOccupancyPayload", 1), ("VersionConflict", CLIENTS - 1)];
        assert_eq!(outcomes, expected.map(|(kind, count)| (kind.to_owned(), count)).into());
        assert_eq!(world.space().await["version"], json!(1 + round));
    }
    world.stop().await;
}

/// R32 and R33: clients move one lot among three stores as they like, and ask for more than there is. Nothing is oversold; at every
/// instant the stores hold together what they held at first, and what the journal says happened, replayed in its order
/// on a model, never goes below zero and gives the answers that were given.
#[tokio::test(flavor = "multi_thread")]
async fn stock_that_many_move_at_once_behaves_as_if_they_took_turns() {
    const TRANSFERS: usize = 25;
    let world = World::start().await;
    let goods = world.goods("general").await;
    let stores = [goods.from.clone(), goods.to.clone(), goods.other.clone()];
    let client = world.client(DONATIONS);
    let clients = join_all((0..CLIENTS).map(async |number| {
        let mut answers = Vec::new();
        for turn in 0..TRANSFERS {
            let (from, to) = (number + turn, number + turn + 1 + turn % 2);
            let amount = goods.amount / 3 + i32::try_from((number * 7 + turn * 3) % 9).unwrap();
            let variables = goods.between(&stores[from % 3], &stores[to % 3], amount);
            answers.push(client.run(MOVE, variables).await);
        }
        answers
    }));
    let (done, watching) = tokio::sync::oneshot::channel();
    let watcher = watch_totals(&world, watching);
    let (answers, snapshots) = tokio::join!(
        async {
            let answers = clients.await;
            done.send(()).unwrap();
            answers
        },
        watcher
    );
    assert!(snapshots > 3, "the totals were looked at while it went on");

    let mut outcomes = BTreeMap::new();
    let mut said = BTreeMap::new();
    for answer in answers.concat() {
        *outcomes.entry(outcome(&answer)).or_insert(0) += 1;
        if let Some(movement) = at(&answer, "data.moveStock.movement.id").as_str() {
            let amounts =
                [0, 1].map(|side| amount_of(at(&answer, &format!("data.moveStock.stock.{side}.quantity"))));
            said.insert(movement.to_owned(), amounts);
        }
    }
    let known: BTreeSet<&str> = ["MoveStockPayload", "InsufficientStock", "NotFound"].into();
    assert!(outcomes.keys().all(|kind| known.contains(kind.as_str())), "{outcomes:?}");
    assert!(
        outcomes["MoveStockPayload"] > CLIENTS && outcomes.contains_key("InsufficientStock"),
        "{outcomes:?}"
    );

    // The bank.
    let mut held = BTreeMap::from([(goods.from.clone(), goods.amount)]);
    let history = journalled_moves(&world, said.len()).await;
    assert_eq!(history.len(), said.len());
    for step in &history {
        let left = held.get(&step.from).copied().unwrap_or_default() - step.amount;
        assert!(left >= 0, "{step:?}");
        held.insert(step.from.clone(), left);
        let grown = held.entry(step.to.clone()).or_default();
        *grown += step.amount;
        assert_eq!(said[&step.movement], [left, *grown], "{step:?}");
    }
    let now = balances(&world).await;
    for store in &stores {
        let balance = now.get(&(goods.lot.clone(), store.clone())).copied().unwrap_or_default();
        assert_eq!(balance, held.get(store).copied().unwrap_or_default());
    }
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// R33: clients count one space as they like. What the journal says happened, replayed in its order on a register, gives the answers that
/// were given: each count saw the one before it.
#[tokio::test(flavor = "multi_thread")]
async fn headcounts_that_many_make_at_once_behave_as_if_they_took_turns() {
    const COUNTS: i32 = 20;
    let world = World::start().await;
    let first = world.space().await;
    let capacity = i32::try_from(first["capacity"].as_i64().unwrap()).unwrap();
    let client = world.client(COORDINATOR);
    let answers = join_all((0..).take(CLIENTS).map(async |number: i32| {
        let mut answers = Vec::new();
        for turn in 0..COUNTS {
            // Some of what they count does not fit.
            let occupied = (number * 31 + turn * 7) % (capacity + 3);
            answers.push(client.adjust(&world.space().await, occupied).await);
        }
        answers
    }))
    .await
    .concat();
    let said: BTreeMap<i64, i64> = answers
        .iter()
        .map(|answer| at(answer, "data.adjustOccupancy.space"))
        .filter(|space| space.is_object())
        .map(|space| (space["version"].as_i64().unwrap(), space["occupied"].as_i64().unwrap()))
        .collect();
    let outcomes: BTreeSet<String> = answers.iter().map(outcome).collect();
    assert_eq!(
        outcomes,
        ["AdjustOccupancyPayload", "OverCapacity", "VersionConflict"].map(str::to_owned).into()
    );

    let mut register = (first["version"].as_i64().unwrap(), first["occupied"].clone());
    for change in journalled(&world, said.len()).await {
        assert_eq!(change["change"], "shelters.occupancyAdjusted");
        assert_eq!(at(&change, "data.previously"), &register.1, "{change}");
        register = (register.0 + 1, at(&change, "data.space.occupied").clone());
        assert_eq!(at(&change, "data.space.version"), register.0, "{change}");
        assert_eq!(said.get(&register.0).copied(), register.1.as_i64(), "{change}");
    }
    let last = world.space().await;
    assert_eq!((last["version"].as_i64().unwrap(), last["occupied"].clone()), register);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_in_opposite_directions_do_not_wait_for_each_other_for_ever() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(DONATIONS);
    client.run(MOVE, goods.transfer(goods.amount / 2)).await;
    let transfers = (0..CLIENTS * 10).map(|number| {
        let (from, to) = if number % 2 == 0 { (&goods.from, &goods.to) } else { (&goods.to, &goods.from) };
        client.run(MOVE, goods.between(from, to, 1))
    });
    for answer in join_all(transfers).await {
        assert_eq!(outcome(&answer), "MoveStockPayload", "{answer}");
    }
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(world.database().await.query_one(deadlocks, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// A lock on a space that holds up whoever counts it, until the transaction is ended.
async fn hold(world: &World, space: &Json) -> tokio_postgres::Client {
    let holder = world.database().await;
    let uuid = GlobalId::parse(space["id"].as_str().unwrap()).unwrap().uuid;
    holder.batch_execute("BEGIN").await.unwrap();
    holder.execute("SELECT FROM spaces WHERE id = $1 FOR UPDATE", &[&uuid]).await.unwrap();
    holder
}

/// Waits until so many of the server's statements wait for a lock.
async fn held_up(world: &World, count: i64) {
    let watcher = world.database().await;
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for _ in 0..500 {
        if watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("there were never {count} statements that waited");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_leaves_nothing_half_done_and_its_place_to_others() {
    const WRITERS: usize = 2;
    let world = World::with().set("writers", WRITERS).start().await;
    let spaces = world.spaces("ALB-01").await;
    let holder = hold(&world, &spaces[0]).await;
    // More than there are connections for transactions, so that a lost one would be missed.
    for _ in 0..=WRITERS {
        let (client, space) = (world.client(COORDINATOR), spaces[0].clone());
        let request = tokio::spawn(async move { client.adjust(&space, 1).await });
        held_up(&world, 1).await;
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        // While the lock is still held.
        let other = world.spaces("ALB-01").await.swap_remove(1);
        let client = world.client(COORDINATOR);
        let counted = tokio::time::timeout(Duration::from_secs(5), client.adjust(&other, 1)).await;
        assert_eq!(outcome(&counted.unwrap()), "AdjustOccupancyPayload");
        held_up(&world, 0).await;
    }
    holder.batch_execute("COMMIT").await.unwrap();
    let after = world.spaces("ALB-01").await;
    assert_eq!(after[0], spaces[0]);
    assert_eq!(outcome(&world.client(COORDINATOR).adjust(&after[0], 1).await), "AdjustOccupancyPayload");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_past_its_deadline_is_cancelled_and_changes_nothing() {
    for key in ["request_deadline", "statement_timeout"] {
        let world = World::with().set(key, 300).start().await;
        let space = world.space().await;
        let client = world.client(COORDINATOR);
        let holder = hold(&world, &space).await;
        let variables = headcount(&space, 1);
        let late = client.run(ADJUST, variables.clone()).await;
        assert_eq!(codes(&late), ["DEADLINE_EXCEEDED"], "{key}: {late}");
        held_up(&world, 0).await;
        holder.batch_execute("COMMIT").await.unwrap();
        assert_eq!(world.space().await, space, "{key}");
        // A retry with the same key is the first that is applied.
        let retried = client.run(ADJUST, variables).await;
        assert_eq!(at(&retried, "data.adjustOccupancy.space.version"), 2, "{key}: {retried}");
        world.stop().await;
    }
}

/// R35: an exhausted pool is a bounded error, and heals by itself.
#[tokio::test(flavor = "multi_thread")]
async fn when_all_connections_are_taken_a_writer_is_told_to_come_back_and_readers_go_on() {
    let world = World::with().set("writers", 1).set("connection_wait", 200).start().await;
    let spaces = world.spaces("ALB-01").await;
    let holder = hold(&world, &spaces[0]).await;
    let client = world.client(COORDINATOR);
    let (first, second) = tokio::join!(client.adjust(&spaces[0], 1), async {
        held_up(&world, 1).await;
        let refused = client.adjust(&spaces[1], 1).await;
        assert_eq!(world.spaces("ALB-01").await, spaces);
        holder.batch_execute("COMMIT").await.unwrap();
        refused
    });
    assert_eq!(codes(&second), ["UNAVAILABLE"], "{second}");
    assert_eq!(outcome(&first), "AdjustOccupancyPayload");
    assert_eq!(outcome(&client.adjust(&spaces[1], 1).await), "AdjustOccupancyPayload");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_write_is_told_so_and_changes_nothing() {
    let world = World::start().await;
    let (space, goods) = (world.space().await, world.goods("food").await);
    for caller in [
        "SEDENA/kitchen",
        "CNDH/witness",
        "DIF_MUNICIPAL/shelter_lead@ALB-02",
        "NGO_CONVENIO_VENCIDO/partner",
    ] {
        let answer = world.client(caller).adjust(&space, 1).await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{caller}: {answer}");
    }
    for caller in ["SEDENA/kitchen", "CNDH/witness", "UNICEF/programmes"] {
        let answer = world.client(caller).run(MOVE, goods.transfer(1)).await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{caller}: {answer}");
    }
    let nobody: Client = world.public();
    assert!(!codes(&nobody.adjust(&space, 1).await).is_empty());
    assert_eq!(world.space().await, space);
    let changes = "SELECT count(*) FROM journal_entries WHERE operation <> 'journal.refuse'";
    let changes: i64 = world.database().await.query_one(changes, &[]).await.unwrap().get(0);
    assert_eq!(changes, 0, "the journal has the refusals alone");
    world.stop().await;
}

/// The number in `12 PIECE`.
pub(crate) fn amount_of(quantity: &Json) -> i32 {
    quantity.as_str().and_then(|text| text.split_once(' ')).unwrap().0.parse().unwrap()
}

/// What each store holds of each lot, by their ids.
async fn balances(world: &World) -> BTreeMap<(String, String), i32> {
    let rows = world
        .database()
        .await
        .query("SELECT lot_id, location_id, quantity FROM balances", &[])
        .await
        .unwrap();
    rows.iter().map(|row| ((id("lot", row.get(0)), id("location", row.get(1))), row.get(2))).collect()
}

/// Lots of which one statement, so one snapshot, does not find: received = in store + delivered + written off, by what was not
/// corrected; and each balance = the sum of its movements.
const DISAGREEMENTS: &str = "
    WITH stands AS (SELECT * FROM movements m WHERE kind <> 'CORRECTION' AND NOT EXISTS (SELECT FROM movements c WHERE c.reverses_id = m.id)),
    received AS (SELECT lot_id, sum(quantity) AS quantity FROM stands WHERE kind = 'RECEIPT' GROUP BY lot_id),
    out AS (SELECT lot_id, sum(quantity) AS quantity FROM stands WHERE kind IN ('DELIVERY', 'WRITE_OFF') GROUP BY lot_id),
    stored AS (SELECT lot_id, sum(quantity) AS quantity FROM balances GROUP BY lot_id),
    ledger AS (SELECT lot_id, store, sum(quantity) AS quantity FROM (
        SELECT lot_id, to_id AS store, quantity FROM movements WHERE to_id IS NOT NULL
        UNION ALL SELECT lot_id, from_id, -quantity FROM movements WHERE from_id IS NOT NULL) AS legs GROUP BY lot_id, store)
    SELECT (SELECT count(*) FROM lots LEFT JOIN received ON received.lot_id = id
            LEFT JOIN out ON out.lot_id = id LEFT JOIN stored ON stored.lot_id = id
            WHERE coalesce(received.quantity, 0) <> coalesce(out.quantity, 0) + coalesce(stored.quantity, 0))
        + (SELECT count(*) FROM balances b FULL JOIN ledger l ON (l.lot_id, l.store) = (b.lot_id, b.location_id)
            WHERE coalesce(b.quantity, 0) <> coalesce(l.quantity, 0))
        + (SELECT count(*) FROM (SELECT lot_id, sum(sent - received - lost) AS quantity FROM shipment_lines GROUP BY lot_id) AS sent
            FULL JOIN (SELECT lot_id, quantity FROM balances JOIN locations ON locations.id = location_id AND kind = 'TRANSIT') AS way
                USING (lot_id)
            WHERE coalesce(sent.quantity, 0) <> coalesce(way.quantity, 0))";

pub(crate) async fn assert_ledger_holds(world: &World) {
    let count: i64 = world.database().await.query_one(DISAGREEMENTS, &[]).await.unwrap().get(0);
    assert_eq!(count, 0, "R32");
}

/// Looks at the totals again and again until told to stop; how often.
pub(crate) async fn watch_totals(world: &World, mut done: tokio::sync::oneshot::Receiver<()>) -> usize {
    let mut looked = 0;
    while done.try_recv().is_err() {
        assert_ledger_holds(world).await;
        looked += 1;
    }
    looked
}

/// A transfer as the journal has it.
#[derive(Debug)]
struct Step {
    movement: String,
    from: String,
    to: String,
    amount: i32,
}

/// The transfers in the journal, in its order, once there are so many.
async fn journalled_moves(world: &World, count: usize) -> Vec<Step> {
    journalled(world, count).await.iter().map(step).collect()
}

/// The changes in the journal, in its order, once there are so many.
pub(crate) async fn journalled(world: &World, count: usize) -> Vec<Json> {
    let client = world.database().await;
    for _ in 0..500 {
        let rows = client
            .query(
                "SELECT convert_from(content, 'UTF8') FROM journal_index JOIN journal_parts USING (entry_id) \
                 WHERE ordinal = 1 ORDER BY index",
                &[],
            )
            .await
            .unwrap();
        if rows.len() >= count {
            return rows.iter().map(|row| serde_json::from_str(row.get(0)).unwrap()).collect();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the journal never held {count} entries");
}

fn step(change: &Json) -> Step {
    assert_eq!(change["change"], "donations.stockMoved");
    let movement = at(change, "data.movement");
    let store = |name: &str| id("location", movement[name].as_str().unwrap().parse().unwrap());
    Step {
        movement: movement["id"].as_str().unwrap().to_owned(),
        from: store("from_id"),
        to: store("to_id"),
        amount: amount_of(&movement["quantity"]),
    }
}
