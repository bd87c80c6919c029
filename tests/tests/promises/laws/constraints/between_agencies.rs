//! What holds of tasks, permits, and what advisers give.

use super::Breach;

/// Another row of a table, as one of some rows is but for what is changed.
macro_rules! another {
    ($table:literal, $change:literal, $of:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " SELECT of.* FROM one, (SELECT * FROM ",
            $table,
            " WHERE ",
            $of,
            " LIMIT 1) AS known, LATERAL (SELECT (jsonb_populate_record(NULL::",
            $table,
            ", to_jsonb(known) || jsonb_build_object('id', fresh, 'code', 'X-1') || '",
            $change,
            "')).*) AS of"
        )
    };
}

pub(super) const BREACHES: &[Breach] = &[
    ("tasks_answer", another!("tasks", r#"{"answer": "xx"}"#, "state = 'DECLINED'")),
    (
        "tasks_code_key",
        "INSERT INTO tasks SELECT of.* FROM one, tasks, jsonb_populate_record(tasks, jsonb_build_object('id', fresh)) AS of WHERE tasks.state = 'DONE' LIMIT 1",
    ),
    (
        "tasks_departed",
        another!(
            "tasks",
            r#"{"state": "WITHDRAWN", "ended_because": "DEPARTED", "outcome": null}"#,
            "state = 'DONE' AND referral_id IS NULL"
        ),
    ),
    ("tasks_due", another!("tasks", r#"{"due_on": "2021-01-01"}"#, "state = 'DONE' AND referral_id IS NULL")),
    (
        "tasks_elsewhere",
        "INSERT INTO tasks SELECT of.* FROM one, tasks, jsonb_populate_record(tasks, jsonb_build_object('id', fresh, 'code', 'X-1', 'assignee_id', tasks.agency_id) || '{}') AS of WHERE tasks.state = 'DONE' LIMIT 1",
    ),
    (
        "tasks_forward",
        "UPDATE tasks SET state = 'ACCEPTED', outcome = NULL, ended_at = NULL WHERE state = 'DONE'",
    ),
    (
        "tasks_in_order",
        another!("tasks", r#"{"ended_at": "2021-01-01"}"#, "state = 'DONE' AND referral_id IS NULL"),
    ),
    ("tasks_outcome", another!("tasks", r#"{"outcome": "xx"}"#, "state = 'DONE' AND referral_id IS NULL")),
    (
        "tasks_place",
        "INSERT INTO tasks SELECT of.* FROM one, tasks, shelters, jsonb_populate_record(tasks, jsonb_build_object('id', fresh, 'code', 'X-1', 'shelter_id', shelters.id, 'centre_id', shelters.centre_id) || '{}') AS of WHERE tasks.state = 'DONE' LIMIT 1",
    ),
    (
        "tasks_priority",
        another!("tasks", r#"{"priority": "SOON"}"#, "state = 'DONE' AND referral_id IS NULL"),
    ),
    (
        "tasks_referral_between",
        "INSERT INTO tasks SELECT of.* FROM one, tasks, referrals, jsonb_populate_record(tasks, jsonb_build_object('id', fresh, 'code', 'X-1', 'referral_id', referrals.id) || '{\"state\": \"PROPOSED\", \"answer\": null, \"answered_at\": null, \"outcome\": null, \"ended_at\": null}') AS of WHERE tasks.title = 'Ruta de evacuación' LIMIT 1",
    ),
    ("tasks_request", another!("tasks", r#"{"request": "xx"}"#, "state = 'DONE' AND referral_id IS NULL")),
    ("tasks_state", another!("tasks", r#"{"outcome": null}"#, "state = 'DONE' AND referral_id IS NULL")),
    ("tasks_title", another!("tasks", r#"{"title": "xx"}"#, "state = 'DONE' AND referral_id IS NULL")),
    ("permits_activity", another!("permits", r#"{"activity": "xx"}"#, "state = 'REFUSED'")),
    (
        "permits_code_key",
        "INSERT INTO permits SELECT of.* FROM one, permits, jsonb_populate_record(permits, jsonb_build_object('id', fresh)) AS of WHERE permits.state = 'REFUSED' LIMIT 1",
    ),
    ("permits_folio", another!("permits", r#"{"folio": "xx"}"#, "state = 'GRANTED'")),
    ("permits_folio_key", another!("permits", r#"{}"#, "state = 'GRANTED' AND renews_id IS NULL")),
    (
        "permits_for_something",
        another!("permits", r#"{"activity": null, "shelter_id": null}"#, "state = 'REFUSED'"),
    ),
    (
        "permits_forward",
        "UPDATE permits SET state = 'UNDER_REVIEW', decided_on = NULL, reason = NULL WHERE state = 'REFUSED'",
    ),
    ("permits_in_order", another!("permits", r#"{"decided_on": "2021-01-01"}"#, "state = 'REFUSED'")),
    ("permits_kind", another!("permits", r#"{"kind": "MAGIC"}"#, "state = 'REFUSED'")),
    ("permits_purpose", another!("permits", r#"{"purpose": "xx"}"#, "state = 'REFUSED'")),
    ("permits_reason", another!("permits", r#"{"reason": "xx"}"#, "state = 'REFUSED'")),
    (
        "permits_renewed_once",
        another!("permits", r#"{"folio": "OTHER"}"#, "state = 'GRANTED' AND renews_id IS NOT NULL"),
    ),
    (
        "permits_renews_granted",
        "INSERT INTO permits SELECT of.* FROM one, permits, jsonb_populate_record(permits, jsonb_build_object('id', fresh, 'code', 'X-1', 'renews_id', permits.id) || '{}') AS of WHERE permits.state = 'REFUSED' LIMIT 1",
    ),
    ("permits_state", another!("permits", r#"{"folio": null}"#, "state = 'GRANTED'")),
    (
        "permits_two_hands",
        "INSERT INTO permits SELECT of.* FROM one, permits, jsonb_populate_record(permits, jsonb_build_object('id', fresh, 'code', 'X-1', 'user_id', someone, 'decided_by', someone) || '{}') AS of WHERE permits.state = 'REFUSED' LIMIT 1",
    ),
    ("permits_validity", another!("permits", r#"{"valid_until": "2021-01-01"}"#, "state = 'GRANTED'")),
    ("recommendations_answer", another!("recommendations", r#"{"answer": "MAYBE"}"#, "verdict = 'FOLLOWED'")),
    (
        "recommendations_answer_note",
        another!("recommendations", r#"{"answer_note": "xx"}"#, "verdict = 'FOLLOWED'"),
    ),
    (
        "recommendations_answered",
        another!("recommendations", r#"{"answer_note": null}"#, "verdict = 'FOLLOWED'"),
    ),
    ("recommendations_body", another!("recommendations", r#"{"body": "xx"}"#, "verdict = 'FOLLOWED'")),
    (
        "recommendations_code_key",
        "INSERT INTO recommendations SELECT of.* FROM one, recommendations, jsonb_populate_record(recommendations, jsonb_build_object('id', fresh)) AS of WHERE recommendations.verdict = 'FOLLOWED' LIMIT 1",
    ),
    (
        "recommendations_due",
        another!("recommendations", r#"{"due_on": "2021-01-01"}"#, "verdict = 'FOLLOWED'"),
    ),
    (
        "recommendations_elsewhere",
        "INSERT INTO recommendations SELECT of.* FROM one, recommendations, jsonb_populate_record(recommendations, jsonb_build_object('id', fresh, 'code', 'X-1', 'addressee_id', recommendations.agency_id) || '{}') AS of WHERE true LIMIT 1",
    ),
    (
        "recommendations_forward",
        "UPDATE recommendations SET verdict = 'NOT_FOLLOWED' WHERE verdict = 'FOLLOWED'",
    ),
    (
        "recommendations_in_order",
        another!("recommendations", r#"{"verified_at": "2021-01-01"}"#, "verdict = 'FOLLOWED'"),
    ),
    (
        "recommendations_reported",
        another!("recommendations", r#"{"answer": "NOT_ACCEPTED"}"#, "verdict = 'FOLLOWED'"),
    ),
    ("recommendations_title", another!("recommendations", r#"{"title": "xx"}"#, "verdict = 'FOLLOWED'")),
    (
        "recommendations_two_hands",
        "INSERT INTO recommendations SELECT of.* FROM one, recommendations, jsonb_populate_record(recommendations, jsonb_build_object('id', fresh, 'code', 'X-1', 'answered_by', someone, 'verified_by', someone) || '{}') AS of WHERE recommendations.verdict = 'FOLLOWED' LIMIT 1",
    ),
    (
        "recommendations_verdict",
        another!("recommendations", r#"{"verdict": "SO_SO"}"#, "verdict = 'FOLLOWED'"),
    ),
    (
        "recommendations_verdict_note",
        another!("recommendations", r#"{"verdict_note": "xx"}"#, "verdict = 'FOLLOWED'"),
    ),
    (
        "recommendations_verified",
        another!("recommendations", r#"{"verified_at": null}"#, "verdict = 'FOLLOWED'"),
    ),
    ("recommendation_reports_digest", another!("recommendation_reports", r#"{"digest": "abc"}"#, "true")),
    ("recommendation_reports_evidence", another!("recommendation_reports", r#"{"evidence": "xx"}"#, "true")),
    ("recommendation_reports_progress", another!("recommendation_reports", r#"{"progress": "xx"}"#, "true")),
    (
        "translations_code_key",
        "INSERT INTO translations SELECT of.* FROM one, translations, jsonb_populate_record(translations, jsonb_build_object('id', fresh)) AS of WHERE translations.state = 'PUBLISHED' LIMIT 1",
    ),
    ("translations_delivery", another!("translations", r#"{"delivery": "xx"}"#, "state = 'PUBLISHED'")),
    ("translations_digest", another!("translations", r#"{"digest": "abc"}"#, "state = 'PUBLISHED'")),
    ("translations_forward", "UPDATE translations SET state = 'DELIVERED' WHERE state = 'PUBLISHED'"),
    (
        "translations_in_order",
        another!("translations", r#"{"delivered_at": "2021-01-01"}"#, "state = 'PUBLISHED'"),
    ),
    (
        "translations_languages",
        another!("translations", r#"{"target_language": "es"}"#, "state = 'PUBLISHED'"),
    ),
    (
        "translations_needed",
        another!("translations", r#"{"needed_by": "2021-01-01"}"#, "state = 'PUBLISHED'"),
    ),
    ("translations_note", another!("translations", r#"{"note": "xx"}"#, "state = 'PUBLISHED'")),
    ("translations_source", another!("translations", r#"{"source": "xx"}"#, "state = 'PUBLISHED'")),
    ("translations_state", another!("translations", r#"{"to_publish": false}"#, "state = 'PUBLISHED'")),
    ("translations_title", another!("translations", r#"{"title": "xx"}"#, "state = 'PUBLISHED'")),
    (
        "translations_translator",
        "INSERT INTO translations SELECT of.* FROM one, translations, jsonb_populate_record(translations, jsonb_build_object('id', fresh, 'code', 'X-1', 'agency_id', translations.asker_id) || '{}') AS of WHERE translations.state = 'PUBLISHED' LIMIT 1",
    ),
    (
        "translations_two_hands",
        "INSERT INTO translations SELECT of.* FROM one, translations, jsonb_populate_record(translations, jsonb_build_object('id', fresh, 'code', 'X-1', 'delivered_by', someone, 'reviewed_by', someone) || '{}') AS of WHERE translations.state = 'PUBLISHED' LIMIT 1",
    ),
    ("tutorials_audience", another!("tutorials", r#"{"audience": "NOBODY"}"#, "true")),
    (
        "tutorials_code_key",
        "INSERT INTO tutorials SELECT of.* FROM one, tutorials, jsonb_populate_record(tutorials, jsonb_build_object('id', fresh)) AS of WHERE tutorials.withdrawn_on IS NULL LIMIT 1",
    ),
    ("tutorials_format", another!("tutorials", r#"{"format": "MIME"}"#, "true")),
    ("tutorials_reason", another!("tutorials", r#"{"reason": "xx", "withdrawn_on": "2022-03-01"}"#, "true")),
    (
        "tutorials_stand",
        "UPDATE tutorials SET withdrawn_on = published_on, reason = 'Se retira'; UPDATE tutorials SET reason = 'Otra vez'",
    ),
    ("tutorials_topic", another!("tutorials", r#"{"topic": "MAGIC"}"#, "true")),
    ("tutorials_withdrawn", another!("tutorials", r#"{"reason": "Se retira"}"#, "true")),
    (
        "tutorial_editions_digest",
        another!("tutorial_editions", r#"{"digest": "abc", "language": "yuc"}"#, "true"),
    ),
    ("tutorial_editions_language", another!("tutorial_editions", r#"{"language": "ES"}"#, "true")),
    ("tutorial_editions_language_key", another!("tutorial_editions", r#"{}"#, "true")),
    ("tutorial_editions_reference", another!("tutorial_editions", r#"{"reference": "xx"}"#, "true")),
    ("tutorial_editions_title", another!("tutorial_editions", r#"{"title": "xx"}"#, "true")),
    ("tutorial_sessions_attended", another!("tutorial_sessions", r#"{"attended": -1}"#, "true")),
    (
        "tutorial_sessions_while_published",
        another!("tutorial_sessions", r#"{"held_on": "2021-01-01"}"#, "true"),
    ),
];
