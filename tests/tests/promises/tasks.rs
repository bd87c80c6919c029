//! Tasks: asked by one agency, answered by the other and by nobody for it; about somebody by a referral alone, and over when they leave.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};

use crate::lodging::{homeless, lodging, mutate as lodge, ward};
use crate::reference::rows;

const SHOWN: &str = "id code title priority dueOn state overdue answer outcome endedBecause version agency { code } assignee { code } \
     shelter { code }";

/// Runs a mutation with arguments as literals, and a key that nobody has used.
async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ task {{ {SHOWN} }} }} \
         ... on Problem {{ code message }} ... on NotFound {{ argument }} }} }}",
        fresh_key()
    );
    client.query(&document).await
}

async fn done(client: &Client, root: &str, arguments: &str) -> Json {
    let answer = mutate(client, root, arguments).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    let task = at(&answer, "data.x.task").clone();
    assert!(task.is_object(), "{answer}");
    task
}

fn seen(task: &Json) -> String {
    format!("task: {}, version: {}", task["id"], task["version"])
}

/// The id of an agency.
pub(crate) async fn agency(client: &Client, code: &str) -> Json {
    let answer = client.query("{ agencies { id code } }").await;
    rows(&answer, "data.agencies").iter().find(|agency| agency["code"] == code).unwrap()["id"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_answered_and_done_by_whom_it_is_asked_of_and_withdrawn_by_who_asks() {
    let world = World::start().await;
    let (asker, assignee) = (world.client("PCE/inspector"), world.client("BISOM/lender"));
    let bisom = agency(&asker, "BISOM").await;
    let ask = format!(
        "assignee: {bisom}, title: \"Ruta de evacuación\", request: \"Despejar la salida.\", priority: URGENT, dueOn: \"2022-02-02\""
    );
    for other in ["CNDH/witness", "DIF_MUNICIPAL/administrator"] {
        assert_eq!(codes(&mutate(&world.client(other), "proposeTask", &ask).await), ["FORBIDDEN"], "{other}");
    }
    let following =
        format!("subscription {{ taskChanged(assignee: {bisom}) {{ tasks {{ title state }} }} }}");
    let mut events =
        world.client("CEDH/witness").follow(&following).await.unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    let task = done(&asker, "proposeTask", &ask).await;
    assert_eq!((&task["state"], &task["overdue"]), (&json!("PROPOSED"), &json!(false)));
    assert_eq!((at(&task, "agency.code"), at(&task, "assignee.code")), (&json!("PCE"), &json!("BISOM")));
    assert_eq!(at(&events.response().await, "data.taskChanged.tasks.0.state"), "PROPOSED");

    let own = format!(
        "assignee: {}, title: \"Otra\", request: \"Otra\", dueOn: \"2022-02-02\"",
        agency(&asker, "PCE").await
    );
    assert_eq!(outcome(&mutate(&asker, "proposeTask", &own).await), "InvalidValue", "of oneself");
    let past = ask.replace("2022-02-02", "2022-01-30");
    assert_eq!(outcome(&mutate(&asker, "proposeTask", &past).await), "InvalidValue", "of a day that is past");

    // Nobody answers in the place of who is asked, the coordinator neither.
    for other in [&asker, &world.client("DIF_MUNICIPAL/coordinator"), &world.client("IMACUM/lender")] {
        assert_eq!(codes(&mutate(other, "acceptTask", &seen(&task)).await), ["FORBIDDEN"]);
    }
    let finish = |task: &Json| format!("{}, outcome: \"Quedó despejada\"", seen(task));
    assert_eq!(outcome(&mutate(&assignee, "completeTask", &finish(&task)).await), "StateConflict");
    let taken = done(&assignee, "acceptTask", &format!("{}, answer: \"Mañana\"", seen(&task))).await;
    assert_eq!((&taken["state"], &taken["answer"]), (&json!("ACCEPTED"), &json!("Mañana")));
    assert_eq!(outcome(&mutate(&assignee, "completeTask", &finish(&task)).await), "VersionConflict");
    assert_eq!(codes(&mutate(&asker, "completeTask", &finish(&taken)).await), ["FORBIDDEN"]);
    let finished = done(&assignee, "completeTask", &finish(&taken)).await;
    assert_eq!((&finished["state"], &finished["outcome"]), (&json!("DONE"), &json!("Quedó despejada")));
    let withdraw = |task: &Json| format!("{}, reason: \"No hace falta\"", seen(task));
    assert_eq!(outcome(&mutate(&asker, "withdrawTask", &withdraw(&finished)).await), "StateConflict");

    let other = done(&asker, "proposeTask", &ask).await;
    assert_eq!(codes(&mutate(&assignee, "withdrawTask", &withdraw(&other)).await), ["FORBIDDEN"]);
    let withdrawn = done(&asker, "withdrawTask", &withdraw(&other)).await;
    assert_eq!((&withdrawn["state"], &withdrawn["endedBecause"]), (&json!("WITHDRAWN"), &json!("ASKER")));
    let third = done(&asker, "proposeTask", &ask).await;
    let declined =
        done(&assignee, "declineTask", &format!("{}, answer: \"No es nuestro\"", seen(&third))).await;
    assert_eq!((&declined["state"], &declined["answer"]), (&json!("DECLINED"), &json!("No es nuestro")));

    let listed = format!("{{ tasks(assignee: {bisom}, state: DONE, last: 1) {{ nodes {{ id }} }} }}");
    assert_eq!(at(&asker.query(&listed).await, "data.tasks.nodes.0.id"), &finished["id"]);
    let overdue = asker.query("{ tasks(overdue: true) { nodes { overdue state dueOn } } }").await;
    let overdue = rows(&overdue, "data.tasks.nodes");
    assert!(!overdue.is_empty() && overdue.iter().all(|task| task["overdue"] == true), "{overdue:?}");
    assert!(overdue.iter().all(|task| task["dueOn"].as_str().unwrap() < "2022-01-31"), "{overdue:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_about_somebody_whose_case_is_open_between_the_two_and_over_when_they_leave() {
    let world = World::start().await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION");
    let (oim, onu) = (agency(&coordinator, "OIM").await, agency(&coordinator, "ONU").await);
    let ward = ward(&world, "ALB-01", 1).await;
    let person = homeless(&world, 1, 1).await.remove(0).remove(0);
    lodge(&coordinator, "checkIn", &lodging(std::slice::from_ref(&person), &ward.beds)).await;
    let opened = coordinator
        .query(&format!(
            "mutation {{ x: openReferral(person: \"{person}\", recipient: {oim}, purpose: PROTECTION, \
             legalBasis: PUBLIC_INTEREST, idempotencyKey: \"{}\") {{ ... on OpenReferralPayload {{ referral {{ id }} }} }} }}",
            fresh_key()
        ))
        .await;
    let referral = at(&opened, "data.x.referral.id").clone();
    let ask = |assignee: &Json| {
        format!(
            "assignee: {assignee}, title: \"Primera cita\", request: \"Acordar la fecha.\", dueOn: \"2022-02-02\", referral: {referral}"
        )
    };
    assert_eq!(
        outcome(&mutate(&coordinator, "proposeTask", &ask(&onu)).await),
        "StateConflict",
        "of another agency"
    );
    let task = done(&coordinator, "proposeTask", &ask(&oim)).await;

    // Everyone reads the task; whom it is about, only whoever reads the case.
    let document = format!(
        "{{ node(id: {}) {{ ... on Task {{ title referral {{ person {{ id }} }} }} }} }}",
        task["id"]
    );
    let told = coordinator.query(&document).await;
    assert_eq!(at(&told, "data.node.referral.person.id"), person.as_str());
    let hidden = world.client("BISOM/lender").query(&document).await;
    assert_eq!(at(&hidden, "data.node"), &json!({"title": "Primera cita", "referral": null}));
    assert_eq!(codes(&hidden), ["FIELD_FORBIDDEN"]);

    let by_bus = "destination: {kind: CITY, country: \"MEX\", place: \"Ciudad Inventada\", transport: BUS}";
    let party = "departures { id version state }";
    let planned = coordinator
        .query(&format!(
            "mutation {{ x: planDeparture(persons: [\"{person}\"], plannedOn: \"2022-02-01\", {by_bus}, idempotencyKey: \"{}\") \
             {{ ... on PlanDeparturePayload {{ {party} }} }} }}",
            fresh_key()
        ))
        .await;
    let departure = at(&planned, "data.x.departures.0");
    let confirmed = coordinator
        .query(&format!(
            "mutation {{ x: confirmDeparture(departures: [{}], versions: [{}], idempotencyKey: \"{}\") \
             {{ ... on ConfirmDeparturePayload {{ {party} }} }} }}",
            departure["id"],
            departure["version"],
            fresh_key()
        ))
        .await;
    assert_eq!(at(&confirmed, "data.x.departures.0.state"), "CONFIRMED", "{confirmed}");
    let now =
        coordinator.query(&format!("{{ node(id: {}) {{ ... on Task {{ {SHOWN} }} }} }}", task["id"])).await;
    let over = at(&now, "data.node");
    assert_eq!((&over["state"], &over["endedBecause"]), (&json!("WITHDRAWN"), &json!("DEPARTED")), "{now}");
    assert_eq!(
        outcome(&mutate(&coordinator, "proposeTask", &ask(&oim)).await),
        "StateConflict",
        "the case is over"
    );
    world.stop().await;
}
