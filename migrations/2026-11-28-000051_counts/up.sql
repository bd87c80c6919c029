-- What is really there: a store is counted, and what differs from the ledger is explained and settled in the ledger itself.

CREATE TYPE uuidrange AS RANGE (subtype = uuid);
CREATE SEQUENCE stock_count_numbers;

CREATE TABLE stock_counts (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('INV', 'stock_count_numbers'),
    location_id  uuid NOT NULL REFERENCES locations,
    -- Goods of this category alone; without one, all that lies there.
    category_id  uuid REFERENCES categories,
    state        text NOT NULL DEFAULT 'OPEN',
    opened_at    timestamptz NOT NULL,
    -- Who did; none for what was there when the programme was loaded, as below.
    opened_by    uuid REFERENCES users,
    ended_at     timestamptz,
    ended_by     uuid REFERENCES users,
    -- Why it was cancelled.
    reason       text,
    -- Of how many lots that lay there nobody had said anything when it was closed.
    uncounted    integer,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT stock_counts_code_key UNIQUE (programme_id, code),
    CONSTRAINT stock_counts_state CHECK (state IN ('OPEN', 'CLOSED', 'CANCELLED')),
    CONSTRAINT stock_counts_ended CHECK ((state = 'OPEN') = (ended_at IS NULL) AND ended_at >= opened_at),
    CONSTRAINT stock_counts_reason CHECK ((state = 'CANCELLED') = (reason IS NOT NULL) AND char_length(reason) BETWEEN 3 AND 500),
    CONSTRAINT stock_counts_uncounted CHECK ((state = 'CLOSED') = (uncounted IS NOT NULL)),
    -- What lies in a store is counted once at a time: a count without a category is of all of them.
    CONSTRAINT stock_counts_one_open EXCLUDE USING gist (location_id WITH =, uuidrange(category_id, category_id, '[]') WITH &&)
        WHERE (state = 'OPEN')
);
CREATE INDEX stock_counts_by_id ON stock_counts (programme_id, id);
CREATE INDEX stock_counts_by_location ON stock_counts (location_id, id);

-- What somebody found of a lot. Counted anew it is another line; the earlier one stays, and holds no more.
CREATE TABLE stock_count_lines (
    id          uuid PRIMARY KEY,
    count_id    uuid NOT NULL REFERENCES stock_counts,
    lot_id      uuid NOT NULL REFERENCES lots,
    counted     integer NOT NULL,
    -- What the ledger has of it at the moment when it was counted.
    expected    integer NOT NULL,
    counted_at  timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    user_id     uuid REFERENCES users,
    holds       boolean NOT NULL DEFAULT true,
    CONSTRAINT stock_count_lines_counted CHECK (counted >= 0),
    CONSTRAINT stock_count_lines_counted_at CHECK (counted_at <= recorded_at)
);
CREATE UNIQUE INDEX stock_count_lines_hold_once ON stock_count_lines (count_id, lot_id) WHERE holds;
CREATE INDEX stock_count_lines_by_count ON stock_count_lines (count_id, lot_id);

-- The movements by which a difference was settled, each for one.
CREATE TABLE stock_count_settlements (
    movement_id uuid PRIMARY KEY REFERENCES movements,
    line_id     uuid NOT NULL REFERENCES stock_count_lines
);
CREATE INDEX stock_count_settlements_by_line ON stock_count_settlements (line_id);

-- The open count, held until the transaction ends: who counts, closes or cancels it meanwhile waits.
CREATE FUNCTION open_stock_count(wanted uuid) RETURNS stock_counts LANGUAGE plpgsql AS $$
DECLARE
    found_count stock_counts;
BEGIN
    SELECT * INTO found_count FROM stock_counts WHERE id = wanted FOR NO KEY UPDATE;
    IF found_count.state IS DISTINCT FROM 'OPEN' THEN
        RAISE EXCEPTION 'a count that is over does not change' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'stock_counts_ended_once';
    END IF;
    RETURN found_count;
END
$$;
REVOKE ALL ON FUNCTION open_stock_count FROM PUBLIC;

-- Sets what was found against the ledger, under the lock of the balance: what moved since it was counted is no difference.
-- As its owner, who may lock balances and say that an earlier line holds no more.
CREATE FUNCTION set_against_ledger() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    of_count stock_counts := open_stock_count(NEW.count_id);
BEGIN
    PERFORM FROM lots WHERE id = NEW.lot_id AND programme_id = of_count.programme_id
        AND category_id = coalesce(of_count.category_id, category_id);
    IF NOT FOUND OR NEW.counted_at < of_count.opened_at THEN
        RAISE EXCEPTION 'a count is of goods of its category, while it is open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_count_lines_of_count';
    END IF;
    UPDATE stock_count_lines SET holds = false WHERE count_id = NEW.count_id AND lot_id = NEW.lot_id AND holds;
    SELECT quantity INTO NEW.expected FROM balances WHERE lot_id = NEW.lot_id AND location_id = of_count.location_id FOR UPDATE;
    NEW.expected := coalesce(NEW.expected, 0) - (
        SELECT coalesce(sum(CASE to_id WHEN of_count.location_id THEN quantity ELSE -quantity END), 0) FROM movements
        WHERE lot_id = NEW.lot_id AND of_count.location_id IN (from_id, to_id) AND occurred_at > NEW.counted_at);
    NEW.holds := true;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION set_against_ledger() FROM PUBLIC;
CREATE TRIGGER stock_count_lines_against_ledger BEFORE INSERT ON stock_count_lines FOR EACH ROW EXECUTE FUNCTION set_against_ledger();

