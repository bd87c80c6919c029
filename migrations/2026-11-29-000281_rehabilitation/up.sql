-- Rehabilitation: the works on a centre, and its return to whoever lent it, in what state, signed by both.

CREATE SEQUENCE centre_work_numbers;
CREATE TABLE centre_works (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('OBR', 'centre_work_numbers'),
    centre_id    uuid NOT NULL REFERENCES centres,
    -- What is done; no name of anyone.
    title        text NOT NULL,
    state        text NOT NULL DEFAULT 'PLANNED',
    -- In hundredths of the currency: what it was thought to cost, and what it did.
    estimate     bigint NOT NULL,
    cost         bigint,
    currency     text NOT NULL,
    planned_on   date NOT NULL,
    begun_on     date,
    done_on      date,
    -- Why it is not done after all; no name of anyone.
    reason       text,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT centre_works_code_key UNIQUE (programme_id, code),
    CONSTRAINT centre_works_cost CHECK (cost >= 0),
    CONSTRAINT centre_works_currency CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT centre_works_estimate CHECK (estimate > 0),
    CONSTRAINT centre_works_in_order CHECK (begun_on >= planned_on AND done_on >= begun_on),
    CONSTRAINT centre_works_reason CHECK (char_length(reason) BETWEEN 3 AND 500),
    CONSTRAINT centre_works_state CHECK (CASE state
        WHEN 'PLANNED' THEN num_nonnulls(begun_on, done_on, cost, reason) = 0
        WHEN 'BEGUN' THEN begun_on IS NOT NULL AND num_nonnulls(done_on, cost, reason) = 0
        WHEN 'DONE' THEN num_nonnulls(begun_on, done_on, cost) = 3 AND reason IS NULL
        WHEN 'CANCELLED' THEN reason IS NOT NULL AND num_nonnulls(done_on, cost) = 0
        ELSE false END),
    CONSTRAINT centre_works_title CHECK (char_length(title) BETWEEN 3 AND 200)
);
CREATE INDEX centre_works_by_centre ON centre_works (centre_id, id);
CREATE INDEX centre_works_by_id ON centre_works (programme_id, id);

CREATE FUNCTION keep_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('PLANNED', 'BEGUN'), ('BEGUN', 'DONE'), ('PLANNED', 'CANCELLED'), ('BEGUN', 'CANCELLED')) THEN
        RAISE EXCEPTION 'works go forward' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'centre_works_forward';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER centre_works_forward BEFORE UPDATE ON centre_works FOR EACH ROW EXECUTE FUNCTION keep_work();

-- A loan ends with the centre's return, before its last day or after it.
ALTER TABLE centre_loans ADD COLUMN returned_on date;
ALTER TABLE centre_loans DROP CONSTRAINT centre_loans_no_overlap;
ALTER TABLE centre_loans
    ADD CONSTRAINT centre_loans_returned CHECK (returned_on >= starts_on),
    ADD CONSTRAINT centre_loans_no_overlap
        EXCLUDE USING gist (centre_id WITH =, daterange(starts_on, coalesce(returned_on, ends_on), '[]') WITH &&);

-- The act by which a centre is given back. It is drawn up with the state of each thing that was handed over, and signed by the programme
-- and by the lender; signed by both, it ends the loan and stays as it is.
CREATE TABLE centre_returns (
    id                  uuid PRIMARY KEY,
    loan_id             uuid NOT NULL REFERENCES centre_loans,
    drawn_up_on         date NOT NULL,
    -- No name of anyone.
    note                text,
    programme_signed_at timestamptz,
    programme_signed_by uuid REFERENCES users,
    lender_signed_at    timestamptz,
    lender_signed_by    uuid REFERENCES users,
    -- The programme's day on which the second of them signed.
    returned_on         date,
    withdrawn_at        timestamptz,
    recorded_at         timestamptz NOT NULL,
    user_id             uuid REFERENCES users,
    version             integer NOT NULL DEFAULT 1,
    CONSTRAINT centre_returns_note CHECK (char_length(note) BETWEEN 3 AND 2000),
    CONSTRAINT centre_returns_returned CHECK ((returned_on IS NOT NULL) = (num_nulls(programme_signed_at, lender_signed_at) = 0)),
    CONSTRAINT centre_returns_two_hands CHECK (programme_signed_by <> lender_signed_by),
    CONSTRAINT centre_returns_withdrawn CHECK (withdrawn_at IS NULL OR returned_on IS NULL)
);
-- One act at a time; one that was withdrawn is drawn up anew, as another.
CREATE UNIQUE INDEX centre_returns_one_of_loan ON centre_returns (loan_id) WHERE withdrawn_at IS NULL;
CREATE UNIQUE INDEX centre_returns_of_loan ON centre_returns (id, loan_id);
CREATE UNIQUE INDEX centre_loan_lines_of_loan ON centre_loan_lines (id, loan_id);

