DROP FUNCTION record_movements;
CREATE FUNCTION record_movements(
    programme uuid, openings uuid[], ids uuid[], lots uuid[], kinds text[], sources uuid[], targets uuid[], amounts integer[],
    causes text[], notes text[], reasons text[], reverses uuid[], of_shipments uuid[], of_lines uuid[], occurred timestamptz,
    recorded timestamptz, recorder uuid)
    RETURNS TABLE (balance uuid, lot uuid, location uuid, quantity integer, version integer, shelter text) LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    -- In one order, so that two who open the same balances never wait for each other in a circle.
    INSERT INTO balances (id, lot_id, location_id)
        SELECT opening, new.lot_id, locations.id FROM unnest(openings, lots, targets) AS new (opening, lot_id, target)
            JOIN locations ON locations.id = target AND locations.programme_id = programme
        ORDER BY new.lot_id, locations.id
        ON CONFLICT DO NOTHING;
    INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, cause, note, out_of_order, reverses_id, shipment_id,
            delivery_line_id, occurred_at, recorded_at, user_id)
        SELECT new.*, occurred, recorded, recorder
        FROM unnest(ids, lots, kinds, sources, targets, amounts, causes, notes, reasons, reverses, of_shipments, of_lines) AS new;
    RETURN QUERY SELECT balances.id, balances.lot_id, balances.location_id, balances.quantity, balances.version, shelters.code
        FROM (SELECT unnest(lots), unnest(sources) UNION SELECT unnest(lots), unnest(targets)) AS touched (lot_id, location_id)
            JOIN balances ON balances.lot_id = touched.lot_id AND balances.location_id = touched.location_id
            JOIN locations ON locations.id = balances.location_id LEFT JOIN shelters ON shelters.id = locations.shelter_id;
END
$$;
REVOKE ALL ON FUNCTION record_movements FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_movements TO enlace_app;
CREATE OR REPLACE FUNCTION apply_movements() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    wanted bigint;
    met    bigint;
BEGIN
    -- In one order, in which a nested loop takes its outer rows: so two transfers between the same stores never wait for each other
    -- in a circle.
    WITH net AS (
        SELECT lot_id, location_id, sum(change)::integer AS change, count(*)::integer AS times FROM (
            SELECT lot_id, from_id AS location_id, -quantity AS change FROM made WHERE from_id IS NOT NULL
            UNION ALL SELECT lot_id, to_id, quantity FROM made WHERE to_id IS NOT NULL) AS ends
        GROUP BY lot_id, location_id ORDER BY lot_id, location_id),
    applied AS (
        UPDATE balances SET quantity = balances.quantity + net.change, version = version + net.times
            FROM net WHERE balances.lot_id = net.lot_id AND balances.location_id = net.location_id RETURNING 1)
    SELECT (SELECT count(*) FROM net), (SELECT count(*) FROM applied) INTO wanted, met;
    IF met <> wanted THEN
        RAISE EXCEPTION 'a store has no balance of the lot'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movements_between_balances';
    END IF;
    PERFORM FROM made JOIN lots ON lots.id = lot_id
        WHERE made.kind = 'RECEIPT' AND (made.quantity <> lots.received OR made.to_id <> lots.received_at_id);
    IF FOUND THEN
        RAISE EXCEPTION 'a receipt is of the whole lot, where it was received'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movements_receipt_whole';
    END IF;
    -- Expired or recalled goods leave a store written off, or by a correction, which says that they never came.
    PERFORM FROM made JOIN lots ON lots.id = lot_id JOIN programmes ON programmes.id = programme_id
        WHERE made.kind IN ('TRANSFER', 'DELIVERY')
            AND (recalled_at IS NOT NULL OR expires_on <= (occurred_at AT TIME ZONE time_zone)::date);
    IF FOUND THEN
        RAISE EXCEPTION 'a lot has expired or was recalled'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movements_goods_fit';
    END IF;
    RETURN NULL;
END
$$;
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
DROP TRIGGER movements_of_reservation ON movements;
ALTER TABLE movements DROP COLUMN reservation_id;
DROP TABLE reservation_lines, reservations;
DROP FUNCTION use_reservation, release_reservation, keep_reserved, free_expired, refuse_other_end;
DROP SEQUENCE reservation_numbers;
ALTER TABLE balances DROP COLUMN reserved;
