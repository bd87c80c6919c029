-- Food: kitchens, the meals that they cook for each shelter, for whom by count, and what of the stores they used. Nobody who eats is
-- named anywhere.

CREATE SEQUENCE kitchen_numbers;
CREATE TABLE kitchens (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('COC', 'kitchen_numbers'),
    agency_id    uuid NOT NULL REFERENCES agencies,
    name         text NOT NULL,
    place        text NOT NULL,
    -- On one day at most, all meals together.
    portions     integer NOT NULL,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT kitchens_code_key UNIQUE (programme_id, code),
    CONSTRAINT kitchens_name CHECK (char_length(name) BETWEEN 3 AND 120),
    CONSTRAINT kitchens_place CHECK (char_length(place) BETWEEN 3 AND 200),
    CONSTRAINT kitchens_portions CHECK (portions BETWEEN 0 AND 100000)
);

-- One meal of one shelter on one day. One kitchen cooks it; where it was cancelled, it can be planned anew.
CREATE TABLE meal_services (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    kitchen_id   uuid NOT NULL REFERENCES kitchens,
    shelter_id   uuid NOT NULL REFERENCES shelters,
    day          date NOT NULL,
    meal         text NOT NULL,
    state        text NOT NULL DEFAULT 'PLANNED',
    planned      integer NOT NULL,
    served       integer,
    -- How many people the shelter lodged when it was planned or, later, served. Kept by the trigger below.
    lodged       integer NOT NULL,
    -- Why it was cancelled, or what was served was corrected.
    reason       text,
    served_at    timestamptz,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    -- What its present version is named by.
    revision_id  uuid NOT NULL GENERATED ALWAYS AS (md5(uuid_send(id) || int4send(version))::uuid) STORED,
    CONSTRAINT meal_services_meal CHECK (meal IN ('BREAKFAST', 'LUNCH', 'DINNER')),
    CONSTRAINT meal_services_portions CHECK (planned BETWEEN 1 AND 100000 AND served BETWEEN 0 AND 100000),
    CONSTRAINT meal_services_reason CHECK (char_length(reason) BETWEEN 3 AND 500),
    CONSTRAINT meal_services_state CHECK (CASE state
        WHEN 'PLANNED' THEN num_nonnulls(served, served_at, reason) = 0
        WHEN 'SERVED' THEN num_nonnulls(served, served_at) = 2
        WHEN 'CANCELLED' THEN num_nonnulls(served, served_at) = 0 AND reason IS NOT NULL
        ELSE false END)
);
CREATE UNIQUE INDEX meal_services_once ON meal_services (shelter_id, day, meal) WHERE state <> 'CANCELLED';
CREATE INDEX meal_services_by_id ON meal_services (programme_id, id);
CREATE INDEX meal_services_by_day ON meal_services (programme_id, day, id);
CREATE INDEX meal_services_by_kitchen ON meal_services (kitchen_id, day);

-- What was said of a service, each time: a correction leaves what was said before.
CREATE TABLE meal_revisions (
    service_id  uuid NOT NULL REFERENCES meal_services,
    version     integer NOT NULL,
    id          uuid NOT NULL GENERATED ALWAYS AS (md5(uuid_send(service_id) || int4send(version))::uuid) STORED,
    state       text NOT NULL,
    planned     integer NOT NULL,
    served      integer,
    lodged      integer NOT NULL,
    reason      text,
    recorded_at timestamptz NOT NULL,
    user_id     uuid REFERENCES users,
    PRIMARY KEY (service_id, version),
    CONSTRAINT meal_revisions_id_key UNIQUE (id)
);

-- Of its portions, so many of one diet. One portion can be of several.
CREATE TABLE meal_diets (
    service_id  uuid NOT NULL REFERENCES meal_services,
    version     integer NOT NULL,
    diet        text NOT NULL,
    planned     integer NOT NULL,
    served      integer,
    -- By which it is named alone, and the revision that it is of.
    id          uuid NOT NULL GENERATED ALWAYS AS (md5(service_id::text || version::text || diet)::uuid) STORED,
    revision_id uuid NOT NULL GENERATED ALWAYS AS (md5(uuid_send(service_id) || int4send(version))::uuid) STORED,
    PRIMARY KEY (service_id, version, diet),
    CONSTRAINT meal_diets_id_key UNIQUE (id),
    CONSTRAINT meal_diets_diet CHECK (diet IN ('INFANT', 'SOFT', 'DIABETIC', 'LOW_SALT', 'VEGETARIAN', 'NO_PORK', 'PREGNANT')),
    CONSTRAINT meal_diets_portions CHECK (planned >= 0 AND served >= 0)
);
CREATE INDEX meal_diets_by_revision ON meal_diets (revision_id);

