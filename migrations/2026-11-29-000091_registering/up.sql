-- People and their households, registered through the server.

-- A household has exactly one head, who is one of its members. Both are written in one transaction, so it is looked at when that ends.
-- Until now households were only loaded, each member's folio after its head's.
CREATE UNIQUE INDEX persons_of_household ON persons (id, household_id);
ALTER TABLE households ADD COLUMN head_id uuid;
UPDATE households SET head_id = (SELECT id FROM persons WHERE household_id = households.id ORDER BY code LIMIT 1);
ALTER TABLE households
    ALTER COLUMN head_id SET NOT NULL,
    ADD CONSTRAINT households_head_fkey FOREIGN KEY (head_id, id) REFERENCES persons (id, household_id)
        DEFERRABLE INITIALLY DEFERRED;

-- Folios.
CREATE SEQUENCE household_numbers;
CREATE SEQUENCE person_numbers;
ALTER TABLE households ALTER COLUMN code SET DEFAULT next_code('HOG', 'household_numbers');
ALTER TABLE persons ALTER COLUMN code SET DEFAULT next_code('PER', 'person_numbers');

GRANT INSERT (id, programme_id, arrived_on, shelter_id, head_id) ON households TO enlace_app;
GRANT INSERT (id, programme_id, household_id, arrived_on, adult_from, shelter_id, identity, family, migration, placement)
    ON persons TO enlace_app;
GRANT USAGE ON SEQUENCE household_numbers, person_numbers TO enlace_app;
