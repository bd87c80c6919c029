-- People in the programme's care. What tells of a person lies sealed under that person's own key, and the keys lie in
-- another database (R21, R23): a backup of this one tells of nobody whose key is gone. In the clear is only what rules
-- turn on: where a person lodges, from when they count as an adult, with whom their data is shared.

CREATE TABLE households (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL,
    arrived_on   date NOT NULL,
    -- Where it lodges; a member may be elsewhere for a while.
    shelter_id   uuid REFERENCES shelters,
    -- Raised by each change; an update carries the version that it saw.
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT households_code_key UNIQUE (programme_id, code)
);

CREATE TABLE persons (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    household_id uuid NOT NULL REFERENCES households,
    code         text NOT NULL,
    arrived_on   date NOT NULL,
    -- Until this day the person counts as a minor: the first of January after the year in which they turn 18. Of a birth
    -- date it gives away the year alone, and in doubt it protects.
    adult_from   date NOT NULL,
    -- Where the person lodges now; none where they do not.
    shelter_id   uuid REFERENCES shelters,
    -- One sealed payload for each data class.
    identity     bytea NOT NULL,
    family       bytea NOT NULL,
    migration    bytea NOT NULL,
    placement    bytea NOT NULL,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT persons_code_key UNIQUE (programme_id, code),
    CONSTRAINT persons_adult_from CHECK (extract(month FROM adult_from) = 1 AND extract(day FROM adult_from) = 1)
);
CREATE INDEX persons_by_household ON persons (household_id);
CREATE INDEX persons_by_shelter ON persons (shelter_id) WHERE shelter_id IS NOT NULL;
CREATE INDEX persons_by_programme ON persons (programme_id, id);
CREATE INDEX households_by_programme ON households (programme_id, id);

-- What a person agreed to: that an agency reads their data for a purpose, for a while.
CREATE TABLE consents (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    person_id    uuid NOT NULL REFERENCES persons,
    recipient    text NOT NULL,
    purpose      text NOT NULL,
    given_at     timestamptz NOT NULL,
    ends_at      timestamptz,
    withdrawn_at timestamptz,
    -- What the policies look for among those with whom a person's data is shared.
    share        text NOT NULL GENERATED ALWAYS AS (recipient || '/' || purpose) STORED,
    CONSTRAINT consents_recipient_fkey FOREIGN KEY (programme_id, recipient) REFERENCES agencies (programme_id, code),
    CONSTRAINT consents_purpose CHECK (purpose IN (
        'RECEPTION', 'HEALTH_CARE', 'PROTECTION', 'EDUCATION', 'EMPLOYMENT', 'HOUSING', 'ASSISTANCE', 'OVERSIGHT')),
    CONSTRAINT consents_period CHECK (ends_at > given_at),
    CONSTRAINT consents_withdrawn CHECK (withdrawn_at >= given_at),
    CONSTRAINT consents_no_overlap EXCLUDE USING gist (
        person_id WITH =, recipient WITH =, purpose WITH =, tstzrange(given_at, least(ends_at, withdrawn_at)) WITH &&)
);
CREATE INDEX consents_by_share ON consents (share, person_id);

-- A person's case, handed from one agency to another for a purpose and on a legal basis (R10). It shares the person's data
-- from its acceptance until it ends.
CREATE TABLE referrals (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    person_id    uuid NOT NULL REFERENCES persons,
    sender       text NOT NULL,
    recipient    text NOT NULL,
    purpose      text NOT NULL,
    legal_basis  text NOT NULL,
    opened_at    timestamptz NOT NULL,
    accepted_at  timestamptz,
    declined_at  timestamptz,
    ended_at     timestamptz,
    version      integer NOT NULL DEFAULT 1,
    share        text NOT NULL GENERATED ALWAYS AS (recipient || '/' || purpose) STORED,
    CONSTRAINT referrals_sender_fkey FOREIGN KEY (programme_id, sender) REFERENCES agencies (programme_id, code),
    CONSTRAINT referrals_recipient_fkey FOREIGN KEY (programme_id, recipient) REFERENCES agencies (programme_id, code),
    CONSTRAINT referrals_purpose CHECK (purpose IN (
        'RECEPTION', 'HEALTH_CARE', 'PROTECTION', 'EDUCATION', 'EMPLOYMENT', 'HOUSING', 'ASSISTANCE', 'OVERSIGHT')),
    CONSTRAINT referrals_legal_basis CHECK (legal_basis IN ('CONSENT', 'VITAL_INTEREST', 'LEGAL_DUTY', 'PUBLIC_INTEREST')),
    CONSTRAINT referrals_elsewhere CHECK (sender <> recipient),
    CONSTRAINT referrals_answered_once CHECK (accepted_at IS NULL OR declined_at IS NULL),
    CONSTRAINT referrals_order CHECK (
        accepted_at >= opened_at AND declined_at >= opened_at AND ended_at >= coalesce(accepted_at, opened_at))
);
CREATE INDEX referrals_by_share ON referrals (share, person_id);
CREATE INDEX referrals_by_person ON referrals (person_id);
CREATE INDEX consents_by_person ON consents (person_id);
CREATE INDEX referrals_by_programme ON referrals (programme_id, id);

-- With whom, and for what, a person's data is shared, and when.
CREATE VIEW shares AS
    SELECT person_id, share, given_at AS valid_from, least(ends_at, withdrawn_at) AS valid_until FROM consents
    UNION ALL
    SELECT person_id, share, accepted_at, ended_at FROM referrals WHERE accepted_at IS NOT NULL;

-- Health: what was found at an assessment, and what was concluded.
CREATE TABLE assessments (
    id          uuid PRIMARY KEY,
    person_id   uuid NOT NULL REFERENCES persons,
    assessed_at timestamptz NOT NULL,
    findings    bytea NOT NULL
);
CREATE INDEX assessments_by_person ON assessments (person_id);

CREATE TABLE diagnoses (
    id            uuid PRIMARY KEY,
    person_id     uuid NOT NULL REFERENCES persons,
    assessment_id uuid NOT NULL REFERENCES assessments,
    made_at       timestamptz NOT NULL,
    conclusion    bytea NOT NULL
);
CREATE INDEX diagnoses_by_assessment ON diagnoses (assessment_id);

-- A person's place in a course.
CREATE TABLE enrolments (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    person_id    uuid NOT NULL REFERENCES persons,
    -- The agency that teaches.
    agency       text NOT NULL,
    started_on   date NOT NULL,
    ended_on     date,
    course       bytea NOT NULL,
    CONSTRAINT enrolments_agency_fkey FOREIGN KEY (programme_id, agency) REFERENCES agencies (programme_id, code),
    CONSTRAINT enrolments_period CHECK (ended_on >= started_on)
);
CREATE INDEX enrolments_by_person ON enrolments (person_id);

GRANT SELECT ON households, persons, consents, referrals, shares, assessments, diagnoses, enrolments TO enlace_app;
