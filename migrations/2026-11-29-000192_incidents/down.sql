DROP TABLE incident_people, incident_follow_ups, incidents;
DROP FUNCTION raise_incident;
DROP FUNCTION keep_incident;
DROP FUNCTION date_incident;
DROP SEQUENCE incident_numbers;
