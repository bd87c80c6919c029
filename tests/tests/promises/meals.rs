//! Food: a kitchen cooks no more than it can, what is said of a meal stays, who would go without is told at once, and what a meal used
//! left a store by the ledger.

use std::sync::Arc;

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::operations::assert_ledger_holds;
use crate::reference::rows;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const ARMY: &str = "SEDENA/kitchen";
const TODAY: &str = "2022-01-31";
const TOMORROW: &str = "2022-02-01";

/// Runs a mutation with arguments as literals, and a key that nobody has used.
async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let shown = if root.ends_with("Kitchen") {
        "kitchen { id code portions version agency { code } }"
    } else {
        "service { id state planned served shortfall lodged reason version diets { diet planned served } inputs { quantity } }"
    };
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ {shown} }} \
         ... on Problem {{ code message }} ... on InvalidValue {{ argument }} ... on NotFound {{ argument }} }} }}",
        fresh_key()
    );
    client.query(&document).await
}

/// The type and the argument of a problem.
fn problem(answer: &Json) -> (String, &str) {
    (outcome(answer), at(answer, "data.x.argument").as_str().unwrap_or_default())
}

/// The kitchen of an agency.
async fn kitchen(client: &Client, agency: &str) -> String {
    let answer = client.query("{ kitchens { id agency { code } } }").await;
    let found = rows(&answer, "data.kitchens").iter().find(|row| at(row, "agency.code") == agency);
    found.unwrap_or_else(|| panic!("{answer}"))["id"].as_str().unwrap().to_owned()
}

/// The key of a shelter, and how many people it lodges.
async fn shelter(client: &Client, code: &str) -> (String, i64) {
    let answer = client.query("{ shelters { id code spaces { occupied } } }").await;
    let found = rows(&answer, "data.shelters").iter().find(|row| row["code"] == code).unwrap();
    let lodged = found["spaces"].as_array().unwrap().iter().map(|space| space["occupied"].as_i64().unwrap());
    (found["id"].as_str().unwrap().to_owned(), lodged.sum())
}

/// A shelter's meal of today.
async fn meal(client: &Client, shelter: &str, meal: &str) -> Json {
    let document = format!(
        "{{ mealServices(day: \"{TODAY}\", shelter: \"{shelter}\") {{ nodes {{ id meal state planned version lodged shortfall }} }} }}"
    );
    let answer = client.query(&document).await;
    let found = rows(&answer, "data.mealServices.nodes").iter().find(|row| row["meal"] == meal);
    found.unwrap_or_else(|| panic!("{answer}")).clone()
}

