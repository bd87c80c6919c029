//! What holds of agencies, their accounts and grants, and of shelters.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    ("agencies_code_form", "UPDATE agencies SET code = 'lower' FROM one WHERE id = agency"),
    ("agencies_code_key", "UPDATE agencies SET code = 'SAME'"),
    ("agencies_kind", "UPDATE agencies SET kind = 'COMPANY' FROM one WHERE id = agency"),
    (
        "agreements_never_prolonged",
        "INSERT INTO agreements SELECT gen_random_uuid(), agency, '2022-01-01', '2022-02-01' FROM one; \
         UPDATE agreements SET valid_until = NULL",
    ),
    (
        "agreements_no_overlap",
        "INSERT INTO agreements SELECT gen_random_uuid(), agency, '2022-01-01' FROM one, generate_series(1, 2)",
    ),
    (
        "agreements_period",
        "INSERT INTO agreements SELECT gen_random_uuid(), agency, '2022-01-02', '2022-01-01' FROM one",
    ),
    ("authority_version_only_row_check", "INSERT INTO authority_version VALUES (false, 1)"),
    ("centres_code_key", "UPDATE centres SET code = 'SAME'"),
    (
        "grant_shelters_role",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01', '2022-02-01' FROM one; \
         INSERT INTO grant_shelters SELECT grants.id, shelters.id FROM grants, shelters",
    ),
    (
        "grants_expire",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01' FROM one",
    ),
    (
        "grants_never_prolonged",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01', '2022-02-01' FROM one; \
         UPDATE grants SET valid_until = '2022-03-01'",
    ),
    (
        "grants_no_overlap",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01', '2022-02-01' \
         FROM one, generate_series(1, 2)",
    ),
    (
        "grants_period",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-02', '2022-01-01' FROM one",
    ),
    (
        "grants_reads_as",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'integrator', NULL, '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_reads_as_of_agency",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'integrator', 'clinician', '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_role",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'superuser', NULL, '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_role_of_agency",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'clinician', NULL, '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_roles_compatible",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, role, NULL, '2022-01-01', '2022-02-01' \
         FROM one, unnest(ARRAY['donor', 'employer']) AS role",
    ),
    ("incompatible_roles_order", "INSERT INTO incompatible_roles VALUES ('kitchen', 'clinician')"),
    (
        "programmes_code_key",
        "INSERT INTO programmes SELECT gen_random_uuid(), code, name, time_zone, starts_on FROM programmes",
    ),
    ("programmes_period", "UPDATE programmes SET ends_on = starts_on - 1"),
    ("role_agencies_pattern", "UPDATE role_agencies SET pattern = 'lower'"),
    ("shelters_code_key", "UPDATE shelters SET code = 'SAME'"),
    (
        "shelters_period",
        "UPDATE stays SET ended_at = '2022-01-31T20:00Z' WHERE ended_at IS NULL; UPDATE spaces SET occupied = 0 WHERE beds = 0; \
         UPDATE shelters SET closed_on = opened_on - 1 WHERE code = 'ALB-01'",
    ),
    (
        "spaces_capacity_not_negative",
        "UPDATE spaces SET occupied = 0, capacity = -1 FROM one WHERE id = space",
    ),
    ("spaces_code_key", "UPDATE spaces SET code = 'SAME'"),
    ("spaces_occupied_not_negative", "UPDATE spaces SET occupied = -1 FROM one WHERE id = space"),
    (
        "spaces_occupied_within_capacity",
        "UPDATE spaces SET occupied = capacity + 1 FROM one WHERE id = space",
    ),
    ("spaces_segment", "UPDATE spaces SET segment = 'EVERYBODY'"),
    ("users_subject_form", "UPDATE users SET subject = '' FROM one WHERE id = someone"),
    (
        "users_subject_key",
        "INSERT INTO users SELECT gen_random_uuid(), agency_id, subject FROM users LIMIT 1",
    ),
];
