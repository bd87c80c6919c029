CREATE OR REPLACE VIEW shares AS
    SELECT person_id, share, given_at AS valid_from, least(ends_at, withdrawn_at) AS valid_until FROM consents
    UNION ALL
    SELECT person_id, share, accepted_at, ended_at FROM referrals WHERE accepted_at IS NOT NULL AND legal_basis <> 'CONSENT';
ALTER TABLE referrals DROP CONSTRAINT referrals_open_once;
ALTER TABLE referrals ADD CONSTRAINT referrals_open_once EXCLUDE USING gist (person_id WITH =, recipient WITH =, purpose WITH =)
    WHERE (declined_at IS NULL AND ended_at IS NULL);
CREATE OR REPLACE FUNCTION check_task_referral() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM referrals
        JOIN agencies AS asker ON asker.id = NEW.agency_id
        JOIN agencies AS assignee ON assignee.id = NEW.assignee_id
    WHERE referrals.id = NEW.referral_id AND referrals.programme_id = NEW.programme_id
        AND (sender, recipient) IN ((asker.code, assignee.code), (assignee.code, asker.code))
        AND num_nonnulls(declined_at, ended_at) = 0
    FOR SHARE OF referrals;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a task is about somebody whose case is open between the two'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tasks_referral_between';
    END IF;
    RETURN NEW;
END
$$;
REVOKE INSERT (classes, ends_at) ON referrals FROM enlace_app;
ALTER TABLE referrals DROP COLUMN classes, DROP COLUMN ends_at;
