-- Funds: where the money comes from, what it is kept for, what is committed of it and what was spent. Amounts are hundredths of the source's
-- currency. What each sum may be stands beside it and is kept by triggers as its owner, so that no line of the server sets one:
-- spent <= committed <= planned <= granted, whoever writes at once.

CREATE SEQUENCE funding_source_numbers;
CREATE TABLE funding_sources (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('FTE', 'funding_source_numbers'),
    name         text NOT NULL,
    -- What was granted, and what of it is planned for something.
    granted      bigint NOT NULL,
    currency     text NOT NULL,
    planned      bigint NOT NULL DEFAULT 0,
    granted_on   date NOT NULL,
    -- The document that shows it, by reference.
    evidence     text NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    CONSTRAINT funding_sources_code_key UNIQUE (programme_id, code),
    CONSTRAINT funding_sources_currency CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT funding_sources_evidence CHECK (char_length(evidence) BETWEEN 3 AND 200),
    CONSTRAINT funding_sources_granted CHECK (granted > 0),
    CONSTRAINT funding_sources_name CHECK (char_length(name) BETWEEN 3 AND 120),
    CONSTRAINT funding_sources_planned_within_granted CHECK (planned BETWEEN 0 AND granted)
);

CREATE SEQUENCE budget_line_numbers;
CREATE TABLE budget_lines (
    id          uuid PRIMARY KEY,
    source_id   uuid NOT NULL REFERENCES funding_sources,
    code        text NOT NULL DEFAULT next_code('PTO', 'budget_line_numbers'),
    -- What it is for.
    purpose     text NOT NULL,
    title       text NOT NULL,
    planned     bigint NOT NULL,
    committed   bigint NOT NULL DEFAULT 0,
    recorded_at timestamptz NOT NULL,
    user_id     uuid REFERENCES users,
    version     integer NOT NULL DEFAULT 1,
    CONSTRAINT budget_lines_code_key UNIQUE (code),
    CONSTRAINT budget_lines_committed_within_planned CHECK (committed BETWEEN 0 AND planned),
    CONSTRAINT budget_lines_planned CHECK (planned > 0),
    CONSTRAINT budget_lines_purpose CHECK (purpose IN ('CENSUS', 'HEALTH', 'SHELTERS', 'FOOD', 'EMPLOYMENT', 'DONATIONS', 'HOUSING',
        'EDUCATION', 'DEPARTURES', 'REHABILITATION', 'COORDINATION')),
    CONSTRAINT budget_lines_title CHECK (char_length(title) BETWEEN 3 AND 120)
);
CREATE INDEX budget_lines_by_source ON budget_lines (source_id, id);

CREATE SEQUENCE commitment_numbers;
CREATE TABLE commitments (
    id           uuid PRIMARY KEY,
    line_id      uuid NOT NULL REFERENCES budget_lines,
    code         text NOT NULL DEFAULT next_code('CMP', 'commitment_numbers'),
    -- What for; no name of anyone.
    title        text NOT NULL,
    committed    bigint NOT NULL,
    spent        bigint NOT NULL DEFAULT 0,
    committed_on date NOT NULL,
    evidence     text NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT commitments_code_key UNIQUE (code),
    -- Of what nothing came, nothing is committed any more.
    CONSTRAINT commitments_committed CHECK (committed >= 0),
    CONSTRAINT commitments_evidence CHECK (char_length(evidence) BETWEEN 3 AND 200),
    CONSTRAINT commitments_spent_within_committed CHECK (spent BETWEEN 0 AND committed),
    CONSTRAINT commitments_title CHECK (char_length(title) BETWEEN 3 AND 200)
);
CREATE INDEX commitments_by_line ON commitments (line_id, id);

