-- Kits: named bills of material, such as what each person gets who comes: cot, mat, blanket, pillow. A kit is never stock of its own:
-- whoever gives one gives its items.

CREATE TABLE kits (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    -- Lists and deliveries name it so, and it stays.
    code         text NOT NULL,
    name         text NOT NULL,
    name_en      text NOT NULL,
    -- Raised by each change.
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT kits_code_key UNIQUE (programme_id, code),
    CONSTRAINT kits_code CHECK (code ~ '^[A-Z0-9][A-Z0-9._-]{0,29}$'),
    CONSTRAINT kits_name CHECK (char_length(name) BETWEEN 3 AND 120 AND char_length(name_en) BETWEEN 3 AND 120)
);

-- What a kit consists of in each of its versions: what was given as an earlier one stays explained.
CREATE TABLE kit_lines (
    kit_id   uuid NOT NULL REFERENCES kits,
    version  integer NOT NULL,
    item_id  uuid NOT NULL REFERENCES items,
    quantity integer NOT NULL,
    -- By which it is named alone.
    id       uuid NOT NULL GENERATED ALWAYS AS (md5(uuid_send(kit_id) || int4send(version) || uuid_send(item_id))::uuid) STORED,
    PRIMARY KEY (kit_id, version, item_id),
    CONSTRAINT kit_lines_id_key UNIQUE (id),
    CONSTRAINT kit_lines_quantity CHECK (quantity > 0)
);

-- A revision is the next version, and leaves what lines of earlier ones say.
CREATE FUNCTION refuse_other_kit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.programme_id, NEW.code, NEW.version) IS DISTINCT FROM (OLD.id, OLD.programme_id, OLD.code, OLD.version + 1) THEN
        RAISE EXCEPTION 'a kit is revised version by version, and keeps its code'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kits_version_by_version';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER kits_version_by_version BEFORE UPDATE ON kits FOR EACH ROW EXECUTE FUNCTION refuse_other_kit();

-- Lines are of the version that the kit has when they are written.
CREATE FUNCTION refuse_late_kit_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM kits WHERE id = NEW.kit_id AND version = NEW.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'what a kit consists of is said with its version'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kit_lines_with_version';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER kit_lines_with_version BEFORE INSERT OR UPDATE ON kit_lines FOR EACH ROW EXECUTE FUNCTION refuse_late_kit_line();

GRANT SELECT ON kits, kit_lines TO enlace_app;
GRANT INSERT (id, programme_id, code, name, name_en), UPDATE (name, name_en, version) ON kits TO enlace_app;
GRANT INSERT (kit_id, version, item_id, quantity) ON kit_lines TO enlace_app;
