-- Who does what where, counted from what is recorded anyway: which agency does which activity in which shelter (none where it is in none), since
-- when, and until when so far. `agreed` says whether the last day is one that was agreed, or the last one on which it was recorded.
--
-- Nothing of class SECURITY is in it, nor who gave. Care of people's health is, by weeks: one counts in which more than ten people of the
-- shelter were seen (R22), and stands as a whole, so that no day tells of somebody. Who operates the programme, and who cares for health, is
-- the agency that may hold the role.
CREATE VIEW activities AS
    SELECT shelters.programme_id, agencies.id AS agency_id, shelters.id AS shelter_id, 'CAMP_MANAGEMENT' AS sector,
            'SHELTER_MANAGEMENT' AS kind, opened_on AS since, closed_on AS until, true AS agreed
        FROM shelters JOIN agencies ON agencies.programme_id = shelters.programme_id AND may_hold('coordinator', agencies.code)
    UNION ALL
    SELECT loans.programme_id, lender_id, shelters.id, 'SHELTER', 'CENTRE_LOAN', min(starts_on), max(coalesce(returned_on, ends_on)), true
        FROM centre_loans AS loans LEFT JOIN shelters ON shelters.centre_id = loans.centre_id
            AND opened_on <= coalesce(returned_on, ends_on) AND coalesce(closed_on, 'infinity') >= starts_on
        GROUP BY 1, 2, 3
    UNION ALL
    SELECT programme_id, agency_id, shelter_id, 'CAMP_MANAGEMENT', 'INSPECTION', min(inspected_on), max(inspected_on), false
        FROM inspections GROUP BY 1, 2, 3
    UNION ALL
    SELECT services.programme_id, agency_id, shelter_id, 'FOOD_SECURITY', 'MEALS', min(day), max(day), false
        FROM meal_services AS services JOIN kitchens ON kitchens.id = kitchen_id WHERE state = 'SERVED' GROUP BY 1, 2, 3
    UNION ALL
    -- What was there when the programme was loaded was delivered by its operator.
    SELECT deliveries.programme_id, coalesce(users.agency_id, operator.id), shelter_id, 'SHELTER', 'DELIVERIES', min(day), max(day), false
        FROM household_deliveries AS deliveries JOIN locations ON locations.id = location_id LEFT JOIN users ON users.id = user_id
            JOIN agencies AS operator ON operator.programme_id = deliveries.programme_id AND may_hold('coordinator', operator.code)
        GROUP BY 1, 2, 3
    UNION ALL
    SELECT weeks.programme_id, agencies.id, shelter_id, 'HEALTH', 'HEALTH_CARE', greatest(min(begins_on), opened_on),
            least(max(begins_on) + 6, closed_on), false
        FROM (
            SELECT spaces.programme_id, spaces.shelter_id, date_trunc('week', seen_at AT TIME ZONE time_zone)::date AS begins_on
                FROM (SELECT person_id, assessed_at AS seen_at FROM assessments UNION ALL SELECT person_id, opened_at FROM visits) AS care
                    JOIN stays ON stays.person_id = care.person_id AND seen_at >= began_at AND (ended_at IS NULL OR seen_at < ended_at)
                    JOIN beds ON beds.id = bed_id JOIN spaces ON spaces.id = space_id JOIN programmes ON programmes.id = spaces.programme_id
                GROUP BY 1, 2, 3 HAVING count(DISTINCT care.person_id) > 10
        ) AS weeks JOIN shelters ON shelters.id = shelter_id
            JOIN agencies ON agencies.programme_id = weeks.programme_id AND may_hold('clinician', agencies.code)
        GROUP BY 1, 2, 3, opened_on, closed_on
    UNION ALL
    SELECT course_groups.programme_id, agency_id, shelter_id, 'EDUCATION', 'COURSES', min(begins_on), max(ends_on), true
        FROM course_groups JOIN courses ON courses.id = course_id GROUP BY 1, 2, 3
    UNION ALL
    SELECT programme_id, agency_id, NULL, 'LIVELIHOODS', 'JOB_EVENTS', min(starts_on), max(ends_on), true FROM job_events GROUP BY 1, 2
    UNION ALL
    SELECT programme_id, agency_id, shelter_id, 'PROTECTION', 'TUTORIALS', min(held_on), max(held_on), false
        FROM tutorial_sessions JOIN tutorials ON tutorials.id = tutorial_id GROUP BY 1, 2, 3
    UNION ALL
    SELECT shifts.programme_id, agency_id, shelter_id, CASE
                WHEN activity IN ('CHILDCARE', 'RECREATION') THEN 'PROTECTION' WHEN activity = 'TEACHING' THEN 'EDUCATION'
                WHEN activity = 'KITCHEN' THEN 'FOOD_SECURITY' WHEN activity IN ('CLOTHING', 'REPAIRS', 'CLEANING') THEN 'SHELTER'
                WHEN activity = 'LOGISTICS' THEN 'LOGISTICS' ELSE 'CAMP_MANAGEMENT' END,
            'VOLUNTEERING', min(starts_on), max(starts_on), false
        FROM shift_sign_ups AS signed JOIN volunteer_shifts AS shifts ON shifts.id = shift_id JOIN volunteers ON volunteers.id = volunteer_id
        WHERE signed.state = 'CAME' GROUP BY 1, 2, 3, 4;

GRANT SELECT ON activities TO enlace_app;
