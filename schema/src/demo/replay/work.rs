//! Employers offer work; people say what they can do, apply, begin, and come by an RFC.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{By, COORDINATOR, Rows, Script, camel, named, with};
use crate::demo::people::opened;
use crate::demo::{agencies, local, vacancies, work};
use crate::employment::{
    ATTENDANCE, Abilities, Attended, ENDING, Ending, FOLLOW_UP, FollowUp, RFC, RfcDocument, RfcRecord,
    WORK_PROFILE,
};
use crate::error::Result;
use crate::scalars::Money;

const BY: By = COORDINATOR.stating("EMPLOYMENT");

/// How many days after it was submitted an application leads to an interview.
const INTERVIEWED_AFTER: u64 = 2;
/// How many days after a procedure for an RFC was opened its documents are together, it is filed, and it is abandoned if it is.
const GATHERED_AFTER: u64 = 4;
const FILED_AFTER: u64 = 7;
const ABANDONED_AFTER: u64 = 20;
/// How many people's attendance is recorded at once.
const AT_ONCE: usize = 50;

/// A vacancy as it stands.
const VACANCY: &str = "query($vacancy: ID!) { node(id: $vacancy) { ... on Vacancy { id version } } }";

/// What happens around work.
pub(super) fn play(script: &mut Script, rows: &Rows) -> Result<()> {
    offer(script, rows)?;
    for event in &rows.vacancies.events {
        hold(script, rows, event)?;
    }
    for profile in &rows.work.profiles {
        let abilities: Abilities = opened(profile.person_id, WORK_PROFILE, &profile.profile)?;
        let told = with(camel(&abilities)?, "person", named("person", profile.person_id));
        script.change(profile.recorded_at, BY, story(profile.person_id), "recordWorkProfile", told);
    }
    for consent in &rows.work.consents {
        let given = json!({
            "person": named("person", consent.person_id),
            "recipient": named("agency", agencies::agency_id(consent.recipient)),
            "purpose": consent.purpose,
        });
        script.change(
            consent.given_at,
            COORDINATOR.stating("RECEPTION"),
            story(consent.person_id),
            "giveConsent",
            given,
        );
    }
    for application in &rows.work.applications {
        apply(script, application);
    }
    for placement in &rows.work.placements {
        place(script, placement)?;
    }
    for visit in &rows.work.visits {
        follow_up(script, rows, visit)?;
    }
    for procedure in &rows.work.procedures {
        proceed(script, procedure)?;
    }
    Ok(())
}

/// What the acts around a person's work belong to.
fn story(person: Uuid) -> String {
    format!("work/{person}")
}

fn offer(script: &mut Script, rows: &Rows) -> Result<()> {
    for employer in &rows.vacancies.employers {
        let known = json!({
            "name": employer.name,
            "trade": employer.trade,
            "contact": employer.contact,
            "agency": employer.agency.map(|agency| named("agency", agencies::agency_id(agency))),
        });
        script
            .change(
                employer.registered_at,
                COORDINATOR,
                format!("employer/{}", employer.id),
                "registerEmployer",
                known,
            )
            .makes(named("employer", employer.id), "/employer/id");
    }
    for vacancy in &rows.vacancies.vacancies {
        let (own, story) = (named("vacancy", vacancy.id), format!("vacancy/{}", vacancy.id));
        let offered = json!({
            "employer": named("employer", vacancy.employer_id),
            "title": vacancy.title,
            "skills": vacancy.skills,
            "languages": vacancy.languages,
            "shift": vacancy.shift,
            "startsOn": vacancy.starts_on,
            "wage": Money::stored(vacancy.wage, vacancy.currency)?,
            "openings": vacancy.openings,
        });
        script
            .change(local(vacancy.opened_on, 9), COORDINATOR, story.clone(), "openVacancy", offered)
            .makes(&own, "/vacancy/id");
        if let Some(day) = vacancy.closed_on {
            // Whom it employs has changed it since it was opened.
            script.read(local(day, 17), COORDINATOR, story.clone(), VACANCY, json!({"vacancy": own}));
            let closed = json!({"vacancy": own});
            script.change(local(day, 17), COORDINATOR, story, "closeVacancy", closed).seen("vacancy");
        }
    }
    Ok(())
}

