//! Break-glass: in an emergency one person's record is opened, on the record, told to those who watch, and for a while.

use std::time::{Duration, Instant};

use enlace_schema::{Code, Event};
use enlace_tests::{Client, Socket, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{asking, key};
use crate::streams::{append_copies, next, subscribe};

const OPEN: &str = "mutation($person: ID!, $reason: String!, $minutes: Int, $key: String!) {
  breakGlass(person: $person, reason: $reason, minutes: $minutes, idempotencyKey: $key) {
    __typename
    ... on BreakGlassPayload { access { id person user reason openedAt endsAt endedAt agency { code } } }
    ... on Problem { code message }
    ... on InvalidValue { argument }
  }
}";

const END: &str = "mutation($access: ID!, $key: String!) {
  endBreakGlass(access: $access, idempotencyKey: $key) {
    __typename
    ... on EndBreakGlassPayload { access { id endedAt } }
    ... on Problem { code message }
  }
}";

const ACCESSES: &str = "query($person: ID) { breakGlassAccesses(person: $person) {
  totalCount nodes { id person user reason openedAt endsAt endedAt agency { code } } } }";

const REASON: &str = "Found unconscious in the yard of ALB-01; is there something in her record?";

/// A change of rights is felt within this time.
const FELT: Duration = Duration::from_secs(5);

async fn open(client: &Client, person: &Json) -> Json {
    let answer = client
        .run(OPEN, json!({"person": person, "reason": REASON, "minutes": 30, "key": fresh_key()}))
        .await;
    assert_eq!(outcome(&answer), "BreakGlassPayload", "{answer}");
    at(&answer, "data.breakGlass.access").clone()
}

/// The first people who have an assessment on which a diagnosis rests, with what a clinician reads of them.
async fn patients(world: &World) -> Vec<Json> {
    let answer = asking(world, ("ISESALUD/clinician", "HEALTH_CARE"))
        .query("{ persons(first: 200) { nodes { id assessments { id risk diagnoses { id note } } } } }")
        .await;
    let all = at(&answer, "data.persons.nodes").as_array().unwrap().clone();
    let of_note = |person: &Json| !at(person, "assessments.0.diagnoses.0.id").is_null();
    all.into_iter().filter(of_note).collect()
}

const HEALTH: &str = "query($household: ID, $first: Int) { persons(household: $household, first: $first) {
  nodes { id assessments { id risk diagnoses { note } } } } }";

const NODE: &str =
    "query($id: ID!) { node(id: $id) { id ... on Person { assessments { risk } migrationStatus } } }";

