DROP TRIGGER persons_merged_within_custody ON persons;
DROP FUNCTION refuse_merge_across_custody;
DROP TABLE custody_transfers;
DROP FUNCTION keep_custody;
ALTER TABLE persons DROP COLUMN custodian;
