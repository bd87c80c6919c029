//! The journal, field by field, for every role: each entry to whom it concerns, and whom it tells of to still fewer; and whose
//! record was opened in an emergency.

use std::collections::BTreeSet;

use enlace_tests::{World, at, fresh_key, outcome};
use serde_json::{Value as Json, json};

use crate::reference::documents::{Style, everything};
use crate::reference::sights::{Caller, Facts, everyone};
use crate::reference::{
    Pseudonyms, SCHEMA, client, errors, is_a_refusal, is_withheld, rows, the_error, world,
};

/// The lists, with the type that each shows and how many edges to go on from there.
const LISTS: [(&str, &str, usize); 2] =
    [("journal", "JournalEntry", 0), ("breakGlassAccesses", "BreakGlassAccess", 1)];

const READS: &[(&str, &str)] = &[
    ("INEA/educator", "{ persons(first: 3) { nodes { givenNames } } }"),
    ("OIM/adviser", "{ persons(first: 2) { nodes { migrationStatus } } }"),
    ("ISESALUD/clinician", "{ persons(first: 2) { nodes { assessments { risk } } } }"),
    ("UNICEF/programmes", "{ persons(first: 4) { nodes { kinship } } }"),
    ("DIF_MUNICIPAL/coordinator", "{ households(first: 2) { nodes { code members { code } } } }"),
    ("CNDH/witness", "{ persons(first: 3) { nodes { sex } } }"),
];

const OPEN: &str = "mutation($person: ID!, $key: String!) {
  breakGlass(person: $person, reason: \"Found unconscious in the yard\", minutes: 30, idempotencyKey: $key) {
    __typename ... on BreakGlassPayload { access { id } } } }";
const END: &str = "mutation($access: ID!, $key: String!) {
  endBreakGlass(access: $access, idempotencyKey: $key) { __typename } }";

/// Reads of someone and is refused something, opens that record, reads the same of it, and ends that: five entries.
async fn emergency(world: &World, caller: &str) {
    let client = client(world, &Caller::of(caller));
    let document = "{ persons(first: 1) { nodes { id migrationStatus assessments { risk } } } }";
    let page = client.query(document).await;
    let person = at(&page, "data.persons.nodes.0.id");
    let opened = client.run(OPEN, json!({"person": person, "key": fresh_key()})).await;
    assert_eq!(outcome(&opened), "BreakGlassPayload", "{opened}");
    client.query(document).await;
    let access = at(&opened, "data.breakGlass.access.id");
    let ended = client.run(END, json!({"access": access, "key": fresh_key()})).await;
    assert_eq!(outcome(&ended), "EndBreakGlassPayload", "{ended}");
}

