DROP TABLE revalidations;
DROP FUNCTION refuse_other_revalidation();
DROP FUNCTION refuse_revalidation_of_minor();
