-- By what the journal is searched. All of it stands in the entries' parts too; these are copies to look up by, and no proof
-- rests on them.
ALTER TABLE journal_entries
    ADD COLUMN operation   text,
    -- Code of the agency that acted; none where the server itself did.
    ADD COLUMN agency      text,
    -- Key of the user that acted.
    ADD COLUMN actor       uuid,
    -- By the programme clock.
    ADD COLUMN recorded_at timestamptz,
    -- The data classes that were changed or read.
    ADD COLUMN classes     text[],
    -- Whom it tells of, opaque: whose data was changed or read.
    ADD COLUMN persons     uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX journal_entries_by_agency ON journal_entries (agency);
CREATE INDEX journal_entries_by_operation ON journal_entries (operation);
CREATE INDEX journal_entries_by_person ON journal_entries USING gin (persons) WHERE persons <> '{}';