CREATE TABLE centre_return_lines (
    id           uuid PRIMARY KEY,
    return_id    uuid NOT NULL,
    loan_id      uuid NOT NULL,
    loan_line_id uuid NOT NULL,
    quantity     integer NOT NULL,
    condition    text NOT NULL,
    note         text,
    CONSTRAINT centre_return_lines_return_fkey FOREIGN KEY (return_id, loan_id) REFERENCES centre_returns (id, loan_id),
    CONSTRAINT centre_return_lines_line_fkey FOREIGN KEY (loan_line_id, loan_id) REFERENCES centre_loan_lines (id, loan_id),
    CONSTRAINT centre_return_lines_line_key UNIQUE (return_id, loan_line_id),
    CONSTRAINT centre_return_lines_condition CHECK (condition IN ('GOOD', 'WORN', 'BROKEN')),
    CONSTRAINT centre_return_lines_note CHECK (char_length(note) BETWEEN 3 AND 500),
    CONSTRAINT centre_return_lines_quantity CHECK (quantity BETWEEN 0 AND 100000)
);
CREATE TRIGGER centre_return_lines_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON centre_return_lines
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- As its owner, who may look at all and ends the loan.
CREATE FUNCTION keep_return() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    lent uuid;
BEGIN
    IF OLD.returned_on IS NOT NULL OR OLD.withdrawn_at IS NOT NULL
        OR OLD.programme_signed_at IS NOT NULL AND NEW.programme_signed_at IS DISTINCT FROM OLD.programme_signed_at
        OR OLD.lender_signed_at IS NOT NULL AND NEW.lender_signed_at IS DISTINCT FROM OLD.lender_signed_at
    THEN
        RAISE EXCEPTION 'what is signed or withdrawn stays so' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'centre_returns_stand';
    END IF;
    NEW.version := OLD.version + 1;
    IF NEW.returned_on IS NULL THEN
        RETURN NEW;
    END IF;
    SELECT centre_id INTO lent FROM centre_loans WHERE id = NEW.loan_id;
    -- Whoever opens a shelter in it, or works on it, comes first or finds it returned.
    PERFORM FROM centres WHERE id = lent FOR UPDATE;
    IF EXISTS (SELECT FROM shelters WHERE centre_id = lent AND closed_on IS NULL) THEN
        RAISE EXCEPTION 'a centre is returned when nobody lodges in it'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'centre_returns_empty';
    END IF;
    IF EXISTS (SELECT FROM centre_works WHERE centre_id = lent AND state IN ('PLANNED', 'BEGUN')) THEN
        RAISE EXCEPTION 'a centre is returned when its works are done'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'centre_returns_works_done';
    END IF;
    IF EXISTS (
        SELECT FROM centre_loan_lines AS lent_line WHERE lent_line.loan_id = NEW.loan_id
            AND NOT EXISTS (SELECT FROM centre_return_lines WHERE return_id = NEW.id AND loan_line_id = lent_line.id))
    THEN
        RAISE EXCEPTION 'of all that was handed over it is said how it is given back'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'centre_returns_complete';
    END IF;
    UPDATE centre_loans SET returned_on = NEW.returned_on WHERE id = NEW.loan_id;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_return() FROM PUBLIC;
CREATE TRIGGER centre_returns_keep BEFORE UPDATE ON centre_returns FOR EACH ROW EXECUTE FUNCTION keep_return();

-- What is given back takes no shelter and no work: a loan of another time brings it back.
CREATE FUNCTION refuse_use_of_returned() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM centres WHERE id = NEW.centre_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM centre_loans WHERE centre_id = NEW.centre_id AND returned_on IS NOT NULL)
        AND NOT EXISTS (SELECT FROM centre_loans WHERE centre_id = NEW.centre_id AND returned_on IS NULL)
    THEN
        RAISE EXCEPTION 'the centre was given back' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'centres_not_returned';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION refuse_use_of_returned() FROM PUBLIC;
CREATE TRIGGER shelters_of_returned BEFORE INSERT ON shelters FOR EACH ROW WHEN (NEW.closed_on IS NULL)
    EXECUTE FUNCTION refuse_use_of_returned();
CREATE TRIGGER centre_works_of_returned BEFORE INSERT ON centre_works FOR EACH ROW WHEN (NEW.state = 'PLANNED')
    EXECUTE FUNCTION refuse_use_of_returned();

GRANT SELECT, INSERT (id, programme_id, centre_id, title, estimate, currency, planned_on, recorded_at, user_id),
    UPDATE (state, begun_on, done_on, cost, reason) ON centre_works TO enlace_app;
GRANT SELECT, INSERT (id, loan_id, drawn_up_on, note, recorded_at, user_id),
    UPDATE (programme_signed_at, programme_signed_by, lender_signed_at, lender_signed_by, returned_on, withdrawn_at) ON centre_returns TO enlace_app;
GRANT SELECT, INSERT ON centre_return_lines TO enlace_app;
GRANT USAGE ON SEQUENCE centre_work_numbers TO enlace_app;
