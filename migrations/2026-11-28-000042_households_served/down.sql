DROP FUNCTION record_movements;
CREATE FUNCTION record_movements(
    programme uuid, openings uuid[], ids uuid[], lots uuid[], kinds text[], sources uuid[], targets uuid[], amounts integer[],
    causes text[], notes text[], reasons text[], reverses uuid[], of_shipments uuid[], occurred timestamptz, recorded timestamptz, recorder uuid)
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
            occurred_at, recorded_at, user_id)
        SELECT new.*, occurred, recorded, recorder
        FROM unnest(ids, lots, kinds, sources, targets, amounts, causes, notes, reasons, reverses, of_shipments) AS new;
    RETURN QUERY SELECT balances.id, balances.lot_id, balances.location_id, balances.quantity, balances.version, shelters.code
        FROM (SELECT unnest(lots), unnest(sources) UNION SELECT unnest(lots), unnest(targets)) AS touched (lot_id, location_id)
            JOIN balances ON balances.lot_id = touched.lot_id AND balances.location_id = touched.location_id
            JOIN locations ON locations.id = balances.location_id LEFT JOIN shelters ON shelters.id = locations.shelter_id;
END
$$;
REVOKE ALL ON FUNCTION record_movements FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_movements TO enlace_app;
CREATE OR REPLACE FUNCTION refuse_other_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM movements WHERE id = NEW.reverses_id AND kind <> 'CORRECTION' AND lot_id = NEW.lot_id AND quantity = NEW.quantity
        AND from_id IS NOT DISTINCT FROM NEW.to_id AND to_id IS NOT DISTINCT FROM NEW.from_id
        AND shipment_id IS NOT DISTINCT FROM NEW.shipment_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a correction reverses another movement as it stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movements_reversal';
    END IF;
    RETURN NULL;
END
$$;
DROP TRIGGER movements_of_delivery ON movements;
DROP FUNCTION apply_delivery, household_allowance;
ALTER TABLE movements DROP COLUMN delivery_line_id;
DROP TABLE household_delivery_lines, household_deliveries, entitlements;
DROP FUNCTION day_of_delivery, refuse_other_entitlement;
DROP SEQUENCE household_delivery_numbers;
REVOKE UPDATE (pickup_code, version) ON households FROM enlace_app;
ALTER TABLE households DROP COLUMN pickup_code;
DROP FUNCTION new_pickup_code, is_checked_code, code_remainder;
