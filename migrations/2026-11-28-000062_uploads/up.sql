-- Files on their way to an import, piece by piece, so that a connection that breaks off costs one piece. They lie here and on no
-- node's disk: whichever node is asked next goes on. They are kept for a day, and are no record of the programme.
CREATE TABLE uploads (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    user_id      uuid NOT NULL REFERENCES users,
    key          text NOT NULL,
    length       bigint NOT NULL,
    received     bigint NOT NULL DEFAULT 0,
    -- By the real clock.
    expires_at   timestamptz NOT NULL,
    CONSTRAINT uploads_key_key UNIQUE (user_id, key),
    CONSTRAINT uploads_key_length CHECK (char_length(key) BETWEEN 8 AND 200),
    CONSTRAINT uploads_length_positive CHECK (length > 0),
    CONSTRAINT uploads_within_length CHECK (received <= length)
);
CREATE INDEX uploads_by_expiry ON uploads (expires_at);
CREATE TABLE upload_pieces (
    upload_id uuid NOT NULL REFERENCES uploads ON DELETE CASCADE,
    starts_at bigint NOT NULL,
    content   bytea NOT NULL,
    PRIMARY KEY (upload_id, starts_at),
    CONSTRAINT upload_pieces_not_empty CHECK (octet_length(content) > 0)
);
-- Files do not compress worth the time that it takes twice.
ALTER TABLE upload_pieces ALTER COLUMN content SET STORAGE EXTERNAL;

-- As its owner: how much has come is what the pieces come to. A piece begins where the last one ended, so none is kept twice and
-- none is missing.
CREATE FUNCTION continue_upload() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE uploads SET received = received + octet_length(NEW.content) WHERE id = NEW.upload_id AND received = NEW.starts_at;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a piece begins where the last one ended'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'upload_pieces_in_order';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION continue_upload() FROM PUBLIC;
CREATE TRIGGER upload_pieces_in_order BEFORE INSERT ON upload_pieces FOR EACH ROW EXECUTE FUNCTION continue_upload();

-- As its owner, who may look at all: a user who opens ever more of them fills the disk.
CREATE FUNCTION refuse_more_uploads() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM users WHERE id = NEW.user_id FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM uploads WHERE user_id = NEW.user_id) >= 8 THEN
        RAISE EXCEPTION 'a user has eight uploads at most' USING ERRCODE = 'check_violation', CONSTRAINT = 'uploads_of_user';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION refuse_more_uploads() FROM PUBLIC;
CREATE TRIGGER uploads_of_user BEFORE INSERT ON uploads FOR EACH ROW EXECUTE FUNCTION refuse_more_uploads();

GRANT SELECT, DELETE, INSERT (id, programme_id, user_id, key, length, expires_at) ON uploads TO enlace_app;
GRANT SELECT, INSERT ON upload_pieces TO enlace_app;
