DROP TABLE dispensings, prescriptions;
DROP FUNCTION count_dispensed, refuse_prescription_elsewhen;
