-- Reservations: goods that are kept for somebody for a while. Nobody else's movement takes them; they are set free by whoever reserved
-- them, and by their time.

ALTER TABLE balances
    -- Kept by the reservations' own triggers, as the quantity is by the ledger.
    ADD COLUMN reserved integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT balances_reserved CHECK (reserved BETWEEN 0 AND quantity);

CREATE SEQUENCE reservation_numbers;
CREATE TABLE reservations (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('RES', 'reservation_numbers'),
    -- The store in which the goods lie.
    location_id  uuid NOT NULL REFERENCES locations,
    -- What for: a request, or in words.
    request_id   uuid REFERENCES supply_requests,
    note         text,
    reserved_at  timestamptz NOT NULL,
    until        timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    -- When what was left of it was set free: by whoever reserved it, or since its time was over.
    ended_at     timestamptz,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT reservations_code_key UNIQUE (programme_id, code),
    CONSTRAINT reservations_note CHECK (char_length(note) BETWEEN 3 AND 500),
    CONSTRAINT reservations_for_something CHECK (num_nonnulls(request_id, note) > 0),
    CONSTRAINT reservations_until CHECK (until > reserved_at AND until <= reserved_at + interval '14 days'),
    -- What its lines repeat.
    CONSTRAINT reservations_facts_key UNIQUE (id, location_id, until)
);
CREATE INDEX reservations_by_id ON reservations (programme_id, id);
CREATE INDEX reservations_by_location ON reservations (location_id, id);
CREATE INDEX reservations_open ON reservations (programme_id, until) WHERE ended_at IS NULL;

-- So much of one lot.
CREATE TABLE reservation_lines (
    reservation_id uuid NOT NULL,
    lot_id         uuid NOT NULL,
    -- As the reservation has them: what is over is found by its balance.
    location_id    uuid NOT NULL,
    until          timestamptz NOT NULL,
    -- By which it is named alone.
    id             uuid NOT NULL GENERATED ALWAYS AS (md5(uuid_send(reservation_id) || uuid_send(lot_id))::uuid) STORED,
    reserved       integer NOT NULL,
    -- Taken by movements that name the reservation, and set free.
    used           integer NOT NULL DEFAULT 0,
    released       integer NOT NULL DEFAULT 0,
    left_over      integer NOT NULL GENERATED ALWAYS AS (reserved - used - released) STORED,
    PRIMARY KEY (reservation_id, lot_id),
    CONSTRAINT reservation_lines_id_key UNIQUE (id),
    CONSTRAINT reservation_lines_reservation_fkey FOREIGN KEY (reservation_id, location_id, until)
        REFERENCES reservations (id, location_id, until),
    CONSTRAINT reservation_lines_balance_fkey FOREIGN KEY (lot_id, location_id) REFERENCES balances (lot_id, location_id),
    CONSTRAINT reservation_lines_reserved CHECK (reserved > 0),
    CONSTRAINT reservation_lines_within CHECK (least(used, released) >= 0 AND used + released <= reserved)
);
CREATE INDEX reservation_lines_by_balance ON reservation_lines (lot_id, location_id, until) WHERE used + released < reserved;

-- A reservation ends once, and nothing else of it changes.
CREATE FUNCTION refuse_other_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL THEN
        RAISE EXCEPTION 'a reservation ends once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'reservations_ended_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER reservations_ended_once BEFORE UPDATE ON reservations FOR EACH ROW EXECUTE FUNCTION refuse_other_end();

-- Sets free what is over at a moment of what is reserved of some balances. They are held first, in one order: whoever changes what is
-- reserved of a balance holds it, and nobody who waits for one holds a later one.
CREATE FUNCTION free_expired(lots uuid[], stores uuid[], at timestamptz) RETURNS void LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM balances JOIN (SELECT DISTINCT lot, store FROM unnest(lots, stores) AS asked (lot, store)) AS asked
            ON balances.lot_id = asked.lot AND balances.location_id = asked.store
        ORDER BY lot_id, location_id FOR NO KEY UPDATE OF balances;
    UPDATE reservation_lines SET released = released + left_over
        FROM (SELECT DISTINCT lot, store FROM unnest(lots, stores) AS asked (lot, store)) AS asked
        WHERE lot_id = asked.lot AND location_id = asked.store AND until <= at AND used + released < reserved;
END
$$;
REVOKE ALL ON FUNCTION free_expired FROM PUBLIC;

-- What is reserved of a balance is what its reservations have left. As its owner: the server writes none of it itself.
CREATE FUNCTION keep_reserved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    before integer := 0;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        before := OLD.left_over;
    ELSE
        PERFORM free_expired(ARRAY[NEW.lot_id], ARRAY[NEW.location_id], reserved_at) FROM reservations WHERE id = NEW.reservation_id;
    END IF;
    IF NEW.left_over <> before THEN
        UPDATE balances SET reserved = reserved + NEW.left_over - before WHERE lot_id = NEW.lot_id AND location_id = NEW.location_id;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION keep_reserved() FROM PUBLIC;
CREATE TRIGGER reservation_lines_kept AFTER INSERT OR UPDATE ON reservation_lines FOR EACH ROW EXECUTE FUNCTION keep_reserved();

-- What is left of a reservation that ends is set free. As its owner.
CREATE FUNCTION release_reservation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM balances JOIN reservation_lines AS line ON line.lot_id = balances.lot_id AND line.location_id = balances.location_id
        WHERE line.reservation_id = NEW.id ORDER BY balances.lot_id, balances.location_id FOR NO KEY UPDATE OF balances;
    UPDATE reservation_lines SET released = released + left_over WHERE reservation_id = NEW.id AND used + released < reserved;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION release_reservation() FROM PUBLIC;
