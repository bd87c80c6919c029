-- The ledger of one store, page by page.
CREATE INDEX movements_by_source ON movements (from_id, id) WHERE from_id IS NOT NULL;
CREATE INDEX movements_by_target ON movements (to_id, id) WHERE to_id IS NOT NULL;
