//! A minor's identity is read of one person or of one household at a time, and never from a list (R25).

use enlace_policies::Class;
use enlace_tests::{Client, World, at, codes};
use serde_json::{Value as Json, json};

use super::{CALLERS, asking};

/// Everything of a person that is of the class IDENTITY.
const IDENTITY: &str = "code givenNames familyNames birthDate birthYear sex nationality languages documents curp photograph arrivedOn \
                        version";

fn is_nameless(person: &Json) -> bool {
    IDENTITY.split(' ').all(|field| person[field].is_null())
}

fn is_named(person: &Json) -> bool {
    ["code", "givenNames", "familyNames", "sex"].iter().all(|field| person[*field].is_string())
}

/// Every object of an answer that says whether it is a minor.
fn people(answer: &Json) -> Vec<&Json> {
    match answer {
        Json::Object(members) if members.contains_key("minor") => {
            [answer].into_iter().chain(members.values().flat_map(people)).collect()
        }
        Json::Object(members) => members.values().flat_map(people).collect(),
        Json::Array(values) => values.iter().flat_map(people).collect(),
        _ => Vec::new(),
    }
}

/// A minor whom a caller sees, and their household.
async fn minor(client: &Client) -> (Json, Json) {
    let answer = client.query("{ persons(first: 500) { nodes { id minor household { id } } } }").await;
    let nodes = at(&answer, "data.persons.nodes").as_array().unwrap();
    let minor =
        nodes.iter().find(|person| person["minor"] == true).unwrap_or_else(|| panic!("no minor: {answer}"));
    (minor["id"].clone(), at(minor, "household.id").clone())
}

