//! Agencies ask one another for what is to be done, for permits and for translations; those that advise recommend, translate and teach.

use serde_json::json;

use super::{DIRECTORS, Rows, Script, hand_of, named};
use crate::demo::{advice, local, permits, tasks};

/// What happens between agencies. A case is taken before something is asked for it, and said to be over before that is withdrawn: people
/// come before this.
pub(super) fn play(script: &mut Script, rows: &Rows) {
    for task in &rows.tasks.tasks {
        ask(script, rows, task);
    }
    for permit in &rows.permits.permits {
        request(script, permit);
    }
    for recommendation in &rows.advice.recommendations {
        recommend(script, rows, recommendation);
    }
    for translation in &rows.advice.translations {
        translate(script, translation);
    }
    for tutorial in &rows.advice.tutorials {
        teach(script, rows, tutorial);
    }
}

fn ask(script: &mut Script, rows: &Rows, task: &tasks::Task) {
    let (asker, assignee) = (hand_of(task.agency_id), hand_of(task.assignee_id));
    let mut referrals = rows.people.referrals.iter();
    let case = task.referral_id.and_then(|of| referrals.find(|referral| referral.id == of));
    let story = match case {
        Some(referral) => format!("referral/{}", referral.id),
        None => format!("task/{}", task.id),
    };
    let own = named("task", task.id);
    let wanted = json!({
        "assignee": named("agency", task.assignee_id),
        "title": task.title,
        "request": task.request,
        "shelter": task.shelter_id.map(|shelter| named("shelter", shelter)),
        "referral": task.referral_id.map(|referral| named("referral", referral)),
        "priority": task.priority,
        "dueOn": task.due_on,
    });
    // Whoever names a case has to be able to read it.
    let by = case.map_or(asker, |referral| asker.stating(referral.purpose));
    script.change(task.recorded_at, by, story.clone(), "proposeTask", wanted).makes(&own, "/task/id");
    if let Some(at) = task.answered_at {
        let verb = if task.state == "DECLINED" { "declineTask" } else { "acceptTask" };
        let answered = json!({"task": own, "answer": task.answer});
        script.change(at, assignee, story.clone(), verb, answered).seen("task");
    }
    let Some(at) = task.ended_at else { return };
    match task.ended_because {
        None => {
            let done = json!({"task": own, "outcome": task.outcome});
            script.change(at, assignee, story, "completeTask", done).seen("task");
        }
        Some("ASKER") => {
            let withdrawn = json!({"task": own, "reason": task.outcome});
            script.change(at, asker, story, "withdrawTask", withdrawn).seen("task");
        }
        // A departure ends what is asked about whoever leaves.
        Some(_) => {}
    }
}

fn request(script: &mut Script, permit: &permits::Permit) {
    // A renewal comes after what it renews.
    let story = format!("permit/{}", permit.renews_id.unwrap_or(permit.id));
    let own = named("permit", permit.id);
    let asked = json!({
        "kind": permit.kind,
        "shelter": permit.shelter_id.map(|shelter| named("shelter", shelter)),
        "activity": permit.activity,
        "purpose": permit.purpose,
        "renews": permit.renews_id.map(|renewed| named("permit", renewed)),
    });
    script
        .change(permit.recorded_at, hand_of(permit.agency_id), story.clone(), "requestPermit", asked)
        .makes(&own, "/permit/id");
    if let Some(day) = permit.reviewed_on {
        let reviewed = json!({"permit": own});
        script
            .change(local(day, permits::DECIDED_AT), DIRECTORS, story.clone(), "reviewPermit", reviewed)
            .seen("permit");
    }
    let Some(day) = permit.decided_on else { return };
    let (verb, decided) = match &permit.folio {
        Some(folio) => {
            let granted = json!({
                "permit": own,
                "folio": folio,
                "validFrom": permit.valid_from,
                "validUntil": permit.valid_until,
            });
            ("grantPermit", granted)
        }
        None => ("refusePermit", json!({"permit": own, "reason": permit.reason})),
    };
    script.change(local(day, permits::DECIDED_AT), DIRECTORS, story, verb, decided).seen("permit");
}

