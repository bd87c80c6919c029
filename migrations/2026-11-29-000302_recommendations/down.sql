DROP TABLE recommendation_reports, recommendations;
DROP FUNCTION keep_recommendation;
DROP SEQUENCE recommendation_numbers;
