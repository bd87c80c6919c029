//! What the facts of a record must meet.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Class, Fact};

/// The value of a fact: a code.
pub type Value = String;

/// The facts of one record.
pub trait Facts {
    /// A fact's value; `None` where it is absent.
    fn fact(&self, fact: Fact) -> Option<&str>;

    /// The members of a fact that is a set; none where it is absent.
    fn members(&self, _: Fact) -> &[Value] {
        &[]
    }
}

/// A record without sets, for examples and tests.
impl<F: Fn(Fact) -> Option<&'static str>> Facts for F {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self(fact)
    }
}

/// What the facts of a record must meet, as a plain tree.
///
/// It is *total*: it has a truth for every record, never an error and never an unknown. A comparison with an
/// absent fact is false, and so its `Not` is true. A translation to SQL, where a comparison with NULL is
/// neither, must therefore render `Not` as `NOT COALESCE(…, FALSE)`.
///
/// The constructors [`all`](Self::all), [`any`](Self::any), [`not`](Self::not) and [`one_of`](Self::one_of)
/// keep a *normal form*, whatever the order of their arguments: no constant inside another node; no `All` in
/// an `All`, no `Any` in an `Any`, no `Not` in a `Not`; parts sorted, distinct and at least two; at most one
/// comparison with each fact in an `All` or `Any`; no `Has` beside a comparison that makes it redundant; an
/// `In` of two or more values, sorted and distinct.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// Every record meets it.
    True,
    /// No record meets it.
    False,
    /// The fact is present.
    Has(Fact),
    /// The fact is present and has this value.
    Is(Fact, Value),
    /// The fact is present and has one of these values.
    In(Fact, Vec<Value>),
    /// The fact is a set, and a member of it [covers](covers) this.
    Contains(Fact, Value),
    /// The part is not met.
    Not(Box<Condition>),
    /// Every part is met.
    All(Vec<Condition>),
    /// Some part is met.
    Any(Vec<Condition>),
}

impl Condition {
    /// Whether a record with these facts meets it.
    pub fn holds(&self, facts: &dyn Facts) -> bool {
        match self {
            Self::True => true,
            Self::False => false,
            Self::Has(fact) => facts.fact(*fact).is_some(),
            Self::Is(fact, value) => facts.fact(*fact) == Some(value),
            Self::In(fact, values) => {
                facts.fact(*fact).is_some_and(|found| values.iter().any(|value| value == found))
            }
            Self::Contains(fact, value) => facts.members(*fact).iter().any(|member| covers(member, value)),
            Self::Not(part) => !part.holds(facts),
            Self::All(parts) => parts.iter().all(|part| part.holds(facts)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(facts)),
        }
    }

    /// The same of a question about this class: whom a record is shared with must be shared this class of it.
    #[must_use]
    pub(crate) fn about(self, class: Class) -> Self {
        let of_all = |parts: Vec<Self>| parts.into_iter().map(|part| part.about(class)).collect::<Vec<_>>();
        match self {
            Self::Contains(Fact::SharedWith, recipient) => {
                Self::Contains(Fact::SharedWith, format!("{recipient}/{}", shared_as(class)))
            }
            Self::Not(part) => Self::not(part.about(class)),
            Self::All(parts) => Self::all(of_all(parts)),
            Self::Any(parts) => Self::any(of_all(parts)),
            other => other,
        }
    }

    /// What remains of it where some facts of a record are known.
    #[must_use]
    pub fn settled(&self, facts: &dyn Facts, is_known: &dyn Fn(Fact) -> bool) -> Self {
        let part = |part: &Self| part.settled(facts, is_known);
        match self {
            Self::True | Self::False => self.clone(),
            Self::Has(fact) | Self::Is(fact, _) | Self::In(fact, _) | Self::Contains(fact, _) => {
                if !is_known(*fact) {
                    self.clone()
                } else if self.holds(facts) {
                    Self::True
                } else {
                    Self::False
                }
            }
            Self::Not(inner) => Self::not(part(inner)),
            Self::All(parts) => Self::all(parts.iter().map(part)),
            Self::Any(parts) => Self::any(parts.iter().map(part)),
        }
    }

