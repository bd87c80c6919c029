-- Campaigns of collection: what is given for one, while it lasts, counts as collected by it.

CREATE TABLE campaigns (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    title        text NOT NULL,
    -- Its first day and its last.
    starts_on    date NOT NULL,
    ends_on      date NOT NULL,
    -- From then on nothing more is recorded for it.
    closed_at    timestamptz,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT campaigns_period CHECK (ends_on >= starts_on),
    CONSTRAINT campaigns_title_form CHECK (title = btrim(title) AND char_length(title) BETWEEN 3 AND 200),
    CONSTRAINT campaigns_title_key UNIQUE (programme_id, title)
);

-- Closed, it stays so.
CREATE FUNCTION close_campaign_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a campaign that is closed stays so' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'campaigns_closed_once';
END
$$;
CREATE TRIGGER campaigns_closed_once BEFORE UPDATE ON campaigns FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL)
    EXECUTE FUNCTION close_campaign_once();

ALTER TABLE donations ADD COLUMN campaign_id uuid REFERENCES campaigns;
CREATE INDEX donations_by_campaign ON donations (campaign_id) WHERE campaign_id IS NOT NULL;

-- What was received on a day of the campaign, and is recorded before it is closed. The campaign's row is held meanwhile: it is not
-- closed between this and the donation's commit.
CREATE FUNCTION refuse_other_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM campaigns WHERE id = NEW.campaign_id AND programme_id = NEW.programme_id AND closed_at IS NULL
        AND NEW.received_on BETWEEN starts_on AND ends_on FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a donation for a campaign is received while it lasts'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'donations_campaign_open';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER donations_campaign_open BEFORE INSERT OR UPDATE OF campaign_id, received_on, programme_id ON donations FOR EACH ROW
    WHEN (NEW.campaign_id IS NOT NULL) EXECUTE FUNCTION refuse_other_campaign();

GRANT SELECT, INSERT (id, programme_id, title, starts_on, ends_on), UPDATE (closed_at, version) ON campaigns TO enlace_app;
GRANT INSERT (campaign_id) ON donations TO enlace_app;
