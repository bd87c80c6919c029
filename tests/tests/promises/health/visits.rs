//! Visits: one at a time, closed for good, with what was noted and concluded; and those who wait for one.

use std::collections::BTreeSet;

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{CLINICIAN, COORDINATOR, asking, lodgers, mutate, person};
use crate::people::entries;

const VISIT: &str =
    "visit { id openedAt closedAt specialty note version person { id } diagnoses { id code note madeAt } }";

async fn open(client: &Client, of: Uuid, specialty: &str, at: Json) -> Json {
    let arguments = json!({"person": person(of), "specialty": specialty, "occurredAt": at});
    mutate(client, "openVisit", "person: ID!, specialty: Specialty!, occurredAt: DateTime", VISIT, &arguments)
        .await
}

async fn diagnose(client: &Client, visit: &Json, code: &str, note: &str) -> Json {
    let arguments = json!({"visit": visit, "code": code, "note": note});
    let shows = "diagnosis { id code note }";
    mutate(client, "recordDiagnosis", "visit: ID!, code: String!, note: String!", shows, &arguments).await
}

async fn close(client: &Client, arguments: &Json) -> Json {
    let types = "visit: ID!, version: Int!, note: String, occurredAt: DateTime";
    mutate(client, "closeVisit", types, VISIT, arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_opened_concluded_and_closed_for_good() {
    let world = World::start().await;
    let clinician = asking(&world, CLINICIAN);
    let someone = lodgers(&world, true).await[0];
    let began = json!("2022-01-31T16:00:00Z");
    let opened = open(&clinician, someone, "PSYCHIATRIC", began.clone()).await;
    assert_eq!(outcome(&opened), "OpenVisitPayload", "{opened}");
    let visit = at(&opened, "data.openVisit.visit").clone();
    let expected = json!({
        "id": visit["id"], "openedAt": began, "closedAt": null, "specialty": "PSYCHIATRIC", "note": null, "version": 1,
        "person": {"id": person(someone)}, "diagnoses": [],
    });
    assert_eq!(visit, expected);
    let second = open(&clinician, someone, "GENERAL", Json::Null).await;
    assert_eq!(outcome(&second), "StateConflict", "one visit at a time: {second}");

    let concluded = diagnose(&clinician, &visit["id"], "F43.2", "Trastorno Ozwazul de adaptación").await;
    assert_eq!(at(&concluded, "data.recordDiagnosis.diagnosis.code"), "F43.2", "{concluded}");
    for (code, note, argument) in [("F432", "x", "code"), ("f43", "x", "code"), ("F43.2", " ", "note")] {
        let refused = diagnose(&clinician, &visit["id"], code, note).await;
        assert_eq!(at(&refused, "data.recordDiagnosis.argument"), argument, "{refused}");
    }

    let early = json!({"visit": visit["id"], "version": 1, "occurredAt": "2022-01-31T15:59:59Z"});
    assert_eq!(at(&close(&clinician, &early).await, "data.closeVisit.argument"), "occurredAt");
    let other = json!({"visit": visit["id"], "version": 7});
    assert_eq!(outcome(&close(&clinician, &other).await), "VersionConflict");
    let arguments = json!({"visit": visit["id"], "version": 1, "note": "Nota Ozwazul\nde dos líneas", "idempotencyKey": fresh_key()});
    for _ in 0..2 {
        let closed = close(&clinician, &arguments).await;
        let closed = at(&closed, "data.closeVisit.visit");
        assert_eq!((&closed["note"], &closed["version"]), (&arguments["note"], &json!(2)), "{closed}");
        assert!(closed["closedAt"].is_string() && at(closed, "diagnoses.0.code") == "F43.2", "{closed}");
    }
    let again = json!({"visit": visit["id"], "version": 2, "note": "Otra"});
    assert_eq!(outcome(&close(&clinician, &again).await), "StateConflict");
    let late = diagnose(&clinician, &visit["id"], "A09", "Gastroenteritis").await;
    assert_eq!(outcome(&late), "StateConflict", "{late}");

    // The next may begin, and what was written down is sealed wherever it lies.
    assert_eq!(outcome(&open(&clinician, someone, "GENERAL", Json::Null).await), "OpenVisitPayload");
    let held = world
        .database()
        .await
        .query_one(
            "SELECT (SELECT string_agg(encode(convert_to(t::text, 'utf8'), 'escape'), '') FROM visits t) || \
                 (SELECT string_agg(encode(convert_to(t::text, 'utf8'), 'escape'), '') FROM diagnoses t) || \
                 (SELECT string_agg(encode(convert_to(t::text, 'utf8'), 'escape'), '') FROM journal_entries t) || \
                 (SELECT string_agg(t::text, '') FROM idempotency_keys t)",
            &[],
        )
        .await
        .unwrap()
        .get::<_, String>(0);
    let as_bytes = "Ozwazul".bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
    assert!(!held.contains("Ozwazul") && !held.contains(&as_bytes) && !held.contains("PSYCHIATRIC"));
    for operation in ["health.openVisit", "health.recordDiagnosis", "health.closeVisit"] {
        let entry = entries(&world, operation, someone).await.swap_remove(0);
        assert_eq!(entry["classes"], json!(["HEALTH"]), "{operation}");
    }
    world.stop().await;
}

/// Two clinicians at once: the database lets one of them begin.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_open_a_visit_of_one_person_one_does() {
    let world = World::start().await;
    let someone = lodgers(&world, true).await[0];
    let tries = (0..6).map(|_| {
        let client = asking(&world, CLINICIAN);
        async move { outcome(&open(&client, someone, "GENERAL", Json::Null).await) }
    });
    let mut outcomes = futures_util::future::join_all(tries).await;
    outcomes.sort();
    let expected: Vec<&str> = ["OpenVisitPayload"].into_iter().chain(["StateConflict"; 5]).collect();
    assert_eq!(outcomes, expected);
    world.stop().await;
}

/// The people who wait, page by page, in their order.
async fn waiting(client: &Client, first: usize) -> (Vec<String>, Json) {
    let document =
        "query($first: Int!, $after: String) { consultationsAdvised(first: $first, after: $after) {
        totalCount nodes { consultationAdvised person { id } } pageInfo { hasNextPage endCursor } } }";
    let (mut people, mut after) = (Vec::new(), Json::Null);
    loop {
        let answer = client.run(document, json!({"first": first, "after": after})).await;
        let page = at(&answer, "data.consultationsAdvised");
        for node in page["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")) {
            assert_eq!(node["consultationAdvised"], true);
            people.push(at(node, "person.id").as_str().unwrap().to_owned());
        }
        if at(page, "pageInfo.hasNextPage") == false {
            return (people, page["totalCount"].clone());
        }
        after = at(page, "pageInfo.endCursor").clone();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_advised_a_consultation_waits_until_it_is_had() {
    let world = World::start().await;
    let clinician = asking(&world, CLINICIAN);
    let (all, total) = waiting(&clinician, 500).await;
    assert_eq!((&total, all.iter().collect::<BTreeSet<_>>().len()), (&json!(all.len()), all.len()));
    assert!((5..500).contains(&all.len()), "{}", all.len());
    assert_eq!(waiting(&clinician, all.len().div_ceil(3)).await, (all.clone(), total));

    // By other means: of everyone, whose latest assessment advises one, and who had none since.
    let document =
        "query($after: String) { persons(first: 500, after: $after) { pageInfo { hasNextPage endCursor }
        nodes { id assessments { assessedAt consultationAdvised } visits { openedAt } } } }";
    let (mut expected, mut after) = (BTreeSet::new(), Json::Null);
    loop {
        let answer = clinician.run(document, json!({"after": after})).await;
        for person in at(&answer, "data.persons.nodes").as_array().unwrap() {
            let latest = person["assessments"].as_array().unwrap().last();
            let Some(latest) = latest.filter(|latest| latest["consultationAdvised"] == true) else {
                continue;
            };
            let mut visits = person["visits"].as_array().unwrap().iter();
            if !visits.any(|visit| visit["openedAt"].as_str() >= latest["assessedAt"].as_str()) {
                expected.insert(person["id"].as_str().unwrap().to_owned());
            }
        }
        if at(&answer, "data.persons.pageInfo.hasNextPage") == false {
            break;
        }
        after = at(&answer, "data.persons.pageInfo.endCursor").clone();
    }
    assert_eq!(all.iter().cloned().collect::<BTreeSet<_>>(), expected);

    // Who is seen waits no more; who was seen before and is advised anew waits again.
    let first = enlace_schema::GlobalId::parse(&all[0]).unwrap().uuid;
    let opened = open(&clinician, first, "GENERAL", Json::Null).await;
    assert_eq!(outcome(&opened), "OpenVisitPayload", "{opened}");
    assert!(!waiting(&clinician, 500).await.0.contains(&all[0]));
    let visits =
        "query($person: ID!) { visits(person: $person, first: 1) { totalCount nodes { id specialty } } }";
    let page = clinician.run(visits, json!({"person": all[0]})).await;
    let expected = json!({"totalCount": 1, "nodes": [{"id": at(&opened, "data.openVisit.visit.id"), "specialty": "GENERAL"}]});
    assert_eq!(at(&page, "data.visits"), &expected, "{page}");

    for document in [
        "{ consultationsAdvised { nodes { id } } }".to_owned(),
        format!("{{ visits(person: \"{}\") {{ nodes {{ id }} }} }}", all[0]),
    ] {
        assert_eq!(codes(&asking(&world, COORDINATOR).query(&document).await), ["FIELD_FORBIDDEN"]);
        assert_eq!(codes(&world.client(CLINICIAN.0).query(&document).await), ["PURPOSE_REQUIRED"]);
    }
    world.stop().await;
}

