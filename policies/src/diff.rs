//! Who gains and who loses what between two sets of policies.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use crate::{
    Answer, Class, Condition, Error, Fact, Facts, Policies, Principal, Profile, ROLES, RecordType, Rule,
    UserPrincipal, Value, Verb, words::phrase,
};

/// What changes between two sets of policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The version of the one.
    pub before: String,
    /// The version of the other.
    pub after: String,
    /// The policies that come, go or read otherwise, by id.
    pub policies: Vec<RuleChange>,
    /// What changes, in the order of the access table.
    pub changes: Vec<Change>,
}

/// A policy that is in one set only, or reads otherwise in the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    /// Its `@id`.
    pub policy: String,
    /// What becomes of it.
    pub becomes: Becomes,
    /// Its file and line, in the new set where it is there.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Its `@reason`.
    pub reason: String,
}

/// What becomes of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Becomes {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its text is another.
    Altered,
}

/// What changes for one role of one agency, for one verb and class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The agency; none for a caller without a token.
    pub agency: Option<String>,
    /// The role; none for a caller without a token.
    pub role: Option<String>,
    /// Whether the agreement of the agency is in force.
    pub agreement_in_force: bool,
    /// What is asked.
    pub verb: Verb,
    /// Of the fields of which class.
    pub class: Class,
    /// On records of which types: all those with the same change.
    pub records: Vec<RecordType>,
    /// Whether there are records that it reaches only afterwards.
    pub gains: bool,
    /// Whether there are records that it reaches only before.
    pub loses: bool,
    /// The old answer in words.
    pub before: String,
    /// The new answer in words.
    pub after: String,
}

/// Compares two sets of policies, for every row of the access table.
pub fn diff(before: &Policies, after: &Policies) -> Result<Difference, Error> {
    let mut changes = Vec::new();
    let mut compare = |user: Option<(&str, &str, UserPrincipal)>| -> Result<(), Error> {
        let principal = user.as_ref().map_or(Principal::Anyone, |(_, _, user)| Principal::User(user.clone()));
        let (old, new) = (before.profile(&principal)?, after.profile(&principal)?);
        let (agency, role, user) = match &user {
            Some((agency, role, user)) => (Some((*agency).to_owned()), Some((*role).to_owned()), Some(user)),
            None => (None, None, None),
        };
        for &verb in Verb::ALL {
            for &class in Class::ALL {
                for ((old, new), records) in changed(&old, &new, verb, class) {
                    changes.push(Change {
                        agency: agency.clone(),
                        role: role.clone(),
                        agreement_in_force: user.is_some_and(|user| user.agreement_in_force),
                        verb,
                        class,
                        records,
                        gains: !implies(&new, &old),
                        loses: !implies(&old, &new),
                        before: phrase(&old, user),
                        after: phrase(&new, user),
                    });
                }
            }
        }
        Ok(())
    };
    compare(None)?;
    for agreement_in_force in [true, false] {
        for role in ROLES {
            for agency in role.agencies {
                let user = UserPrincipal { agreement_in_force, ..UserPrincipal::example(agency, role.code) };
                compare(Some((agency, role.code, user)))?;
            }
        }
    }
    Ok(Difference {
        before: before.version().to_owned(),
        after: after.version().to_owned(),
        policies: changed_rules(before, after),
        changes,
    })
}

fn changed_rules(before: &Policies, after: &Policies) -> Vec<RuleChange> {
    let change = |rule: &Rule, becomes| RuleChange {
        policy: rule.id.to_string(),
        becomes,
        file: rule.file.clone(),
        line: rule.line,
        reason: rule.reason.to_string(),
    };
    let kept = after.rules().filter_map(|rule| match before.rule(&rule.id) {
        None => Some(change(rule, Becomes::Added)),
        Some(old) => (old.text != rule.text).then(|| change(rule, Becomes::Altered)),
    });
    let gone = before.rules().filter(|rule| after.rule(&rule.id).is_none());
    let mut changed: Vec<RuleChange> = kept.chain(gone.map(|rule| change(rule, Becomes::Removed))).collect();
    changed.sort_by(|a, b| a.policy.cmp(&b.policy));
    changed
}

