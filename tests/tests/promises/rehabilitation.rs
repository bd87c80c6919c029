//! Rehabilitation: works go forward, by those whose centre it is; and a centre is given back empty, with its works done and all that was handed
//! over said of, by two signatures.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};

use crate::reference::rows;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";

/// Runs a mutation with arguments as literals, and a key that nobody has used.
async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let shown = if root.ends_with("Return") {
        "act { id version programmeSignedAt lenderSignedAt returnedOn withdrawnAt lines { thing handedOver quantity missing worse note } }"
    } else {
        "work { id code title state estimate cost plannedOn begunOn doneOn reason version centre { code } }"
    };
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ {shown} }} \
         ... on Problem {{ code message }} ... on NotFound {{ argument }} }} }}",
        fresh_key()
    );
    client.query(&document).await
}

async fn done(client: &Client, root: &str, arguments: &str) -> Json {
    let answer = mutate(client, root, arguments).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    let record = at(&answer, if root.ends_with("Return") { "data.x.act" } else { "data.x.work" }).clone();
    assert!(record.is_object(), "{answer}");
    record
}

fn seen(argument: &str, record: &Json) -> String {
    format!("{argument}: {}, version: {}", record["id"], record["version"])
}

/// A centre that an agency lends, with its loan, and a client of that agency and of another that lends.
struct Lent {
    centre: Json,
    loan: Json,
    shelter: String,
    lender: Client,
    stranger: Client,
}

