-- How the lists of a donor are read, so that nobody has to say it again with each of them. One for each donor.
CREATE TABLE import_mappings (
    id       uuid PRIMARY KEY,
    donor_id uuid NOT NULL REFERENCES donors,
    -- Which column is which, as item:Producto,quantity:C.
    choice   text,
    sheet    text,
    days     text,
    version  integer NOT NULL DEFAULT 1,
    CONSTRAINT import_mappings_donor_key UNIQUE (donor_id),
    CONSTRAINT import_mappings_choice CHECK (char_length(choice) BETWEEN 3 AND 1000),
    CONSTRAINT import_mappings_sheet CHECK (char_length(sheet) BETWEEN 1 AND 100),
    CONSTRAINT import_mappings_days CHECK (days IN ('DAY_FIRST', 'MONTH_FIRST', 'YEAR_FIRST'))
);
GRANT SELECT, INSERT (id, donor_id, choice, sheet, days), UPDATE (choice, sheet, days, version) ON import_mappings TO enlace_app;
