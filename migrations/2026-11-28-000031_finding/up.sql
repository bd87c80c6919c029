-- Finding: each way in which lots are selected and ordered has an index that holds its rows in that order, so that a page takes as
-- long whatever there is beside it. What such an index needs of other tables stands in the lot's own row, and of the lots that lie in a
-- store in the balance's. The database copies it, and holds each copy equal to its source.
-- Which index serves what: schema/src/donations/finding/combinations.rs.

-- Both are trusted: whoever may create something in the database may create them.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;

-- Without accents and capitals. PostgreSQL holds unaccent for changeable, since a dictionary can be altered: this one names its own.
CREATE FUNCTION folded(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT lower(public.unaccent('public.unaccent'::regdictionary, $1))
$$;
-- Words and numbers, each behind a space.
CREATE FUNCTION words_of(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ' ' || regexp_replace(public.folded($1), '[^[:alnum:]]+', ' ', 'g')
$$;

ALTER TABLE items
    -- The words by which it is found: of its name, its code, and the names of its category.
    ADD COLUMN words text;
UPDATE items SET words = words_of(concat_ws(' ', items.name, items.code, categories.name, categories.name_en))
    FROM categories WHERE categories.id = category_id;
ALTER TABLE items ALTER COLUMN words SET NOT NULL;
CREATE INDEX items_by_words ON items USING gin (words gin_trgm_ops);
CREATE OR REPLACE FUNCTION copy_kind_to_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT stock_kind, words_of(concat_ws(' ', NEW.name, NEW.code, name, name_en)) INTO NEW.stock_kind, NEW.words
        FROM categories WHERE id = NEW.category_id;
    RETURN NEW;
END
$$;
DROP TRIGGER items_kind ON items;
CREATE TRIGGER items_kind BEFORE INSERT OR UPDATE OF category_id, code, name, words ON items
    FOR EACH ROW EXECUTE FUNCTION copy_kind_to_item();
CREATE FUNCTION rename_words_of_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE items SET category_id = category_id WHERE category_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER categories_renamed AFTER UPDATE OF name, name_en ON categories FOR EACH ROW EXECUTE FUNCTION rename_words_of_items();

-- What a lot shows of its item, and is ordered and selected by.
CREATE UNIQUE INDEX items_facts_key ON items (id, stock_kind, category_id, code, name);
-- Codes and names sort by their letters' numbers, whatever the machine's own order is: a cursor outlives a machine.
ALTER TABLE lots
    ALTER COLUMN code TYPE text COLLATE "C",
    ADD COLUMN category_id uuid,
    ADD COLUMN item_code text,
    ADD COLUMN item_name text COLLATE "C",
    -- Later than any day that is stored, where it does not expire.
    ADD COLUMN keeps_until date NOT NULL GENERATED ALWAYS AS (coalesce(expires_on, DATE '9999-12-31')) STORED;
UPDATE lots SET category_id = items.category_id, item_code = items.code, item_name = items.name
    FROM items WHERE items.id = item_id;
ALTER TABLE lots
    ALTER COLUMN category_id SET NOT NULL,
    ALTER COLUMN item_code SET NOT NULL,
    ALTER COLUMN item_name SET NOT NULL,
    DROP CONSTRAINT lots_item_fkey,
    ADD CONSTRAINT lots_item_fkey FOREIGN KEY (item_id, stock_kind, category_id, item_code, item_name)
        REFERENCES items (id, stock_kind, category_id, code, name) ON UPDATE CASCADE;
CREATE OR REPLACE FUNCTION copy_facts_to_lot() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    perishable boolean;
BEGIN
    SELECT items.stock_kind, items.category_id, items.code, items.name, donors.agency, coalesce(NEW.unit, items.unit), items.perishable
        INTO NEW.stock_kind, NEW.category_id, NEW.item_code, NEW.item_name, NEW.donor_agency, NEW.unit, perishable
        FROM (VALUES (NEW.item_id, NEW.donor_id)) AS lot (item_id, donor_id)
        LEFT JOIN items ON items.id = lot.item_id LEFT JOIN donors ON donors.id = lot.donor_id;
    IF perishable AND NEW.expires_on IS NULL THEN
        RAISE EXCEPTION 'a lot of what perishes has an expiry'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lots_perishable_expires';
    END IF;
    RETURN NEW;
END
$$;

-- The last column of an index is asked where the caller sees goods of one kind only; the whole programme has indexes for each kind.
DROP INDEX lots_by_expiry, lots_by_item, lots_by_donor;
CREATE INDEX lots_by_expiry ON lots (programme_id, keeps_until, id);
CREATE INDEX lots_by_name ON lots (programme_id, item_name, id);
CREATE INDEX lots_by_kind_received ON lots (programme_id, stock_kind, received_on, id);
CREATE INDEX lots_by_kind_expiry ON lots (programme_id, stock_kind, keeps_until, id);
CREATE INDEX lots_by_kind_code ON lots (programme_id, stock_kind, code);
CREATE INDEX lots_by_kind_name ON lots (programme_id, stock_kind, item_name, id);
CREATE INDEX lots_by_category_received ON lots (category_id, received_on, id, stock_kind);
CREATE INDEX lots_by_category_expiry ON lots (category_id, keeps_until, id, stock_kind);
CREATE INDEX lots_by_category_code ON lots (category_id, code, stock_kind);
CREATE INDEX lots_by_category_name ON lots (category_id, item_name, id, stock_kind);
CREATE INDEX lots_by_item_received ON lots (item_id, received_on, id, stock_kind);
CREATE INDEX lots_by_item_expiry ON lots (item_id, keeps_until, id, stock_kind);
CREATE INDEX lots_by_donor_received ON lots (donor_id, received_on, id, stock_kind);
CREATE INDEX lots_by_donor_expiry ON lots (donor_id, keeps_until, id, stock_kind);
CREATE INDEX lots_by_donor_category_received ON lots (donor_id, category_id, received_on, id, stock_kind);
CREATE INDEX lots_by_donation_received ON lots (donation_id, id, stock_kind);
CREATE INDEX lots_by_donation_code ON lots (donation_id, code, stock_kind);

-- The same of what lies in a store.
CREATE UNIQUE INDEX lots_facts_key ON lots (id, item_id, category_id, stock_kind, received_on, keeps_until, code, item_name);
ALTER TABLE balances
    ADD COLUMN category_id uuid,
    ADD COLUMN stock_kind text,
    ADD COLUMN received_on date,
    ADD COLUMN keeps_until date,
    ADD COLUMN code text COLLATE "C",
    ADD COLUMN item_name text COLLATE "C",
    -- The indexes hold what there is some of. Their condition names this and not the quantity, so that a movement that leaves some has
    -- none of them to write.
    ADD COLUMN in_stock boolean NOT NULL GENERATED ALWAYS AS (quantity > 0) STORED;
UPDATE balances SET (category_id, stock_kind, received_on, keeps_until, code, item_name)
        = (lots.category_id, lots.stock_kind, lots.received_on, lots.keeps_until, lots.code, lots.item_name)
    FROM lots WHERE lots.id = lot_id;
ALTER TABLE balances
    ALTER COLUMN category_id SET NOT NULL,
    ALTER COLUMN stock_kind SET NOT NULL,
    ALTER COLUMN received_on SET NOT NULL,
    ALTER COLUMN keeps_until SET NOT NULL,
    ALTER COLUMN code SET NOT NULL,
    ALTER COLUMN item_name SET NOT NULL,
    DROP CONSTRAINT balances_lot_fkey,
    ADD CONSTRAINT balances_lot_fkey FOREIGN KEY (lot_id, item_id, category_id, stock_kind, received_on, keeps_until, code, item_name)
        REFERENCES lots (id, item_id, category_id, stock_kind, received_on, keeps_until, code, item_name) ON UPDATE CASCADE;
-- The expiry follows from the day that is held equal to the lot's.
ALTER TABLE balances DROP COLUMN expires_on;
ALTER TABLE balances ADD COLUMN expires_on date GENERATED ALWAYS AS (nullif(keeps_until, DATE '9999-12-31')) STORED;
DROP INDEX lots_id_item_key, lots_id_expiry_key;
CREATE OR REPLACE FUNCTION copy_facts_to_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT item_id, category_id, stock_kind, received_on, keeps_until, code, item_name
        INTO NEW.item_id, NEW.category_id, NEW.stock_kind, NEW.received_on, NEW.keeps_until, NEW.code, NEW.item_name
        FROM lots WHERE id = NEW.lot_id;
    RETURN NEW;
END
$$;
DROP INDEX balances_by_location;
CREATE INDEX balances_by_location ON balances (location_id, lot_id) WHERE in_stock;
CREATE INDEX balances_by_store_received ON balances (location_id, received_on, lot_id, stock_kind) WHERE in_stock;
CREATE INDEX balances_by_store_expiry ON balances (location_id, keeps_until, lot_id, stock_kind) WHERE in_stock;
CREATE INDEX balances_by_store_code ON balances (location_id, code, stock_kind) WHERE in_stock;
CREATE INDEX balances_by_store_name ON balances (location_id, item_name, lot_id, stock_kind) WHERE in_stock;
CREATE INDEX balances_by_category_received ON balances (location_id, category_id, received_on, lot_id, stock_kind) WHERE in_stock;
CREATE INDEX balances_by_category_expiry ON balances (location_id, category_id, keeps_until, lot_id, stock_kind) WHERE in_stock;
CREATE INDEX balances_by_item_received ON balances (location_id, item_id, received_on, lot_id, stock_kind) WHERE in_stock;
CREATE INDEX balances_by_item_expiry ON balances (location_id, item_id, keeps_until, lot_id, stock_kind) WHERE in_stock;

-- First expired, first out, looked up in the index of a store's lots of an item by their expiry.
CREATE OR REPLACE FUNCTION refuse_later_to_expire() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM made JOIN lots ON lots.id = made.lot_id JOIN programmes ON programmes.id = lots.programme_id
            JOIN locations ON locations.id = made.from_id
        WHERE made.kind IN ('TRANSFER', 'DELIVERY') AND made.out_of_order IS NULL AND made.user_id IS NOT NULL
            AND locations.kind <> 'TRANSIT'
            AND EXISTS (
                SELECT FROM balances JOIN lots AS earlier ON earlier.id = balances.lot_id
                WHERE balances.location_id = made.from_id AND balances.item_id = lots.item_id AND balances.in_stock
                    AND balances.keeps_until > (made.occurred_at AT TIME ZONE programmes.time_zone)::date
                    AND balances.keeps_until < lots.keeps_until
                    AND earlier.recalled_at IS NULL);
    IF FOUND THEN
        RAISE EXCEPTION 'the store has goods of the item that expire earlier'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movements_first_expired';
    END IF;
    RETURN NULL;
END
$$;
