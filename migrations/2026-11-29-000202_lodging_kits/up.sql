-- That somebody got the kit of who lodges, once for a stay. What left the store is the ledger's, and nothing joins the two: whoever reads of
-- goods learns of nobody.
CREATE TABLE lodging_kits (
    stay_id     uuid PRIMARY KEY REFERENCES stays,
    kit_id      uuid NOT NULL REFERENCES kits,
    -- The version of the kit that was issued.
    kit_version integer NOT NULL,
    issued_at   timestamptz NOT NULL,
    user_id     uuid NOT NULL REFERENCES users
);
GRANT SELECT, INSERT ON lodging_kits TO enlace_app;
