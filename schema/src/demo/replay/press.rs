//! Public relations proposes visits of the press; whoever leads the shelter decides.

use serde_json::json;

use super::{LEAD, LIAISON, Rows, Script, named};

/// The visits.
pub(super) fn play(script: &mut Script, rows: &Rows) {
    for visit in &rows.press.visits {
        let (own, story) = (named("press_visit", visit.id), format!("press visit/{}", visit.id));
        let proposed = json!({
            "shelter": named("shelter", visit.shelter_id),
            "medium": visit.medium,
            "purpose": visit.purpose,
            "visitors": visit.visitors,
            "startsAt": visit.starts_at,
            "endsAt": visit.ends_at,
            "journalists": visit.journalists,
            "contact": visit.contact,
        });
        script
            .change(visit.proposed_at, LIAISON, story.clone(), "proposePressVisit", proposed)
            .makes(&own, "/visit/id");
        let Some(at) = visit.decided_at else { continue };
        let (verb, decided) = match visit.escort_id {
            Some(escort) => {
                let approved = json!({
                    "pressVisit": own,
                    "conditions": visit.conditions,
                    "escort": named("agency", escort),
                });
                ("approvePressVisit", approved)
            }
            None => ("refusePressVisit", json!({"pressVisit": own, "reason": visit.reason})),
        };
        script.change(at, LEAD, story.clone(), verb, decided).seen("pressVisit");
        let Some(at) = visit.closed_at else { continue };
        let (verb, closed) = match visit.reason {
            Some(reason) => ("cancelPressVisit", json!({"pressVisit": own, "reason": reason})),
            None => ("closePressVisit", json!({"pressVisit": own})),
        };
        script.change(at, LIAISON, story, verb, closed).seen("pressVisit");
    }
}
