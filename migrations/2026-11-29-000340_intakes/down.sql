DROP TRIGGER persons_merged_without_open_intake ON persons;
DROP FUNCTION refuse_merge_with_open_intake();
DROP TABLE intakes;
DROP FUNCTION keep_intake();
