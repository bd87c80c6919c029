REVOKE INSERT ON locations, shelters, spaces FROM enlace_app;
REVOKE UPDATE ON shelters FROM enlace_app;
DROP TRIGGER shelters_closing ON shelters;
DROP FUNCTION refuse_other_closing;
DROP INDEX shelters_one_open_in_centre;
DROP TABLE centre_loan_lines, centre_loans;
DROP SEQUENCE centre_loan_numbers;
DROP INDEX centres_of_lender;
