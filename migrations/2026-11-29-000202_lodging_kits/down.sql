DROP TABLE lodging_kits;
