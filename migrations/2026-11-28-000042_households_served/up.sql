-- Deliveries to households: by the code that a household shows, of what it is owed, and never more.

-- A code that people write down: seven symbols of Crockford's base 32, and one that checks them. What is left of a code, in GF(32) by
-- x^5 + x^2 + 1, is nothing where it is right: one wrong symbol, or two neighbours in each other's place, always leave something.
CREATE FUNCTION code_remainder(code text) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    remainder integer := 0;
BEGIN
    FOR place IN 1 .. char_length(code) LOOP
        remainder := ((remainder << 1) # CASE WHEN remainder & 16 <> 0 THEN 37 ELSE 0 END)
            # (position(substr(code, place, 1) IN '0123456789ABCDEFGHJKMNPQRSTVWXYZ') - 1);
    END LOOP;
    RETURN remainder;
END
$$;
CREATE FUNCTION is_checked_code(code text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT code ~ '^[0-9A-HJKMNP-TV-Z]{8}$' AND code_remainder(code) = 0
$$;
-- For households that come with none. Of a random UUID the bytes of which all bits are random.
CREATE FUNCTION new_pickup_code() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    alphabet text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    random   bytea := uuid_send(gen_random_uuid());
    code     text := '';
BEGIN
    FOR place IN 9 .. 15 LOOP
        code := code || substr(alphabet, (get_byte(random, place) & 31) + 1, 1);
    END LOOP;
    RETURN code || substr(alphabet, code_remainder(code || '0') + 1, 1);
END
$$;
ALTER TABLE households
    ADD COLUMN pickup_code text NOT NULL DEFAULT new_pickup_code(),
    ADD CONSTRAINT households_pickup_code_key UNIQUE (programme_id, pickup_code),
    ADD CONSTRAINT households_pickup_code CHECK (is_checked_code(pickup_code));

-- What each household of the programme is owed: so much of an item, or so many kits.
CREATE TABLE entitlements (
    id            uuid PRIMARY KEY,
    programme_id  uuid NOT NULL REFERENCES programmes,
    item_id       uuid REFERENCES items,
    kit_id        uuid REFERENCES kits,
    -- Kits, or base units of the item: to the household, or to each person in it.
    amount        integer NOT NULL,
    per           text NOT NULL,
    -- Once in so many days, counted from the first one; once for all where there is none.
    interval_days integer,
    -- To a household in all.
    cap           integer,
    valid_from    date NOT NULL,
    -- The last day.
    valid_until   date,
    granted_at    timestamptz NOT NULL,
    user_id       uuid REFERENCES users,
    version       integer NOT NULL DEFAULT 1,
    CONSTRAINT entitlements_of_one CHECK (num_nonnulls(item_id, kit_id) = 1),
    CONSTRAINT entitlements_amount CHECK (amount BETWEEN 1 AND 10000),
    CONSTRAINT entitlements_per CHECK (per IN ('HOUSEHOLD', 'PERSON')),
    CONSTRAINT entitlements_interval CHECK (interval_days BETWEEN 1 AND 366),
    CONSTRAINT entitlements_cap CHECK (cap BETWEEN amount AND 1000000),
    -- One that ended before it began has no day.
    CONSTRAINT entitlements_period CHECK (valid_until >= valid_from - 1),
    -- Of the same thing there is one at a time, so that it is clear what a delivery is of.
    CONSTRAINT entitlements_one_at_a_time EXCLUDE USING gist (
        programme_id WITH =, coalesce(item_id, kit_id) WITH =, daterange(valid_from, valid_until + 1) WITH &&)
);
CREATE INDEX entitlements_by_programme ON entitlements (programme_id, valid_from);

-- An entitlement is ended, and otherwise stays as it was granted.
CREATE FUNCTION refuse_other_entitlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.programme_id, NEW.item_id, NEW.kit_id, NEW.amount, NEW.per, NEW.interval_days, NEW.cap, NEW.valid_from, NEW.version)
            IS DISTINCT FROM (OLD.id, OLD.programme_id, OLD.item_id, OLD.kit_id, OLD.amount, OLD.per, OLD.interval_days, OLD.cap,
                OLD.valid_from, OLD.version + 1)
        OR coalesce(NEW.valid_until, 'infinity') > coalesce(OLD.valid_until, 'infinity')
    THEN
        RAISE EXCEPTION 'an entitlement is ended, and otherwise stays'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'entitlements_ended_alone';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER entitlements_ended_alone BEFORE UPDATE ON entitlements FOR EACH ROW EXECUTE FUNCTION refuse_other_entitlement();

CREATE SEQUENCE household_delivery_numbers;
CREATE TABLE household_deliveries (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('ENT', 'household_delivery_numbers'),
    -- Of class FAMILY: no reader of goods is told.
    household_id uuid NOT NULL REFERENCES households,
    -- The store that it left.
    location_id  uuid NOT NULL REFERENCES locations,
    note         text,
    delivered_at timestamptz NOT NULL,
    -- The programme's day of that.
    day          date NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    CONSTRAINT household_deliveries_code_key UNIQUE (programme_id, code),
    CONSTRAINT household_deliveries_note CHECK (char_length(note) BETWEEN 3 AND 500)
);
CREATE INDEX household_deliveries_by_id ON household_deliveries (programme_id, id);
CREATE INDEX household_deliveries_by_household ON household_deliveries (household_id, id);
CREATE FUNCTION day_of_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.day := (SELECT (NEW.delivered_at AT TIME ZONE time_zone)::date FROM programmes WHERE id = NEW.programme_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER household_deliveries_day BEFORE INSERT OR UPDATE ON household_deliveries FOR EACH ROW EXECUTE FUNCTION day_of_delivery();

-- So much of what one entitlement is of.
CREATE TABLE household_delivery_lines (
    id             uuid PRIMARY KEY,
    delivery_id    uuid NOT NULL REFERENCES household_deliveries,
    entitlement_id uuid NOT NULL REFERENCES entitlements,
    -- Of a kit: what it consisted of.
    kit_version    integer,
    asked          integer NOT NULL,
    -- What left by the ledger, less what was corrected: of kits, those of which anything did.
    given          integer NOT NULL DEFAULT 0,
    CONSTRAINT household_delivery_lines_entitlement_key UNIQUE (delivery_id, entitlement_id),
    CONSTRAINT household_delivery_lines_asked CHECK (asked > 0),
    CONSTRAINT household_delivery_lines_given CHECK (given BETWEEN 0 AND asked)
);

ALTER TABLE movements ADD COLUMN delivery_line_id uuid REFERENCES household_delivery_lines;
CREATE INDEX movements_by_delivery_line ON movements (delivery_line_id) WHERE delivery_line_id IS NOT NULL;

-- A correction of what a shipment or a delivery did is of it.
CREATE OR REPLACE FUNCTION refuse_other_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM movements WHERE id = NEW.reverses_id AND kind <> 'CORRECTION' AND lot_id = NEW.lot_id AND quantity = NEW.quantity
        AND from_id IS NOT DISTINCT FROM NEW.to_id AND to_id IS NOT DISTINCT FROM NEW.from_id
        AND shipment_id IS NOT DISTINCT FROM NEW.shipment_id AND delivery_line_id IS NOT DISTINCT FROM NEW.delivery_line_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a correction reverses another movement as it stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movements_reversal';
    END IF;
    RETURN NULL;
END
$$;

-- What a household is owed on a day: in the interval in which the day falls, what of that it was given, and how much more it may have,
-- which is less than nothing where it was given too much. The day from which it may have some again.
CREATE FUNCTION household_allowance(household uuid, on_day date)
    RETURNS TABLE (entitlement uuid, item uuid, kit uuid, due integer, given integer, remaining integer, again_on date)
    LANGUAGE sql STABLE AS $$
    SELECT owed.id, owed.item_id, owed.kit_id, owed.due, got.given, least(owed.due - got.given, owed.cap - got.total),
        CASE WHEN owed.begins + interval_days <= coalesce(valid_until, 'infinity') AND (cap IS NULL OR got.total < cap)
            THEN owed.begins + interval_days END
    FROM (
        SELECT entitlements.*, valid_from + coalesce((on_day - valid_from) / interval_days * interval_days, 0) AS begins,
            amount * CASE per WHEN 'PERSON' THEN (SELECT count(*)::integer FROM persons WHERE household_id = households.id) ELSE 1 END AS due
        FROM households JOIN entitlements ON entitlements.programme_id = households.programme_id
        WHERE households.id = household AND on_day BETWEEN valid_from AND coalesce(valid_until, 'infinity')) AS owed
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(line.given), 0)::integer AS total,
            coalesce(sum(line.given) FILTER (WHERE day >= begins AND (interval_days IS NULL OR day < begins + interval_days)), 0)::integer AS given
        FROM household_deliveries AS delivery JOIN household_delivery_lines AS line ON line.delivery_id = delivery.id
        WHERE delivery.household_id = household AND line.entitlement_id = owed.id) AS got