CREATE TRIGGER reservations_released AFTER UPDATE OF ended_at ON reservations FOR EACH ROW EXECUTE FUNCTION release_reservation();

ALTER TABLE movements ADD COLUMN reservation_id uuid REFERENCES reservations;

-- A movement that names a reservation takes what that keeps, and no more. Before the balances change, which are held in their order. As
-- its owner.
CREATE FUNCTION use_reservation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM balances JOIN (SELECT lot_id, from_id AS location_id FROM made UNION SELECT lot_id, to_id FROM made) AS touched
            ON touched.lot_id = balances.lot_id AND touched.location_id = balances.location_id
        ORDER BY balances.lot_id, balances.location_id FOR NO KEY UPDATE OF balances;
    UPDATE reservation_lines SET used = used + NEW.quantity
        WHERE reservation_id = NEW.reservation_id AND lot_id = NEW.lot_id AND location_id = NEW.from_id
            AND NEW.kind IN ('TRANSFER', 'DELIVERY') AND until > NEW.recorded_at AND left_over >= NEW.quantity;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the reservation keeps less of the lot in that store, or is over'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'movements_of_reservation';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION use_reservation() FROM PUBLIC;
CREATE TRIGGER movements_of_reservation AFTER INSERT ON movements REFERENCING NEW TABLE AS made FOR EACH ROW
    WHEN (NEW.reservation_id IS NOT NULL) EXECUTE FUNCTION use_reservation();

-- As before; and where a movement would take what is reserved for somebody whose time is over, that is set free first. Nothing is
-- looked up for it otherwise.
CREATE OR REPLACE FUNCTION apply_movements() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    wanted bigint;
    met    bigint;
    broken text;
    freed  boolean := false;
BEGIN
    LOOP
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
            EXIT;
        EXCEPTION WHEN check_violation THEN
            GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
            IF freed OR broken <> 'balances_reserved' THEN
                RAISE;
            END IF;
            -- What was held for it is held no more: it is held again in its order.
            PERFORM free_expired(array_agg(lot_id), array_agg(location_id), max(recorded_at)) FROM (
                SELECT lot_id, from_id AS location_id, recorded_at FROM made WHERE from_id IS NOT NULL
                UNION ALL SELECT lot_id, to_id, recorded_at FROM made WHERE to_id IS NOT NULL) AS ends;
            freed := true;
        END;
    END LOOP;
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

-- First expired, first out, of what is reserved for nobody else: what was reserved is taken as it was reserved.
CREATE OR REPLACE FUNCTION refuse_later_to_expire() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM made JOIN lots ON lots.id = made.lot_id JOIN programmes ON programmes.id = lots.programme_id
            JOIN locations ON locations.id = made.from_id
        WHERE made.kind IN ('TRANSFER', 'DELIVERY') AND made.out_of_order IS NULL AND made.user_id IS NOT NULL
            AND made.reservation_id IS NULL AND locations.kind <> 'TRANSIT'
            AND EXISTS (
                SELECT FROM balances JOIN lots AS earlier ON earlier.id = balances.lot_id
                WHERE balances.location_id = made.from_id AND balances.item_id = lots.item_id AND balances.in_stock
                    AND balances.quantity > balances.reserved
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

-- With the reservation that a movement uses up, and what is reserved after it.
DROP FUNCTION record_movements;
CREATE FUNCTION record_movements(
    programme uuid, openings uuid[], ids uuid[], lots uuid[], kinds text[], sources uuid[], targets uuid[], amounts integer[],
    causes text[], notes text[], reasons text[], reverses uuid[], of_shipments uuid[], of_lines uuid[], of_reservations uuid[],
    occurred timestamptz, recorded timestamptz, recorder uuid)
    RETURNS TABLE (balance uuid, lot uuid, location uuid, quantity integer, reserved integer, version integer, shelter text)
    LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    -- In one order, so that two who open the same balances never wait for each other in a circle.
    INSERT INTO balances (id, lot_id, location_id)
        SELECT opening, new.lot_id, locations.id FROM unnest(openings, lots, targets) AS new (opening, lot_id, target)
            JOIN locations ON locations.id = target AND locations.programme_id = programme
        ORDER BY new.lot_id, locations.id
        ON CONFLICT DO NOTHING;
    INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, cause, note, out_of_order, reverses_id, shipment_id,
            delivery_line_id, reservation_id, occurred_at, recorded_at, user_id)
        SELECT new.*, occurred, recorded, recorder
        FROM unnest(ids, lots, kinds, sources, targets, amounts, causes, notes, reasons, reverses, of_shipments, of_lines,
            of_reservations) AS new;
    RETURN QUERY SELECT balances.id, balances.lot_id, balances.location_id, balances.quantity, balances.reserved, balances.version,
            shelters.code
        FROM (SELECT unnest(lots), unnest(sources) UNION SELECT unnest(lots), unnest(targets)) AS touched (lot_id, location_id)
            JOIN balances ON balances.lot_id = touched.lot_id AND balances.location_id = touched.location_id
            JOIN locations ON locations.id = balances.location_id LEFT JOIN shelters ON shelters.id = locations.shelter_id;
END
$$;
REVOKE ALL ON FUNCTION record_movements FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_movements TO enlace_app;

GRANT SELECT ON reservations, reservation_lines TO enlace_app;
GRANT USAGE ON SEQUENCE reservation_numbers TO enlace_app;
GRANT INSERT (id, programme_id, location_id, request_id, note, reserved_at, until, user_id), UPDATE (ended_at) ON reservations TO enlace_app;
GRANT INSERT (reservation_id, lot_id, location_id, until, reserved) ON reservation_lines TO enlace_app;