-- What left a store for a service: the ledger's own movements.
CREATE TABLE meal_inputs (
    movement_id uuid PRIMARY KEY REFERENCES movements,
    service_id  uuid NOT NULL REFERENCES meal_services
);
CREATE INDEX meal_inputs_by_service ON meal_inputs (service_id);

-- Planned, then served or cancelled, and never back; of what was served, only how much it was is said anew, and why. A kitchen's days
-- are counted under its own row's lock, so that two who plan at once see each other. As its owner, who may hold it.
CREATE FUNCTION keep_meal_service() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    most   integer;
    others bigint;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.programme_id, NEW.kitchen_id, NEW.shelter_id, NEW.day, NEW.meal)
                IS DISTINCT FROM (OLD.id, OLD.programme_id, OLD.kitchen_id, OLD.shelter_id, OLD.day, OLD.meal)
            OR NOT (OLD.state = 'PLANNED'
                OR OLD.state = 'SERVED' AND NEW.state = 'SERVED' AND NEW.reason IS NOT NULL AND NEW.planned = OLD.planned)
        THEN
            RAISE EXCEPTION 'a meal is planned, then served or cancelled'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'meal_services_forward';
        END IF;
        NEW.version := OLD.version + 1;
        NEW.lodged := CASE WHEN OLD.state = 'PLANNED' AND NEW.state <> 'CANCELLED' THEN NULL ELSE OLD.lodged END;
    END IF;
    IF NEW.lodged IS NULL THEN
        NEW.lodged := (SELECT coalesce(sum(occupied), 0) FROM spaces WHERE shelter_id = NEW.shelter_id);
    END IF;
    PERFORM FROM shelters WHERE id = NEW.shelter_id AND NEW.day BETWEEN opened_on AND coalesce(closed_on, 'infinity');
    IF NOT FOUND AND NEW.state <> 'CANCELLED' THEN
        RAISE EXCEPTION 'the shelter is not open on that day'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'meal_services_while_open';
    END IF;
    IF NEW.state = 'SERVED' AND NEW.day > (
        SELECT (NEW.served_at AT TIME ZONE time_zone)::date FROM programmes WHERE id = NEW.programme_id)
    THEN
        RAISE EXCEPTION 'a meal is not served before its day'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'meal_services_on_their_day';
    END IF;
    IF NEW.state <> 'CANCELLED' THEN
        SELECT portions INTO most FROM kitchens WHERE id = NEW.kitchen_id FOR NO KEY UPDATE;
        SELECT coalesce(sum(greatest(planned, served)), 0) INTO others FROM meal_services
            WHERE kitchen_id = NEW.kitchen_id AND day = NEW.day AND id <> NEW.id AND state <> 'CANCELLED';
        IF others + greatest(NEW.planned, NEW.served) > most THEN
            RAISE EXCEPTION 'a kitchen cooks no more on a day than it can'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'meal_services_within_kitchen';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_meal_service() FROM PUBLIC;
CREATE TRIGGER meal_services_kept BEFORE INSERT OR UPDATE ON meal_services FOR EACH ROW EXECUTE FUNCTION keep_meal_service();

-- As its owner: the server writes no revision itself.
CREATE FUNCTION keep_meal_revision() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO meal_revisions (service_id, version, state, planned, served, lodged, reason, recorded_at, user_id)
        VALUES (NEW.id, NEW.version, NEW.state, NEW.planned, NEW.served, NEW.lodged, NEW.reason, NEW.recorded_at, NEW.user_id);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION keep_meal_revision() FROM PUBLIC;
