-- One deployment holds one or more programmes; every record belongs to one.
--
-- The application connects as the role `enlace_app`, which owns nothing: what this schema forbids by
-- privilege (rewriting the journal, changing a movement) it forbids to every line of the server.
-- Migrations and the demo's loader run as the owner.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'enlace_app') THEN
        CREATE ROLE enlace_app NOLOGIN;
    END IF;
EXCEPTION
    -- Roles belong to the cluster: another database's migration may have made it this instant.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
GRANT USAGE ON SCHEMA public TO enlace_app;
DO $$ BEGIN EXECUTE format('GRANT enlace_app TO %I', current_user); EXCEPTION WHEN OTHERS THEN
    -- The owner may be a superuser already, or have made the role and hold it so.
    IF NOT pg_has_role(current_user, 'enlace_app', 'MEMBER') THEN RAISE; END IF;
END $$;

-- uuid equality inside exclusion constraints (agreements now, stays later).
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE programmes (
    id          uuid PRIMARY KEY,
    code        text NOT NULL,
    name        text NOT NULL,
    -- The zone in which the programme's day ends.
    time_zone   text NOT NULL,
    starts_on   date NOT NULL,
    ends_on     date,
    -- Programme clock = real clock + this offset. Zero outside the demo; kept here so that a restart continues it.
    clock_offset_us bigint NOT NULL DEFAULT 0,
    -- Set where the data was made up: the day as of which it stands.
    demo_day    date,
    CONSTRAINT programmes_code_key UNIQUE (code),
    CONSTRAINT programmes_period CHECK (ends_on IS NULL OR ends_on >= starts_on)
);
GRANT SELECT ON programmes TO enlace_app;

-- A statement that reaches a table meant to be appended to only.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END
$$;
