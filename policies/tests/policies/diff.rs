//! What a change of the policies does, told before it is made.

use std::{fs, path::Path};

use enlace_policies::{Becomes, Class, Difference, Policies, RecordType, Verb, diff};

use crate::world::built_in;

/// The built-in policies with one text in place of another.
fn changed(name: &str, file: &str, from: &str, to: &str) -> Policies {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    for found in fs::read_dir(here).unwrap().flatten() {
        let name = found.file_name().into_string().unwrap();
        if name.contains(".cedar") {
            let text = fs::read_to_string(found.path()).unwrap();
            let text = if name == file { text.replacen(from, to, 1) } else { text };
            fs::write(folder.join(name), text).unwrap();
        }
    }
    Policies::from_dir(&folder).unwrap()
}

/// Who gains and who loses, as `+ AGENCY role`.
fn who(difference: &Difference) -> Vec<String> {
    let mut who: Vec<String> = difference
        .changes
        .iter()
        .map(|change| {
            let sign = if change.gains { '+' } else { '-' };
            format!("{sign} {} {}", change.agency.as_deref().unwrap(), change.role.as_deref().unwrap())
        })
        .collect();
    who.dedup();
    who
}

#[test]
fn nothing_changes_between_a_set_and_itself() {
    let difference = diff(built_in(), built_in()).unwrap();
    assert!(difference.changes.is_empty() && difference.policies.is_empty());
}

#[test]
fn whoever_gains_and_whoever_loses_is_named_and_nobody_else() {
    let liaison = "Role::\"coordinator\", Role::\"donation_coordinator\", Role::\"liaison\"";
    let officer = "Role::\"coordinator\", Role::\"donation_coordinator\", Role::\"officer\"";
    let after = changed("diff-donors", "donations.cedar", liaison, officer);
    let difference = diff(built_in(), &after).unwrap();
    assert_eq!(who(&difference), ["+ DSPM officer", "- RP liaison"]);
    for change in &difference.changes {
        assert_eq!(change.class, Class::Donor);
        assert!(change.agreement_in_force, "without an agreement nobody reads it before or after");
        assert!(change.records.contains(&RecordType::Lot));
    }
    let verbs: Vec<Verb> = difference.changes.iter().map(|change| change.verb).collect();
    let each = [Verb::Read, Verb::Identify, Verb::Write];
    assert_eq!(verbs, [each, each].concat());
    let policy = &difference.policies[0];
    assert_eq!((policy.policy.as_str(), policy.becomes), ("donor-coordinators", Becomes::Altered));
    assert_eq!((policy.file.as_str(), difference.policies.len()), ("donations.cedar", 1));
}

#[test]
fn a_condition_that_is_widened_is_a_gain_in_words() {
    let after = changed(
        "diff-kitchen",
        "donations.cedar",
        "resource.stockKind == \"food\"",
        "[\"food\", \"medical\"].contains(resource.stockKind)",
    );
    let difference = diff(built_in(), &after).unwrap();
    assert_eq!(who(&difference), ["+ SEDENA kitchen"]);
    let said = difference.changes[0].to_string();
    assert!(said.starts_with("+ SEDENA kitchen: read INVENTORY on "), "{said}");
    assert!(said.ends_with("stockKind is food → stockKind is food or medical"), "{said}");
}

#[test]
fn a_forbid_that_goes_is_told_with_all_that_it_held_back() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("always.cedar")).unwrap();
    let begin = text.find("@id(\"always-agreement-in-force\")").unwrap();
    let end = begin + text[begin..].find(";\n").unwrap() + 2;
    let after = changed("diff-agreement", "always.cedar", &text[begin..end], "");
    let difference = diff(built_in(), &after).unwrap();
    assert_eq!(difference.policies[0].becomes, Becomes::Removed);
    assert!(difference.changes.iter().all(|change| change.gains && !change.agreement_in_force));
    assert!(difference.changes.len() > 20);
    let told = difference.changes.iter().find(|change| change.role.as_deref() == Some("officer")).unwrap();
    assert!(told.to_string().contains("DSPM officer without an agreement in force"), "{told}");
}
