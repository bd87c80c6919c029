DROP TABLE school_place_documents, school_places, school_grades, schools, school_documents, school_levels;
DROP FUNCTION refuse_place_without_documents();
DROP FUNCTION count_placed();
DROP FUNCTION refuse_other_school_place();
DROP FUNCTION refuse_age_of_pupil();
