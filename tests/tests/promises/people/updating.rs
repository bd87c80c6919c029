//! What is known of a person, changed: class by class, by whoever may write it, and by the version that they saw.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::sharing::entries;
use super::{asking, key, person_id};

const COORDINATOR: (&str, &str) = ("DIF_MUNICIPAL/coordinator", "RECEPTION");
const LEAD: (&str, &str) = ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION");
const CLINICIAN: (&str, &str) = ("ISESALUD/clinician", "HEALTH_CARE");

const UPDATE: &str = "mutation($person: ID!, $version: Int!, $identity: IdentityInput, $family: FamilyInput, $migration: MigrationInput,
    $placement: PlacementInput, $at: DateTime, $key: String!) {
  updatePerson(person: $person, version: $version, identity: $identity, family: $family, migration: $migration, placement: $placement,
      occurredAt: $at, idempotencyKey: $key) {
    __typename ... on UpdatePersonPayload { person { id version } }
    ... on Problem { code message } ... on InvalidValue { argument } ... on VersionConflict { currentVersion } } }";

const PERSON: &str = "query($id: ID!) { node(id: $id) { ... on Person {
  version givenNames familyNames birthDate birthYear minor sex nationality languages documents curp photograph kinship maritalStatus
  migrationStatus migrationProcedure segment bedNeeds } } }";

/// Someone who lodges in a shelter: the head of a household, or another adult.
async fn someone(world: &World, shelter: &str, head: bool) -> Json {
    let statement = "SELECT persons.id FROM persons JOIN households ON households.id = household_id \
                     JOIN shelters ON shelters.id = persons.shelter_id \
                     WHERE shelters.code = $1 AND (head_id = persons.id) = $2 AND adult_from < '2022-01-01' ORDER BY persons.id LIMIT 1";
    let row = world.database().await.query_one(statement, &[&shelter, &head]).await.unwrap();
    json!(person_id(row.get(0)))
}

async fn read(client: &Client, person: &Json) -> Json {
    let answer = client.run(PERSON, json!({"id": person})).await;
    at(&answer, "data.node").clone()
}

async fn update(client: &Client, person: &Json, version: i64, stated: &Json) -> Json {
    let mut variables = stated.clone();
    variables["person"] = person.clone();
    variables["version"] = json!(version);
    if variables["key"].is_null() {
        variables["key"] = json!(fresh_key());
    }
    client.run(UPDATE, variables).await
}

