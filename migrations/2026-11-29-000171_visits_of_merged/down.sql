DROP TRIGGER visits_of_merged ON visits;
