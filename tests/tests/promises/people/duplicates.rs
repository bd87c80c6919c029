//! Two records of one person: shown with what they have in common, merged without losing either, separated again, told apart.

use enlace_tests::{Client, World, at, codes, fresh_key, id, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::sharing::entries;
use super::{asking, key, person_id};

const COORDINATOR: (&str, &str) = ("DIF_MUNICIPAL/coordinator", "RECEPTION");
const LEAD: (&str, &str) = ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION");

const REGISTER: &str = "mutation($household: ID, $members: [NewMember!]!, $key: String!) {
  registerHousehold(household: $household, members: $members, idempotencyKey: $key) {
    __typename ... on Problem { message } } }";
const MERGE: &str = "mutation($keep: ID!, $merge: ID!, $version: Int!, $reason: String!, $key: String!) {
  mergePersons(keep: $keep, merge: $merge, version: $version, reason: $reason, idempotencyKey: $key) {
    __typename ... on MergePersonsPayload { person { id mergedInto { id } mergedFrom { id version consents { purpose } } } }
    ... on Problem { message } ... on NotFound { argument } ... on InvalidValue { argument } } }";
const UNDO: &str = "mutation($person: ID!, $version: Int!, $key: String!) {
  undoMerge(person: $person, version: $version, reason: \"otro padre\", idempotencyKey: $key) {
    __typename ... on UndoMergePayload { person { id version mergedInto { id } } } ... on Problem { message } } }";
const DISMISS: &str = "mutation($person: ID!, $other: ID!, $key: String!) {
  dismissDuplicate(person: $person, other: $other, reason: \"gemelas\", idempotencyKey: $key) {
    __typename ... on DismissDuplicatePayload { person { id } } ... on Problem { message } } }";

/// Somebody who lives alone, and is registered so.
pub(super) async fn registered(
    client: &Client,
    given: &str,
    family: &str,
    born: &str,
    document: Option<&str>,
) -> Uuid {
    let person = Uuid::now_v7();
    let documents: Vec<String> = document.iter().map(|number| format!("PASSPORT HTI {number}")).collect();
    let member = json!({
        "id": person_id(person),
        "identity": {"givenNames": given, "familyNames": family, "birthDate": born, "sex": "FEMALE", "nationality": "HTI", "documents": documents},
        "family": {"kinship": "HEAD"}, "placement": {"segment": "SINGLE_WOMEN"},
    });
    let variables =
        json!({"household": id("household", Uuid::now_v7()), "members": [member], "key": fresh_key()});
    let answer = client.run(REGISTER, variables).await;
    assert_eq!(outcome(&answer), "RegisterHouseholdPayload", "{answer}");
    person
}

