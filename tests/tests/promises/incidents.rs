//! Incidents: reported, followed and closed by those who may, and told to nobody else; who was in them is sealed.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::people::entries;
use crate::reference::rows;

const OFFICER: &str = "DSPM/officer";
const LEAD: &str = "DIF_MUNICIPAL/shelter_lead@ALB-01";
const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const INCIDENT: &str = "incident { id code kind severity account state outcome closedAt version happenedAt \
     agency { code } shelter { code } followUps { text agency { code } } people { id } }";

fn asking(world: &World, caller: &str) -> Client {
    world.client(caller).stating("PROTECTION")
}

/// Runs a mutation with arguments as literals, and a key that nobody has used unless they name one.
async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let shown = match root {
        "followUpIncident" => "followUp { text } incident { version }".to_owned(),
        "involvePerson" => {
            "involved { id person part statement } incident { version people { id } }".to_owned()
        }
        _ => INCIDENT.to_owned(),
    };
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let key = if arguments.contains("idempotencyKey") {
        String::new()
    } else {
        format!(", idempotencyKey: \"{}\"", fresh_key())
    };
    let told = match root {
        "closeIncident" => "... on VersionConflict { currentVersion }",
        _ => "... on InvalidValue { argument }",
    };
    let document = format!(
        "mutation {{ x: {root}({arguments}{key}) {{ __typename ... on {payload} {{ {shown} }} ... on Problem {{ code message }} \
         ... on NotFound {{ argument }} {told} }} }}"
    );
    client.query(&document).await
}

async fn shelter(world: &World, code: &str) -> String {
    let board = world.public().query("{ shelters { id code } }").await;
    let found = rows(&board, "data.shelters").iter().find(|row| row["code"] == code).unwrap().clone();
    found["id"].as_str().unwrap().to_owned()
}

fn report(shelter: &str) -> String {
    format!("shelter: \"{shelter}\", kind: THEFT, severity: MEDIUM, account: \"Falta una cobija\"")
}

