-- Tutorials: what agencies that advise teach by, in which languages, and where it was given.

CREATE SEQUENCE tutorial_numbers;
CREATE TABLE tutorials (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('TUT', 'tutorial_numbers'),
    agency_id    uuid NOT NULL REFERENCES agencies,
    topic        text NOT NULL,
    audience     text NOT NULL,
    format       text NOT NULL,
    published_on date NOT NULL,
    withdrawn_on date,
    -- Why it is not to be used any more; no name of anyone.
    reason       text,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT tutorials_code_key UNIQUE (programme_id, code),
    CONSTRAINT tutorials_audience CHECK (audience IN ('EVERYONE', 'FAMILIES', 'WOMEN', 'ADOLESCENTS', 'CHILDREN', 'STAFF')),
    CONSTRAINT tutorials_format CHECK (format IN ('VIDEO', 'AUDIO', 'LEAFLET', 'POSTER', 'WORKSHOP')),
    CONSTRAINT tutorials_reason CHECK (char_length(reason) BETWEEN 3 AND 500),
    CONSTRAINT tutorials_topic CHECK (topic IN ('RIGHTS', 'PROCEDURES', 'HEALTH', 'EMPLOYMENT', 'EDUCATION', 'HOUSING', 'LANGUAGE', 'COEXISTENCE')),
    CONSTRAINT tutorials_withdrawn CHECK ((withdrawn_on IS NULL) = (reason IS NULL) AND (withdrawn_on IS NULL OR withdrawn_on >= published_on))
);
CREATE INDEX tutorials_by_id ON tutorials (programme_id, id);

-- One of each language.
CREATE TABLE tutorial_editions (
    id          uuid PRIMARY KEY,
    tutorial_id uuid NOT NULL REFERENCES tutorials,
    language    text NOT NULL,
    title       text NOT NULL,
    -- What is given, by reference: which document, and where it is kept; and its SHA-256 where it is a file.
    reference   text NOT NULL,
    digest      text,
    recorded_at timestamptz NOT NULL,
    user_id     uuid REFERENCES users,
    CONSTRAINT tutorial_editions_language_key UNIQUE (tutorial_id, language),
    CONSTRAINT tutorial_editions_digest CHECK (digest ~ '^[0-9a-f]{64}$'),
    CONSTRAINT tutorial_editions_language CHECK (language ~ '^[a-z]{2,3}$'),
    CONSTRAINT tutorial_editions_reference CHECK (char_length(reference) BETWEEN 3 AND 200),
    CONSTRAINT tutorial_editions_title CHECK (char_length(title) BETWEEN 3 AND 200)
);
CREATE TRIGGER tutorial_editions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tutorial_editions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- That one was given in a shelter: how many came, and never who.
CREATE TABLE tutorial_sessions (
    id          uuid PRIMARY KEY,
    tutorial_id uuid NOT NULL,
    language    text NOT NULL,
    shelter_id  uuid NOT NULL REFERENCES shelters,
    held_on     date NOT NULL,
    attended    integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    user_id     uuid REFERENCES users,
    CONSTRAINT tutorial_sessions_edition_fkey FOREIGN KEY (tutorial_id, language) REFERENCES tutorial_editions (tutorial_id, language),
    CONSTRAINT tutorial_sessions_attended CHECK (attended BETWEEN 0 AND 5000)
);
CREATE INDEX tutorial_sessions_of ON tutorial_sessions (tutorial_id, id);
CREATE TRIGGER tutorial_sessions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tutorial_sessions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What is withdrawn stays so.
CREATE FUNCTION keep_tutorial() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_on IS NOT NULL THEN
        RAISE EXCEPTION 'what is withdrawn stays so' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tutorials_stand';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER tutorials_stand BEFORE UPDATE ON tutorials FOR EACH ROW EXECUTE FUNCTION keep_tutorial();

-- A tutorial is given between its publication and its withdrawal. It is held, so that it is not withdrawn meanwhile.
CREATE FUNCTION check_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM tutorials WHERE id = NEW.tutorial_id AND NEW.held_on >= published_on AND NEW.held_on <= coalesce(withdrawn_on, NEW.held_on)
        FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a tutorial is given while it is published'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tutorial_sessions_while_published';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER tutorial_sessions_while_published BEFORE INSERT ON tutorial_sessions FOR EACH ROW EXECUTE FUNCTION check_session();

GRANT SELECT, INSERT (id, programme_id, agency_id, topic, audience, format, published_on, recorded_at, user_id), UPDATE (withdrawn_on, reason)
    ON tutorials TO enlace_app;
GRANT SELECT, INSERT ON tutorial_editions, tutorial_sessions TO enlace_app;
GRANT USAGE ON SEQUENCE tutorial_numbers TO enlace_app;
