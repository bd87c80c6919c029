DROP TABLE tutorial_sessions, tutorial_editions, tutorials;
DROP FUNCTION check_session, keep_tutorial;
DROP SEQUENCE tutorial_numbers;
