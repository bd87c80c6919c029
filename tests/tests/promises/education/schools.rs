//! Places in schools: forward only, never for want of papers refused, and no more than a grade offers.

use std::sync::Arc;

use enlace_tests::{Client, World, at, codes, outcome};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::{COORDINATOR, PROGRAMMES, act, asking, child, is_sealed, people, shown, uuid};
use crate::lodging::problem;
use crate::people::entries;
use crate::reference::rows;

/// The first grade of a primary school that the coordinator registers, with so many places.
async fn grade(world: &World, places: usize) -> Json {
    let name = enlace_tests::fresh_key();
    let arguments = format!(
        "name: \"Primaria {name}\", level: PRIMARY, shift: MORNING, places: [{places}, 0, 0, 0, 0, 0]"
    );
    let school = act(&asking(world, COORDINATOR), "registerSchool", &arguments).await;
    rows(shown(&school, "school"), "grades")[0].clone()
}

/// What changes a place, by the version that it has.
async fn step(client: &Client, root: &str, place: &Json, more: &str) -> Json {
    act(client, root, &format!("schoolPlace: {}, version: {}{more}", place["id"], place["version"])).await
}

async fn request(client: &Client, grade: &Json, child: &str, more: &str) -> Json {
    act(client, "requestSchoolPlace", &format!("grade: {}, person: \"{child}\"{more}", grade["id"])).await
}

const SEEN: &str = ", seen: [BIRTH_CERTIFICATE, GUARDIAN_IDENTITY, VACCINATION_CARD]";

