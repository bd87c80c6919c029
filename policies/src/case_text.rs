//! Cases as they are written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use crate::{
    Class, Expected, NamedFacts, Outcome, Principal, ROLES, RecordType, UserPrincipal, Verb, cases::Case,
    class::Question,
};

/// In `who`: a caller without a token.
const ANYONE: &str = "anyone";

/// A file of cases as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileText {
    #[serde(default)]
    pub(crate) case: Vec<CaseText>,
}

/// A case as it is written; `policies/always.tests.toml` says what each key means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseText {
    pub(crate) name: Spanned<String>,
    who: Vec<String>,
    #[serde(default = "some_user")]
    user: String,
    #[serde(default)]
    shelters: BTreeSet<String>,
    purpose: Option<String>,
    #[serde(default = "in_force")]
    agreement_in_force: bool,
    reads_as: Option<String>,
    opened: Option<String>,
    asks: Vec<String>,
    on: Vec<String>,
    #[serde(default)]
    facts: BTreeMap<String, OneOrMore>,
    #[serde(default)]
    coordinates: Vec<String>,
    answer: Expected,
    by: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "the value of a fact is a text, or a list of texts where the fact is a set")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

fn some_user() -> String {
    "someone".to_owned()
}

fn in_force() -> bool {
    true
}

impl CaseText {
    pub(crate) fn understood(self, file: &str, line: usize) -> Result<Case, String> {
        let callers = self
            .who
            .iter()
            .map(|who| Ok((who.clone(), self.caller(who)?)))
            .collect::<Result<Vec<_>, String>>()?;
        let questions = self.questions()?;
        if callers.is_empty() || questions.is_empty() || self.by.is_empty() {
            return Err("`who`, `asks`, `on` and `by` each name at least one".to_owned());
        }
        Ok(Case {
            file: file.to_owned(),
            line,
            name: self.name.into_inner(),
            callers,
            questions,
            coordinates: self.coordinates,
            expected: Outcome { answer: self.answer, by: self.by },
        })
    }

    /// `anyone`, `AGENCY/role`, `AGENCY/role+role`, or `AGENCY` for a user without a role.
    fn caller(&self, who: &str) -> Result<Principal, String> {
        if who == ANYONE {
            return Ok(Principal::Anyone);
        }
        let (agency, roles) = who.split_once('/').unwrap_or((who, ""));
        let roles: BTreeSet<String> =
            roles.split('+').filter(|role| !role.is_empty()).map(str::to_owned).collect();
        for role in roles.iter().chain(&self.reads_as) {
            if !ROLES.iter().any(|known| known.code == role) {
                return Err(format!("there is no role `{role}`"));
            }
        }
        Ok(Principal::User(UserPrincipal {
            user: self.user.clone(),
            agency: agency.to_owned(),
            roles,
            reads_as: self.reads_as.clone(),
            shelters: self.shelters.clone(),
            agreement_in_force: self.agreement_in_force,
            purpose: self.purpose.clone(),
            opened: self.opened.clone(),
        }))
    }

    fn questions(&self) -> Result<Vec<(Question, NamedFacts)>, String> {
        let mut questions = Vec::new();
        for record in &self.on {
            let record =
                RecordType::named(record).ok_or_else(|| format!("there is no type of record `{record}`"))?;
            let named = self.facts.iter().map(|(name, value)| {
                let values = match value {
                    OneOrMore::One(value) => vec![value.clone()],
                    OneOrMore::More(values) => values.clone(),
                };
                (name.as_str(), values)
            });
            let facts = NamedFacts::new(record, named).map_err(|error| error.to_string())?;
            for asked in &self.asks {
                let (verb, class) = asked
                    .split_once(' ')
                    .and_then(|(verb, class)| Some((Verb::named(verb)?, Class::named(class)?)))
                    .ok_or_else(|| format!("`{asked}` is not a verb and a class, as in `read INVENTORY`"))?;
                questions.push((Question { verb, class, record }, facts.clone()));
            }
        }
        Ok(questions)
    }
}
