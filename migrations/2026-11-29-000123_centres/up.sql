-- The loan of a centre (comodato): one in force for a centre at a time, by the agency that lends it.
CREATE UNIQUE INDEX centres_of_lender ON centres (id, lender_id);
CREATE SEQUENCE centre_loan_numbers;
CREATE TABLE centre_loans (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('COM', 'centre_loan_numbers'),
    centre_id    uuid NOT NULL,
    lender_id    uuid NOT NULL REFERENCES agencies,
    starts_on    date NOT NULL,
    ends_on      date NOT NULL,
    conditions   text NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    CONSTRAINT centre_loans_code_key UNIQUE (programme_id, code),
    CONSTRAINT centre_loans_term CHECK (ends_on >= starts_on),
    CONSTRAINT centre_loans_conditions CHECK (char_length(conditions) BETWEEN 3 AND 4000),
    CONSTRAINT centre_loans_of_lender FOREIGN KEY (centre_id, lender_id) REFERENCES centres (id, lender_id),
    CONSTRAINT centre_loans_no_overlap EXCLUDE USING gist (centre_id WITH =, daterange(starts_on, ends_on, '[]') WITH &&)
);

-- What was in it when it was handed over.
CREATE TABLE centre_loan_lines (
    id        uuid PRIMARY KEY,
    loan_id   uuid NOT NULL REFERENCES centre_loans,
    line      integer NOT NULL,
    thing     text NOT NULL,
    quantity  integer NOT NULL,
    condition text NOT NULL,
    CONSTRAINT centre_loan_lines_line_key UNIQUE (loan_id, line),
    CONSTRAINT centre_loan_lines_thing CHECK (char_length(thing) BETWEEN 2 AND 120),
    CONSTRAINT centre_loan_lines_quantity CHECK (quantity BETWEEN 1 AND 100000),
    CONSTRAINT centre_loan_lines_condition CHECK (condition IN ('GOOD', 'WORN', 'BROKEN'))
);

-- A centre is one shelter at a time. What was closed stays so: it is opened anew, as another.
CREATE UNIQUE INDEX shelters_one_open_in_centre ON shelters (centre_id) WHERE closed_on IS NULL;

CREATE FUNCTION refuse_other_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closed_on IS NOT NULL THEN
        RAISE EXCEPTION 'a shelter is closed once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'shelters_closed_once';
    END IF;
    -- Held before they are looked at, in the order in which everyone does: whoever is being checked in comes first, or finds it closed.
    PERFORM FROM spaces WHERE shelter_id = NEW.id ORDER BY id FOR NO KEY UPDATE;
    PERFORM FROM spaces WHERE shelter_id = NEW.id AND occupied + held > 0;
    IF FOUND THEN
        RAISE EXCEPTION 'nobody lodges in a shelter that closes, and no bed is held'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'shelters_closed_empty';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER shelters_closing BEFORE UPDATE OF closed_on ON shelters FOR EACH ROW EXECUTE FUNCTION refuse_other_closing();

GRANT SELECT ON centre_loans, centre_loan_lines TO enlace_app;
GRANT USAGE ON SEQUENCE centre_loan_numbers TO enlace_app;
GRANT INSERT (id, programme_id, centre_id, lender_id, starts_on, ends_on, conditions, recorded_at, user_id) ON centre_loans TO enlace_app;
GRANT INSERT ON centre_loan_lines TO enlace_app;
GRANT INSERT (id, programme_id, centre_id, code, name, opened_on), UPDATE (closed_on) ON shelters TO enlace_app;
GRANT INSERT (id, programme_id, shelter_id, code, segment, capacity, counted_at) ON spaces TO enlace_app;
GRANT INSERT (id, programme_id, code, name, kind, shelter_id) ON locations TO enlace_app;
