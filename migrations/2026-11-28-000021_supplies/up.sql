-- How a shelter is supplied: it asks for goods, somebody approves so much of them, and they are sent and received. What was sent, what
-- came and what was lost is what the ledger says, kept with each line as the balances are.

-- Goods on their way lie in a location of their own, one for each programme.
ALTER TABLE locations DROP CONSTRAINT locations_kind,
    ADD CONSTRAINT locations_kind CHECK (kind IN ('WAREHOUSE', 'SHELTER_STORE', 'TRANSIT'));
CREATE UNIQUE INDEX locations_transit_key ON locations (programme_id) WHERE kind = 'TRANSIT';
INSERT INTO locations (id, programme_id, code, name, kind) SELECT gen_random_uuid(), id, 'TRANSITO', 'En tránsito', 'TRANSIT' FROM programmes;

CREATE SEQUENCE supply_request_numbers;
CREATE SEQUENCE shipment_numbers;
CREATE FUNCTION next_code(prefix text, numbers regclass) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT prefix || '-' || lpad(number, greatest(6, length(number)), '0') FROM (SELECT nextval(numbers)::text) AS next (number)
$$;

-- What a shelter asks for.
CREATE TABLE supply_requests (
    id            uuid PRIMARY KEY,
    programme_id  uuid NOT NULL REFERENCES programmes,
    code          text NOT NULL DEFAULT next_code('SOL', 'supply_request_numbers'),
    location_id   uuid NOT NULL REFERENCES locations,
    needed_by     date,
    note          text,
    requested_at  timestamptz NOT NULL,
    -- Who asked; none for what was there when the programme was loaded, as below.
    user_id       uuid REFERENCES users,
    state         text NOT NULL DEFAULT 'SUBMITTED',
    decided_at    timestamptz,
    decided_by    uuid REFERENCES users,
    decision_note text,
    closed_at     timestamptz,
    version       integer NOT NULL DEFAULT 1,
    CONSTRAINT supply_requests_code_key UNIQUE (programme_id, code),
    CONSTRAINT supply_requests_location_key UNIQUE (id, location_id),
    CONSTRAINT supply_requests_note CHECK (char_length(note) BETWEEN 3 AND 500),
    CONSTRAINT supply_requests_decision_note CHECK (char_length(decision_note) BETWEEN 3 AND 500),
    CONSTRAINT supply_requests_state CHECK (state IN ('SUBMITTED', 'APPROVED', 'REFUSED', 'FULFILLED', 'CLOSED')),
    CONSTRAINT supply_requests_decided CHECK (
        CASE state WHEN 'SUBMITTED' THEN decided_at IS NULL WHEN 'CLOSED' THEN true ELSE decided_at IS NOT NULL AND decided_at >= requested_at END),
    CONSTRAINT supply_requests_closed CHECK ((state = 'CLOSED') = (closed_at IS NOT NULL))
);
CREATE INDEX supply_requests_by_id ON supply_requests (programme_id, id);
CREATE INDEX supply_requests_by_location ON supply_requests (location_id, id);

CREATE TABLE supply_request_lines (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES supply_requests,
    item_id    uuid NOT NULL REFERENCES items,
    requested  integer NOT NULL,
    -- None before it is decided.
    approved   integer,
    -- Sent, less what was lost on the way; and what of it has come.
    supplied   integer NOT NULL DEFAULT 0,
    received   integer NOT NULL DEFAULT 0,
    CONSTRAINT supply_request_lines_item_key UNIQUE (request_id, item_id),
    CONSTRAINT supply_request_lines_requested CHECK (requested > 0),
    CONSTRAINT supply_request_lines_approved CHECK (approved BETWEEN 0 AND requested),
    CONSTRAINT supply_request_lines_supplied CHECK (supplied BETWEEN 0 AND coalesce(approved, 0)),
    CONSTRAINT supply_request_lines_received CHECK (received BETWEEN 0 AND supplied)
);

-- A request is decided once, and one that is over stays so. It is fulfilled when all that was approved has come, and as long as it has.
CREATE FUNCTION refuse_other_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    whole boolean := NOT EXISTS (SELECT FROM supply_request_lines WHERE request_id = NEW.id AND received < approved);
BEGIN
    IF NOT (CASE OLD.state
        WHEN 'SUBMITTED' THEN NEW.state IN ('APPROVED', 'REFUSED', 'CLOSED')
        WHEN 'APPROVED' THEN NEW.state = 'CLOSED' OR NEW.state = 'FULFILLED' AND whole
        WHEN 'FULFILLED' THEN NEW.state = 'APPROVED' AND NOT whole
        ELSE false END)
    THEN
        RAISE EXCEPTION 'a request is decided once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'supply_requests_decided_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER supply_requests_decided_once BEFORE UPDATE ON supply_requests FOR EACH ROW EXECUTE FUNCTION refuse_other_decision();

