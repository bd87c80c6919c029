//! `enlace policy explain`, `diff` and `test`, as a lawyer or an integrator runs them.

use std::path::{Path, PathBuf};

use enlace_tests::{DataFolder, Run, enlace};
use serde_json::{Value as Json, json};

const POLICIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../policies");

/// What a command prints that ends well.
fn printed(line: &str, words: &[&str]) -> String {
    let run = words.iter().fold(enlace(line), Run::with);
    let ended = run.end();
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    ended.out
}

fn found(line: &str, words: &[&str]) -> Json {
    serde_json::from_str(&printed(line, &[words, &["--format", "json"]].concat())).unwrap()
}

/// The committed policies in a folder of their own, with one text in place of another.
fn changed(folder: &DataFolder, file: &str, from: &str, to: &str) -> PathBuf {
    std::fs::create_dir_all(folder.path()).unwrap();
    for found in std::fs::read_dir(POLICIES).unwrap().flatten() {
        let name = found.file_name().into_string().unwrap();
        if name.contains(".cedar") || name.ends_with(".tests.toml") {
            let text = std::fs::read_to_string(found.path()).unwrap();
            assert!(name != file || text.contains(from), "{file} has no {from}");
            let text = if name == file { text.replacen(from, to, 1) } else { text };
            std::fs::write(folder.path().join(name), text).unwrap();
        }
    }
    folder.path().to_owned()
}

#[test]
fn explain_says_whether_by_which_policy_and_what_would_allow_it() {
    let told = printed("policy explain", &["DSPM/officer", "DonationItem.donor"]);
    for said in [
        "DonationItem.donor for DSPM/officer, by the policies ",
        "REFUSED: read DONOR on Lot\nNo policy permits it.\n",
        "  permit donor-coordinators (donations.cedar:",
        "    does not hold: the caller holds the role coordinator or donation_coordinator or liaison\n",
        "Any of these would allow it:\n",
        "  the role donor in ACNUR, a record of which this holds: donorAgency is own\n",
    ] {
        assert!(told.contains(said), "{said} is not in {told}");
    }
    for (words, answer) in [
        (&["ACNUR/donor", "DonationItem.donor"][..], "DEPENDS"),
        (&["ACNUR/donor", "DonationItem.donor", "donorAgency=ACNUR"], "ALLOWED"),
        (&["ACNUR/donor", "DonationItem.donor", "donorAgency="], "REFUSED"),
        (&["ACNUR/donor", "DonationItem.donor", "stockKind=food"], "DEPENDS"),
        (&["ACNUR/donor", "DonationItem.donor", "donorAgency=ACNUR", "--without-agreement"], "REFUSED"),
        (&["DIF_MUNICIPAL/shelter_lead", "Mutation.adjustOccupancy", "shelter=ALB-01"], "REFUSED"),
        (
            &[
                "DIF_MUNICIPAL/shelter_lead",
                "Mutation.adjustOccupancy",
                "shelter=ALB-01",
                "--shelter",
                "ALB-01",
            ],
            "ALLOWED",
        ),
        (
            &["INEA/educator", "Person.code", "sharedWith=ACNUR/PROTECTION", "sharedWith=INEA/EDUCATION"],
            "REFUSED",
        ),
        (
            &[
                "INEA/educator",
                "Person.code",
                "sharedWith=ACNUR/PROTECTION",
                "sharedWith=INEA/EDUCATION",
                "withheld=",
                "--purpose",
                "EDUCATION",
            ],
            "ALLOWED",
        ),
        (&["public", "Shelter.name"], "ALLOWED"),
        (&["ISESALUD/clinician+kitchen", "read HEALTH on Diagnosis"], "REFUSED"),
        (&["ACNUR/donor", "Query.donationItems(donor:)"], "REFUSED"),
    ] {
        if words[0].contains("kitchen") {
            // A role that the agency does not hold.
            let run = words.iter().fold(enlace("policy explain"), Run::with).end();
            assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{run:?}");
            continue;
        }
        assert_eq!(found("policy explain", words)["answer"], answer, "{words:?}");
    }
    let listed = found("policy explain", &["ISESALUD/clinician", "Person.givenNames", "withheld="]);
    assert_eq!(listed["answer"], "ALLOWED");
    assert_eq!(listed["in_lists"]["depends_on"], "not ageGroup is minor");
}

