//! Pregnancies: one at a time, with controls that follow by a published rule, and how they end.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{CLINICIAN, COORDINATOR, asking, mutate, person};
use crate::people::entries;

const PREGNANCY: &str = "pregnancy { id recordedAt lastPeriodOn dueOn controlsRule note endedAt ending endingNote version person { id } \
     births { id } }";

/// Women of whom no pregnancy is recorded and who were not seen yet; whoever they are, the records of care do not say.
pub(super) async fn others(world: &World) -> Vec<Uuid> {
    let statement = "SELECT id FROM persons WHERE adult_from < '2022-01-01' AND shelter_id IS NOT NULL \
                         AND NOT EXISTS (SELECT FROM care_records WHERE person_id = persons.id) \
                         AND NOT EXISTS (SELECT FROM visits WHERE person_id = persons.id) ORDER BY id LIMIT 12";
    world.database().await.query(statement, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

pub(super) async fn record(client: &Client, of: Uuid, more: Json) -> Json {
    let mut arguments = json!({"person": person(of)});
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    let types = "person: ID!, lastPeriodOn: Date, dueOn: Date, note: String, occurredAt: DateTime";
    mutate(client, "recordPregnancy", types, PREGNANCY, &arguments).await
}

async fn end(client: &Client, arguments: Json) -> Json {
    let types = "pregnancy: ID!, version: Int!, ending: PregnancyEnding!, note: String, occurredAt: DateTime";
    mutate(client, "endPregnancy", types, PREGNANCY, &arguments).await
}

/// The states of the controls of a pregnancy, in their order, and which visit held each.
async fn controls(client: &Client, pregnancy: &Json) -> Vec<(String, Json)> {
    let document = "query($pregnancy: ID!) { prenatalControls(pregnancy: $pregnancy) { number firstWeek lastWeek dueFrom dueUntil state \
                    visit { id } pregnancy { id } } }";
    let answer = client.run(document, json!({"pregnancy": pregnancy})).await;
    let all = at(&answer, "data.prenatalControls").as_array().unwrap_or_else(|| panic!("{answer}"));
    for (number, control) in (1..).zip(all) {
        assert_eq!((&control["number"], at(control, "pregnancy.id")), (&json!(number), pregnancy));
    }
    all.iter()
        .map(|control| (control["state"].as_str().unwrap().to_owned(), at(control, "visit.id").clone()))
        .collect()
}

#[expect(clippy::too_many_lines, reason = "one story, on one database")]
#[tokio::test(flavor = "multi_thread")]
async fn a_pregnancy_is_recorded_followed_and_ended_once() {
    let world = World::start().await;
    let clinician = asking(&world, CLINICIAN);
    let someone = others(&world).await[0];

    // Of 19 weeks and three days on the day on which the programme stands, and recorded in its fifteenth week.
    let told =
        json!({"lastPeriodOn": "2021-09-17", "note": "Gesta Ozwazul", "occurredAt": "2021-12-30T18:00:00Z"});
    let recorded = record(&clinician, someone, told).await;
    assert_eq!(outcome(&recorded), "RecordPregnancyPayload", "{recorded}");
    let pregnancy = at(&recorded, "data.recordPregnancy.pregnancy").clone();
    let expected = json!({
        "id": pregnancy["id"], "recordedAt": "2021-12-30T18:00:00Z", "lastPeriodOn": "2021-09-17", "dueOn": "2022-06-24",
        "controlsRule": "ENLACE-PRENATAL/1", "note": "Gesta Ozwazul", "endedAt": null, "ending": null, "endingNote": null,
        "version": 1, "person": {"id": person(someone)}, "births": [],
    });
    assert_eq!(pregnancy, expected);
    let states = |all: Vec<(String, Json)>| all.into_iter().map(|(state, _)| state).collect::<Vec<_>>();
    let after = ["UPCOMING"; 5];
    let shown = states(controls(&clinician, &pregnancy["id"]).await);
    assert_eq!(shown[..3], ["BEFORE", "BEFORE", "MISSED"], "{shown:?}");
    assert_eq!(shown[3..], after);

    // A visit for a prenatal control within its weeks holds it; another visit does not.
    for (specialty, day, held) in [("GENERAL", "2022-01-10", false), ("PRENATAL", "2022-01-12", true)] {
        let opened = json!({"person": person(someone), "specialty": specialty, "occurredAt": format!("{day}T18:00:00Z")});
        let types = "person: ID!, specialty: Specialty!, occurredAt: DateTime";
        let opened = mutate(&clinician, "openVisit", types, "visit { id }", &opened).await;
        let visit = at(&opened, "data.openVisit.visit.id").clone();
        let closed = json!({"visit": visit, "version": 1, "occurredAt": format!("{day}T19:00:00Z")});
        mutate(
            &clinician,
            "closeVisit",
            "visit: ID!, version: Int!, occurredAt: DateTime",
            "visit { id }",
            &closed,
        )
        .await;
        let control = controls(&clinician, &pregnancy["id"]).await.swap_remove(2);
        let expected = if held { ("HELD".to_owned(), visit) } else { ("MISSED".to_owned(), Json::Null) };
        assert_eq!(control, expected, "{specialty}");
    }
    let document = "{ prenatalControls(state: UPCOMING) { state pregnancy { id endedAt } dueFrom } }";
    let upcoming = clinician.query(document).await;
    let upcoming = at(&upcoming, "data.prenatalControls").as_array().unwrap();
    assert_eq!(upcoming.iter().filter(|control| at(control, "pregnancy.id") == &pregnancy["id"]).count(), 5);
    let lasts = |control: &Json| control["state"] == "UPCOMING" && at(control, "pregnancy.endedAt").is_null();
    assert!(upcoming.iter().all(lasts));
    assert!(upcoming.windows(2).all(|two| two[0]["dueFrom"].as_str() <= two[1]["dueFrom"].as_str()));

    // One lasts at a time.
    let second = record(&clinician, someone, json!({"dueOn": "2022-07-01"})).await;
    assert_eq!(outcome(&second), "StateConflict", "{second}");
    let ended = |version: i32, ending: &str| json!({"pregnancy": pregnancy["id"], "version": version, "ending": ending, "note": "Ozwazul"});
    assert_eq!(at(&end(&clinician, ended(1, "BIRTH")).await, "data.endPregnancy.argument"), "ending");
    assert_eq!(outcome(&end(&clinician, ended(7, "LOSS")).await), "VersionConflict");
    let mut arguments = ended(1, "LOSS");
    arguments["idempotencyKey"] = json!(fresh_key());
    for _ in 0..2 {
        let lost = end(&clinician, arguments.clone()).await;
        let lost = at(&lost, "data.endPregnancy.pregnancy");
        assert_eq!(
            (&lost["ending"], &lost["endingNote"], &lost["version"]),
            (&json!("LOSS"), &json!("Ozwazul"), &json!(2))
        );
        assert!(lost["endedAt"].is_string(), "{lost}");
    }
    assert_eq!(outcome(&end(&clinician, ended(2, "UNKNOWN")).await), "StateConflict");
    let shown = states(controls(&clinician, &pregnancy["id"]).await);
    assert_eq!(shown[..4], ["BEFORE", "BEFORE", "HELD", "NOT_NEEDED"], "{shown:?}");
    // Then another may begin.
    let next = record(&clinician, someone, json!({"dueOn": "2022-10-01"})).await;
    assert_eq!(at(&next, "data.recordPregnancy.pregnancy.lastPeriodOn"), "2021-12-25", "{next}");

    for (stated, argument) in [
        (json!({}), "lastPeriodOn, or dueOn"),
        (json!({"lastPeriodOn": "2022-01-01", "dueOn": "2022-10-08"}), "lastPeriodOn, or dueOn"),
        (json!({"lastPeriodOn": "2022-02-01"}), "lastPeriodOn"),
        (json!({"lastPeriodOn": "2021-01-01"}), "lastPeriodOn"),
        (json!({"dueOn": "2023-01-01"}), "dueOn"),
        (json!({"dueOn": "2022-07-01", "note": " "}), "note"),
        (json!({"dueOn": "2022-07-01", "occurredAt": "2022-02-01T00:00:00Z"}), "occurredAt"),
    ] {
        let refused = record(&clinician, others(&world).await[1], stated.clone()).await;
        assert_eq!(at(&refused, "data.recordPregnancy.argument"), argument, "{stated} {refused}");
    }

    // Nobody else reads of it; the record of care does not say what it is, and the journal calls it what it calls all care.
    let document = format!(
        "{{ node(id: {}) {{ ... on Person {{ pregnancies {{ dueOn }} birth {{ id }} }} }} }}",
        person(someone)
    );
    let shown = clinician.query(&document).await;
    assert_eq!(
        at(&shown, "data.node"),
        &json!({"pregnancies": [{"dueOn": "2022-06-24"}, {"dueOn": "2022-10-01"}], "birth": null})
    );
    assert_eq!(codes(&asking(&world, COORDINATOR).query(&document).await), ["FIELD_FORBIDDEN"; 2]);
    let query = "{ prenatalControls { number } }";
    assert_eq!(codes(&asking(&world, COORDINATOR).query(query).await), ["FIELD_FORBIDDEN"]);
    let row = world
        .database()
        .await
        .query_one(
            "SELECT string_agg(encode(record, 'escape'), '') || (SELECT string_agg(t::text, '') FROM idempotency_keys t), \
                 count(DISTINCT length(record)) FROM care_records",
            &[],
        )
        .await
        .unwrap();
    let held: String = row.get(0);
    assert!(!held.contains("Ozwazul") && !held.to_lowercase().contains("pregnan") && !held.contains("LOSS"));
    assert_eq!(row.get::<_, i64>(1), 1, "all are of one length");
    let entry = entries(&world, "health.recordCare", someone).await.swap_remove(0);
    assert_eq!(entry["classes"], json!(["HEALTH"]));
    world.stop().await;
}

/// The database holds it, whoever is faster.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_record_a_pregnancy_of_one_person_one_does() {
    let world = World::start().await;
    let someone = others(&world).await[0];
    let tries = (0..5).map(|_| {
        let client = asking(&world, CLINICIAN);
        async move { outcome(&record(&client, someone, json!({"dueOn": "2022-07-01"})).await) }
    });
    let mut outcomes = futures_util::future::join_all(tries).await;
    outcomes.sort();
    let expected: Vec<&str> = ["RecordPregnancyPayload"].into_iter().chain(["StateConflict"; 4]).collect();
    assert_eq!(outcomes, expected);
    world.stop().await;
}
