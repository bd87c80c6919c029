REVOKE INSERT (unit) ON lots FROM enlace_app;
REVOKE INSERT (id, programme_id, kind, agency_id, name, contact), UPDATE (name, contact, version) ON donors FROM enlace_app;
REVOKE INSERT (id, programme_id, category_id, code, name, unit, gtin, perishable, pack_sizes, minimum_stock),
    UPDATE (category_id, name, unit, gtin, perishable, pack_sizes, minimum_stock, version) ON items FROM enlace_app;
ALTER TABLE donors
    DROP CONSTRAINT donors_kind,
    DROP CONSTRAINT donors_anonymous,
    DROP CONSTRAINT donors_contact_form,
    DROP CONSTRAINT donors_name_form,
    DROP COLUMN version;
UPDATE donors SET kind = 'PERSON', name = 'Anónimo' WHERE kind = 'ANONYMOUS';
ALTER TABLE donors
    ADD CONSTRAINT donors_kind CHECK (kind IN ('AGENCY', 'ORGANISATION', 'PERSON')),
    ALTER COLUMN name SET NOT NULL;
DROP TRIGGER lots_facts ON lots;
CREATE TRIGGER lots_facts BEFORE INSERT OR UPDATE OF item_id, donor_id ON lots FOR EACH ROW EXECUTE FUNCTION copy_facts_to_lot();
CREATE OR REPLACE FUNCTION copy_facts_to_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT items.stock_kind, donors.agency INTO NEW.stock_kind, NEW.donor_agency
        FROM (VALUES (NEW.item_id, NEW.donor_id)) AS lot (item_id, donor_id)
        LEFT JOIN items ON items.id = lot.item_id LEFT JOIN donors ON donors.id = lot.donor_id;
    RETURN NEW;
END
$$;
ALTER TABLE lots DROP COLUMN unit;
DROP INDEX items_id_unit_key;
ALTER TABLE items
    DROP CONSTRAINT items_code_form,
    DROP CONSTRAINT items_name_form,
    DROP CONSTRAINT items_name_key,
    DROP COLUMN gtin,
    DROP COLUMN perishable,
    DROP COLUMN pack_sizes,
    DROP COLUMN minimum_stock,
    DROP COLUMN version;
DROP FUNCTION is_gtin(text), are_pack_sizes(integer[]);
