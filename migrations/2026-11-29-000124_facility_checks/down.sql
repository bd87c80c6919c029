DROP TABLE facility_checks;
