REVOKE UPDATE (accepted_at, declined_at, ended_at, version) ON referrals FROM enlace_app;
REVOKE INSERT (id, programme_id, person_id, sender, recipient, purpose, legal_basis, opened_at) ON referrals FROM enlace_app;
REVOKE UPDATE (withdrawn_at, version) ON consents FROM enlace_app;
REVOKE INSERT (id, programme_id, person_id, recipient, purpose, given_at, ends_at) ON consents FROM enlace_app;
DROP TRIGGER consents_settled ON consents;
DROP TRIGGER referrals_settled ON referrals;
DROP TRIGGER referrals_consent_stands ON referrals;
DROP FUNCTION refuse_unsettling, check_referral_consent;
ALTER TABLE referrals DROP CONSTRAINT referrals_open_once, DROP CONSTRAINT referrals_declined_is_over;
CREATE OR REPLACE VIEW shares AS
    SELECT person_id, share, given_at AS valid_from, least(ends_at, withdrawn_at) AS valid_until FROM consents
    UNION ALL
    SELECT person_id, share, accepted_at, ended_at FROM referrals WHERE accepted_at IS NOT NULL;
ALTER TABLE consents DROP COLUMN version;
