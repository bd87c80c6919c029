-- What people ask of their own data: access, rectification, cancellation, opposition (R20). The clock runs in working days, from the day
-- after it was asked: 20 to answer, extended once by 10, and 15 from the answer to carry it out.

-- Days that are no working days, beside Saturdays and Sundays. Data: whoever runs the programme adds to it.
CREATE TABLE days_off (
    day  date PRIMARY KEY,
    name text NOT NULL
);
-- Mexico's, by article 74 of the Ley Federal del Trabajo.
INSERT INTO days_off (day, name) VALUES
    ('2021-12-25', 'Navidad'),
    ('2022-01-01', 'Año Nuevo'),
    ('2022-02-07', 'Aniversario de la Constitución'),
    ('2022-03-21', 'Natalicio de Benito Juárez'),
    ('2022-05-01', 'Día del Trabajo'),
    ('2022-09-16', 'Día de la Independencia'),
    ('2022-11-21', 'Aniversario de la Revolución'),
    ('2022-12-25', 'Navidad');

-- The so-manieth working day after a day.
CREATE FUNCTION working_day_after(from_day date, days integer) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT day FROM (SELECT from_day + later AS day FROM generate_series(1, 3 * days + 60) AS later) AS days_after
    WHERE extract(isodow FROM day) < 6 AND NOT EXISTS (SELECT FROM days_off WHERE days_off.day = days_after.day)
    ORDER BY day OFFSET days - 1 LIMIT 1
$$;

-- What is known of a person is withheld once its cancellation was granted, and erased when it is carried out.
ALTER TABLE persons
    ADD COLUMN withheld       text,
    ADD COLUMN withheld_since timestamptz,
    -- Whether their key is known to be gone from the keys' database, which no transaction of this one can reach.
    ADD COLUMN key_destroyed  boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT persons_withheld CHECK (
        coalesce(withheld, 'BLOCKED') IN ('BLOCKED', 'ERASED') AND num_nulls(withheld, withheld_since) <> 1
        AND (NOT key_destroyed OR coalesce(withheld = 'ERASED', false)));
CREATE INDEX persons_by_key_to_destroy ON persons (id) WHERE withheld = 'ERASED' AND NOT key_destroyed;

CREATE FUNCTION refuse_other_withholding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withheld = 'ERASED' AND NEW.withheld IS DISTINCT FROM 'ERASED' OR NEW.withheld IS NULL OR OLD.withheld_since <> NEW.withheld_since THEN
        RAISE EXCEPTION 'what is withheld stays so' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'persons_withheld_forward';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER persons_withheld_forward BEFORE UPDATE OF withheld, withheld_since ON persons
    FOR EACH ROW WHEN (OLD.withheld IS NOT NULL) EXECUTE FUNCTION refuse_other_withholding();

-- A record that is withheld is merged into none, none is into it, and it is not separated again: its person asked for what there was.
CREATE FUNCTION refuse_merge_of_withheld() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withheld IS NOT NULL OR EXISTS (SELECT FROM persons WHERE id = NEW.merged_into AND withheld IS NOT NULL) THEN
        RAISE EXCEPTION 'a record that is withheld is neither merged nor separated'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'persons_withheld_unmerged';
    END IF;
    RETURN NEW;
END
$$;
-- After the trigger that holds the other record, by name.
CREATE TRIGGER persons_withheld_unmerged BEFORE UPDATE OF merged_into ON persons
    FOR EACH ROW WHEN (OLD.merged_into IS DISTINCT FROM NEW.merged_into) EXECUTE FUNCTION refuse_merge_of_withheld();

