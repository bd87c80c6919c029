-- Where shelters are nearly full, the beds that could be somebody's are few among many: proposals look at them alone.
CREATE INDEX beds_free ON beds (space_id) WHERE NOT occupied AND blocked_for IS NULL;
