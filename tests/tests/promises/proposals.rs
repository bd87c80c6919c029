//! Proposals where people are to lodge: they explain themselves, are of free beds alone, and part no family without saying so.

use std::collections::BTreeSet;

use enlace_tests::{Client, World, at, codes, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::lodging::{arrive, furnish, lodging, mutate};
use crate::reference::rows;

const ASK: &str = "query($household: ID, $persons: [ID!], $code: String, $first: Int) {
  placementProposals(household: $household, persons: $persons, pickupCode: $code, first: $first) {
    penalty roomLeft shelter { code } reasons { ground text count penalty }
    places { segmentFits unmetNeeds person { id } bed { id code state space { code } } } } }";

/// What is proposed, best first.
async fn proposed(client: &Client, variables: Json) -> Vec<Json> {
    let answer = client.run(ASK, variables).await;
    rows(&answer, "data.placementProposals").to_vec()
}

/// What speaks for a proposal, and against it.
fn grounds(proposal: &Json) -> Vec<&str> {
    rows(proposal, "reasons").iter().map(|reason| reason["ground"].as_str().unwrap()).collect()
}

fn beds(proposal: &Json) -> Vec<String> {
    rows(proposal, "places").iter().map(|place| at(place, "bed.id").as_str().unwrap().to_owned()).collect()
}