/// An incident in a shelter, reported by the police.
async fn reported(world: &World, code: &str) -> Json {
    let arguments = report(&shelter(world, code).await);
    let answer = mutate(&asking(world, OFFICER), "reportIncident", &arguments).await;
    let incident = at(&answer, "data.x.incident").clone();
    assert!(incident.is_object(), "{answer}");
    incident
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_reported_followed_and_closed_and_told_to_those_who_may_know() {
    let world = World::start().await;
    let (officer, lead) = (asking(&world, OFFICER), asking(&world, LEAD));
    let (own, other) = (shelter(&world, "ALB-01").await, shelter(&world, "ALB-02").await);
    let following = "subscription { incidentChanged { step followUp { text } incident { state shelter { code } people { part } } } }";
    let mut events = lead.follow(following).await.unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    let mut reports = officer
        .follow("subscription { incidentReported { step incident { account } } }")
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    reports.ready().await;

    // Nobody else records what happened, and who may do it says what for.
    for stranger in [COORDINATOR, "PCE/inspector", "ISESALUD/clinician", "CNDH/witness"] {
        let refused = mutate(&asking(&world, stranger), "reportIncident", &report(&own)).await;
        assert_eq!(codes(&refused), ["FORBIDDEN"], "{stranger}: {refused}");
    }
    assert_eq!(codes(&mutate(&lead, "reportIncident", &report(&other)).await), ["FORBIDDEN"]);
    let unstated = mutate(&world.client(OFFICER), "reportIncident", &report(&own)).await;
    assert_eq!(codes(&unstated), ["PURPOSE_REQUIRED"], "{unstated}");
    let nowhere = enlace_tests::id("shelter", Uuid::from_u128(7));
    assert_eq!(outcome(&mutate(&officer, "reportIncident", &report(&nowhere)).await), "NotFound");
    for (more, argument) in [
        ("account: \"xx\"".to_owned(), "account"),
        ("account: \"Falta una cobija\", occurredAt: \"2022-02-01T00:00:00Z\"".to_owned(), "occurredAt"),
    ] {
        let arguments = format!("shelter: \"{own}\", kind: OTHER, severity: LOW, {more}");
        let refused = mutate(&officer, "reportIncident", &arguments).await;
        assert_eq!(at(&refused, "data.x.argument"), argument, "{refused}");
    }

    // What happens elsewhere a lead is not told.
    reported(&world, "ALB-02").await;
    let key = format!("{}, idempotencyKey: \"{}\"", report(&own), fresh_key());
    let first = mutate(&officer, "reportIncident", &key).await;
    let incident = at(&first, "data.x.incident");
    assert_eq!(
        (&incident["state"], &incident["version"], at(incident, "agency.code"), at(incident, "shelter.code")),
        (&json!("OPEN"), &json!(1), &json!("DSPM"), &json!("ALB-01")),
        "{first}"
    );
    assert_eq!(mutate(&officer, "reportIncident", &key).await, first, "once");
    let told = events.response().await;
    let expected = json!({"step": "REPORTED", "followUp": null,
        "incident": {"state": "OPEN", "shelter": {"code": "ALB-01"}, "people": []}});
    assert_eq!(*at(&told, "data.incidentChanged"), expected, "{told}");
    for _ in 0..2 {
        let told = reports.response().await;
        let expected = json!({"step": "REPORTED", "incident": {"account": "Falta una cobija"}});
        assert_eq!(*at(&told, "data.incidentReported"), expected, "{told}");
    }

    // It is followed up by those whose it is, and by the lead of its shelter.
    let of = format!("incident: {}", incident["id"]);
    let elsewhere = asking(&world, "DIF_MUNICIPAL/shelter_lead@ALB-02");
    let beyond = mutate(&elsewhere, "followUpIncident", &format!("{of}, text: \"Apareció\"")).await;
    assert_eq!(outcome(&beyond), "NotFound", "{beyond}");
    let added = mutate(&lead, "followUpIncident", &format!("{of}, text: \"La cobija apareció\"")).await;
    assert_eq!(at(&added, "data.x.incident.version"), 2, "{added}");
    let told = events.response().await;
    assert_eq!(at(&told, "data.incidentChanged.step"), "FOLLOWED_UP", "{told}");
    assert_eq!(at(&told, "data.incidentChanged.followUp.text"), "La cobija apareció", "{told}");

    // Whoever closes it knows all of it; closed, it stays as it is.
    let close = |version: i32| format!("{of}, version: {version}, outcome: SETTLED");
    let stale = mutate(&officer, "closeIncident", &close(1)).await;
    assert_eq!(
        (outcome(&stale), at(&stale, "data.x.currentVersion")),
        ("VersionConflict".to_owned(), &json!(2))
    );
    let closed = mutate(&officer, "closeIncident", &close(2)).await;
    let incident = at(&closed, "data.x.incident");
    assert_eq!((&incident["state"], &incident["outcome"]), (&json!("CLOSED"), &json!("SETTLED")), "{closed}");
    assert_eq!(
        incident["followUps"],
        json!([{"text": "La cobija apareció", "agency": {"code": "DIF_MUNICIPAL"}}]),
        "{closed}"
    );
    assert_eq!(at(&events.response().await, "data.incidentChanged.step"), "CLOSED");
    let someone = people(&world).await[0];
    let someone = format!("{of}, person: \"{}\", part: WITNESS", enlace_tests::id("person", someone));
    for (root, arguments) in [
        ("closeIncident", close(3)),
        ("followUpIncident", format!("{of}, text: \"Algo más\"")),
        ("involvePerson", someone),
    ] {
        let late = mutate(&officer, root, &arguments).await;
        assert_eq!(outcome(&late), "StateConflict", "{root}: {late}");
    }
    world.stop().await;
}

/// Arguments of a list, and what they leave of it.
type Filter<'f> = (String, &'f dyn Fn(&Json) -> bool);