CREATE SEQUENCE expense_numbers;
CREATE TABLE expenses (
    id            uuid PRIMARY KEY,
    commitment_id uuid NOT NULL REFERENCES commitments,
    code          text NOT NULL DEFAULT next_code('GTO', 'expense_numbers'),
    amount        bigint NOT NULL,
    spent_on      date NOT NULL,
    evidence      text NOT NULL,
    -- The expense that was none, and that this one takes back.
    reverses_id   uuid,
    recorded_at   timestamptz NOT NULL,
    user_id       uuid REFERENCES users,
    CONSTRAINT expenses_amount CHECK (amount > 0),
    CONSTRAINT expenses_code_key UNIQUE (code),
    CONSTRAINT expenses_evidence CHECK (char_length(evidence) BETWEEN 3 AND 200)
);
-- What an expense repeats that takes another back: all of it, of the same commitment.
CREATE UNIQUE INDEX expenses_of_commitment ON expenses (id, commitment_id, amount);
ALTER TABLE expenses ADD CONSTRAINT expenses_reverses_fkey
    FOREIGN KEY (reverses_id, commitment_id, amount) REFERENCES expenses (id, commitment_id, amount);
CREATE UNIQUE INDEX expenses_reversed_once ON expenses (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE INDEX expenses_by_commitment ON expenses (commitment_id, id);
CREATE TRIGGER expenses_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON expenses FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_planned() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE funding_sources SET planned = planned + NEW.planned - CASE TG_OP WHEN 'UPDATE' THEN OLD.planned ELSE 0 END WHERE id = NEW.source_id;
    RETURN NULL;
END
$$;
CREATE FUNCTION keep_committed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE budget_lines SET committed = committed + NEW.committed - CASE TG_OP WHEN 'UPDATE' THEN OLD.committed ELSE 0 END WHERE id = NEW.line_id;
    RETURN NULL;
END
$$;
CREATE FUNCTION keep_spent() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF EXISTS (SELECT FROM expenses WHERE id = NEW.reverses_id AND reverses_id IS NOT NULL) THEN
        RAISE EXCEPTION 'what takes an expense back is not taken back'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'expenses_reversal_stands';
    END IF;
    UPDATE commitments SET spent = spent + CASE WHEN NEW.reverses_id IS NULL THEN NEW.amount ELSE -NEW.amount END WHERE id = NEW.commitment_id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION keep_planned(), keep_committed(), keep_spent() FROM PUBLIC;
CREATE TRIGGER budget_lines_planned AFTER INSERT OR UPDATE OF planned ON budget_lines FOR EACH ROW EXECUTE FUNCTION keep_planned();
CREATE TRIGGER commitments_committed AFTER INSERT OR UPDATE OF committed ON commitments FOR EACH ROW EXECUTE FUNCTION keep_committed();
CREATE TRIGGER expenses_spent AFTER INSERT ON expenses FOR EACH ROW EXECUTE FUNCTION keep_spent();

-- Whatever changes of a line or of a commitment raises its version.
CREATE FUNCTION raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER budget_lines_version BEFORE UPDATE ON budget_lines FOR EACH ROW EXECUTE FUNCTION raise_version();
CREATE TRIGGER commitments_version BEFORE UPDATE ON commitments FOR EACH ROW EXECUTE FUNCTION raise_version();

GRANT SELECT, INSERT (id, programme_id, name, granted, currency, granted_on, evidence, recorded_at, user_id) ON funding_sources TO enlace_app;
GRANT SELECT, INSERT (id, source_id, purpose, title, planned, recorded_at, user_id), UPDATE (planned) ON budget_lines TO enlace_app;
GRANT SELECT, INSERT (id, line_id, title, committed, committed_on, evidence, recorded_at, user_id), UPDATE (committed) ON commitments TO enlace_app;
GRANT SELECT, INSERT (id, commitment_id, amount, spent_on, evidence, reverses_id, recorded_at, user_id) ON expenses TO enlace_app;
GRANT USAGE ON SEQUENCE funding_source_numbers, budget_line_numbers, commitment_numbers, expense_numbers TO enlace_app;
