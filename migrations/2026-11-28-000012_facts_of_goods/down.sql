DROP TRIGGER lots_facts ON lots;
DROP TRIGGER items_kind ON items;
DROP TRIGGER donors_agency ON donors;
DROP FUNCTION copy_facts_to_lot(), copy_kind_to_item(), copy_agency_to_donor();
ALTER TABLE lots
    DROP CONSTRAINT lots_donor_agency_fkey,
    DROP CONSTRAINT lots_donor_fkey,
    DROP CONSTRAINT lots_item_fkey,
    DROP COLUMN stock_kind,
    DROP COLUMN donor_agency,
    ADD CONSTRAINT lots_item_id_fkey FOREIGN KEY (item_id) REFERENCES items,
    ADD CONSTRAINT lots_donor_id_fkey FOREIGN KEY (donor_id) REFERENCES donors;
ALTER TABLE items
    DROP CONSTRAINT items_category_fkey,
    DROP COLUMN stock_kind,
    ADD CONSTRAINT items_category_id_fkey FOREIGN KEY (category_id) REFERENCES categories;
DROP INDEX categories_id_kind_key;
ALTER TABLE donors
    DROP CONSTRAINT donors_agency_code,
    DROP CONSTRAINT donors_agency_fkey,
    DROP COLUMN agency,
    ADD CONSTRAINT donors_agency_id_fkey FOREIGN KEY (agency_id) REFERENCES agencies;
DROP INDEX agencies_id_code_key;
