//! Why an answer is as it is, and what would make it another. Nothing here is told from memory: the conditions
//! are the policies' own, and each way to be allowed was tried.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
};

use cedar_policy::{Effect, Policy, PolicyId};
use serde::Serialize;

use crate::{
    ANY_AGENCY, Answer, Class, Error, Fact, Facts, Policies, Principal, ROLES, RecordType, Rule,
    UserPrincipal, Verb,
    authorizer::{Authorizer, Concrete},
    class::Question,
    expression::conditions,
    principal::STATED,
    words::phrase,
};

/// Why someone may or may not read or write the fields of a class on one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What was asked.
    pub verb: Verb,
    /// Of the fields of which class.
    pub class: Class,
    /// On a record of which type.
    pub record: RecordType,
    /// The answer.
    pub allowed: bool,
    /// The policies that the answer rests on; none where it is refused because no policy permits it.
    pub determining: Vec<Cited>,
    /// The policies about this class and type of record that do not apply.
    pub unmet: Vec<Unmet>,
    /// What would allow it, where it is refused: each of these alone, and none that takes more than another.
    pub would_allow: Vec<Remedy>,
}

/// A policy and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cited {
    /// Its `@id`.
    pub id: String,
    /// Whether it permits; else it forbids.
    pub permits: bool,
    /// Its file, by its name in the folder of policies.
    pub file: String,
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// Its `@reason`.
    pub reason: String,
}

/// A policy that does not apply, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmet {
    /// The policy.
    #[serde(flatten)]
    pub policy: Cited,
    /// Its conditions that do not hold, in words, with the values that they meet.
    pub failed: Vec<String>,
}

/// Something that would allow what is refused: everything that it names, together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// To hold this role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// in this agency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// To have this shelter as one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shelter: Option<String>,
    /// To state this purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// That the agency's agreement be in force.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub agreement: bool,
    /// To open the person's record in an emergency (break-glass).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub break_glass: bool,
    /// A record of which this holds, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

impl Policies {
    /// Explains the answer to one question about a record with these facts.
    pub fn explain(
        &self,
        principal: &Principal,
        verb: Verb,
        class: Class,
        record: RecordType,
        facts: &dyn Facts,
    ) -> Result<Explanation, Error> {
        let question = Question { verb, class, record };
        let authorizer = Authorizer::new(self)?;
        let concrete = Concrete::new(self, principal, question, facts)?;
        let verdict = authorizer.verdict(&concrete)?;

        let mut determining = Vec::new();
        let mut unmet = Vec::new();
        for rule in self.rules() {
            let bears =
                self.bearing(principal, question).and_then(|those| those.policy(&PolicyId::new(&rule.id)));
            let Some(policy) = bears else { continue };
            let cited = Cited::new(rule, policy);
            if verdict.determining.contains(&rule.id) {
                determining.push(cited);
            } else if !verdict.applying.contains(&rule.id) {
                let all = conditions(policy)?;
                let failed = all.iter().filter(|part| concrete.fails(part)).map(|part| concrete.words(part));
                unmet.push(Unmet { policy: cited, failed: failed.collect() });
            }
        }
        let mut would_allow = Vec::new();
        if !verdict.allowed {
            would_allow = remedies(&authorizer, principal, question, facts)?;
            would_allow.extend(self.another_record(principal, question)?);
        }
        Ok(Explanation { verb, class, record, allowed: verdict.allowed, determining, unmet, would_allow })
    }

    /// What a record must be for the caller as it is, if any record would do.
    fn another_record(&self, principal: &Principal, question: Question) -> Result<Option<Remedy>, Error> {
        let Question { verb, class, record } = question;
        // Without a purpose nothing is shared with a caller: the remedy is to state one and that it be shared for it.
        let mut principal = principal.clone();
        if let Principal::User(user) = &mut principal {
            user.purpose.get_or_insert_with(|| STATED.to_owned());
        }
        Ok(match self.decide(&principal, verb, class, record)? {
            Answer::Depends(dependence) => {
                Some(Remedy { record: Some(phrase(&dependence.condition, None)), ..Remedy::default() })
            }
            Answer::Allowed | Answer::Refused(_) => None,
        })
    }
}

