-- A shelter's holds are listed page by page.
CREATE INDEX bed_holds_by_shelter ON bed_holds (shelter_id, id);