fn identity() -> Json {
    json!({
        "givenNames": "Mirlande", "familyNames": "Ozwa Tenòk", "birthDate": "1990-03", "sex": "FEMALE", "nationality": "HTI",
        "languages": ["ht"], "documents": ["CONSULAR_ID HTI QQ-1"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stated_replaces_its_class_and_no_other() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let person = someone(&world, "ALB-01", true).await;
    let before = read(&coordinator, &person).await;
    let stated = json!({
        "identity": identity(), "migration": {"status": "REFUGEE", "procedure": "COMAR-QQ-7"}, "at": "2022-01-30T18:00:00Z",
        "key": fresh_key(),
    });
    for _ in 0..2 {
        let answer = update(&coordinator, &person, 1, &stated).await;
        assert_eq!(outcome(&answer), "UpdatePersonPayload", "{answer}");
        assert_eq!(at(&answer, "data.updatePerson.person"), &json!({"id": person, "version": 2}));
    }
    let mut expected = before.clone();
    let new = json!({
        "version": 2, "givenNames": "Mirlande", "familyNames": "Ozwa Tenòk", "birthDate": "1990-03", "birthYear": 1990, "minor": false,
        "sex": "FEMALE", "nationality": "HTI", "languages": ["ht"], "documents": ["CONSULAR_ID HTI QQ-1"], "curp": null,
        "photograph": null, "migrationStatus": "REFUGEE", "migrationProcedure": "COMAR-QQ-7",
    });
    for (name, value) in new.as_object().unwrap() {
        expected[name] = value.clone();
    }
    assert_eq!(read(&coordinator, &person).await, expected);

    let entry = entries(&world, "census.updatePerson", key(&person)).await.swap_remove(0);
    assert_eq!((&entry["classes"], &entry["subjectCount"]), (&json!(["IDENTITY", "MIGRATION"]), &json!(1)));
    let statement = "SELECT coalesce(string_agg(t::text, ' '), '') FROM journal_entries t WHERE operation = 'census.updatePerson'";
    let held: String = world.database().await.query_one(statement, &[]).await.unwrap().get(0);
    let hidden = "COMAR-QQ-7".bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
    assert!(held.len() > 100 && !held.contains(&hidden), "what the journal holds of a person is sealed");

    // Whoever saw an earlier version, or sends something else by the same key, is told so.
    let late = update(&coordinator, &person, 1, &json!({"identity": identity()})).await;
    assert_eq!(at(&late, "data.updatePerson.currentVersion"), 2, "{late}");
    let other = json!({"identity": identity(), "key": stated["key"]});
    assert_eq!(outcome(&update(&coordinator, &person, 2, &other).await), "IdempotencyConflict");
    world.stop().await;
}

/// From when somebody counts as an adult follows from their date of birth, and with it who sees them how.
#[tokio::test(flavor = "multi_thread")]
async fn another_date_of_birth_makes_a_minor() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let person = someone(&world, "ALB-01", false).await;
    let mut young = identity();
    young["birthDate"] = json!("2005");
    let answer = update(&coordinator, &person, 1, &json!({"identity": young})).await;
    assert_eq!(outcome(&answer), "UpdatePersonPayload", "{answer}");
    let known = read(&coordinator, &person).await;
    assert_eq!((&known["minor"], &known["birthYear"]), (&json!(true), &json!(2005)));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_class_is_changed_by_whoever_may_write_it() {
    let world = World::start().await;
    let [own, foreign] = [someone(&world, "ALB-01", true).await, someone(&world, "ALB-02", true).await];
    let [lead, clinician] = [asking(&world, LEAD), asking(&world, CLINICIAN)];
    let [placement, migration] =
        [json!({"segment": "PREGNANCY", "bedNeeds": ["APART"]}), json!({"status": "REFUGEE"})];
    for (client, person, stated, expected) in [
        (&lead, &own, json!({"identity": identity(), "placement": placement}), "UpdatePersonPayload"),
        (&lead, &own, json!({"migration": migration}), "FORBIDDEN"),
        (&lead, &own, json!({"placement": placement, "migration": migration}), "FORBIDDEN"),
        (&lead, &foreign, json!({"placement": placement}), "NotFound"),
        (&clinician, &foreign, json!({"placement": placement}), "UpdatePersonPayload"),
        (&clinician, &own, json!({"identity": identity()}), "FORBIDDEN"),
        (&clinician, &own, json!({"family": {"kinship": "HEAD"}}), "FORBIDDEN"),
    ] {
        let version = read(client, person).await["version"].as_i64().unwrap_or(1);
        let answer = update(client, person, version, &stated).await;
        assert_eq!(outcome(&answer), expected, "{stated} {answer}");
    }
    let known = read(&clinician, &foreign).await;
    assert_eq!((&known["segment"], &known["bedNeeds"]), (&json!("PREGNANCY"), &json!(["APART"])));
    for outsider in ["INEA/educator", "CNDH/witness", "DIF_MUNICIPAL/administrator", "ACNUR/donor"] {
        let client = world.client(outsider).stating("RECEPTION");
        let answer = update(&client, &own, 1, &json!({"placement": placement})).await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{outsider} {answer}");
    }
    let unstated = update(&world.client(CLINICIAN.0), &own, 1, &json!({"placement": placement})).await;
    assert_eq!(codes(&unstated), ["PURPOSE_REQUIRED"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_of_a_person_is_refused() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let [head, other] = [someone(&world, "ALB-01", true).await, someone(&world, "ALB-01", false).await];
    let mut unborn = identity();
    unborn["birthDate"] = json!("2030");
    for (person, stated, expected) in [
        (&head, json!({}), "InvalidValue"),
        (&head, json!({"identity": unborn}), "InvalidValue"),
        (&head, json!({"migration": {"status": "REFUGEE", "procedure": " "}}), "InvalidValue"),
        (&head, json!({"identity": identity(), "at": "2022-02-01T00:00:00Z"}), "InvalidValue"),
        // A household has exactly one head.
        (&head, json!({"family": {"kinship": "CHILD"}}), "StateConflict"),
        (&other, json!({"family": {"kinship": "HEAD"}}), "StateConflict"),
        (&json!(person_id(Uuid::from_u128(7))), json!({"identity": identity()}), "NotFound"),
    ] {
        let answer = update(&coordinator, person, 1, &stated).await;
        assert_eq!(outcome(&answer), expected, "{stated} {answer}");
    }
    // Of whom everything was erased nothing more is kept.
    let erased =
        world.keys().await.execute("DELETE FROM person_keys WHERE person_id = $1", &[&key(&head)]).await;
    assert_eq!(erased.unwrap(), 1);
    let answer = update(&coordinator, &head, 1, &json!({"identity": identity()})).await;
    assert_eq!(outcome(&answer), "StateConflict", "{answer}");
    world.stop().await;
}
