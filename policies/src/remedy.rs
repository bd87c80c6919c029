//! What would allow what is refused. Each way is tried, with the policies themselves.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
};

use cedar_policy::Effect;
use serde::Serialize;

use crate::{
    ANY_AGENCY, Condition, Error, Fact, Known, Policies, Principal, ROLES, RecordType, Role, Rule,
    UserPrincipal,
    class::Question,
    evaluate::permitted,
    principal::{OPENED, OWN, STATED},
    words::phrase,
};

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
    /// What would allow a principal what it is refused: a record, a role, a shelter, a purpose, an agreement, break-glass, or
    /// several of them. Every combination is tried, the small ones first.
    pub(crate) fn remedies(
        &self,
        principal: &Principal,
        question: Question,
        known: &Known<'_>,
    ) -> Result<Vec<Remedy>, Error> {
        let mut tried = Vec::new();
        if let Principal::User(user) = principal
            && !known.every
        {
            let user = with_examples(user.clone(), &Known::NOTHING);
            tried.extend(self.remedy(Remedy::default(), &user, question, &Known::NOTHING)?);
        }
        for (remedy, caller) in candidates(principal, question.record, known, &self.roles_of_use(question)) {
            tried.extend(self.remedy(remedy, &caller, question, known)?);
        }
        tried.sort_by_key(Remedy::size);
        let mut found: Vec<Remedy> = Vec::new();
        for remedy in tried {
            if remedy != Remedy::default() && !found.iter().any(|smaller| smaller.is_part_of(&remedy)) {
                found.push(remedy);
            }
        }
        Ok(found)
    }

    /// The roles that can make a difference to a question: those that its permits name; all, where one names none.
    fn roles_of_use(&self, question: Question) -> Vec<Role> {
        let cell = self.cells.get(question.index());
        let bearing = cell.into_iter().flat_map(|cell| cell.for_users.policies());
        let permits: Vec<&Rule> = bearing
            .filter(|policy| policy.effect() == Effect::Permit)
            .filter_map(|policy| self.rule(policy.id().as_ref()))
            .collect();
        let names = |rule: &Rule, role: &Role| rule.text.contains(&format!("Role::\"{}\"", role.code));
        let all = permits.iter().any(|rule| !rule.text.contains("Role::"));
        ROLES.iter().filter(|role| all || permits.iter().any(|rule| names(rule, role))).copied().collect()
    }

    /// A remedy, with what the record must be besides; none where it is no remedy.
    fn remedy(
        &self,
        remedy: Remedy,
        caller: &UserPrincipal,
        question: Question,
        known: &Known<'_>,
    ) -> Result<Option<Remedy>, Error> {
        let asked = self.asked(&Principal::User(caller.clone()), question)?;
        let rest = permitted(asked.iter().map(|asked| (asked.effect, known.told_rest(asked))));
        Ok(match rest {
            Condition::True => Some(remedy),
            Condition::False => None,
            condition => Some(Remedy { record: Some(in_words(&condition, Some(caller))), ..remedy }),
        })
    }
}

/// A condition in words, with the agency and the purpose of what is shared.
pub(crate) fn in_words(condition: &Condition, caller: Option<&UserPrincipal>) -> String {
    // Nobody shares for this purpose: nothing is told short, as what is shared with the caller.
    let caller = caller.map(|caller| UserPrincipal { purpose: Some(OWN.to_owned()), ..caller.clone() });
    phrase(condition, caller.as_ref())
}

