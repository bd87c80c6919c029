CREATE OR REPLACE FUNCTION refuse_later_to_expire() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM made JOIN lots ON lots.id = made.lot_id JOIN programmes ON programmes.id = lots.programme_id
            JOIN locations ON locations.id = made.from_id
        WHERE made.kind IN ('TRANSFER', 'DELIVERY') AND made.out_of_order IS NULL AND made.user_id IS NOT NULL
            AND locations.kind <> 'TRANSIT'
            AND EXISTS (
                SELECT FROM balances JOIN lots AS earlier ON earlier.id = balances.lot_id
                WHERE balances.location_id = made.from_id AND balances.item_id = lots.item_id AND balances.quantity > 0
                    AND balances.expires_on > (made.occurred_at AT TIME ZONE programmes.time_zone)::date
                    AND balances.expires_on < coalesce(lots.expires_on, 'infinity')
                    AND earlier.recalled_at IS NULL);
    IF FOUND THEN
        RAISE EXCEPTION 'the store has goods of the item that expire earlier'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movements_first_expired';
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION copy_facts_to_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT lots.item_id, lots.expires_on INTO NEW.item_id, NEW.expires_on FROM lots WHERE lots.id = NEW.lot_id;
    RETURN NEW;
END
$$;
ALTER TABLE balances DROP COLUMN expires_on;
CREATE UNIQUE INDEX lots_id_item_key ON lots (id, item_id);
CREATE UNIQUE INDEX lots_id_expiry_key ON lots (id, expires_on);
ALTER TABLE balances ADD COLUMN expires_on date;
UPDATE balances SET expires_on = lots.expires_on FROM lots WHERE lots.id = lot_id;
ALTER TABLE balances
    DROP CONSTRAINT balances_lot_fkey,
    DROP COLUMN category_id,
    DROP COLUMN stock_kind,
    DROP COLUMN received_on,
    DROP COLUMN keeps_until,
    DROP COLUMN code,
    DROP COLUMN item_name,
    DROP COLUMN in_stock,
    ADD CONSTRAINT balances_lot_fkey FOREIGN KEY (lot_id, item_id) REFERENCES lots (id, item_id) ON UPDATE CASCADE,
    ADD CONSTRAINT balances_expiry_fkey FOREIGN KEY (lot_id, expires_on) REFERENCES lots (id, expires_on) ON UPDATE CASCADE;
CREATE INDEX balances_by_location ON balances (location_id, lot_id) WHERE quantity > 0;
CREATE INDEX balances_by_expiry ON balances (location_id, item_id, expires_on) WHERE quantity > 0 AND expires_on IS NOT NULL;

DROP INDEX lots_facts_key;
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
DROP INDEX lots_by_kind_received, lots_by_kind_expiry, lots_by_kind_code, lots_by_kind_name, lots_by_item_received, lots_by_item_expiry,
    lots_by_donor_received, lots_by_donor_expiry, lots_by_donation_received, lots_by_donation_code;
ALTER TABLE lots
    DROP CONSTRAINT lots_item_fkey,
    DROP COLUMN category_id,
    DROP COLUMN item_code,
    DROP COLUMN item_name,
    DROP COLUMN keeps_until,
    ALTER COLUMN code TYPE text COLLATE "default",
    ADD CONSTRAINT lots_item_fkey FOREIGN KEY (item_id, stock_kind) REFERENCES items (id, stock_kind) ON UPDATE CASCADE;
CREATE INDEX lots_by_expiry ON lots (programme_id, expires_on, id);
CREATE INDEX lots_by_item ON lots (item_id);
CREATE INDEX lots_by_donor ON lots (donor_id);

DROP INDEX items_facts_key;
DROP TRIGGER categories_renamed ON categories;
DROP FUNCTION rename_words_of_items();
DROP TRIGGER items_kind ON items;
CREATE OR REPLACE FUNCTION copy_kind_to_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.stock_kind := (SELECT stock_kind FROM categories WHERE id = NEW.category_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER items_kind BEFORE INSERT OR UPDATE OF category_id ON items FOR EACH ROW EXECUTE FUNCTION copy_kind_to_item();
ALTER TABLE items DROP COLUMN words;
DROP FUNCTION words_of(text), folded(text);
DROP EXTENSION unaccent;
DROP EXTENSION pg_trgm;