#[tokio::test(flavor = "multi_thread")]
async fn the_coordinator_reads_the_assessments_of_one_person_and_no_diagnosis() {
    let world = World::start().await;
    let patients = patients(&world).await;
    let [one, other, ..] = &patients[..] else { panic!("two patients") };
    let coordinator = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"));
    let refused = coordinator.run(HEALTH, json!({"first": 200})).await;
    assert_eq!(codes(&refused), ["FIELD_FORBIDDEN"]);
    assert_eq!(at(&refused, "errors.0.extensions.coordinate"), "Person.assessments");

    open(&coordinator, &one["id"]).await;
    let answer = coordinator.run(HEALTH, json!({"first": 200})).await;
    let mut found = 0;
    for person in at(&answer, "data.persons.nodes").as_array().unwrap() {
        let read: Vec<&Json> =
            person["assessments"].as_array().unwrap().iter().map(|one| &one["risk"]).collect();
        if person["id"] == one["id"] {
            let expected: Vec<&Json> =
                one["assessments"].as_array().unwrap().iter().map(|one| &one["risk"]).collect();
            assert_eq!(read, expected);
            found += 1;
        } else {
            assert!(read.is_empty(), "{person}");
        }
        assert!(person["assessments"].as_array().unwrap().iter().all(|one| one["diagnoses"].is_null()));
    }
    assert_eq!(found, 1);
    assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"]);
    assert_eq!(at(&answer, "errors.0.extensions.coordinate"), "Assessment.diagnoses");
    assert_eq!(
        at(&answer, "errors.0.extensions.policy"),
        "always-diagnosis-stays-in-health-services",
        "the forbid wins"
    );

    // Every other path says the same.
    let node = async |id: &Json| coordinator.run(NODE, json!({"id": id})).await;
    assert!(at(&node(&at(one, "assessments.0.id").clone()).await, "data.node").is_object());
    for out_of_reach in [at(other, "assessments.0.id"), at(one, "assessments.0.diagnoses.0.id")] {
        assert_eq!(at(&node(out_of_reach).await, "data.node"), &json!(null));
    }
    let profile = coordinator.query("{ accessProfile { coordinates { coordinate access policies } } }").await;
    let coordinates = at(&profile, "data.accessProfile.coordinates").as_array().unwrap();
    let assessments = coordinates.iter().find(|one| one["coordinate"] == "Person.assessments").unwrap();
    assert_eq!(
        (&assessments["access"], &assessments["policies"]),
        (&json!("DEPENDS"), &json!(["break-glass-reads"]))
    );
    assert!(!coordinates.iter().any(|one| one["coordinate"] == "Diagnosis.note"));
    // It is the coordinator's alone, not its role's.
    let lead = asking(&world, ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION"));
    assert_eq!(codes(&lead.run(HEALTH, json!({"first": 10})).await), ["FIELD_FORBIDDEN"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clinician_reads_the_migration_of_one_person() {
    let world = World::start().await;
    let clinician = asking(&world, ("ISESALUD/clinician", "HEALTH_CARE"));
    let page = clinician.query("{ persons(first: 3) { nodes { id } } }").await;
    let [one, other] = [0, 2].map(|place| at(&page, &format!("data.persons.nodes.{place}.id")).clone());
    let document = "{ persons(first: 3) { nodes { migrationStatus enrolments { course } } } }";
    let before = clinician.query(document).await;
    assert_eq!(codes(&before), ["FIELD_FORBIDDEN"; 2]);

    open(&clinician, &one).await;
    let after = clinician.query(document).await;
    let statuses: Vec<bool> = (0..3)
        .map(|place| at(&after, &format!("data.persons.nodes.{place}.migrationStatus")).is_string())
        .collect();
    assert_eq!(statuses, [true, false, false]);
    let refused = |coordinate: &str| {
        let errors = after["errors"].as_array().unwrap();
        errors.iter().find(|error| at(error, "extensions.coordinate") == coordinate).cloned()
    };
    // A refused null is told from a real one; and what no emergency needs stays shut.
    assert_eq!(at(&refused("Person.migrationStatus").unwrap(), "extensions.indices"), &json!([[1, 2]]));
    assert!(refused("Person.enrolments").is_some());
    let node = clinician.run(NODE, json!({"id": other})).await;
    assert_eq!(at(&node, "data.node.migrationStatus"), &json!(null));
    assert_eq!(codes(&node), ["FIELD_FORBIDDEN"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_opened_for_a_reason_for_a_while_and_one_at_a_time() {
    let world = World::start().await;
    let coordinator = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"));
    let page = coordinator.query("{ persons(first: 2) { nodes { id } } }").await;
    let [one, other] = [0, 1].map(|place| at(&page, &format!("data.persons.nodes.{place}.id")).clone());
    let ask = async |person: &Json, reason: &str, minutes: Json, key: &str| {
        coordinator
            .run(OPEN, json!({"person": person, "reason": reason, "minutes": minutes, "key": key}))
            .await
    };
    for (reason, minutes, argument) in [
        ("", json!(30), "reason"),
        ("   urgent.     ", json!(30), "reason"),
        (&"x".repeat(1_001), json!(30), "reason"),
        (REASON, json!(0), "minutes"),
        (REASON, json!(241), "minutes"),
        (REASON, json!(-5), "minutes"),
    ] {
        let answer = ask(&one, reason, minutes, &fresh_key()).await;
        assert_eq!(outcome(&answer), "InvalidValue", "{answer}");
        assert_eq!(at(&answer, "data.breakGlass.argument"), argument);
    }
    let nobody = json!(super::person_id(Uuid::now_v7()));
    assert_eq!(outcome(&ask(&nobody, REASON, json!(30), &fresh_key()).await), "NotFound");

    let key = fresh_key();
    let opened = ask(&one, REASON, json!(240), &key).await;
    assert_eq!(outcome(&opened), "BreakGlassPayload");
    assert_eq!(ask(&one, REASON, json!(240), &key).await, opened, "a retry opens nothing again");
    assert_eq!(outcome(&ask(&other, REASON, json!(240), &key).await), "IdempotencyConflict");
    for person in [&one, &other] {
        assert_eq!(outcome(&ask(person, REASON, Json::Null, &fresh_key()).await), "BreakGlassOpen");
    }

    // Ended, it makes room for another, and cannot be ended again.
    let access = at(&opened, "data.breakGlass.access.id").clone();
    let end = async |client: &Client, access: &Json| {
        client.run(END, json!({"access": access, "key": fresh_key()})).await
    };
    let clinician = world.client("ISESALUD/clinician");
    assert_eq!(outcome(&end(&clinician, &access).await), "NotFound", "another agency's");
    let ended = end(&coordinator, &access).await;
    assert!(at(&ended, "data.endBreakGlass.access.endedAt").is_string(), "{ended}");
    assert_eq!(outcome(&end(&coordinator, &access).await), "InvalidValue");
    let refused = coordinator.run(HEALTH, json!({"first": 5})).await;
    assert_eq!(codes(&refused), ["FIELD_FORBIDDEN"], "felt by the next request");
    open(&coordinator, &other).await;

    // The coordinator ends what others opened.
    let theirs = open(&clinician, &one).await;
    assert_eq!(outcome(&end(&coordinator, &theirs["id"]).await), "EndBreakGlassPayload");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_opens_a_record() {
    let world = World::start().await;
    let page = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"))
        .query("{ persons(first: 1) { nodes { id } } }")
        .await;
    let person = at(&page, "data.persons.nodes.0.id");
    for caller in [
        "DIF_MUNICIPAL/shelter_lead@ALB-01",
        "DIF_MUNICIPAL/administrator",
        "INEA/educator",
        "ACNUR/donor",
        "DSPM/officer",
        "UNICEF/programmes",
        "CNDH/witness",
    ] {
        let client = world.client(caller).stating("PROTECTION");
        let variables = json!({"person": person, "reason": REASON, "minutes": 30, "key": fresh_key()});
        let answer = client.run(OPEN, variables).await;
        assert_eq!(
            (at(&answer, "data.breakGlass"), codes(&answer)),
            (&json!(null), vec!["FORBIDDEN".to_owned()]),
            "{caller}"
        );
    }
    let count =
        world.database().await.query_one("SELECT count(*) FROM break_glass_accesses", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), 0);
    world.stop().await;
}

/// What the database itself refuses, whoever asks it.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_holds_the_laws() {
    let world = World::start().await;
    let coordinator = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"));
    let page = coordinator.query("{ persons(first: 2) { nodes { id } } }").await;
    let access = open(&coordinator, at(&page, "data.persons.nodes.0.id")).await;
    let database = world.database().await;
    let refuses = async |statement: &str, constraint: &str| {
        let error = database.execute(statement, &[]).await.expect_err(statement);
        assert_eq!(error.as_db_error().and_then(|error| error.constraint()), Some(constraint), "{statement}");
    };
    let another = |change: &str, columns: &str| {
        format!(
            "INSERT INTO break_glass_accesses (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at) \
             SELECT gen_random_uuid(), programme_id, person_id, {columns} FROM break_glass_accesses {change}"
        )
    };
    let someone = "(SELECT id FROM users WHERE subject = 'isesalud.clinician'), agency";
    refuses(
        &another("", &format!("{someone}, reason, opened_at, opened_at + interval '4 hours 1 second'")),
        "break_glass_accesses_four_hours",
    )
    .await;
    refuses(
        &another("", &format!("{someone}, reason, opened_at, opened_at")),
        "break_glass_accesses_four_hours",
    )
    .await;
    refuses(
        &another("", &format!("{someone}, substr(reason, 1, 30), opened_at, ends_at")),
        "break_glass_accesses_reason",
    )
    .await;
    refuses(
        &another(
            "",
            "user_id, agency, reason, opened_at + interval '29 minutes', ends_at + interval '1 hour'",
        ),
        "break_glass_accesses_one_at_a_time",
    )
    .await;
    for change in [
        "DELETE FROM break_glass_accesses",
        "UPDATE break_glass_accesses SET ends_at = opened_at + interval '4 hours'",
        "UPDATE break_glass_accesses SET reason = reason || 'x'",
        "UPDATE break_glass_accesses SET ended_at = opened_at, user_id = user_id, agency = 'ACNUR'",
    ] {
        refuses(change, "break_glass_accesses_append_only").await;
    }
    refuses(
        "UPDATE break_glass_accesses SET ended_at = ends_at + interval '1 second'",
        "break_glass_accesses_ended",
    )
    .await;
    assert!(database.execute("TRUNCATE break_glass_accesses", &[]).await.is_err());
    // The server itself may do no more than open and end.
    let id = key(&access["id"]);
    database.batch_execute("SET ROLE enlace_app").await.unwrap();
    for forbidden in ["DELETE FROM break_glass_accesses", "UPDATE break_glass_accesses SET ends_at = ends_at"]
    {
        assert!(database.execute(forbidden, &[]).await.is_err(), "{forbidden}");
    }
    let end = "UPDATE break_glass_accesses SET ended_at = opened_at WHERE id = $1";
    assert_eq!(database.execute(end, &[&id]).await.unwrap(), 1);
    assert!(database.execute(end, &[&id]).await.is_err(), "ended once");
    world.stop().await;
}

/// The journal's entries of an operation, once there are so many.
async fn entries(world: &World, operation: &str, count: usize) -> Vec<Json> {
    let document = "query($operation: String) { journal(operation: $operation) { nodes {
        operation classes subjectCount subjects { person } breakGlass { id reason } agency { code } } } }";
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    let began = Instant::now();
    loop {
        let answer = coordinator.run(document, json!({"operation": operation})).await;
        let nodes =
            at(&answer, "data.journal.nodes").as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        if nodes.len() >= count {
            return nodes;
        }
        assert!(began.elapsed() < FELT, "{operation}: {nodes:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_and_what_is_read_by_it_are_in_the_journal() {
    let world = World::start().await;
    let one = patients(&world).await.swap_remove(0);
    let coordinator = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"));
    // Where the entry cannot be written, nothing is opened.
    let database = world.database().await;
    database.batch_execute("REVOKE INSERT ON journal_entries FROM enlace_app").await.unwrap();
    let failed = coordinator
        .run(OPEN, json!({"person": one["id"], "reason": REASON, "minutes": 30, "key": fresh_key()}))
        .await;
    assert_eq!(at(&failed, "data.breakGlass"), &json!(null));
    let count = database.query_one("SELECT count(*) FROM break_glass_accesses", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), 0);
    database.batch_execute("GRANT INSERT ON journal_entries TO enlace_app").await.unwrap();

    let access = open(&coordinator, &one["id"]).await;
    assert_eq!((&access["person"], &access["reason"]), (&one["id"], &json!(REASON)));
    let opened = entries(&world, "breakGlass.open", 1).await.swap_remove(0);
    assert_eq!(opened["subjects"], json!([{"person": one["id"]}]));
    assert_eq!((&opened["classes"], at(&opened, "agency.code")), (&json!([]), &json!("DIF_MUNICIPAL")));

    // One read needs the emergency, the other does not.
    let before = entries(&world, "journal.read", 1).await.len();
    for document in ["{ id ... on Person { assessments { risk } } }", "{ id ... on Person { givenNames } }"] {
        let answer = coordinator
            .run(&format!("query($id: ID!) {{ node(id: $id) {document} }}"), json!({"id": one["id"]}))
            .await;
        assert_eq!(codes(&answer), Vec::<String>::new());
    }
    let reads = entries(&world, "journal.read", before + 2).await;
    let [by_emergency, ordinary] = &reads[before..] else { panic!("{reads:?}") };
    assert_eq!(at(by_emergency, "breakGlass.id"), &access["id"]);
    assert_eq!(at(by_emergency, "breakGlass.reason"), REASON);
    assert_eq!(by_emergency["classes"], json!(["HEALTH"]));
    assert_eq!(ordinary["breakGlass"], json!(null));

    let ended = coordinator.run(END, json!({"access": access["id"], "key": fresh_key()})).await;
    assert_eq!(outcome(&ended), "EndBreakGlassPayload");
    assert_eq!(entries(&world, "breakGlass.end", 1).await[0]["subjectCount"], 1);

    // The reason lies sealed, wherever it was sent.
    for table in ["break_glass_accesses", "journal_parts", "idempotency_keys"] {
        let rows = database.query(&format!("SELECT t::text FROM {table} t"), &[]).await.unwrap();
        let held: String = rows.iter().map(|row| row.get::<_, String>(0)).collect();
        let hex = "unconscious".bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        assert!(!held.contains("unconscious") && !held.contains(&hex), "{table}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_coordinator_hears_of_it_and_reads_of_it_as_the_opener_does() {
    let world = World::start().await;
    let mut socket = world.socket("DIF_MUNICIPAL/coordinator").await;
    let document =
        "subscription { breakGlassOpened { openedAt access { id person reason agency { code } } } }";
    socket.follow("s", document).await;
    let mut outsider = world.socket("INEA/educator").await;
    outsider.follow("s", document).await;

    let clinician = asking(&world, ("ISESALUD/clinician", "HEALTH_CARE"));
    let page = clinician.query("{ persons(first: 2) { nodes { id } } }").await;
    let person = at(&page, "data.persons.nodes.0.id");
    let access = open(&clinician, person).await;
    let notice = socket.event().await;
    let heard = at(&notice, "payload.data.breakGlassOpened.access");
    assert_eq!((&heard["id"], &heard["person"], &heard["reason"]), (&access["id"], person, &json!(REASON)));
    assert_eq!(at(heard, "agency.code"), "ISESALUD");

    for reader in ["DIF_MUNICIPAL/coordinator", "ISESALUD/clinician"] {
        let answer = world.client(reader).run(ACCESSES, json!({"person": person})).await;
        assert_eq!(at(&answer, "data.breakGlassAccesses.nodes.0"), &access, "{reader}");
        let other =
            world.client(reader).run(ACCESSES, json!({"person": at(&page, "data.persons.nodes.1.id")})).await;
        assert_eq!(at(&other, "data.breakGlassAccesses.totalCount"), 0);
    }
    // Another agency neither reads of it nor hears of it: the next that it hears is its own.
    let answer = world.client("INEA/educator").run(ACCESSES, json!({})).await;
    assert_eq!(at(&answer, "data.breakGlassAccesses.totalCount"), 0);
    let public = world.public().run(ACCESSES, json!({})).await;
    assert_eq!(codes(&public), ["FIELD_FORBIDDEN"]);
    let answer = outsider.ask("q", "{ viewer { agreementInForce } }").await;
    assert_eq!(at(&answer, "data.viewer.agreementInForce"), true);
    world.stop().await;
}

/// Nothing happens when it does: the clock alone ends it, for requests and for streams.
#[tokio::test(flavor = "multi_thread")]
async fn an_access_ends_by_itself() {
    let world = World::start().await;
    let one = patients(&world).await.swap_remove(0);
    let coordinator = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"));
    let ends = "INSERT INTO break_glass_accesses \
        (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at) \
        SELECT gen_random_uuid(), p.programme_id, p.id, u.id, 'DIF_MUNICIPAL', repeat('x', 40)::bytea, $2, $3 \
        FROM persons p, users u WHERE p.id = $1 AND u.subject = 'dif_municipal.coordinator'";
    let (from, until) = (chrono::Utc::now(), chrono::Utc::now() + chrono::TimeDelta::seconds(6));
    let database = world.database().await;
    assert_eq!(database.execute(ends, &[&key(&one["id"]), &from, &until]).await.unwrap(), 1);
    let ask = async || codes(&coordinator.run(NODE, json!({"id": at(&one, "assessments.0.id")})).await);
    let reaches = async || {
        at(&coordinator.run(NODE, json!({"id": at(&one, "assessments.0.id")})).await, "data.node").is_object()
    };
    while !reaches().await {
        assert!(chrono::Utc::now() < until, "it opens nothing: {:?}", ask().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut stream: Socket = world.socket("DIF_MUNICIPAL/coordinator").await;
    stream.follow("s", "subscription { shelterCapacityChanged { occurredAt } }").await;
    // What is asked before its end may still be answered, and nothing after.
    loop {
        let asked = chrono::Utc::now();
        if !reaches().await {
            assert!(chrono::Utc::now() >= until, "it ends before its time");
            break;
        }
        assert!(asked < until, "it does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(stream.error("s").await, "AUTHORITY_CHANGED");
    world.stop().await;
}

/// Each notice is of its own: none stands for another, so who misses some is sent none, and told from where to go on.
#[tokio::test(flavor = "multi_thread")]
async fn who_misses_notices_is_told_so_and_goes_on_where_it_was() {
    const NOTICES: i32 = 300;
    const FOLLOW: &str = "subscription { breakGlassOpened { openedAt } }";
    let world = World::start().await;
    let coordinator = "DIF_MUNICIPAL/coordinator";
    let mut subscription = subscribe(&world, coordinator, FOLLOW, None);
    assert!(matches!(next(&mut subscription).await, Event::Ready(_)));
    let begun = subscription.progress().cursor().unwrap();
    open(&asking(&world, ("ISESALUD/clinician", "HEALTH_CARE")), &patients(&world).await[0]["id"]).await;
    append_copies(&world, "breakGlass.open", NOTICES).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let missed = next(&mut subscription).await;
    assert!(matches!(&missed, Event::End(error) if error.code == Code::SlowConsumer), "{missed:?}");
    let cursor = subscription.progress().cursor().unwrap();
    assert_eq!(cursor, begun);
    drop(subscription);

    let mut again = subscribe(&world, coordinator, FOLLOW, Some(&cursor.to_string()));
    let mut last = cursor.index();
    for _ in 0..=NOTICES {
        let Event::Next { index, .. } = next(&mut again).await else { panic!("no notice after {last}") };
        assert!(index > last);
        last = index;
    }
    assert!(matches!(next(&mut again).await, Event::Ready(_)), "all have come");
    world.stop().await;
}
