DROP TABLE care_records;
