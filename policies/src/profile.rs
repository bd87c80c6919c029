//! The answers to every question of one principal.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::words::facts_of;
use crate::{Class, Condition, Fact, RecordType, Verb, class::Question};

/// What [`Refusal::policy`] says where no policy permits.
pub const DEFAULT_DENY: &str = "default-deny";

/// Whether a principal may read or write the fields of a class on records of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// On every record.
    Allowed,
    /// On no record.
    Refused(Refusal),
    /// On the records whose facts meet a condition.
    Depends(Arc<Dependence>),
}

/// Who refused, and why. A forbid is named only where it holds for every record; where no policy permits, a
/// forbid that some records would meet adds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The `@id` of the policy that forbids, or [`DEFAULT_DENY`] where none permits.
    pub policy: Arc<str>,
    /// The `@reason` of that policy, or a sentence that says that none permits.
    pub reason: Arc<str>,
}

/// What an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependence {
    /// What the facts of the record must meet; in normal form, and neither always true nor always false.
    pub condition: Condition,
    /// The `@id`s of the policies that ask for those facts, sorted.
    pub policies: Vec<Arc<str>>,
}

/// The answers to every question that one principal can ask, settled once. Looking one up costs an array
/// access.
///
/// Every ([`Verb`], [`Class`], [`RecordType`]) has an answer, whether or not such a field exists: it is no where the
/// schema does not let the action apply to the record type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// By [`Question::index`].
    answers: Vec<Answer>,
    /// What a question outside the array would get. There is none; the type system does not know that.
    refused: Answer,
    /// What the answers that depend on the record depend on.
    facts: BTreeSet<Fact>,
}

impl Profile {
    /// A profile of answers in the order of [`Question::all`].
    pub(crate) fn new(answers: Vec<Answer>, by_default: Refusal) -> Self {
        let facts = answers.iter().filter_map(|answer| match answer {
            Answer::Depends(dependence) => Some(facts_of(&dependence.condition)),
            Answer::Allowed | Answer::Refused(_) => None,
        });
        let facts = facts.flatten().collect();
        Self { answers, refused: Answer::Refused(by_default), facts }
    }

    /// The answer to one question.
    pub fn answer(&self, verb: Verb, class: Class, record: RecordType) -> &Answer {
        self.answers.get(Question { verb, class, record }.index()).unwrap_or(&self.refused)
    }

    /// Whether any answer depends on a fact.
    pub fn turns_on(&self, fact: Fact) -> bool {
        self.facts.contains(&fact)
    }
}
