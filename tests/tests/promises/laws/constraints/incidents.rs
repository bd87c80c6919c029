//! What holds of incidents, and of what is added to them.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "incident_follow_ups_text",
        "INSERT INTO incident_follow_ups (id, incident_id, agency_id, text, recorded_at) \
         SELECT gen_random_uuid(), id, agency_id, 'xx', recorded_at FROM incidents WHERE closed_at IS NULL",
    ),
    (
        "incident_people_once",
        "INSERT INTO incident_people (id, incident_id, person_id, recorded_at, record) \
         SELECT gen_random_uuid(), incident_id, person_id, recorded_at, record FROM incident_people",
    ),
    (
        "incidents_account",
        "INSERT INTO incidents (id, programme_id, shelter_id, agency_id, happened_at, kind, severity, account, recorded_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, agency_id, happened_at, kind, severity, 'xx', recorded_at FROM incidents",
    ),
    ("incidents_closed", "UPDATE incidents SET closed_at = recorded_at WHERE closed_at IS NULL"),
    ("incidents_closed_once", "UPDATE incidents SET outcome = 'UNFOUNDED' WHERE closed_at IS NOT NULL"),
    (
        "incidents_closed_take_nothing",
        "INSERT INTO incident_follow_ups (id, incident_id, agency_id, text, recorded_at) \
         SELECT gen_random_uuid(), id, agency_id, 'Algo más', closed_at FROM incidents WHERE closed_at IS NOT NULL",
    ),
    (
        "incidents_code_key",
        "INSERT INTO incidents (id, programme_id, code, shelter_id, agency_id, happened_at, kind, severity, account, recorded_at) \
         SELECT gen_random_uuid(), programme_id, code, shelter_id, agency_id, happened_at, kind, severity, account, recorded_at FROM incidents",
    ),
    (
        "incidents_in_order",
        "INSERT INTO incidents (id, programme_id, shelter_id, agency_id, happened_at, kind, severity, account, recorded_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, agency_id, recorded_at, kind, severity, account, happened_at FROM incidents",
    ),
    (
        "incidents_kind",
        "INSERT INTO incidents (id, programme_id, shelter_id, agency_id, happened_at, kind, severity, account, recorded_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, agency_id, happened_at, 'GOSSIP', severity, account, recorded_at FROM incidents",
    ),
    (
        "incidents_outcome",
        "UPDATE incidents SET closed_at = recorded_at, outcome = 'FORGOTTEN' WHERE closed_at IS NULL",
    ),
    (
        "incidents_severity",
        "INSERT INTO incidents (id, programme_id, shelter_id, agency_id, happened_at, kind, severity, account, recorded_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, agency_id, happened_at, kind, 'TERRIBLE', account, recorded_at FROM incidents",
    ),
    ("incidents_stay", "UPDATE incidents SET account = 'No pasó nada' WHERE closed_at IS NULL"),
];
