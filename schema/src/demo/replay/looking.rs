//! Every agency looks at what concerns it, every day: the board, what is in store, meals, what is open, and what was done.

use chrono::{Days, TimeDelta};
use serde_json::json;

use super::{Script, hand};
use crate::demo::agencies::{PROFILES, agency_id, may_act};
use crate::demo::{ENDS_ON, Random, STARTS_ON, local};

/// What everyone looks at.
const BOARD: &str =
    "{ shelters { code name spaces { segment capacity occupied } facilityState { clean hotShowers } } }";
/// What only some look at beside it: the role, and the document.
const ALSO: [(&str, &str); 6] = [
    ("witness", "{ journal(last: 20) { nodes { index recordedAt } } indicators { key value } }"),
    ("liaison", "{ campaigns { title } donors(last: 10) { nodes { kind name } } }"),
    ("donor", "{ donationItems(first: 20) { nodes { item received } } }"),
    ("programmes", "{ schools { name level grades { grade places placed } } }"),
    ("kitchen", "{ mealShortfalls { __typename } }"),
    ("permits", "{ budget { __typename } }"),
];

/// What an employer's contact looks at: the board is nothing to them.
const OFFERED: &str = "{ vacancies(first: 20) { nodes { title openings } } }";

/// Who looks at what.
pub(super) fn play(script: &mut Script) {
    for profile in PROFILES {
        let by = hand(profile.code);
        let also = ALSO.iter().find(|(role, _)| *role == by.role).map(|(_, document)| *document);
        for day in STARTS_ON.iter_days().take_while(|day| *day < ENDS_ON) {
            if !may_act(agency_id(profile.code), local(day + Days::new(1), 0)) {
                continue;
            }
            let mut random = Random::seeded(&format!("looking/{}/{day}", profile.code));
            let at = local(day, 9) + TimeDelta::minutes(random.between(0, 540).into());
            let story = format!("looking/{}", profile.code);
            let document = if by.role == "employer" { OFFERED } else { BOARD };
            script.read(at, by, story.clone(), document, json!({}));
            if let Some(document) = also {
                script.read(at + TimeDelta::minutes(1), by, story, document, json!({}));
            }
        }
    }
}
