DROP TABLE inspection_findings, inspections;
DROP FUNCTION keep_finding;
DROP SEQUENCE inspection_numbers;
