REVOKE INSERT (id, programme_id, household_id, arrived_on, adult_from, shelter_id, identity, family, migration, placement)
    ON persons FROM enlace_app;
REVOKE INSERT (id, programme_id, arrived_on, shelter_id, head_id) ON households FROM enlace_app;
ALTER TABLE persons ALTER COLUMN code DROP DEFAULT;
ALTER TABLE households ALTER COLUMN code DROP DEFAULT, DROP COLUMN head_id;
DROP SEQUENCE household_numbers, person_numbers;
DROP INDEX persons_of_household;
