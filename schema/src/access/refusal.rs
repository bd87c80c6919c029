//! What is said of a refused field: one entry for each coordinate, however many records it touched.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use enlace_policies::{Class, Dependence, Refusal as PolicyRefusal};

use crate::error::{Code, Error};
use crate::journal::Refusal;

/// A step of a response path. The indexes are known only when rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Key(String),
    Index,
}

/// A coordinate that is refused, in every record or in some.
pub(crate) struct Refused {
    code: Code,
    coordinate: String,
    /// The data class, where the refusal is of consequence: it is put into the journal.
    noted: Option<Class>,
    policy: Arc<str>,
    reason: String,
    /// One for each place of the document that asks for it.
    paths: Vec<Vec<Segment>>,
}

/// A place of the document that asks for a refused coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Among the plan's refusals.
    pub(crate) refusal: usize,
    /// Among the refusal's paths.
    path: usize,
}

/// Where a coordinate was refused in one response.
#[derive(Debug, Default, Clone)]
pub(crate) struct Touched {
    /// Which path the first value withheld has, and the indexes in it, outermost first.
    first: (usize, Vec<usize>),
    /// Values withheld.
    records: usize,
    /// Places where the coordinate was asked of, refused or not; counted only where it depends on the record.
    asked: usize,
    /// Which of them were refused: from, to, both included.
    ranges: Vec<(usize, usize)>,
}

impl Touched {
    /// The coordinate was refused here, as in every record.
    pub(crate) fn refuse(&mut self, place: Place, indexes: &[usize]) {
        if self.records == 0 {
            self.first = (place.path, indexes.to_vec());
        }
        self.records += 1;
    }

    /// The coordinate depends on the record; here it was refused or not.
    pub(crate) fn gate(&mut self, open: bool, place: Place, indexes: &[usize]) {
        let position = self.asked;
        self.asked += 1;
        if open {
            return;
        }
        self.refuse(place, indexes);
        match self.ranges.last_mut() {
            Some((_, to)) if *to + 1 == position => *to = position,
            _ => self.ranges.push((position, position)),
        }
    }
}

impl Refused {
    pub(crate) fn new(code: Code, coordinate: String, noted: Option<Class>, refusal: &PolicyRefusal) -> Self {
        Self {
            code,
            coordinate,
            noted,
            policy: Arc::clone(&refusal.policy),
            reason: refusal.reason.to_string(),
            paths: Vec::new(),
        }
    }

    /// Adds a place that asks for it; `refusal` is its own place in the plan.
    pub(crate) fn at(&mut self, refusal: usize, path: &[Segment]) -> Place {
        self.paths.push(path.to_vec());
        Place { refusal, path: self.paths.len() - 1 }
    }

    /// For the journal, where it is of consequence and struck.
    pub(crate) fn of_consequence(&self, touched: &Touched) -> Option<Refusal> {
        let class = self.noted.filter(|_| touched.records > 0)?;
        Some(Refusal {
            code: self.code.as_str(),
            coordinate: Some(self.coordinate.clone()),
            class: Some(class.as_str()),
            policy: Some(self.policy.to_string()),
        })
    }

    /// The entry for `errors`; none where no record was touched, for then nothing was withheld.
    pub(crate) fn entry(&self, touched: &Touched, policy_version: &str) -> Option<Json> {
        if touched.records == 0 {
            return None;
        }
        let (path, indexes) = &touched.first;
        let mut indexes = indexes.iter();
        let path: Vec<Json> = self
            .paths
            .get(*path)?
            .iter()
            .map(|segment| match segment {
                Segment::Key(key) => json!(key),
                Segment::Index => json!(indexes.next()),
            })
            .collect();
        let message = match self.code {
            Code::ArgumentForbidden => format!("You may not select by {}.", self.coordinate),
            Code::Forbidden => format!("You may not use {}.", self.coordinate),
            _ => format!("You may not read {}.", self.coordinate),
        };
        let mut error = Error::new(self.code, message)
            .with("coordinate", self.coordinate.as_str())
            .with("reason", self.reason.as_str())
            .with("policy", &*self.policy)
            .with("policyVersion", policy_version)
            .with("records", touched.records);
        if touched.records < touched.asked {
            error = error.with("indices", json!(touched.ranges));
        }
        Some(error.to_json(Some(&path)))
    }
}

/// What is said of a record that does not meet what the policies ask of it.
pub(crate) fn by_record(dependence: &Dependence) -> PolicyRefusal {
    let policies: Vec<&str> = dependence.policies.iter().map(AsRef::as_ref).collect();
    PolicyRefusal {
        policy: policies.join(", ").into(),
        reason: "The record does not meet what these policies ask of it.".into(),
    }
}
