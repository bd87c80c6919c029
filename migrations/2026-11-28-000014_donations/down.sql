REVOKE INSERT (id, programme_id, item_id, donor_id, donation_id, line, code, condition, received, received_on, received_at_id, expires_on, donor_reference)
    ON lots FROM enlace_app;
DROP INDEX lots_reference_key;
ALTER TABLE lots DROP CONSTRAINT lots_donor_reference;
ALTER TABLE lots
    DROP COLUMN donation_id,
    DROP COLUMN line,
    ADD CONSTRAINT lots_programme_id_fkey FOREIGN KEY (programme_id) REFERENCES programmes,
    ADD CONSTRAINT lots_donor_fkey FOREIGN KEY (donor_id) REFERENCES donors,
    ADD CONSTRAINT lots_received_at_id_fkey FOREIGN KEY (received_at_id) REFERENCES locations;
CREATE OR REPLACE FUNCTION copy_facts_to_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.stock_kind := (SELECT stock_kind FROM items WHERE id = NEW.item_id);
    NEW.donor_agency := (SELECT agency FROM donors WHERE id = NEW.donor_id);
    RETURN NEW;
END
$$;
DROP TABLE donations;
DROP FUNCTION copy_agency_to_donation(), next_donation_code();
DROP SEQUENCE donation_numbers;
