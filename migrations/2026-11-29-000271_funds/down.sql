DROP TABLE expenses, commitments, budget_lines, funding_sources;
DROP FUNCTION keep_spent, keep_committed, keep_planned, raise_version;
DROP SEQUENCE funding_source_numbers, budget_line_numbers, commitment_numbers, expense_numbers;
