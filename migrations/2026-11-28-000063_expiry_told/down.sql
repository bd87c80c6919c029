DROP TABLE expiry_told;
DROP FUNCTION refuse_telling_again();
