-- A referral carries which classes of the person's data it shares, and when it ends by itself.

ALTER TABLE referrals
    ADD COLUMN classes text[],
    ADD COLUMN ends_at timestamptz,
    -- Without IDENTITY, nobody finds the person in what is shared.
    ADD CONSTRAINT referrals_classes CHECK (
        classes <@ ARRAY['IDENTITY', 'CONSENT', 'MIGRATION', 'EDUCATION', 'EMPLOYMENT', 'HOUSING'] AND 'IDENTITY' = ANY (classes)
        AND array_position(classes, NULL) IS NULL),
    -- On the ground of consent it shares nothing of its own, and so there is nothing to narrow.
    ADD CONSTRAINT referrals_consent_says CHECK (legal_basis <> 'CONSENT' OR classes IS NULL),
    ADD CONSTRAINT referrals_ends_later CHECK (ends_at > opened_at);

-- A case is with an agency once for a purpose, until it ends.
ALTER TABLE referrals DROP CONSTRAINT referrals_open_once;
ALTER TABLE referrals ADD CONSTRAINT referrals_open_once EXCLUDE USING gist (
    person_id WITH =, recipient WITH =, purpose WITH =, tstzrange(opened_at, least(ends_at, ended_at)) WITH &&)
    WHERE (declined_at IS NULL);

-- A share of one class alone names it: INEA/EDUCATION/IDENTITY lies in INEA/EDUCATION.
CREATE OR REPLACE VIEW shares AS
    SELECT person_id, share, given_at AS valid_from, least(ends_at, withdrawn_at) AS valid_until FROM consents
    UNION ALL
    SELECT person_id, share, accepted_at, least(ends_at, ended_at) FROM referrals
        WHERE accepted_at IS NOT NULL AND legal_basis <> 'CONSENT' AND classes IS NULL
    UNION ALL
    SELECT person_id, share || '/' || class, accepted_at, least(ends_at, ended_at) FROM referrals, unnest(classes) AS class
        WHERE accepted_at IS NOT NULL AND legal_basis <> 'CONSENT';

-- A task is about somebody whose case is open, and did not end by itself.
CREATE OR REPLACE FUNCTION check_task_referral() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM referrals
        JOIN agencies AS asker ON asker.id = NEW.agency_id
        JOIN agencies AS assignee ON assignee.id = NEW.assignee_id
    WHERE referrals.id = NEW.referral_id AND referrals.programme_id = NEW.programme_id
        AND (sender, recipient) IN ((asker.code, assignee.code), (assignee.code, asker.code))
        AND num_nonnulls(declined_at, ended_at) = 0 AND (ends_at IS NULL OR ends_at > NEW.recorded_at)
    FOR SHARE OF referrals;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a task is about somebody whose case is open between the two'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tasks_referral_between';
    END IF;
    RETURN NEW;
END
$$;

GRANT INSERT (classes, ends_at) ON referrals TO enlace_app;
