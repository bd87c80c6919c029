//! Why an answer is as it is, and what would make it another. Nothing here is told from memory: the conditions
//! are the policies' own, and each way to be allowed was tried.

use std::fmt;

use cedar_policy::{Effect, Policy};
use serde::Serialize;

use crate::{
    Class, Condition, Error, Fact, Facts, Policies, Principal, RecordType, Remedy, Rule, Verb,
    class::Question,
    evaluate::{Asked, permitted},
    expression::{Circumstances, conditions},
    remedy::in_words,
};

/// What is known of the record that a question is about.
pub struct Known<'a> {
    /// Its facts.
    pub facts: &'a dyn Facts,
    /// Which of them may be told to whoever asks. No word and no remedy rests on another.
    pub told: &'a dyn Fn(Fact) -> bool,
    /// Whether the answer too rests on the told facts alone. It does where someone asks about another; of itself a
    /// caller learns no more from the answer than from asking for the field.
    pub answer_by_told: bool,
    /// Whether every record is meant, and not one: then what depends on the record is refused.
    pub every: bool,
}

impl Known<'_> {
    /// Nothing is known: some record of the type is meant.
    pub const NOTHING: Known<'static> =
        Known { facts: &|_: Fact| None, told: &|_| false, answer_by_told: true, every: false };

    /// Every record of the type is meant.
    pub const EVERY: Known<'static> = Known { every: true, ..Known::NOTHING };

    /// What remains of a policy's condition for the answer.
    fn rest(&self, asked: &Asked) -> Condition {
        if self.answer_by_told {
            self.told_rest(asked)
        } else {
            asked.condition.settled(self.facts, &|_| true)
        }
    }

    /// What remains of it when what may be told is known.
    pub(crate) fn told_rest(&self, asked: &Asked) -> Condition {
        match asked.condition.settled(self.facts, self.told) {
            settled @ (Condition::True | Condition::False) => settled,
            _ if self.every && asked.effect == Effect::Permit => Condition::False,
            _ if self.every => Condition::True,
            open => open,
        }
    }
}

/// Why someone may or may not read or write the fields of a class, on one record or on any of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What was asked.
    pub verb: Verb,
    /// Of the fields of which class.
    pub class: Class,
    /// On a record of which type.
    pub record: RecordType,
    /// The answer.
    pub answer: Level,
    /// Where it depends on the record: what that must be, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<String>,
    /// The policies that the answer rests on; none where it is refused because no policy permits it.
    pub determining: Vec<Cited>,
    /// Where no policy permits it: those about this class and type of record that would permit it to others, and why they
    /// do not here.
    pub unmet: Vec<Cited>,
    /// What would allow it, where it is not: each of these alone, and none that takes more than another.
    pub would_allow: Vec<Remedy>,
}

/// An answer, without its reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// It is allowed.
    Allowed,
    /// It is refused.
    Refused,
    /// It turns on facts of the record that are not known here.
    Depends,
}

/// A policy and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cited {
    /// Its `@id`.
    pub policy: String,
    /// Whether it permits; else it forbids.
    pub permits: bool,
    /// Its file, by its name in the folder of policies.
    pub file: String,
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// Its `@reason`.
    pub reason: String,
    /// Its conditions that do not hold, in words, with the values that they meet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
}

