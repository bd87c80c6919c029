REVOKE INSERT (override_id) ON stays FROM enlace_app;
DROP TRIGGER stays_override_holds ON stays;
DROP FUNCTION refuse_unapproved_stay;
ALTER TABLE stays DROP COLUMN override_id;
DROP TABLE placement_overrides;
DROP FUNCTION refuse_other_approval;
