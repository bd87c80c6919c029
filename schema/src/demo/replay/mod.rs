//! The programme as its agencies live it: what each of them does through the API, in order of time.
//!
//! The script is made of the same rows that [`load`](super::load) writes, so that a programme which is played and one which is loaded
//! tell of the same people. An [`Act`] names what the programme knows by the ids of those rows; what the API makes has ids of its own, and
//! whoever plays the script keeps both side by side in [`Known`].

mod act;
mod care;
mod coordination;
mod documents;
mod donations;
mod funds;
mod housing;
mod intake;
mod known;
mod learning;
mod looking;
mod meals;
mod people;
mod press;
mod safety;
mod shelters;
mod volunteers;
mod work;

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

pub use act::{Act, By, Doing};
pub use documents::{Documents, KEY, UnknownVerb};
pub use known::{Known, Unknown};

use super::{ENDS_ON, NOON, Rows, agencies, local};
use crate::error::{Error, Result};
use crate::scalars::GlobalId;

const COORDINATOR: By = By::new("DIF_MUNICIPAL", "coordinator");
const LEAD: By = By::new("DIF_MUNICIPAL", "shelter_lead");
const DONATIONS: By = By::new("DIF_MUNICIPAL", "donation_coordinator");
const ADMINISTRATOR: By = By::new("DIF_MUNICIPAL", "administrator");
const CLINICIAN: By = By::new("ISESALUD", "clinician").stating("HEALTH_CARE");
const EDUCATOR: By = By::new("INEA", "educator");
const INSPECTOR: By = By::new("PCE", "inspector");
const OFFICER: By = By::new("DSPM", "officer").stating("PROTECTION");
const LIAISON: By = By::new("RP", "liaison");
const DIRECTORS: By = By::new("CDM", "permits");

/// What is done, in order of time, and what waits for what.
#[derive(Debug, Default)]
pub struct Script {
    acts: Vec<Act>,
    /// The one that was added last, until another is.
    last: Option<Act>,
    waits: Vec<Vec<usize>>,
}

impl Script {
    /// The whole programme, from its first morning to the closing.
    pub fn of_the_programme() -> Result<Self> {
        let rows = Rows::generate(ENDS_ON, local(ENDS_ON, NOON))?;
        let mut script = Self::default();
        shelters::play(&mut script, &rows);
        people::play(&mut script, &rows)?;
        intake::play(&mut script, &rows)?;
        care::play(&mut script, &rows)?;
        donations::play(&mut script, &rows)?;
        meals::play(&mut script, &rows);
        safety::play(&mut script, &rows)?;
        housing::play(&mut script, &rows)?;
        work::play(&mut script, &rows)?;
        learning::play(&mut script, &rows)?;
        funds::play(&mut script, &rows)?;
        coordination::play(&mut script, &rows);
        volunteers::play(&mut script, &rows);
        press::play(&mut script, &rows);
        looking::play(&mut script);
        script.settle();
        Ok(script)
    }

    /// The codes of all shelters that are ever opened.
    pub fn shelters() -> Vec<String> {
        super::shelters::all().into_iter().map(|shelter| shelter.code).collect()
    }

    /// The acts, in order of time.
    pub fn acts(&self) -> &[Act] {
        &self.acts
    }

    /// The places of the acts that must be done before the one at a place: the one before it in its story, and those that make what it
    /// names.
    pub fn waits_for(&self, place: usize) -> &[usize] {
        self.waits.get(place).map(Vec::as_slice).unwrap_or_default()
    }

    /// Adds a change.
    fn change(
        &mut self,
        at: DateTime<Utc>,
        by: By,
        story: impl Into<Cow<'static, str>>,
        verb: &'static str,
        arguments: Value,
    ) -> &mut Act {
        let doing = Doing::Change { verb, arguments: members(arguments), seen: None, tells: None };
        self.add(at, by, story, doing)
    }

