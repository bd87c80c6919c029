-- The catalogue and the donors are kept by those who work with them.

-- A GTIN of 8, 12, 13 or 14 digits, the last of which checks the others.
CREATE FUNCTION is_gtin(code text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT code ~ '^([0-9]{8}|[0-9]{12,14})$'
        AND (SELECT sum(digit::integer * CASE WHEN place % 2 = 0 THEN 3 ELSE 1 END) % 10 = 0
             FROM regexp_split_to_table(reverse(code), '') WITH ORDINALITY AS digits (digit, place) WHERE digit ~ '[0-9]')
$$;
-- How many base units the packs of an item hold: more than one each, smallest first, none twice, ten at most.
CREATE FUNCTION are_pack_sizes(sizes integer[]) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT cardinality(sizes) <= 10 AND array_position(sizes, NULL) IS NULL
        AND sizes = ARRAY(SELECT DISTINCT size FROM unnest(sizes) AS size WHERE size > 1 ORDER BY size)
$$;

ALTER TABLE items
    ADD COLUMN gtin text,
    -- A lot of it that is received from then on has an expiry.
    ADD COLUMN perishable boolean NOT NULL DEFAULT false,
    ADD COLUMN pack_sizes integer[] NOT NULL DEFAULT '{}',
    -- What all stores of the programme together should hold at least.
    ADD COLUMN minimum_stock integer,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD CONSTRAINT items_code_form CHECK (code ~ '^[A-Z0-9][A-Z0-9._-]{0,29}$'),
    ADD CONSTRAINT items_gtin CHECK (is_gtin(gtin)),
    ADD CONSTRAINT items_minimum_stock_positive CHECK (minimum_stock > 0),
    ADD CONSTRAINT items_name_form CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200),
    -- Lists name an item by its code or its name: either is of one item.
    ADD CONSTRAINT items_name_key UNIQUE (programme_id, name),
    ADD CONSTRAINT items_pack_sizes CHECK (are_pack_sizes(pack_sizes));
-- Written with 8, 12 or 14 digits, it is the same GTIN.
CREATE UNIQUE INDEX items_gtin_key ON items (programme_id, lpad(gtin, 14, '0')) WHERE gtin IS NOT NULL;

-- A lot keeps the unit that it was counted in, so that its item's cannot become another: not even while the lot is being received,
-- by someone who still reads the old one.
CREATE UNIQUE INDEX items_id_unit_key ON items (id, unit);
ALTER TABLE lots ADD COLUMN unit text;
UPDATE lots SET unit = items.unit FROM items WHERE items.id = item_id;
ALTER TABLE lots
    ALTER COLUMN unit SET NOT NULL,
    ADD CONSTRAINT lots_unit_fkey FOREIGN KEY (item_id, unit) REFERENCES items (id, unit);

CREATE OR REPLACE FUNCTION copy_facts_to_lot() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    perishable boolean;
BEGIN
    SELECT items.stock_kind, donors.agency, coalesce(NEW.unit, items.unit), items.perishable
        INTO NEW.stock_kind, NEW.donor_agency, NEW.unit, perishable
        FROM (VALUES (NEW.item_id, NEW.donor_id)) AS lot (item_id, donor_id)
        LEFT JOIN items ON items.id = lot.item_id LEFT JOIN donors ON donors.id = lot.donor_id;
    IF perishable AND NEW.expires_on IS NULL THEN
        RAISE EXCEPTION 'a lot of what perishes has an expiry'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lots_perishable_expires';
    END IF;
    RETURN NEW;
END
$$;
DROP TRIGGER lots_facts ON lots;
CREATE TRIGGER lots_facts BEFORE INSERT OR UPDATE OF item_id, donor_id, expires_on ON lots FOR EACH ROW EXECUTE FUNCTION copy_facts_to_lot();

-- Some give and do not say who they are: of them nothing is kept that could say it.
ALTER TABLE donors
    ALTER COLUMN name DROP NOT NULL,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    DROP CONSTRAINT donors_kind,
    ADD CONSTRAINT donors_kind CHECK (kind IN ('AGENCY', 'ORGANISATION', 'PERSON', 'ANONYMOUS')),
    ADD CONSTRAINT donors_anonymous CHECK (CASE kind WHEN 'ANONYMOUS' THEN name IS NULL AND contact IS NULL ELSE name IS NOT NULL END),
    ADD CONSTRAINT donors_contact_form CHECK (contact = btrim(contact) AND char_length(contact) BETWEEN 1 AND 200),
    ADD CONSTRAINT donors_name_form CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200);

GRANT INSERT (id, programme_id, category_id, code, name, unit, gtin, perishable, pack_sizes, minimum_stock),
    UPDATE (category_id, name, unit, gtin, perishable, pack_sizes, minimum_stock, version) ON items TO enlace_app;
GRANT INSERT (id, programme_id, kind, agency_id, name, contact), UPDATE (name, contact, version) ON donors TO enlace_app;
GRANT INSERT (unit) ON lots TO enlace_app;
