//! A person is found by a name, however it is spelt, and one thing more; by whom the table has it, and nobody is listed.

use std::time::Duration;

use enlace_tests::{Client, Scratch, World, at, codes, fresh_key, id, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{OUTSIDERS, asking, key, person_id};

const COORDINATOR: (&str, &str) = ("DIF_MUNICIPAL/coordinator", "RECEPTION");
const LEAD: (&str, &str) = ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION");

const REGISTER: &str = "mutation($household: ID, $members: [NewMember!]!, $key: String!) {
  registerHousehold(household: $household, members: $members, idempotencyKey: $key) {
    __typename ... on RegisterHouseholdPayload { household { code } } ... on Problem { message } } }";

/// Nobody of the demonstration is called so.
fn woman() -> Json {
    json!({
        "givenNames": "Guerline Dieudonné", "familyNames": "Jean-Baptiste Saint-Louis", "birthDate": "1991-08-20", "sex": "FEMALE",
        "nationality": "HTI", "documents": ["PASSPORT HTI ZZ-000917"], "curp": "PEDW910820MNETZS02",
    })
}

fn member(person: Uuid, identity: &Json, kinship: &str) -> Json {
    json!({
        "id": person_id(person), "identity": identity, "family": {"kinship": kinship}, "placement": {"segment": "FAMILY_NUCLEUS"},
    })
}

/// Registers a household of its own; its folio.
async fn register(client: &Client, members: Vec<Json>) -> String {
    let variables =
        json!({"household": id("household", Uuid::now_v7()), "members": members, "key": fresh_key()});
    let answer = client.run(REGISTER, variables).await;
    assert_eq!(outcome(&answer), "RegisterHouseholdPayload", "{answer}");
    at(&answer, "data.registerHousehold.household.code").as_str().unwrap().to_owned()
}

/// What a search answers; its arguments as a document has them.
async fn search(client: &Client, arguments: &str) -> Json {
    client.query(&format!("{{ personSearch({arguments}) {{ id minor givenNames }} }}")).await
}