/// What to try, each with the caller that it would make.
fn candidates(
    principal: &Principal,
    record: RecordType,
    known: &Known<'_>,
    roles: &[Role],
) -> Vec<(Remedy, UserPrincipal)> {
    let mut candidates = Vec::new();
    let mut callers = callers(principal, record, known, roles);
    if let Some(person) = known.facts.fact(Fact::Person).filter(|_| (known.told)(Fact::Person)) {
        let opening = |(holder, caller): &(Remedy, UserPrincipal)| {
            let opened = Some(person.to_owned());
            let opens = caller.opened != opened;
            opens.then(|| {
                let holder = Remedy { break_glass: true, ..holder.clone() };
                (holder, UserPrincipal { opened, ..caller.clone() })
            })
        };
        callers.extend(callers.iter().filter_map(opening).collect::<Vec<_>>());
    }
    for (holder, caller) in callers {
        let caller = with_examples(caller, known);
        let mut shelters = vec![None];
        if (known.told)(Fact::Shelter) {
            let shelter =
                known.facts.fact(Fact::Shelter).filter(|shelter| !caller.shelters.contains(*shelter));
            shelters.extend(shelter.map(|shelter| Some(shelter.to_owned())));
        }
        // No other purpose can make a difference.
        let mut purposes = vec![None];
        for with in shared_with(known) {
            let purpose = with.strip_prefix(&caller.agency).and_then(|rest| rest.strip_prefix('/'));
            let purpose = purpose.and_then(|purpose| purpose.split('/').next());
            purposes.extend(purpose.map(|purpose| Some(purpose.to_owned())));
        }
        let agreements: &[bool] = if caller.agreement_in_force { &[false] } else { &[false, true] };
        for shelter in &shelters {
            for purpose in &purposes {
                for &agreement in agreements {
                    let remedy = Remedy {
                        shelter: shelter.clone(),
                        purpose: purpose.clone(),
                        agreement,
                        ..holder.clone()
                    };
                    if remedy == Remedy::default() {
                        continue;
                    }
                    let mut caller = caller.clone();
                    caller.shelters.extend(shelter.clone());
                    if purpose.is_some() {
                        caller.purpose.clone_from(purpose);
                    }
                    caller.agreement_in_force |= agreement;
                    candidates.push((remedy, caller));
                }
            }
        }
    }
    candidates
}

/// A caller with a shelter, a purpose and a record opened, where it has none and it is not known which would do.
fn with_examples(mut caller: UserPrincipal, known: &Known<'_>) -> UserPrincipal {
    if caller.shelters.is_empty() && !(known.told)(Fact::Shelter) {
        caller.shelters.insert(OWN.to_owned());
    }
    if !(known.told)(Fact::SharedWith) {
        caller.purpose.get_or_insert_with(|| STATED.to_owned());
    }
    if !(known.told)(Fact::Person) {
        caller.opened.get_or_insert_with(|| OPENED.to_owned());
    }
    caller
}

/// The caller as it is, and with each of these roles: besides its own in its agency, or alone in another.
fn callers(
    principal: &Principal,
    record: RecordType,
    known: &Known<'_>,
    roles: &[Role],
) -> Vec<(Remedy, UserPrincipal)> {
    let own = match principal {
        Principal::User(user) => Some(user),
        Principal::Anyone => None,
    };
    let agencies = agencies(own, record, known);
    let mut callers: Vec<_> = own.map(|user| (Remedy::default(), user.clone())).into_iter().collect();
    for role in roles {
        let named: BTreeSet<&str> = agencies.iter().copied().filter(|agency| role.held_by(agency)).collect();
        // A pattern stands for itself where no agency that it stands for is named.
        let others = role.agencies.iter().copied().filter(|agency| *agency != ANY_AGENCY);
        let others = others.filter(|agency| !agency.ends_with(ANY_AGENCY) || named.is_empty());
        for agency in named.iter().copied().chain(others).collect::<BTreeSet<&str>>() {
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
                let (role, agency) = (Some(role.code.to_owned()), Some(agency.to_owned()));
                callers.push((Remedy { role, agency, ..Remedy::default() }, caller));
            }
        }
    }
    callers
}

/// The agencies that a question names: the caller's, and those in the facts of the record.
fn agencies<'a>(
    own: Option<&'a UserPrincipal>,
    record: RecordType,
    known: &'a Known<'_>,
) -> BTreeSet<&'a str> {
    let mut agencies: BTreeSet<&str> = own.map(|user| user.agency.as_str()).into_iter().collect();
    for &fact in record.facts().iter().filter(|fact| (known.told)(**fact)) {
        match fact {
            Fact::Agency | Fact::DonorAgency | Fact::Lender | Fact::Recipient => {
                agencies.extend(known.facts.fact(fact));
            }
            Fact::SharedWith => {
                let shared = known.facts.members(fact).iter().filter_map(|with| with.split_once('/'));
                agencies.extend(shared.map(|(agency, _)| agency));
            }
            Fact::User | Fact::Shelter | Fact::StockKind | Fact::Person | Fact::AgeGroup | Fact::Withheld => {
            }
        }
    }
    agencies
}

/// With whom, and for what, the record is shared, as far as that may be told.
fn shared_with<'a>(known: &'a Known<'_>) -> &'a [String] {
    if (known.told)(Fact::SharedWith) { known.facts.members(Fact::SharedWith) } else { &[] }
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
            && within(&self.record, &other.record)
            // What a record must be is told of who asks: another's own is not the caller's.
            && (self.record.is_none() || self.agency == other.agency)
            && (!self.agreement || other.agreement)
            && (!self.break_glass || other.break_glass)
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
