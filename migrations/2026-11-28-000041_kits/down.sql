DROP TABLE kit_lines, kits;
DROP FUNCTION refuse_other_kit, refuse_late_kit_line;