    /// The fact has one of these values. Of no values, none holds.
    #[must_use]
    pub fn one_of(fact: Fact, values: impl IntoIterator<Item = Value>) -> Self {
        let mut values: Vec<Value> = values.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        match values.len() {
            0 => Self::False,
            1 => values.pop().map_or(Self::False, |value| Self::Is(fact, value)),
            _ => Self::In(fact, values),
        }
    }

    /// The part is not met. (Not `std::ops::Not`: the name belongs with [`Self::all`] and [`Self::any`].)
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "a constructor like its siblings")]
    pub fn not(part: Self) -> Self {
        match part {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Not(inner) => *inner,
            part => Self::Not(Box::new(part)),
        }
    }

    /// Every part is met. Of no parts, that is so.
    #[must_use]
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut rest = BTreeSet::new();
        let mut compared: BTreeMap<Fact, BTreeSet<Value>> = BTreeMap::new();
        let mut waiting: Vec<Self> = parts.into_iter().collect();
        while let Some(part) = waiting.pop() {
            match part {
                Self::True => {}
                Self::False => return Self::False,
                Self::All(parts) => waiting.extend(parts),
                Self::Is(fact, value) => narrow(&mut compared, fact, BTreeSet::from([value])),
                Self::In(fact, values) => narrow(&mut compared, fact, values.into_iter().collect()),
                part => {
                    rest.insert(part);
                }
            }
        }
        for (fact, values) in compared {
            if values.is_empty() {
                return Self::False;
            }
            // A fact that has a value is present.
            rest.remove(&Self::Has(fact));
            rest.insert(Self::one_of(fact, values));
        }
        join(rest, Self::True, Self::All)
    }

    /// Some part is met. Of no parts, none is.
    #[must_use]
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut rest = BTreeSet::new();
        let mut compared: BTreeMap<Fact, BTreeSet<Value>> = BTreeMap::new();
        let mut waiting: Vec<Self> = parts.into_iter().collect();
        while let Some(part) = waiting.pop() {
            match part {
                Self::True => return Self::True,
                Self::False => {}
                Self::Any(parts) => waiting.extend(parts),
                Self::Is(fact, value) => {
                    compared.entry(fact).or_default().insert(value);
                }
                Self::In(fact, values) => compared.entry(fact).or_default().extend(values),
                part => {
                    rest.insert(part);
                }
            }
        }
        for (fact, values) in compared {
            // A value adds nothing where presence is enough; and an `In` of no values holds for none.
            if !rest.contains(&Self::Has(fact)) && !values.is_empty() {
                rest.insert(Self::one_of(fact, values));
            }
        }
        join(rest, Self::False, Self::Any)
    }
}