/// Whom a search finds.
async fn found(client: &Client, arguments: &str) -> Vec<Uuid> {
    let answer = search(client, arguments).await;
    let found = at(&answer, "data.personSearch").as_array();
    found.unwrap_or_else(|| panic!("{arguments} {answer}")).iter().map(|person| key(&person["id"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_by_a_name_however_spelt_and_one_thing_more() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let (one, child) = (Uuid::now_v7(), Uuid::now_v7());
    let young =
        json!({"givenNames": "Wisly Zulmé", "birthDate": "2019-05", "sex": "MALE", "nationality": "CHL"});
    let household =
        register(&coordinator, vec![member(one, &woman(), "HEAD"), member(child, &young, "CHILD")]).await;

    for fits in [
        "name: \"Guerline\", birthDate: \"1991-08-20\"",
        "name: \"GERLIN\", birthDate: \"1991-08\"",
        "name: \"jan batis\", birthDate: \"1991\"",
        "name: \"Sen Lwi Dyedone\", documentNumber: \"zz 000917\"",
        "name: \"St. Louis, Jean Baptiste\", documentNumber: \"ZZ000917\"",
        "name: \"Baptiste\", curp: \"pedw910820mnetzs02\"",
        &format!("name: \"louis\", householdCode: \" {} \"", household.to_lowercase()),
        &format!(
            "name: \"Batis Gerlin\", birthDate: \"1991\", householdCode: \"{household}\", documentNumber: \"ZZ-000917\""
        ),
    ] {
        assert_eq!(found(&coordinator, fits).await, [one], "{fits}");
    }
    for misses in [
        "name: \"Guerline\", birthDate: \"1991-08-21\"",
        "name: \"Guerline Zulmé\", birthDate: \"1991-08-20\"",
        "name: \"Guerline Baptiste\", birthDate: \"1992\"",
        "name: \"Guerline\", documentNumber: \"ZZ-000918\"",
        "name: \"Guerline\", documentNumber: \"ZZ-000917\", birthDate: \"1980\"",
        "name: \"Guerline\", curp: \"PEDW910820MNETZS03\"",
        "name: \"Saint-Louis\", householdCode: \"HOG-0001\"",
    ] {
        assert!(!found(&coordinator, misses).await.contains(&one), "{misses}");
    }
    // A name alone, or none, is no search.
    for nothing in [
        "name: \"Guerline\"",
        "name: \" - \", birthDate: \"1991\"",
        "name: \"a1 a2 a3 a4 a5 a6 a7 a8 a9\", birthDate: \"1991\"",
        "name: \"Guerline\", documentNumber: \"-\"",
        &format!("name: \"{}\", birthDate: \"1991\"", "a".repeat(201)),
    ] {
        let answer = search(&coordinator, nothing).await;
        assert_eq!(
            (at(&answer, "data.personSearch"), codes(&answer)),
            (&Json::Null, vec!["INVALID_ARGUMENT".to_owned()])
        );
    }

    // A search is a list: a minor is there without a name, and is read alone.
    let answer = search(&coordinator, "name: \"Zilme\", birthDate: \"2019-05-07\"").await;
    let listed = json!([{"id": person_id(child), "minor": true, "givenNames": null}]);
    assert_eq!(
        (at(&answer, "data.personSearch"), codes(&answer)),
        (&listed, vec!["FIELD_FORBIDDEN".to_owned()])
    );
    let alone = "query($id: ID!) { node(id: $id) { ... on Person { givenNames } } }";
    let alone = coordinator.run(alone, json!({"id": person_id(child)})).await;
    assert_eq!(at(&alone, "data.node.givenNames"), "Wisly Zulmé");

    // What is known of somebody changes, and they are found by that, and by what was known no longer.
    let mut changed = woman();
    changed["familyNames"] = json!("Hyppolite");
    changed["documents"] = json!([]);
    let update = "mutation($person: ID!, $identity: IdentityInput!, $key: String!) {
      updatePerson(person: $person, version: 1, identity: $identity, idempotencyKey: $key) { __typename } }";
    let variables = json!({"person": person_id(one), "identity": changed, "key": fresh_key()});
    let answer = coordinator.run(update, variables).await;
    assert_eq!(outcome(&answer), "UpdatePersonPayload", "{answer}");
    assert!(found(&coordinator, "name: \"Ipolit\", birthDate: \"1991\"").await.contains(&one));
    assert!(!found(&coordinator, "name: \"Baptiste\", birthDate: \"1991-08-20\"").await.contains(&one));
    assert!(found(&coordinator, "name: \"Guerline\", documentNumber: \"ZZ000917\"").await.is_empty());

    // Whose key is destroyed is nobody any more.
    let destroyed = "DELETE FROM person_keys WHERE person_id = $1";
    assert_eq!(world.keys().await.execute(destroyed, &[&one]).await.unwrap(), 1);
    assert!(!found(&coordinator, "name: \"Ipolit\", birthDate: \"1991\"").await.contains(&one));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_shows_twenty_at_most_and_those_first_who_are_spelt_alike() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let named = |given: &str| json!({"givenNames": given, "familyNames": "Zilmé", "birthDate": "1980", "sex": "MALE", "nationality": "HTI"});
    let mut members: Vec<Json> = (0..24)
        .map(|place| member(Uuid::now_v7(), &named("Jozef"), if place == 0 { "HEAD" } else { "RELATIVE" }))
        .collect();
    let exact = Uuid::now_v7();
    members.push(member(exact, &named("Joseph"), "RELATIVE"));
    let household = register(&coordinator, members).await;
    let all = found(&coordinator, &format!("name: \"joseph zilmé\", householdCode: \"{household}\"")).await;
    assert_eq!((all.len(), all[0]), (20, exact));

    // Everyone of age whom the demonstration has is found as they are written.
    let document = "{ persons(first: 60) { nodes { id minor givenNames familyNames birthDate documents household { code } } } }";
    let some = coordinator.query(document).await;
    let mut tried = 0;
    for person in
        at(&some, "data.persons.nodes").as_array().unwrap().iter().filter(|person| person["minor"] == false)
    {
        let text = |field: &str| person[field].as_str().unwrap();
        let name = format!("name: \"{} {}\"", text("familyNames"), text("givenNames"));
        let mut besides = vec![
            format!("birthDate: {}", person["birthDate"]),
            format!("householdCode: {}", at(person, "household.code")),
        ];
        if let Some(document) = person["documents"][0].as_str() {
            besides.push(format!("documentNumber: \"{}\"", document.rsplit(' ').next().unwrap()));
        }
        for besides in besides {
            let all = found(&coordinator, &format!("{name}, {besides}")).await;
            assert!(all.contains(&key(&person["id"])), "{person} {besides}");
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_know_who_someone_is_searches_nobody_and_all_others_whom_they_see() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let document = "{ persons(first: 200) { nodes { id minor givenNames birthDate shelter { code } } } }";
    let page = coordinator.query(document).await;
    let adults: Vec<&Json> = at(&page, "data.persons.nodes")
        .as_array()
        .unwrap()
        .iter()
        .filter(|person| person["minor"] == false && person["shelter"].is_object())
        .collect();
    let lodging = |here: bool| {
        let is_here = |person: &&&Json| (at(person, "shelter.code") == "ALB-01") == here;
        *adults.iter().find(is_here).unwrap()
    };
    let by = |person: &Json| format!("name: {}, birthDate: {}", person["givenNames"], person["birthDate"]);
    let (own, other) = (lodging(true), lodging(false));
    let lead = asking(&world, LEAD);
    assert!(found(&lead, &by(own)).await.contains(&key(&own["id"])));
    assert!(!found(&lead, &by(other)).await.contains(&key(&other["id"])));
    assert!(found(&coordinator, &by(other)).await.contains(&key(&other["id"])));

    for caller in ["CNDH/witness", "CEDH/witness"].iter().chain(OUTSIDERS) {
        let answer = search(&asking(&world, (caller, "OVERSIGHT")), &by(own)).await;
        let error = at(&answer, "errors.0.extensions");
        assert_eq!((at(&answer, "data.personSearch"), codes(&answer).len()), (&Json::Null, 1), "{caller}");
        assert_eq!(
            (&error["code"], &error["coordinate"]),
            (&json!("FIELD_FORBIDDEN"), &json!("Query.personSearch"))
        );
    }
    let silent = search(&world.client(COORDINATOR.0), &by(own)).await;
    assert_eq!(
        (at(&silent, "data.personSearch"), codes(&silent)),
        (&Json::Null, vec!["PURPOSE_REQUIRED".to_owned()])
    );

    // Each search is in the journal, who found nobody too, and says nothing of what was looked for.
    assert!(found(&coordinator, "name: \"Zizoupanpalelou\", birthDate: \"1977-07-07\"").await.is_empty());
    let statement = "SELECT string_agg(convert_from(part, 'utf8'), ' '), count(DISTINCT id) FROM journal_entries, unnest(part_contents) AS part \
                     WHERE operation = 'census.searchPeople'";
    let row = world.database().await.query_one(statement, &[]).await.unwrap();
    let (told, entries): (String, i64) = (row.get(0), row.get(1));
    assert_eq!(entries, 4, "{told}");
    assert!(told.contains("\"by\":[\"birthDate\"]") && told.contains("\"purpose\":\"RECEPTION\""), "{told}");
    for term in
        ["Zizoupanpalelou", "1977", own["givenNames"].as_str().unwrap(), own["birthDate"].as_str().unwrap()]
    {
        assert!(!told.contains(term), "{term} in {told}");
    }
    world.stop().await;
}

/// Of people who were registered before there were tokens, or by other rules, they are made.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_missing_are_made() {
    let scratch = Scratch::with_programme().await;
    let database = scratch.connect().await;
    database
        .batch_execute(
            "UPDATE persons SET tokens_of = 0 WHERE code <= 'PER-00003'; \
             DELETE FROM person_tokens USING persons WHERE id = person_id AND tokens_of = 0",
        )
        .await
        .unwrap();
    let world = World::with().start_on(scratch).await;
    let coordinator = asking(&world, COORDINATOR);
    let document = "{ persons(first: 10) { nodes { id code givenNames birthDate } } }";
    let page = coordinator.query(document).await;
    let head = at(&page, "data.persons.nodes")
        .as_array()
        .unwrap()
        .iter()
        .find(|person| person["code"] == "PER-00001");
    let head = head.unwrap_or_else(|| panic!("{page}"));
    let by = format!("name: {}, birthDate: {}", head["givenNames"], head["birthDate"]);
    for _ in 0..500 {
        if found(&coordinator, &by).await.contains(&key(&head["id"])) {
            world.stop().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("they are not found");
}
