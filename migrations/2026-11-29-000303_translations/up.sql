-- Translations: documents and notices that agencies ask those that advise to translate.

CREATE SEQUENCE translation_numbers;
CREATE TABLE translations (
    id              uuid PRIMARY KEY,
    programme_id    uuid NOT NULL REFERENCES programmes,
    code            text NOT NULL DEFAULT next_code('TRD', 'translation_numbers'),
    -- The agency that translates, and the one that asks for it.
    agency_id       uuid NOT NULL REFERENCES agencies,
    asker_id        uuid NOT NULL REFERENCES agencies,
    -- No name of anyone, as in every text below.
    title           text NOT NULL,
    -- What is translated and what came of it, by reference: which document, and where it is kept.
    source          text NOT NULL,
    source_language text NOT NULL,
    target_language text NOT NULL,
    asked_on        date NOT NULL,
    needed_by       date NOT NULL,
    -- Whether people are to read it, so that another has to see it first.
    to_publish      boolean NOT NULL,
    state           text NOT NULL DEFAULT 'ASKED',
    delivery        text,
    digest          text,
    delivered_at    timestamptz,
    delivered_by    uuid REFERENCES users,
    reviewed_at     timestamptz,
    reviewed_by     uuid REFERENCES users,
    -- What was said last: by the reviewer, or why it is not translated.
    note            text,
    recorded_at     timestamptz NOT NULL,
    user_id         uuid REFERENCES users,
    version         integer NOT NULL DEFAULT 1,
    CONSTRAINT translations_code_key UNIQUE (programme_id, code),
    CONSTRAINT translations_delivery CHECK (char_length(delivery) BETWEEN 3 AND 200),
    CONSTRAINT translations_digest CHECK (digest IS NULL OR digest ~ '^[0-9a-f]{64}$' AND delivery IS NOT NULL),
    CONSTRAINT translations_in_order CHECK (delivered_at >= recorded_at AND reviewed_at >= recorded_at),
    CONSTRAINT translations_languages CHECK (
        source_language ~ '^[a-z]{2,3}$' AND target_language ~ '^[a-z]{2,3}$' AND source_language <> target_language),
    CONSTRAINT translations_needed CHECK (needed_by >= asked_on),
    CONSTRAINT translations_note CHECK (char_length(note) BETWEEN 3 AND 500),
    CONSTRAINT translations_source CHECK (char_length(source) BETWEEN 3 AND 200),
    CONSTRAINT translations_state CHECK (CASE state
        WHEN 'ASKED' THEN num_nonnulls(delivery, digest, delivered_at, reviewed_at, note) = 0
        WHEN 'DELIVERED' THEN num_nonnulls(delivery, delivered_at) = 2
        WHEN 'RETURNED' THEN to_publish AND num_nonnulls(delivery, delivered_at, reviewed_at, note) = 4
        WHEN 'PUBLISHED' THEN to_publish AND num_nonnulls(delivery, delivered_at, reviewed_at) = 3
        WHEN 'DECLINED' THEN note IS NOT NULL
        WHEN 'WITHDRAWN' THEN note IS NOT NULL
        ELSE false END),
    CONSTRAINT translations_title CHECK (char_length(title) BETWEEN 3 AND 200),
    CONSTRAINT translations_two_hands CHECK (state NOT IN ('RETURNED', 'PUBLISHED') OR reviewed_by <> delivered_by)
);
CREATE INDEX translations_by_id ON translations (programme_id, id);

CREATE FUNCTION keep_translation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
        ('ASKED', 'DELIVERED'), ('ASKED', 'DECLINED'), ('ASKED', 'WITHDRAWN'), ('DELIVERED', 'RETURNED'), ('DELIVERED', 'PUBLISHED'),
        ('RETURNED', 'DELIVERED'), ('RETURNED', 'DECLINED'), ('RETURNED', 'WITHDRAWN'))
    THEN
        RAISE EXCEPTION 'translations go forward' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'translations_forward';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER translations_forward BEFORE UPDATE ON translations FOR EACH ROW EXECUTE FUNCTION keep_translation();

-- Those translate that advise: what is asked of another would never be delivered.
CREATE FUNCTION check_translator() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM agencies WHERE id = NEW.agency_id AND may_hold('adviser', code)) THEN
        RAISE EXCEPTION 'those translate that advise' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'translations_translator';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER translations_translator BEFORE INSERT ON translations FOR EACH ROW EXECUTE FUNCTION check_translator();

GRANT SELECT, INSERT (id, programme_id, agency_id, asker_id, title, source, source_language, target_language, asked_on, needed_by, to_publish,
    recorded_at, user_id), UPDATE (state, delivery, digest, delivered_at, delivered_by, reviewed_at, reviewed_by, note) ON translations TO enlace_app;
GRANT USAGE ON SEQUENCE translation_numbers TO enlace_app;