/// What would allow a caller what is refused of this record: a role, a shelter, a purpose, an agreement, break-glass, or
/// several of them. Every combination is tried, the small ones first.
fn remedies(
    authorizer: &Authorizer,
    principal: &Principal,
    question: Question,
    facts: &dyn Facts,
) -> Result<Vec<Remedy>, Error> {
    let shared = facts.members(Fact::SharedWith);
    let mut candidates = Vec::new();
    for (holder, caller) in callers(principal, question.record, facts) {
        let mut shelters = vec![None];
        shelters.extend(
            facts
                .fact(Fact::Shelter)
                .filter(|own| !caller.shelters.contains(*own))
                .map(|own| Some(own.to_owned())),
        );
        // No other purpose can make a difference.
        let purposes = shared.iter().filter_map(|with| with.strip_prefix(&caller.agency)?.strip_prefix('/'));
        let purposes: Vec<Option<String>> =
            [None].into_iter().chain(purposes.map(|purpose| Some(purpose.to_owned()))).collect();
        let agreements: &[bool] = if caller.agreement_in_force { &[false] } else { &[false, true] };
        let person = facts.fact(Fact::Person).filter(|person| caller.opened.as_deref() != Some(*person));
        let openings: &[bool] = if person.is_some() { &[false, true] } else { &[false] };
        for shelter in &shelters {
            for purpose in &purposes {
                for (&agreement, &break_glass) in agreements
                    .iter()
                    .flat_map(|agreement| openings.iter().map(move |opened| (agreement, opened)))
                {
                    let mut caller = caller.clone();
                    caller.shelters.extend(shelter.clone());
                    if purpose.is_some() {
                        caller.purpose.clone_from(purpose);
                    }
                    caller.agreement_in_force |= agreement;
                    if break_glass {
                        caller.opened = person.map(str::to_owned);
                    }
                    let (shelter, purpose) = (shelter.clone(), purpose.clone());
                    let remedy = Remedy { shelter, purpose, agreement, break_glass, ..holder.clone() };
                    candidates.push((remedy, caller));
                }
            }
        }
    }
    candidates.sort_by_key(|(remedy, _)| remedy.size());

    let mut found: Vec<Remedy> = Vec::new();
    for (remedy, caller) in candidates {
        if !found.iter().any(|smaller| smaller.is_part_of(&remedy))
            && authorizer.decide(&Principal::User(caller), question, facts)?.allowed
        {
            found.push(remedy);
        }
    }
    Ok(found)
}

/// The caller as it is, and with each role: besides its own in its agency, or alone in another.
fn callers(principal: &Principal, record: RecordType, facts: &dyn Facts) -> Vec<(Remedy, UserPrincipal)> {
    let own = match principal {
        Principal::User(user) => Some(user),
        Principal::Anyone => None,
    };
    let agencies = agencies(own, record, facts);
    let mut callers: Vec<_> = own.map(|user| (Remedy::default(), user.clone())).into_iter().collect();
    for role in ROLES {
        let named = role.agencies.iter().filter(|agency| !agency.ends_with(ANY_AGENCY)).copied();
        let holders: BTreeSet<&str> =
            named.chain(agencies.iter().copied().filter(|agency| role.held_by(agency))).collect();
        for agency in holders {
            let mut caller = match own {
                Some(user) if user.agency == agency => user.clone(),
                _ => UserPrincipal {
                    user: own.map_or_else(String::new, |user| user.user.clone()),
                    agency: agency.to_owned(),
                    roles: BTreeSet::new(),
                    reads_as: None,
                    shelters: BTreeSet::new(),
                    agreement_in_force: true,
                    purpose: own.and_then(|user| user.purpose.clone()),
                    opened: None,
                },
            };
            if caller.roles.insert(role.code.to_owned()) {
                let holder = Remedy {
                    role: Some(role.code.to_owned()),
                    agency: Some(agency.to_owned()),
                    ..Remedy::default()
                };
                callers.push((holder, caller));
            }
        }
    }
    callers
}

