-- A merged record takes no visit either: what is found from then on is of the person who was kept.
CREATE TRIGGER visits_of_merged BEFORE INSERT ON visits FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();
