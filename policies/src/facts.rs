//! The facts of one record, as they are written down.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Error, Fact, Facts, RecordType, Value};

/// The facts of one record, each by its name: those of a test case, or of a command line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NamedFacts(BTreeMap<Fact, Vec<Value>>);

impl NamedFacts {
    /// Facts of a record of this type: of most one value, of a set any number. A name that is none of the
    /// type's facts is an error.
    pub fn new<'a>(
        record: RecordType,
        named: impl IntoIterator<Item = (&'a str, Vec<Value>)>,
    ) -> Result<Self, Error> {
        let mut facts = BTreeMap::new();
        for (name, values) in named {
            let wrong = |message| Error::Facts { record, message };
            let Some(fact) = Fact::named(name).filter(|fact| record.facts().contains(fact)) else {
                let known: Vec<&str> = record.facts().iter().map(|fact| fact.as_str()).collect();
                return Err(wrong(format!("there is no fact `{name}`; there are: {}", known.join(", "))));
            };
            if !fact.is_set() && values.len() != 1 {
                return Err(wrong(format!("`{fact}` has one value")));
            }
            facts.insert(fact, values);
        }
        Ok(Self(facts))
    }

    /// The facts of a record of this type, copied.
    pub fn of(record: RecordType, facts: &dyn Facts) -> Self {
        let values = |fact: Fact| {
            if fact.is_set() {
                Some(facts.members(fact).to_vec())
            } else {
                facts.fact(fact).map(|value| vec![value.to_owned()])
            }
        };
        Self(record.facts().iter().filter_map(|&fact| Some((fact, values(fact)?))).collect())
    }
}

impl Facts for NamedFacts {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.0.get(&fact).and_then(|values| values.first()).map(String::as_str)
    }

    fn members(&self, fact: Fact) -> &[Value] {
        self.0.get(&fact).map(Vec::as_slice).unwrap_or_default()
    }
}