$$;

-- What left for a household is what it is owed, and never more of it. As its owner: the server writes none of what is kept here.
CREATE FUNCTION apply_delivery() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    line      household_delivery_lines;
    delivery  household_deliveries;
    owed      entitlements;
    left_over integer;
BEGIN
    SELECT * INTO line FROM household_delivery_lines WHERE id = NEW.delivery_line_id;
    SELECT * INTO delivery FROM household_deliveries WHERE id = line.delivery_id;
    SELECT * INTO owed FROM entitlements WHERE id = line.entitlement_id;
    -- Who else gives this household something waits here, and then sees what this one did.
    PERFORM FROM households WHERE id = delivery.household_id FOR NO KEY UPDATE;
    PERFORM FROM lots WHERE id = NEW.lot_id AND coalesce(NEW.from_id, NEW.to_id) = delivery.location_id
        AND (NEW.kind = 'CORRECTION' OR NEW.kind = 'DELIVERY' AND NEW.occurred_at = delivery.delivered_at)
        AND (item_id = owed.item_id OR EXISTS (
            SELECT FROM kit_lines WHERE kit_id = owed.kit_id AND version = line.kit_version AND kit_lines.item_id = lots.item_id));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'what is delivered to a household is what its line says'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movements_of_delivery';
    END IF;
    UPDATE household_delivery_lines SET given = (
        SELECT coalesce(max(ceil(net.quantity::numeric / coalesce(kit_lines.quantity, 1))), 0)::integer
        FROM (SELECT lots.item_id, sum(CASE kind WHEN 'DELIVERY' THEN quantity ELSE -quantity END) AS quantity
            FROM movements JOIN lots ON lots.id = lot_id WHERE delivery_line_id = line.id GROUP BY lots.item_id) AS net
        LEFT JOIN kit_lines ON kit_lines.kit_id = owed.kit_id AND version = line.kit_version AND kit_lines.item_id = net.item_id)
        WHERE id = line.id;
    IF NEW.kind = 'DELIVERY' THEN
        SELECT remaining INTO left_over FROM household_allowance(delivery.household_id, delivery.day) WHERE entitlement = owed.id;
        IF left_over IS NULL OR left_over < 0 THEN
            RAISE EXCEPTION 'the household is owed less than that'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'household_deliveries_within_entitlement';
        END IF;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION apply_delivery() FROM PUBLIC;
