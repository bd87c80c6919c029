//! People learn: courses and their groups, places in schools, and the revalidation of what adults learnt elsewhere.

use std::collections::BTreeMap;

use chrono::{Days, TimeDelta};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{By, EDUCATOR, Rows, Script, hand, hand_of, named, with};
use crate::demo::education::{groups, revalidations, schools};
use crate::demo::people::opened;
use crate::demo::{instant_of, local, start};
use crate::education::{
    ATTENDANCE, AttendanceState, Ended, OUTCOME, Present, REVALIDATION, SCHOOL_DOCUMENT, SCHOOL_PLACE,
    SealedDocument, SealedPlace, SealedRevalidation,
};
use crate::error::Result;

/// At what hour a group has met.
const MET: i64 = 18;
/// How long after its documents were settled a place that comes to nothing is closed.
const CLOSED_AFTER: TimeDelta = TimeDelta::days(3);
/// How many days after it was filed a revalidation is withdrawn that is.
const WITHDRAWN_AFTER: u64 = 4;

/// What happens around education.
pub(super) fn play(script: &mut Script, rows: &Rows) -> Result<()> {
    courses(script, rows)?;
    school(script, rows)?;
    for revalidation in &rows.education.revalidations {
        revalidate(script, revalidation)?;
    }
    Ok(())
}

fn courses(script: &mut Script, rows: &Rows) -> Result<()> {
    let made = &rows.education.groups;
    let teaches: BTreeMap<Uuid, By> =
        made.courses.iter().map(|course| (course.id, hand_of(course.agency_id))).collect();
    for course in &made.courses {
        let opened = json!({"name": course.name, "kind": course.kind, "level": course.level});
        script
            .change(
                start() + TimeDelta::hours(7),
                hand_of(course.agency_id),
                format!("course/{}", course.id),
                "openCourse",
                opened,
            )
            .makes(named("course", course.id), "/course/id");
    }
    let mut by_group: BTreeMap<Uuid, By> = BTreeMap::new();
    for group in &made.groups {
        let by = teaches.get(&group.course_id).copied().unwrap_or(EDUCATOR).stating("EDUCATION");
        by_group.insert(group.id, by);
        let opened = json!({
            "course": named("course", group.course_id),
            "name": group.name,
            "shelter": named("shelter", group.shelter_id),
            "teacher": group.teacher,
            "days": group.days,
            "capacity": group.capacity,
            "beginsOn": group.begins_on,
            "endsOn": group.ends_on,
        });
        script
            .change(group.recorded_at, by, story(group.id), "openCourseGroup", opened)
            .makes(named("course_group", group.id), "/group/id");
    }
    for enrolment in &made.enrolments {
        enrol(script, enrolment, by_group.get(&enrolment.group_id).copied().unwrap_or(EDUCATOR))?;
    }
    let mut came: BTreeMap<Uuid, Vec<&groups::Attendance>> = BTreeMap::new();
    for attendance in &made.attendances {
        came.entry(attendance.session_id).or_default().push(attendance);
    }
    let person_of: BTreeMap<Uuid, Uuid> =
        made.enrolments.iter().map(|enrolment| (enrolment.id, enrolment.person_id)).collect();
    for session in &made.sessions {
        let mut named_as: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for attendance in came.get(&session.id).into_iter().flatten() {
            let Some(person) = person_of.get(&attendance.enrolment_id) else { continue };
            let Present { state, .. } = opened(*person, ATTENDANCE, &attendance.record)?;
            let list = match state {
                AttendanceState::Present => "present",
                AttendanceState::Late => "late",
                AttendanceState::Excused => "excused",
                AttendanceState::Absent => continue,
            };
            named_as.entry(list).or_default().push(named("enrolment", attendance.enrolment_id));
        }
        let mut met = json!({"group": named("course_group", session.group_id)});
        for (list, enrolments) in named_as {
            met = with(met, list, enrolments);
        }
        let by = by_group.get(&session.group_id).copied().unwrap_or(EDUCATOR);
        script.change(session.recorded_at, by, story(session.group_id), "recordSession", met);
    }
    Ok(())
}

/// What the acts of a group belong to.
fn story(group: Uuid) -> String {
    format!("group/{group}")
}

