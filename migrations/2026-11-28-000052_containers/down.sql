DROP TABLE container_lines, containers;
DROP FUNCTION pack, keep_packed, carry_packed, refuse_unfinished_way, is_checked_code;
ALTER TABLE balances DROP COLUMN packed;
