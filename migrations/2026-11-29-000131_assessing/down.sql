REVOKE INSERT (id, person_id, assessed_at, findings) ON assessments FROM enlace_app;
