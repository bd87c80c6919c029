//! Vaccinations: each dose once, out of a lot that is neither expired nor recalled or as declared; and how far a person's scheme is.

use enlace_tests::{Client, World, at, codes, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::prescriptions::medicine;
use super::{CLINICIAN, COORDINATOR, asking, lodgers, mutate, person};
use crate::people::entries;

const SHOWN: &str = "vaccination { id vaccine dose givenAt place lot { id } person { id } }";

async fn vaccinate(client: &Client, of: Uuid, vaccine: &str, dose: i32, more: Json) -> Json {
    let mut arguments = json!({"person": person(of), "vaccine": vaccine, "dose": dose});
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    let types = "person: ID!, vaccine: Vaccine!, dose: Int!, item: ID, from: ID, lot: ID, outOfOrder: String, place: String, \
                 occurredAt: DateTime";
    mutate(client, "recordVaccination", types, SHOWN, &arguments).await
}

async fn scheme(client: &Client, of: Uuid) -> Json {
    let document = "query($person: ID!) { vaccinationScheme(person: $person) { rule complete doses { vaccine due given missing } } }";
    let answer = client.run(document, json!({"person": person(of)})).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    at(&answer, "data.vaccinationScheme").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dose_is_given_out_of_a_lot_or_declared_once_and_the_scheme_follows() {
    let world = World::start().await;
    let clinician = asking(&world, CLINICIAN);
    let someone = lodgers(&world, true).await[0];
    let medicine = medicine(&world).await;
    let before = medicine.held(&world).await;
    let expected = json!({
        "rule": "ENLACE-VACCINES/1", "complete": false,
        "doses": [{"vaccine": "TD", "due": 1, "given": 0, "missing": [1]}, {"vaccine": "COVID_19", "due": 2, "given": 0, "missing": [1, 2]}],
    });
    assert_eq!(scheme(&clinician, someone).await, expected);

    // Given here: one unit leaves the store, out of the lot that expires first, and the ledger names nobody.
    let here = || json!({"item": medicine.item, "from": medicine.store});
    let given = vaccinate(&clinician, someone, "COVID_19", 1, here()).await;
    assert_eq!(outcome(&given), "RecordVaccinationPayload", "{given}");
    let given = at(&given, "data.recordVaccination.vaccination").clone();
    let first = medicine.lots[0].0;
    let expected = json!({
        "id": given["id"], "vaccine": "COVID_19", "dose": 1, "givenAt": given["givenAt"], "place": null,
        "lot": {"id": enlace_tests::id("lot", first)}, "person": {"id": person(someone)},
    });
    assert_eq!(given, expected);
    assert_eq!(medicine.held(&world).await[0], before[0] - 1);
    // A dose is recorded once; what was taken for it stays in the store then.
    assert_eq!(outcome(&vaccinate(&clinician, someone, "COVID_19", 1, here()).await), "StateConflict");
    assert_eq!(medicine.held(&world).await[0], before[0] - 1);

    // Given elsewhere: as declared, out of no lot.
    let elsewhere = json!({"place": "Clínica Ozwazul, Santiago", "occurredAt": "2021-08-01T15:00:00Z"});
    let declared = vaccinate(&clinician, someone, "COVID_19", 2, elsewhere).await;
    let declared = at(&declared, "data.recordVaccination.vaccination");
    assert_eq!(
        (&declared["lot"], &declared["givenAt"]),
        (&Json::Null, &json!("2021-08-01T15:00:00Z")),
        "{declared}"
    );
    let card = json!({"place": "Cartilla"});
    vaccinate(&clinician, someone, "TD", 1, card.clone()).await;
    let done = scheme(&clinician, someone).await;
    assert_eq!((&done["complete"], at(&done, "doses.1.given")), (&json!(true), &json!(2)), "{done}");
    // What is not due by age is kept, and due of nobody.
    vaccinate(&clinician, someone, "INFLUENZA", 1, card).await;
    let done = scheme(&clinician, someone).await;
    let influenza = json!({"vaccine": "INFLUENZA", "due": 0, "given": 1, "missing": []});
    assert!(done["doses"].as_array().unwrap().contains(&influenza) && done["complete"] == true, "{done}");

    // A lot that was recalled is neither taken by itself nor by its name.
    let recall = "UPDATE lots SET recalled_at = '2022-01-30', recall_reason = 'Contaminated' WHERE id = $1";
    world.database().await.execute(recall, &[&first]).await.unwrap();
    let mut named = here();
    (named["lot"], named["outOfOrder"]) = (json!(enlace_tests::id("lot", first)), json!("Ninguna otra"));
    assert_eq!(outcome(&vaccinate(&clinician, someone, "HPV", 1, named).await), "GoodsUnfit");
    let other = vaccinate(&clinician, someone, "HPV", 1, here()).await;
    let second = enlace_tests::id("lot", medicine.lots[1].0);
    assert_eq!(at(&other, "data.recordVaccination.vaccination.lot.id"), &json!(second), "{other}");

    for (more, argument) in [
        (json!({}), "item and from, or place"),
        (json!({"item": medicine.item}), "item and from, or place"),
        (
            json!({"item": medicine.item, "from": medicine.store, "place": "Cartilla"}),
            "item and from, or place",
        ),
        (json!({"place": " "}), "place"),
        (json!({"place": "Cartilla", "dose": 11}), "dose"),
        (json!({"place": "Cartilla", "occurredAt": "2022-02-01T00:00:00Z"}), "occurredAt"),
        (json!({"place": "Cartilla", "person": person(Uuid::from_u128(7))}), "person"),
    ] {
        let refused = vaccinate(&clinician, someone, "BCG", 1, more.clone()).await;
        assert_eq!(at(&refused, "data.recordVaccination.argument"), argument, "{more} {refused}");
    }

    // Nobody else reads of it; in the database it looks as a pregnancy does, and its lot is in no row in the clear.
    let document = format!(
        "{{ node(id: {}) {{ ... on Person {{ vaccinations {{ vaccine dose }} }} }} }}",
        person(someone)
    );
    let shown = clinician.query(&document).await;
    assert_eq!(at(&shown, "data.node.vaccinations").as_array().unwrap().len(), 5, "{shown}");
    let coordinator = asking(&world, COORDINATOR);
    assert_eq!(codes(&coordinator.query(&document).await), ["FIELD_FORBIDDEN"]);
    let document = format!("{{ vaccinationScheme(person: {}) {{ rule }} }}", person(someone));
    assert_eq!(codes(&coordinator.query(&document).await), ["FIELD_FORBIDDEN"]);
    let statement = "SELECT string_agg(encode(record, 'escape'), ''), count(DISTINCT length(record)), string_agg(t::text, ''), \
                         (SELECT string_agg(m::text, '') FROM movements m) FROM care_records t";
    let row = world.database().await.query_one(statement, &[]).await.unwrap();
    let (sealed, rows, ledger): (String, String, String) = (row.get(0), row.get(2), row.get(3));
    assert!(!sealed.contains("Ozwazul") && !sealed.contains("COVID") && !rows.contains(&first.to_string()));
    assert_eq!(row.get::<_, i64>(1), 1, "all are of one length");
    assert!(!ledger.contains(&someone.to_string()));
    let entry = entries(&world, "health.recordCare", someone).await.swap_remove(0);
    assert_eq!(entry["classes"], json!(["HEALTH"]));
    world.stop().await;
}
