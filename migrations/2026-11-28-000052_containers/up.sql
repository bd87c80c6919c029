-- Boxes and pallets, each with a printed code: what is packed in one leaves its store with it, or is unpacked first.

CREATE TABLE containers (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL,
    kind         text NOT NULL,
    -- Where it stands. Carried, it is nowhere, and bound for another store, until the goods in it are there: within one transaction.
    location_id  uuid REFERENCES locations,
    bound_for    uuid REFERENCES locations,
    note         text,
    made_at      timestamptz NOT NULL,
    -- Who made it; none for what was there when the programme was loaded.
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT containers_code_key UNIQUE (programme_id, code),
    CONSTRAINT containers_code CHECK (is_checked_code(code)),
    CONSTRAINT containers_kind CHECK (kind IN ('BOX', 'PALLET')),
    CONSTRAINT containers_note CHECK (char_length(note) BETWEEN 3 AND 500),
    CONSTRAINT containers_somewhere CHECK (num_nonnulls(location_id, bound_for) = 1)
);
CREATE INDEX containers_by_id ON containers (programme_id, id);
CREATE INDEX containers_by_location ON containers (location_id, id);

CREATE TABLE container_lines (
    container_id uuid NOT NULL REFERENCES containers,
    lot_id       uuid NOT NULL REFERENCES lots,
    -- By which it is named alone.
    id           uuid NOT NULL GENERATED ALWAYS AS (md5(uuid_send(container_id) || uuid_send(lot_id))::uuid) STORED,
    quantity     integer NOT NULL,
    PRIMARY KEY (container_id, lot_id),
    CONSTRAINT container_lines_id_key UNIQUE (id),
    CONSTRAINT container_lines_quantity CHECK (quantity >= 0)
);

-- How much of what a store holds of a lot is packed: what its containers there come to, and nothing else changes it. What is below
-- nothing is refused by the other law, which says so.
ALTER TABLE balances
    ADD COLUMN packed integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT balances_packed CHECK (packed >= 0 AND (packed <= quantity OR quantity < 0));

-- Packs so much more of a lot, or less. As the tables' owner, as below: the server writes none of this itself.
CREATE FUNCTION pack(container uuid, lot uuid, change integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    store uuid;
BEGIN
    UPDATE containers SET version = version + 1 WHERE id = container RETURNING location_id INTO store;
    UPDATE balances SET packed = packed + change WHERE lot_id = lot AND location_id = store;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'what is packed lies in the store of its container'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'container_lines_in_store';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION pack FROM PUBLIC;
CREATE FUNCTION keep_packed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM pack(OLD.container_id, OLD.lot_id, -OLD.quantity);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM pack(NEW.container_id, NEW.lot_id, NEW.quantity);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION keep_packed() FROM PUBLIC;
CREATE TRIGGER container_lines_packed AFTER INSERT OR UPDATE OR DELETE ON container_lines FOR EACH ROW EXECUTE FUNCTION keep_packed();
CREATE TRIGGER container_lines_no_truncate BEFORE TRUNCATE ON container_lines FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What is packed is carried with its container: taken off the store that it leaves, and packed in the other when the ledger has it
-- there.
CREATE FUNCTION carry_packed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    way integer;
BEGIN
    IF NEW.location_id IS NULL AND OLD.location_id <> NEW.bound_for THEN
        -- In the ledger's order, and of both stores: two who carry between the same two never wait for each other in a circle.
        PERFORM FROM balances JOIN container_lines AS line ON line.lot_id = balances.lot_id
            WHERE line.container_id = NEW.id AND location_id IN (OLD.location_id, NEW.bound_for)
            ORDER BY balances.lot_id, location_id FOR NO KEY UPDATE OF balances;
        way := -1;
    ELSIF OLD.location_id IS NULL AND NEW.location_id = OLD.bound_for THEN
        way := 1;
    ELSE
        RAISE EXCEPTION 'a container comes to another store by being carried there'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'containers_carried';
    END IF;
    UPDATE balances SET packed = packed + way * line.quantity FROM container_lines AS line
        WHERE line.container_id = NEW.id AND line.quantity > 0 AND line.lot_id = balances.lot_id
            AND balances.location_id = CASE way WHEN 1 THEN NEW.location_id ELSE OLD.location_id END;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION carry_packed() FROM PUBLIC;
CREATE TRIGGER containers_carried BEFORE UPDATE OF location_id, bound_for ON containers FOR EACH ROW EXECUTE FUNCTION carry_packed();

CREATE FUNCTION refuse_unfinished_way() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM containers WHERE id = NEW.id AND location_id IS NULL;
    IF FOUND THEN
        RAISE EXCEPTION 'a container that was carried off arrives' USING ERRCODE = 'check_violation', CONSTRAINT = 'containers_arrive';
    END IF;
    -- What is in it is packed where it stands, to the last unit.
    PERFORM FROM container_lines AS line JOIN containers ON containers.id = container_id
        WHERE container_id = NEW.id AND line.quantity > 0 AND NOT EXISTS (
            SELECT FROM balances WHERE balances.lot_id = line.lot_id AND balances.location_id = containers.location_id
                AND packed >= line.quantity);
    IF FOUND THEN
        RAISE EXCEPTION 'what is packed lies in the store of its container'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'container_lines_in_store';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION refuse_unfinished_way() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER containers_arrive AFTER INSERT OR UPDATE OF location_id, bound_for ON containers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unfinished_way();

GRANT SELECT ON containers, container_lines TO enlace_app;
GRANT INSERT (id, programme_id, code, kind, location_id, note, made_at, user_id), UPDATE (location_id, bound_for) ON containers TO enlace_app;
GRANT INSERT (container_id, lot_id, quantity), UPDATE (quantity) ON container_lines TO enlace_app;