#[tokio::test(flavor = "multi_thread")]
async fn incidents_are_found_by_shelter_kind_state_and_day_and_by_those_alone_who_may_know() {
    let world = World::start().await;
    let list = async |client: &Client, arguments: &str| {
        let document = format!(
            "{{ incidents({arguments}first: 500) {{ totalCount nodes {{ id kind state happenedAt shelter {{ id code }} }} }} }}"
        );
        let answer = client.query(&document).await;
        let found = rows(&answer, "data.incidents.nodes").to_vec();
        assert_eq!(at(&answer, "data.incidents.totalCount"), found.len(), "{answer}");
        found
    };
    let officer = asking(&world, OFFICER);
    let all = list(&officer, "").await;
    // In Mexicali it is eight hours earlier.
    let day = |row: &Json| {
        let at: chrono::DateTime<chrono::Utc> = row["happenedAt"].as_str().unwrap().parse().unwrap();
        (at - chrono::TimeDelta::hours(8)).date_naive().to_string()
    };
    let one = &all[0];
    let filters: [Filter<'_>; 4] = [
        (format!("shelter: {}, ", at(one, "shelter.id")), &|row| {
            at(row, "shelter.id") == at(one, "shelter.id")
        }),
        (format!("kind: {}, ", one["kind"].as_str().unwrap()), &|row| row["kind"] == one["kind"]),
        ("state: OPEN, ".to_owned(), &|row| row["state"] == "OPEN"),
        (format!("day: \"{}\", ", day(one)), &|row| day(row) == day(one)),
    ];
    for (arguments, is_meant) in filters {
        let expected: Vec<Json> = all.iter().filter(|row| is_meant(row)).cloned().collect();
        assert!(!expected.is_empty() && expected.len() < all.len(), "{arguments}");
        assert_eq!(list(&officer, &arguments).await, expected, "{arguments}");
    }
    for reader in [COORDINATOR, "PCE/inspector", "CEDH/witness"] {
        assert_eq!(list(&asking(&world, reader), "").await, all, "{reader}");
    }
    let own: Vec<Json> = all.iter().filter(|row| at(row, "shelter.code") == "ALB-01").cloned().collect();
    assert!(!own.is_empty());
    assert_eq!(list(&asking(&world, LEAD), "").await, own);
    // To all others there is no such thing.
    for stranger in ["ISESALUD/clinician", "SEDENA/kitchen", "DIF_MUNICIPAL/donation_coordinator"] {
        let client = asking(&world, stranger);
        let refused = client.query("{ incidents { nodes { code } } }").await;
        assert_eq!(codes(&refused), ["FIELD_FORBIDDEN"], "{stranger}: {refused}");
        let known = client.query("{ __type(name: \"Incident\") { fields { name } } }").await;
        let fields = at(&known, "data.__type.fields").as_array().map_or(0, Vec::len);
        assert!(fields < 2, "{stranger}: {known}");
    }
    world.stop().await;
}