impl Policies {
    /// Explains the answer to one question of a principal.
    pub fn explain(
        &self,
        principal: &Principal,
        verb: Verb,
        class: Class,
        record: RecordType,
        known: &Known<'_>,
    ) -> Result<Explanation, Error> {
        let question = Question { verb, class, record };
        let asked: Vec<(Asked, Condition)> = self
            .asked(principal, question)?
            .into_iter()
            .map(|asked| {
                let rest = known.rest(&asked);
                (asked, rest)
            })
            .collect();
        let rest = permitted(asked.iter().map(|(asked, rest)| (asked.effect, rest.clone())));
        let holds = |effect| {
            let of =
                asked.iter().filter(move |(asked, rest)| asked.effect == effect && *rest == Condition::True);
            of.map(|(asked, _)| asked)
        };
        let (answer, determining): (Level, Vec<&Asked>) = match rest {
            Condition::True => (Level::Allowed, holds(Effect::Permit).collect()),
            Condition::False => {
                // A forbid that rests on what may not be told would tell it.
                let told = |asked: &&Asked| known.told_rest(asked) == Condition::True;
                (Level::Refused, holds(Effect::Forbid).filter(told).collect())
            }
            _ => {
                let is_permitted = holds(Effect::Permit).next().is_some();
                let open = asked.iter().filter(|(asked, rest)| {
                    !matches!(rest, Condition::True | Condition::False)
                        && (asked.effect == Effect::Forbid || !is_permitted)
                });
                (Level::Depends, open.map(|(asked, _)| asked).collect())
            }
        };
        // Where a forbid refuses, that is the reason, whether or not some policy would permit it.
        let unpermitted = answer == Level::Refused && determining.is_empty();
        let missed = asked
            .iter()
            .map(|(asked, _)| asked)
            .filter(|asked| unpermitted && asked.effect == Effect::Permit);
        let user = match principal {
            Principal::User(user) => Some(user),
            Principal::Anyone => None,
        };
        Ok(Explanation {
            verb,
            class,
            record,
            answer,
            depends_on: (answer == Level::Depends).then(|| in_words(&rest, user)),
            determining: determining.into_iter().filter_map(|asked| self.cited(asked)).collect(),
            unmet: missed
                .map(|asked| self.unmet(principal, question, asked, known))
                .filter_map(Result::transpose)
                .collect::<Result<_, _>>()?,
            would_allow: match answer {
                Level::Refused => self.remedies(principal, question, known)?,
                Level::Allowed | Level::Depends => Vec::new(),
            },
        })
    }

    fn cited(&self, asked: &Asked) -> Option<Cited> {
        let rule = self.rule(asked.id.as_ref())?;
        Some(Cited::new(rule, asked.effect, Vec::new()))
    }

    /// A policy that does not permit, with those of its conditions that fail.
    fn unmet(
        &self,
        principal: &Principal,
        question: Question,
        asked: &Asked,
        known: &Known<'_>,
    ) -> Result<Option<Cited>, Error> {
        let Some(rule) = self.rule(asked.id.as_ref()) else { return Ok(None) };
        let here = Circumstances::new(self, principal, question, known.facts, known.told)?;
        let policy = Policy::parse(Some(asked.id.clone()), &rule.text)
            .map_err(Error::cedar("reading a policy again"))?;
        // The caller does all that the policy asks of it: what fails is the record, as the answer itself says.
        let record_fails = asked.condition != Condition::False;
        let failed = conditions(&policy)?
            .iter()
            .filter(|part| here.fails(part) || (record_fails && here.turns_on_the_unknown(part)))
            .map(|part| here.words(part))
            .collect();
        Ok(Some(Cited::new(rule, asked.effect, failed)))
    }
}

impl Cited {
    fn new(rule: &Rule, effect: Effect, failed: Vec<String>) -> Self {
        Self {
            policy: rule.id.to_string(),
            permits: effect == Effect::Permit,
            file: rule.file.clone(),
            line: rule.line,
            reason: rule.reason.to_string(),
            failed,
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, class, record, answer, depends_on, determining, unmet, would_allow } = self;
        write!(f, "{answer}: {verb} {class} on {record}")?;
        if let Some(depends_on) = depends_on {
            write!(f, ", where {depends_on}")?;
        }
        if *answer == Level::Refused && determining.is_empty() {
            write!(f, "\nNo policy permits it.")?;
        } else {
            write!(f, "\nIt rests on")?;
            for policy in determining {
                write!(f, "\n  {policy}")?;
            }
        }
        if !unmet.is_empty() {
            write!(f, "\nThese would permit it, and do not apply:")?;
            for policy in unmet {
                write!(f, "\n  {policy}")?;
            }
        }
        if !would_allow.is_empty() {
            write!(f, "\nAny of these would allow it:")?;
            for remedy in would_allow {
                write!(f, "\n  {remedy}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "ALLOWED",
            Self::Refused => "REFUSED",
            Self::Depends => "DEPENDS",
        })
    }
}

impl fmt::Display for Cited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, permits, file, line, reason, failed } = self;
        let effect = if *permits { "permit" } else { "forbid" };
        write!(f, "{effect} {policy} ({file}:{line}): {reason}")?;
        for condition in failed {
            write!(f, "\n    does not hold: {condition}")?;
        }
        Ok(())
    }
}
