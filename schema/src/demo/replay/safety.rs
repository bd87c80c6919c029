//! Civil protection inspects shelters and has what it finds corrected; the municipal police looks after public order.

use serde_json::json;

use super::{COORDINATOR, INSPECTOR, OFFICER, Rows, Script, named};
use crate::demo::people::opened;
use crate::demo::{incidents, inspections};
use crate::error::Result;
use crate::incidents::{INVOLVEMENT, Involvement};

/// What happens around safety.
pub(super) fn play(script: &mut Script, rows: &Rows) -> Result<()> {
    for inspection in &rows.inspections.inspections {
        inspect(script, rows, inspection);
    }
    for incident in &rows.incidents.incidents {
        happen(script, rows, incident)?;
    }
    Ok(())
}

fn inspect(script: &mut Script, rows: &Rows, inspection: &inspections::Inspection) {
    let story = format!("inspection/{}", inspection.id);
    let found = || rows.inspections.findings.iter().filter(|finding| finding.inspection_id == inspection.id);
    let findings: Vec<_> = found()
        .map(|finding| json!({"finding": finding.finding, "severity": finding.severity, "dueOn": finding.due_on}))
        .collect();
    let recorded = json!({
        "shelter": inspection.shelter_id.map(|shelter| named("shelter", shelter)),
        "inspectedOn": inspection.inspected_on,
        "outcome": inspection.outcome,
        "findings": findings,
    });
    let inspecting =
        script.change(inspection.recorded_at, INSPECTOR, story.clone(), "recordInspection", recorded);
    inspecting.telling("inspection { findings { id version finding } }");
    for finding in found() {
        let place = format!("/inspection/findings/finding={}/id", finding.finding);
        inspecting.makes(named("inspection_finding", finding.id), place);
    }
    for finding in found() {
        let own = json!({"finding": named("inspection_finding", finding.id)});
        let steps = [
            (finding.begun_at, COORDINATOR, "beginCorrection"),
            (finding.done_at, COORDINATOR, "finishCorrection"),
            (finding.verified_at, INSPECTOR, "verifyCorrection"),
        ];
        for (at, by, verb) in steps {
            let Some(at) = at else { continue };
            script.change(at, by, story.clone(), verb, own.clone()).seen("finding");
        }
    }
}

fn happen(script: &mut Script, rows: &Rows, incident: &incidents::Incident) -> Result<()> {
    let (own, story) = (named("incident", incident.id), format!("incident/{}", incident.id));
    let reported = json!({
        "shelter": named("shelter", incident.shelter_id),
        "kind": incident.kind,
        "severity": incident.severity,
        "account": incident.account,
        "occurredAt": incident.happened_at,
    });
    script
        .change(incident.recorded_at, OFFICER, story.clone(), "reportIncident", reported)
        .makes(&own, "/incident/id");
    for involved in rows.incidents.involved.iter().filter(|involved| involved.incident_id == incident.id) {
        let Involvement { part, statement } = opened(involved.person_id, INVOLVEMENT, &involved.record)?;
        let named = json!({
            "incident": own,
            "person": named("person", involved.person_id),
            "part": part,
            "statement": statement,
        });
        script.change(involved.recorded_at, OFFICER, story.clone(), "involvePerson", named);
    }
    for follow_up in rows.incidents.follow_ups.iter().filter(|follow_up| follow_up.incident_id == incident.id)
    {
        let noted = json!({"incident": own, "text": follow_up.text});
        script.change(follow_up.recorded_at, OFFICER, story.clone(), "followUpIncident", noted);
    }
    if let Some((at, outcome)) = incident.closed_at.zip(incident.outcome) {
        let closed = json!({"incident": own, "outcome": outcome});
        script.change(at, OFFICER, story, "closeIncident", closed).seen("incident");
    }
    Ok(())
}
