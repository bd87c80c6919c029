DROP FUNCTION record_movements;
DROP TRIGGER movements_first_expired ON movements;
DROP FUNCTION refuse_later_to_expire();
ALTER TABLE movements DROP COLUMN out_of_order;
DROP TRIGGER balances_facts ON balances;
DROP FUNCTION copy_facts_to_balance();
ALTER TABLE balances DROP CONSTRAINT balances_expiry_fkey, DROP CONSTRAINT balances_lot_fkey,
    ADD CONSTRAINT balances_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lots;
DROP INDEX balances_by_expiry;
ALTER TABLE balances DROP COLUMN item_id, DROP COLUMN expires_on;
DROP INDEX lots_id_item_key, lots_id_expiry_key;