/// In an emergency the coordinator reads how a person was found, and nothing of their visits: these tell a diagnosis.
#[tokio::test(flavor = "multi_thread")]
async fn an_opened_record_shows_no_visit_outside_the_health_services() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let statement = "SELECT person_id FROM visits ORDER BY id LIMIT 1";
    let someone: Uuid = world.database().await.query_one(statement, &[]).await.unwrap().get(0);
    let document = "mutation($person: ID!, $key: String!) { breakGlass(person: $person, reason: \"Found unconscious in the yard\",
        minutes: 30, idempotencyKey: $key) { __typename } }";
    let broken = coordinator.run(document, json!({"person": person(someone), "key": fresh_key()})).await;
    assert_eq!(outcome(&broken), "BreakGlassPayload", "{broken}");
    let document =
        "query($id: ID!) { node(id: $id) { ... on Person { assessments { risk } visits { specialty } } } }";
    let answer = coordinator.run(document, json!({"id": person(someone)})).await;
    assert!(at(&answer, "data.node.assessments.0.risk").is_string(), "{answer}");
    assert_eq!(at(&answer, "data.node.visits"), &Json::Null);
    assert_eq!(at(&answer, "errors.0.extensions.policy"), "always-diagnosis-stays-in-health-services");
    world.stop().await;
}