#[test]
fn what_explain_does_not_understand_it_says() {
    for (words, said) in [
        (&["DSPM/officer", "Donation.giver"][..], "no coordinate `Donation.giver`"),
        (&["DSPM/officer", "read SECRETS on Lot"], "no coordinate `read SECRETS on Lot`"),
        (&["DSPM", "Shelter.name"], "AGENCY/ROLE"),
        (&["DSPM/king", "Shelter.name"], "there is no role `king`"),
        (&["DSPM/officer", "Shelter.name", "colour=red"], "there is no fact `colour`"),
        (&["DSPM/officer", "Shelter.name", "shelter"], "`shelter` is not FACT=VALUE"),
        (&["DSPM/officer", "Shelter.name", "--purpose", "FUN"], "`FUN` is no purpose"),
    ] {
        let run = words.iter().fold(enlace("policy explain"), Run::with).end();
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{run:?}");
        assert!(run.err.starts_with("enlace: ") && run.err.contains(said), "{run:?}");
    }
    assert_eq!(enlace("policy explain DSPM/officer").end().code, Some(2));
}

#[test]
fn diff_names_who_gains_and_who_loses_which_coordinate() {
    let folder = DataFolder::new();
    let new = changed(
        &folder,
        "donations.cedar",
        "Role::\"liaison\"] };\n\n@id(\"donor-givers",
        "Role::\"officer\"] };\n\n@id(\"donor-givers",
    );
    let new = new.to_str().unwrap();
    let told = printed("policy diff", &[POLICIES, new]);
    for said in [
        "altered donor-coordinators (donations.cedar:",
        "+ DSPM officer: read DONOR on Donation, Lot, Donor: never → always\n",
        "- RP liaison: read DONOR on Donation, Lot, Donor: always → never\n",
        "    Donation.donor Donation.receipt DonationItem.donor DonationItemDonorCount.capped\n",
        "DonationReceipt.changed Donor.agency Donor.importMapping Donor.kind Donor.version\n",
        "+ DSPM officer: identify DONOR on Donation, Lot, Donor: never → always\n",
        "    Donation.donorReference DonationItem.donorReference DonationReceipt.html\n",
        "Query.donationItems(donor:)",
    ] {
        assert!(told.contains(said), "{said} is not in {told}");
    }
    assert!(!told.contains("coordinator:"), "nobody else is named: {told}");
    let found = found("policy diff", &[POLICIES, new]);
    let gains = found["changes"].as_array().unwrap().iter().find(|change| {
        (&change["role"], &change["verb"], &change["gains"])
            == (&json!("officer"), &json!("read"), &json!(true))
    });
    let coordinates = gains.unwrap()["coordinates"].as_array().unwrap();
    assert!(coordinates.contains(&json!("DonationItem.donor")), "{coordinates:?}");
    assert!(!coordinates.contains(&json!("DonationItem.code")));

    let same = printed("policy diff", &[POLICIES, POLICIES]);
    assert!(same.ends_with("nobody gains or loses anything\n"), "{same}");
    let missing = enlace("policy diff").with(POLICIES).with("/no/such/folder").end();
    assert_eq!((missing.code, missing.out.as_str()), (Some(1), ""));
}

#[test]
fn a_case_that_fails_says_where_who_and_why() {
    let told = printed("policy test", &[]);
    assert!(told.contains(" cases, ") && told.contains(": 0 failed; 0 policies"), "{told}");

    let folder = DataFolder::new();
    let wrong = changed(
        &folder,
        "donations.cedar",
        "resource.stockKind == \"food\"",
        "resource.stockKind == \"fuel\"",
    );
    let run = enlace("policy test --policies").with(&wrong).end();
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("the policies and their cases disagree"), "{run:?}");
    let case = std::fs::read_to_string(Path::new(POLICIES).join("donations.tests.toml")).unwrap();
    let line = 1 + case.lines().position(|line| line.contains("kitchen reads food")).unwrap();
    for said in [
        &*format!("donations.tests.toml:{line}: "),
        "  SEDENA/kitchen: read INVENTORY on ",
        "    expected allow by inventory-kitchen-reads-food\n",
        "    found    deny by default-deny\n",
    ] {
        assert!(run.out.contains(said), "{said} is not in {}", run.out);
    }
    // A coordinate that the schema does not have, or that something else decides on.
    let wrong = changed(&folder, "donations.tests.toml", "\"Donor.contact\"", "\"Donor.telephone\"");
    let run = enlace("policy test --policies").with(&wrong).end();
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("the schema has no coordinate `Donor.telephone`"), "{run:?}");
}
