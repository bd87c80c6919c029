//! The cases that stand beside the policies, and what is wrong with one that is written badly.

use std::{fs, path::Path};

use enlace_policies::{Cases, Class, Error, Expected, Failure, Policies, RecordType, Verb};

use crate::world::built_in;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_cases_hold_and_try_every_policy_both_ways() {
    let report = Cases::built_in().unwrap().run(built_in()).unwrap();
    assert!(report.passed(), "\n{report}");
    assert!(report.questions > report.cases && report.cases > 100, "{report}");
}

#[test]
fn the_built_in_cases_are_those_of_the_folder() {
    let folder = Cases::from_dir(Path::new(FOLDER)).unwrap();
    assert_eq!(format!("{:?}", Cases::built_in().unwrap()), format!("{folder:?}"));
}

/// Cases of these texts, in a folder of their own.
fn cases(name: &str, text: &str) -> Result<Cases, Error> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.tests.toml"), text).unwrap();
    Cases::from_dir(&folder)
}

const CASE: &str = r#"
[[case]]
name = "A donor reads goods"
who = ["ACNUR/donor"]
asks = ["read INVENTORY"]
on = ["Item"]
facts = { stockKind = "food" }
answer = "allow"
by = ["inventory-partners-read"]
"#;

#[test]
fn a_case_that_is_written_badly_is_refused_with_its_line() {
    assert_eq!(cases("case-good", CASE).unwrap().len(), 1);
    for (right, wrong, line, says) in [
        ("asks", "ask", 5, "unknown field `ask`"),
        ("[[case]]", "[[cases]]", 2, "unknown field `cases`"),
        ("donor\"", "doner\"", 3, "no role `doner`"),
        ("read INVENTORY", "see INVENTORY", 3, "`see INVENTORY` is not a verb and a class"),
        ("\"Item\"", "\"Itme\"", 3, "no type of record `Itme`"),
        ("stockKind", "colour", 3, "no fact `colour`"),
        ("\"food\"", "[\"food\", \"medical\"]", 3, "`stockKind` has one value"),
        ("\"food\"", "1", 7, "the value of a fact is a text"),
        ("\"allow\"", "\"maybe\"", 8, "unknown variant `maybe`"),
        ("[\"inventory-partners-read\"]", "[]", 3, "each name at least one"),
    ] {
        let Err(Error::Rejected(findings)) = cases("case-bad", &CASE.replacen(right, wrong, 1)) else {
            panic!("{wrong} was let through");
        };
        assert_eq!((findings[0].line, findings.len()), (line, 1), "{findings:?}");
        assert!(findings[0].message.contains(says), "{findings:?}");
    }

    // A fact that the schema requires is missed only when the question is put.
    let missing = cases("case-bad", &CASE.replace("facts = { stockKind = \"food\" }", "")).unwrap();
    let Err(Error::Rejected(findings)) = missing.run(built_in()) else { panic!("let through") };
    assert_eq!((findings[0].file.as_str(), findings[0].line), ("a.tests.toml", 3), "{findings:?}");
    assert!(findings[0].message.contains("stockKind"), "{findings:?}");
}

#[test]
fn a_failure_says_what_was_expected_and_what_came() {
    let wrong = CASE.replace("\"allow\"", "\"deny\"").replace("inventory-partners-read", "default-deny");
    let report = cases("case-wrong", &wrong).unwrap().run(built_in()).unwrap();
    assert!(!report.passed());
    let failure = &report.failures[0];
    assert_eq!((failure.line, failure.compiled), (3, Expected::Allow));
    let said = failure.to_string();
    for part in [
        "a.tests.toml:3: A donor reads goods",
        "ACNUR/donor: read INVENTORY on Item",
        "expected deny by default-deny",
        "found    allow by inventory-partners-read",
    ] {
        assert!(said.contains(part), "{said}");
    }

    // The right answer for the wrong reason is a failure too.
    let wrong = CASE.replace("inventory-partners-read", "inventory-coordinator");
    assert_eq!(cases("case-reason", &wrong).unwrap().run(built_in()).unwrap().failures.len(), 1);
}

#[test]
fn a_policy_that_no_case_tries_is_named() {
    let report = cases("case-few", CASE).unwrap().run(built_in()).unwrap();
    assert!(report.failures.is_empty());
    let untried = |id: &str| {
        let of_it = report.untried.iter().filter(|gap| gap.message.starts_with(&format!("{id}: ")));
        of_it.map(|gap| gap.message.as_str()).collect::<Vec<_>>()
    };
    let nearly = "inventory-partners-read: no case comes near this policy without its applying";
    assert_eq!(untried("inventory-partners-read"), [nearly]);
    assert_eq!(untried("inventory-coordinator"), ["inventory-coordinator: no case rests on this policy"]);
    assert_eq!(untried("health-clinician").len(), 2);
}

#[test]
fn every_policy_that_is_taken_away_fails_a_case_that_names_it() {
    let schema = fs::read_to_string(Path::new(FOLDER).join("enlace.cedarschema")).unwrap();
    let cases = Cases::built_in().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("taken-away");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("enlace.cedarschema"), schema).unwrap();
    for taken in built_in().rules() {
        let rest = built_in().rules().filter(|rule| rule.id != taken.id);
        let rest = rest.map(|rule| rule.text.as_str()).collect::<Vec<_>>().join("\n");
        fs::write(folder.join("rest.cedar"), rest).unwrap();
        let resting = cases.resting_on(&taken.id);
        assert!(!resting.is_empty(), "no case rests on {}", taken.id);
        // Cases that do not rest on it cannot name it.
        let report = resting.run(&Policies::from_dir(&folder).unwrap()).unwrap();
        let names_it =
            |failure: &Failure| failure.expected.by.contains(&*taken.id) && failure.found != failure.expected;
        assert!(report.failures.iter().any(names_it), "no case misses {}\n{report}", taken.id);
    }
}

#[test]
fn a_coordinate_is_one_of_the_schema_and_is_what_the_case_asks() {
    let good = CASE.replace("answer", "coordinates = [\"Item.name\"]\nanswer");
    let cases = cases("case-coordinate", &good).unwrap();
    let of = |class| move |name: &str| (name == "Item.name").then_some((Verb::Read, class, RecordType::Item));
    cases.check_coordinates(of(Class::Inventory)).unwrap();
    let Err(Error::Rejected(findings)) = cases.check_coordinates(of(Class::Donor)) else {
        panic!("let through")
    };
    assert_eq!(findings[0].line, 3);
    assert_eq!(
        findings[0].message,
        "`Item.name` is decided by `read DONOR` on `Item`, which the case does not ask"
    );
    let Err(Error::Rejected(findings)) = cases.check_coordinates(|_| None) else { panic!("let through") };
    assert_eq!(findings[0].message, "the schema has no coordinate `Item.name`");
}
