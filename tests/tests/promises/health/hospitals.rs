//! Referrals to hospitals: sent in a visit, answered once, ended once.

use enlace_tests::{Client, World, at, codes, outcome};
use serde_json::{Value as Json, json};

use super::{CLINICIAN, COORDINATOR, asking, lodgers, mutate, person};

const SHOWN: &str = "medicalReferral { id state referredAt answeredAt endedAt hospital specialty reason answer outcome version person { id } }";

async fn refer(client: &Client, visit: &Json) -> Json {
    let arguments = json!({"visit": visit, "hospital": "Hospital General Ozwazul", "specialty": "SPECIALIST", "reason": "Fractura expuesta"});
    mutate(
        client,
        "referToHospital",
        "visit: ID!, hospital: String!, specialty: Specialty!, reason: String!",
        SHOWN,
        &arguments,
    )
    .await
}

async fn answer(client: &Client, referral: &Json, version: i32, accepted: bool, at: Option<&str>) -> Json {
    let types = "medicalReferral: ID!, version: Int!, accepted: Boolean!, note: String, occurredAt: DateTime";
    let arguments = json!({"medicalReferral": referral, "version": version, "accepted": accepted, "note": "Cama 4", "occurredAt": at});
    mutate(client, "answerMedicalReferral", types, SHOWN, &arguments).await
}

async fn end(client: &Client, referral: &Json, version: i32, outcome: &str) -> Json {
    let arguments = json!({"medicalReferral": referral, "version": version, "outcome": outcome});
    mutate(
        client,
        "endMedicalReferral",
        "medicalReferral: ID!, version: Int!, outcome: String!",
        SHOWN,
        &arguments,
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_sent_answered_and_ended_and_none_of_it_is_taken_back() {
    let world = World::start().await;
    let clinician = asking(&world, CLINICIAN);
    let someone = lodgers(&world, true).await[0];
    let opened = json!({"person": person(someone), "specialty": "GENERAL"});
    let opened =
        mutate(&clinician, "openVisit", "person: ID!, specialty: Specialty!", "visit { id }", &opened).await;
    let visit = at(&opened, "data.openVisit.visit.id").clone();
    let sent = refer(&clinician, &visit).await;
    assert_eq!(outcome(&sent), "ReferToHospitalPayload", "{sent}");
    let sent = at(&sent, "data.referToHospital.medicalReferral").clone();
    let expected = json!({
        "id": sent["id"], "state": "SENT", "referredAt": sent["referredAt"], "answeredAt": null, "endedAt": null,
        "hospital": "Hospital General Ozwazul", "specialty": "SPECIALIST", "reason": "Fractura expuesta", "answer": null,
        "outcome": null, "version": 1, "person": {"id": person(someone)},
    });
    assert_eq!(sent, expected);

    // Nothing ends that was not taken, nothing is answered before it was sent, and by an earlier version nothing happens.
    let id = &sent["id"];
    assert_eq!(outcome(&end(&clinician, id, 1, "Alta").await), "StateConflict");
    assert_eq!(
        outcome(&answer(&clinician, id, 1, true, Some("2022-01-01T00:00:00Z")).await),
        "StateConflict"
    );
    assert_eq!(outcome(&answer(&clinician, id, 7, true, None).await), "VersionConflict");
    let taken = answer(&clinician, id, 1, true, None).await;
    let taken = at(&taken, "data.answerMedicalReferral.medicalReferral");
    assert_eq!(
        (&taken["state"], &taken["answer"], &taken["version"]),
        (&json!("ACCEPTED"), &json!("Cama 4"), &json!(2))
    );
    assert!(taken["answeredAt"].is_string());
    assert_eq!(outcome(&answer(&clinician, id, 2, false, None).await), "StateConflict");
    assert_eq!(at(&end(&clinician, id, 2, " ").await, "data.endMedicalReferral.argument"), "outcome");
    let ended = end(&clinician, id, 2, "Alta por mejoría").await;
    let ended = at(&ended, "data.endMedicalReferral.medicalReferral");
    assert_eq!(
        (&ended["state"], &ended["outcome"], &ended["version"]),
        (&json!("ENDED"), &json!("Alta por mejoría"), &json!(3))
    );
    assert_eq!(outcome(&end(&clinician, id, 3, "Otra").await), "StateConflict");

    // One that is declined is over; another may follow it, while the visit is open.
    let second = refer(&clinician, &visit).await;
    let second = at(&second, "data.referToHospital.medicalReferral.id").clone();
    let declined = answer(&clinician, &second, 1, false, None).await;
    assert_eq!(at(&declined, "data.answerMedicalReferral.medicalReferral.state"), "DECLINED", "{declined}");
    assert_eq!(outcome(&end(&clinician, &second, 2, "Alta").await), "StateConflict");
    let arguments = json!({"visit": visit, "version": 1});
    mutate(&clinician, "closeVisit", "visit: ID!, version: Int!", "visit { id }", &arguments).await;
    assert_eq!(outcome(&refer(&clinician, &visit).await), "StateConflict");

    let document =
        format!("{{ node(id: {}) {{ ... on Person {{ medicalReferrals {{ state }} }} }} }}", person(someone));
    let shown = clinician.query(&document).await;
    assert_eq!(at(&shown, "data.node.medicalReferrals"), &json!([{"state": "ENDED"}, {"state": "DECLINED"}]));
    assert_eq!(codes(&asking(&world, COORDINATOR).query(&document).await), ["FIELD_FORBIDDEN"]);
    let statement = "SELECT string_agg(encode(record, 'escape'), '') FROM medical_referrals";
    let held: String = world.database().await.query_one(statement, &[]).await.unwrap().get(0);
    assert!(!held.contains("Ozwazul") && !held.contains("Fractura"));
    world.stop().await;
}
