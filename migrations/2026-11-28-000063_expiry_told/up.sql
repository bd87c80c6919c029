-- Up to which of the programme's days it was told what expires soon: each day once, whichever node tells it.
CREATE TABLE expiry_told (
    programme_id uuid PRIMARY KEY REFERENCES programmes,
    told_on      date NOT NULL
);
CREATE FUNCTION refuse_telling_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.told_on <= OLD.told_on THEN
        RAISE EXCEPTION 'a day is told of once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'expiry_told_once';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER expiry_told_once BEFORE UPDATE ON expiry_told FOR EACH ROW EXECUTE FUNCTION refuse_telling_again();
GRANT SELECT, INSERT, UPDATE (told_on) ON expiry_told TO enlace_app;
