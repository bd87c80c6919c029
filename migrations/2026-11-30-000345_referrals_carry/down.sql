CREATE OR REPLACE VIEW shares AS
    SELECT person_id, share, given_at AS valid_from, least(ends_at, withdrawn_at) AS valid_until FROM consents
    UNION ALL
    SELECT person_id, share, accepted_at, ended_at FROM referrals WHERE accepted_at IS NOT NULL AND legal_basis <> 'CONSENT';
ALTER TABLE referrals DROP CONSTRAINT referrals_open_once;
ALTER TABLE referrals ADD CONSTRAINT referrals_open_once EXCLUDE USING gist (person_id WITH =, recipient WITH =, purpose WITH =)
    WHERE (declined_at IS NULL AND ended_at IS NULL);
ALTER TABLE referrals DROP COLUMN classes, DROP COLUMN ends_at;
