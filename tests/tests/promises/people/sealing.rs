//! What lies in the database: nothing that tells of a person without their key (R21, R23).

use enlace_tests::{World, at, codes};
use serde_json::json;

use super::{asking, key, person_id};

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_database_tells_of_nobody() {
    let world = World::start().await;
    let clinician = asking(&world, ("ISESALUD/clinician", "HEALTH_CARE"));
    let answer = clinician
        .query("{ persons(first: 100) { nodes { givenNames familyNames nationality assessments { risk diagnoses { note } } } } }")
        .await;
    let said: Vec<String> = at(&answer, "data.persons.nodes")
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|person| {
            let notes = person["assessments"].as_array().unwrap().iter().flat_map(|assessment| {
                assessment["diagnoses"].as_array().unwrap().iter().map(|diagnosis| diagnosis["note"].clone())
            });
            [person["familyNames"].clone(), person["givenNames"].clone()]
                .into_iter()
                .chain(notes)
                .collect::<Vec<_>>()
        })
        // In a list no minor has a name.
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect();
    assert!(said.len() > 100);
    let database = world.database().await;
    for table in [
        "persons",
        "person_tokens",
        "households",
        "consents",
        "arco_requests",
        "referrals",
        "custody_transfers",
        "intakes",
        "assessments",
        "diagnoses",
        "visits",
        "prescriptions",
        "dispensings",
        "medical_referrals",
        "care_records",
        "births",
        "enrolments",
        "tenancies",
        "attendances",
        "school_places",
        "school_place_documents",
        "revalidations",
        "incident_people",
        "work_profiles",
        "job_applications",
        "job_placements",
        "job_follow_ups",
        "rfc_procedures",
        "job_attendances",
        "journal_entries",
    ] {
        // The bytes as text, so that what is not sealed shows.
        let rows = database
            .query(
                &format!(
                    "SELECT replace(encode(convert_to(t::text, 'utf8'), 'escape'), '\\', '') FROM {table} t"
                ),
                &[],
            )
            .await
            .unwrap();
        let held: String = rows.iter().map(|row| row.get::<_, String>(0)).collect();
        let bytes = bytes_of(&held);
        for text in &said {
            assert!(!held.contains(text.as_str()) && !bytes.contains(text.as_str()), "{table} holds {text}");
        }
    }
    world.stop().await;
}

/// What the columns of type bytea hold, which PostgreSQL writes as `\x6869`, read as text.
fn bytes_of(held: &str) -> String {
    held.split('x')
        .map(|part| part.split(|letter: char| !letter.is_ascii_hexdigit()).next().unwrap_or_default())
        .filter(|digits| digits.len() > 8)
        .map(|digits| {
            let pairs = digits.as_bytes().chunks_exact(2);
            let bytes: Vec<u8> = pairs
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect();
            String::from_utf8_lossy(&bytes).into_owned()
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whose key is destroyed is not known any more; the record of what was done stands.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_a_person_is_unreadable_and_their_record_stands() {
    let world = World::start().await;
    let coordinator = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"));
    let first = coordinator.query("{ persons(first: 1) { nodes { id code givenNames segment } } }").await;
    let person = at(&first, "data.persons.nodes.0");
    assert!(person["givenNames"].is_string() && person["segment"].is_string());
    let destroyed = world
        .keys()
        .await
        .execute("DELETE FROM person_keys WHERE person_id = $1", &[&key(&person["id"])])
        .await
        .unwrap();
    assert_eq!(destroyed, 1);
    let document = "query($id: ID!) { node(id: $id) { ... on Person { code givenNames familyNames birthDate segment } } }";
    let erased = coordinator.run(document, json!({"id": person_id(key(&person["id"]))})).await;
    let expected = json!({"code": person["code"], "givenNames": null, "familyNames": null, "birthDate": null, "segment": null});
    assert_eq!((at(&erased, "data.node"), codes(&erased).len()), (&expected, 0));
    world.stop().await;
}

/// A payload moved to another person's row, or altered, is an error and never another's data.
#[tokio::test(flavor = "multi_thread")]
async fn a_payload_opens_only_where_it_belongs() {
    let world = World::start().await;
    let coordinator = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"));
    let two = coordinator.query("{ persons(first: 2) { nodes { id } } }").await;
    let [one, other] = [0, 1].map(|place| key(&at(&two, &format!("data.persons.nodes.{place}"))["id"]));
    world
        .database()
        .await
        .execute(
            "UPDATE persons SET identity = (SELECT identity FROM persons WHERE id = $2) WHERE id = $1",
            &[&one, &other],
        )
        .await
        .unwrap();
    let answer = coordinator.query("{ persons(first: 2) { nodes { givenNames } } }").await;
    assert_eq!((at(&answer, "data.persons"), codes(&answer)), (&json!(null), vec!["INTERNAL".to_owned()]));
    world.stop().await;
}