/// Who may be the same person, with what they have in common.
async fn candidates(client: &Client, person: Uuid) -> Vec<(Uuid, i64, Vec<String>)> {
    let document =
        "query($person: ID!) { duplicateCandidates(person: $person) { score reasons person { id } } }";
    let answer = client.run(document, json!({"person": person_id(person)})).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    let found = at(&answer, "data.duplicateCandidates").as_array().unwrap().clone();
    let candidate = |found: &Json| {
        let reasons =
            found["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap().to_owned());
        (key(at(found, "person.id")), found["score"].as_i64().unwrap(), reasons.collect())
    };
    found.iter().map(candidate).collect()
}

pub(super) async fn merge(client: &Client, keep: Uuid, merge: Uuid, version: i32) -> Json {
    let variables = json!({
        "keep": person_id(keep), "merge": person_id(merge), "version": version, "reason": "misma cédula, misma madre", "key": fresh_key(),
    });
    client.run(MERGE, variables).await
}

async fn undo(client: &Client, person: Uuid, version: i32) -> Json {
    client.run(UNDO, json!({"person": person_id(person), "version": version, "key": fresh_key()})).await
}

async fn dismiss(client: &Client, person: Uuid, other: Uuid) -> Json {
    let variables = json!({"person": person_id(person), "other": person_id(other), "key": fresh_key()});
    client.run(DISMISS, variables).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_be_one_person_is_shown_with_the_reasons_until_somebody_decides() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let one = registered(&coordinator, "Guerline", "Zizou Panpalelou", "1991-08-20", Some("ZZ-000917")).await;
    let same = registered(&coordinator, "Gerlin", "Panpalelu", "1991-08", Some("ZZ000917")).await;
    let sister = registered(&coordinator, "Guerda", "Zizou Panpalelou", "1991-08-20", None).await;
    let other = registered(&coordinator, "Wisly", "Panpalelou", "1980", None).await;

    let found = candidates(&coordinator, one).await;
    let people: Vec<Uuid> = found.iter().map(|(person, ..)| *person).collect();
    assert_eq!(people[..2], [same, sister], "{found:?}");
    assert!(!people.contains(&other) && !people.contains(&one));
    assert!(found.is_sorted_by(|a, b| a.1 >= b.1) && found.len() <= 20);
    assert_eq!(found[0].2, ["DOCUMENT", "BIRTH_MONTH", "NAME_SOUNDS"]);
    assert_eq!(found[1].2, ["BIRTH_DATE", "NAME_SPELT"]);
    let back = candidates(&coordinator, same).await;
    assert_eq!(back[0].0, one);

    // Told apart, they are not asked about again, from either side.
    assert_eq!(outcome(&dismiss(&coordinator, sister, one).await), "DismissDuplicatePayload");
    assert_eq!(outcome(&dismiss(&coordinator, one, sister).await), "StateConflict");
    assert_eq!(outcome(&dismiss(&coordinator, one, one).await), "InvalidValue");
    assert!(!candidates(&coordinator, one).await.iter().any(|(person, ..)| *person == sister));
    assert!(!candidates(&coordinator, sister).await.iter().any(|(person, ..)| *person == one));

    // Of whom the caller does not see it sees nothing, and a witness asks nothing.
    assert!(candidates(&asking(&world, LEAD), one).await.is_empty());
    let document = format!("{{ duplicateCandidates(person: \"{}\") {{ score }} }}", person_id(one));
    let witness = asking(&world, ("CNDH/witness", "OVERSIGHT")).query(&document).await;
    assert_eq!(
        (at(&witness, "data.duplicateCandidates"), codes(&witness)),
        (&Json::Null, vec!["FIELD_FORBIDDEN".to_owned()])
    );

    // Merged, and erased: neither is a candidate.
    assert_eq!(outcome(&merge(&coordinator, one, same, 1).await), "MergePersonsPayload");
    assert!(!candidates(&coordinator, one).await.iter().any(|(person, ..)| *person == same));
    assert!(candidates(&coordinator, same).await.is_empty());
    assert_eq!(outcome(&undo(&coordinator, same, 2).await), "UndoMergePayload");
    assert_eq!(candidates(&coordinator, one).await[0].0, same);
    world.keys().await.execute("DELETE FROM person_keys WHERE person_id = $1", &[&same]).await.unwrap();
    assert!(!candidates(&coordinator, one).await.iter().any(|(person, ..)| *person == same));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_records_lose_nothing_take_nothing_new_and_are_separated_again() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let mut people = Vec::new();
    for given in ["Fabiola", "Fabyola", "Faviola"] {
        people.push(registered(&coordinator, given, "Zizou", "1991-08-20", None).await);
    }
    let [keep, gone, third] = people[..] else { panic!("three") };
    let consents = world.public().query("{ agencies { id code } }").await;
    let agencies = at(&consents, "data.agencies").as_array().unwrap();
    let acnur = agencies.iter().find(|agency| agency["code"] == "ACNUR").unwrap()["id"].clone();
    let give = "mutation($person: ID!, $recipient: ID!, $purpose: Purpose!, $key: String!) {
      giveConsent(person: $person, recipient: $recipient, purpose: $purpose, idempotencyKey: $key) { __typename } }";
    let give = async |person: Uuid, purpose: &str| {
        let variables =
            json!({"person": person_id(person), "recipient": acnur, "purpose": purpose, "key": fresh_key()});
        outcome(&coordinator.run(give, variables).await)
    };
    assert_eq!(give(gone, "PROTECTION").await, "GiveConsentPayload");

    for (answer, expected, argument) in [
        (merge(&coordinator, keep, keep, 1).await, "InvalidValue", Some("merge")),
        (merge(&coordinator, keep, Uuid::now_v7(), 1).await, "NotFound", Some("merge")),
        (merge(&coordinator, Uuid::now_v7(), gone, 1).await, "NotFound", Some("keep")),
        (merge(&coordinator, keep, gone, 7).await, "VersionConflict", None),
        (merge(&asking(&world, LEAD), keep, gone, 1).await, "NotFound", Some("merge")),
        (undo(&coordinator, gone, 1).await, "StateConflict", None),
    ] {
        assert_eq!(outcome(&answer), expected, "{answer}");
        assert_eq!(at(&answer, "data.mergePersons")["argument"].as_str(), argument, "{answer}");
    }
    let clinician = merge(&asking(&world, ("ISESALUD/clinician", "HEALTH_CARE")), keep, gone, 1).await;
    assert_eq!(codes(&clinician), ["FORBIDDEN"]);

    let merged = merge(&coordinator, keep, gone, 1).await;
    let expected = json!({
        "id": person_id(keep), "mergedInto": null,
        "mergedFrom": [{"id": person_id(gone), "version": 2, "consents": [{"purpose": "PROTECTION"}]}],
    });
    assert_eq!(
        (outcome(&merged).as_str(), at(&merged, "data.mergePersons.person")),
        ("MergePersonsPayload", &expected),
        "{merged}"
    );
    // One deep, whichever way it is tried.
    assert_eq!(outcome(&merge(&coordinator, third, keep, 1).await), "StateConflict");
    assert_eq!(outcome(&merge(&coordinator, gone, third, 1).await), "StateConflict");
    assert_eq!(outcome(&merge(&coordinator, third, gone, 2).await), "StateConflict");
    // It takes nothing new and stays as it is.
    assert_eq!(give(gone, "HOUSING").await, "StateConflict");
    let update = "mutation($person: ID!, $key: String!) { updatePerson(person: $person, version: 2, placement: {segment: PREGNANCY},
      idempotencyKey: $key) { __typename } }";
    let updated = coordinator.run(update, json!({"person": person_id(gone), "key": fresh_key()})).await;
    assert_eq!(outcome(&updated), "StateConflict");
    // It is found still, and leads to the one that goes on.
    let search = "{ personSearch(name: \"Fabyola Zizou\", birthDate: \"1991\") { id mergedInto { id } } }";
    let found = coordinator.query(search).await;
    let found = at(&found, "data.personSearch").as_array().unwrap();
    let pointer = json!({"id": person_id(gone), "mergedInto": {"id": person_id(keep)}});
    assert!(found.contains(&pointer), "{found:?}");

    // The journal tells it of both; why stands in it sealed.
    for person in [keep, gone] {
        let entry = entries(&world, "census.mergePersons", person).await.swap_remove(0);
        assert_eq!((&entry["classes"], &entry["subjectCount"]), (&json!(["IDENTITY"]), &json!(2)));
    }
    let statement = "SELECT string_agg(encode(part, 'escape'), ' ') FROM journal_entries, unnest(part_contents) AS part \
                     WHERE operation = 'census.mergePersons'";
    let told: String = world.database().await.query_one(statement, &[]).await.unwrap().get(0);
    assert!(!told.contains("misma madre") && told.contains("peopleTouched"), "{told}");

    let separated = undo(&coordinator, gone, 2).await;
    let expected = json!({"id": person_id(gone), "version": 3, "mergedInto": null});
    assert_eq!(
        (outcome(&separated).as_str(), at(&separated, "data.undoMerge.person")),
        ("UndoMergePayload", &expected)
    );
    assert_eq!(give(gone, "HOUSING").await, "GiveConsentPayload");
    assert_eq!(outcome(&merge(&coordinator, gone, keep, 1).await), "MergePersonsPayload");
    world.stop().await;
}
