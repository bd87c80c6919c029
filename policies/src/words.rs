//! Conditions in words, for the access table, for differences and for explanations.

use std::collections::BTreeSet;

use crate::{Condition, Fact, UserPrincipal, condition::covers, principal::OWN};

/// The facts that a condition asks for.
pub(crate) fn facts_of(condition: &Condition) -> BTreeSet<Fact> {
    let mut facts = BTreeSet::new();
    collect_facts(condition, &mut facts);
    facts
}

fn collect_facts(condition: &Condition, facts: &mut BTreeSet<Fact>) {
    match condition {
        Condition::True | Condition::False => {}
        Condition::Has(fact)
        | Condition::Is(fact, _)
        | Condition::In(fact, _)
        | Condition::Contains(fact, _) => {
            facts.insert(*fact);
        }
        Condition::Not(part) => collect_facts(part, facts),
        Condition::All(parts) | Condition::Any(parts) => {
            for part in parts {
                collect_facts(part, facts);
            }
        }
    }
}

/// A condition in words. What is this user's own is called so; of no user, everything is called by its code.
pub(crate) fn phrase(condition: &Condition, user: Option<&UserPrincipal>) -> String {
    let value = |value: &str| {
        let own = value == OWN || user.is_some_and(|user| user.agency == value);
        if own { "own".to_owned() } else { value.to_owned() }
    };
    let part = |part: &Condition| match part {
        Condition::All(_) | Condition::Any(_) => format!("({})", phrase(part, user)),
        _ => phrase(part, user),
    };
    match condition {
        Condition::True => "always".to_owned(),
        Condition::False => "never".to_owned(),
        Condition::Has(Fact::Withheld) => "withheld".to_owned(),
        Condition::Has(fact) => format!("there is a {fact}"),
        Condition::Is(Fact::Person, person)
            if user.is_some_and(|user| user.opened.as_ref() == Some(person)) =>
        {
            "opened".to_owned()
        }
        Condition::Is(Fact::Withheld, code) => code.to_lowercase(),
        Condition::Is(fact, only) => format!("{fact} is {}", value(only)),
        Condition::In(fact, values) => {
            let values: Vec<String> = values.iter().map(|one| value(one)).collect();
            format!("{fact} is {}", values.join(" or "))
        }
        Condition::Contains(Fact::SharedWith, recipient)
            if user.is_some_and(|user| covers(&user.recipient(), recipient)) =>
        {
            "shared".to_owned()
        }
        // It is said beside the class that is asked about.
        Condition::Contains(Fact::SharedWith, recipient) => {
            let mut parts = recipient.splitn(3, '/');
            match (parts.next().unwrap_or_default(), parts.next()) {
                (agency, Some("")) => {
                    format!("shared with {agency} for a purpose, of which the caller states none")
                }
                (agency, Some(purpose)) => format!("shared with {agency} for {purpose}"),
                (agency, None) => format!("shared with {agency}"),
            }
        }
        Condition::Contains(fact, one) => format!("{fact} contains {}", value(one)),
        Condition::Not(inner) => format!("not {}", part(inner)),
        Condition::All(parts) => parts.iter().map(part).collect::<Vec<_>>().join(" and "),
        Condition::Any(parts) => parts.iter().map(part).collect::<Vec<_>>().join(" or "),
    }
}