CREATE FUNCTION refuse_late_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM supply_requests WHERE id = NEW.request_id AND state = 'SUBMITTED';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a request is decided once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'supply_requests_decided_once';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER supply_request_lines_decided_once BEFORE UPDATE OF approved ON supply_request_lines FOR EACH ROW
    EXECUTE FUNCTION refuse_late_approval();

-- Goods that are sent from one store to another.
CREATE TABLE shipments (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('ENV', 'shipment_numbers'),
    from_id      uuid NOT NULL REFERENCES locations,
    to_id        uuid NOT NULL REFERENCES locations,
    request_id   uuid,
    note         text,
    sent_at      timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    -- In articles, the base units of whatever it carries.
    sent         integer NOT NULL DEFAULT 0,
    received     integer NOT NULL DEFAULT 0,
    lost         integer NOT NULL DEFAULT 0,
    version      integer NOT NULL DEFAULT 0,
    -- Of what was sent all came back into the ledger of its store: it never left. Or some is on its way, or none any more.
    state        text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN sent = 0 THEN 'CANCELLED' WHEN received + lost < sent THEN 'IN_TRANSIT' ELSE 'RECEIVED' END) STORED,
    CONSTRAINT shipments_code_key UNIQUE (programme_id, code),
    CONSTRAINT shipments_distinct_ends CHECK (from_id <> to_id),
    CONSTRAINT shipments_note CHECK (char_length(note) BETWEEN 3 AND 500),
    -- It goes to whoever asked.
    CONSTRAINT shipments_request_fkey FOREIGN KEY (request_id, to_id) REFERENCES supply_requests (id, location_id)
);
CREATE INDEX shipments_by_id ON shipments (programme_id, id);
CREATE INDEX shipments_by_source ON shipments (from_id, id);
CREATE INDEX shipments_by_target ON shipments (to_id, id);
CREATE INDEX shipments_by_request ON shipments (request_id) WHERE request_id IS NOT NULL;

CREATE TABLE shipment_lines (
    shipment_id uuid NOT NULL REFERENCES shipments,
    lot_id      uuid NOT NULL REFERENCES lots,
    -- By which it is named alone.
    id          uuid NOT NULL GENERATED ALWAYS AS (md5(uuid_send(shipment_id) || uuid_send(lot_id))::uuid) STORED,
    sent        integer NOT NULL DEFAULT 0,
    received    integer NOT NULL DEFAULT 0,
    lost        integer NOT NULL DEFAULT 0,
    PRIMARY KEY (shipment_id, lot_id),
    CONSTRAINT shipment_lines_id_key UNIQUE (id),
    CONSTRAINT shipment_lines_not_negative CHECK (least(sent, received, lost) >= 0),
    -- What did not come is explained as lost, or is still on its way.
    CONSTRAINT shipment_lines_within_sent CHECK (received + lost <= sent)
);

ALTER TABLE movements ADD COLUMN shipment_id uuid REFERENCES shipments;
CREATE INDEX movements_by_shipment ON movements (shipment_id) WHERE shipment_id IS NOT NULL;

-- A correction of what a shipment did is of that shipment.
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

-- What expires first leaves a store first; goods on their way are in no store.
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

-- Goods go on their way, and come off it, with a shipment and between its two stores; its lines and its request follow the ledger. As
-- its owner: the server writes none of these itself.
CREATE FUNCTION apply_shipments() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    moved  uuid[];
    asking uuid[];
    wanted bigint;
    met    bigint;
