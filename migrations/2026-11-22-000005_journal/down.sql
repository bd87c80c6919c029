DROP TABLE idempotency_keys, journal_index, journal_queue, journal_parts, journal_entries;
DROP FUNCTION refuse_part_change();
