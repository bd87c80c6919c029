//! Loading: what is refused and where, the version, and the committed access table.

use std::{
    fs,
    path::{Path, PathBuf},
};

use enlace_policies::{Answer, Class, Error, Finding, Policies, Principal, RecordType, Verb, matrix};

use crate::world::{built_in, user};

const SCHEMA: &str = include_str!("../../enlace.cedarschema");
const GOOD: &str =
    "@id(\"a\")\n@reason(\"A.\")\npermit (principal, action == Action::\"read PUBLIC\", resource);\n";

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// A folder of its own for each test.
fn folder(name: &str, schema: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("enlace.cedarschema"), schema).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    folder
}

fn findings(name: &str, schema: &str, files: &[(&str, &str)]) -> Vec<Finding> {
    match Policies::from_dir(&folder(name, schema, files)) {
        Err(Error::Rejected(findings)) => findings,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_built_in_policies_are_those_of_the_folder() {
    let built_in = built_in();
    let folder = Policies::from_dir(&committed()).unwrap();
    assert_eq!(built_in.version(), folder.version());
    assert_eq!(built_in.version().len(), 16);
    assert!(built_in.rules().eq(folder.rules()));
}

#[test]
fn the_version_changes_with_any_text_and_with_nothing_else() {
    let version = |name: &str, schema: &str, files: &[(&str, &str)]| {
        Policies::from_dir(&folder(name, schema, files)).unwrap().version().to_owned()
    };
    let first = version("version", SCHEMA, &[("a.cedar", GOOD)]);
    assert_eq!(first, version("version", SCHEMA, &[("a.cedar", GOOD), ("notes.md", "not a policy")]));
    assert_ne!(first, version("version", SCHEMA, &[("b.cedar", GOOD)]));
    assert_ne!(first, version("version", SCHEMA, &[("a.cedar", &format!("{GOOD}\n"))]));
    assert_ne!(first, version("version", &format!("{SCHEMA}\n"), &[("a.cedar", GOOD)]));
}

#[test]
fn the_committed_matrix_is_fresh() {
    let committed = fs::read_to_string(committed().join("matrix.md")).unwrap();
    assert!(committed == matrix(built_in()).unwrap(), "write it again with `enlace policy matrix`");
}

#[test]
fn rules_say_where_they_stand() {
    for rule in built_in().rules() {
        let text = fs::read_to_string(committed().join(&rule.file)).unwrap();
        let line = text.lines().nth(rule.line - 1).unwrap();
        assert_eq!(line, format!("@id(\"{}\")", rule.id));
        assert!(rule.reason.ends_with('.'), "{} has a sentence for a reason", rule.id);
    }
}

#[test]
fn findings_name_file_and_line() {
    let syntax = findings("syntax", SCHEMA, &[("a.cedar", &format!("{GOOD}\npermit (principal, action)\n"))]);
    assert_eq!((syntax[0].file.as_str(), syntax[0].line), ("a.cedar", 5), "{syntax:?}");

    let unknown =
        GOOD.replace("@id(\"a\")", "@id(\"b\")").replace(';', "\nwhen { resource.colour == \"red\" };");
    let unknown = findings("unknown", SCHEMA, &[("a.cedar", GOOD), ("b.cedar", &unknown)]);
    assert_eq!((unknown[0].file.as_str(), unknown[0].line), ("b.cedar", 4), "{unknown:?}");
    assert!(unknown[0].to_string().starts_with("b.cedar:4: "), "{unknown:?}");

    let misspelt = GOOD.replace("(principal,", "(principal in Role::\"witnes\",");
    let misspelt = findings("misspelt", SCHEMA, &[("a.cedar", &misspelt)]);
    assert_eq!((misspelt[0].file.as_str(), misspelt[0].line), ("a.cedar", 3), "{misspelt:?}");

    let unguarded = GOOD.replace("resource)", "resource is Lot)\nwhen { resource.donorAgency == \"X\" }");
    let unguarded = findings("unguarded", SCHEMA, &[("a.cedar", &unguarded)]);
    assert_eq!(unguarded[0].line, 4, "{unguarded:?}");

    let impossible = GOOD.replace("(principal,", "(principal is Role,");
    let impossible = findings("impossible", SCHEMA, &[("a.cedar", &impossible)]);
    assert_eq!(impossible[0].file, "a.cedar", "{impossible:?}");

    let schema = findings("schema", &format!("{SCHEMA}\nentity Lot"), &[]);
    assert_eq!(schema[0].file, "enlace.cedarschema", "{schema:?}");
    assert!(schema[0].line > 50, "{schema:?}");
}

#[test]
fn every_policy_has_an_id_of_its_own_and_a_reason() {
    let twice = findings("twice", SCHEMA, &[("a.cedar", GOOD), ("b.cedar", &format!("\n{GOOD}"))]);
    assert_eq!((twice[0].file.as_str(), twice[0].line), ("b.cedar", 2));
    assert!(twice[0].message.contains("a.cedar:1"), "{twice:?}");

    for missing in ["@id(\"a\")\n", "@reason(\"A.\")\n"] {
        let nameless = findings("nameless", SCHEMA, &[("a.cedar", &GOOD.replace(missing, ""))]);
        assert!(nameless[0].message.contains("needs"), "{nameless:?}");
    }

    let template = GOOD.replace("(principal,", "(principal == ?principal,");
    let template = findings("template", SCHEMA, &[("a.cedar", &template)]);
    assert!(template[0].message.contains("template"), "{template:?}");
}

#[test]
fn what_cannot_be_translated_is_an_error_and_no_allowance() {
    for condition in [
        "resource.agency == resource.user",
        "resource.user like \"a*\"",
        "[resource.user].contains(\"a\")",
        "resource.user == \"a\" && 9223372036854775807 + 1 == 0",
    ] {
        let text = GOOD.replace("resource)", &format!("resource is Account)\nwhen {{ {condition} }}"));
        let policies = Policies::from_dir(&folder("untranslatable", SCHEMA, &[("a.cedar", &text)])).unwrap();
        let refused = policies.profile(&Principal::User(user(&[])));
        assert!(
            matches!(&refused, Err(Error::Untranslatable { policy, .. }) if policy == "a"),
            "{refused:?}"
        );
    }
}

#[test]
fn an_error_in_a_policy_refuses() {
    let overflow = "when { 9223372036854775807 + 1 == 0 };";
    let failing_permit = GOOD.replace(';', overflow);
    let failing_forbid = failing_permit.replace("permit", "forbid").replace("\"a\"", "\"b\"");
    for (name, files, policy) in [
        ("failing-permit", vec![("a.cedar", &*failing_permit)], "default-deny"),
        ("failing-forbid", vec![("a.cedar", GOOD), ("b.cedar", &failing_forbid)], "b"),
    ] {
        let policies = Policies::from_dir(&folder(name, SCHEMA, &files)).unwrap();
        let answer =
            policies.decide(&Principal::Anyone, Verb::Read, Class::Public, RecordType::Item).unwrap();
        assert!(matches!(&answer, Answer::Refused(refusal) if &*refusal.policy == policy), "{answer:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error() {
    let missing = Policies::from_dir(Path::new("no/such/folder"));
    assert!(matches!(missing, Err(Error::Read { .. })), "{missing:?}");
}
