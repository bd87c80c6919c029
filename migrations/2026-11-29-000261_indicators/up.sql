-- Published tables: how things stood at the end of a day, counted from the records, with what could tell of few people withheld (R22). What
-- is published is published: nothing of it changes. Which counts are withheld is not of the database's making, since it follows from all
-- tables before; that no small count of people is among those that are shown, it holds.
CREATE TABLE published_tables (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    -- What is withheld in one follows from all before it: they are published one after the other.
    number       integer NOT NULL,
    as_of        date NOT NULL,
    published_at timestamptz NOT NULL,
    -- Its lines, signed, and by what the signature is verified.
    note         text NOT NULL,
    verifier     text NOT NULL,
    -- None for what was published when the programme was loaded.
    user_id      uuid REFERENCES users,
    CONSTRAINT published_tables_number CHECK (number > 0),
    CONSTRAINT published_tables_number_key UNIQUE (programme_id, number),
    CONSTRAINT published_tables_day_key UNIQUE (programme_id, as_of)
);

CREATE TABLE published_counts (
    table_id  uuid NOT NULL REFERENCES published_tables,
    indicator text NOT NULL,
    -- TOTAL, of the category '', or by what people are told apart.
    dimension text NOT NULL,
    category  text NOT NULL,
    -- None where it is withheld.
    count     bigint,
    PRIMARY KEY (table_id, indicator, dimension, category),
    CONSTRAINT published_counts_dimension CHECK (dimension IN ('TOTAL', 'SEX', 'AGE_BAND', 'NATIONALITY')),
    CONSTRAINT published_counts_total CHECK ((dimension = 'TOTAL') = (category = '')),
    CONSTRAINT published_counts_not_small CHECK (
        count >= 0 AND (count NOT BETWEEN 1 AND 10 OR indicator IN ('articles_donated', 'shelters_opened')))
);

CREATE FUNCTION refuse_table_of_later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number > (SELECT coalesce(max(number), 0) + 1 FROM published_tables WHERE programme_id = NEW.programme_id) THEN
        RAISE EXCEPTION 'tables are published one after the other'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'published_tables_in_order';
    END IF;
    IF NEW.as_of > (SELECT (NEW.published_at AT TIME ZONE time_zone)::date FROM programmes WHERE id = NEW.programme_id) THEN
        RAISE EXCEPTION 'a day that is to come cannot be published'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'published_tables_of_past';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER published_tables_in_order BEFORE INSERT ON published_tables FOR EACH ROW EXECUTE FUNCTION refuse_table_of_later();
-- A table comes whole: what is counted in it is written in the transaction that publishes it.
CREATE FUNCTION refuse_count_added_later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added JOIN published_tables ON published_tables.id = table_id WHERE published_tables.xmin <> pg_current_xact_id()::xid)
    THEN
        RAISE EXCEPTION 'nothing is added to a published table'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'published_counts_with_table';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER published_counts_with_table AFTER INSERT ON published_counts REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_count_added_later();
CREATE TRIGGER published_tables_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON published_tables
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER published_counts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON published_counts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON published_tables, published_counts TO enlace_app;
