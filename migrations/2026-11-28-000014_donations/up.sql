-- What one donor gave at one time: a donation, whose lines are lots.

CREATE SEQUENCE donation_numbers;
CREATE FUNCTION next_donation_code() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT 'DON-' || lpad(number, greatest(6, length(number)), '0') FROM (SELECT nextval('donation_numbers')::text) AS next (number)
$$;
CREATE TABLE donations (
    id              uuid PRIMARY KEY,
    programme_id    uuid NOT NULL REFERENCES programmes,
    -- Printed on its papers and, with a line's number, on its labels.
    code            text NOT NULL DEFAULT next_donation_code(),
    donor_id        uuid NOT NULL,
    -- What the policies ask, copied from the donor.
    donor_agency    text,
    -- The donor's own folio for it.
    donor_reference text,
    -- SHA-256 of the file that it was imported from.
    file_digest     bytea,
    received_on     date NOT NULL,
    received_at_id  uuid NOT NULL REFERENCES locations,
    recorded_at     timestamptz NOT NULL,
    -- Who recorded it; none for what was there when the programme was loaded.
    user_id         uuid REFERENCES users,
    CONSTRAINT donations_code_key UNIQUE (programme_id, code),
    CONSTRAINT donations_donor_fkey FOREIGN KEY (donor_id) REFERENCES donors,
    CONSTRAINT donations_donor_agency_fkey FOREIGN KEY (donor_id, donor_agency) REFERENCES donors (id, agency) ON UPDATE CASCADE,
    CONSTRAINT donations_donor_reference CHECK (char_length(donor_reference) BETWEEN 1 AND 100),
    CONSTRAINT donations_file_digest CHECK (octet_length(file_digest) = 32),
    -- What a lot repeats of its donation is the same.
    CONSTRAINT donations_lots_key UNIQUE (id, programme_id, donor_id, received_on, received_at_id)
);
-- What a donor's folio names was given once, and a file is imported once, whoever else imports it at the same time.
CREATE UNIQUE INDEX donations_reference_key ON donations (donor_id, donor_reference) WHERE donor_reference IS NOT NULL;
CREATE UNIQUE INDEX donations_file_key ON donations (donor_id, file_digest) WHERE file_digest IS NOT NULL;
CREATE UNIQUE INDEX lots_reference_key ON lots (donor_id, donor_reference) WHERE donor_reference IS NOT NULL;
ALTER TABLE lots ADD CONSTRAINT lots_donor_reference CHECK (char_length(donor_reference) BETWEEN 1 AND 100);
CREATE INDEX donations_by_id ON donations (programme_id, id);
CREATE INDEX donations_by_donor ON donations (donor_id, id);

CREATE FUNCTION copy_agency_to_donation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.donor_agency := (SELECT agency FROM donors WHERE id = NEW.donor_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER donations_facts BEFORE INSERT OR UPDATE OF donor_id ON donations FOR EACH ROW EXECUTE FUNCTION copy_agency_to_donation();

-- What was received until now: what one donor brought to one place on one day was one donation.
INSERT INTO donations (id, programme_id, donor_id, received_on, received_at_id, recorded_at)
    SELECT min(lots.id::text)::uuid, programme_id, donor_id, received_on, received_at_id, min(recorded_at)
    FROM lots JOIN movements ON movements.lot_id = lots.id AND kind = 'RECEIPT'
    GROUP BY programme_id, donor_id, received_on, received_at_id ORDER BY 1;
ALTER TABLE lots ADD COLUMN donation_id uuid, ADD COLUMN line integer;
UPDATE lots SET donation_id = donations.id, line = lines.line
    FROM donations, (SELECT id, row_number() OVER (PARTITION BY programme_id, donor_id, received_on, received_at_id ORDER BY id) AS line FROM lots) AS lines
    WHERE (donations.programme_id, donations.donor_id, donations.received_on, donations.received_at_id)
            = (lots.programme_id, lots.donor_id, lots.received_on, lots.received_at_id)
        AND lines.id = lots.id;
ALTER TABLE lots
    ALTER COLUMN donation_id SET NOT NULL,
    ALTER COLUMN line SET NOT NULL,
    ADD CONSTRAINT lots_line CHECK (line > 0),
    ADD CONSTRAINT lots_donation_line_key UNIQUE (donation_id, line),
    ADD CONSTRAINT lots_donation_fkey FOREIGN KEY (donation_id, programme_id, donor_id, received_on, received_at_id)
        REFERENCES donations (id, programme_id, donor_id, received_on, received_at_id) ON UPDATE CASCADE,
    -- What the donation refers to, its lots do through it.
    DROP CONSTRAINT lots_programme_id_fkey,
    DROP CONSTRAINT lots_donor_fkey,
    DROP CONSTRAINT lots_received_at_id_fkey;

-- With one look, since a long list has many.
CREATE OR REPLACE FUNCTION copy_facts_to_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT items.stock_kind, donors.agency INTO NEW.stock_kind, NEW.donor_agency
        FROM (VALUES (NEW.item_id, NEW.donor_id)) AS lot (item_id, donor_id)
        LEFT JOIN items ON items.id = lot.item_id LEFT JOIN donors ON donors.id = lot.donor_id;
    RETURN NEW;
END
$$;

GRANT SELECT ON donations TO enlace_app;
GRANT USAGE ON SEQUENCE donation_numbers TO enlace_app;
GRANT INSERT (id, programme_id, donor_id, donor_reference, file_digest, received_on, received_at_id, recorded_at, user_id) ON donations TO enlace_app;
GRANT INSERT (id, programme_id, item_id, donor_id, donation_id, line, code, condition, received, received_on, received_at_id, expires_on, donor_reference)
    ON lots TO enlace_app;
