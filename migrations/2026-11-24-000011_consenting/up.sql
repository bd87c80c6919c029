-- Consents and referrals through the server.

ALTER TABLE consents ADD COLUMN version integer NOT NULL DEFAULT 1;

-- A referral on the ground of consent shares nothing of its own: the consent does, for as long as it stands.
CREATE OR REPLACE VIEW shares AS
    SELECT person_id, share, given_at AS valid_from, least(ends_at, withdrawn_at) AS valid_until FROM consents
    UNION ALL
    SELECT person_id, share, accepted_at, ended_at FROM referrals WHERE accepted_at IS NOT NULL AND legal_basis <> 'CONSENT';

ALTER TABLE referrals
    -- What was declined is over.
    ADD CONSTRAINT referrals_declined_is_over CHECK (declined_at IS NULL OR ended_at IS NULL),
    -- A case is with an agency once for a purpose.
    ADD CONSTRAINT referrals_open_once EXCLUDE USING gist (person_id WITH =, recipient WITH =, purpose WITH =)
        WHERE (declined_at IS NULL AND ended_at IS NULL);

-- Opened and accepted on the ground of consent, a referral needs one that stands, for its recipient and its purpose (R10). The
-- consent is locked, so that it cannot be withdrawn meanwhile.
CREATE FUNCTION check_referral_consent() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM consents WHERE person_id = NEW.person_id AND recipient = NEW.recipient AND purpose = NEW.purpose
        AND tstzrange(given_at, least(ends_at, withdrawn_at)) @> coalesce(NEW.accepted_at, NEW.opened_at) FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no consent of % stands', NEW.person_id USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER referrals_consent_stands AFTER INSERT OR UPDATE OF accepted_at ON referrals
    FOR EACH ROW WHEN (NEW.legal_basis = 'CONSENT' AND NEW.declined_at IS NULL) EXECUTE FUNCTION check_referral_consent();

-- What was answered, ended or withdrawn stays so.
CREATE FUNCTION refuse_unsettling() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(TG_ARGV) AS settled WHERE to_jsonb(OLD) ->> settled IS NOT NULL
        AND to_jsonb(NEW) ->> settled IS DISTINCT FROM to_jsonb(OLD) ->> settled)
    THEN
        RAISE EXCEPTION '% stay as they were settled', TG_TABLE_NAME USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER referrals_settled AFTER UPDATE ON referrals
    FOR EACH ROW EXECUTE FUNCTION refuse_unsettling('accepted_at', 'declined_at', 'ended_at');
CREATE CONSTRAINT TRIGGER consents_settled AFTER UPDATE ON consents
    FOR EACH ROW EXECUTE FUNCTION refuse_unsettling('withdrawn_at');

GRANT INSERT (id, programme_id, person_id, recipient, purpose, given_at, ends_at) ON consents TO enlace_app;
GRANT UPDATE (withdrawn_at, version) ON consents TO enlace_app;
GRANT INSERT (id, programme_id, person_id, sender, recipient, purpose, legal_basis, opened_at) ON referrals TO enlace_app;
GRANT UPDATE (accepted_at, declined_at, ended_at, version) ON referrals TO enlace_app;