/// The agencies that a question names: the caller's, and those in the facts of the record.
fn agencies<'a>(
    own: Option<&'a UserPrincipal>,
    record: RecordType,
    facts: &'a dyn Facts,
) -> BTreeSet<&'a str> {
    let mut agencies: BTreeSet<&str> = own.map(|user| user.agency.as_str()).into_iter().collect();
    for &fact in record.facts() {
        match fact {
            Fact::Agency | Fact::DonorAgency | Fact::Lender | Fact::Recipient => {
                agencies.extend(facts.fact(fact));
            }
            Fact::SharedWith => {
                let shared = facts.members(fact).iter().filter_map(|with| with.split_once('/'));
                agencies.extend(shared.map(|(agency, _)| agency));
            }
            Fact::User | Fact::Shelter | Fact::StockKind | Fact::Person | Fact::AgeGroup => {}
        }
    }
    agencies
}

impl Cited {
    fn new(rule: &Rule, policy: &Policy) -> Self {
        Self {
            id: rule.id.to_string(),
            permits: policy.effect() == Effect::Permit,
            file: rule.file.clone(),
            line: rule.line,
            reason: rule.reason.to_string(),
        }
    }
}

impl Remedy {
    fn size(&self) -> usize {
        let Self { role, agency: _, shelter, purpose, agreement, break_glass, record } = self;
        [role.is_some(), shelter.is_some(), purpose.is_some(), *agreement, *break_glass, record.is_some()]
            .into_iter()
            .map(usize::from)
            .sum()
    }

    /// Whether another takes all that this one takes.
    fn is_part_of(&self, other: &Self) -> bool {
        let within = |mine: &Option<String>, theirs: &Option<String>| mine.is_none() || mine == theirs;
        within(&self.role, &other.role)
            && within(&self.agency, &other.agency)
            && within(&self.shelter, &other.shelter)
            && within(&self.purpose, &other.purpose)
            && (!self.agreement || other.agreement)
            && (!self.break_glass || other.break_glass)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, class, record, allowed, determining, unmet, would_allow } = self;
        let answer = if *allowed { "allowed" } else { "refused" };
        write!(f, "{answer}: {verb} {class} on {record}")?;
        for policy in determining {
            write!(f, "\n  by {policy}")?;
        }
        if determining.is_empty() {
            write!(f, "\n  because no policy permits it")?;
        }
        if !unmet.is_empty() {
            write!(f, "\nthese do not apply:")?;
        }
        for Unmet { policy, failed } in unmet {
            write!(f, "\n  {policy}")?;
            for condition in failed {
                write!(f, "\n    does not hold: {condition}")?;
            }
        }
        if !would_allow.is_empty() {
            write!(f, "\nany of these would allow it:")?;
        }
        for remedy in would_allow {
            write!(f, "\n  {remedy}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Cited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, permits, file, line, reason } = self;
        let effect = if *permits { "permit" } else { "forbid" };
        write!(f, "{effect} {id} ({file}:{line}): {reason}")
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, agency, shelter, purpose, agreement, break_glass, record } = self;
        let mut text = String::new();
        let mut also = |part: fmt::Arguments| {
            let comma = if text.is_empty() { "" } else { ", " };
            write!(text, "{comma}{part}")
        };
        if let (Some(role), Some(agency)) = (role, agency) {
            also(format_args!("the role {role} in {agency}"))?;
        }
        if let Some(shelter) = shelter {
            also(format_args!("the shelter {shelter} as the caller's own"))?;
        }
        if let Some(purpose) = purpose {
            also(format_args!("the purpose {purpose}"))?;
        }
        if *agreement {
            also(format_args!("an agreement in force"))?;
        }
        if *break_glass {
            also(format_args!("the person's record opened in an emergency"))?;
        }
        if let Some(record) = record {
            also(format_args!("a record of which this holds: {record}"))?;
        }
        f.write_str(&text)
    }
}
