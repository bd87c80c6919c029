DROP TABLE job_stands;
DROP TABLE job_events;
DROP SEQUENCE job_event_numbers;
DROP TABLE vacancies;
DROP FUNCTION keep_vacancy();
DROP SEQUENCE vacancy_numbers;
DROP TABLE employers;
