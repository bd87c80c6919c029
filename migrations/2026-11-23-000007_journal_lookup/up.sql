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
    ADD COLUMN classes     text[];
CREATE INDEX journal_entries_by_agency ON journal_entries (agency);
CREATE INDEX journal_entries_by_operation ON journal_entries (operation);

-- Whom an entry tells of, opaque: whose data was changed or read.
CREATE TABLE journal_subjects (
    entry_id  uuid NOT NULL REFERENCES journal_entries,
    person_id uuid NOT NULL,
    PRIMARY KEY (entry_id, person_id)
);
CREATE INDEX journal_subjects_by_person ON journal_subjects (person_id);
CREATE TRIGGER journal_subjects_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_subjects FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON journal_subjects TO enlace_app;
