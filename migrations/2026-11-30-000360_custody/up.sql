-- Which agency answers for a person's case. At first it is the operator; a transfer moves it, proposed by whoever holds it and accepted by
-- the other. A referral grants a view, a transfer moves custody, and no custody shares anything.

ALTER TABLE persons
    ADD COLUMN custodian text NOT NULL DEFAULT 'DIF_MUNICIPAL',
    ADD CONSTRAINT persons_custodian_fkey FOREIGN KEY (programme_id, custodian) REFERENCES agencies (programme_id, code);

CREATE TABLE custody_transfers (
    id                uuid PRIMARY KEY,
    programme_id      uuid NOT NULL,
    person_id         uuid NOT NULL REFERENCES persons,
    sender            text NOT NULL,
    recipient         text NOT NULL,
    purpose           text NOT NULL,
    legal_basis       text NOT NULL,
    proposed_at       timestamptz NOT NULL,
    accepted_at       timestamptz,
    declined_at       timestamptz,
    withdrawn_at      timestamptz,
    withdrawn_because text,
    state             text NOT NULL GENERATED ALWAYS AS (CASE
        WHEN accepted_at IS NOT NULL THEN 'ACCEPTED' WHEN declined_at IS NOT NULL THEN 'DECLINED'
        WHEN withdrawn_at IS NOT NULL THEN 'WITHDRAWN' ELSE 'PROPOSED' END) STORED,
    -- Who proposed it.
    user_id           uuid REFERENCES users,
    version           integer NOT NULL DEFAULT 1,
    CONSTRAINT custody_transfers_sender_fkey FOREIGN KEY (programme_id, sender) REFERENCES agencies (programme_id, code),
    CONSTRAINT custody_transfers_recipient_fkey FOREIGN KEY (programme_id, recipient) REFERENCES agencies (programme_id, code),
    CONSTRAINT custody_transfers_elsewhere CHECK (sender <> recipient),
    CONSTRAINT custody_transfers_legal_basis CHECK (legal_basis IN ('CONSENT', 'VITAL_INTEREST', 'LEGAL_DUTY', 'PUBLIC_INTEREST')),
    CONSTRAINT custody_transfers_order CHECK (
        accepted_at >= proposed_at AND declined_at >= proposed_at AND withdrawn_at >= proposed_at),
    CONSTRAINT custody_transfers_purpose CHECK (purpose IN (
        'RECEPTION', 'HEALTH_CARE', 'PROTECTION', 'EDUCATION', 'EMPLOYMENT', 'HOUSING', 'ASSISTANCE', 'OVERSIGHT')),
    CONSTRAINT custody_transfers_settled_one_way CHECK (num_nonnulls(accepted_at, declined_at, withdrawn_at) <= 1),
    CONSTRAINT custody_transfers_withdrawn CHECK (
        (withdrawn_at IS NULL) = (withdrawn_because IS NULL) AND withdrawn_because IN ('HOLDER', 'DEPARTED', 'WITHHELD'))
);
CREATE UNIQUE INDEX custody_transfers_one_open ON custody_transfers (person_id)
    WHERE accepted_at IS NULL AND declined_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX custody_transfers_by_person ON custody_transfers (person_id, id);
CREATE INDEX custody_transfers_by_id ON custody_transfers (programme_id, id);
CREATE TRIGGER custody_transfers_of_merged BEFORE INSERT ON custody_transfers FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

-- The person is held, so that of two who propose, or of one who proposes and one who accepts, one waits. On the ground of consent one must stand,
-- for the recipient and the purpose (R10); it is locked, so that it is not withdrawn meanwhile. As its owner: the server writes nobody's custodian.
CREATE FUNCTION keep_custody() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    holder text;
BEGIN
    SELECT custodian INTO holder FROM persons WHERE id = NEW.person_id AND programme_id = NEW.programme_id FOR NO KEY UPDATE;
    IF TG_OP = 'UPDATE' THEN
        IF num_nonnulls(OLD.accepted_at, OLD.declined_at, OLD.withdrawn_at) > 0 THEN
            RAISE EXCEPTION 'what was answered or withdrawn stays so'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'custody_transfers_settled';
        END IF;
        NEW.version := OLD.version + 1;
    END IF;
    -- What is not taken moves nothing, and rests on nothing any more.
    IF num_nonnulls(NEW.declined_at, NEW.withdrawn_at) > 0 THEN
        RETURN NEW;
    END IF;
    IF holder IS DISTINCT FROM NEW.sender THEN
        RAISE EXCEPTION 'custody is handed on by whoever holds it'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'custody_transfers_by_holder';
    END IF;
    IF NEW.legal_basis = 'CONSENT' THEN
        PERFORM FROM consents WHERE person_id = NEW.person_id AND recipient = NEW.recipient AND purpose = NEW.purpose
            AND tstzrange(given_at, least(ends_at, withdrawn_at)) @> coalesce(NEW.accepted_at, NEW.proposed_at) FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no consent stands' USING ERRCODE = 'check_violation', CONSTRAINT = 'custody_transfers_consent_stands';
        END IF;
    END IF;
    IF NEW.accepted_at IS NOT NULL THEN
        UPDATE persons SET custodian = NEW.recipient WHERE id = NEW.person_id;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_custody() FROM PUBLIC;
CREATE TRIGGER custody_transfers_kept BEFORE INSERT OR UPDATE ON custody_transfers FOR EACH ROW EXECUTE FUNCTION keep_custody();

-- A merged record stays as it is: what is open of it would move nothing, and whoever answers for it would lose the case unasked. The trigger
-- that holds the other record comes before, by name.
CREATE FUNCTION refuse_merge_across_custody() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM custody_transfers WHERE person_id = NEW.id AND state = 'PROPOSED') THEN
        RAISE EXCEPTION 'a transfer of custody is answered or withdrawn before its record is merged'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'persons_merged_without_open_transfer';
    END IF;
    IF NOT EXISTS (SELECT FROM persons WHERE id = NEW.merged_into AND custodian = NEW.custodian) THEN
        RAISE EXCEPTION 'one agency answers for both records that are merged'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'persons_merged_within_custody';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER persons_merged_within_custody BEFORE UPDATE OF merged_into ON persons
    FOR EACH ROW WHEN (OLD.merged_into IS NULL AND NEW.merged_into IS NOT NULL) EXECUTE FUNCTION refuse_merge_across_custody();

GRANT SELECT, INSERT (id, programme_id, person_id, sender, recipient, purpose, legal_basis, proposed_at, user_id),
    UPDATE (accepted_at, declined_at, withdrawn_at, withdrawn_because) ON custody_transfers TO enlace_app;
