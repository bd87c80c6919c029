-- A community centre, owned or lent in comodato, that can be opened as a shelter.
CREATE TABLE centres (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL,
    name         text NOT NULL,
    -- The agency that lends it; none where the operator owns it.
    lender_id    uuid REFERENCES agencies,
    CONSTRAINT centres_code_key UNIQUE (programme_id, code)
);

CREATE TABLE shelters (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    centre_id    uuid NOT NULL REFERENCES centres,
    code         text NOT NULL,
    name         text NOT NULL,
    opened_on    date NOT NULL,
    closed_on    date,
    CONSTRAINT shelters_code_key UNIQUE (programme_id, code),
    CONSTRAINT shelters_period CHECK (closed_on >= opened_on)
);

-- A part of a shelter for one segment. `occupied` is the shelter's own headcount, kept and not summed:
-- the sum over people cost four fifths of the shelter list.
CREATE TABLE spaces (
    id         uuid PRIMARY KEY,
    shelter_id uuid NOT NULL REFERENCES shelters,
    code       text NOT NULL,
    segment    text NOT NULL,
    capacity   integer NOT NULL,
    occupied   integer NOT NULL DEFAULT 0,
    -- Raised by each change; an update carries the version that it saw.
    version    integer NOT NULL DEFAULT 1,
    counted_at timestamptz NOT NULL,
    CONSTRAINT spaces_code_key UNIQUE (shelter_id, code),
    CONSTRAINT spaces_segment CHECK (segment IN (
        'PREGNANCY', 'SINGLE_MEN', 'SINGLE_WOMEN', 'FAMILY_NUCLEUS', 'CHRONIC_ILLNESS', 'RESPIRATORY_RISK')),
    CONSTRAINT spaces_capacity_not_negative CHECK (capacity >= 0),
    CONSTRAINT spaces_occupied_not_negative CHECK (occupied >= 0),
    -- R31: the database refuses the next person in a full space, whatever the code believes.
    CONSTRAINT spaces_occupied_within_capacity CHECK (occupied <= capacity)
);

-- The shelters to which a grant is confined.
CREATE TABLE grant_shelters (
    grant_id   uuid NOT NULL REFERENCES grants,
    shelter_id uuid NOT NULL REFERENCES shelters,
    PRIMARY KEY (grant_id, shelter_id)
);
CREATE TRIGGER grant_shelters_authority AFTER INSERT OR UPDATE OR DELETE ON grant_shelters FOR EACH STATEMENT EXECUTE FUNCTION raise_authority_version();

GRANT SELECT ON centres, shelters, spaces, grant_shelters TO enlace_app;
GRANT UPDATE (occupied, version, counted_at) ON spaces TO enlace_app;
