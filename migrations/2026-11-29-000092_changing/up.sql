-- What is known of people, changed through the server; and who belongs together.

GRANT UPDATE (household_id, adult_from, identity, family, migration, placement, version) ON persons TO enlace_app;
GRANT UPDATE (head_id) ON households TO enlace_app;