CREATE TABLE arco_requests (
    id               uuid PRIMARY KEY,
    programme_id     uuid NOT NULL REFERENCES programmes,
    person_id        uuid NOT NULL REFERENCES persons,
    kind             text NOT NULL,
    -- Who asks, in what right; how that was proved is sealed, as each text here is.
    asked_by         text NOT NULL,
    proof            bytea NOT NULL,
    received_on      date NOT NULL,
    -- The person's version then.
    person_version   integer NOT NULL,
    state            text NOT NULL DEFAULT 'RECEIVED',
    extended_at      timestamptz,
    extension_reason bytea,
    answered_at      timestamptz,
    ground           text,
    answer_reason    bytea,
    -- The last days to answer and to carry it out; kept by the trigger.
    due_on           date NOT NULL,
    carry_out_by     date,
    erasure_asked_at timestamptz,
    erasure_asked_by uuid REFERENCES users,
    carried_out_at   timestamptz,
    carried_out_by   uuid REFERENCES users,
    -- Of access, to whom the copy was handed over; of a rectification, the person's version in which it is done.
    handed_over       bytea,
    rectified_version integer,
    recorded_by      uuid NOT NULL REFERENCES users,
    version          integer NOT NULL DEFAULT 1,
    -- What the consents repeat that it opposes.
    CONSTRAINT arco_requests_person_key UNIQUE (id, person_id),
    CONSTRAINT arco_requests_codes CHECK (
        kind IN ('ACCESS', 'RECTIFICATION', 'CANCELLATION', 'OPPOSITION')
        AND asked_by IN ('PERSON', 'GUARDIAN', 'REPRESENTATIVE', 'RELATIVE_OF_THE_DECEASED')
        AND state IN ('RECEIVED', 'EXTENDED', 'GRANTED', 'REFUSED', 'CARRIED_OUT')
        AND coalesce(ground, 'NOT_HELD') IN (
            'NOT_PROVED', 'NOT_HELD', 'LEGAL_IMPEDIMENT', 'RIGHTS_OF_OTHERS', 'PROCEEDINGS', 'RESTRICTED_BY_AUTHORITY', 'DONE_BEFORE',
            'NOT_COMPETENT', 'PROTECTS_THE_PERSON', 'DUTY_OF_THE_PERSON')),
    CONSTRAINT arco_requests_whole CHECK (
        num_nulls(extended_at, extension_reason) <> 1
        AND (answered_at IS NULL) = (state IN ('RECEIVED', 'EXTENDED'))
        AND num_nonnulls(ground, answer_reason) = CASE state WHEN 'REFUSED' THEN 2 ELSE 0 END
        AND num_nulls(erasure_asked_at, erasure_asked_by) <> 1
        AND num_nonnulls(carried_out_at, carried_out_by) = CASE state WHEN 'CARRIED_OUT' THEN 2 ELSE 0 END),
    CONSTRAINT arco_requests_order CHECK (
        answered_at >= extended_at AND erasure_asked_at >= answered_at AND carried_out_at >= coalesce(erasure_asked_at, answered_at)),
    -- What is known of a person is erased by two.
    CONSTRAINT arco_requests_second_person CHECK (
        kind <> 'CANCELLATION' OR state <> 'CARRIED_OUT' OR coalesce(erasure_asked_by <> carried_out_by, false)),
    CONSTRAINT arco_requests_done CHECK (
        state <> 'CARRIED_OUT' OR CASE kind
            WHEN 'ACCESS' THEN handed_over IS NOT NULL
            WHEN 'RECTIFICATION' THEN coalesce(rectified_version > person_version, false)
            ELSE true END)
);
CREATE INDEX arco_requests_by_programme ON arco_requests (programme_id, id);
CREATE INDEX arco_requests_by_person ON arco_requests (person_id, id);

-- The consents that a person opposes.
ALTER TABLE consents
    ADD COLUMN opposed_by uuid,
    ADD CONSTRAINT consents_opposed_by_fkey FOREIGN KEY (opposed_by, person_id) REFERENCES arco_requests (id, person_id);
CREATE INDEX consents_by_opposition ON consents (opposed_by) WHERE opposed_by IS NOT NULL;