/// The keys of people who lodge, in the order of their registration.
async fn people(world: &World) -> Vec<Uuid> {
    let statement = "SELECT person_id FROM stays WHERE ended_at IS NULL ORDER BY person_id LIMIT 5";
    let rows = world.database().await.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_in_an_incident_is_known_by_reference_sealed_and_journalled() {
    let world = World::start().await;
    let officer = asking(&world, OFFICER);
    let incident = reported(&world, "ALB-01").await;
    let people = people(&world).await;
    let [someone, merged, erased, keyless] = [people[0], people[1], people[2], people[3]];
    let id = |person: Uuid| enlace_tests::id("person", person);
    let of = |person: &str, more: &str| {
        format!("incident: {}, person: \"{person}\", part: ALLEGED{more}", incident["id"])
    };
    let said = ", statement: \"Lo señaló Ozwazul\"";

    let added = mutate(&officer, "involvePerson", &of(&id(someone), said)).await;
    let involved = at(&added, "data.x.involved").clone();
    assert_eq!(
        (&involved["person"], &involved["part"], &involved["statement"]),
        (&json!(id(someone)), &json!("ALLEGED"), &json!("Lo señaló Ozwazul")),
        "{added}"
    );
    let entry = entries(&world, "incidents.involvePerson", someone).await.swap_remove(0);
    assert_eq!(entry["classes"], json!(["SECURITY"]), "{entry}");

    // By reference, and no further.
    let name = format!("{{ node(id: \"{}\") {{ ... on Person {{ givenNames }} }} }}", id(someone));
    assert_eq!(officer.query(&name).await, json!({"data": {"node": null}}));
    let named = asking(&world, COORDINATOR).query(&name).await;
    assert!(at(&named, "data.node.givenNames").is_string(), "{named}");
    let ask = format!(
        "{{ node(id: {}) {{ ... on Incident {{ people {{ id person part statement }} }} }} }}",
        incident["id"]
    );
    for reader in [OFFICER, "PCE/inspector", COORDINATOR, LEAD] {
        let read = asking(&world, reader).query(&ask).await;
        assert_eq!(*at(&read, "data.node.people"), json!([involved]), "{reader}");
    }
    // Each read is in the journal, that of the mutation's answer too.
    let mut agencies: Vec<String> = Vec::new();
    for _ in 0..500 {
        let reads = entries(&world, "journal.read", someone).await;
        let of_incidents = reads.iter().filter(|read| read["classes"] == json!(["SECURITY"]));
        agencies = of_incidents.map(|read| at(read, "agency.code").as_str().unwrap().to_owned()).collect();
        if agencies.len() > 4 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    agencies.sort();
    assert_eq!(agencies, ["DIF_MUNICIPAL", "DIF_MUNICIPAL", "DSPM", "DSPM", "PCE"]);
    let beyond = asking(&world, "DIF_MUNICIPAL/shelter_lead@ALB-02");
    for node in [&incident["id"], &involved["id"]] {
        let hidden = beyond.query(&format!("{{ node(id: {node}) {{ id }} }}")).await;
        assert_eq!(hidden, json!({"data": {"node": null}}));
    }
    // A witness knows them by pseudonyms, and does not read what is said of them.
    let witness = asking(&world, "CNDH/witness");
    let read = witness.query(&ask).await;
    let known = at(&read, "data.node.people.0");
    assert_eq!((&known["part"], &known["statement"]), (&json!("ALLEGED"), &json!(null)), "{read}");
    assert_eq!(codes(&read), ["FIELD_FORBIDDEN"]);
    assert!(known["id"] != involved["id"] && known["person"] != involved["person"], "{read}");
    let person =
        witness.query(&format!("{{ node(id: {}) {{ id ... on Person {{ sex }} }} }}", known["person"])).await;
    assert_eq!((at(&person, "data.node.id"), codes(&person).len()), (&known["person"], 0), "{person}");

    // Once each; nobody of whom nothing more is kept, and nobody who is not there.
    world
        .database()
        .await
        .execute("UPDATE persons SET merged_into = $2, merged_at = now() WHERE id = $1", &[&merged, &someone])
        .await
        .unwrap();
    let destroy = "DELETE FROM person_keys WHERE person_id = $1";
    world.keys().await.execute(destroy, &[&erased]).await.unwrap();
    for (person, expected) in [
        (id(someone), "StateConflict"),
        (id(merged), "StateConflict"),
        (id(erased), "StateConflict"),
        (id(Uuid::from_u128(7)), "NotFound"),
    ] {
        let refused = mutate(&officer, "involvePerson", &of(&person, "")).await;
        assert_eq!(outcome(&refused), expected, "{refused}");
    }
    // Whose key is destroyed was in it, and nothing else is known of them.
    mutate(&officer, "involvePerson", &of(&id(keyless), said)).await;
    world.keys().await.execute(destroy, &[&keyless]).await.unwrap();
    let read = officer.query(&ask).await;
    let row = rows(&read, "data.node.people").iter().find(|row| row["person"] == id(keyless)).unwrap();
    assert_eq!((&row["part"], &row["statement"]), (&json!(null), &json!(null)), "{read}");
    is_sealed(&world).await;
    world.stop().await;
}

/// Nowhere in the database lies what is said of someone, nor the part that they had.
async fn is_sealed(world: &World) {
    let tables = ["incident_people", "journal_entries", "idempotency_keys"];
    for table in tables {
        let statement =
            format!("SELECT string_agg(encode(convert_to(t::text, 'utf8'), 'escape'), '') FROM {table} t");
        let held: String = world.database().await.query_one(&statement, &[]).await.unwrap().get(0);
        for text in ["Ozwazul", "ALLEGED"] {
            let as_bytes = text.bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
            assert!(!held.contains(text) && !held.contains(&as_bytes), "{table} holds {text}");
        }
    }
}
