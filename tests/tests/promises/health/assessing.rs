//! Assessments: the risk is computed, and what others are told is where a person is to be placed.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{CLINICIAN, COORDINATOR, LEAD, asking, lodgers, mutate, person};
use crate::people::entries;

const FIELDS: &str = "id assessedAt temperatureDecicelsius pulse respiratoryRate systolicMmhg diastolicMmhg oxygenSaturation \
                      weightGrams heightCentimetres symptoms risk riskRule consultationAdvised";

async fn assess(client: &Client, arguments: &Json) -> Json {
    let types = "assessment: ID, person: ID!, vitals: VitalSigns!, symptoms: [Symptom!]!, placement: PlacementInput, version: Int, \
                 occurredAt: DateTime";
    let shows = format!("assessment {{ {FIELDS} }} person {{ version segment bedNeeds }}");
    mutate(client, "recordAssessment", types, &shows, arguments).await
}

fn found(of: Uuid, vitals: &Json, symptoms: &Json) -> Json {
    json!({"person": person(of), "vitals": vitals, "symptoms": symptoms})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assessment_computes_its_risk_and_says_in_the_same_request_where_a_person_is_to_be_placed() {
    let world = World::start().await;
    let clinician = asking(&world, CLINICIAN);
    let someone = lodgers(&world, true).await[0];
    let vitals = json!({
        "temperatureDecicelsius": 385, "pulse": 96, "respiratoryRate": 22, "systolicMmhg": 118, "diastolicMmhg": 76,
        "oxygenSaturation": 93, "weightGrams": 61_500, "heightCentimetres": 164,
    });
    let mut arguments = found(someone, &vitals, &json!(["FEVER", "COUGH"]));
    arguments["assessment"] = json!(enlace_tests::id("assessment", Uuid::now_v7()));
    arguments["placement"] = json!({"segment": "RESPIRATORY_RISK", "bedNeeds": ["APART"]});
    arguments["occurredAt"] = json!("2022-01-31T15:00:00Z");
    arguments["idempotencyKey"] = json!(fresh_key());

    // Where a placement is given it is by the version that the caller saw, and nothing is kept otherwise.
    let without = assess(&clinician, &arguments).await;
    assert_eq!(at(&without, "data.recordAssessment.argument"), "version", "{without}");
    arguments["version"] = json!(2);
    arguments["idempotencyKey"] = json!(fresh_key());
    assert_eq!(outcome(&assess(&clinician, &arguments).await), "VersionConflict");
    arguments["version"] = json!(1);
    arguments["idempotencyKey"] = json!(fresh_key());
    let mut expected = vitals.clone();
    for (name, value) in [
        ("id", arguments["assessment"].clone()),
        ("assessedAt", json!("2022-01-31T15:00:00Z")),
        ("symptoms", json!(["FEVER", "COUGH"])),
        ("risk", json!("MODERATE")),
        ("riskRule", json!("ENLACE-TRIAGE/1")),
        ("consultationAdvised", json!(true)),
    ] {
        expected[name] = value;
    }
    for _ in 0..2 {
        let answer = assess(&clinician, &arguments).await;
        assert_eq!(at(&answer, "data.recordAssessment.assessment"), &expected, "{answer}");
        let placed = json!({"version": 2, "segment": "RESPIRATORY_RISK", "bedNeeds": ["APART"]});
        assert_eq!(at(&answer, "data.recordAssessment.person"), &placed);
    }

    // The shelter reads where the person belongs, and nothing of why.
    let document = "query($id: ID!) { node(id: $id) { ... on Person { segment bedNeeds assessments { risk } visits { id } } } }";
    let seen = asking(&world, LEAD).run(document, json!({"id": person(someone)})).await;
    let expected =
        json!({"segment": "RESPIRATORY_RISK", "bedNeeds": ["APART"], "assessments": null, "visits": null});
    assert_eq!(at(&seen, "data.node"), &expected, "{seen}");
    assert_eq!(codes(&seen), ["FIELD_FORBIDDEN", "FIELD_FORBIDDEN"]);

    // The journal has it as HEALTH and PLACEMENT of the person; nothing of it lies there, or with the answer, in the clear.
    let entry = entries(&world, "health.recordAssessment", someone).await.swap_remove(0);
    assert_eq!((&entry["classes"], &entry["subjectCount"]), (&json!(["HEALTH", "PLACEMENT"]), &json!(1)));
    let statement = "SELECT (SELECT count(*) FROM assessments WHERE person_id = $1), \
                     (SELECT count(*) FROM idempotency_keys WHERE answer ILIKE '%fever%' OR answer ILIKE '%moderate%'), \
                     (SELECT count(*) FROM journal_entries t WHERE encode(convert_to(t::text, 'utf8'), 'escape') ILIKE '%respiratory%')";
    let row = world.database().await.query_one(statement, &[&someone]).await.unwrap();
    assert_eq!(
        [0, 1, 2].map(|place| row.get::<_, i64>(place)),
        [2, 0, 0],
        "the demonstration's, and this one"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_of_anybody_is_refused_by_its_place_and_by_whom_it_may_not_be_written() {
    let world = World::start().await;
    let clinician = asking(&world, CLINICIAN);
    let [someone, erased] = <[Uuid; 2]>::try_from(lodgers(&world, true).await[..2].to_vec()).unwrap();
    for (vitals, argument) in [
        (json!({"temperatureDecicelsius": 38}), "vitals.temperatureDecicelsius"),
        (json!({"temperatureDecicelsius": 451}), "vitals.temperatureDecicelsius"),
        (json!({"pulse": 19}), "vitals.pulse"),
        (json!({"respiratoryRate": 3}), "vitals.respiratoryRate"),
        (json!({"systolicMmhg": 39, "diastolicMmhg": 30}), "vitals.systolicMmhg"),
        (json!({"systolicMmhg": 120, "diastolicMmhg": 201}), "vitals.diastolicMmhg"),
        (json!({"systolicMmhg": 80, "diastolicMmhg": 80}), "vitals.diastolicMmhg"),
        (json!({"systolicMmhg": 120}), "vitals.diastolicMmhg"),
        (json!({"oxygenSaturation": 101}), "vitals.oxygenSaturation"),
        (json!({"weightGrams": 61}), "vitals.weightGrams"),
        (json!({"heightCentimetres": 1}), "vitals.heightCentimetres"),
    ] {
        let answer = assess(&clinician, &found(someone, &vitals, &json!([]))).await;
        assert_eq!(at(&answer, "data.recordAssessment.argument"), argument, "{vitals} {answer}");
    }
    let twice = assess(&clinician, &found(someone, &json!({}), &json!(["PAIN", "PAIN"]))).await;
    assert_eq!(at(&twice, "data.recordAssessment.argument"), "symptoms");
    let mut tomorrow = found(someone, &json!({}), &json!([]));
    tomorrow["occurredAt"] = json!("2022-02-01T18:00:00Z");
    let tomorrow = assess(&clinician, &tomorrow).await;
    assert_eq!(at(&tomorrow, "data.recordAssessment.argument"), "occurredAt");
    let nobody = assess(&clinician, &found(Uuid::from_u128(7), &json!({}), &json!([]))).await;
    assert_eq!(at(&nobody, "data.recordAssessment.argument"), "person");

    // Of a minor the pulse is kept and not judged.
    let minor = lodgers(&world, false).await[0];
    for (of, risk) in [(someone, "HIGH"), (minor, "LOW")] {
        let answer = assess(&clinician, &found(of, &json!({"pulse": 140}), &json!([]))).await;
        assert_eq!(at(&answer, "data.recordAssessment.assessment.risk"), risk, "{answer}");
    }
    // An id that is taken stays what it is.
    let mut known = found(someone, &json!({}), &json!([]));
    let row = world.database().await.query_one("SELECT id FROM assessments LIMIT 1", &[]).await.unwrap();
    known["assessment"] = json!(enlace_tests::id("assessment", row.get(0)));
    assert_eq!(outcome(&assess(&clinician, &known).await), "StateConflict");
    // Of whom everything was erased nothing more is kept.
    world.keys().await.execute("DELETE FROM person_keys WHERE person_id = $1", &[&erased]).await.unwrap();
    assert_eq!(outcome(&assess(&clinician, &found(erased, &json!({}), &json!([]))).await), "StateConflict");

    let sound = found(someone, &json!({}), &json!([]));
    for stranger in
        [COORDINATOR, LEAD, ("NGO_BOTIQUIN_SOLIDARIO/partner", "HEALTH_CARE"), ("CNDH/witness", "OVERSIGHT")]
    {
        assert_eq!(codes(&assess(&asking(&world, stranger), &sound).await), ["FORBIDDEN"], "{stranger:?}");
    }
    assert_eq!(codes(&assess(&world.client(CLINICIAN.0), &sound).await), ["PURPOSE_REQUIRED"]);
    world.stop().await;
}