/// Whether a member of a set is this value, or names what it lies in: `INEA/EDUCATION` covers `INEA/EDUCATION/IDENTITY`, and is covered
/// by nothing but itself.
pub fn covers(member: &str, value: &str) -> bool {
    value.strip_prefix(member).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// As which class a class is shared: who somebody is, is told with whose household they are of.
fn shared_as(class: Class) -> Class {
    if class == Class::Family { Class::Identity } else { class }
}

/// What a set of shares says to a question about a class: those of everything, and those of this class without its name. It is what
/// `sharedWith` holds where Cedar itself is asked.
pub fn shared_of(members: &[Value], class: Class) -> impl Iterator<Item = &str> {
    members.iter().filter_map(move |member| match member.rsplit_once('/') {
        Some((recipient, of)) if recipient.contains('/') => {
            (of == shared_as(class).as_str()).then_some(recipient)
        }
        _ => Some(member),
    })
}

/// Keeps of a fact's possible values those that are among these too.
fn narrow(compared: &mut BTreeMap<Fact, BTreeSet<Value>>, fact: Fact, values: BTreeSet<Value>) {
    compared.entry(fact).and_modify(|known| known.retain(|value| values.contains(value))).or_insert(values);
}

/// The parts under a node, unless they are none or one.
fn join(parts: BTreeSet<Condition>, of_none: Condition, node: fn(Vec<Condition>) -> Condition) -> Condition {
    let mut parts: Vec<Condition> = parts.into_iter().collect();
    match parts.len() {
        0 => of_none,
        1 => parts.pop().unwrap_or(of_none),
        _ => node(parts),
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn is(fact: Fact, value: &str) -> Condition {
        Condition::Is(fact, value.to_owned())
    }

    /// A small deterministic generator: the tests need variety, not secrecy.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % sides
        }

        fn condition(&mut self, depth: usize) -> Condition {
            let fact = [Fact::Shelter, Fact::StockKind][self.roll(2)];
            match self.roll(if depth == 0 { 5 } else { 8 }) {
                0 => Condition::Has(fact),
                1 => is(fact, ["a", "b", "c"][self.roll(3)]),
                2 => Condition::In(
                    fact,
                    (0..self.roll(4)).map(|_| ["a", "b"][self.roll(2)].to_owned()).collect(),
                ),
                3 => Condition::True,
                4 => Condition::False,
                5 => Condition::Not(Box::new(self.condition(depth - 1))),
                6 => Condition::All((0..self.roll(4)).map(|_| self.condition(depth - 1)).collect()),
                _ => Condition::Any((0..self.roll(4)).map(|_| self.condition(depth - 1)).collect()),
            }
        }
    }

    /// The same condition through the constructors.
    fn normal(condition: &Condition) -> Condition {
        match condition {
            Condition::Not(part) => Condition::not(normal(part)),
            Condition::All(parts) => Condition::all(parts.iter().map(normal)),
            Condition::Any(parts) => Condition::any(parts.iter().map(normal)),
            Condition::In(fact, values) => Condition::one_of(*fact, values.clone()),
            leaf => leaf.clone(),
        }
    }

    fn reversed(condition: &Condition) -> Condition {
        match condition {
            Condition::Not(part) => Condition::Not(Box::new(reversed(part))),
            Condition::All(parts) => Condition::All(parts.iter().rev().map(reversed).collect()),
            Condition::Any(parts) => Condition::Any(parts.iter().rev().map(reversed).collect()),
            leaf => leaf.clone(),
        }
    }

    #[test]
    fn the_normal_form_means_the_same_and_is_one() {
        let mut dice = Dice(7);
        let values = [None, Some("a"), Some("b"), Some("c"), Some("d")];
        for _ in 0..5_000 {
            let raw = dice.condition(3);
            let tidy = normal(&raw);
            assert_eq!(normal(&tidy), tidy, "normal twice: {raw:?}");
            assert_eq!(normal(&reversed(&raw)), tidy, "another order: {raw:?}");
            for shelter in values {
                for kind in values {
                    let facts = |fact: Fact| match fact {
                        Fact::Shelter => shelter,
                        Fact::StockKind => kind,
                        _ => None,
                    };
                    assert_eq!(raw.holds(&facts), tidy.holds(&facts), "{raw:?} against {tidy:?}");
                }
            }
        }
    }

    #[test]
    fn what_remains_of_a_condition_means_the_same_whatever_comes_to_be_known() {
        let mut dice = Dice(11);
        let values = [None, Some("a"), Some("b"), Some("d")];
        for _ in 0..2_000 {
            let raw = normal(&dice.condition(3));
            for shelter in values {
                for kind in values {
                    let facts = |fact: Fact| if fact == Fact::Shelter { shelter } else { kind };
                    let rest = raw.settled(&facts, &|fact| fact == Fact::Shelter);
                    assert_eq!(raw.holds(&facts), rest.holds(&facts), "{raw:?} against {rest:?}");
                    let all = raw.settled(&facts, &|_| true);
                    assert!(matches!(all, Condition::True | Condition::False), "{all:?}");
                    assert_eq!(raw.settled(&facts, &|_| false), raw);
                }
            }
        }
    }

    #[test]
    fn an_absent_fact_fails_every_comparison() {
        let nothing = |_: Fact| None;
        assert!(!is(Fact::Shelter, "a").holds(&nothing));
        assert!(!Condition::one_of(Fact::Shelter, ["a".to_owned(), "b".to_owned()]).holds(&nothing));
        assert!(!Condition::Has(Fact::Shelter).holds(&nothing));
        assert!(Condition::not(is(Fact::Shelter, "a")).holds(&nothing));
    }

    #[test]
    fn a_set_may_hold_several_values_at_once() {
        struct Shared([String; 2]);
        impl Facts for Shared {
            fn fact(&self, _: Fact) -> Option<&str> {
                None
            }
            fn members(&self, fact: Fact) -> &[String] {
                if fact == Fact::SharedWith { &self.0 } else { &[] }
            }
        }
        let shared = Shared(["ACNUR/PROTECTION".to_owned(), "INEA/EDUCATION".to_owned()]);
        let with = |recipient: &str| Condition::Contains(Fact::SharedWith, recipient.to_owned());
        assert!(Condition::all([with("ACNUR/PROTECTION"), with("INEA/EDUCATION")]).holds(&shared));
        assert!(!with("OIM/PROTECTION").holds(&shared));
        assert!(Condition::not(with("OIM/PROTECTION")).holds(&shared));
        assert!(!Condition::Contains(Fact::Shelter, "a".to_owned()).holds(&|_: Fact| Some("a")));
    }

    #[test]
    fn what_is_shared_whole_covers_every_class_and_what_is_shared_of_one_covers_that() {
        struct Shared([String; 2]);
        impl Facts for Shared {
            fn fact(&self, _: Fact) -> Option<&str> {
                None
            }
            fn members(&self, _: Fact) -> &[String] {
                &self.0
            }
        }
        let shared = Shared(["ACNUR/PROTECTION".to_owned(), "INEA/EDUCATION/IDENTITY".to_owned()]);
        let read = |recipient: &str, class| {
            let condition = Condition::Contains(Fact::SharedWith, recipient.to_owned()).about(class);
            let told: Vec<&str> = shared_of(shared.members(Fact::SharedWith), class).collect();
            assert_eq!(condition.holds(&shared), told.contains(&recipient), "{recipient} {class}");
            condition.holds(&shared)
        };
        assert!(read("ACNUR/PROTECTION", Class::Identity) && read("ACNUR/PROTECTION", Class::Migration));
        assert!(read("INEA/EDUCATION", Class::Identity) && read("INEA/EDUCATION", Class::Family));
        assert!(!read("INEA/EDUCATION", Class::Education));
        assert!(!read("INEA/EDUCATIONAL", Class::Identity) && !read("INEA/", Class::Identity));
        assert!(!read("ACNUR/PROTECTIO", Class::Identity));
    }

    #[test]
    fn comparisons_with_one_fact_become_one() {
        let either = Condition::any([is(Fact::StockKind, "medical"), is(Fact::StockKind, "food")]);
        assert_eq!(either, Condition::In(Fact::StockKind, vec!["food".to_owned(), "medical".to_owned()]));
        assert_eq!(Condition::all([either, is(Fact::StockKind, "food")]), is(Fact::StockKind, "food"));
        let both = Condition::all([is(Fact::StockKind, "food"), is(Fact::StockKind, "medical")]);
        assert_eq!(both, Condition::False);
        let guarded = Condition::all([Condition::Has(Fact::Shelter), is(Fact::Shelter, "a")]);
        assert_eq!(guarded, is(Fact::Shelter, "a"));
    }
}
