//! What whoever plays a script knows of the programme: the API's own ids beside those of the script, and the version at which each
//! record was last seen.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{Act, Doing};

/// Why an act cannot be sent, or its answer not be understood.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    /// Nothing was seen of a record whose version is to be given.
    #[error("the version of {0} was never seen")]
    Version(String),
    /// The answer lacks what came of the act.
    #[error("the answer has nothing at {0}")]
    Place(String),
}

/// What is known so far.
#[derive(Debug, Default)]
pub struct Known {
    ids: HashMap<String, String>,
    versions: HashMap<String, Value>,
}

impl Known {
    /// What an act sends: its arguments or variables, with the API's ids in place of the script's and the versions that were seen.
    pub fn fill(&self, act: &Act) -> Result<Map<String, Value>, Unknown> {
        match &act.doing {
            Doing::Read { variables, .. } => Ok(self.translated(variables)),
            Doing::Change { arguments, seen, .. } => {
                let mut filled = self.translated(arguments);
                if let Some((named_in, given_in)) = seen {
                    let versions = match filled.get(*named_in) {
                        Some(Value::Array(ids)) => {
                            ids.iter().map(|id| self.version(id)).collect::<Result<_, _>>()?
                        }
                        Some(id) => self.version(id)?,
                        None => return Err(Unknown::Version((*named_in).to_owned())),
                    };
                    filled.insert((*given_in).to_owned(), versions);
                }
                Ok(filled)
            }
        }
    }

    /// Keeps what an answer tells: `data` of what was read, or the payload of what was done.
    pub fn learn(&mut self, act: &Act, told: &Value) -> Result<(), Unknown> {
        for (id, place) in &act.makes {
            let found = self.at(told, place).and_then(Value::as_str);
            let found = found.ok_or_else(|| Unknown::Place(place.clone()))?;
            self.ids.insert(id.clone(), found.to_owned());
        }
        self.see(told);
        Ok(())
    }

    fn version(&self, id: &Value) -> Result<Value, Unknown> {
        let known = id.as_str().and_then(|id| self.versions.get(id));
        known.cloned().ok_or_else(|| Unknown::Version(id.to_string()))
    }

    fn translated(&self, sent: &Map<String, Value>) -> Map<String, Value> {
        sent.iter().map(|(name, value)| (name.clone(), self.translate(value))).collect()
    }

    fn translate(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => json!(self.ids.get(text).unwrap_or(text)),
            Value::Array(values) => values.iter().map(|value| self.translate(value)).collect(),
            Value::Object(members) => Value::Object(self.translated(members)),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// What stands at a place: a member's name, a place in a list, or `member=value` for the element of a list that has it, after each
    /// slash. Such a value may be an id of the script's; such a member may lie in another, after a full stop.
    fn at<'v>(&self, value: &'v Value, place: &str) -> Option<&'v Value> {
        place.split('/').skip(1).try_fold(value, |value, step| match (value, step.split_once('=')) {
            (Value::Array(elements), Some((member, wanted))) => {
                let wanted = self.ids.get(wanted).map_or(wanted, String::as_str);
                let of = |element| member.split('.').try_fold(element, |value: &Value, name| value.get(name));
                elements.iter().find(|element| of(element).and_then(Value::as_str) == Some(wanted))
            }
            (Value::Array(elements), None) => elements.get(step.parse::<usize>().ok()?),
            (members, _) => members.get(step),
        })
    }

    /// Keeps the version of everything that has an id and one.
    fn see(&mut self, told: &Value) {
        match told {
            Value::Object(members) => {
                if let (Some(Value::String(id)), Some(version @ Value::Number(_))) =
                    (members.get("id"), members.get("version"))
                {
                    self.versions.insert(id.clone(), version.clone());
                }
                members.values().for_each(|value| self.see(value));
            }
            Value::Array(values) => values.iter().for_each(|value| self.see(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::super::By;
    use super::*;

    fn change(arguments: Value, seen: Option<(&'static str, &'static str)>, makes: &[(&str, &str)]) -> Act {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        Act {
            at: DateTime::UNIX_EPOCH,
            by: By::new("DIF_MUNICIPAL", "coordinator"),
            story: "a story".into(),
            doing: Doing::Change { verb: "doIt", arguments, seen, tells: None },
            makes: makes.iter().map(|(id, place)| ((*id).to_owned(), (*place).to_owned())).collect(),
        }
    }

    #[test]
    fn ids_of_the_api_take_the_place_of_the_scripts_and_versions_are_those_that_were_seen() {
        let mut known = Known::default();
        let told = json!({"shelter": {"id": "shelter_7", "spaces": [{"id": "space_1", "code": "A"}, {"id": "space_2", "code": "B", "version": 4}]}});
        let opening = change(
            json!({}),
            None,
            &[("ours", "/shelter/spaces/code=B/id"), ("first", "/shelter/spaces/0/id")],
        );
        known.learn(&opening, &told).unwrap();
        let counting = change(
            json!({"space": "ours", "also": ["first", {"in": "ours"}], "many": 3}),
            Some(("space", "version")),
            &[],
        );
        let filled = Value::Object(known.fill(&counting).unwrap());
        assert_eq!(
            filled,
            json!({"space": "space_2", "also": ["space_1", {"in": "space_2"}], "many": 3, "version": 4})
        );
    }

    #[test]
    fn versions_of_several_are_given_in_their_order() {
        let mut known = Known::default();
        let told = json!({"departures": [{"id": "a", "version": 1}, {"id": "b", "version": 5}]});
        known.learn(&change(json!({}), None, &[]), &told).unwrap();
        let confirming = change(json!({"departures": ["b", "a"]}), Some(("departures", "versions")), &[]);
        assert_eq!(known.fill(&confirming).unwrap()["versions"], json!([5, 1]));
    }

    #[test]
    fn what_was_never_seen_and_what_an_answer_lacks_is_said() {
        let mut known = Known::default();
        let blind = change(json!({"space": "space_9"}), Some(("space", "version")), &[]);
        assert!(matches!(known.fill(&blind), Err(Unknown::Version(_))));
        let lost = change(json!({}), None, &[("ours", "/space/id")]);
        assert!(matches!(known.learn(&lost, &json!({"space": null})), Err(Unknown::Place(_))));
    }
}
