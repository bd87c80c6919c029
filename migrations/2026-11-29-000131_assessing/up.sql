-- Medical assessments, recorded through the server. What is found stays sealed as one value; nobody changes it afterwards.

GRANT INSERT (id, person_id, assessed_at, findings) ON assessments TO enlace_app;
