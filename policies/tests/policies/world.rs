//! Principals and records enough to tell every two policies apart.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use enlace_policies::{Class, Fact, Facts, Policies, Principal, ROLES, RecordType, UserPrincipal};

/// The subject and the shelter of every user in these tests, and ones that are not theirs.
pub(crate) const ME: &str = "me";
pub(crate) const MINE: &str = "CDC-01";
const SOMEONE: &str = "someone";
const ELSEWHERE: &str = "CDC-02";
/// The purpose that every user in these tests states, and another.
pub(crate) const PURPOSE: &str = "EDUCATION";
const OTHER_PURPOSE: &str = "PROTECTION";
/// The class that some share alone.
pub(crate) const NARROWED: Class = Class::Education;
/// The person whose record a user in these tests has opened, and another.
const OPENED: &str = "a-person";
const ANOTHER: &str = "another-person";
/// An agency that no user in these tests acts for.
const STRANGER: &str = "IMSS";

/// The policies that the crate carries, loaded once.
pub(crate) fn built_in() -> &'static Policies {
    static BUILT_IN: LazyLock<Arc<Policies>> = LazyLock::new(|| Policies::built_in().unwrap());
    &BUILT_IN
}

/// A user of the agency that first comes to mind for its roles, with a shelter and an agreement in force.
pub(crate) fn user(roles: &[&str]) -> UserPrincipal {
    let holder = ROLES.iter().find(|role| roles.contains(&role.code)).map_or("INM", |role| role.agencies[0]);
    UserPrincipal {
        user: ME.to_owned(),
        agency: holder.replace('*', "ALFA"),
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        reads_as: None,
        shelters: [MINE.to_owned()].into(),
        agreement_in_force: true,
        purpose: Some(PURPOSE.to_owned()),
        opened: None,
    }
}

/// Every role alone and some together; some without an agreement, without shelters or with a borrowed role.
pub(crate) fn principals() -> Vec<Principal> {
    let mut users = Vec::new();
    users.extend(ROLES.iter().map(|role| user(&[role.code])));
    for role in ["coordinator", "shelter_lead", "witness"] {
        users.push(UserPrincipal { agreement_in_force: false, ..user(&[role]) });
        users.push(UserPrincipal { reads_as: Some(role.to_owned()), ..user(&["integrator"]) });
    }
    users.push(UserPrincipal { shelters: [].into(), ..user(&["shelter_lead"]) });
    users.push(UserPrincipal { reads_as: Some("coordinator".to_owned()), ..user(&["kitchen"]) });
    // Agencies whose people the policies name apart from their role.
    for (agency, role) in [
        ("ACNUR", "donor"),
        ("OIM", "adviser"),
        ("ONU", "adviser"),
        ("SEDENA", "coordinator"),
        ("DSPM", "coordinator"),
        ("ACNUR", "clinician"),
    ] {
        users.push(UserPrincipal { agency: agency.to_owned(), ..user(&[role]) });
    }
    users.push(UserPrincipal { purpose: None, ..user(&["educator"]) });
    // Break-glass: of those who may, of one who may not, and of an agency that no longer may.
    for role in ["coordinator", "clinician", "educator"] {
        users.push(UserPrincipal { opened: Some(OPENED.to_owned()), ..user(&[role]) });
    }
    users.push(UserPrincipal {
        opened: Some(OPENED.to_owned()),
        agreement_in_force: false,
        ..user(&["coordinator"])
    });
    for together in [
        &["witness", "coordinator"][..],
        &["witness", "donor"],
        &["clinician", "kitchen"],
        &["shelter_lead", "clinician"],
        &["shelter_lead", "partner", "kitchen"],
        &["integrator", "partner"],
        &["no such role"],
        &[],
    ] {
        users.push(user(together));
    }
    [Principal::Anyone].into_iter().chain(users.into_iter().map(Principal::User)).collect()
}

/// The facts of one record: of most one value, of a set its members.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record(pub(crate) BTreeMap<Fact, Vec<String>>);

impl Facts for Record {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.0.get(&fact).and_then(|values| values.first()).map(String::as_str)
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.0.get(&fact).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Every record of a type that a policy could tell apart from another, for a user of this agency.
pub(crate) fn records(record: RecordType, agency: &str) -> Vec<Record> {
    let mut all = vec![Record::default()];
    for &fact in record.facts() {
        let one = |values: &[&str]| -> Vec<Option<Vec<String>>> {
            values.iter().map(|value| Some(vec![(*value).to_owned()])).collect()
        };
        let mut values = match fact {
            Fact::Agency | Fact::DonorAgency | Fact::Lender | Fact::Recipient => one(&[agency, STRANGER]),
            Fact::User => one(&[ME, SOMEONE]),
            Fact::Person => one(&[OPENED, ANOTHER]),
            Fact::Shelter => one(&[MINE, ELSEWHERE]),
            Fact::StockKind => one(&["food", "medical", "general"]),
            Fact::AgeGroup => one(&["minor", "adult"]),
            Fact::Withheld => one(&["BLOCKED", "ERASED"]),
            Fact::SharedWith => {
                let shared = |agency: &str, purpose: &str| format!("{agency}/{purpose}");
                // Of this class alone, with the user of these tests.
                let narrowed = format!("{}/{NARROWED}", shared(agency, PURPOSE));
                let others = vec![shared(STRANGER, PURPOSE), shared(agency, OTHER_PURPOSE), narrowed];
                let mine = others.iter().cloned().chain([shared(agency, PURPOSE)]).collect();
                vec![Some(others), Some(mine)]
            }
        };
        if optional(record, fact) {
            values.push(None);
        }
        all = all
            .iter()
            .flat_map(|facts| {
                values.iter().map(|value| {
                    let mut facts = facts.clone();
                    if let Some(value) = value {
                        facts.0.insert(fact, value.clone());
                    }
                    facts
                })
            })
            .collect();
    }
    all
}

fn optional(record: RecordType, fact: Fact) -> bool {
    match fact {
        Fact::Lender | Fact::DonorAgency | Fact::Withheld => true,
        Fact::Shelter => !matches!(
            record,
            RecordType::Shelter
                | RecordType::Space
                | RecordType::MealServing
                | RecordType::Incident
                | RecordType::InvolvedPerson
                | RecordType::ShiftSignUp
                | RecordType::PressVisit
        ),
        Fact::Agency => {
            matches!(record, RecordType::Employer | RecordType::Vacancy | RecordType::JobApplication)
        }
        // Whoever is taking an intake down, while they are.
        Fact::User => matches!(record, RecordType::Intake),
        Fact::StockKind | Fact::Person | Fact::AgeGroup | Fact::Recipient | Fact::SharedWith => false,
    }
}

pub(crate) fn agency_of(principal: &Principal) -> &str {
    match principal {
        Principal::Anyone => "INM",
        Principal::User(user) => &user.agency,
    }
}
