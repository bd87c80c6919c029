//! Who asks.

use std::collections::BTreeSet;

use crate::Verb;

/// Who asks. It is all that a policy may know of a caller, and so the key under which a
/// [`Profile`](crate::Profile) is cached: equal principals get equal answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A caller without a token.
    Anyone,
    /// A caller with a token whose claims the grants confirm.
    User(UserPrincipal),
}

/// A caller with a token. Only what is confirmed belongs here: policies believe every word of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserPrincipal {
    /// The subject of the token.
    pub user: String,
    /// The code of the agency that it acts for.
    pub agency: String,
    /// The codes of the roles that it holds there. A code that is no role gives nothing.
    pub roles: BTreeSet<String>,
    /// The one role whose reads an `integrator` holds; of no effect without the role `integrator`.
    pub reads_as: Option<String>,
    /// The codes of the shelters that are its own.
    pub shelters: BTreeSet<String>,
    /// Whether the data-sharing agreement of its agency is in force.
    pub agreement_in_force: bool,
    /// The code of the purpose that it states; without one, nothing that is shared for a purpose is shared with it.
    pub purpose: Option<String>,
    /// The key of the one person whose record it has opened in an emergency, while that lasts.
    pub opened: Option<String>,
}

/// Stands for an example's own subject and shelter; no policy can name it, since no code contains a space.
pub(crate) const OWN: &str = "the caller's own";
/// Stands for the purpose that an example states.
pub(crate) const STATED: &str = "the purpose that the caller states";
/// Stands for the person whose record an example has opened.
pub(crate) const OPENED: &str = "the person whose record the caller has opened";

impl UserPrincipal {
    /// A user with one role, a shelter, a purpose, a record opened and an agreement in force.
    pub(crate) fn example(agency: &str, role: &str) -> Self {
        Self {
            user: OWN.to_owned(),
            agency: agency.to_owned(),
            roles: BTreeSet::from([role.to_owned()]),
            reads_as: None,
            shelters: BTreeSet::from([OWN.to_owned()]),
            agreement_in_force: true,
            purpose: Some(STATED.to_owned()),
            opened: Some(OPENED.to_owned()),
        }
    }

    /// As whom data is shared with it: its agency, for the purpose that it states, as `ACNUR/PROTECTION`.
    pub fn recipient(&self) -> String {
        format!("{}/{}", self.agency, self.purpose.as_deref().unwrap_or_default())
    }

    /// The roles that count for a verb. Only an integrator's differ: for reads it holds the role that it
    /// names as well.
    pub(crate) fn roles_for(&self, verb: Verb) -> impl Iterator<Item = &str> {
        let borrowed = match verb {
            _ if verb.reads() && self.roles.contains(INTEGRATOR) => self.reads_as.as_deref(),
            _ => None,
        };
        let held = self.roles.iter().map(String::as_str).chain(borrowed);
        held.filter(|code| ROLES.iter().any(|role| role.code == *code))
    }
}

/// The machine account's role.
const INTEGRATOR: &str = "integrator";

/// In [`Role::agencies`]: any agency may hold the role.
pub const ANY_AGENCY: &str = "*";

/// A role and the agencies that may hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    /// The code that tokens, grants and policies use.
    pub code: &'static str,
    /// The codes of the agencies that may hold it. A code that ends in `*` stands for every code that begins
    /// like it.
    pub agencies: &'static [&'static str],
}

impl Role {
    /// Whether this agency may hold the role.
    pub fn held_by(&self, agency: &str) -> bool {
        self.agencies.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => agency.starts_with(prefix),
            None => *pattern == agency,
        })
    }
}

/// Every role, as the schema of the policies lists them. Policies give rights to roles alone; that a user
/// holds a role, and that its agency may, is for the grants to confirm before a [`UserPrincipal`] is made.
pub const ROLES: &[Role] = &[
    Role { code: "coordinator", agencies: &["DIF_MUNICIPAL"] },
    Role { code: "shelter_lead", agencies: &["DIF_MUNICIPAL"] },
    Role { code: "donation_coordinator", agencies: &["DIF_MUNICIPAL"] },
    Role { code: "administrator", agencies: &["DIF_MUNICIPAL"] },
    Role { code: "clinician", agencies: &["ISESALUD"] },
    Role { code: "educator", agencies: &["INEA"] },
    Role { code: "kitchen", agencies: &["SEDENA"] },
    Role { code: "officer", agencies: &["DSPM"] },
    Role { code: "inspector", agencies: &["PCE"] },
    Role { code: "lender", agencies: &["BISOM", "IMACUM", "IMDECUF"] },
    Role { code: "permits", agencies: &["CDM"] },
    Role { code: "liaison", agencies: &["RP"] },
    Role { code: "donor", agencies: &["DIF_ESTATAL", "ACNUR"] },
    Role { code: "adviser", agencies: &["OIM", "ONU"] },
    Role { code: "programmes", agencies: &["UNICEF"] },
    Role { code: "partner", agencies: &["NGO_*"] },
    Role { code: "witness", agencies: &["CNDH", "CEDH"] },
    // An employer's contact is granted by whichever agency brought the employer in.
    Role { code: "employer", agencies: &[ANY_AGENCY] },
    Role { code: INTEGRATOR, agencies: &[ANY_AGENCY] },
];

