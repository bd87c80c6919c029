//! What holds of published tables of indicators.

use super::Breach;

/// Another table, and counts in it, as the transaction that publishes it writes them.
pub(super) const BREACHES: &[Breach] = &[
    (
        "published_counts_dimension",
        "WITH fresh AS (INSERT INTO published_tables SELECT gen_random_uuid(), programme_id, number + 1, '2022-01-02', published_at, note, verifier \
             FROM published_tables RETURNING id) \
         INSERT INTO published_counts SELECT id, 'births', 'HEIGHT', 'tall', 20 FROM fresh",
    ),
    (
        "published_counts_not_small",
        "WITH fresh AS (INSERT INTO published_tables SELECT gen_random_uuid(), programme_id, number + 1, '2022-01-02', published_at, note, verifier \
             FROM published_tables RETURNING id) \
         INSERT INTO published_counts SELECT id, 'births', 'TOTAL', '', 10 FROM fresh",
    ),
    (
        "published_counts_total",
        "WITH fresh AS (INSERT INTO published_tables SELECT gen_random_uuid(), programme_id, number + 1, '2022-01-02', published_at, note, verifier \
             FROM published_tables RETURNING id) \
         INSERT INTO published_counts SELECT id, 'births', 'SEX', '', 20 FROM fresh",
    ),
    (
        "published_counts_with_table",
        "INSERT INTO published_counts SELECT id, 'births', 'SEX', 'OTHER', 20 FROM published_tables",
    ),
    (
        "published_tables_day_key",
        "INSERT INTO published_tables SELECT gen_random_uuid(), programme_id, number + 1, as_of, published_at, note, verifier FROM published_tables",
    ),
    (
        "published_tables_in_order",
        "INSERT INTO published_tables SELECT gen_random_uuid(), programme_id, number + 2, '2022-01-02', published_at, note, verifier \
         FROM published_tables",
    ),
    (
        "published_tables_number",
        "INSERT INTO published_tables SELECT gen_random_uuid(), programme_id, 0, '2022-01-02', published_at, note, verifier FROM published_tables",
    ),
    (
        "published_tables_number_key",
        "INSERT INTO published_tables SELECT gen_random_uuid(), programme_id, number, '2022-01-02', published_at, note, verifier \
         FROM published_tables",
    ),
    (
        "published_tables_of_past",
        "INSERT INTO published_tables SELECT gen_random_uuid(), programme_id, number + 1, '2022-01-04', published_at, note, verifier \
         FROM published_tables",
    ),
];
