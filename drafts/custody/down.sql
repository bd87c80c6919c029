DROP TABLE custody_transfers;
DROP FUNCTION keep_custody;
ALTER TABLE persons DROP COLUMN custodian;
