DROP TABLE break_glass_accesses;
DROP FUNCTION refuse_break_glass_change();
