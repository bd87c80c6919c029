-- Permits: authorisations, documents and procedures that agencies ask the municipal directors' coordination for.

CREATE SEQUENCE permit_numbers;
CREATE TABLE permits (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('PER', 'permit_numbers'),
    kind         text NOT NULL,
    -- The agency that asks.
    agency_id    uuid NOT NULL REFERENCES agencies,
    -- The shelter that it is for, or what is to be done; no name of anyone, as in every text below.
    shelter_id   uuid REFERENCES shelters,
    activity     text,
    purpose      text NOT NULL,
    requested_on date NOT NULL,
    -- The permit that it renews.
    renews_id    uuid,
    state        text NOT NULL DEFAULT 'REQUESTED',
    reviewed_on  date,
    decided_on   date,
    decided_by   uuid REFERENCES users,
    folio        text,
    valid_from   date,
    -- None, where it does not expire.
    valid_until  date,
    -- Why it was refused or withdrawn.
    reason       text,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT permits_code_key UNIQUE (programme_id, code),
    CONSTRAINT permits_folio_key UNIQUE (programme_id, folio),
    CONSTRAINT permits_activity CHECK (char_length(activity) BETWEEN 3 AND 200),
    CONSTRAINT permits_folio CHECK (char_length(folio) BETWEEN 3 AND 60),
    CONSTRAINT permits_for_something CHECK (num_nonnulls(shelter_id, activity) > 0),
    CONSTRAINT permits_in_order CHECK (reviewed_on >= requested_on AND decided_on >= coalesce(reviewed_on, requested_on)),
    CONSTRAINT permits_kind CHECK (kind IN ('OPENING', 'SANITARY', 'EVENT', 'TRANSPORT', 'OTHER')),
    CONSTRAINT permits_purpose CHECK (char_length(purpose) BETWEEN 3 AND 2000),
    CONSTRAINT permits_reason CHECK (char_length(reason) BETWEEN 3 AND 500),
    CONSTRAINT permits_state CHECK (CASE state
        WHEN 'REQUESTED' THEN num_nonnulls(reviewed_on, decided_on, folio, valid_from, valid_until, reason) = 0
        WHEN 'UNDER_REVIEW' THEN reviewed_on IS NOT NULL AND num_nonnulls(decided_on, folio, valid_from, valid_until, reason) = 0
        WHEN 'GRANTED' THEN num_nonnulls(reviewed_on, decided_on, folio, valid_from) = 4 AND reason IS NULL
        WHEN 'REFUSED' THEN num_nonnulls(reviewed_on, decided_on, reason) = 3 AND num_nonnulls(folio, valid_from, valid_until) = 0
        WHEN 'WITHDRAWN' THEN reason IS NOT NULL AND num_nonnulls(decided_on, folio, valid_from, valid_until) = 0
        ELSE false END),
    CONSTRAINT permits_two_hands CHECK (decided_by <> user_id),
    CONSTRAINT permits_validity CHECK (valid_until >= valid_from)
);
-- What is renewed is of the same kind and agency.
CREATE UNIQUE INDEX permits_same ON permits (id, kind, agency_id);
ALTER TABLE permits
    ADD CONSTRAINT permits_renews_fkey FOREIGN KEY (renews_id, kind, agency_id) REFERENCES permits (id, kind, agency_id);
CREATE INDEX permits_by_id ON permits (programme_id, id);
CREATE INDEX permits_by_shelter ON permits (shelter_id, id);
-- One renewal at a time; one that came to nothing is asked for anew.
CREATE UNIQUE INDEX permits_renewed_once ON permits (renews_id) WHERE state NOT IN ('REFUSED', 'WITHDRAWN');

CREATE FUNCTION keep_permit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('REQUESTED', 'UNDER_REVIEW'), ('UNDER_REVIEW', 'GRANTED'), ('UNDER_REVIEW', 'REFUSED'),
        ('REQUESTED', 'WITHDRAWN'), ('UNDER_REVIEW', 'WITHDRAWN'))
    THEN
        RAISE EXCEPTION 'permits go forward' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'permits_forward';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER permits_forward BEFORE UPDATE ON permits FOR EACH ROW EXECUTE FUNCTION keep_permit();

-- What is renewed was granted, and stays so: granted is the end of it. It is for the same shelter.
CREATE FUNCTION check_renewal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM permits WHERE id = NEW.renews_id AND state = 'GRANTED' AND shelter_id IS NOT DISTINCT FROM NEW.shelter_id) THEN
        RAISE EXCEPTION 'what is renewed was granted, for the same shelter'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'permits_renews_granted';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER permits_renews_granted BEFORE INSERT ON permits FOR EACH ROW WHEN (NEW.renews_id IS NOT NULL) EXECUTE FUNCTION check_renewal();

GRANT SELECT, INSERT (id, programme_id, kind, agency_id, shelter_id, activity, purpose, requested_on, renews_id, recorded_at, user_id),
    UPDATE (state, reviewed_on, decided_on, decided_by, folio, valid_from, valid_until, reason) ON permits TO enlace_app;
GRANT USAGE ON SEQUENCE permit_numbers TO enlace_app;
