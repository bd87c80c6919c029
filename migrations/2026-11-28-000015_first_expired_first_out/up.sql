-- First expired, first out: what of an item expires first leaves a store first, unless whoever moves another lot says why.

-- What the law asks of a balance stands in its own row: one look at an index finds what expires earlier. Copied from the lot, and
-- held equal to it.
CREATE UNIQUE INDEX lots_id_item_key ON lots (id, item_id);
CREATE UNIQUE INDEX lots_id_expiry_key ON lots (id, expires_on);
ALTER TABLE balances ADD COLUMN item_id uuid, ADD COLUMN expires_on date;
UPDATE balances SET item_id = lots.item_id, expires_on = lots.expires_on FROM lots WHERE lots.id = lot_id;
ALTER TABLE balances
    ALTER COLUMN item_id SET NOT NULL,
    DROP CONSTRAINT balances_lot_id_fkey,
    ADD CONSTRAINT balances_lot_fkey FOREIGN KEY (lot_id, item_id) REFERENCES lots (id, item_id) ON UPDATE CASCADE,
    ADD CONSTRAINT balances_expiry_fkey FOREIGN KEY (lot_id, expires_on) REFERENCES lots (id, expires_on) ON UPDATE CASCADE;
CREATE INDEX balances_by_expiry ON balances (location_id, item_id, expires_on) WHERE quantity > 0 AND expires_on IS NOT NULL;

CREATE FUNCTION copy_facts_to_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT lots.item_id, lots.expires_on INTO NEW.item_id, NEW.expires_on FROM lots WHERE lots.id = NEW.lot_id;
    RETURN NEW;
END
$$;
CREATE TRIGGER balances_facts BEFORE INSERT OR UPDATE OF lot_id ON balances FOR EACH ROW EXECUTE FUNCTION copy_facts_to_balance();

ALTER TABLE movements
    -- Why goods left before others of the same item that expire earlier.
    ADD COLUMN out_of_order text,
    ADD CONSTRAINT movements_out_of_order CHECK (out_of_order IS NULL OR char_length(out_of_order) BETWEEN 3 AND 500 AND kind IN ('TRANSFER', 'DELIVERY'));

-- Looked at after the balances have changed: what the same statement takes the last of is not left behind. What was there when the
-- programme was loaded had been moved before the law could be kept, and was moved by no user.
CREATE FUNCTION refuse_later_to_expire() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM made JOIN lots ON lots.id = made.lot_id JOIN programmes ON programmes.id = lots.programme_id
        WHERE made.kind IN ('TRANSFER', 'DELIVERY') AND made.out_of_order IS NULL AND made.user_id IS NOT NULL
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
-- Its name has it fire after movements_applied.
CREATE TRIGGER movements_first_expired AFTER INSERT ON movements REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_later_to_expire();

-- Records movements, and says what each store that they touched holds of their lots after them: one round trip under the locks.
-- With the rights of its caller. The arrays are of one length, one movement a place.
CREATE FUNCTION record_movements(
    programme uuid, openings uuid[], ids uuid[], lots uuid[], kinds text[], sources uuid[], targets uuid[], amounts integer[],
    causes text[], notes text[], reasons text[], reverses uuid[], occurred timestamptz, recorded timestamptz, recorder uuid)
    RETURNS TABLE (balance uuid, lot uuid, location uuid, quantity integer, version integer, shelter text) LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    -- In one order, so that two who open the same balances never wait for each other in a circle.
    INSERT INTO balances (id, lot_id, location_id)
        SELECT opening, new.lot_id, locations.id FROM unnest(openings, lots, targets) AS new (opening, lot_id, target)
            JOIN locations ON locations.id = target AND locations.programme_id = programme
        ORDER BY new.lot_id, locations.id
        ON CONFLICT DO NOTHING;
    INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, cause, note, out_of_order, reverses_id, occurred_at, recorded_at, user_id)
        SELECT new.*, occurred, recorded, recorder
        FROM unnest(ids, lots, kinds, sources, targets, amounts, causes, notes, reasons, reverses) AS new;
    RETURN QUERY SELECT balances.id, balances.lot_id, balances.location_id, balances.quantity, balances.version, shelters.code
        FROM (SELECT unnest(lots), unnest(sources) UNION SELECT unnest(lots), unnest(targets)) AS touched (lot_id, location_id)
            JOIN balances ON balances.lot_id = touched.lot_id AND balances.location_id = touched.location_id
            JOIN locations ON locations.id = balances.location_id LEFT JOIN shelters ON shelters.id = locations.shelter_id;
END
$$;
REVOKE ALL ON FUNCTION record_movements FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_movements TO enlace_app;
