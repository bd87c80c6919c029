-- Who does what where, counted from what is recorded anyway: which agency does which activity in which shelter (none where it is in none),
-- since when, and until when so far. `agreed` says whether the last day is one that was agreed, or the last one on which it was recorded.
-- What is of class SECURITY, or tells who gave, is not in it. Care of people's health is, where it was of more than ten people (R22).
CREATE VIEW activities AS
    SELECT shelters.programme_id, agencies.id AS agency_id, shelters.id AS shelter_id, 'CAMP_MANAGEMENT' AS sector,
            'SHELTER_MANAGEMENT' AS kind, opened_on AS since, closed_on AS until, true AS agreed
        FROM shelters JOIN agencies ON agencies.programme_id = shelters.programme_id AND agencies.code = 'DIF_MUNICIPAL'
    UNION ALL
    SELECT loans.programme_id, lender_id, shelters.id, 'SHELTER', 'CENTRE_LOAN', min(starts_on), max(coalesce(returned_on, ends_on)), true
        FROM centre_loans AS loans LEFT JOIN shelters ON shelters.centre_id = loans.centre_id GROUP BY 1, 2, 3
    UNION ALL
    SELECT programme_id, agency_id, shelter_id, 'CAMP_MANAGEMENT', 'INSPECTION', min(inspected_on), max(inspected_on), false
        FROM inspections GROUP BY 1, 2, 3
    UNION ALL
    SELECT services.programme_id, agency_id, shelter_id, 'FOOD_SECURITY', 'MEALS', min(day), max(day), false
        FROM meal_services AS services JOIN kitchens ON kitchens.id = kitchen_id WHERE state = 'SERVED' GROUP BY 1, 2, 3
    UNION ALL
    SELECT deliveries.programme_id, coalesce(users.agency_id, agencies.id), locations.shelter_id, 'SHELTER', 'DELIVERIES',
            min((delivered_at AT TIME ZONE time_zone)::date), max((delivered_at AT TIME ZONE time_zone)::date), false
        FROM household_deliveries AS deliveries JOIN locations ON locations.id = location_id
            JOIN programmes ON programmes.id = deliveries.programme_id LEFT JOIN users ON users.id = user_id
            JOIN agencies ON agencies.programme_id = deliveries.programme_id AND agencies.code = 'DIF_MUNICIPAL'
        GROUP BY 1, 2, 3
    UNION ALL
    SELECT spaces.programme_id, agencies.id, spaces.shelter_id, 'HEALTH', 'HEALTH_CARE',
            min((assessed_at AT TIME ZONE time_zone)::date), max((assessed_at AT TIME ZONE time_zone)::date), false
        FROM assessments
            JOIN stays ON stays.person_id = assessments.person_id AND assessed_at >= began_at AND (ended_at IS NULL OR assessed_at < ended_at)
            JOIN beds ON beds.id = bed_id JOIN spaces ON spaces.id = space_id JOIN programmes ON programmes.id = spaces.programme_id
            JOIN agencies ON agencies.programme_id = spaces.programme_id AND agencies.code = 'ISESALUD'
        GROUP BY 1, 2, 3 HAVING count(DISTINCT assessments.person_id) > 10
    UNION ALL
    SELECT groups.programme_id, agency_id, shelter_id, 'EDUCATION', 'COURSES', min(begins_on), max(ends_on), true
        FROM course_groups AS groups JOIN courses ON courses.id = course_id GROUP BY 1, 2, 3
    UNION ALL
    SELECT programme_id, agency_id, NULL, 'LIVELIHOODS', 'JOB_EVENTS', min(starts_on), max(ends_on), true FROM job_events GROUP BY 1, 2
    UNION ALL
    SELECT shifts.programme_id, agency_id, shelter_id, CASE
                WHEN activity IN ('CHILDCARE', 'RECREATION') THEN 'PROTECTION' WHEN activity = 'TEACHING' THEN 'EDUCATION'
                WHEN activity = 'KITCHEN' THEN 'FOOD_SECURITY' WHEN activity IN ('CLOTHING', 'REPAIRS', 'CLEANING') THEN 'SHELTER'
                WHEN activity = 'LOGISTICS' THEN 'LOGISTICS' ELSE 'CAMP_MANAGEMENT' END,
            'VOLUNTEERING', min(starts_on), max(starts_on), false
        FROM shift_sign_ups AS signed JOIN volunteer_shifts AS shifts ON shifts.id = shift_id JOIN volunteers ON volunteers.id = volunteer_id
        WHERE signed.state = 'CAME' GROUP BY 1, 2, 3, 4;

GRANT SELECT ON activities TO enlace_app;