#[tokio::test(flavor = "multi_thread")]
async fn a_child_is_placed_once_each_document_was_seen_or_waived_and_not_before() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let grade = grade(&world, 2).await;
    let pupil = people(&world, &child(2015), 1).await.remove(0);
    let requested = request(&coordinator, &grade, &pupil, "").await;
    let place = shown(&requested, "schoolPlace").clone();
    let all = json!(["BIRTH_CERTIFICATE", "GUARDIAN_IDENTITY", "VACCINATION_CARD"]);
    assert_eq!((&place["state"], &place["documentsMissing"]), (&json!("REQUESTED"), &all));
    assert_eq!(problem(&request(&coordinator, &grade, &pupil, "").await), "STATE_CONFLICT");
    assert_eq!(problem(&step(&coordinator, "placeInSchool", &place, "").await), "STATE_CONFLICT");

    let some = step(&coordinator, "settleSchoolDocuments", &place, ", seen: [GUARDIAN_IDENTITY]").await;
    let some = shown(&some, "schoolPlace").clone();
    assert_eq!((&some["state"], &some["version"]), (&json!("REQUESTED"), &json!(2)));
    for unfit in [
        "",
        ", seen: [GUARDIAN_IDENTITY]",
        ", seen: [PREVIOUS_STUDIES]",
        ", waived: [BIRTH_CERTIFICATE]",
        ", seen: [BIRTH_CERTIFICATE], waiverReason: \"Sin motivo\"",
    ] {
        let refused = step(&coordinator, "settleSchoolDocuments", &some, unfit).await;
        assert_eq!(outcome(&refused), "InvalidValue", "{unfit}: {refused}");
    }
    assert_eq!(outcome(&step(&coordinator, "settleSchoolDocuments", &place, SEEN).await), "VersionConflict");
    let waived =
        ", seen: [VACCINATION_CARD], waived: [BIRTH_CERTIFICATE], waiverReason: \"La perdió en Zapoyotl\"";
    let complete = step(&coordinator, "settleSchoolDocuments", &some, waived).await;
    let complete = shown(&complete, "schoolPlace").clone();
    assert_eq!(
        (&complete["state"], &complete["provisional"], &complete["waivers"], &complete["documentsMissing"]),
        (&json!("DOCUMENTS_COMPLETE"), &json!(true), &json!(["La perdió en Zapoyotl"]), &json!([]))
    );
    let placed = step(&coordinator, "placeInSchool", &complete, "").await;
    let placed = shown(&placed, "schoolPlace").clone();
    assert_eq!((&placed["state"], &placed["placedOn"]), (&json!("PLACED"), &json!("2022-01-31")));
    let entry = entries(&world, "education.placeInSchool", uuid(&pupil)).await.swap_remove(0);
    assert!(entry["classes"].as_array().unwrap().contains(&json!("EDUCATION")), "{entry}");
    assert_eq!(
        problem(&step(&coordinator, "closeSchoolPlace", &placed, ", closing: FAMILY_LEFT").await),
        "STATE_CONFLICT"
    );
    is_sealed(&world, &["school_places", "school_place_documents"], "Zapoyotl").await;

    // What stands in the clear is what indicators count.
    let row = world
        .database()
        .await
        .query_one(
            "SELECT level, state, placed_on::text FROM school_places WHERE person_id = $1",
            &[&uuid(&pupil)],
        )
        .await
        .unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), ("PRIMARY", "PLACED", "2022-01-31"));
    // Erased, it is known that there is one, and nothing else of it.
    world
        .keys()
        .await
        .execute("DELETE FROM person_keys WHERE person_id = $1", &[&uuid(&pupil)])
        .await
        .unwrap();
    let read = format!(
        "{{ node(id: {}) {{ ... on SchoolPlace {{ state documentsSeen waivers provisional }} }} }}",
        placed["id"]
    );
    let erased = coordinator.query(&read).await;
    let expected = json!({"state": "PLACED", "documentsSeen": null, "waivers": null, "provisional": null});
    assert_eq!(at(&erased, "data.node"), &expected);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_age_fits_the_level_or_it_is_said_why_not() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let grade = grade(&world, 3).await;
    let [small, grown] =
        [people(&world, &child(2016), 1).await.remove(0), people(&world, &child(1990), 1).await.remove(0)];
    let refused = request(&coordinator, &grade, &small, "").await;
    assert_eq!(
        (outcome(&refused).as_str(), at(&refused, "data.x.argument")),
        ("InvalidValue", &json!("grade"))
    );
    let excepted = request(&coordinator, &grade, &small, ", ageException: \"Ya sabe leer\"").await;
    assert_eq!(shown(&excepted, "schoolPlace")["ageException"], "Ya sabe leer");
    // An adult's schooling is revalidated, whatever is said.
    assert_eq!(
        problem(&request(&coordinator, &grade, &grown, ", ageException: \"Quiere ir\"").await),
        "STATE_CONFLICT"
    );
    // A closed request makes room for another, and says whose decision it was.
    let place = shown(&excepted, "schoolPlace").clone();
    let closed =
        step(&coordinator, "closeSchoolPlace", &place, ", closing: NO_PLACE_LEFT, note: \"Grupo lleno\"")
            .await;
    let closed = shown(&closed, "schoolPlace");
    assert_eq!(
        (&closed["state"], &closed["closing"], &closed["ageException"]),
        (&json!("REFUSED"), &json!("NO_PLACE_LEFT"), &json!("Ya sabe leer"))
    );
    let again = request(&coordinator, &grade, &small, ", ageException: \"Ya sabe leer\"").await;
    let withdrawn =
        step(&coordinator, "closeSchoolPlace", shown(&again, "schoolPlace"), ", closing: OTHER_SCHOOL").await;
    assert_eq!(shown(&withdrawn, "schoolPlace")["state"], "WITHDRAWN");
    // The documents that the code asks for are those that the database holds.
    let needed = world.database().await.query("SELECT level, string_agg(document, ' ' ORDER BY document) FROM school_documents GROUP BY level ORDER BY level", &[]).await.unwrap();
    let needed: Vec<(String, String)> = needed.iter().map(|row| (row.get(0), row.get(1))).collect();
    let without_card = "BIRTH_CERTIFICATE GUARDIAN_IDENTITY PREVIOUS_STUDIES";
    let with_card = "BIRTH_CERTIFICATE GUARDIAN_IDENTITY VACCINATION_CARD";
    let expected = [("PRESCHOOL", with_card), ("PRIMARY", with_card), ("SECONDARY", without_card)];
    assert_eq!(needed, expected.map(|(level, all)| (level.to_owned(), all.to_owned())));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_eight_who_are_given_the_last_places_of_a_grade_as_many_have_one_as_it_offers() {
    let world = World::start().await;
    let coordinator = Arc::new(asking(&world, COORDINATOR));
    let grade = grade(&world, 3).await;
    let mut complete = Vec::new();
    for pupil in people(&world, &child(2014), 8).await {
        let place = request(&coordinator, &grade, &pupil, "").await;
        let settled = step(&coordinator, "settleSchoolDocuments", shown(&place, "schoolPlace"), SEEN).await;
        complete.push(shown(&settled, "schoolPlace").clone());
    }
    let each = complete.into_iter().map(|place| {
        let coordinator = Arc::clone(&coordinator);
        async move { outcome(&step(&coordinator, "placeInSchool", &place, "").await) }
    });
    let outcomes = join_all(each).await;
    let count = |wanted: &str| outcomes.iter().filter(|outcome| *outcome == wanted).count();
    assert_eq!((count("PlaceInSchoolPayload"), count("OverCapacity")), (3, 5), "{outcomes:?}");
    let offer = |places: i32| format!("grade: {}, version: 1, places: {places}", grade["id"]);
    assert_eq!(outcome(&act(&coordinator, "offerSchoolPlaces", &offer(2)).await), "OverCapacity");
    let offered = act(&coordinator, "offerSchoolPlaces", &offer(4)).await;
    assert_eq!(
        (&shown(&offered, "grade")["placed"], &shown(&offered, "grade")["places"]),
        (&json!(3), &json!(4))
    );
    assert_eq!(outcome(&act(&coordinator, "offerSchoolPlaces", &offer(5)).await), "VersionConflict");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_agency_arranges_places_of_its_own_and_lists_what_it_may_see() {
    let world = World::start().await;
    let programmes = asking(&world, PROGRAMMES);
    let elsewhere = grade(&world, 1).await;
    let pupil = people(&world, &child(2013), 1).await.remove(0);
    assert_eq!(outcome(&request(&programmes, &elsewhere, &pupil, "").await), "FORBIDDEN");
    let school = act(
        &programmes,
        "registerSchool",
        "name: \"Jardín\", level: PRESCHOOL, shift: MORNING, places: [1, 2]",
    )
    .await;
    assert_eq!(outcome(&school), "InvalidValue");
    let list = "{ schoolPlaces(first: 500) { totalCount nodes { id state agency { code } person { givenNames } } } }";
    let all = asking(&world, COORDINATOR).query(list).await;
    let own = programmes.query(list).await;
    let total = |answer: &Json| at(answer, "data.schoolPlaces.totalCount").as_i64().unwrap();
    assert!(total(&own) > 0 && total(&own) < total(&all), "{} {}", total(&own), total(&all));
    let placed = asking(&world, COORDINATOR).query("{ schoolPlaces(state: PLACED) { totalCount } }").await;
    assert!(total(&placed) > 0 && total(&placed) < total(&all));
    for stranger in ["ISESALUD/clinician", "SEDENA/kitchen", "DSPM/officer"] {
        assert_eq!(codes(&asking(&world, stranger).query(list).await), ["FIELD_FORBIDDEN"], "{stranger}");
    }
    let unstated = world.client(COORDINATOR).query(list).await;
    assert!(!codes(&unstated).is_empty(), "{unstated}");
    world.stop().await;
}
