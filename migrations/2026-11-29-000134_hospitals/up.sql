-- Referrals to the second level: to a hospital, which takes the case or declines it; forward only. Where to, why and what came of it lies
-- sealed.

CREATE TABLE medical_referrals (
    id          uuid PRIMARY KEY,
    person_id   uuid NOT NULL,
    visit_id    uuid NOT NULL,
    referred_at timestamptz NOT NULL,
    accepted_at timestamptz,
    declined_at timestamptz,
    ended_at    timestamptz,
    -- The hospital, the specialty, the reason, the answer and the outcome.
    record      bytea NOT NULL,
    version     integer NOT NULL DEFAULT 1,
    CONSTRAINT medical_referrals_visit_fkey FOREIGN KEY (visit_id, person_id) REFERENCES visits (id, person_id),
    CONSTRAINT medical_referrals_answered_once CHECK (num_nonnulls(accepted_at, declined_at) <= 1),
    -- What ends was taken before.
    CONSTRAINT medical_referrals_order CHECK (
        coalesce(accepted_at, declined_at, referred_at) >= referred_at
        AND (ended_at IS NULL OR accepted_at IS NOT NULL AND ended_at >= accepted_at))
);
CREATE INDEX medical_referrals_by_person ON medical_referrals (person_id);
CREATE INDEX medical_referrals_by_visit ON medical_referrals (visit_id);

CREATE FUNCTION refuse_medical_referral_elsewhen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM visits WHERE id = NEW.visit_id AND closed_at IS NULL AND opened_at <= NEW.referred_at FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a person is referred to a hospital while the visit is open'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'medical_referrals_in_open_visit';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER medical_referrals_in_open_visit BEFORE INSERT ON medical_referrals
    FOR EACH ROW EXECUTE FUNCTION refuse_medical_referral_elsewhen();

CREATE FUNCTION refuse_medical_referral_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.accepted_at IS NOT NULL AND NEW.accepted_at IS DISTINCT FROM OLD.accepted_at)
        OR (OLD.declined_at IS NOT NULL AND NEW.declined_at IS DISTINCT FROM OLD.declined_at)
        OR OLD.ended_at IS NOT NULL
    THEN
        RAISE EXCEPTION 'what was answered, or is over, stays so'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'medical_referrals_forward';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER medical_referrals_forward BEFORE UPDATE OF accepted_at, declined_at, ended_at ON medical_referrals
    FOR EACH ROW EXECUTE FUNCTION refuse_medical_referral_back();

GRANT SELECT, INSERT (id, person_id, visit_id, referred_at, record), UPDATE (accepted_at, declined_at, ended_at, record)
    ON medical_referrals TO enlace_app;
