//! Agencies bring volunteers, the operator verifies them, and they come to the shifts that are planned in shelters.

use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;

use super::{By, COORDINATOR, LEAD, Rows, Script, hand_of, named};
use crate::demo::volunteers;

/// What happens around volunteers. Whatever signing up turns on was settled on a day before.
pub(super) fn play(script: &mut Script, rows: &Rows) {
    let made = &rows.volunteers;
    let brings: BTreeMap<Uuid, By> =
        made.volunteers.iter().map(|volunteer| (volunteer.id, hand_of(volunteer.agency_id))).collect();
    for volunteer in &made.volunteers {
        bring(script, rows, volunteer);
    }
    for shift in &made.shifts {
        plan(script, shift);
    }
    for sign_up in &made.sign_ups {
        come(script, sign_up, brings.get(&sign_up.volunteer_id).copied().unwrap_or(COORDINATOR));
    }
}

fn bring(script: &mut Script, rows: &Rows, volunteer: &volunteers::Volunteer) {
    let (by, own) = (hand_of(volunteer.agency_id), named("volunteer", volunteer.id));
    let story = format!("volunteer/{}", volunteer.id);
    let known = json!({
        "givenNames": volunteer.given_names,
        "familyNames": volunteer.family_names,
        "contact": volunteer.contact,
        "languages": volunteer.languages,
        "skills": volunteer.skills,
    });
    script
        .change(volunteer.registered_at, by, story.clone(), "registerVolunteer", known)
        .makes(&own, "/volunteer/id");
    for screening in rows.volunteers.screenings.iter().filter(|one| one.volunteer_id == volunteer.id) {
        let evidence = json!({
            "volunteer": own,
            "kind": screening.kind,
            "evidence": screening.evidence,
            "verifiedOn": screening.verified_on,
            "validUntil": screening.valid_until,
        });
        let (verifier, screened) = (hand_of(screening.verifier_id), named("screening", screening.id));
        script
            .change(screening.recorded_at, verifier, story.clone(), "recordScreening", evidence)
            .makes(&screened, "/screening/id");
        if let Some((at, reason)) = screening.revoked_at.zip(screening.reason) {
            let revoked = json!({"screening": screened, "reason": reason});
            script.change(at, verifier, story.clone(), "revokeScreening", revoked).seen("screening");
        }
    }
    if let Some(at) = volunteer.ended_at {
        script.change(at, by, story, "endVolunteer", json!({"volunteer": own})).seen("volunteer");
    }
}

fn plan(script: &mut Script, shift: &volunteers::Shift) {
    let (own, story) = (named("volunteer_shift", shift.id), format!("shift/{}", shift.id));
    let planned = json!({
        "shelter": named("shelter", shift.shelter_id),
        "activity": shift.activity,
        "startsAt": shift.starts_at,
        "endsAt": shift.ends_at,
        "nearMinors": shift.near_minors,
        "places": shift.places,
        "note": shift.note,
    });
    script
        .change(shift.recorded_at, LEAD, story.clone(), "planVolunteerShift", planned)
        .makes(&own, "/shift/id");
    if let Some((at, reason)) = shift.cancelled_at.zip(shift.reason) {
        let cancelled = json!({"shift": own, "reason": reason});
        script.change(at, LEAD, story, "cancelVolunteerShift", cancelled).seen("shift");
    }
}

/// That somebody comes to a shift, as the agency says that brings them; and whether they came, as whoever keeps the shelter does.
fn come(script: &mut Script, sign_up: &volunteers::SignUp, by: By) {
    let (own, story) = (named("shift_sign_up", sign_up.id), format!("sign-up/{}", sign_up.id));
    let signed = json!({
        "shift": named("volunteer_shift", sign_up.shift_id),
        "volunteer": named("volunteer", sign_up.volunteer_id),
    });
    script
        .change(sign_up.signed_up_at, by, story.clone(), "signUpForShift", signed)
        .makes(&own, "/signUp/id");
    let Some(at) = sign_up.settled_at else { return };
    match sign_up.cause {
        None => {
            let attended = json!({"signUp": own, "minutes": sign_up.minutes});
            script.change(at, LEAD, story, "recordShiftAttendance", attended).seen("signUp");
        }
        Some("ASKED") => {
            let withdrawn = json!({"signUp": own, "reason": sign_up.reason});
            script.change(at, by, story, "withdrawFromShift", withdrawn).seen("signUp");
        }
        // What disqualifies somebody withdraws them.
        Some(_) => {}
    }
}