fn shelters(proposals: &[Json]) -> BTreeSet<&str> {
    proposals.iter().map(|proposal| at(proposal, "shelter.code").as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_says_what_speaks_for_it_and_is_of_free_beds_alone() {
    let world = World::start().await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION");
    let quiet = furnish(&world, "ALB-01", "EMB", &["LOWER_BED, NEAR_TOILETS", "COT", ""]).await;
    furnish(&world, "ALB-01", "FAM", &["", ""]).await;
    furnish(&world, "ALB-02", "FAM", &["", "", "", ""]).await;
    let family = [("PREGNANCY", "LOWER_BED"), ("FAMILY_NUCLEUS", ""), ("FAMILY_NUCLEUS", "COT")];
    let (household, _, members) = arrive(&world, &family).await;
    let asked = json!({"household": household, "first": 20});
    let first = proposed(&coordinator, asked.clone()).await;
    let best = &first[0];
    assert_eq!(grounds(best), ["SEGMENT_FITS", "NEEDS_MET", "ONE_SPACE", "LAST_BEDS"], "{best}");
    assert_eq!((&best["penalty"], &best["roomLeft"]), (&json!(1), &json!(0)));
    assert_eq!(beds(best).into_iter().collect::<BTreeSet<_>>(), quiet.iter().cloned().collect());
    for (place, member) in rows(best, "places").iter().zip(&members) {
        assert_eq!((at(place, "person.id"), &place["segmentFits"]), (&json!(member), &json!(true)));
        assert_eq!((at(place, "bed.state"), &place["unmetNeeds"]), (&json!("FREE"), &json!([])));
    }
    assert!(rows(best, "reasons").iter().all(|reason| reason["text"].as_str().unwrap().len() > 10));
    assert!(first.is_sorted_by_key(|proposal| proposal["penalty"].as_i64()), "{first:?}");
    assert_eq!(proposed(&coordinator, asked.clone()).await, first, "asked again, it is answered the same");
    assert_eq!(proposed(&coordinator, json!({"persons": members, "first": 20})).await, first);
    // Each read of it is in the journal.
    let read = "SELECT classes, cardinality(persons) FROM journal_entries WHERE operation = 'journal.read' ORDER BY id DESC LIMIT 1";
    let read = world.database().await.query_one(read, &[]).await.unwrap();
    assert!(read.get::<_, Vec<String>>(0).contains(&"PLACEMENT".to_owned()));
    assert_eq!(read.get::<_, i32>(1), 3);

    // What is kept for others is nobody's.
    let holding = format!("beds: [\"{}\"], until: \"2022-02-02T00:00:00Z\", note: \"Para mañana\"", quiet[1]);
    assert_eq!(outcome(&mutate(&coordinator, "holdBeds", &holding).await), "HoldBedsPayload");
    let then = proposed(&coordinator, asked.clone()).await;
    assert!(then.iter().all(|proposal| !beds(proposal).contains(&quiet[1])), "{then:?}");
    assert_eq!(grounds(&then[0]), ["SEGMENT_FITS", "NEEDS_UNMET", "ONE_SHELTER", "ROOM_LEFT"], "{}", then[0]);
    assert_eq!(then[0]["penalty"], 50);
    let chosen = beds(&then[0]);
    let lodged = mutate(&coordinator, "checkIn", &lodging(&members[..1], &chosen[..1])).await;
    assert_eq!(at(&lodged, "data.x.code"), "INVALID_ARGUMENT", "a family is lodged together: {lodged}");
    // Somebody of them lodges already: the others are proposed beds there first.
    let alone = lodging(&members[..1], &chosen[..1]) + ", reason: \"Los demás llegan mañana\"";
    assert_eq!(outcome(&mutate(&coordinator, "checkIn", &alone).await), "CheckInPayload");
    let rest = proposed(&coordinator, asked.clone()).await;
    assert_eq!(rows(&rest[0], "places").len(), 2, "who lies in a bed is asked no more: {}", rest[0]);
    assert!(grounds(&rest[0]).contains(&"KIN_IN_SHELTER"), "{}", rest[0]);
    assert!(
        rest.iter().all(|of| (at(of, "shelter.code") == "ALB-01") != grounds(of).contains(&"KIN_ELSEWHERE"))
    );
    assert!(rest.iter().all(|of| !beds(of).contains(&chosen[0])), "{rest:?}");
    // Nobody is sent to a shelter that is closed.
    let closing = "UPDATE spaces SET occupied = 0 WHERE beds = 0; UPDATE shelters SET closed_on = '2022-01-31' WHERE code = 'ALB-02'";
    world.database().await.batch_execute(closing).await.unwrap();
    let open = proposed(&coordinator, asked).await;
    assert!(shelters(&rest).contains("ALB-02") && !shelters(&open).contains("ALB-02"), "{open:?}");
    world.stop().await;
}

/// Only where no shelter has a bed for each of them are people placed apart, and then it is said.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_too_many_for_any_shelter_is_said_to_lie_apart() {
    let world = World::start().await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION");
    furnish(&world, "ALB-12", "FAM", &[""; 13]).await;
    let statement = "SELECT array_agg(id) FROM (SELECT id FROM persons WHERE id NOT IN (SELECT person_id FROM stays) ORDER BY id LIMIT 21) AS of";
    let people: Vec<Uuid> = world.database().await.query_one(statement, &[]).await.unwrap().get(0);
    let people: Vec<String> = people.into_iter().map(|key| enlace_tests::id("person", key)).collect();
    assert_eq!(proposed(&coordinator, json!({"persons": people[..16]})).await, Vec::<Json>::new());
    furnish(&world, "ALB-01", "FAM", &[""; 5]).await;
    let apart = proposed(&coordinator, json!({"persons": people[..16]})).await;
    assert_eq!(apart.len(), 1, "{apart:?}");
    assert!(grounds(&apart[0]).contains(&"APART"), "{}", apart[0]);
    assert_eq!(beds(&apart[0]).into_iter().collect::<BTreeSet<_>>().len(), 16);
    let together = proposed(&coordinator, json!({"persons": people[..13]})).await;
    assert!(together.iter().all(|of| !grounds(of).contains(&"APART")), "{together:?}");
    for (variables, argument) in [
        (json!({"persons": people}), "persons"),
        (json!({"persons": people[..1], "first": 21}), "first"),
        (json!({"persons": people[..1], "code": "00000000"}), "persons"),
    ] {
        let answer = coordinator.run(ASK, variables).await;
        assert_eq!(codes(&answer), ["INVALID_ARGUMENT"], "{answer}");
        assert_eq!(at(&answer, "errors.0.extensions.argument"), argument);
    }
    world.stop().await;
}

/// A shelter's lead is proposed beds of its own shelters alone: for whom it lodges, and for the household that shows its code, of whom it
/// is told no more than that.
#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_proposed_beds_of_its_own_shelters() {
    let world = World::start().await;
    furnish(&world, "ALB-01", "FAM", &["", "", ""]).await;
    furnish(&world, "ALB-02", "FAM", &["", "", ""]).await;
    furnish(&world, "ALB-12", "FAM", &["", ""]).await;
    let (household, code, members) = arrive(&world, &[("FAMILY_NUCLEUS", ""), ("FAMILY_NUCLEUS", "")]).await;
    let lead = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01").stating("RECEPTION");
    for unseen in [json!({"household": household}), json!({"persons": members}), json!({"code": "00000000"})]
    {
        assert_eq!(proposed(&lead, unseen).await, Vec::<Json>::new());
    }
    let found = proposed(&lead, json!({"code": code})).await;
    assert_eq!(shelters(&found), BTreeSet::from(["ALB-01"]), "{found:?}");
    assert!(rows(&found[0], "places").iter().all(|place| place["person"].is_null()), "{found:?}");
    let all = world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION");
    let all = proposed(&all, json!({"code": code})).await;
    assert_eq!(shelters(&all), BTreeSet::from(["ALB-01", "ALB-02", "ALB-12"]), "{all:?}");
    let showing = format!("pickupCode: \"{code}\", beds: {}", json!(beds(&found[0])));
    assert_eq!(outcome(&mutate(&lead, "checkIn", &showing).await), "CheckInPayload");
    // Now they are its own; who lodges elsewhere is not.
    let own = proposed(&lead, json!({"persons": members[..1]})).await;
    assert_eq!(shelters(&own), BTreeSet::from(["ALB-01"]), "{own:?}");
    assert_eq!(grounds(&own[0]), ["SEGMENT_FITS", "KIN_IN_SHELTER", "LAST_BEDS"], "{}", own[0]);
    let other = world.client("DIF_MUNICIPAL/shelter_lead@ALB-02").stating("RECEPTION");
    assert_eq!(proposed(&other, json!({"persons": members[..1]})).await, Vec::<Json>::new());
    let without = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01").run(ASK, json!({"code": code})).await;
    assert_eq!(codes(&without), ["PURPOSE_REQUIRED"]);
    for stranger in ["SEDENA/kitchen", "ACNUR/donor", "DIF_MUNICIPAL/donation_coordinator"] {
        let answer = world.client(stranger).stating("ASSISTANCE").run(ASK, json!({"code": code})).await;
        assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"], "{stranger} {answer}");
    }
    world.stop().await;
}
