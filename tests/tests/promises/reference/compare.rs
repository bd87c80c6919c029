//! An answer beside what it ought to be: the data to the last byte, and one error for each refused coordinate.

use std::collections::{BTreeMap, BTreeSet};

use enlace_tests::{Client, at};
use serde_json::{Value as Json, json};

use super::sights::{Caller, Facts};
use super::{Expected, POLICIES, Reference, SCHEMA, class_of, errors, is_scoped, is_withheld};

/// Runs an operation of a document as the reference's caller, and compares.
pub(crate) async fn compare(
    client: &Client,
    reference: &Reference<'_>,
    document: &str,
    operation: Option<&str>,
    variables: &Json,
) -> Expected {
    let request = json!({"query": document, "operationName": operation, "variables": variables});
    let request: Json = serde_json::from_str(&reference.known(&request.to_string())).unwrap();
    let answer = client.post(&request).await.json();
    let expected = reference.answer(document, operation, variables);
    let context = || format!("{}\n{document}\n{variables}\n{}", reference.caller.name(), answer["errors"]);
    assert_eq!(answer["data"].to_string(), reference.known(&expected.data.to_string()), "{}", context());

    let mut said: BTreeMap<&str, &Json> = BTreeMap::new();
    for error in errors(&answer) {
        let coordinate =
            at(error, "extensions.coordinate").as_str().unwrap_or_else(|| panic!("{}", context()));
        assert!(said.insert(coordinate, error).is_none(), "{coordinate} twice: {}", context());
    }
    let refused = expected.refused();
    let coordinates = |keys: Vec<&&str>| keys.into_iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    assert_eq!(coordinates(said.keys().collect()), coordinates(refused.keys().collect()), "{}", context());
    for (coordinate, asked) in refused {
        let error = said[coordinate];
        let extensions = &error["extensions"];
        assert_eq!(error["path"], asked.refused[0].1, "{coordinate}: {}", context());
        assert_eq!(extensions["records"], asked.refused.len(), "{coordinate}: {}", context());
        // A caller that is refused everywhere needs no list of where.
        let some = asked.refused.len() < asked.places;
        let ranges = if some { json!(asked.ranges()) } else { Json::Null };
        assert_eq!(extensions["indices"], ranges, "{coordinate}: {}", context());
        is_a_refusal(error, "FIELD_FORBIDDEN", coordinate);
    }
    expected
}

/// That an error says what is refused, by which rule of which policies, and why.
pub(crate) fn is_a_refusal(error: &Json, code: &str, coordinate: &str) {
    let extensions = &error["extensions"];
    assert_eq!(extensions["code"], code, "{error}");
    assert_eq!(extensions["coordinate"], coordinate, "{error}");
    assert_eq!(extensions["policyVersion"], POLICIES.version(), "{error}");
    assert!(error["message"].as_str().is_some_and(|message| message.contains(coordinate)), "{error}");
    let reason = extensions["reason"].as_str().unwrap_or_else(|| panic!("no reason: {error}"));
    assert!(reason.ends_with('.'), "{error}");
    let named: Vec<&str> = extensions["policy"].as_str().unwrap_or_default().split(", ").collect();
    match named[..] {
        [enlace_policies::DEFAULT_DENY] => {}
        [one] if error["extensions"].get("indices").is_none() => {
            let rule = POLICIES.rules().find(|rule| *rule.id == *one);
            assert!(rule.is_some(), "no such policy: {error}");
        }
        _ => {
            let known = |id: &&str| POLICIES.rules().any(|rule| *rule.id == **id);
            assert!(named.iter().all(known), "no such policy: {error}");
        }
    }
}

/// That of an object which a mutation or an event shows, with what is related to it, a caller sees what the table has and is told
/// of the rest. Every field bears its own name, and all the records share their facts.
pub(crate) fn is_as_seen(answer: &Json, shown: &Json, object: &str, caller: &Caller, facts: &Facts) {
    let context = || format!("{}: {answer}", caller.name());
    let mut unseen = BTreeSet::new();
    walk(shown, object, caller, facts, &mut unseen);
    let told: Vec<&str> = errors(answer)
        .iter()
        .map(|error| {
            let coordinate =
                at(error, "extensions.coordinate").as_str().unwrap_or_else(|| panic!("{}", context()));
            is_a_refusal(error, "FIELD_FORBIDDEN", coordinate);
            coordinate
        })
        .collect();
    let told_once: BTreeSet<String> = told.iter().map(|coordinate| (*coordinate).to_owned()).collect();
    assert_eq!(told_once, unseen, "{}", context());
    assert_eq!(told.len(), unseen.len(), "{}", context());
}

fn walk(shown: &Json, object: &str, caller: &Caller, facts: &Facts, unseen: &mut BTreeSet<String>) {
    let Json::Object(members) = shown else { panic!("no {object}: {shown}") };
    for (name, value) in members.iter().filter(|(name, _)| *name != "__typename") {
        let field = &SCHEMA.object(object).fields[name.as_str()];
        let class = class_of(field).unwrap_or("PUBLIC");
        // An edge that leaves out what is beyond reach is refused where all of it is.
        let leads_nowhere = SCHEMA
            .target(field)
            .is_some_and(|target| is_scoped(&target.name) && !caller.may_see(class, &target.name));
        if !caller.sees(class, facts) || leads_nowhere || is_withheld(field, caller) {
            assert_eq!(value, &Json::Null, "{} sees {object}.{name}", caller.name());
            unseen.insert(format!("{object}.{name}"));
            continue;
        }
        match (SCHEMA.target(field), value) {
            (Some(target), Json::Array(rows)) => {
                for row in rows {
                    walk(row, &target.name, caller, facts, unseen);
                }
            }
            (Some(target), Json::Object(_)) => walk(value, &target.name, caller, facts, unseen),
            _ => {}
        }
    }
}
