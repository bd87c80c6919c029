-- In what state a shelter was found. Nothing of it is changed: what is found later is another check.
CREATE TABLE facility_checks (
    id             uuid PRIMARY KEY,
    shelter_id     uuid NOT NULL REFERENCES shelters,
    checked_at     timestamptz NOT NULL,
    clean          boolean NOT NULL,
    sanitised      boolean NOT NULL,
    toilets_usable boolean NOT NULL,
    hot_showers    boolean NOT NULL,
    -- What else is to be said; no name of anyone.
    note           text,
    user_id        uuid REFERENCES users,
    CONSTRAINT facility_checks_note CHECK (char_length(note) BETWEEN 3 AND 500)
);
CREATE INDEX facility_checks_newest ON facility_checks (shelter_id, checked_at DESC, id DESC);

GRANT SELECT, INSERT ON facility_checks TO enlace_app;
