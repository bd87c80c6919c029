//! Principals and records enough to tell every two policies apart.

use std::{collections::BTreeMap, sync::LazyLock};

use enlace_policies::{Fact, Policies, Principal, ROLES, RecordType, UserPrincipal};

/// The subject and the shelter of every user in these tests, and ones that are not theirs.
pub(crate) const ME: &str = "me";
pub(crate) const MINE: &str = "CDC-01";
const SOMEONE: &str = "someone";
const ELSEWHERE: &str = "CDC-02";
/// An agency that no user in these tests acts for.
const STRANGER: &str = "IMSS";

/// The policies that the crate carries, loaded once.
pub(crate) fn built_in() -> &'static Policies {
    static BUILT_IN: LazyLock<Policies> = LazyLock::new(|| Policies::built_in().unwrap());
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

/// The facts of one record.
pub(crate) type Facts = BTreeMap<Fact, String>;

/// Every record of a type that a policy could tell apart from another, for a user of this agency.
pub(crate) fn records(record: RecordType, agency: &str) -> Vec<Facts> {
    let mut all = vec![Facts::new()];
    for &fact in record.facts() {
        let mut values: Vec<Option<&str>> = match fact {
            Fact::Agency | Fact::DonorAgency | Fact::Lender => vec![Some(agency), Some(STRANGER)],
            Fact::User => vec![Some(ME), Some(SOMEONE)],
            Fact::Shelter => vec![Some(MINE), Some(ELSEWHERE)],
            Fact::StockKind => vec![Some("food"), Some("medical"), Some("general")],
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
                        facts.insert(fact, (*value).to_owned());
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
        Fact::Lender | Fact::DonorAgency => true,
        Fact::Shelter => !matches!(record, RecordType::Shelter | RecordType::Space),
        Fact::Agency | Fact::User | Fact::StockKind => false,
    }
}

pub(crate) fn agency_of(principal: &Principal) -> &str {
    match principal {
        Principal::Anyone => "INM",
        Principal::User(user) => &user.agency,
    }
}