CREATE TRIGGER meal_services_revised AFTER INSERT OR UPDATE ON meal_services FOR EACH ROW EXECUTE FUNCTION keep_meal_revision();
CREATE TRIGGER meal_revisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON meal_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A kitchen keeps its code and its agency, and can cook what is planned of it.
CREATE FUNCTION keep_kitchen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.programme_id, NEW.code, NEW.agency_id) IS DISTINCT FROM (OLD.id, OLD.programme_id, OLD.code, OLD.agency_id) THEN
        RAISE EXCEPTION 'a kitchen keeps its code and its agency' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kitchens_same';
    END IF;
    NEW.version := OLD.version + 1;
    IF NEW.portions < OLD.portions THEN
        PERFORM FROM meal_services WHERE kitchen_id = NEW.id AND state <> 'CANCELLED'
            GROUP BY day HAVING bool_or(state = 'PLANNED') AND sum(greatest(planned, served)) > NEW.portions;
        IF FOUND THEN
            RAISE EXCEPTION 'more is planned of the kitchen on some day'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kitchens_cook_what_is_planned';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER kitchens_kept BEFORE UPDATE ON kitchens FOR EACH ROW EXECUTE FUNCTION keep_kitchen();

-- Diets are said with the version that the service has, and count no more portions than it does.
CREATE FUNCTION refuse_other_diet() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    service meal_services;
BEGIN
    SELECT * INTO service FROM meal_services WHERE id = NEW.service_id AND version = NEW.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the diets of a meal are said with its version'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'meal_diets_with_version';
    END IF;
    IF NEW.planned > service.planned OR NEW.served > service.served OR (NEW.served IS NULL) <> (service.served IS NULL) THEN
        RAISE EXCEPTION 'a diet counts no more portions than the meal'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'meal_diets_within_portions';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER meal_diets_with_version BEFORE INSERT OR UPDATE ON meal_diets FOR EACH ROW EXECUTE FUNCTION refuse_other_diet();

-- What a meal used is food that left a store for nobody in particular. A service that is being cancelled waits, and then is seen.
CREATE FUNCTION refuse_other_input() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM meal_services WHERE id = NEW.service_id AND state <> 'CANCELLED' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing is cooked for a meal that was cancelled'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'meal_inputs_of_a_meal';
    END IF;
    PERFORM FROM movements JOIN lots ON lots.id = lot_id
        WHERE movements.id = NEW.movement_id AND kind = 'DELIVERY' AND stock_kind = 'food' AND delivery_line_id IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a meal uses food that left a store' USING ERRCODE = 'check_violation', CONSTRAINT = 'meal_inputs_of_food';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION refuse_other_input() FROM PUBLIC;
CREATE TRIGGER meal_inputs_of_food BEFORE INSERT OR UPDATE ON meal_inputs FOR EACH ROW EXECUTE FUNCTION refuse_other_input();

-- How many portions a meal is short of: for the people of the shelter, or for one diet. What is still to be served is set against
-- whom the shelter lodges now; what was served, or is past, against whom it lodged then.
CREATE FUNCTION meal_shortfall(service uuid, today date) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN state = 'CANCELLED' THEN 0 ELSE greatest(0,
        CASE WHEN state = 'PLANNED' AND day >= today
            THEN (SELECT coalesce(sum(occupied), 0)::integer FROM spaces WHERE spaces.shelter_id = meal_services.shelter_id)
            ELSE lodged END - coalesce(served, planned),
        (SELECT max(diet.planned - diet.served) FROM meal_diets AS diet WHERE diet.revision_id = meal_services.revision_id)) END
    FROM meal_services WHERE id = service
$$;
REVOKE ALL ON FUNCTION meal_shortfall FROM PUBLIC;
GRANT EXECUTE ON FUNCTION meal_shortfall TO enlace_app;

GRANT SELECT ON kitchens, meal_services, meal_revisions, meal_diets, meal_inputs TO enlace_app;
GRANT USAGE ON SEQUENCE kitchen_numbers TO enlace_app;
GRANT INSERT (id, programme_id, agency_id, name, place, portions), UPDATE (name, place, portions) ON kitchens TO enlace_app;
GRANT INSERT (id, programme_id, kitchen_id, shelter_id, day, meal, planned, recorded_at, user_id),
    UPDATE (state, planned, served, served_at, reason, recorded_at, user_id) ON meal_services TO enlace_app;
GRANT INSERT (service_id, version, diet, planned, served) ON meal_diets TO enlace_app;
GRANT INSERT (movement_id, service_id) ON meal_inputs TO enlace_app;
