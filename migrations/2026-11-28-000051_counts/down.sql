DROP TABLE stock_count_settlements, stock_count_lines;
DROP TRIGGER stock_counts_ended_once ON stock_counts;
DROP FUNCTION open_stock_count, set_against_ledger, raise_count_version, refuse_line_change, effect_on, refuse_other_settlement,
    refuse_open_differences;
DROP TABLE stock_counts;
DROP SEQUENCE stock_count_numbers;
DROP TYPE uuidrange;
