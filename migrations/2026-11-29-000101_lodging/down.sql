DROP TABLE stays, beds, bed_holds;
DROP FUNCTION keep_lodging, refuse_other_stay_end, release_beds, refuse_other_hold_end, count_beds, raise_bed_version;
DROP SEQUENCE bed_hold_numbers;
ALTER TABLE spaces
    DROP CONSTRAINT spaces_room_for_beds,
    DROP CONSTRAINT spaces_occupied_by_stays,
    DROP CONSTRAINT spaces_taken_within_capacity,
    DROP COLUMN beds, DROP COLUMN lodged, DROP COLUMN held, DROP COLUMN blocked;
