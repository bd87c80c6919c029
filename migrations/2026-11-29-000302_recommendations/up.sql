-- Recommendations: what an agency that advises recommends to another, what that one answers and does, and whether it was followed.

CREATE SEQUENCE recommendation_numbers;
CREATE TABLE recommendations (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('REC', 'recommendation_numbers'),
    -- The agency that makes it, and the one to which it is made.
    agency_id    uuid NOT NULL REFERENCES agencies,
    addressee_id uuid NOT NULL REFERENCES agencies,
    shelter_id   uuid REFERENCES shelters,
    -- No name of anyone, as in every text below.
    title        text NOT NULL,
    body         text NOT NULL,
    made_on      date NOT NULL,
    due_on       date NOT NULL,
    answer       text,
    answer_note  text,
    answered_at  timestamptz,
    answered_by  uuid REFERENCES users,
    -- When the addressee last said what it has done.
    reported_at  timestamptz,
    verdict      text,
    verdict_note text,
    verified_at  timestamptz,
    verified_by  uuid REFERENCES users,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT recommendations_code_key UNIQUE (programme_id, code),
    CONSTRAINT recommendations_answer CHECK (answer IN ('ACCEPTED', 'PARTLY_ACCEPTED', 'NOT_ACCEPTED')),
    CONSTRAINT recommendations_answer_note CHECK (char_length(answer_note) BETWEEN 3 AND 2000),
    CONSTRAINT recommendations_answered CHECK (num_nonnulls(answer, answer_note, answered_at) IN (0, 3)),
    CONSTRAINT recommendations_body CHECK (char_length(body) BETWEEN 3 AND 5000),
    CONSTRAINT recommendations_due CHECK (due_on >= made_on),
    CONSTRAINT recommendations_elsewhere CHECK (agency_id <> addressee_id),
    CONSTRAINT recommendations_in_order CHECK (answered_at >= recorded_at AND reported_at >= answered_at AND verified_at >= answered_at),
    -- What is not accepted is not reported on; it is verified all the same.
    CONSTRAINT recommendations_reported CHECK (reported_at IS NULL OR coalesce(answer <> 'NOT_ACCEPTED', false)),
    CONSTRAINT recommendations_title CHECK (char_length(title) BETWEEN 3 AND 200),
    CONSTRAINT recommendations_two_hands CHECK (verified_by <> answered_by),
    CONSTRAINT recommendations_verdict CHECK (verdict IN ('FOLLOWED', 'PARTLY_FOLLOWED', 'NOT_FOLLOWED')),
    CONSTRAINT recommendations_verdict_note CHECK (char_length(verdict_note) BETWEEN 3 AND 2000),
    CONSTRAINT recommendations_verified CHECK (num_nonnulls(verdict, verified_at) IN (0, 2) AND (verified_at IS NULL OR answered_at IS NOT NULL)
        AND (verdict_note IS NULL OR verdict IS NOT NULL))
);
CREATE INDEX recommendations_by_id ON recommendations (programme_id, id);
CREATE INDEX recommendations_by_addressee ON recommendations (addressee_id, id);

-- It is answered once; what was followed is done with. What was not, or in part, can be reported on and verified again.
CREATE FUNCTION keep_recommendation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.verdict = 'FOLLOWED'
        OR OLD.answered_at IS NOT NULL AND (OLD.answer, OLD.answer_note, OLD.answered_at) IS DISTINCT FROM (NEW.answer, NEW.answer_note, NEW.answered_at)
        OR NEW.verified_at < OLD.verified_at OR NEW.reported_at < OLD.reported_at
    THEN
        RAISE EXCEPTION 'recommendations are answered once, and done with when followed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'recommendations_forward';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER recommendations_forward BEFORE UPDATE ON recommendations FOR EACH ROW EXECUTE FUNCTION keep_recommendation();

-- What the addressee says that it has done.
CREATE TABLE recommendation_reports (
    id                uuid PRIMARY KEY,
    recommendation_id uuid NOT NULL REFERENCES recommendations,
    progress          text NOT NULL,
    -- What shows it, by reference: which document, and its SHA-256 where it is a file.
    evidence          text,
    digest            text,
    recorded_at       timestamptz NOT NULL,
    user_id           uuid REFERENCES users,
    CONSTRAINT recommendation_reports_digest CHECK (digest IS NULL OR digest ~ '^[0-9a-f]{64}$' AND evidence IS NOT NULL),
    CONSTRAINT recommendation_reports_evidence CHECK (char_length(evidence) BETWEEN 3 AND 200),
    CONSTRAINT recommendation_reports_progress CHECK (char_length(progress) BETWEEN 3 AND 2000)
);
CREATE INDEX recommendation_reports_of ON recommendation_reports (recommendation_id, id);
CREATE TRIGGER recommendation_reports_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recommendation_reports
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT (id, programme_id, agency_id, addressee_id, shelter_id, title, body, made_on, due_on, recorded_at, user_id),
    UPDATE (answer, answer_note, answered_at, answered_by, reported_at, verdict, verdict_note, verified_at, verified_by)
    ON recommendations TO enlace_app;
GRANT SELECT, INSERT ON recommendation_reports TO enlace_app;
GRANT USAGE ON SEQUENCE recommendation_numbers TO enlace_app;
