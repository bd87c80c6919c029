DROP TABLE press_visits;
DROP FUNCTION keep_press_visit, keep_new_press_visit;
DROP SEQUENCE press_visit_numbers;
