-- What a store should hold of an item at least. Set to nothing, the row stays, so that its version goes on.
CREATE TABLE minimum_stocks (
    item_id     uuid NOT NULL REFERENCES items,
    location_id uuid NOT NULL REFERENCES locations,
    quantity    integer,
    version     integer NOT NULL DEFAULT 1,
    PRIMARY KEY (item_id, location_id),
    CONSTRAINT minimum_stocks_quantity_positive CHECK (quantity > 0)
);
CREATE INDEX minimum_stocks_by_location ON minimum_stocks (location_id);
-- What is decided on is what was given out of late.
CREATE INDEX movements_delivered ON movements (occurred_at) WHERE kind = 'DELIVERY';
GRANT SELECT, INSERT (item_id, location_id, quantity), UPDATE (quantity, version) ON minimum_stocks TO enlace_app;
