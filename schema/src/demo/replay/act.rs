//! One thing that one user does at one moment.

use std::borrow::Cow;
use std::fmt::Display;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Who does something, and for what they say that they need people's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct By {
    /// The code of the agency.
    pub agency: &'static str,
    /// The role in which they act.
    pub role: &'static str,
    /// What they state in `Enlace-Purpose`.
    pub purpose: Option<&'static str>,
}

impl By {
    /// Somebody in a role of an agency.
    pub(in crate::demo) const fn new(agency: &'static str, role: &'static str) -> Self {
        Self { agency, role, purpose: None }
    }

    /// The same, who states a purpose.
    pub(in crate::demo) const fn stating(self, purpose: &'static str) -> Self {
        Self { purpose: Some(purpose), ..self }
    }
}

/// What somebody does.
#[derive(Debug, Clone, PartialEq)]
pub enum Doing {
    /// Changes something: the mutation, its arguments but for the idempotency key, and what is asked of its payload beside the ids and
    /// versions of what it carries.
    Change {
        /// The mutation.
        verb: &'static str,
        /// Its arguments.
        arguments: Map<String, Value>,
        /// The arguments in which ids stand whose versions, as they were last seen, are to be given too; and those in which they are.
        seen: Option<(&'static str, &'static str)>,
        /// What else is asked of the payload.
        tells: Option<&'static str>,
    },
    /// Reads something.
    Read {
        /// The document.
        document: &'static str,
        /// Its variables.
        variables: Map<String, Value>,
    },
}

/// One thing that one user does at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// When, by the programme clock.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: By,
    /// What it belongs to: acts of one story are done one after the other.
    pub story: Cow<'static, str>,
    /// What.
    pub doing: Doing,
    /// What comes of it: the id by which the script knows it, and where its own stands in the answer. A step of the way is a member's
    /// name, a place in a list, or `member=value` for the element of a list that has it.
    pub makes: Vec<(String, String)>,
}

impl Act {
    /// Gives the version of what an argument names, as it was last seen, in `version`.
    pub(in crate::demo) fn seen(&mut self, named_in: &'static str) -> &mut Self {
        self.sees(named_in, "version")
    }

    /// Gives the versions of all that an argument names, as they were last seen, in `versions`.
    pub(in crate::demo) fn all_seen(&mut self, named_in: &'static str) -> &mut Self {
        self.sees(named_in, "versions")
    }

    fn sees(&mut self, named_in: &'static str, given_in: &'static str) -> &mut Self {
        if let Doing::Change { seen, .. } = &mut self.doing {
            *seen = Some((named_in, given_in));
        }
        self
    }

    /// Says where the id of something that the script knows by `id` stands in the answer.
    pub(in crate::demo) fn makes(&mut self, id: impl Display, place: impl Into<String>) -> &mut Self {
        self.makes.push((id.to_string(), place.into()));
        self
    }

    /// Asks more of the payload than ids and versions.
    pub(in crate::demo) fn telling(&mut self, selection: &'static str) -> &mut Self {
        if let Doing::Change { tells, .. } = &mut self.doing {
            *tells = Some(selection);
        }
        self
    }

    /// What it is called where it is told of.
    pub fn name(&self) -> &str {
        match &self.doing {
            Doing::Change { verb, .. } => verb,
            Doing::Read { .. } => "query",
        }
    }

    /// Whether it changes what somebody may do: then nothing else is done at the same time.
    pub fn changes_authority(&self) -> bool {
        self.by.role == "administrator"
    }

    /// Every text in what it sends: ids among them.
    pub(super) fn texts(&self) -> Vec<&str> {
        let sent = match &self.doing {
            Doing::Change { arguments, .. } => arguments,
            Doing::Read { variables, .. } => variables,
        };
        let mut texts = Vec::new();
        sent.values().for_each(|value| collect(value, &mut texts));
        texts
    }
}

fn collect<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(members) => members.values().for_each(|value| collect(value, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