/// Somebody's place in a group. Whoever departs is out of it by that alone.
fn enrol(script: &mut Script, enrolment: &groups::Enrolment, by: By) -> Result<()> {
    let own = named("enrolment", enrolment.id);
    let enrolled = json!({
        "group": named("course_group", enrolment.group_id),
        "person": named("person", enrolment.person_id),
    });
    script
        .change(enrolment.recorded_at, by, story(enrolment.group_id), "enrolPerson", enrolled)
        .makes(&own, "/enrolment/id");
    let Some((sealed, day)) = enrolment.outcome.as_ref().zip(enrolment.ended_on) else { return Ok(()) };
    let Ended { level_reached, note } = opened(enrolment.person_id, OUTCOME, sealed)?;
    let at = local(day, MET) + TimeDelta::minutes(10);
    if enrolment.state == "COMPLETED" {
        let over = json!({"enrolment": own, "levelReached": level_reached, "note": note});
        script.change(at, by, story(enrolment.group_id), "completeEnrolment", over).seen("enrolment");
    } else {
        let over = json!({"enrolment": own, "note": note});
        script.change(at, by, story(enrolment.group_id), "endEnrolment", over).seen("enrolment");
    }
    Ok(())
}

fn school(script: &mut Script, rows: &Rows) -> Result<()> {
    let made = &rows.education.schools;
    for school in &made.schools {
        let grades = || made.grades.iter().filter(|grade| grade.school_id == school.id);
        let places: Vec<i32> = grades().map(|grade| grade.places).collect();
        let known =
            json!({"name": school.name, "level": school.level, "shift": school.shift, "places": places});
        let registering = script.change(
            start() + TimeDelta::hours(7),
            hand_of(school.agency_id),
            format!("school/{}", school.id),
            "registerSchool",
            known,
        );
        registering.telling("school { grades { id version grade } }");
        for (place, grade) in grades().enumerate() {
            registering.makes(named("school_grade", grade.id), format!("/school/grades/{place}/id"));
        }
    }
    for place in &made.places {
        let documents: Vec<&schools::Document> =
            made.documents.iter().filter(|document| document.place_id == place.id).collect();
        go_to_school(script, place, &documents)?;
    }
    Ok(())
}

fn go_to_school(script: &mut Script, place: &schools::Place, documents: &[&schools::Document]) -> Result<()> {
    let (own, story) = (named("school_place", place.id), format!("school place/{}", place.person_id));
    let by = hand(place.agency).stating("EDUCATION");
    let asked =
        json!({"grade": named("school_grade", place.grade_id), "person": named("person", place.person_id)});
    script
        .change(place.recorded_at, by, story.clone(), "requestSchoolPlace", asked)
        .makes(&own, "/schoolPlace/id");
    let (mut seen, mut waived, mut why): (Vec<&str>, Vec<&str>, Option<String>) =
        (Vec::new(), Vec::new(), None);
    for document in documents {
        let SealedDocument { waiver } = opened(place.person_id, SCHOOL_DOCUMENT, &document.record)?;
        if waiver.is_some() { &mut waived } else { &mut seen }.push(document.document);
        why = why.or(waiver);
    }
    let settled_at = documents.first().map_or(place.recorded_at, |document| instant_of(document.id));
    let mut settled: Value = json!({"schoolPlace": own, "seen": seen});
    if why.is_some() {
        settled = with(with(settled, "waived", waived), "waiverReason", why);
    }
    script.change(settled_at, by, story.clone(), "settleSchoolDocuments", settled).seen("schoolPlace");
    if let Some(day) = place.placed_on {
        let placed = json!({"schoolPlace": own});
        script.change(local(day, 11), by, story.clone(), "placeInSchool", placed).seen("schoolPlace");
    }
    let SealedPlace { closing, .. } = opened(place.person_id, SCHOOL_PLACE, &place.record)?;
    if let Some(closing) = closing {
        let closed = json!({"schoolPlace": own, "closing": closing});
        script.change(settled_at + CLOSED_AFTER, by, story, "closeSchoolPlace", closed).seen("schoolPlace");
    }
    Ok(())
}

fn revalidate(script: &mut Script, revalidation: &revalidations::Revalidation) -> Result<()> {
    let record: SealedRevalidation = opened(revalidation.person_id, REVALIDATION, &revalidation.record)?;
    let (own, story) =
        (named("revalidation", revalidation.id), format!("revalidation/{}", revalidation.person_id));
    let by = EDUCATOR.stating("EDUCATION");
    let filed = json!({
        "person": named("person", revalidation.person_id),
        "level": revalidation.level,
        "documents": record.documents,
    });
    script
        .change(revalidation.recorded_at, by, story.clone(), "fileRevalidation", filed)
        .makes(&own, "/revalidation/id");
    if let Some(day) = revalidation.decided_on {
        let decided = json!({
            "revalidation": own,
            "decision": revalidation.state,
            "folio": record.folio,
            "reason": record.reason,
        });
        script.change(local(day, 11), by, story, "decideRevalidation", decided).seen("revalidation");
    } else if revalidation.state == "WITHDRAWN" {
        let withdrawn = json!({"revalidation": own, "reason": record.reason});
        let at = local(revalidation.filed_on + Days::new(WITHDRAWN_AFTER), 11);
        script.change(at, by, story, "withdrawRevalidation", withdrawn).seen("revalidation");
    }
    Ok(())
}