/// What names a meal in the version that was seen.
fn of(service: &Json) -> String {
    format!("service: {}, version: {}", service["id"], service["version"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meal_is_planned_then_served_and_what_was_said_of_it_stays() {
    let world = World::start().await;
    let (coordinator, army) = (world.client(COORDINATOR), world.client(ARMY));
    let lead = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01");
    let (own, theirs) = (kitchen(&army, "SEDENA").await, kitchen(&army, "DIF_MUNICIPAL").await);
    let (alb, lodged) = shelter(&army, "ALB-01").await;
    let planning = |kitchen: &str, more: &str| {
        format!("kitchen: \"{kitchen}\", shelter: \"{alb}\", meal: LUNCH, {more}")
    };
    let tomorrow = format!("day: \"{TOMORROW}\", portions: 300, diets: [{{diet: DIABETIC, portions: 12}}]");
    // The army plans for its own kitchens; nobody who only eats, or only looks, plans.
    for (client, kitchen) in
        [(&lead, &theirs), (&lead, &own), (&army, &theirs), (&world.client("PCE/inspector"), &own)]
    {
        let refused = mutate(client, "planMeal", &planning(kitchen, &tomorrow)).await;
        assert_eq!(codes(&refused), ["FORBIDDEN"], "{refused}");
    }
    for (more, argument) in [
        ("day: \"2022-01-30\", portions: 300", "day"),
        ("day: \"2022-02-01\", portions: 0", "portions"),
        ("day: \"2022-02-01\", portions: 3001", "portions"),
        ("day: \"2022-02-01\", portions: 10, diets: [{diet: SOFT, portions: 11}]", "diets.0.portions"),
        (
            "day: \"2022-02-01\", portions: 10, diets: [{diet: SOFT, portions: 1}, {diet: SOFT, portions: 1}]",
            "diets.1.diet",
        ),
    ] {
        let refused = mutate(&army, "planMeal", &planning(&own, more)).await;
        assert_eq!(problem(&refused), ("InvalidValue".to_owned(), argument), "{refused}");
    }
    let planned = mutate(&army, "planMeal", &planning(&own, &tomorrow)).await;
    let service = at(&planned, "data.x.service").clone();
    assert_eq!((&service["state"], &service["lodged"]), (&json!("PLANNED"), &json!(lodged)), "{planned}");
    assert_eq!(service["shortfall"], (lodged - 300).max(0), "{planned}");
    assert_eq!(service["diets"], json!([{"diet": "DIABETIC", "planned": 12, "served": null}]));
    let again = mutate(&coordinator, "planMeal", &planning(&theirs, &tomorrow)).await;
    assert_eq!(outcome(&again), "StateConflict", "{again}");
    // Planned anew, its diets stay, as far as there are portions.
    let fewer = mutate(&army, "replanMeal", &format!("{}, portions: 10", of(&service))).await;
    assert_eq!(at(&fewer, "data.x.service.diets.0.planned"), 10, "{fewer}");
    let stale = mutate(&army, "replanMeal", &format!("{}, portions: 10", of(&service))).await;
    assert_eq!(outcome(&stale), "VersionConflict", "{stale}");
    // Nothing is eaten before its day; what is cancelled can be planned again, by another.
    let service = at(&fewer, "data.x.service").clone();
    let early = mutate(&army, "serveMeal", &format!("{}, portions: 10", of(&service))).await;
    assert_eq!(problem(&early), ("InvalidValue".to_owned(), "occurredAt"), "{early}");
    let cancelled = mutate(&army, "cancelMeal", &format!("{}, reason: \"Falta el gas\"", of(&service))).await;
    assert_eq!(at(&cancelled, "data.x.service.shortfall"), 0, "{cancelled}");
    let anew = mutate(&coordinator, "planMeal", &planning(&theirs, &tomorrow)).await;
    assert_eq!(outcome(&anew), "PlanMealPayload", "{anew}");

    // The lead of the shelter says what was served, and no other; it is corrected, and stands as it was said.
    let lunch = meal(&lead, &alb, "LUNCH").await;
    let eaten = lunch["planned"].as_i64().unwrap() - 20;
    let serving = format!("{}, portions: {eaten}, occurredAt: \"2022-01-31T19:30:00Z\"", of(&lunch));
    let other = mutate(&world.client("DIF_MUNICIPAL/shelter_lead@ALB-02"), "serveMeal", &serving).await;
    assert_eq!(codes(&other), ["FORBIDDEN"], "{other}");
    let served = mutate(&lead, "serveMeal", &serving).await;
    let service = at(&served, "data.x.service").clone();
    assert_eq!((&service["state"], &service["served"]), (&json!("SERVED"), &json!(eaten)), "{served}");
    assert_eq!(service["shortfall"], (lodged - eaten).max(0), "{served}");
    for (root, more) in [
        ("serveMeal", "portions: 1"),
        ("cancelMeal", "reason: \"Nadie vino\""),
        ("replanMeal", "portions: 1"),
    ] {
        let client = if root == "serveMeal" { &lead } else { &army };
        let late = mutate(client, root, &format!("{}, {more}", of(&service))).await;
        assert_eq!(outcome(&late), "StateConflict", "{root}: {late}");
    }
    let diets = "diets: [{diet: DIABETIC, portions: 1}, {diet: NO_PORK, portions: 2}]";
    let correcting = format!("{}, portions: {lodged}, {diets}, reason: \"Se contó mal\"", of(&service));
    let corrected = mutate(&army, "correctMeal", &correcting).await;
    let service = at(&corrected, "data.x.service").clone();
    assert_eq!(service["reason"], "Se contó mal", "{corrected}");
    let of_diet = |name: &str| {
        let found = service["diets"].as_array().unwrap().iter().find(|diet| diet["diet"] == name).unwrap();
        (found["planned"].as_i64().unwrap(), found["served"].as_i64().unwrap())
    };
    assert_eq!((of_diet("NO_PORK"), of_diet("DIABETIC").1), ((0, 2), 1), "{corrected}");
    // Nobody went hungry, and yet some diets were missing.
    assert_eq!(service["shortfall"], of_diet("DIABETIC").0 - 1, "{corrected}");
    let said = format!(
        "{{ node(id: {}) {{ ... on MealService {{ revisions {{ version state served reason diets {{ diet }} }} }} }} }}",
        service["id"]
    );
    let answer = army.query(&said).await;
    let revisions: Vec<(i64, &str, Option<i64>)> = rows(&answer, "data.node.revisions")
        .iter()
        .map(|row| (row["version"].as_i64().unwrap(), row["state"].as_str().unwrap(), row["served"].as_i64()))
        .collect();
    assert_eq!(
        revisions,
        [(1, "PLANNED", None), (2, "SERVED", Some(eaten)), (3, "SERVED", Some(lodged))],
        "{answer}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kitchen_cooks_no_more_than_it_can_however_many_plan_at_once() {
    let world = World::start().await;
    let coordinator = Arc::new(world.client(COORDINATOR));
    let agencies = coordinator.query("{ agencies { id code } }").await;
    let agency = |code: &str| {
        rows(&agencies, "data.agencies").iter().find(|row| row["code"] == code).unwrap()["id"].clone()
    };
    let registering = |code: &str| {
        format!("agency: {}, name: \"Cocina de prueba\", place: \"Mexicali\", portions: 100", agency(code))
    };
    let refused = mutate(&world.client(ARMY), "registerKitchen", &registering("DIF_MUNICIPAL")).await;
    assert_eq!(codes(&refused), ["FORBIDDEN"], "{refused}");
    let registered = mutate(&world.client(ARMY), "registerKitchen", &registering("SEDENA")).await;
    let kitchen = at(&registered, "data.x.kitchen").clone();
    assert_eq!(at(&kitchen, "agency.code"), "SEDENA", "{registered}");
    let shelters = coordinator.query("{ shelters { id } }").await;
    let plans = rows(&shelters, "data.shelters").iter().map(|shelter| {
        let arguments = format!(
            "kitchen: {}, shelter: {}, day: \"{TOMORROW}\", meal: DINNER, portions: 40",
            kitchen["id"], shelter["id"]
        );
        let client = Arc::clone(&coordinator);
        async move { mutate(&client, "planMeal", &arguments).await }
    });
    let answers = join_all(plans).await;
    let won = answers.iter().filter(|answer| outcome(answer) == "PlanMealPayload").count();
    assert_eq!(won, 2, "{answers:?}");
    assert!(answers.iter().filter(|answer| outcome(answer) != "PlanMealPayload").all(|answer| problem(
        answer
    ) == (
        "InvalidValue".to_owned(),
        "portions"
    )));
    // Nor is it made smaller than what is planned of it.
    let revising = |portions: i32, version: i32| {
        format!(
            "kitchen: {}, version: {version}, name: \"Cocina\", place: \"Mexicali\", portions: {portions}",
            kitchen["id"]
        )
    };
    let shrunk = mutate(&coordinator, "reviseKitchen", &revising(79, 1)).await;
    assert_eq!(outcome(&shrunk), "StateConflict", "{shrunk}");
    let revised = mutate(&coordinator, "reviseKitchen", &revising(80, 1)).await;
    assert_eq!(at(&revised, "data.x.kitchen.portions"), 80, "{revised}");
    assert_eq!(outcome(&mutate(&coordinator, "reviseKitchen", &revising(90, 1)).await), "VersionConflict");
    world.stop().await;
}

/// Too little is told at once, when a meal changes and when people come, and of each shelter once.
#[tokio::test(flavor = "multi_thread")]
async fn who_would_go_without_a_meal_is_told_of_at_once() {
    let world = World::start().await;
    let coordinator = world.client(COORDINATOR);
    let army = world.client(ARMY);
    let (alb, lodged) = shelter(&army, "ALB-02").await;
    let dinner = meal(&army, &alb, "DINNER").await;
    let following = format!(
        "subscription {{ mealServiceChanged(shelter: \"{alb}\") {{ service {{ id planned shortfall version diets {{ diet }} }} }} }}"
    );
    let mut changes = army.follow(&following).await.unwrap_or_else(|answer| panic!("{answer:?}"));
    changes.ready().await;
    let watching = format!(
        "subscription {{ mealShortfall(shelter: \"{alb}\") {{ shelter {{ code }} shortfalls {{ meal lodged portions missing }} }} }}"
    );
    let mut alerts = world
        .client("NGO_PAN_DEL_VALLE/partner")
        .follow(&watching)
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    alerts.ready().await;
    let replanned = mutate(&army, "replanMeal", &format!("{}, portions: 5", of(&dinner))).await;
    assert_eq!(at(&replanned, "data.x.service.shortfall"), lodged - 5, "{replanned}");
    let told = changes.response().await;
    assert_eq!(at(&told, "data.mealServiceChanged.service.shortfall"), lodged - 5, "{told}");
    let missing = |told: &Json| {
        let short = rows(told, "data.mealShortfall.shortfalls").iter().find(|row| row["meal"] == "DINNER");
        short.unwrap_or_else(|| panic!("{told}")).clone()
    };
    let told = alerts.response().await;
    let expected = json!({"meal": "DINNER", "lodged": lodged, "portions": 5, "missing": lodged - 5});
    assert_eq!(missing(&told), expected);
    // Somebody leaves: the alert says how it stands.
    let space = coordinator.counted("ALB-02").await.into_iter().find(|space| space["occupied"] != 0).unwrap();
    let fewer = i32::try_from(space["occupied"].as_i64().unwrap()).unwrap() - 1;
    assert_eq!(outcome(&coordinator.adjust(&space, fewer).await), "AdjustOccupancyPayload");
    assert_eq!(missing(&alerts.response().await)["missing"], lodged - 6);
    // Asked for, it is the same; a day for which nothing is planned is short of everything; and a list selects what is short.
    let asking = |day: &str| {
        format!(
            "{{ mealShortfalls(day: \"{day}\", shelter: \"{alb}\") {{ meal portions missing service {{ id }} }} }}"
        )
    };
    let answer = army.query(&asking(TODAY)).await;
    let found = rows(&answer, "data.mealShortfalls").iter().find(|row| row["meal"] == "DINNER").unwrap();
    assert_eq!((&found["missing"], at(found, "service.id")), (&json!(lodged - 6), &dinner["id"]), "{answer}");
    let answer = army.query(&asking(TOMORROW)).await;
    let found: Vec<_> =
        rows(&answer, "data.mealShortfalls").iter().map(|row| row["missing"].clone()).collect();
    assert_eq!(found, [json!(lodged - 1), json!(lodged - 1), json!(lodged - 1)], "{answer}");
    for (short, is_among) in [(true, true), (false, false)] {
        let document = format!(
            "{{ mealServices(day: \"{TODAY}\", state: PLANNED, short: {short}, first: 100) {{ nodes {{ id shortfall }} }} }}"
        );
        let answer = army.query(&document).await;
        let nodes = rows(&answer, "data.mealServices.nodes");
        assert!(nodes.iter().all(|row| (row["shortfall"].as_i64().unwrap() > 0) == short), "{answer}");
        assert_eq!(nodes.iter().any(|row| row["id"] == dinner["id"]), is_among, "{answer}");
    }
    // Whoever comes later begins with how it stands.
    let mut late = army
        .follow(&watching.replace("mealShortfall(", "mealShortfall(snapshot: true, "))
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    assert_eq!(missing(&late.response().await)["missing"], lodged - 6);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_meal_uses_is_food_that_leaves_a_store_all_of_it_or_nothing() {
    let world = World::start().await;
    let army = world.client(ARMY);
    let stores = world.client("DIF_MUNICIPAL/donation_coordinator");
    let (alb, _) = shelter(&army, "ALB-01").await;
    let lunch = meal(&army, &alb, "LUNCH").await;
    let (food, other) = (world.goods("food").await, world.goods("general").await);
    let some = |goods: &enlace_tests::Goods, amount: i32| {
        format!(
            "{{lot: \"{}\", quantity: \"{amount} {}\", outOfOrder: \"Se abre primero\"}}",
            goods.lot, goods.unit
        )
    };
    let taking = |service: &Json, from: &str, goods: &str| {
        format!("service: {}, from: \"{from}\", goods: [{goods}]", service["id"])
    };
    let one = some(&food, 1);
    for stranger in [ARMY, "PCE/inspector"] {
        let refused =
            mutate(&world.client(stranger), "takeMealInputs", &taking(&lunch, &food.from, &one)).await;
        assert_eq!(codes(&refused), ["FORBIDDEN"], "{stranger}: {refused}");
    }
    let before = army
        .query(&format!("{{ node(id: {}) {{ ... on MealService {{ inputs {{ id }} }} }} }}", lunch["id"]))
        .await;
    let before = rows(&before, "data.node.inputs").len();
    let too_much = format!("{one}, {}", some(&food, food.amount));
    let refused = mutate(&stores, "takeMealInputs", &taking(&lunch, &food.from, &too_much)).await;
    assert_eq!(outcome(&refused), "InsufficientStock", "{refused}");
    let refused = mutate(&stores, "takeMealInputs", &taking(&lunch, &other.from, &some(&other, 1))).await;
    assert_eq!(problem(&refused), ("InvalidValue".to_owned(), "goods.0.lot"), "{refused}");
    let taken = mutate(&stores, "takeMealInputs", &taking(&lunch, &food.from, &one)).await;
    assert_eq!(
        rows(&taken, "data.x.service.inputs").len(),
        before + 1,
        "nothing of what was refused: {taken}"
    );
    // The kitchen reads it; corrected, it says so.
    let reading = format!(
        "{{ node(id: {}) {{ ... on MealService {{ inputs {{ id quantity corrected lot {{ id }} location {{ id }} }} }} }} }}",
        lunch["id"]
    );
    let of_lot = |answer: &Json| {
        let found =
            rows(answer, "data.node.inputs").iter().find(|row| at(row, "lot.id") == food.lot.as_str());
        found.unwrap_or_else(|| panic!("{answer}")).clone()
    };
    let input = of_lot(&army.query(&reading).await);
    assert_eq!(
        (&input["corrected"], at(&input, "location.id")),
        (&json!(false), &json!(food.from)),
        "{input}"
    );
    let movement = enlace_schema::GlobalId::parse(input["id"].as_str().unwrap()).unwrap().uuid;
    let undoing = format!(
        "mutation {{ correctMovement(movement: \"{}\", note: \"Se quedó\", idempotencyKey: \"{}\") {{ __typename }} }}",
        enlace_tests::id("movement", movement),
        fresh_key()
    );
    let undone = stores.query(&undoing).await;
    assert_eq!(outcome(&undone), "CorrectMovementPayload", "{undone}");
    assert_eq!(of_lot(&army.query(&reading).await)["corrected"], true);
    // Nothing of what was recalled, and nothing for what was cancelled.
    let dinner = meal(&army, &alb, "DINNER").await;
    let cancelled = mutate(&army, "cancelMeal", &format!("{}, reason: \"Falta el gas\"", of(&dinner))).await;
    assert_eq!(outcome(&cancelled), "CancelMealPayload", "{cancelled}");
    let refused = mutate(&stores, "takeMealInputs", &taking(&dinner, &food.from, &one)).await;
    assert_eq!(outcome(&refused), "StateConflict", "{refused}");
    let recalling = format!(
        "mutation {{ recallLot(lot: \"{}\", reason: \"Lata abombada\", idempotencyKey: \"{}\") {{ __typename }} }}",
        food.lot,
        fresh_key()
    );
    let recalled = stores.query(&recalling).await;
    assert_eq!(outcome(&recalled), "RecallLotPayload", "{recalled}");
    let refused = mutate(&stores, "takeMealInputs", &taking(&lunch, &food.from, &one)).await;
    assert_eq!(outcome(&refused), "GoodsUnfit", "{refused}");
    assert_ledger_holds(&world).await;
    world.stop().await;
}