-- A request goes forward alone, what was said stays, and the clock is kept: days are those of the programme's own zone.
CREATE FUNCTION keep_arco_clock() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    zone text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'RECEIVED' THEN
            RAISE EXCEPTION 'a request begins when it is received'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'arco_requests_forward';
        END IF;
        NEW.due_on := working_day_after(NEW.received_on, 20);
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (
            ('RECEIVED', 'EXTENDED'), ('RECEIVED', 'GRANTED'), ('RECEIVED', 'REFUSED'), ('EXTENDED', 'GRANTED'), ('EXTENDED', 'REFUSED'),
            ('GRANTED', 'GRANTED'), ('GRANTED', 'CARRIED_OUT'))
        OR (NEW.id, NEW.programme_id, NEW.person_id, NEW.kind, NEW.asked_by, NEW.proof, NEW.received_on, NEW.person_version, NEW.recorded_by)
            <> (OLD.id, OLD.programme_id, OLD.person_id, OLD.kind, OLD.asked_by, OLD.proof, OLD.received_on, OLD.person_version, OLD.recorded_by)
        OR (NEW.extended_at IS DISTINCT FROM OLD.extended_at OR NEW.extension_reason IS DISTINCT FROM OLD.extension_reason)
            <> (NEW.state = 'EXTENDED')
        OR OLD.answered_at IS NOT NULL AND (NEW.answered_at, NEW.ground, NEW.answer_reason)
            IS DISTINCT FROM (OLD.answered_at, OLD.ground, OLD.answer_reason)
        OR (NEW.erasure_asked_at IS DISTINCT FROM OLD.erasure_asked_at OR NEW.erasure_asked_by IS DISTINCT FROM OLD.erasure_asked_by)
            <> (OLD.state = 'GRANTED' AND NEW.state = 'GRANTED')
        OR OLD.erasure_asked_by IS NOT NULL AND NEW.state = 'GRANTED'
    THEN
        RAISE EXCEPTION 'a request goes forward, and what was said of it stays'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'arco_requests_forward';
    END IF;
    SELECT time_zone INTO zone FROM programmes WHERE id = NEW.programme_id;
    IF NEW.state = 'EXTENDED' THEN
        IF (NEW.extended_at AT TIME ZONE zone)::date > OLD.due_on THEN
            RAISE EXCEPTION 'the time is extended before it is over'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'arco_requests_extended_in_time';
        END IF;
        NEW.due_on := working_day_after(NEW.received_on, 30);
    ELSIF NEW.state = 'GRANTED' THEN
        NEW.carry_out_by := working_day_after((NEW.answered_at AT TIME ZONE zone)::date, 15);
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER arco_requests_clock BEFORE INSERT OR UPDATE ON arco_requests FOR EACH ROW EXECUTE FUNCTION keep_arco_clock();

-- Blocking comes with the grant of a cancellation, and erasure with its carrying out, of every record of the person. As its owner: the
-- server withholds nobody itself.
CREATE FUNCTION withhold_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF NEW.kind = 'CANCELLATION' AND NEW.state = 'GRANTED' THEN
        UPDATE persons SET withheld = 'BLOCKED', withheld_since = NEW.answered_at
            WHERE (id = NEW.person_id OR merged_into = NEW.person_id) AND withheld IS NULL;
    ELSIF NEW.kind = 'CANCELLATION' AND NEW.state = 'CARRIED_OUT' THEN
        UPDATE persons SET withheld = 'ERASED' WHERE (id = NEW.person_id OR merged_into = NEW.person_id) AND withheld = 'BLOCKED';
        -- Nobody is found by what is known of nobody.
        DELETE FROM person_tokens WHERE person_id IN (SELECT id FROM persons WHERE id = NEW.person_id OR merged_into = NEW.person_id);
    ELSIF NEW.kind = 'OPPOSITION' AND NEW.state = 'CARRIED_OUT' THEN
        PERFORM FROM consents WHERE opposed_by = NEW.id AND withdrawn_at IS NULL AND coalesce(ends_at, 'infinity') > NEW.carried_out_at;
        IF FOUND THEN
            RAISE EXCEPTION 'a consent that is opposed stands still'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'arco_requests_consents_ended';
        END IF;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION withhold_person() FROM PUBLIC;
CREATE TRIGGER arco_requests_withhold AFTER UPDATE ON arco_requests FOR EACH ROW EXECUTE FUNCTION withhold_person();

GRANT SELECT ON days_off, arco_requests TO enlace_app;
GRANT INSERT (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by),
    UPDATE (state, extended_at, extension_reason, answered_at, ground, answer_reason, erasure_asked_at, erasure_asked_by, carried_out_at,
        carried_out_by, handed_over, rectified_version)
    ON arco_requests TO enlace_app;
GRANT UPDATE (opposed_by) ON consents TO enlace_app;
GRANT UPDATE (key_destroyed) ON persons TO enlace_app;