#[test]
fn the_fields_of_this_test_are_those_of_the_class() {
    let object = crate::reference::SCHEMA.object("Person");
    let of_class = object.fields.values().filter(|field| {
        let is_column = crate::reference::SCHEMA.target(field).is_none();
        is_column && crate::reference::class_of(field) == Some(Class::Identity.as_str())
    });
    assert_eq!(of_class.map(|field| field.name.as_str()).collect::<Vec<_>>().join(" "), IDENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_no_minors_identity_and_says_whose() {
    let world = World::start().await;
    for &caller in CALLERS {
        let client = asking(&world, caller);
        let answer =
            client.query(&format!("{{ persons(first: 500) {{ nodes {{ id minor {IDENTITY} }} }} }}")).await;
        let nodes = at(&answer, "data.persons.nodes").as_array().unwrap();
        let minors: Vec<usize> = (0..nodes.len()).filter(|place| nodes[*place]["minor"] == true).collect();
        for (place, person) in nodes.iter().enumerate() {
            assert_eq!(is_nameless(person), minors.contains(&place), "{caller:?} {person}");
            assert!(
                person["id"].is_string() && (is_nameless(person) || is_named(person)),
                "{caller:?} {person}"
            );
        }
        if minors.is_empty() {
            assert_eq!(codes(&answer), Vec::<String>::new(), "{caller:?}");
            continue;
        }
        let errors = answer["errors"].as_array().unwrap();
        assert_eq!(errors.len(), IDENTITY.split(' ').count(), "{caller:?} {errors:?}");
        for error in errors {
            let extensions = &error["extensions"];
            assert_eq!(
                (&extensions["code"], &extensions["records"]),
                (&json!("FIELD_FORBIDDEN"), &json!(minors.len()))
            );
            assert!(
                extensions["policy"].as_str().unwrap().contains("always-minors-never-in-bulk"),
                "{error}"
            );
            if minors.len() < nodes.len() {
                let ranges: Vec<(usize, usize)> =
                    serde_json::from_value(extensions["indices"].clone()).unwrap();
                let told: Vec<usize> = ranges.into_iter().flat_map(|(from, to)| from..=to).collect();
                assert_eq!(told, minors, "{caller:?}");
            }
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minor_alone_or_with_their_household_has_a_name() {
    let world = World::start().await;
    let coordinator = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"));
    let (id, household) = minor(&coordinator).await;
    let variables = json!({"id": id, "household": household});
    for document in [
        "query($id: ID!) { node(id: $id) { ... on Person { minor PARTS } } }",
        "query($id: ID!) { node(id: $id) { ... on Person { household { members { minor PARTS } } } } }",
        "query($household: ID!) { node(id: $household) { ... on Household { members { minor PARTS } } } }",
        "query($household: ID!) { persons(household: $household) { nodes { minor PARTS } } }",
        "query($household: ID!) { persons(household: $household) { edges { node { ...P } } } } fragment P on Person { minor PARTS }",
        // Beside what names nobody.
        "query($id: ID!) { a: node(id: $id) { ... on Person { minor PARTS } } b: node(id: $id) { id } shelters { code } }",
    ] {
        let answer = coordinator.run(&document.replace("PARTS", IDENTITY), variables.clone()).await;
        assert_eq!(codes(&answer), Vec::<String>::new(), "{document} {answer}");
        let minors: Vec<_> = people(&answer).into_iter().filter(|person| person["minor"] == true).collect();
        assert!(!minors.is_empty() && minors.iter().all(|minor| is_named(minor)), "{document} {answer}");
    }
    // UNICEF, which sees minors alone, reads each of them.
    let unicef = asking(&world, ("UNICEF/programmes", "EDUCATION"));
    let listed = unicef.query("{ persons(first: 3) { nodes { id } } }").await;
    for person in at(&listed, "data.persons.nodes").as_array().unwrap() {
        let document = format!("query($id: ID!) {{ node(id: $id) {{ ... on Person {{ {IDENTITY} }} }} }}");
        let answer = unicef.run(&document, json!({"id": person["id"]})).await;
        assert!(is_named(at(&answer, "data.node")) && codes(&answer).is_empty(), "{answer}");
    }
    world.stop().await;
}

/// However a list is written, it is one.
#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_way_around() {
    let world = World::start().await;
    let coordinator = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"));
    let (id, household) = minor(&coordinator).await;
    let variables = json!({"id": id, "household": household});
    for (declared, roots) in [
        ("", "persons(first: 100) { edges { node { minor PARTS } } }"),
        ("", "persons(last: 100) { nodes { other: household { members { minor PARTS } } } }"),
        ("", "persons(household: null, first: 100) { nodes { minor PARTS } }"),
        ("", "households(first: 100) { nodes { members { minor PARTS } } }"),
        ("", "households(first: 60) { nodes { members { household { members { minor PARTS } } } } }"),
        (
            "",
            "referrals(first: 500) { nodes { person { minor PARTS household { members { minor PARTS } } } } }",
        ),
        ("", "custodyTransfers(first: 500) { nodes { person { minor PARTS } } }"),
        ("", "persons(first: 100) { nodes { consents { person { minor PARTS } } } }"),
        // A variable that may be null.
        ("($household: ID)", "persons(household: $household) { nodes { minor PARTS } }"),
        // Several at once, each alone.
        (
            "($id: ID!)",
            "a: node(id: $id) { ... on Person { minor PARTS } } b: node(id: $id) { ... on Person { minor PARTS } }",
        ),
        (
            "($id: ID!, $household: ID!)",
            "a: node(id: $id) { ... on Person { minor PARTS } } b: persons(household: $household) { nodes { minor PARTS } }",
        ),
        (
            "($household: ID!)",
            "a: persons(household: $household) { nodes { minor PARTS } } ...B } \
             fragment B on Query { b: node(id: $household) { ... on Household { members { minor PARTS } } }",
        ),
    ] {
        let document = format!("query{declared} {{ {roots} }}").replace("PARTS", IDENTITY);
        let answer = coordinator.run(&document, variables.clone()).await;
        let found = people(&answer);
        let minors: Vec<_> = found.iter().filter(|person| person["minor"] == true).collect();
        assert!(!minors.is_empty(), "{document} {answer}");
        for person in &found {
            assert_eq!(is_nameless(person), person["minor"] == true, "{document} {person}");
        }
        assert!(codes(&answer).iter().all(|code| code == "FIELD_FORBIDDEN") && !codes(&answer).is_empty());
    }
    // A page has an end, and there is no order or filter by age.
    let answer = coordinator.query("{ persons(first: 501) { totalCount } }").await;
    assert_eq!(codes(&answer), ["INVALID_ARGUMENT"]);
    let arguments = &crate::reference::SCHEMA.object("Query").fields["persons"].arguments;
    let names: Vec<&str> = arguments.iter().map(|argument| argument.name.as_str()).collect();
    assert_eq!(names, ["shelter", "household", "first", "after", "last", "before"]);
    world.stop().await;
}
