//! What holds of inspections, and of the work that corrects what they found.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "inspection_findings_finding",
        "\
         INSERT INTO inspection_findings (id, inspection_id, finding, severity, due_on) \
         SELECT gen_random_uuid(), inspection_id, 'xx', severity, due_on FROM inspection_findings",
    ),
    (
        "inspection_findings_forward",
        "UPDATE inspection_findings SET state = 'OPEN', worker_id = NULL, begun_at = NULL WHERE state = 'BEGUN'",
    ),
    (
        "inspection_findings_in_order",
        "UPDATE inspection_findings SET state = 'DONE', done_at = begun_at - interval '1 hour' WHERE state = 'BEGUN'",
    ),
    (
        "inspection_findings_note",
        "UPDATE inspection_findings SET state = 'DONE', done_at = begun_at, note = 'xx' WHERE state = 'BEGUN'",
    ),
    (
        "inspection_findings_of_outcome",
        "INSERT INTO inspection_findings (id, inspection_id, finding, severity, due_on) \
         SELECT gen_random_uuid(), id, 'Una gotera', 'LOW', inspected_on FROM inspections WHERE outcome = 'PASSED'",
    ),
    (
        "inspection_findings_severity",
        "INSERT INTO inspection_findings (id, inspection_id, finding, severity, due_on) \
         SELECT gen_random_uuid(), inspection_id, finding, 'TERRIBLE', due_on FROM inspection_findings",
    ),
    ("inspection_findings_state", "UPDATE inspection_findings SET state = 'DONE' WHERE state = 'BEGUN'"),
    (
        "inspection_findings_verified_by_another",
        "UPDATE inspection_findings SET state = 'DONE', done_at = begun_at, done_by = someone FROM one WHERE state = 'BEGUN'; \
         UPDATE inspection_findings SET state = 'VERIFIED', verified_at = done_at, verified_by = someone FROM one WHERE state = 'DONE'",
    ),
    (
        "inspections_code_key",
        "INSERT INTO inspections (id, programme_id, code, agency_id, centre_id, inspected_on, outcome, recorded_at) \
         SELECT gen_random_uuid(), programme_id, code, agency_id, centre_id, inspected_on, outcome, recorded_at FROM inspections",
    ),
    (
        "inspections_note",
        "INSERT INTO inspections (id, programme_id, agency_id, centre_id, inspected_on, outcome, note, recorded_at) \
         SELECT gen_random_uuid(), programme_id, agency_id, centre_id, inspected_on, outcome, 'xx', recorded_at FROM inspections",
    ),
    (
        "inspections_outcome",
        "INSERT INTO inspections (id, programme_id, agency_id, centre_id, inspected_on, outcome, recorded_at) \
         SELECT gen_random_uuid(), programme_id, agency_id, centre_id, inspected_on, 'SO_SO', recorded_at FROM inspections",
    ),
];