async fn lent(world: &World) -> Lent {
    let document = "{ shelters { code centre { id lender { code } loans { id returnedOn inventory { id thing quantity condition } } } } }";
    let found = world.client(COORDINATOR).query(document).await;
    let shelters = rows(&found, "data.shelters");
    let shelter = shelters.iter().find(|shelter| shelter["centre"]["lender"].is_object()).unwrap();
    let lender = at(shelter, "centre.lender.code").as_str().unwrap();
    let other = ["BISOM", "IMACUM", "IMDECUF"].into_iter().find(|code| *code != lender).unwrap();
    Lent {
        centre: at(shelter, "centre.id").clone(),
        loan: at(shelter, "centre.loans.0").clone(),
        shelter: shelter["code"].as_str().unwrap().to_owned(),
        lender: world.client(&format!("{lender}/lender")),
        stranger: world.client(&format!("{other}/lender")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn works_are_planned_begun_and_done_by_those_whose_centre_it_is() {
    let world = World::start().await;
    let Lent { centre, lender, stranger, .. } = lent(&world).await;
    let plan = format!("centre: {centre}, title: \"Impermeabilizar el techo\", estimate: \"12000.00 MXN\"");
    for other in [&stranger, &world.client("DSPM/officer"), &world.client("CNDH/witness")] {
        assert_eq!(codes(&mutate(other, "planCentreWork", &plan).await), ["FORBIDDEN"]);
    }
    let following =
        format!("subscription {{ centreWorkChanged(centre: {centre}) {{ work {{ title state }} }} }}");
    let mut events =
        world.client("CEDH/witness").follow(&following).await.unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    let work = done(&lender, "planCentreWork", &plan).await;
    assert_eq!(
        (&work["state"], &work["cost"], &work["plannedOn"]),
        (&json!("PLANNED"), &Json::Null, &json!("2022-01-31"))
    );
    assert_eq!(at(&events.response().await, "data.centreWorkChanged.work.state"), "PLANNED");
    let finish = |work: &Json, cost: &str| format!("{}, cost: \"{cost}\"", seen("work", work));
    assert_eq!(
        outcome(&mutate(&lender, "finishCentreWork", &finish(&work, "1.00 MXN")).await),
        "StateConflict"
    );
    let early = format!("{}, begunOn: \"2022-01-30\"", seen("work", &work));
    assert_eq!(
        outcome(&mutate(&lender, "beginCentreWork", &early).await),
        "InvalidValue",
        "before it was planned"
    );
    let begun = done(&lender, "beginCentreWork", &seen("work", &work)).await;
    assert_eq!(outcome(&mutate(&lender, "beginCentreWork", &seen("work", &work)).await), "VersionConflict");
    assert_eq!(
        outcome(&mutate(&lender, "finishCentreWork", &finish(&begun, "11000.00 USD")).await),
        "InvalidValue"
    );
    let finished =
        done(&world.client(COORDINATOR), "finishCentreWork", &finish(&begun, "12500.50 MXN")).await;
    assert_eq!((&finished["state"], &finished["cost"]), (&json!("DONE"), &json!("12500.50 MXN")));
    let cancel = format!("{}, reason: \"No hace falta\"", seen("work", &finished));
    assert_eq!(outcome(&mutate(&lender, "cancelCentreWork", &cancel).await), "StateConflict");
    let other = done(&lender, "planCentreWork", &plan).await;
    let cancelled =
        done(&lender, "cancelCentreWork", &format!("{}, reason: \"No hace falta\"", seen("work", &other)))
            .await;
    assert_eq!((&cancelled["state"], &cancelled["reason"]), (&json!("CANCELLED"), &json!("No hace falta")));
    let listed = lender
        .query(&format!("{{ centreWorks(centre: {centre}, state: DONE, last: 1) {{ nodes {{ id }} }} }}"))
        .await;
    assert_eq!(at(&listed, "data.centreWorks.nodes.0.id"), &finished["id"], "{listed}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centre_is_given_back_empty_by_two_signatures_and_of_all_that_was_handed_over() {
    let world = World::start().await;
    let coordinator = world.client(COORDINATOR);
    let Lent { centre, loan, shelter, lender, stranger } = lent(&world).await;
    let given = |line: &Json, quantity: &Json, condition: &str| {
        format!(
            "{{loanLine: {}, quantity: {quantity}, condition: {condition}, note: \"Se revisó\"}}",
            line["id"]
        )
    };
    let inventory = rows(&loan, "inventory");
    let mut all: Vec<String> = inventory
        .iter()
        .map(|line| given(line, &line["quantity"], line["condition"].as_str().unwrap()))
        .collect();
    let good = inventory.iter().position(|line| line["condition"] == "GOOD").unwrap();
    all[good] = given(&inventory[good], &json!(inventory[good]["quantity"].as_i64().unwrap() - 1), "BROKEN");
    let draw = |lines: &[String]| format!("loan: {}, inventory: [{}]", loan["id"], lines.join(", "));
    assert_eq!(codes(&mutate(&stranger, "drawUpCentreReturn", &draw(&all)).await), ["FORBIDDEN"]);
    for lines in [all[1..].to_vec(), [&all[..], &all[..1]].concat()] {
        assert_eq!(outcome(&mutate(&coordinator, "drawUpCentreReturn", &draw(&lines)).await), "InvalidValue");
    }
    let first = done(&coordinator, "drawUpCentreReturn", &draw(&all)).await;
    let line = &rows(&first, "lines")[good];
    assert_eq!((&line["missing"], &line["worse"]), (&json!(1), &json!(true)), "{line}");
    assert_eq!(
        outcome(&mutate(&lender, "drawUpCentreReturn", &draw(&all)).await),
        "StateConflict",
        "one stands"
    );
    done(&lender, "withdrawCentreReturn", &seen("act", &first)).await;
    assert_eq!(outcome(&mutate(&lender, "signCentreReturn", &seen("act", &first)).await), "VersionConflict");
    let act = done(&lender, "drawUpCentreReturn", &draw(&all)).await;
    let signed = done(&lender, "signCentreReturn", &seen("act", &act)).await;
    assert!(signed["lenderSignedAt"].is_string() && signed["returnedOn"].is_null(), "{signed}");
    assert_eq!(outcome(&mutate(&lender, "signCentreReturn", &seen("act", &signed)).await), "StateConflict");
    // People lodge there still.
    assert_eq!(
        outcome(&mutate(&coordinator, "signCentreReturn", &seen("act", &signed)).await),
        "StateConflict"
    );
    // What is tried here is not how a shelter is emptied.
    let closing = format!(
        "SET session_replication_role = replica; UPDATE shelters SET closed_on = '2022-01-31' WHERE code = '{shelter}'; \
         UPDATE centre_works SET state = 'CANCELLED', reason = 'No hace falta' WHERE state IN ('PLANNED', 'BEGUN')"
    );
    world.database().await.batch_execute(&closing).await.unwrap();
    let plan = format!("centre: {centre}, title: \"Limpieza\", estimate: \"100.00 MXN\"");
    let open = done(&coordinator, "planCentreWork", &plan).await;
    assert_eq!(
        outcome(&mutate(&coordinator, "signCentreReturn", &seen("act", &signed)).await),
        "StateConflict",
        "a work is open"
    );
    done(&coordinator, "cancelCentreWork", &format!("{}, reason: \"No hace falta\"", seen("work", &open)))
        .await;
    let returned = done(&coordinator, "signCentreReturn", &seen("act", &signed)).await;
    assert_eq!(returned["returnedOn"], "2022-01-31");
    assert_eq!(
        outcome(&mutate(&coordinator, "withdrawCentreReturn", &seen("act", &returned)).await),
        "StateConflict"
    );

    // The loan has ended with it, and the centre takes no shelter and no work until it is lent again.
    let loans = coordinator.query(&format!("{{ node(id: {centre}) {{ ... on Centre {{ loans {{ returnedOn }} }} }} centreReturns(loan: {}) {{ id }} }}", loan["id"])).await;
    assert_eq!(at(&loans, "data.node.loans.0.returnedOn"), "2022-01-31");
    assert_eq!(rows(&loans, "data.centreReturns").len(), 2);
    assert_eq!(outcome(&mutate(&coordinator, "planCentreWork", &plan).await), "StateConflict");
    let opening = format!(
        "mutation {{ x: openShelter(centre: {centre}, code: \"ALB-91\", name: \"Albergue Nuevo\", spaces: [{{code: \"FAM\", \
         segment: FAMILY_NUCLEUS, capacity: 20}}], idempotencyKey: \"{}\") {{ __typename }} }}",
        fresh_key()
    );
    assert_eq!(outcome(&coordinator.query(&opening).await), "StateConflict");
    let again = format!(
        "mutation {{ x: recordCentreLoan(centre: {centre}, startsOn: \"2022-02-01\", endsOn: \"2022-05-31\", conditions: \"Otra vez\", \
         inventory: [], idempotencyKey: \"{}\") {{ __typename }} }}",
        fresh_key()
    );
    assert_eq!(outcome(&lender.query(&again).await), "RecordCentreLoanPayload", "its days are free again");
    assert_eq!(outcome(&mutate(&coordinator, "planCentreWork", &plan).await), "PlanCentreWorkPayload");
    world.stop().await;
}