    /// Adds a query.
    fn read(
        &mut self,
        at: DateTime<Utc>,
        by: By,
        story: impl Into<Cow<'static, str>>,
        document: &'static str,
        variables: Value,
    ) -> &mut Act {
        self.add(at, by, story, Doing::Read { document, variables: members(variables) })
    }

    fn add(
        &mut self,
        at: DateTime<Utc>,
        by: By,
        story: impl Into<Cow<'static, str>>,
        doing: Doing,
    ) -> &mut Act {
        self.acts.extend(self.last.take());
        self.last.insert(Act { at, by, story: story.into(), doing, makes: Vec::new() })
    }

    /// Puts all in order of time, and finds what waits for what.
    fn settle(&mut self) {
        self.acts.extend(self.last.take());
        self.acts.retain(|act| act.at <= local(ENDS_ON, NOON));
        self.acts.sort_by_key(|act| act.at);
        let mut made: HashMap<&str, usize> = HashMap::new();
        for (place, act) in self.acts.iter().enumerate() {
            made.extend(act.makes.iter().map(|(id, _)| (id.as_str(), place)));
        }
        let mut last: HashMap<&str, usize> = HashMap::new();
        let waits = self.acts.iter().enumerate().map(|(place, act)| {
            let before = last.insert(&act.story, place);
            let makers = act.texts().into_iter().filter_map(|text| made.get(text).copied());
            let mut waits: Vec<usize> =
                before.into_iter().chain(makers).filter(|other| *other != place).collect();
            waits.sort_unstable();
            waits.dedup();
            waits
        });
        self.waits = waits.collect();
    }
}

/// The id, as the API writes it, of a record of this kind.
fn named(kind: &str, id: Uuid) -> String {
    GlobalId { kind: kind.to_owned(), uuid: id }.to_string()
}

/// The members of an object; `null` ones are left out, as whoever has nothing to say does.
fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

/// An object with one member more.
fn with(mut object: Value, member: &str, value: impl Into<Value>) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert(member.to_owned(), value.into());
    }
    object
}

/// A struct as the API takes it.
fn camel(value: &impl Serialize) -> Result<Value> {
    let written = serde_json::to_value(value).map_err(Error::internal)?;
    Ok(Value::Object(members(written)))
}

/// The user of the agency with this code, in its first role.
fn hand(code: &str) -> By {
    let profile = agencies::PROFILES.iter().find(|profile| profile.code == code);
    profile.and_then(|profile| Some(By::new(profile.code, profile.roles.first()?))).unwrap_or(COORDINATOR)
}

/// The user of the agency with this id.
fn hand_of(agency: Uuid) -> By {
    let profile = agencies::PROFILES.iter().find(|profile| agencies::agency_id(profile.code) == agency);
    profile.map_or(COORDINATOR, |profile| hand(profile.code))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nothing_is_named_before_it_is_made_and_nothing_is_made_twice() {
        let script = Script::of_the_programme().unwrap();
        let mut made = BTreeSet::new();
        for (place, act) in script.acts().iter().enumerate() {
            assert!(script.waits_for(place).iter().all(|other| *other < place), "{place}: {act:?}");
            for (id, _) in &act.makes {
                assert!(made.insert(id.clone()), "{id} is made twice");
            }
        }
    }

    #[test]
    fn every_change_has_a_document_that_the_schema_takes() {
        let documents = Documents::of_the_schema().unwrap();
        let mut asked = BTreeSet::new();
        for act in Script::of_the_programme().unwrap().acts() {
            let Doing::Change { arguments, seen, .. } = &act.doing else { continue };
            let mut arguments = arguments.clone();
            let added = [Some(KEY), seen.map(|(_, given_in)| given_in)].into_iter().flatten();
            arguments.extend(added.map(|name| (name.to_owned(), Value::Null)));
            let document = documents.document(&act.doing, &arguments).unwrap();
            if asked.insert(document.clone()) {
                documents.check(&document).unwrap_or_else(|faults| panic!("{document}: {faults}"));
            }
        }
    }
}
