//! Intake: taken down by whoever registers, read by nobody else until it is handed on, and not by them from then on.

use std::collections::BTreeSet;

use enlace_tests::{Client, World, at, codes, fresh_key, id, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::sharing::entries;
use super::{asking, person_id};

const COORDINATOR: (&str, &str) = ("DIF_MUNICIPAL/coordinator", "RECEPTION");
const LEAD: (&str, &str) = ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION");
const ELSEWHERE: (&str, &str) = ("DIF_MUNICIPAL/shelter_lead@ALB-02", "RECEPTION");
const CLINICIAN: (&str, &str) = ("ISESALUD/clinician", "HEALTH_CARE");
const WITNESS: (&str, &str) = ("CNDH/witness", "OVERSIGHT");

/// The fields that say what was said, by class.
const HEALTH: [&str; 1] = ["vaccinations"];
const WORK: [&str; 8] =
    ["occupation", "experienceYears", "skills", "languages", "training", "seeks", "shifts", "availableFrom"];

fn shown() -> String {
    format!("id state version takenBy takenAt saidAt endedAt {} {}", HEALTH.join(" "), WORK.join(" "))
}

/// A mutation of an intake, by its name.
async fn ask(client: &Client, name: &str, arguments: Json) -> Json {
    let types = "intake: ID, person: ID, version: Int, vaccinations: [DeclaredVaccination!], work: WorkHistoryInput, occurredAt: DateTime, \
                 idempotencyKey: String";
    let required = match name {
        "recordIntake" => ["person", "idempotencyKey"].as_slice(),
        _ => &["intake", "version", "idempotencyKey"],
    };
    let mut given = json!({"idempotencyKey": fresh_key()});
    for (argument, value) in arguments.as_object().unwrap() {
        given[argument] = value.clone();
    }
    let (mut declared, mut passed) = (Vec::new(), Vec::new());
    for pair in types.split(", ").map(str::trim) {
        let (argument, of) = pair.split_once(": ").unwrap();
        if !given[argument].is_null() {
            let mark = if required.contains(&argument) { "!" } else { "" };
            declared.push(format!("${argument}: {of}{mark}"));
            passed.push(format!("{argument}: ${argument}"));
        }
    }
    let payload = format!("{}{}Payload", name[..1].to_uppercase(), &name[1..]);
    // Nothing that is said can be wrong where all is withdrawn.
    let invalid = if name == "withdrawIntake" { "" } else { "... on InvalidValue { argument }" };
    let document = format!(
        "mutation({}) {{ {name}({}) {{ __typename ... on {payload} {{ intake {{ {} }} }} ... on Problem {{ code message }} \
         {invalid} ... on NotFound {{ argument }} }} }}",
        declared.join(", "),
        passed.join(", "),
        shown()
    );
    client.run(&document, given).await
}

/// The intake in the payload of an answer.
fn intake(answer: &Json) -> Json {
    let payload = answer["data"].as_object().unwrap().values().next().unwrap();
    assert!(payload["intake"]["id"].is_string(), "{answer}");
    payload["intake"].clone()
}

fn said(person: Uuid) -> Json {
    json!({
        "person": person_id(person),
        "vaccinations": ["COVID_19 1 2021-06 CARD_SHOWN", "TD 1 2015 TOLD"],
        "work": {
            "occupation": "Soldador Ozwazul", "experienceYears": 6, "skills": ["WELDING"], "languages": ["ht", "es"],
            "training": "Taller de soldadura Ozwazul", "seeks": "Herrería, medio turno", "shifts": ["MORNING"],
        },
    })
}

/// Adults who lodge in a shelter, of whom nothing was said yet and nothing is known of their work.
async fn newcomers(world: &World, shelter: &str) -> Vec<Uuid> {
    let statement = "SELECT persons.id FROM persons JOIN shelters ON shelters.id = shelter_id \
                     WHERE shelters.code = $1 AND adult_from < '2022-01-01' \
                         AND NOT EXISTS (SELECT FROM intakes WHERE person_id = persons.id) \
                         AND NOT EXISTS (SELECT FROM work_profiles WHERE person_id = persons.id) \
                         AND NOT EXISTS (SELECT FROM care_records WHERE person_id = persons.id) \
                         AND NOT EXISTS (SELECT FROM households WHERE head_id = persons.id) ORDER BY persons.id";
    let rows = world.database().await.query(statement, &[&shelter]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// What a caller reads of an intake by its id, and the fields that it is refused.
async fn seen(client: &Client, intake: &Json) -> (Json, BTreeSet<String>) {
    let document = format!("{{ node(id: {intake}) {{ ... on Intake {{ {} }} }} }}", shown());
    let answer = client.query(&document).await;
    let refused = answer["errors"].as_array().into_iter().flatten().map(|error| {
        assert_eq!(at(error, "extensions.code"), "FIELD_FORBIDDEN", "{answer}");
        at(error, "extensions.coordinate").as_str().unwrap().replace("Intake.", "")
    });
    let refused = refused.collect();
    (at(&answer, "data.node").clone(), refused)
}

fn fields(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_read_by_its_taker_until_it_is_handed_on_and_then_by_those_of_its_class() {
    let world = World::start().await;
    let person = newcomers(&world, "ALB-01").await[0];
    let [lead, coordinator, clinician] = [LEAD, COORDINATOR, CLINICIAN].map(|caller| asking(&world, caller));
    let everything = fields(&[&HEALTH[..], &WORK[..]].concat());

    // The lead reads neither class of anyone, and what it takes down itself all the same.
    let begun = ask(&lead, "recordIntake", said(person)).await;
    let open = intake(&begun);
    assert_eq!(codes(&begun), Vec::<String>::new(), "{begun}");
    assert_eq!((&open["state"], &open["version"]), (&json!("OPEN"), &json!(1)));
    assert_eq!(open["vaccinations"], said(person)["vaccinations"]);
    assert_eq!(
        (&open["training"], &open["experienceYears"]),
        (&json!("Taller de soldadura Ozwazul"), &json!(6))
    );
    let (read, refused) = seen(&lead, &open["id"]).await;
    assert_eq!((&read, refused), (&open, BTreeSet::new()));

    // Nobody else does, whatever they read of others; that there is one they see where they see the family.
    for caller in [COORDINATOR, CLINICIAN, ("DIF_MUNICIPAL/coordinator", "EMPLOYMENT")] {
        let (read, refused) = seen(&asking(&world, caller), &open["id"]).await;
        assert_eq!((&read["state"], refused), (&json!("OPEN"), everything.clone()), "{caller:?}");
        assert!(WORK.iter().chain(&HEALTH).all(|field| read[*field].is_null()), "{read}");
    }
    assert_eq!(seen(&asking(&world, ELSEWHERE), &open["id"]).await.0, Json::Null);
    let witness = asking(&world, WITNESS);
    let counted =
        witness.query("{ intakes(state: OPEN, first: 500) { totalCount nodes { id state skills } } }").await;
    assert_eq!(codes(&counted), ["FIELD_FORBIDDEN"], "{counted}");
    let nodes = at(&counted, "data.intakes.nodes").as_array().unwrap();
    assert!(
        nodes.len() == 7 && nodes.iter().all(|node| node["id"] != open["id"] && node["skills"].is_null())
    );

    // Not even an emergency opens it.
    for caller in [&coordinator, &clinician] {
        let document = format!(
            "mutation {{ breakGlass(person: \"{}\", reason: \"Se desmayó en el patio\", idempotencyKey: \"{}\") {{ __typename }} }}",
            person_id(person),
            fresh_key()
        );
        assert_eq!(outcome(&caller.query(&document).await), "BreakGlassPayload");
        assert_eq!(seen(caller, &open["id"]).await.1, everything);
    }

    // More is said: what is given replaces its part, the other stays; by the version that was seen, and by nobody else.
    let mut more = json!({"intake": open["id"], "person": person_id(person), "vaccinations": ["COVID_19 1 2021-06-14 CARD_SHOWN", "TD 1 2015 TOLD"]});
    assert_eq!(outcome(&ask(&lead, "recordIntake", more.clone()).await), "VersionConflict");
    more["version"] = json!(1);
    let refused = ask(&coordinator, "recordIntake", more.clone()).await;
    assert_eq!(
        (at(&refused, "data.recordIntake"), codes(&refused)),
        (&Json::Null, vec!["FORBIDDEN".to_owned()])
    );
    let more = intake(&ask(&lead, "recordIntake", more).await);
    assert_eq!((&more["version"], &more["skills"]), (&json!(2), &json!(["WELDING"])));
    assert_eq!(at(&more, "vaccinations.0"), "COVID_19 1 2021-06-14 CARD_SHOWN");
    assert_eq!(
        outcome(&ask(&coordinator, "recordIntake", said(person)).await),
        "StateConflict",
        "one is open"
    );
    let stolen = ask(&coordinator, "submitIntake", json!({"intake": open["id"], "version": 2})).await;
    assert_eq!(codes(&stolen), ["FORBIDDEN"], "{stolen}");

    // Handed on: refused to whoever took it down, and among the records of each class.
    let handed_on = ask(&lead, "submitIntake", json!({"intake": open["id"], "version": 2})).await;
    assert_eq!(
        (&intake(&handed_on)["state"], &intake(&handed_on)["version"]),
        (&json!("SUBMITTED"), &json!(3))
    );
    assert_eq!(seen(&lead, &open["id"]).await.1, everything);
    let again = ask(&lead, "submitIntake", json!({"intake": open["id"], "version": 3})).await;
    assert_eq!(outcome(&again), "StateConflict");
    is_handed_on(&world, person, &open["id"]).await;
    world.stop().await;
}

/// What was handed on is read by those of its class, and by no others.
async fn is_handed_on(world: &World, person: Uuid, open: &Json) {
    let [lead, coordinator, clinician] = [LEAD, COORDINATOR, CLINICIAN].map(|caller| asking(world, caller));
    let (read, refused) = seen(&clinician, open).await;
    assert_eq!((read["vaccinations"].as_array().map(Vec::len), refused), (Some(2), fields(&WORK)));
    let (read, refused) = seen(&coordinator, open).await;
    assert_eq!((&read["seeks"], refused), (&json!("Herrería, medio turno"), fields(&HEALTH)));
    let of_person = |fields: &str| {
        format!("{{ node(id: \"{}\") {{ ... on Person {{ {fields} }} }} }}", person_id(person))
    };
    let given = of_person("vaccinations { vaccine dose givenAt declaredDay proof place lot { id } }");
    let expected = json!([
        {"vaccine": "TD", "dose": 1, "givenAt": "2015-01-01T12:00:00Z", "declaredDay": "2015", "proof": "TOLD", "place": null, "lot": null},
        {"vaccine": "COVID_19", "dose": 1, "givenAt": "2021-06-14T12:00:00Z", "declaredDay": "2021-06-14", "proof": "CARD_SHOWN", "place": null,
            "lot": null},
    ]);
    assert_eq!(at(&clinician.query(&given).await, "data.node.vaccinations"), &expected);
    for caller in [&lead, &coordinator] {
        assert_eq!(codes(&caller.query(&given).await), ["FIELD_FORBIDDEN"]);
    }
    let profile = of_person("workProfile { occupation skills workPermit version }");
    let expected = json!({"occupation": "Soldador Ozwazul", "skills": ["WELDING"], "workPermit": "UNKNOWN", "version": 1});
    assert_eq!(at(&coordinator.query(&profile).await, "data.node.workProfile"), &expected);
    assert_eq!(codes(&lead.query(&profile).await), ["FIELD_FORBIDDEN"]);
    let scheme = format!(
        "{{ vaccinationScheme(person: \"{}\") {{ doses {{ vaccine missing }} }} }}",
        person_id(person)
    );
    let missing = json!([{"vaccine": "TD", "missing": []}, {"vaccine": "COVID_19", "missing": [2]}]);
    assert_eq!(at(&clinician.query(&scheme).await, "data.vaccinationScheme.doses"), &missing);
    // A witness reads of work what tells of nobody.
    let witness = asking(world, WITNESS);
    let answer = witness
        .query("{ intakes(state: SUBMITTED, last: 1) { nodes { skills training vaccinations } } }")
        .await;
    assert_eq!(codes(&answer), ["FIELD_FORBIDDEN", "FIELD_FORBIDDEN"], "{answer}");

    // Nothing of it lies in the clear, and the journal names its classes.
    let statement = "SELECT string_agg(encode(vaccinations, 'escape') || encode(work, 'escape') || t::text, '') FROM intakes t";
    let held: String = world.database().await.query_one(statement, &[]).await.unwrap().get(0);
    assert!(!held.contains("Ozwazul") && !held.contains("COVID"));
    for (operation, classes) in [
        ("census.recordIntake", json!(["EMPLOYMENT", "FAMILY", "HEALTH"])),
        ("census.submitIntake", json!(["EMPLOYMENT", "FAMILY", "HEALTH"])),
    ] {
        let mut found = entries(world, operation, person).await.swap_remove(0)["classes"].clone();
        found.as_array_mut().unwrap().sort_by_key(ToString::to_string);
        assert_eq!(found, classes, "{operation}");
    }
}

/// What health and employment know already stands, and is not told.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_already_stands() {
    let world = World::start().await;
    let people = newcomers(&world, "ALB-01").await;
    let [lead, coordinator, clinician] = [LEAD, COORDINATOR, CLINICIAN].map(|caller| asking(&world, caller));
    let [before, since] = [people[0], people[1]];
    let vaccinated = format!(
        "mutation {{ recordVaccination(person: \"{}\", vaccine: TD, dose: 1, place: \"Cartilla de otra clínica\", idempotencyKey: \"{}\") {{ __typename }} }}",
        person_id(before),
        fresh_key()
    );
    assert_eq!(outcome(&clinician.query(&vaccinated).await), "RecordVaccinationPayload");
    let profile = |of: Uuid| {
        format!(
            "mutation {{ recordWorkProfile(person: \"{}\", experienceYears: 1, skills: [COOKING], languages: [], shifts: [NIGHT], \
             availableFrom: \"2022-02-01\", workPermit: SHOWN, idempotencyKey: \"{}\") {{ __typename }} }}",
            person_id(of),
            fresh_key()
        )
    };
    // Of the first the profile is older than what is said, of the second it is stated since.
    assert_eq!(outcome(&coordinator.query(&profile(before)).await), "RecordWorkProfilePayload");
    let first = intake(&ask(&lead, "recordIntake", said(before)).await);
    let second = intake(&ask(&lead, "recordIntake", said(since)).await);
    assert_eq!(outcome(&coordinator.query(&profile(since)).await), "RecordWorkProfilePayload");
    for open in [&first, &second] {
        let handed_on = ask(&lead, "submitIntake", json!({"intake": open["id"], "version": 1})).await;
        assert_eq!(outcome(&handed_on), "SubmitIntakePayload", "{handed_on}");
    }
    let node = |of: Uuid, fields: &str| {
        format!("{{ node(id: \"{}\") {{ ... on Person {{ {fields} }} }} }}", person_id(of))
    };
    let given = clinician.query(&node(before, "vaccinations { vaccine place proof }")).await;
    let expected = json!([
        {"vaccine": "COVID_19", "place": null, "proof": "CARD_SHOWN"}, {"vaccine": "TD", "place": "Cartilla de otra clínica", "proof": null},
    ]);
    assert_eq!(at(&given, "data.node.vaccinations"), &expected, "{given}");
    for (of, skill, permit, version) in [(before, "WELDING", "SHOWN", 2), (since, "COOKING", "SHOWN", 1)] {
        let answer = coordinator
            .query(&node(of, "workProfile { skills workPermit version } intakes { skills }"))
            .await;
        let expected = json!({"workProfile": {"skills": [skill], "workPermit": permit, "version": version}, "intakes": [{"skills": ["WELDING"]}]});
        assert_eq!(at(&answer, "data.node"), &expected, "{answer}");
    }
    world.stop().await;
}

/// What a tablet took down in a day is one request, of which each field stands alone, in any order and sent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_tablet_sends_a_day_at_once_in_any_order() {
    let world = World::start().await;
    let people = newcomers(&world, "ALB-01").await;
    let lead = asking(&world, LEAD);
    let elsewhere = newcomers(&world, "ALB-02").await[0];
    let ids: Vec<String> = (0..4).map(|_| id("intake", Uuid::now_v7())).collect();
    let keys: Vec<String> = (0..4).map(|_| fresh_key()).collect();
    let field = |place: usize, person: Uuid| {
        format!(
            "p{place}: recordIntake(intake: \"{}\", person: \"{}\", vaccinations: [\"BCG 1 1999 TOLD\"], occurredAt: \"2022-01-30T1{place}:00:00Z\", \
             idempotencyKey: \"{}\") {{ __typename ... on RecordIntakePayload {{ intake {{ id saidAt version }} }} }}",
            ids[place],
            person_id(person),
            keys[place]
        )
    };
    let fields = [field(0, people[0]), field(1, people[1]), field(2, elsewhere), field(3, people[2])];
    let there =
        lead.query(&format!("mutation {{ {} {} {} {} }}", fields[3], fields[1], fields[2], fields[0])).await;
    // One of them is of nobody within reach; the others stand.
    assert_eq!(at(&there, "data.p2.__typename"), "NotFound", "{there}");
    for place in [0, 1, 3] {
        let expected =
            json!({"id": ids[place], "saidAt": format!("2022-01-30T1{place}:00:00Z"), "version": 1});
        assert_eq!(at(&there, &format!("data.p{place}.intake")), &expected, "{there}");
    }
    let again =
        lead.query(&format!("mutation {{ {} {} {} {} }}", fields[0], fields[1], fields[2], fields[3])).await;
    assert_eq!(again["data"], there["data"]);
    let listed = lead.query("{ intakes(own: true, state: OPEN) { nodes { id } totalCount } }").await;
    let own: BTreeSet<&str> = at(&listed, "data.intakes.nodes")
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .collect();
    // With those of the demonstration.
    assert_eq!(own.len(), 6, "{listed}");
    assert!([0, 1, 3].iter().all(|place| own.contains(ids[*place].as_str())));
    // The same id, or the same person, is not begun twice by another key.
    let other = json!({"intake": ids[0], "person": person_id(people[3]), "vaccinations": []});
    assert_eq!(at(&ask(&lead, "recordIntake", other).await, "data.recordIntake.argument"), "person");
    let unknown = json!({"intake": id("intake", Uuid::now_v7()), "person": person_id(people[3]), "version": 1, "vaccinations": []});
    assert_eq!(at(&ask(&lead, "recordIntake", unknown).await, "data.recordIntake.argument"), "intake");
    for (wrong, argument) in [
        (json!({}), "vaccinations, or work"),
        (json!({"vaccinations": ["BCG 1 1999 TOLD", "BCG 1 2000 TOLD"]}), "vaccinations"),
        (json!({"vaccinations": ["BCG 1 2022-03 TOLD"]}), "vaccinations"),
        (json!({"vaccinations": [], "occurredAt": "2099-01-01T00:00:00Z"}), "occurredAt"),
        (
            json!({"work": {"experienceYears": 71, "skills": [], "languages": [], "shifts": ["NIGHT"]}}),
            "work.experienceYears",
        ),
    ] {
        let mut arguments = wrong.clone();
        arguments["person"] = json!(person_id(people[3]));
        let answer = ask(&lead, "recordIntake", arguments).await;
        assert_eq!(at(&answer, "data.recordIntake.argument"), argument, "{wrong} {answer}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_down_in_error_is_withdrawn_and_what_is_open_is_merged_with_nobody() {
    let world = World::start().await;
    let people = newcomers(&world, "ALB-01").await;
    let [lead, coordinator] = [LEAD, COORDINATOR].map(|caller| asking(&world, caller));
    let person = people[0];
    let open = intake(&ask(&lead, "recordIntake", said(person)).await);
    let merge = format!(
        "mutation($version: Int!) {{ mergePersons(keep: \"{}\", merge: \"{}\", version: $version, reason: \"misma cédula\", idempotencyKey: \"{}\") \
         {{ __typename ... on Problem {{ message }} }} }}",
        person_id(people[1]),
        person_id(person),
        fresh_key()
    );
    let version = coordinator
        .query(&format!("{{ node(id: \"{}\") {{ ... on Person {{ version }} }} }}", person_id(person)))
        .await;
    // They lie in no bed.
    let up = "UPDATE stays SET ended_at = '2022-01-31 19:00Z' WHERE person_id = $1 AND ended_at IS NULL";
    world.database().await.execute(up, &[&person]).await.unwrap();
    let version = json!({"version": at(&version, "data.node.version")});
    let refused = coordinator.run(&merge, version.clone()).await;
    assert!(
        at(&refused, "data.mergePersons.message").as_str().unwrap().starts_with("An intake"),
        "{refused}"
    );

    // Whoever registers there withdraws what another took down, and reads none of it; nothing of it is kept.
    let stale = ask(&coordinator, "withdrawIntake", json!({"intake": open["id"], "version": 7})).await;
    assert_eq!(outcome(&stale), "VersionConflict");
    let withdrawn = ask(&coordinator, "withdrawIntake", json!({"intake": open["id"], "version": 1})).await;
    assert_eq!(intake(&withdrawn)["state"], "WITHDRAWN");
    let (read, _) = seen(&asking(&world, CLINICIAN), &open["id"]).await;
    assert_eq!((&read["state"], &read["vaccinations"]), (&json!("WITHDRAWN"), &Json::Null));
    let statement =
        "SELECT count(*) FROM intakes WHERE person_id = $1 AND vaccinations IS NULL AND work IS NULL";
    assert_eq!(world.database().await.query_one(statement, &[&person]).await.unwrap().get::<_, i64>(0), 1);
    let late = ask(
        &lead,
        "recordIntake",
        json!({"intake": open["id"], "person": person_id(person), "version": 2, "vaccinations": []}),
    )
    .await;
    assert_eq!(outcome(&late), "StateConflict");
    // Another is begun, and merging waits for it no more once it is handed on.
    let second = intake(&ask(&lead, "recordIntake", said(person)).await);
    assert_eq!(
        outcome(&ask(&lead, "submitIntake", json!({"intake": second["id"], "version": 1})).await),
        "SubmitIntakePayload"
    );
    let merged = coordinator.run(&merge, version).await;
    assert_eq!(outcome(&merged), "MergePersonsPayload", "{merged}");
    assert_eq!(
        outcome(&ask(&lead, "recordIntake", said(person)).await),
        "StateConflict",
        "a merged record takes nothing new"
    );
    // What was said stays with the record.
    let (read, _) = seen(&coordinator, &second["id"]).await;
    assert_eq!(read["skills"], json!(["WELDING"]));

    // Whose key is destroyed is not known any more, and nothing more is taken down of them.
    let forgotten = people[2];
    let open = intake(&ask(&lead, "recordIntake", said(forgotten)).await);
    world.keys().await.execute("DELETE FROM person_keys WHERE person_id = $1", &[&forgotten]).await.unwrap();
    let (read, _) = seen(&lead, &open["id"]).await;
    assert_eq!(
        (&read["state"], &read["vaccinations"], &read["occupation"]),
        (&json!("OPEN"), &Json::Null, &Json::Null)
    );
    let refused = ask(&lead, "submitIntake", json!({"intake": open["id"], "version": 1})).await;
    assert_eq!(outcome(&refused), "StateConflict", "{refused}");
    world.stop().await;
}
