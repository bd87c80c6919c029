//! What holds of works on centres, and of their return.

use super::Breach;

/// A return of a loan is drawn up: of a centre in which no shelter is, with one thing handed over.
macro_rules! drawn_up {
    () => {
        "INSERT INTO centres SELECT of.* FROM one, centres, jsonb_populate_record(centres, jsonb_build_object('id', fresh, 'code', 'CC-99')) AS of \
             WHERE centres.lender_id IS NOT NULL LIMIT 1; \
         INSERT INTO centre_loans (id, programme_id, centre_id, lender_id, starts_on, ends_on, conditions, recorded_at) \
             SELECT fresh, programme_id, fresh, lender_id, '2022-01-01', '2022-06-30', 'Una', '2022-01-01' FROM one JOIN centres ON centres.id = fresh; \
         INSERT INTO centre_loan_lines SELECT fresh, fresh, 1, 'Sillas', 10, 'GOOD' FROM one; \
         INSERT INTO centre_returns (id, loan_id, drawn_up_on, recorded_at) SELECT fresh, fresh, '2022-01-31', '2022-01-31' FROM one; "
    };
}

/// Both sign it.
macro_rules! signed {
    () => {
        "UPDATE centre_returns SET programme_signed_at = '2022-01-31', lender_signed_at = '2022-01-31', returned_on = '2022-01-31'"
    };
}

