-- The laws of the ledger (R32): a balance is what the movements of a lot come to in a store, and nothing else changes it.

ALTER TABLE movements
    -- Why goods were written off.
    ADD COLUMN cause text,
    -- In words, where it needs some: a correction always does.
    ADD COLUMN note text;
-- What was written off until now had expired: there was no other way to record it.
ALTER TABLE movements DISABLE TRIGGER movements_append_only;
UPDATE movements SET cause = 'EXPIRED' WHERE kind = 'WRITE_OFF';
ALTER TABLE movements ENABLE TRIGGER movements_append_only;
ALTER TABLE movements
    ADD CONSTRAINT movements_cause CHECK ((kind = 'WRITE_OFF') = (cause IS NOT NULL) AND cause IN ('EXPIRED', 'RECALLED', 'DAMAGED', 'LOST')),
    ADD CONSTRAINT movements_note CHECK (char_length(note) BETWEEN 3 AND 500 AND (kind <> 'CORRECTION' OR note IS NOT NULL)),
    ADD CONSTRAINT movements_corrects CHECK ((kind = 'CORRECTION') = (reverses_id IS NOT NULL));
CREATE UNIQUE INDEX movements_received_once ON movements (lot_id) WHERE kind = 'RECEIPT';

-- A recall is final: goods that were called unsafe are not given out again.
ALTER TABLE lots
    ADD COLUMN recalled_at timestamptz,
    ADD COLUMN recall_reason text,
    ADD CONSTRAINT lots_recall CHECK ((recalled_at IS NULL) = (recall_reason IS NULL)),
    ADD CONSTRAINT lots_recall_reason CHECK (char_length(recall_reason) BETWEEN 3 AND 500);
-- As its owner, who may lock balances.
CREATE FUNCTION recall_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF OLD.recalled_at IS NOT NULL THEN
        RAISE EXCEPTION 'a recall is final' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'lots_recalled_once';
    END IF;
    -- A movement of the same moment comes before the recall or sees it: it holds the balance that it draws on.
    PERFORM FROM balances WHERE lot_id = NEW.id ORDER BY location_id FOR UPDATE;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION recall_once() FROM PUBLIC;
CREATE TRIGGER lots_recalled_once BEFORE UPDATE OF recalled_at, recall_reason ON lots FOR EACH ROW EXECUTE FUNCTION recall_once();

-- A correction undoes one movement, once, to the last unit, and is not undone itself: what it corrected is recorded anew.
CREATE FUNCTION refuse_other_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM movements WHERE id = NEW.reverses_id AND kind <> 'CORRECTION' AND lot_id = NEW.lot_id AND quantity = NEW.quantity
        AND from_id IS NOT DISTINCT FROM NEW.to_id AND to_id IS NOT DISTINCT FROM NEW.from_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a correction reverses another movement as it stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movements_reversal';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER movements_reversal AFTER INSERT ON movements FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL)
    EXECUTE FUNCTION refuse_other_reversal();

-- As its owner: the server may append to the ledger, and write no balance itself. All movements of a statement at once, so that
-- an import costs little more than its rows. Its plans look each balance up, whether the first statement that a connection sees
-- has one movement or thousands.
CREATE FUNCTION apply_movements() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
REVOKE ALL ON FUNCTION apply_movements() FROM PUBLIC;
CREATE TRIGGER movements_applied AFTER INSERT ON movements REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION apply_movements();

-- The server opens a balance; the ledger fills it.
ALTER TABLE balances ALTER COLUMN quantity SET DEFAULT 0;
ALTER TABLE balances ALTER COLUMN version SET DEFAULT 0;
REVOKE INSERT ON balances FROM enlace_app;
REVOKE UPDATE (quantity, version) ON balances FROM enlace_app;
GRANT INSERT (id, lot_id, location_id) ON balances TO enlace_app;
GRANT UPDATE (recalled_at, recall_reason) ON lots TO enlace_app;