-- Whoever closes a count saw it as it is: a line more is another version.
CREATE FUNCTION raise_count_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE stock_counts SET version = version + 1 WHERE id IN (SELECT count_id FROM made);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION raise_count_version() FROM PUBLIC;
CREATE TRIGGER stock_count_lines_raise_version AFTER INSERT ON stock_count_lines REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION raise_count_version();

CREATE FUNCTION refuse_line_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM open_stock_count(OLD.count_id);
        IF OLD.holds AND NOT NEW.holds AND to_jsonb(NEW) - 'holds' = to_jsonb(OLD) - 'holds' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'what was counted stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'stock_count_lines_append_only';
END
$$;
CREATE TRIGGER stock_count_lines_append_only BEFORE UPDATE OR DELETE ON stock_count_lines FOR EACH ROW EXECUTE FUNCTION refuse_line_change();
CREATE TRIGGER stock_count_lines_no_truncate BEFORE TRUNCATE ON stock_count_lines FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stock_count_settlements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_count_settlements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- How a movement changes what a store holds.
CREATE FUNCTION effect_on(store uuid, movement movements) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE store WHEN movement.to_id THEN movement.quantity WHEN movement.from_id THEN -movement.quantity ELSE 0 END
$$;

-- A difference is settled by what came into the ledger after the ledger was read for it: a write-off, a correction, or the receipt of
-- what had never been registered, which is another lot of the same item. Each goes the way of the difference.
CREATE FUNCTION refuse_other_settlement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    line     stock_count_lines;
    movement movements;
    store    uuid;
BEGIN
    SELECT * INTO line FROM stock_count_lines WHERE id = NEW.line_id;
    store := (open_stock_count(line.count_id)).location_id;
    SELECT * INTO movement FROM movements WHERE id = NEW.movement_id;
    IF NOT line.holds OR EXISTS (SELECT FROM movements AS later WHERE later.reverses_id = NEW.movement_id)
        OR sign(effect_on(store, movement)) <> sign(line.counted - line.expected) OR NOT (CASE movement.kind
        WHEN 'RECEIPT' THEN movement.recorded_at > line.recorded_at AND movement.lot_id <> line.lot_id
            AND (SELECT count(DISTINCT item_id) FROM lots WHERE id IN (movement.lot_id, line.lot_id)) = 1
        WHEN 'WRITE_OFF' THEN movement.lot_id = line.lot_id AND movement.cause IN ('LOST', 'DAMAGED') AND movement.occurred_at > line.counted_at
        WHEN 'CORRECTION' THEN movement.lot_id = line.lot_id AND movement.occurred_at > line.counted_at
        ELSE false END)
    THEN
        RAISE EXCEPTION 'this movement does not settle this difference'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'stock_count_settlements_fit';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION refuse_other_settlement() FROM PUBLIC;
CREATE TRIGGER stock_count_settlements_fit BEFORE INSERT ON stock_count_settlements FOR EACH ROW EXECUTE FUNCTION refuse_other_settlement();

-- A count ends once: closed, by somebody who did not count, when each difference is settled to the last unit; or cancelled.
CREATE FUNCTION refuse_open_differences() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'OPEN'
        OR (NEW.location_id, NEW.opened_at) <> (OLD.location_id, OLD.opened_at) OR NEW.category_id IS DISTINCT FROM OLD.category_id
    THEN
        RAISE EXCEPTION 'a count that is over does not change' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'stock_counts_ended_once';
    END IF;
    NEW.version := OLD.version + 1;
    IF NEW.state <> 'CLOSED' THEN
        RETURN NEW;
    END IF;
    PERFORM FROM stock_count_lines WHERE count_id = NEW.id AND user_id = NEW.ended_by;
    IF FOUND THEN
        RAISE EXCEPTION 'who counted does not close' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'stock_counts_closed_by_another';
    END IF;
    PERFORM FROM stock_count_lines AS line LEFT JOIN stock_count_settlements ON line_id = line.id
            LEFT JOIN movements ON movements.id = movement_id
        WHERE count_id = NEW.id AND holds
        GROUP BY line.id HAVING line.counted - line.expected <> coalesce(sum(effect_on(NEW.location_id, movements)), 0);
    IF FOUND THEN
        RAISE EXCEPTION 'a difference is not settled' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'stock_counts_settled';
    END IF;
    NEW.uncounted := (SELECT count(*) FROM balances
        WHERE location_id = NEW.location_id AND quantity > 0 AND category_id = coalesce(NEW.category_id, category_id)
            AND NOT EXISTS (SELECT FROM stock_count_lines AS line WHERE line.count_id = NEW.id AND line.lot_id = balances.lot_id));
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION refuse_open_differences() FROM PUBLIC;
CREATE TRIGGER stock_counts_ended_once BEFORE UPDATE OR DELETE ON stock_counts FOR EACH ROW EXECUTE FUNCTION refuse_open_differences();

GRANT SELECT ON stock_counts, stock_count_lines, stock_count_settlements TO enlace_app;
GRANT USAGE ON SEQUENCE stock_count_numbers TO enlace_app;
GRANT INSERT (id, programme_id, location_id, category_id, opened_at, opened_by), UPDATE (state, ended_at, ended_by, reason) ON stock_counts TO enlace_app;
GRANT INSERT (id, count_id, lot_id, counted, counted_at, recorded_at, user_id) ON stock_count_lines TO enlace_app;
GRANT INSERT (movement_id, line_id) ON stock_count_settlements TO enlace_app;
