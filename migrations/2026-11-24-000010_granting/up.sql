-- Granting through the server. Who may hold which role, and which roles nobody holds together, is data here; the policies'
-- lists (`ROLES`, `INCOMPATIBLE`) are the source, and a test compares the two.

CREATE TABLE roles (
    code text COLLATE "C" PRIMARY KEY
);

-- The agencies that may hold a role. A pattern that ends in `*` stands for every code that begins like it.
CREATE TABLE role_agencies (
    role    text COLLATE "C" NOT NULL REFERENCES roles,
    pattern text NOT NULL,
    PRIMARY KEY (role, pattern),
    CONSTRAINT role_agencies_pattern CHECK (pattern ~ '^([A-Z][A-Z0-9_]*)?\*?$' AND pattern <> '')
);

CREATE TABLE incompatible_roles (
    role  text COLLATE "C" NOT NULL REFERENCES roles,
    other text COLLATE "C" NOT NULL REFERENCES roles,
    PRIMARY KEY (role, other),
    -- Each pair once.
    CONSTRAINT incompatible_roles_order CHECK (role < other)
);

WITH held (role, patterns) AS (VALUES
    ('coordinator', ARRAY['DIF_MUNICIPAL']),
    ('shelter_lead', ARRAY['DIF_MUNICIPAL']),
    ('donation_coordinator', ARRAY['DIF_MUNICIPAL']),
    ('administrator', ARRAY['DIF_MUNICIPAL']),
    ('clinician', ARRAY['ISESALUD']),
    ('educator', ARRAY['INEA']),
    ('kitchen', ARRAY['SEDENA']),
    ('officer', ARRAY['DSPM']),
    ('inspector', ARRAY['PCE']),
    ('lender', ARRAY['BISOM', 'IMACUM', 'IMDECUF']),
    ('permits', ARRAY['CDM']),
    ('liaison', ARRAY['RP']),
    ('donor', ARRAY['DIF_ESTATAL', 'ACNUR']),
    ('adviser', ARRAY['OIM', 'ONU']),
    ('programmes', ARRAY['UNICEF']),
    ('partner', ARRAY['NGO_*']),
    ('witness', ARRAY['CNDH', 'CEDH']),
    ('employer', ARRAY['*']),
    ('integrator', ARRAY['*'])
), listed AS (INSERT INTO roles (code) SELECT role FROM held RETURNING code)
INSERT INTO role_agencies (role, pattern) SELECT role, unnest(patterns) FROM held JOIN listed ON listed.code = held.role;

-- A witness and an administrator hold nothing else.
INSERT INTO incompatible_roles (role, other)
    SELECT least(alone.role, roles.code), greatest(alone.role, roles.code)
    FROM (VALUES ('witness' COLLATE "C"), ('administrator')) AS alone (role) JOIN roles ON roles.code <> alone.role
    ON CONFLICT DO NOTHING;
-- Who gives goods does not also keep them; who offers work reads no more of an applicant than was consented to.
INSERT INTO incompatible_roles (role, other) SELECT least(role, other), greatest(role, other) FROM (VALUES
    ('donor' COLLATE "C", 'donation_coordinator' COLLATE "C"), ('partner', 'donation_coordinator'),
    ('employer', 'coordinator'), ('employer', 'shelter_lead'), ('employer', 'clinician'), ('employer', 'educator'),
    ('employer', 'donor'), ('employer', 'adviser'), ('employer', 'programmes'), ('employer', 'partner')
) AS pairs (role, other);

ALTER TABLE users ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE agreements ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE grants ADD COLUMN version integer NOT NULL DEFAULT 1;

ALTER TABLE grants ADD CONSTRAINT grants_role_listed FOREIGN KEY (role) REFERENCES roles (code);
ALTER TABLE grants ADD CONSTRAINT grants_reads_as_listed FOREIGN KEY (reads_as) REFERENCES roles (code);
-- Whatever is granted from here on ends; what was granted without an end stands until it is revoked.
ALTER TABLE grants ADD CONSTRAINT grants_expire CHECK (valid_until IS NOT NULL) NOT VALID;

