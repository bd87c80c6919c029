DROP TABLE container_lines, containers;
DROP FUNCTION pack, keep_packed, carry_packed, refuse_unfinished_way;
ALTER TABLE balances DROP COLUMN packed;
