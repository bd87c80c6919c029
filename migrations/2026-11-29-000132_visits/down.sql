REVOKE INSERT (id, person_id, visit_id, made_at, conclusion) ON diagnoses FROM enlace_app;
DELETE FROM diagnoses WHERE assessment_id IS NULL;
DROP TRIGGER diagnoses_in_open_visit ON diagnoses;
DROP FUNCTION refuse_diagnosis_elsewhen;
ALTER TABLE diagnoses DROP COLUMN visit_id, ALTER COLUMN assessment_id SET NOT NULL;
DROP TABLE visits;
DROP FUNCTION refuse_other_visit_end;
