-- Agencies are data, not an enumeration: a new organisation joins by a record and an agreement.
CREATE TABLE agencies (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL,
    name         text NOT NULL,
    kind         text NOT NULL,
    -- What it does in the programme, as published.
    part         text NOT NULL,
    CONSTRAINT agencies_code_key UNIQUE (programme_id, code),
    CONSTRAINT agencies_code_form CHECK (code ~ '^[A-Z][A-Z0-9_]{1,39}$'),
    CONSTRAINT agencies_kind CHECK (kind IN ('GOVERNMENT', 'INTERNATIONAL', 'COMMISSION', 'NGO'))
);

-- The data-sharing agreement under which an agency reads more than PUBLIC. Its validity is ruled by the programme clock.
CREATE TABLE agreements (
    id          uuid PRIMARY KEY,
    agency_id   uuid NOT NULL REFERENCES agencies,
    valid_from  timestamptz NOT NULL,
    valid_until timestamptz,
    CONSTRAINT agreements_period CHECK (valid_until > valid_from),
    CONSTRAINT agreements_no_overlap EXCLUDE USING gist (agency_id WITH =, tstzrange(valid_from, valid_until) WITH &&)
);

-- An account of a person or a machine at an agency, named by its token's `sub`.
CREATE TABLE users (
    id        uuid PRIMARY KEY,
    agency_id uuid NOT NULL REFERENCES agencies,
    subject   text NOT NULL,
    active    boolean NOT NULL DEFAULT true,
    CONSTRAINT users_subject_key UNIQUE (agency_id, subject),
    CONSTRAINT users_subject_form CHECK (length(subject) BETWEEN 1 AND 200)
);

-- A role held for a while. Shelters narrow it where the role is held per shelter.
CREATE TABLE grants (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users,
    role        text NOT NULL,
    -- For `integrator`: the one role of the agency whose reads it holds.
    reads_as    text,
    valid_from  timestamptz NOT NULL,
    valid_until timestamptz,
    CONSTRAINT grants_period CHECK (valid_until > valid_from),
    CONSTRAINT grants_role CHECK (role IN (
        'coordinator', 'shelter_lead', 'donation_coordinator', 'clinician', 'educator', 'kitchen', 'officer', 'inspector',
        'lender', 'permits', 'liaison', 'donor', 'adviser', 'programmes', 'partner', 'witness', 'employer', 'integrator',
        'administrator')),
    CONSTRAINT grants_reads_as CHECK ((role = 'integrator') = (reads_as IS NOT NULL)),
    CONSTRAINT grants_no_overlap EXCLUDE USING gist (user_id WITH =, role WITH =, tstzrange(valid_from, valid_until) WITH &&)
);

-- A token that is refused although it has not expired. Ruled by the real clock; rows may go once `expires_at` is past.
CREATE TABLE revoked_tokens (
    jti        text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

-- One row, raised by every change of authority, so that a server asks one number to learn that nothing changed.
CREATE TABLE authority_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint NOT NULL
);
INSERT INTO authority_version (version) VALUES (1);

CREATE FUNCTION raise_authority_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE authority_version SET version = version + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER agencies_authority AFTER INSERT OR UPDATE OR DELETE ON agencies FOR EACH STATEMENT EXECUTE FUNCTION raise_authority_version();
CREATE TRIGGER agreements_authority AFTER INSERT OR UPDATE OR DELETE ON agreements FOR EACH STATEMENT EXECUTE FUNCTION raise_authority_version();
CREATE TRIGGER users_authority AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH STATEMENT EXECUTE FUNCTION raise_authority_version();
CREATE TRIGGER grants_authority AFTER INSERT OR UPDATE OR DELETE ON grants FOR EACH STATEMENT EXECUTE FUNCTION raise_authority_version();
CREATE TRIGGER revoked_tokens_authority AFTER INSERT OR UPDATE OR DELETE ON revoked_tokens FOR EACH STATEMENT EXECUTE FUNCTION raise_authority_version();
CREATE TRIGGER programmes_authority AFTER INSERT OR UPDATE OR DELETE ON programmes FOR EACH STATEMENT EXECUTE FUNCTION raise_authority_version();

GRANT SELECT ON agencies, agreements, users, grants, revoked_tokens, authority_version TO enlace_app;
