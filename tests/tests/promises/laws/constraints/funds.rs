//! What holds of money.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "budget_lines_code_key",
        "INSERT INTO budget_lines (id, source_id, code, purpose, title, planned, recorded_at) \
         SELECT gen_random_uuid(), source_id, code, purpose, title, 1, recorded_at FROM budget_lines LIMIT 1",
    ),
    ("budget_lines_committed_within_planned", "UPDATE commitments SET committed = committed + 100000000"),
    (
        "budget_lines_planned",
        "INSERT INTO budget_lines (id, source_id, purpose, title, planned, recorded_at) \
         SELECT gen_random_uuid(), source_id, purpose, title, 0, recorded_at FROM budget_lines LIMIT 1",
    ),
    (
        "budget_lines_purpose",
        "INSERT INTO budget_lines (id, source_id, purpose, title, planned, recorded_at) \
         SELECT gen_random_uuid(), source_id, 'GIFTS', title, 1, recorded_at FROM budget_lines LIMIT 1",
    ),
    (
        "budget_lines_title",
        "INSERT INTO budget_lines (id, source_id, purpose, title, planned, recorded_at) \
         SELECT gen_random_uuid(), source_id, purpose, 'xx', 1, recorded_at FROM budget_lines LIMIT 1",
    ),
    (
        "commitments_code_key",
        "INSERT INTO commitments (id, line_id, code, title, committed, committed_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), line_id, code, title, 0, committed_on, evidence, recorded_at FROM commitments LIMIT 1",
    ),
    (
        "commitments_committed",
        "INSERT INTO commitments (id, line_id, title, committed, committed_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), line_id, title, -1, committed_on, evidence, recorded_at FROM commitments LIMIT 1",
    ),
    (
        "commitments_evidence",
        "INSERT INTO commitments (id, line_id, title, committed, committed_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), line_id, title, 0, committed_on, 'xx', recorded_at FROM commitments LIMIT 1",
    ),
    (
        "commitments_spent_within_committed",
        "INSERT INTO expenses (id, commitment_id, amount, spent_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), id, committed + 1, committed_on, evidence, recorded_at FROM commitments LIMIT 1",
    ),
    (
        "commitments_title",
        "INSERT INTO commitments (id, line_id, title, committed, committed_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), line_id, 'xx', 0, committed_on, evidence, recorded_at FROM commitments LIMIT 1",
    ),
    (
        "expenses_amount",
        "INSERT INTO expenses (id, commitment_id, amount, spent_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), commitment_id, 0, spent_on, evidence, recorded_at FROM expenses LIMIT 1",
    ),
    (
        "expenses_code_key",
        "INSERT INTO expenses (id, commitment_id, code, amount, spent_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), commitment_id, code, 1, spent_on, evidence, recorded_at FROM expenses LIMIT 1",
    ),
    (
        "expenses_evidence",
        "INSERT INTO expenses (id, commitment_id, amount, spent_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), commitment_id, 1, spent_on, 'xx', recorded_at FROM expenses LIMIT 1",
    ),
    (
        "expenses_reversal_stands",
        "WITH back AS (INSERT INTO expenses (id, commitment_id, amount, spent_on, evidence, reverses_id, recorded_at) \
             SELECT gen_random_uuid(), commitment_id, amount, spent_on, evidence, id, recorded_at FROM expenses LIMIT 1 RETURNING *) \
         INSERT INTO expenses (id, commitment_id, amount, spent_on, evidence, reverses_id, recorded_at) \
             SELECT gen_random_uuid(), commitment_id, amount, spent_on, evidence, id, recorded_at FROM back",
    ),
    (
        "expenses_reversed_once",
        "INSERT INTO expenses (id, commitment_id, amount, spent_on, evidence, reverses_id, recorded_at) \
         SELECT gen_random_uuid(), commitment_id, amount, spent_on, evidence, id, recorded_at \
         FROM (SELECT * FROM expenses LIMIT 1) AS spent, generate_series(1, 2)",
    ),
    (
        "funding_sources_code_key",
        "INSERT INTO funding_sources (id, programme_id, code, name, granted, currency, granted_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), programme_id, code, name, 1, currency, granted_on, evidence, recorded_at FROM funding_sources",
    ),
    (
        "funding_sources_currency",
        "INSERT INTO funding_sources (id, programme_id, name, granted, currency, granted_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), programme_id, name, 1, 'pesos', granted_on, evidence, recorded_at FROM funding_sources",
    ),
    (
        "funding_sources_evidence",
        "INSERT INTO funding_sources (id, programme_id, name, granted, currency, granted_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), programme_id, name, 1, currency, granted_on, 'xx', recorded_at FROM funding_sources",
    ),
    (
        "funding_sources_granted",
        "INSERT INTO funding_sources (id, programme_id, name, granted, currency, granted_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), programme_id, name, 0, currency, granted_on, evidence, recorded_at FROM funding_sources",
    ),
    (
        "funding_sources_name",
        "INSERT INTO funding_sources (id, programme_id, name, granted, currency, granted_on, evidence, recorded_at) \
         SELECT gen_random_uuid(), programme_id, 'xx', 1, currency, granted_on, evidence, recorded_at FROM funding_sources",
    ),
    (
        "funding_sources_planned_within_granted",
        "INSERT INTO budget_lines (id, source_id, purpose, title, planned, recorded_at) \
         SELECT gen_random_uuid(), id, 'FOOD', name, granted, recorded_at FROM funding_sources",
    ),
];
