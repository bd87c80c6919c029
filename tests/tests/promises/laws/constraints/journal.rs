//! What holds of the journal, and of what is kept beside it for a while.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "expiry_told_once",
        "INSERT INTO expiry_told SELECT id, '2022-02-01' FROM programmes; UPDATE expiry_told SET told_on = '2022-02-01'",
    ),
    (
        "idempotency_keys_form",
        "INSERT INTO idempotency_keys SELECT someone, 'short', 'b', '', now() FROM one",
    ),
    ("journal_entries_append_only", "DELETE FROM journal_entries"),
    (
        "journal_entries_erased_whole",
        "INSERT INTO journal_entries (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents) \
         SELECT gen_random_uuid(), gen_random_uuid(), 'leaf', '{PUBLIC}', '{NULL}', '{NULL}', '{content}'",
    ),
    (
        "journal_entries_parts",
        "INSERT INTO journal_entries (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents) \
         SELECT gen_random_uuid(), gen_random_uuid(), 'leaf', '{PUBLIC}', '{NULL}', '{}', '{}'",
    ),
    (
        "journal_entries_subjects_found",
        "INSERT INTO journal_entries (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents) \
         SELECT gen_random_uuid(), gen_random_uuid(), 'leaf', '{IDENTITY}', ARRAY[someone], '{salt}', '{content}' FROM one",
    ),
    ("journal_index_entry_key", "INSERT INTO journal_index SELECT 1, entry FROM one"),
    ("journal_index_not_negative", "INSERT INTO journal_index SELECT -1, gen_random_uuid()"),
    (
        "upload_pieces_in_order",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT one.lot, programmes.id, someone, 'a key of it', 9, '2022-02-01' FROM one, programmes LIMIT 1; \
         INSERT INTO upload_pieces SELECT id, 1, 'x' FROM uploads",
    ),
    (
        "upload_pieces_not_empty",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT one.lot, programmes.id, someone, 'a key of it', 9, '2022-02-01' FROM one, programmes LIMIT 1; \
         INSERT INTO upload_pieces SELECT id, 0, '' FROM uploads",
    ),
    (
        "uploads_key_key",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT gen_random_uuid(), programmes.id, someone, 'a key of it', 9, '2022-02-01' FROM one, programmes, generate_series(1, 2)",
    ),
    (
        "uploads_key_length",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT gen_random_uuid(), programmes.id, someone, 'a key', 9, '2022-02-01' FROM one, programmes",
    ),
    (
        "uploads_length_positive",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT gen_random_uuid(), programmes.id, someone, 'a key of it', 0, '2022-02-01' FROM one, programmes",
    ),
    (
        "uploads_of_user",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT gen_random_uuid(), programmes.id, someone, 'a key of it ' || n, 9, '2022-02-01' FROM one, programmes, generate_series(1, 9) AS n",
    ),
    (
        "uploads_within_length",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT one.lot, programmes.id, someone, 'a key of it', 9, '2022-02-01' FROM one, programmes LIMIT 1; \
         INSERT INTO upload_pieces SELECT id, 0, 'ten letters' FROM uploads",
    ),
];
