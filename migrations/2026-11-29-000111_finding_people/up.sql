-- Finding a person by what is known of them. Names and numbers lie sealed, each under its person's key, so they are looked for by
-- tokens: hashes under a key that lies with the other keys (HMAC-SHA-256, its first 16 bytes, over the kind and the value in its
-- plainest spelling). A copy of this database gives none of them away; it shows which people have one in common.
CREATE TABLE person_tokens (
    person_id uuid  NOT NULL REFERENCES persons,
    kind      text  NOT NULL,
    token     bytea NOT NULL,
    PRIMARY KEY (token, person_id),
    CONSTRAINT person_tokens_kind CHECK (kind IN ('NAME', 'SOUND', 'BORN', 'BORN_NO_FINER', 'DOCUMENT', 'CURP')),
    CONSTRAINT person_tokens_length CHECK (length(token) = 16)
);
CREATE INDEX person_tokens_by_person ON person_tokens (person_id);

-- By which rules of spelling a person's tokens were made; 0 where none were. The server makes those that are missing or of other
-- rules: of people who were registered before, or by a server before this change.
ALTER TABLE persons ADD COLUMN tokens_of integer NOT NULL DEFAULT 0;
CREATE INDEX persons_by_tokens ON persons (tokens_of);

GRANT SELECT, INSERT, DELETE ON person_tokens TO enlace_app;
GRANT INSERT (tokens_of), UPDATE (tokens_of) ON persons TO enlace_app;