pub(super) const BREACHES: &[Breach] = &[
    ("centre_loans_returned", "UPDATE centre_loans SET returned_on = starts_on - 1"),
    (
        "centre_return_lines_condition",
        "WITH act AS (INSERT INTO centre_returns (id, loan_id, drawn_up_on, recorded_at) \
             SELECT gen_random_uuid(), id, starts_on, recorded_at FROM centre_loans RETURNING id, loan_id) \
         INSERT INTO centre_return_lines SELECT gen_random_uuid(), act.id, act.loan_id, line.id, 1, 'NEW' \
         FROM act JOIN centre_loan_lines AS line ON line.loan_id = act.loan_id",
    ),
    (
        "centre_return_lines_line_key",
        "WITH act AS (INSERT INTO centre_returns (id, loan_id, drawn_up_on, recorded_at) \
             SELECT gen_random_uuid(), id, starts_on, recorded_at FROM centre_loans RETURNING id, loan_id) \
         INSERT INTO centre_return_lines SELECT gen_random_uuid(), act.id, act.loan_id, line.id, 1, 'GOOD' \
         FROM act JOIN centre_loan_lines AS line ON line.loan_id = act.loan_id, generate_series(1, 2)",
    ),
    (
        "centre_return_lines_note",
        "WITH act AS (INSERT INTO centre_returns (id, loan_id, drawn_up_on, recorded_at) \
             SELECT gen_random_uuid(), id, starts_on, recorded_at FROM centre_loans RETURNING id, loan_id) \
         INSERT INTO centre_return_lines SELECT gen_random_uuid(), act.id, act.loan_id, line.id, 1, 'GOOD', 'xx' \
         FROM act JOIN centre_loan_lines AS line ON line.loan_id = act.loan_id",
    ),
    (
        "centre_return_lines_quantity",
        "WITH act AS (INSERT INTO centre_returns (id, loan_id, drawn_up_on, recorded_at) \
             SELECT gen_random_uuid(), id, starts_on, recorded_at FROM centre_loans RETURNING id, loan_id) \
         INSERT INTO centre_return_lines SELECT gen_random_uuid(), act.id, act.loan_id, line.id, -1, 'GOOD' \
         FROM act JOIN centre_loan_lines AS line ON line.loan_id = act.loan_id",
    ),
    ("centre_returns_complete", concat!(drawn_up!(), signed!())),
    (
        "centre_returns_empty",
        concat!(
            drawn_up!(),
            "INSERT INTO shelters (id, programme_id, centre_id, code, name, opened_on) \
                 SELECT fresh, programme_id, fresh, 'ALB-99', 'Albergue Nuevo', '2022-01-31' FROM one JOIN centres ON centres.id = fresh; ",
            signed!()
        ),
    ),
    (
        "centre_returns_note",
        "INSERT INTO centre_returns (id, loan_id, drawn_up_on, note, recorded_at) \
         SELECT gen_random_uuid(), id, starts_on, 'xx', recorded_at FROM centre_loans",
    ),
    (
        "centre_returns_one_of_loan",
        "INSERT INTO centre_returns (id, loan_id, drawn_up_on, recorded_at) \
         SELECT gen_random_uuid(), id, starts_on, recorded_at FROM centre_loans, generate_series(1, 2)",
    ),
    (
        "centre_returns_returned",
        "INSERT INTO centre_returns (id, loan_id, drawn_up_on, returned_on, recorded_at) \
         SELECT gen_random_uuid(), id, starts_on, starts_on, recorded_at FROM centre_loans",
    ),
    (
        "centre_returns_stand",
        concat!(
            drawn_up!(),
            "UPDATE centre_returns SET withdrawn_at = '2022-01-31'; UPDATE centre_returns SET withdrawn_at = '2022-02-01'"
        ),
    ),
    (
        "centre_returns_two_hands",
        "INSERT INTO centre_returns (id, loan_id, drawn_up_on, programme_signed_by, lender_signed_by, recorded_at) \
         SELECT gen_random_uuid(), id, starts_on, someone, someone, recorded_at FROM centre_loans, one LIMIT 1",
    ),
    (
        "centre_returns_withdrawn",
        "INSERT INTO centre_returns (id, loan_id, drawn_up_on, programme_signed_at, lender_signed_at, returned_on, withdrawn_at, recorded_at) \
         SELECT gen_random_uuid(), id, starts_on, recorded_at, recorded_at, starts_on, recorded_at, recorded_at FROM centre_loans LIMIT 1",
    ),
    (
        "centre_returns_works_done",
        concat!(
            drawn_up!(),
            "INSERT INTO centre_works (id, programme_id, centre_id, title, estimate, currency, planned_on, recorded_at) \
                 SELECT gen_random_uuid(), programme_id, centre_id, 'Limpieza', 1, 'MXN', starts_on, recorded_at FROM centre_loans; ",
            signed!()
        ),
    ),
    (
        "centre_works_code_key",
        "INSERT INTO centre_works (id, programme_id, code, centre_id, title, estimate, currency, planned_on, recorded_at) \
         SELECT gen_random_uuid(), programme_id, code, centre_id, title, 1, currency, planned_on, recorded_at FROM centre_works LIMIT 1",
    ),
    (
        "centre_works_cost",
        "UPDATE centre_works SET state = 'DONE', done_on = begun_on, cost = -1 WHERE state = 'BEGUN'",
    ),
    (
        "centre_works_currency",
        "INSERT INTO centre_works (id, programme_id, centre_id, title, estimate, currency, planned_on, recorded_at) \
         SELECT gen_random_uuid(), programme_id, centre_id, title, 1, 'pesos', planned_on, recorded_at FROM centre_works LIMIT 1",
    ),
    (
        "centre_works_estimate",
        "INSERT INTO centre_works (id, programme_id, centre_id, title, estimate, currency, planned_on, recorded_at) \
         SELECT gen_random_uuid(), programme_id, centre_id, title, 0, currency, planned_on, recorded_at FROM centre_works LIMIT 1",
    ),
    (
        "centre_works_forward",
        "UPDATE centre_works SET state = 'PLANNED', begun_on = NULL WHERE state = 'BEGUN'",
    ),
    (
        "centre_works_in_order",
        "UPDATE centre_works SET state = 'DONE', done_on = begun_on - 1, cost = 1 WHERE state = 'BEGUN'",
    ),
    (
        "centre_works_reason",
        "UPDATE centre_works SET state = 'CANCELLED', reason = 'xx' WHERE state = 'BEGUN'",
    ),
    (
        "centre_works_state",
        "UPDATE centre_works SET state = 'DONE', done_on = begun_on WHERE state = 'BEGUN'",
    ),
    (
        "centre_works_title",
        "INSERT INTO centre_works (id, programme_id, centre_id, title, estimate, currency, planned_on, recorded_at) \
         SELECT gen_random_uuid(), programme_id, centre_id, 'xx', 1, currency, planned_on, recorded_at FROM centre_works LIMIT 1",
    ),
    (
        "centres_not_returned",
        "UPDATE centre_loans SET returned_on = starts_on; \
         INSERT INTO centre_works (id, programme_id, centre_id, title, estimate, currency, planned_on, recorded_at) \
             SELECT gen_random_uuid(), programme_id, centre_id, 'Limpieza', 1, 'MXN', starts_on, recorded_at FROM centre_loans",
    ),
];
