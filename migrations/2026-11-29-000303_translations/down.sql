DROP TABLE translations;
DROP FUNCTION check_translator, keep_translation;
DROP SEQUENCE translation_numbers;