-- For each row, since then a movement that is to no household costs nothing. Rows come before statements: a household is held before
-- any balance is, whoever moves what.
CREATE TRIGGER movements_of_delivery AFTER INSERT ON movements FOR EACH ROW WHEN (NEW.delivery_line_id IS NOT NULL)
    EXECUTE FUNCTION apply_delivery();

-- With the line of a delivery that the movements are of.
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

REVOKE ALL ON FUNCTION household_allowance FROM PUBLIC;
GRANT EXECUTE ON FUNCTION household_allowance TO enlace_app;
GRANT SELECT ON entitlements, household_deliveries, household_delivery_lines TO enlace_app;
GRANT USAGE ON SEQUENCE household_delivery_numbers TO enlace_app;
GRANT UPDATE (pickup_code, version) ON households TO enlace_app;
GRANT INSERT (id, programme_id, item_id, kit_id, amount, per, interval_days, cap, valid_from, valid_until, granted_at, user_id),
    UPDATE (valid_until, version) ON entitlements TO enlace_app;
GRANT INSERT (id, programme_id, household_id, location_id, note, delivered_at, recorded_at, user_id) ON household_deliveries TO enlace_app;
GRANT INSERT (id, delivery_id, entitlement_id, kit_version, asked) ON household_delivery_lines TO enlace_app;
