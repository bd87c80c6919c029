//! Each read of people in care is in the journal before it leaves (R9, R21), and the journal is read by those who may.

use std::collections::BTreeSet;

use enlace_tests::{World, at, codes};
use serde_json::{Value as Json, json};

use super::asking;

const JOURNAL: &str = "query($operation: String, $class: String, $first: Int) {
  journal(operation: $operation, class: $class, first: $first) { totalCount nodes {
    index operation actor roles policyVersion classes purpose subjectCount agency { code } subjects { person } } } }";

const OF_ONE: &str =
    "query($person: ID!) { journal(person: $person) { totalCount nodes { agency { code } } } }";

/// How many reads the journal has, in their place or on their way to it.
async fn head(world: &World) -> i64 {
    let statement = "SELECT count(*) FROM journal_entries WHERE operation = 'journal.read'";
    world.database().await.query_one(statement, &[]).await.unwrap().get(0)
}

/// Reads the journal until it holds so many reads.
async fn reads(world: &World, count: usize) -> Vec<Json> {
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    for _ in 0..500 {
        let answer = coordinator.run(JOURNAL, json!({"operation": "journal.read"})).await;
        let nodes =
            at(&answer, "data.journal.nodes").as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        if nodes.len() >= count {
            return nodes;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the journal has fewer reads than {count}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_in_the_journal_with_whom_what_and_what_for() {
    let world = World::start().await;
    let educator = asking(&world, ("INEA/educator", "EDUCATION"));
    let page =
        educator.query("{ persons(first: 3) { nodes { id givenNames kinship migrationStatus } } }").await;
    // It is there as soon as the answer is, though perhaps not yet in its place.
    assert_eq!(head(&world).await, 1);
    let shown: BTreeSet<String> = at(&page, "data.persons.nodes")
        .as_array()
        .unwrap()
        .iter()
        .map(|person| person["id"].as_str().unwrap().to_owned())
        .collect();
    let entry = reads(&world, 1).await.swap_remove(0);
    assert_eq!(entry["classes"], json!(["FAMILY", "IDENTITY"]), "a refused class was not read");
    assert_eq!((&entry["purpose"], &entry["subjectCount"]), (&json!("EDUCATION"), &json!(3)));
    assert_eq!((at(&entry, "agency.code"), &entry["roles"]), (&json!("INEA"), &json!(["educator"])));
    let told: BTreeSet<String> = entry["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| subject["person"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, shown);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_shows_nobody_leaves_no_entry() {
    let world = World::start().await;
    for (caller, purpose, document) in [
        ("SEDENA/kitchen", "RECEPTION", "{ persons { nodes { id } } }"),
        ("ACNUR/donor", "HOUSING", "{ persons { totalCount nodes { id givenNames } } }"),
        ("DIF_MUNICIPAL/coordinator", "RECEPTION", "{ shelters { code } }"),
    ] {
        world.client(caller).stating(purpose).query(document).await;
    }
    assert_eq!(head(&world).await, 0);
    world.stop().await;
}

/// Where the entry cannot be written, nothing is shown.
#[tokio::test(flavor = "multi_thread")]
async fn no_entry_no_data() {
    let world = World::start().await;
    let database = world.database().await;
    database.batch_execute("REVOKE INSERT ON journal_entries FROM enlace_app").await.unwrap();
    let answer = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"))
        .query("{ persons(first: 1) { nodes { givenNames } } }")
        .await;
    assert!(answer.get("data").is_none_or(Json::is_null), "{answer}");
    assert_eq!(codes(&answer).len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_read_by_the_coordinator_the_witnesses_and_each_agency_its_own() {
    let world = World::start().await;
    let page =
        asking(&world, ("INEA/educator", "EDUCATION")).query("{ persons(first: 1) { nodes { id } } }").await;
    let person = at(&page, "data.persons.nodes.0.id").clone();
    asking(&world, ("OIM/adviser", "PROTECTION"))
        .query("{ persons(first: 2) { nodes { givenNames } } }")
        .await;
    assert_eq!(reads(&world, 2).await.len(), 2);

    let run = async |caller: &str, variables: Json| world.client(caller).run(JOURNAL, variables).await;
    let of_one = world.client("DIF_MUNICIPAL/coordinator").run(OF_ONE, json!({"person": person})).await;
    assert_eq!(at(&of_one, "data.journal.nodes.0.agency.code"), "INEA");
    assert_eq!(at(&of_one, "data.journal.totalCount"), 1);
    let by_class = run("DIF_MUNICIPAL/coordinator", json!({"class": "IDENTITY"})).await;
    assert_eq!(at(&by_class, "data.journal.totalCount"), 2);

    // A witness sees what was done, and to whom by its own pseudonyms: whom others know by an id, it does not.
    let witnessed = run("CNDH/witness", json!({})).await;
    assert_eq!(at(&witnessed, "data.journal.totalCount"), 2);
    assert_eq!(at(&witnessed, "data.journal.nodes.0.subjectCount"), 1);
    let told = at(&witnessed, "data.journal.nodes.0.subjects.0.person");
    assert!(told.is_string() && *told != person, "{witnessed}");
    let asked = world.client("CNDH/witness").run(OF_ONE, json!({"person": person})).await;
    assert_eq!(at(&asked, "data.journal.totalCount"), 0);
    // An agency asks of its own part alone: another's shows neither there nor in the count.
    for (caller, count) in [("INEA/educator", 1), ("OIM/adviser", 0)] {
        let asked = world.client(caller).run(OF_ONE, json!({"person": person})).await;
        assert_eq!(at(&asked, "data.journal.totalCount"), count, "{caller} {asked}");
    }

    // Each agency sees its own part.
    for (caller, agency) in [("INEA/educator", "INEA"), ("OIM/adviser", "OIM")] {
        let own = run(caller, json!({})).await;
        assert_eq!(at(&own, "data.journal.totalCount"), 1, "{caller}");
        assert_eq!(at(&own, "data.journal.nodes.0.agency.code"), agency);
        assert_eq!(at(&own, "data.journal.nodes.0.subjects").as_array().map(Vec::is_empty), Some(false));
    }
    let none = run("SEDENA/kitchen", json!({})).await;
    assert_eq!(at(&none, "data.journal.totalCount"), 0);
    let public = world.public().run(JOURNAL, json!({})).await;
    assert_eq!(codes(&public), ["FIELD_FORBIDDEN"]);
    world.stop().await;
}
