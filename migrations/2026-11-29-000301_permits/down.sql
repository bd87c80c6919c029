DROP TABLE permits;
DROP FUNCTION check_renewal, keep_permit;
DROP SEQUENCE permit_numbers;
