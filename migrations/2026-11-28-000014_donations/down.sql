REVOKE INSERT (id, programme_id, item_id, donor_id, donation_id, line, code, condition, received, received_on, received_at_id, expires_on, donor_reference)
    ON lots FROM enlace_app;
DROP INDEX lots_reference_key;
ALTER TABLE lots DROP CONSTRAINT lots_donor_reference;
ALTER TABLE lots DROP COLUMN donation_id, DROP COLUMN line;
DROP TABLE donations;
DROP FUNCTION copy_agency_to_donation(), next_donation_code();
DROP SEQUENCE donation_numbers;
