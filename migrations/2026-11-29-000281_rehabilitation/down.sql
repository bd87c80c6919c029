DROP TRIGGER shelters_of_returned ON shelters;
DROP TABLE centre_return_lines, centre_returns, centre_works;
DROP INDEX centre_loan_lines_of_loan;
DROP FUNCTION refuse_use_of_returned, keep_return, keep_work;
DROP SEQUENCE centre_work_numbers;
ALTER TABLE centre_loans DROP CONSTRAINT centre_loans_no_overlap, DROP CONSTRAINT centre_loans_returned, DROP COLUMN returned_on;
ALTER TABLE centre_loans
    ADD CONSTRAINT centre_loans_no_overlap EXCLUDE USING gist (centre_id WITH =, daterange(starts_on, ends_on, '[]') WITH &&);