fn recommend(script: &mut Script, rows: &Rows, recommendation: &advice::Recommendation) {
    let (adviser, addressee) = (hand_of(recommendation.agency_id), hand_of(recommendation.addressee_id));
    let own = named("recommendation", recommendation.id);
    let story = format!("recommendation/{}", recommendation.id);
    let made = json!({
        "addressee": named("agency", recommendation.addressee_id),
        "title": recommendation.title,
        "body": recommendation.body,
        "madeOn": recommendation.made_on,
        "dueOn": recommendation.due_on,
    });
    script
        .change(recommendation.recorded_at, adviser, story.clone(), "makeRecommendation", made)
        .makes(&own, "/recommendation/id");
    if let Some(at) = recommendation.answered_at {
        let answered = json!({
            "recommendation": own,
            "answer": recommendation.answer,
            "note": recommendation.answer_note,
        });
        script.change(at, addressee, story.clone(), "answerRecommendation", answered).seen("recommendation");
    }
    for report in rows.advice.reports.iter().filter(|report| report.recommendation_id == recommendation.id) {
        let reported = json!({
            "recommendation": own,
            "progress": report.progress,
            "evidence": report.evidence,
            "digest": report.digest,
        });
        script
            .change(report.recorded_at, addressee, story.clone(), "reportRecommendation", reported)
            .seen("recommendation");
    }
    if let Some(at) = recommendation.verified_at {
        let verified = json!({
            "recommendation": own,
            "verdict": recommendation.verdict,
            "note": recommendation.verdict_note,
        });
        script.change(at, adviser, story, "verifyRecommendation", verified).seen("recommendation");
    }
}

fn translate(script: &mut Script, translation: &advice::Translation) {
    let (asker, translator) = (hand_of(translation.asker_id), hand_of(translation.agency_id));
    let own = named("translation", translation.id);
    let story = format!("translation/{}", translation.id);
    let wanted = json!({
        "agency": named("agency", translation.agency_id),
        "title": translation.title,
        "source": translation.source,
        "sourceLanguage": translation.source_language,
        "targetLanguage": translation.target_language,
        "neededBy": translation.needed_by,
        "toPublish": translation.to_publish,
    });
    script
        .change(translation.recorded_at, asker, story.clone(), "requestTranslation", wanted)
        .makes(&own, "/translation/id");
    if let Some(at) = translation.delivered_at {
        let delivered = json!({
            "translation": own,
            "delivery": translation.delivery,
            "digest": translation.digest,
        });
        script.change(at, translator, story.clone(), "deliverTranslation", delivered).seen("translation");
    }
    if let Some(at) = translation.reviewed_at {
        let approved = json!({"translation": own, "approved": true});
        script.change(at, asker, story, "reviewTranslation", approved).seen("translation");
    }
}

fn teach(script: &mut Script, rows: &Rows, tutorial: &advice::Tutorial) {
    let (by, own) = (hand_of(tutorial.agency_id), named("tutorial", tutorial.id));
    let story = format!("tutorial/{}", tutorial.id);
    let editions: Vec<_> = rows
        .advice
        .editions
        .iter()
        .filter(|edition| edition.tutorial_id == tutorial.id)
        .map(|edition| {
            json!({
                "language": edition.language,
                "title": edition.title,
                "reference": edition.reference,
                "digest": edition.digest,
            })
        })
        .collect();
    let published = json!({
        "topic": tutorial.topic,
        "audience": tutorial.audience,
        "format": tutorial.format,
        "editions": editions,
    });
    script
        .change(tutorial.recorded_at, by, story.clone(), "publishTutorial", published)
        .makes(&own, "/tutorial/id");
    for session in rows.advice.sessions.iter().filter(|session| session.tutorial_id == tutorial.id) {
        let given = json!({
            "tutorial": own,
            "language": session.language,
            "shelter": named("shelter", session.shelter_id),
            "heldOn": session.held_on,
            "attended": session.attended,
        });
        script.change(session.recorded_at, by, story.clone(), "recordTutorialSession", given);
    }
}