/// The answers on a class that change, each with the types of record that they are about.
fn changed(
    old: &Profile,
    new: &Profile,
    verb: Verb,
    class: Class,
) -> BTreeMap<(Condition, Condition), Vec<RecordType>> {
    let mut changed: BTreeMap<_, Vec<RecordType>> = BTreeMap::new();
    for &record in RecordType::ALL {
        let old = condition(old.answer(verb, class, record));
        let new = condition(new.answer(verb, class, record));
        if old != new && !(implies(&old, &new) && implies(&new, &old)) {
            changed.entry((old, new)).or_default().push(record);
        }
    }
    changed
}

fn condition(answer: &Answer) -> Condition {
    match answer {
        Answer::Allowed => Condition::True,
        Answer::Refused(_) => Condition::False,
        Answer::Depends(dependence) => dependence.condition.clone(),
    }
}

/// Whether every record that meets the one meets the other. A condition tells records apart by the values that it
/// names alone, so it is enough to try those, one that neither names, and none.
fn implies(one: &Condition, other: &Condition) -> bool {
    let mut named = BTreeMap::new();
    collect_values(one, &mut named);
    collect_values(other, &mut named);
    let mut records = vec![Sample::default()];
    for (fact, values) in named {
        let choices = if fact.is_set() { subsets(&values) } else { single(values) };
        records = records
            .iter()
            .flat_map(|record| {
                choices.iter().map(|choice| {
                    let mut record = record.clone();
                    record.0.insert(fact, choice.clone());
                    record
                })
            })
            .collect();
    }
    records.iter().all(|record| !one.holds(record) || other.holds(record))
}

/// Any one of these values, another, or none.
fn single(values: BTreeSet<Value>) -> Vec<Vec<Value>> {
    let mut choices: Vec<Vec<Value>> = values.into_iter().map(|value| vec![value]).collect();
    choices.extend([vec!["a value that no code has".to_owned()], Vec::new()]);
    choices
}

/// Any number of these values.
fn subsets(values: &BTreeSet<Value>) -> Vec<Vec<Value>> {
    values.iter().fold(vec![Vec::new()], |smaller, value| {
        let with = smaller.iter().map(|subset| [subset.clone(), vec![value.clone()]].concat()).collect();
        [smaller, with].concat()
    })
}

fn collect_values(condition: &Condition, named: &mut BTreeMap<Fact, BTreeSet<Value>>) {
    match condition {
        Condition::True | Condition::False => {}
        Condition::Has(fact) => {
            named.entry(*fact).or_default();
        }
        Condition::Is(fact, value) | Condition::Contains(fact, value) => {
            named.entry(*fact).or_default().insert(value.clone());
        }
        Condition::In(fact, values) => named.entry(*fact).or_default().extend(values.iter().cloned()),
        Condition::Not(part) => collect_values(part, named),
        Condition::All(parts) | Condition::Any(parts) => {
            for part in parts {
                collect_values(part, named);
            }
        }
    }
}

/// A record to try conditions with.
#[derive(Clone, Default)]
struct Sample(BTreeMap<Fact, Vec<Value>>);

impl Facts for Sample {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.0.get(&fact).and_then(|values| values.first()).map(String::as_str)
    }

    fn members(&self, fact: Fact) -> &[Value] {
        self.0.get(&fact).map(Vec::as_slice).unwrap_or_default()
    }
}

impl fmt::Display for RuleChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, becomes, file, line, reason } = self;
        let becomes = match becomes {
            Becomes::Added => "added",
            Becomes::Removed => "removed",
            Becomes::Altered => "altered",
        };
        write!(f, "{becomes} {policy} ({file}:{line}): {reason}")
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match (self.gains, self.loses) {
            (true, false) => '+',
            (false, true) => '-',
            _ => '±',
        };
        match (&self.agency, &self.role) {
            (Some(agency), Some(role)) => write!(f, "{sign} {agency} {role}")?,
            _ => write!(f, "{sign} (no token)")?,
        }
        if self.agency.is_some() && !self.agreement_in_force {
            f.write_str(" without an agreement in force")?;
        }
        let records: Vec<&str> = self.records.iter().map(|record| record.as_str()).collect();
        let Self { verb, class, before, after, .. } = self;
        write!(f, ": {verb} {class} on {}: {before} → {after}", records.join(", "))
    }
}