/// In [`Incompatible::with`]: every other role.
pub const EVERY_OTHER: &str = "*";

/// A role that one user does not hold together with some others, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incompatible {
    /// The code of the role.
    pub role: &'static str,
    /// The codes of the others; [`EVERY_OTHER`] stands for all.
    pub with: &'static [&'static str],
    /// One sentence for whoever is refused the grant.
    pub reason: &'static str,
}

/// Which roles nobody holds together. The database refuses such a grant: its table `incompatible_roles` holds these pairs.
pub const INCOMPATIBLE: &[Incompatible] = &[
    Incompatible {
        role: "witness",
        with: &[EVERY_OTHER],
        reason: "A witness watches over what the others do and takes no part in it (R9).",
    },
    Incompatible {
        role: "administrator",
        with: &[EVERY_OTHER],
        reason: "Whoever grants rights uses none of them, so that nobody can grant themselves what they want to see or do.",
    },
    Incompatible {
        role: "donation_coordinator",
        with: &["donor", "partner"],
        reason: "Whoever gives goods does not also keep them: the receipt is signed by someone else.",
    },
    Incompatible {
        role: "employer",
        with: &[
            "coordinator",
            "shelter_lead",
            "clinician",
            "educator",
            "donor",
            "adviser",
            "programmes",
            "partner",
        ],
        reason: "Whoever offers work reads of an applicant what the applicant consented to, and nothing by another role.",
    },
];

/// Why two roles are not held together; none where they may be. The order does not matter.
pub fn incompatibility(one: &str, other: &str) -> Option<&'static str> {
    let names = |pair: &Incompatible, role: &str, with: &str| {
        pair.role == role && with != role && (pair.with.contains(&EVERY_OTHER) || pair.with.contains(&with))
    };
    let found = INCOMPATIBLE.iter().find(|pair| names(pair, one, other) || names(pair, other, one))?;
    Some(found.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(roles: &[&str], reads_as: Option<&str>) -> UserPrincipal {
        UserPrincipal {
            user: "u".to_owned(),
            agency: "ACNUR".to_owned(),
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
            reads_as: reads_as.map(str::to_owned),
            shelters: BTreeSet::new(),
            agreement_in_force: true,
            purpose: None,
            opened: None,
        }
    }

    #[test]
    fn only_an_integrator_reads_as_another_role() {
        let integrator = user(&["integrator"], Some("donor"));
        assert_eq!(integrator.roles_for(Verb::Read).collect::<Vec<_>>(), ["integrator", "donor"]);
        assert_eq!(integrator.roles_for(Verb::Write).collect::<Vec<_>>(), ["integrator"]);

        let pretender = user(&["partner", "no such role"], Some("donor"));
        assert_eq!(pretender.roles_for(Verb::Read).collect::<Vec<_>>(), ["partner"]);
    }

    #[test]
    fn a_pattern_stands_for_the_codes_that_begin_like_it() {
        let held = |code: &str, agency: &str| {
            ROLES.iter().find(|role| role.code == code).is_some_and(|role| role.held_by(agency))
        };
        assert!(held("partner", "NGO_ALFA"));
        assert!(!held("partner", "ACNUR"));
        assert!(held("integrator", "ACNUR"));
        assert!(held("donor", "ACNUR"));
        assert!(!held("donor", "ACNUR2"));
    }

    #[test]
    fn incompatible_roles_are_refused_in_either_order() {
        for (one, other) in
            [("witness", "kitchen"), ("administrator", "coordinator"), ("donation_coordinator", "partner")]
        {
            assert!(incompatibility(one, other).is_some(), "{one} {other}");
            assert_eq!(incompatibility(one, other), incompatibility(other, one));
        }
        for (one, other) in [("coordinator", "shelter_lead"), ("integrator", "donor"), ("witness", "witness")]
        {
            assert_eq!(incompatibility(one, other), None, "{one} {other}");
        }
        let known = |code: &&str| ROLES.iter().any(|role| role.code == *code) || *code == EVERY_OTHER;
        assert!(INCOMPATIBLE.iter().all(|pair| known(&pair.role) && pair.with.iter().all(known)));
    }

    #[test]
    fn role_codes_are_unique() {
        let codes: BTreeSet<_> = ROLES.iter().map(|role| role.code).collect();
        assert_eq!(codes.len(), ROLES.len());
    }
}