BEGIN
    PERFORM FROM made LEFT JOIN locations AS source ON source.id = made.from_id LEFT JOIN locations AS target ON target.id = made.to_id
            LEFT JOIN shipments ON shipments.id = made.shipment_id
        WHERE (made.shipment_id IS NOT NULL) <> ('TRANSIT' IN (coalesce(source.kind, ''), coalesce(target.kind, '')))
            OR made.kind = 'TRANSFER' AND source.kind = 'TRANSIT' AND made.to_id <> shipments.to_id
            OR made.kind = 'TRANSFER' AND target.kind = 'TRANSIT' AND made.from_id <> shipments.from_id
            OR made.kind IN ('RECEIPT', 'DELIVERY') AND made.shipment_id IS NOT NULL;
    IF FOUND THEN
        RAISE EXCEPTION 'goods go on their way with a shipment, between its stores'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movements_of_shipment';
    END IF;
    moved := ARRAY(SELECT DISTINCT shipment_id FROM made WHERE shipment_id IS NOT NULL);
    IF moved = '{}' THEN
        RETURN NULL;
    END IF;
    -- Who else moves something of them waits here, and then sees what this one did.
    PERFORM FROM shipments WHERE id = ANY (moved) ORDER BY id FOR NO KEY UPDATE;
    asking := ARRAY(SELECT DISTINCT request_id FROM shipments WHERE id = ANY (moved) AND request_id IS NOT NULL);
    PERFORM FROM supply_requests WHERE id = ANY (asking) ORDER BY id FOR NO KEY UPDATE;
    PERFORM FROM made JOIN shipments ON shipments.id = made.shipment_id JOIN supply_requests ON supply_requests.id = shipments.request_id
        WHERE made.kind = 'TRANSFER' AND made.from_id = shipments.from_id AND supply_requests.state <> 'APPROVED';
    IF FOUND THEN
        RAISE EXCEPTION 'goods are sent for a request that was approved'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'shipments_request_approved';
    END IF;

    INSERT INTO shipment_lines (shipment_id, lot_id) SELECT DISTINCT shipment_id, lot_id FROM made WHERE shipment_id IS NOT NULL
        ON CONFLICT DO NOTHING;
    WITH legs AS (
        -- A correction counts against what it undoes: its ends are that one's, the other way round.
        SELECT made.shipment_id, lot_id, CASE kind WHEN 'CORRECTION' THEN -quantity ELSE quantity END AS quantity,
            CASE WHEN shipments.from_id IN (made.from_id, made.to_id) THEN 'sent'
                WHEN shipments.to_id IN (made.from_id, made.to_id) THEN 'received' ELSE 'lost' END AS leg
        FROM made JOIN shipments ON shipments.id = made.shipment_id),
    change AS (
        SELECT shipment_id, lot_id, coalesce(sum(quantity) FILTER (WHERE leg = 'sent'), 0)::integer AS sent,
            coalesce(sum(quantity) FILTER (WHERE leg = 'received'), 0)::integer AS received,
            coalesce(sum(quantity) FILTER (WHERE leg = 'lost'), 0)::integer AS lost
        FROM legs GROUP BY shipment_id, lot_id)
    UPDATE shipment_lines AS line
        SET sent = line.sent + change.sent, received = line.received + change.received, lost = line.lost + change.lost
        FROM change WHERE change.shipment_id = line.shipment_id AND change.lot_id = line.lot_id;
    UPDATE shipments SET sent = sums.sent, received = sums.received, lost = sums.lost, version = version + 1
        FROM (SELECT shipment_id, sum(line.sent)::integer AS sent, sum(line.received)::integer AS received, sum(line.lost)::integer AS lost
            FROM shipment_lines AS line WHERE shipment_id = ANY (moved) GROUP BY shipment_id) AS sums
        WHERE sums.shipment_id = shipments.id;

    WITH sums AS (
        SELECT request_id, item_id, sum(line.sent - line.lost)::integer AS supplied, sum(line.received)::integer AS received
        FROM shipments JOIN shipment_lines AS line ON line.shipment_id = shipments.id JOIN lots ON lots.id = line.lot_id
        WHERE request_id = ANY (asking) GROUP BY request_id, item_id),
    applied AS (
        UPDATE supply_request_lines AS line SET supplied = sums.supplied, received = sums.received
            FROM sums WHERE sums.request_id = line.request_id AND sums.item_id = line.item_id RETURNING 1)
    SELECT (SELECT count(*) FROM sums), (SELECT count(*) FROM applied) INTO wanted, met;
    IF met <> wanted THEN
        RAISE EXCEPTION 'a shipment carries what its request asks for'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'shipments_as_requested';
    END IF;
    UPDATE supply_requests SET state = CASE state WHEN 'APPROVED' THEN 'FULFILLED' ELSE 'APPROVED' END
        WHERE id = ANY (asking) AND state IN ('APPROVED', 'FULFILLED')
            AND (state = 'APPROVED') = NOT EXISTS (SELECT FROM supply_request_lines WHERE request_id = supply_requests.id AND received < approved);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION apply_shipments() FROM PUBLIC;
-- Its name has it fire after movements_applied.
CREATE TRIGGER movements_of_shipment AFTER INSERT ON movements REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION apply_shipments();

-- With the shipment that the movements are of.
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

GRANT SELECT ON supply_requests, supply_request_lines, shipments, shipment_lines TO enlace_app;
GRANT USAGE ON SEQUENCE supply_request_numbers, shipment_numbers TO enlace_app;
GRANT INSERT (id, programme_id, location_id, needed_by, note, requested_at, user_id) ON supply_requests TO enlace_app;
GRANT UPDATE (state, decided_at, decided_by, decision_note, closed_at) ON supply_requests TO enlace_app;
GRANT INSERT (id, request_id, item_id, requested), UPDATE (approved) ON supply_request_lines TO enlace_app;
GRANT INSERT (id, programme_id, from_id, to_id, request_id, note, sent_at, recorded_at, user_id) ON shipments TO enlace_app;
