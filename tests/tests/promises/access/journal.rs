//! The journal, field by field, for every role: each entry to whom it concerns, and whom it tells of to still fewer.

use std::collections::BTreeSet;

use enlace_tests::{World, at};
use serde_json::{Value as Json, json};

use crate::reference::documents::{Style, everything};
use crate::reference::sights::{Caller, Facts, everyone};
use crate::reference::{SCHEMA, client, errors, is_a_refusal, rows, the_error, world};

const READS: &[(&str, &str)] = &[
    ("INEA/educator", "{ persons(first: 3) { nodes { givenNames } } }"),
    ("OIM/adviser", "{ persons(first: 2) { nodes { migrationStatus } } }"),
    ("ISESALUD/clinician", "{ persons(first: 2) { nodes { assessments { risk } } } }"),
    ("UNICEF/programmes", "{ persons(first: 4) { nodes { kinship } } }"),
    ("DIF_MUNICIPAL/coordinator", "{ households(first: 2) { nodes { code members { code } } } }"),
];

/// Every field of every entry, for whoever reads them all, once there are so many.
async fn whole(world: &World, count: usize) -> Vec<Json> {
    let coordinator = client(world, &Caller::of("DIF_MUNICIPAL/coordinator"));
    let document = everything("journal", "JournalEntryConnection", 1, Style::Plain);
    for _ in 0..500 {
        let answer = coordinator.query(&document).await;
        let edges = rows(&answer, "data.journal.edges");
        if edges.len() >= count {
            // What the coordinator may not read is ADMINISTRATION, of the agencies.
            let told: Vec<&Json> = errors(&answer).iter().collect();
            assert!(
                told.iter().all(|error| at(error, "extensions.coordinate") == "Agency.agreements"),
                "{told:?}"
            );
            return edges.to_vec();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the journal has fewer entries than {count}");
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
    let whole = whole(&world, READS.len() + 1).await;
    assert_eq!(whole.len(), READS.len() + 1);
    let mut known = BTreeSet::new();
    for (place, caller) in everyone().iter().enumerate() {
        let style = Style::ALL[place % 4];
        let document = everything("journal", "JournalEntryConnection", 0, style);
        let prefix = if style == Style::Aliased { "other_" } else { "" };
        let answer = client(&world, caller).query(&document).await;
        if !caller.may_see("JOURNAL", "JournalEntry") {
            assert_eq!(answer["data"], json!({"journal": null}), "{}", caller.name());
            is_a_refusal(the_error(&answer), "FIELD_FORBIDDEN", "Query.journal");
            continue;
        }
        let mine = whole.iter().filter(|entry| {
            let agency = at(entry, "node.agency.code").as_str().map(str::to_owned);
            caller.sees("JOURNAL", &Facts { agency, ..Facts::default() })
        });
        let mine: Vec<&Json> = mine.collect();
        let edges = rows(&answer, &format!("data.journal.{prefix}edges"));
        assert_eq!(edges.len(), mine.len(), "{} {answer}", caller.name());
        let tells = caller.may_see("JOURNAL", "JournalSubject");
        for (edge, entry) in edges.iter().zip(mine) {
            for field in SCHEMA.object("JournalEntry").fields.values() {
                let name = field.name.as_str();
                let shown = at(edge, &format!("{prefix}node.{prefix}{name}"));
                let expected = &entry["node"][name];
                match name {
                    // Compared by what it is called: how much of an agency is shown is its own affair.
                    "agency" => {}
                    "subjects" if !tells => assert_eq!(shown, &Json::Null, "{}", caller.name()),
                    "subjects" => {
                        let of = |list: &Json, key: &str| -> Vec<Json> {
                            list.as_array().unwrap().iter().map(|subject| subject[key].clone()).collect()
                        };
                        let names = of(shown, &format!("{prefix}person"));
                        assert_eq!(names, of(expected, "person"), "{}", caller.name());
                        known.extend(names.iter().map(ToString::to_string));
                    }
                    _ => assert_eq!(shown, expected, "{} {name}", caller.name()),
                }
            }
        }
        let told: Vec<&str> = errors(&answer)
            .iter()
            .map(|error| at(error, "extensions.coordinate").as_str().unwrap())
            .collect();
        let withheld = if tells || edges.is_empty() { vec![] } else { vec!["JournalEntry.subjects"] };
        assert_eq!(told, withheld, "{}", caller.name());
    }
    assert!(known.len() > 5, "someone learns whom an entry tells of: {known:?}");
    world.stop().await;
}