/// A fair or a training: announced, held, and what came of it.
fn hold(script: &mut Script, rows: &Rows, event: &vacancies::Event) -> Result<()> {
    let (own, story) = (named("job_event", event.id), format!("job event/{}", event.id));
    let stands = || rows.vacancies.stands.iter().filter(|stand| stand.event_id == event.id);
    let employers: Vec<_> = stands().map(|stand| named("employer", stand.employer_id)).collect();
    let announced = json!({
        "kind": event.kind,
        "title": event.title,
        "place": event.place,
        "startsOn": event.starts_on,
        "endsOn": event.ends_on,
        "agency": named("agency", event.agency_id),
        "employers": employers,
    });
    let announcing = script.change(event.recorded_at, COORDINATOR, story.clone(), "openJobEvent", announced);
    announcing.telling("jobEvent { stands { id version employer { id } } }").makes(&own, "/jobEvent/id");
    for (stand, employer) in stands().zip(&employers) {
        announcing.makes(named("job_stand", stand.id), format!("/jobEvent/stands/employer.id={employer}/id"));
    }
    for stand in stands() {
        let came = json!({
            "stand": named("job_stand", stand.id),
            "offered": stand.offered,
            "interviewed": stand.interviewed,
            "hired": stand.hired,
        });
        script
            .change(local(event.ends_on, 17), COORDINATOR, story.clone(), "recordJobStand", came)
            .seen("stand");
    }
    let mut came: BTreeMap<Option<bool>, Vec<String>> = BTreeMap::new();
    for attendance in rows.work.attendances.iter().filter(|attendance| attendance.event_id == event.id) {
        let Attended { completed } = opened(attendance.person_id, ATTENDANCE, &attendance.record)?;
        came.entry(completed).or_default().push(named("person", attendance.person_id));
    }
    for (completed, people) in came {
        for people in people.chunks(AT_ONCE) {
            let attended = json!({"event": own, "persons": people, "completed": completed});
            script.change(local(event.ends_on, 16), BY, story.clone(), "recordJobAttendance", attended);
        }
    }
    Ok(())
}

fn apply(script: &mut Script, application: &work::Application) {
    let (own, story) = (named("job_application", application.id), story(application.person_id));
    let applied = json!({
        "person": named("person", application.person_id),
        "vacancy": named("vacancy", application.vacancy_id),
    });
    script
        .change(application.recorded_at, BY, story.clone(), "applyForJob", applied)
        .makes(&own, "/jobApplication/id");
    let interviewed = json!({"jobApplication": own, "state": "INTERVIEWED"});
    let at = local(application.submitted_on + Days::new(INTERVIEWED_AFTER), 12);
    script.change(at, BY, story, "advanceJobApplication", interviewed).seen("jobApplication");
}

fn place(script: &mut Script, placement: &work::Placement) -> Result<()> {
    let (own, story) = (named("job_placement", placement.id), story(placement.person_id));
    let begun = json!({
        "person": named("person", placement.person_id),
        "vacancy": named("vacancy", placement.vacancy_id),
        "jobApplication": placement.application_id.map(|application| named("job_application", application)),
        "formal": placement.formal,
    });
    script
        .change(local(placement.started_on, 9), BY, story.clone(), "placeInJob", begun)
        .makes(&own, "/jobPlacement/id");
    if placement.ended_on.is_some() {
        let Ending { ending, note } = opened(placement.person_id, ENDING, &placement.record)?;
        let over = json!({"jobPlacement": own, "ending": ending, "note": note});
        script.change(placement.recorded_at, BY, story, "endJobPlacement", over).seen("jobPlacement");
    }
    Ok(())
}

fn follow_up(script: &mut Script, rows: &Rows, visit: &work::Visit) -> Result<()> {
    let Some(placement) = rows.work.placements.iter().find(|placement| placement.id == visit.placement_id)
    else {
        return Ok(());
    };
    let FollowUp { outcome, note } = opened(placement.person_id, FOLLOW_UP, &visit.record)?;
    let found =
        json!({"jobPlacement": named("job_placement", visit.placement_id), "outcome": outcome, "note": note});
    script.change(visit.recorded_at, BY, story(placement.person_id), "followUpJobPlacement", found);
    Ok(())
}

/// A procedure for an RFC, step by step, as far as it comes.
fn proceed(script: &mut Script, procedure: &work::Procedure) -> Result<()> {
    let RfcRecord { rfc, note, .. } = opened(procedure.person_id, RFC, &procedure.record)?;
    let (own, story) = (named("rfc_procedure", procedure.id), format!("rfc/{}", procedure.person_id));
    let (first, all) = (RfcDocument::NEEDED.first_chunk::<2>(), RfcDocument::NEEDED);
    let opened = json!({"person": named("person", procedure.person_id), "documents": first});
    script
        .change(procedure.recorded_at, BY, story.clone(), "openRfcProcedure", opened)
        .makes(&own, "/rfcProcedure/id");
    let after = |days: u64| -> DateTime<Utc> { local(procedure.opened_on + Days::new(days), 11) };
    let mut steps = vec![
        (after(GATHERED_AFTER), json!({"state": "DOCUMENTS_COMPLETE", "documents": all})),
        (after(FILED_AFTER), json!({"state": "FILED"})),
    ];
    if let Some(day) = procedure.completed_on {
        steps.push((local(day, 11), json!({"state": "COMPLETED", "rfc": rfc})));
    }
    if procedure.state == "ABANDONED" {
        steps.push((after(ABANDONED_AFTER), json!({"state": "ABANDONED", "note": note})));
    }
    for (at, step) in steps {
        let step = with(step, "rfcProcedure", own.clone());
        script.change(at, BY, story.clone(), "advanceRfcProcedure", step).seen("rfcProcedure");
    }
    Ok(())
}
