DROP INDEX bed_holds_by_shelter;
