//! Visits of the press: proposed by public relations, decided by another hand that keeps the shelter, on conditions of which two always hold.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};

use crate::reference::rows;

const LIAISON: &str = "RP/liaison";
const LEAD: &str = "DIF_MUNICIPAL/shelter_lead@ALB-01";

async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ visit {{ id code state conditions reason version \
         startsOn journalists contact escort {{ code }} shelter {{ code }} }} }} ... on Problem {{ code message }} }} }}",
        fresh_key()
    );
    client.query(&document).await
}

async fn done(client: &Client, root: &str, arguments: &str) -> Json {
    let answer = mutate(client, root, arguments).await;
    let visit = at(&answer, "data.x.visit").clone();
    assert!(visit.is_object(), "{answer}");
    visit
}

fn seen(visit: &Json) -> String {
    format!("pressVisit: {}, version: {}", visit["id"], visit["version"])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_press_visits_as_it_was_proposed_and_approved_by_two_hands() {
    let world = World::start().await;
    let (liaison, lead) = (world.client(LIAISON), world.client(LEAD));
    let board = world.public().query("{ shelters { id code } agencies { id code } }").await;
    let one = |list: &str, code: &str| {
        rows(&board, list).iter().find(|row| row["code"] == code).unwrap()["id"].clone()
    };
    let (own, escort) = (one("data.shelters", "ALB-01"), one("data.agencies", "RP"));
    let ask = |from: &str, until: &str| {
        format!(
            "shelter: {own}, medium: \"Radio de Prueba\", purpose: \"Un reportaje\", visitors: 2, startsAt: \"2022-02-05T{from}Z\", \
             endsAt: \"2022-02-05T{until}Z\", journalists: [\"Periodista de Prueba\"], contact: \"prensa@example.org\""
        )
    };
    let proposal = ask("17:00:00", "19:00:00");
    for stranger in ["PCE/inspector", "NGO_PAN_DEL_VALLE/partner", "CNDH/witness"] {
        assert_eq!(
            codes(&mutate(&world.client(stranger), "proposePressVisit", &proposal).await),
            ["FORBIDDEN"]
        );
    }
    for wrong in [
        proposal.replace("visitors: 2", "visitors: 31"),
        proposal.replace("[\"Periodista de Prueba\"]", "[\"Una\", \"Otro\", \"Alguien\"]"),
        proposal.replace("2022-02-05", "2022-01-05"),
        ask("19:00:00", "17:00:00"),
    ] {
        assert_eq!(outcome(&mutate(&liaison, "proposePressVisit", &wrong).await), "InvalidValue", "{wrong}");
    }
    let mut events = world
        .client("CEDH/witness")
        .follow("subscription { pressVisitChanged { visit { id state medium } } }")
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    let visit = done(&liaison, "proposePressVisit", &proposal).await;
    assert_eq!((&visit["state"], &visit["startsOn"]), (&json!("PROPOSED"), &json!("2022-02-05")));
    assert_eq!(at(&events.response().await, "data.pressVisitChanged.visit.id"), &visit["id"]);

    // Who comes is known to public relations and the coordinator.
    let node =
        format!("{{ node(id: {}) {{ ... on PressVisit {{ medium journalists contact }} }} }}", visit["id"]);
    assert_eq!(at(&liaison.query(&node).await, "data.node.journalists"), &json!(["Periodista de Prueba"]));
    let known = lead.query(&node).await;
    assert_eq!(
        (at(&known, "data.node.medium"), at(&known, "data.node.contact")),
        (&json!("Radio de Prueba"), &Json::Null)
    );
    assert_eq!(codes(&known).len(), 2, "{known}");

    let approve = format!("{}, escort: {escort}, conditions: [NO_DORMITORIES, NO_NAMES]", seen(&visit));
    assert_eq!(codes(&mutate(&liaison, "approvePressVisit", &approve).await), ["FORBIDDEN"]);
    let elsewhere = world.client("DIF_MUNICIPAL/shelter_lead@ALB-02");
    assert_eq!(codes(&mutate(&elsewhere, "approvePressVisit", &approve).await), ["FORBIDDEN"]);
    assert_eq!(
        outcome(&mutate(&liaison, "closePressVisit", &seen(&visit)).await),
        "StateConflict",
        "undecided"
    );
    let approved = done(&lead, "approvePressVisit", &approve).await;
    assert_eq!(
        (&approved["state"], &approved["conditions"], at(&approved, "escort.code")),
        (&json!("APPROVED"), &json!(["NO_FACES_OF_MINORS", "NO_NAMES", "NO_DORMITORIES"]), &json!("RP"))
    );
    assert_eq!(outcome(&mutate(&lead, "approvePressVisit", &approve).await), "VersionConflict");
    assert_eq!(
        outcome(&mutate(&liaison, "closePressVisit", &seen(&approved)).await),
        "StateConflict",
        "not begun"
    );

    // One at a time in a shelter, and nobody decides on what they proposed.
    let second = done(&liaison, "proposePressVisit", &ask("18:00:00", "20:00:00")).await;
    let overlapping = format!("{}, escort: {escort}", seen(&second));
    assert_eq!(outcome(&mutate(&lead, "approvePressVisit", &overlapping).await), "StateConflict");
    let refuse = format!("{}, reason: \"Ya hay otra visita\"", seen(&second));
    let refused = done(&lead, "refusePressVisit", &refuse).await;
    assert_eq!((&refused["state"], &refused["reason"]), (&json!("REFUSED"), &json!("Ya hay otra visita")));
    let by_lead = done(&lead, "proposePressVisit", &ask("20:00:00", "21:00:00")).await;
    let alone = format!("{}, escort: {escort}", seen(&by_lead));
    assert_eq!(outcome(&mutate(&lead, "approvePressVisit", &alone).await), "StateConflict");
    let by_coordinator = done(&world.client("DIF_MUNICIPAL/coordinator"), "approvePressVisit", &alone).await;
    let cancel = format!("{}, reason: \"El medio no viene\"", seen(&by_coordinator));
    assert_eq!(done(&liaison, "cancelPressVisit", &cancel).await["state"], "CANCELLED");
    let listed = liaison
        .query(&format!(
            "{{ pressVisits(shelter: {own}, state: APPROVED, day: \"2022-02-05\") {{ nodes {{ id }} }} }}"
        ))
        .await;
    assert_eq!(*at(&listed, "data.pressVisits.nodes"), json!([{"id": visit["id"]}]));
    // What is in the journal names nobody.
    let statement = "SELECT string_agg(convert_from(content, 'utf8'), '') FROM journal_entries, unnest(part_contents) AS content \
         WHERE operation LIKE 'coordination.%PressVisit' AND content IS NOT NULL";
    let told: String = world.database().await.query_one(statement, &[]).await.unwrap().get(0);
    assert!(told.contains("Radio de Prueba") && !told.contains("Periodista"), "{told}");
    world.stop().await;
}