CREATE FUNCTION may_hold(asked text, agency text) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM role_agencies WHERE role = asked AND CASE
            WHEN right(pattern, 1) = '*' THEN starts_with(agency, left(pattern, -1))
            ELSE pattern = agency
        END)
$$;

-- The laws that look beyond a row are constraint triggers: they have a name among the constraints, which operations answer for.
CREATE FUNCTION check_role_of_agency() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    holder text := (SELECT agencies.code FROM users JOIN agencies ON agencies.id = users.agency_id WHERE users.id = NEW.user_id);
    asked  text := CASE TG_ARGV[0] WHEN 'role' THEN NEW.role ELSE NEW.reads_as END;
BEGIN
    IF asked IS NOT NULL AND NOT may_hold(asked, holder) OR NEW.reads_as = NEW.role THEN
        RAISE EXCEPTION '% may not hold %', holder, asked USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER grants_role_of_agency AFTER INSERT OR UPDATE OF user_id, role ON grants
    FOR EACH ROW EXECUTE FUNCTION check_role_of_agency('role');
CREATE CONSTRAINT TRIGGER grants_reads_as_of_agency AFTER INSERT OR UPDATE OF user_id, reads_as ON grants
    FOR EACH ROW EXECUTE FUNCTION check_role_of_agency('reads_as');

CREATE FUNCTION check_roles_compatible() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    held text;
BEGIN
    -- Under the user's lock, so that of two grants at once the later one sees the earlier.
    PERFORM FROM users WHERE id = NEW.user_id FOR NO KEY UPDATE;
    -- A role whose reads are held counts as held.
    SELECT CASE WHEN grants.role IN (pair.role, pair.other) THEN grants.role ELSE grants.reads_as END INTO held
        FROM grants JOIN incompatible_roles pair ON
            pair.role IN (NEW.role, NEW.reads_as) AND pair.other IN (grants.role, grants.reads_as)
            OR pair.other IN (NEW.role, NEW.reads_as) AND pair.role IN (grants.role, grants.reads_as)
        WHERE grants.user_id = NEW.user_id AND grants.id <> NEW.id
            AND tstzrange(grants.valid_from, grants.valid_until) && tstzrange(NEW.valid_from, NEW.valid_until)
        ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is not held together with %', NEW.role, held
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, DETAIL = held;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER grants_roles_compatible AFTER INSERT OR UPDATE OF user_id, role, reads_as, valid_from, valid_until ON grants
    FOR EACH ROW EXECUTE FUNCTION check_roles_compatible();

CREATE FUNCTION check_grant_shelter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM grants WHERE id = NEW.grant_id AND role <> 'shelter_lead') THEN
        RAISE EXCEPTION 'only a shelter_lead is granted shelters' USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER grant_shelters_role AFTER INSERT OR UPDATE ON grant_shelters
    FOR EACH ROW EXECUTE FUNCTION check_grant_shelter();

-- What was granted or agreed for a while is never prolonged: another grant, another agreement follows it.
CREATE FUNCTION refuse_prolonging() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.valid_until IS NOT NULL AND (NEW.valid_until IS NULL OR NEW.valid_until > OLD.valid_until) THEN
        RAISE EXCEPTION '% are never prolonged', TG_TABLE_NAME USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER grants_never_prolonged AFTER UPDATE OF valid_until ON grants
    FOR EACH ROW EXECUTE FUNCTION refuse_prolonging();
CREATE CONSTRAINT TRIGGER agreements_never_prolonged AFTER UPDATE OF valid_until ON agreements
    FOR EACH ROW EXECUTE FUNCTION refuse_prolonging();

GRANT SELECT ON roles, role_agencies, incompatible_roles TO enlace_app;
GRANT INSERT ON grants, grant_shelters, revoked_tokens TO enlace_app;
GRANT UPDATE (valid_until, version) ON grants, agreements TO enlace_app;
GRANT UPDATE (active, version) ON users TO enlace_app;
