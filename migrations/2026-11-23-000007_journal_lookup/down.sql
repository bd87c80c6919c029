ALTER TABLE journal_entries
    DROP COLUMN operation, DROP COLUMN agency, DROP COLUMN actor, DROP COLUMN recorded_at, DROP COLUMN classes, DROP COLUMN persons;
