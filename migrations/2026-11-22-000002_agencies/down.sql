DROP TRIGGER programmes_authority ON programmes;
DROP TABLE revoked_tokens, grants, users, agreements, agencies, authority_version;
DROP FUNCTION raise_authority_version();