/// Every field of every row of a list, for whoever reads them all, once there are so many.
async fn whole(world: &World, (list, object, depth): (&str, &str, usize), count: usize) -> Vec<Json> {
    let coordinator = client(world, &Caller::of("DIF_MUNICIPAL/coordinator"));
    let document = everything(list, &format!("{object}Connection"), depth, Style::Plain);
    for _ in 0..500 {
        let answer = coordinator.query(&document).await;
        let edges = rows(&answer, &format!("data.{list}.edges"));
        if edges.len() >= count {
            assert_eq!((edges.len(), errors(&answer)), (count, &[][..]));
            return edges.to_vec();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{list} shows fewer than {count}");
}

/// An answer as one who recognises everyone would read it.
async fn recognised(world: &World, caller: &Caller, answer: Json) -> Json {
    if caller.recognises() {
        return answer;
    }
    let known_as = Pseudonyms::of(&world.scratch, &caller.agency).await;
    let recognised = known_as.reveal(&answer.to_string());
    assert_ne!(recognised, answer.to_string(), "{} is told of someone", caller.name());
    serde_json::from_str(&recognised).unwrap()
}

/// Compares the fields of an object with those of one that shows everything; what was withheld of it.
fn compare(shown: &Json, all: &Json, object: &str, caller: &Caller, prefix: &str) -> BTreeSet<String> {
    let mut withheld = BTreeSet::new();
    for field in SCHEMA.object(object).fields.values() {
        let name = field.name.as_str();
        let (shown, all) = (at(shown, &format!("{prefix}{name}")), &all[name]);
        match (SCHEMA.target(field), all) {
            // Compared by what it is called: how much of an agency is shown is its own affair.
            (Some(target), Json::Object(_)) if target.name == "Agency" => {
                assert_eq!(shown[&format!("{prefix}code")], all["code"]);
            }
            (Some(target), Json::Object(_)) => {
                withheld.extend(compare(shown, all, &target.name, caller, prefix));
            }
            // A witness is told of people in an order of its own.
            (Some(target), Json::Array(all)) if target.name == "JournalSubject" => {
                let people = |subjects: &[Json], name: &str| -> BTreeSet<String> {
                    subjects.iter().map(|subject| subject[name].to_string()).collect()
                };
                let shown = shown.as_array().unwrap();
                assert_eq!(
                    people(shown, &format!("{prefix}person")),
                    people(all, "person"),
                    "{}",
                    caller.name()
                );
            }
            (Some(target), Json::Array(all)) => {
                for (shown, all) in shown.as_array().unwrap().iter().zip(all) {
                    withheld.extend(compare(shown, all, &target.name, caller, prefix));
                }
            }
            _ if is_withheld(field, caller) => {
                assert_eq!(shown, &Json::Null, "{} {name}", caller.name());
                withheld.insert(format!("{object}.{name}"));
            }
            _ => assert_eq!(shown, all, "{} {name}", caller.name()),
        }
    }
    withheld
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_is_answered_of_the_journal_what_the_table_has() {
    let world = world().await;
    for (caller, document) in READS {
        let answer = client(&world, &Caller::of(caller)).query(document).await;
        assert!(at(&answer, "data").is_object(), "{answer}");
    }
    let space = world.space().await;
    world.client("DIF_MUNICIPAL/shelter_lead@ALB-01").adjust(&space, 2).await;
    for caller in ["ISESALUD/clinician", "DIF_MUNICIPAL/coordinator"] {
        emergency(&world, caller).await;
    }
    let counts = [READS.len() + 1 + 2 * 5, 2];
    for (list, count) in LISTS.into_iter().zip(counts) {
        let whole = whole(&world, list, count).await;
        let mut withheld = BTreeSet::new();
        for (place, caller) in everyone().iter().enumerate() {
            withheld.extend(check(&world, list, &whole, caller, Style::ALL[place % 4]).await);
        }
        assert_eq!(withheld, ["BreakGlassAccess.reason".to_owned()].into(), "what witnesses are not told");
    }
    world.stop().await;
}

/// What one caller is answered of a list, beside all of it; what was withheld.
async fn check(
    world: &World,
    (list, object, depth): (&str, &str, usize),
    whole: &[Json],
    caller: &Caller,
    style: Style,
) -> BTreeSet<String> {
    let document = everything(list, &format!("{object}Connection"), depth, style);
    let answer = client(world, caller).query(&document).await;
    if !caller.may_see("JOURNAL", object) {
        assert_eq!(answer["data"], json!({list: null}), "{}", caller.name());
        is_a_refusal(the_error(&answer), "FIELD_FORBIDDEN", &format!("Query.{list}"));
        return BTreeSet::new();
    }
    let answer = recognised(world, caller, answer).await;
    let prefix = if style == Style::Aliased { "other_" } else { "" };
    let mine = whole.iter().map(|edge| &edge["node"]).filter(|row| {
        let agency = at(row, "agency.code").as_str().map(str::to_owned);
        caller.sees("JOURNAL", &Facts { agency, ..Facts::default() })
    });
    let mut mine: Vec<&Json> = mine.collect();
    let edges = rows(&answer, &format!("data.{list}.{prefix}edges"));
    let mut nodes: Vec<&Json> = edges.iter().map(|edge| &edge[&format!("{prefix}node")]).collect();
    assert_eq!(nodes.len(), mine.len(), "{} {answer}", caller.name());
    if object == "BreakGlassAccess" {
        // A witness's list has an order of its own.
        mine.sort_by_key(|row| row["id"].to_string());
        nodes.sort_by_key(|row| row[&format!("{prefix}id")].to_string());
    }
    let mut withheld = BTreeSet::new();
    for (shown, all) in nodes.into_iter().zip(mine) {
        withheld.extend(compare(shown, all, object, caller, prefix));
    }
    let told = errors(&answer).iter().map(|error| at(error, "extensions.coordinate").as_str().unwrap());
    assert_eq!(told.map(str::to_owned).collect::<BTreeSet<_>>(), withheld, "{}", caller.name());
    withheld
}
