DROP TABLE enrolments, diagnoses, assessments;
DROP VIEW shares;
DROP TABLE referrals, consents, persons, households;
