CREATE TABLE categories (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL,
    -- Spanish first; English beside it.
    name         text NOT NULL,
    name_en      text NOT NULL,
    -- What the policies turn on: the kitchen reads food, the clinic medical stock.
    stock_kind   text NOT NULL,
    CONSTRAINT categories_code_key UNIQUE (programme_id, code),
    CONSTRAINT categories_stock_kind CHECK (stock_kind IN ('food', 'medical', 'general'))
);

-- What can be donated, once each: the catalogue.
CREATE TABLE items (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    category_id  uuid NOT NULL REFERENCES categories,
    code         text NOT NULL,
    name         text NOT NULL,
    -- The base unit in which every quantity of the item counts.
    unit         text NOT NULL,
    CONSTRAINT items_code_key UNIQUE (programme_id, code),
    CONSTRAINT items_unit CHECK (unit IN ('PIECE', 'KIT', 'PARCEL', 'LITRE', 'KILOGRAM', 'BOX', 'PAIR'))
);

CREATE TABLE donors (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    kind         text NOT NULL,
    -- The agency that donates; none for a private donor.
    agency_id    uuid REFERENCES agencies,
    name         text NOT NULL,
    contact      text,
    CONSTRAINT donors_kind CHECK (kind IN ('AGENCY', 'ORGANISATION', 'PERSON')),
    CONSTRAINT donors_agency CHECK ((kind = 'AGENCY') = (agency_id IS NOT NULL))
);
CREATE UNIQUE INDEX donors_agency_key ON donors (programme_id, agency_id) WHERE agency_id IS NOT NULL;

-- A store: a warehouse, or the store of a shelter.
CREATE TABLE locations (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL,
    name         text NOT NULL,
    kind         text NOT NULL,
    shelter_id   uuid REFERENCES shelters,
    CONSTRAINT locations_code_key UNIQUE (programme_id, code),
    CONSTRAINT locations_kind CHECK (kind IN ('WAREHOUSE', 'SHELTER_STORE')),
    CONSTRAINT locations_shelter CHECK ((kind = 'SHELTER_STORE') = (shelter_id IS NOT NULL))
);

-- One donated quantity of one item, with one condition and one expiry.
CREATE TABLE lots (
    id              uuid PRIMARY KEY,
    programme_id    uuid NOT NULL REFERENCES programmes,
    item_id         uuid NOT NULL REFERENCES items,
    donor_id        uuid NOT NULL REFERENCES donors,
    code            text NOT NULL,
    condition       text NOT NULL,
    received        integer NOT NULL,
    received_on     date NOT NULL,
    received_at_id  uuid NOT NULL REFERENCES locations,
    expires_on      date,
    -- The donor's own folio for it.
    donor_reference text,
    CONSTRAINT lots_code_key UNIQUE (programme_id, code),
    CONSTRAINT lots_condition CHECK (condition IN ('NEW', 'GOOD', 'WORN')),
    CONSTRAINT lots_received_positive CHECK (received > 0),
    CONSTRAINT lots_expiry CHECK (expires_on >= received_on)
);
-- The orders in which lots are paged, each with the id as its last key so that a cursor names one place.
CREATE INDEX lots_by_received ON lots (programme_id, received_on, id);
CREATE INDEX lots_by_expiry ON lots (programme_id, expires_on, id);
CREATE INDEX lots_by_item ON lots (item_id);
CREATE INDEX lots_by_donor ON lots (donor_id);

-- Kept beside the ledger under lock, in the transaction of each movement.
CREATE TABLE balances (
    id          uuid PRIMARY KEY,
    lot_id      uuid NOT NULL REFERENCES lots,
    location_id uuid NOT NULL REFERENCES locations,
    quantity    integer NOT NULL,
    version     integer NOT NULL DEFAULT 1,
    CONSTRAINT balances_lot_location_key UNIQUE (lot_id, location_id),
    -- R32: stock is never negative.
    CONSTRAINT balances_quantity_not_negative CHECK (quantity >= 0)
);
CREATE INDEX balances_by_location ON balances (location_id, lot_id) WHERE quantity > 0;

-- The ledger. A correction is a movement that reverses another; nothing is rewritten.
CREATE TABLE movements (
    id           uuid PRIMARY KEY,
    lot_id       uuid NOT NULL REFERENCES lots,
    kind         text NOT NULL,
    from_id      uuid REFERENCES locations,
    to_id        uuid REFERENCES locations,
    quantity     integer NOT NULL,
    reverses_id  uuid REFERENCES movements,
    occurred_at  timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    -- Who recorded it; none for what was there when the programme was loaded.
    user_id      uuid REFERENCES users,
    CONSTRAINT movements_quantity_positive CHECK (quantity > 0),
    CONSTRAINT movements_kind CHECK (kind IN ('RECEIPT', 'TRANSFER', 'DELIVERY', 'WRITE_OFF', 'CORRECTION')),
    CONSTRAINT movements_ends CHECK (
        CASE kind
            WHEN 'RECEIPT' THEN from_id IS NULL AND to_id IS NOT NULL
            WHEN 'TRANSFER' THEN from_id IS NOT NULL AND to_id IS NOT NULL
            WHEN 'CORRECTION' THEN reverses_id IS NOT NULL AND (from_id IS NOT NULL OR to_id IS NOT NULL)
            ELSE from_id IS NOT NULL AND to_id IS NULL
        END),
    CONSTRAINT movements_distinct_ends CHECK (from_id IS DISTINCT FROM to_id)
);
CREATE INDEX movements_by_lot ON movements (lot_id);
CREATE UNIQUE INDEX movements_reversed_once ON movements (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE TRIGGER movements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON movements FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT ON categories, items, donors, locations, lots, balances, movements TO enlace_app;
GRANT INSERT ON balances, movements TO enlace_app;
GRANT UPDATE (quantity, version) ON balances TO enlace_app;
