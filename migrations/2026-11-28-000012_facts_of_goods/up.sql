-- What the policies ask of goods stands in their own rows: a page that is scoped by it, or shows a field by it, needs no join for it.
-- The database copies it, and holds each copy equal to its source.

CREATE UNIQUE INDEX agencies_id_code_key ON agencies (id, code);
ALTER TABLE donors ADD COLUMN agency text;
UPDATE donors SET agency = agencies.code FROM agencies WHERE agencies.id = agency_id;
ALTER TABLE donors
    DROP CONSTRAINT donors_agency_id_fkey,
    ADD CONSTRAINT donors_agency_fkey FOREIGN KEY (agency_id, agency) REFERENCES agencies (id, code) ON UPDATE CASCADE,
    ADD CONSTRAINT donors_agency_code CHECK ((agency_id IS NULL) = (agency IS NULL));
CREATE UNIQUE INDEX donors_id_agency_key ON donors (id, agency);

CREATE UNIQUE INDEX categories_id_kind_key ON categories (id, stock_kind);
ALTER TABLE items ADD COLUMN stock_kind text;
UPDATE items SET stock_kind = categories.stock_kind FROM categories WHERE categories.id = category_id;
ALTER TABLE items
    ALTER COLUMN stock_kind SET NOT NULL,
    DROP CONSTRAINT items_category_id_fkey,
    ADD CONSTRAINT items_category_fkey FOREIGN KEY (category_id, stock_kind) REFERENCES categories (id, stock_kind) ON UPDATE CASCADE;
CREATE UNIQUE INDEX items_id_kind_key ON items (id, stock_kind);

ALTER TABLE lots ADD COLUMN stock_kind text, ADD COLUMN donor_agency text;
UPDATE lots SET stock_kind = items.stock_kind FROM items WHERE items.id = item_id;
UPDATE lots SET donor_agency = donors.agency FROM donors WHERE donors.id = donor_id;
ALTER TABLE lots
    ALTER COLUMN stock_kind SET NOT NULL,
    DROP CONSTRAINT lots_item_id_fkey,
    DROP CONSTRAINT lots_donor_id_fkey,
    ADD CONSTRAINT lots_item_fkey FOREIGN KEY (item_id, stock_kind) REFERENCES items (id, stock_kind) ON UPDATE CASCADE,
    ADD CONSTRAINT lots_donor_fkey FOREIGN KEY (donor_id) REFERENCES donors,
    ADD CONSTRAINT lots_donor_agency_fkey FOREIGN KEY (donor_id, donor_agency) REFERENCES donors (id, agency) ON UPDATE CASCADE;

CREATE FUNCTION copy_agency_to_donor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.agency := (SELECT code FROM agencies WHERE id = NEW.agency_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER donors_agency BEFORE INSERT OR UPDATE OF agency_id ON donors FOR EACH ROW EXECUTE FUNCTION copy_agency_to_donor();

CREATE FUNCTION copy_kind_to_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.stock_kind := (SELECT stock_kind FROM categories WHERE id = NEW.category_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER items_kind BEFORE INSERT OR UPDATE OF category_id ON items FOR EACH ROW EXECUTE FUNCTION copy_kind_to_item();

CREATE FUNCTION copy_facts_to_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.stock_kind := (SELECT stock_kind FROM items WHERE id = NEW.item_id);
    NEW.donor_agency := (SELECT agency FROM donors WHERE id = NEW.donor_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER lots_facts BEFORE INSERT OR UPDATE OF item_id, donor_id ON lots FOR EACH ROW EXECUTE FUNCTION copy_facts_to_lot();
