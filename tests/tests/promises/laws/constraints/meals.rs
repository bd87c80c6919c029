//! What holds of kitchens and the meals that they cook.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "kitchens_code_key",
        "INSERT INTO kitchens (id, programme_id, code, agency_id, name, place, portions) \
         SELECT gen_random_uuid(), programme_id, code, agency_id, name, place, portions FROM kitchens",
    ),
    ("kitchens_cook_what_is_planned", "UPDATE kitchens SET portions = 1"),
    ("kitchens_name", "UPDATE kitchens SET name = 'xx'"),
    ("kitchens_place", "UPDATE kitchens SET place = 'xx'"),
    ("kitchens_portions", "UPDATE kitchens SET portions = 100001"),
    ("kitchens_same", "UPDATE kitchens SET code = 'ANOTHER'"),
    ("meal_diets_diet", "UPDATE meal_diets SET diet = 'CAVIAR'"),
    (
        "meal_diets_id_key",
        "ALTER TABLE meal_diets DROP CONSTRAINT meal_diets_pkey; \
         INSERT INTO meal_diets (service_id, version, diet, planned, served) SELECT service_id, version, diet, planned, served FROM meal_diets",
    ),
    ("meal_diets_portions", "UPDATE meal_diets SET planned = -1"),
    (
        "meal_diets_with_version",
        "INSERT INTO meal_diets (service_id, version, diet, planned) SELECT id, version + 1, 'SOFT', 1 FROM meal_services",
    ),
    (
        "meal_diets_within_portions",
        "INSERT INTO meal_diets (service_id, version, diet, planned) \
         SELECT id, version, 'SOFT', planned + 1 FROM meal_services WHERE state = 'PLANNED'",
    ),
    (
        "meal_inputs_of_a_meal",
        "UPDATE meal_inputs SET service_id = (SELECT id FROM meal_services WHERE state = 'CANCELLED' LIMIT 1)",
    ),
    (
        "meal_inputs_of_food",
        "INSERT INTO meal_inputs SELECT movements.id, service_id FROM movements, meal_inputs WHERE kind = 'RECEIPT' LIMIT 1",
    ),
    (
        "meal_revisions_id_key",
        "ALTER TABLE meal_revisions DROP CONSTRAINT meal_revisions_pkey; \
         INSERT INTO meal_revisions (service_id, version, state, planned, lodged, recorded_at) \
         SELECT service_id, version, state, planned, lodged, recorded_at FROM meal_revisions",
    ),
    (
        "meal_services_forward",
        "UPDATE meal_services SET state = 'PLANNED', served = NULL, served_at = NULL WHERE state = 'SERVED'",
    ),
    (
        "meal_services_meal",
        "INSERT INTO meal_services (id, programme_id, kitchen_id, shelter_id, day, meal, planned, recorded_at) \
         SELECT gen_random_uuid(), programme_id, kitchen_id, shelter_id, day, 'SUPPER', 1, recorded_at FROM meal_services WHERE state = 'SERVED'",
    ),
    (
        "meal_services_on_their_day",
        "UPDATE meal_services SET state = 'SERVED', served = 1, served_at = day - 2 WHERE state = 'PLANNED'",
    ),
    (
        "meal_services_once",
        "INSERT INTO meal_services (id, programme_id, kitchen_id, shelter_id, day, meal, planned, recorded_at) \
         SELECT gen_random_uuid(), programme_id, kitchen_id, shelter_id, day, meal, 1, recorded_at FROM meal_services \
         WHERE state = 'SERVED' LIMIT 1",
    ),
    ("meal_services_portions", "UPDATE meal_services SET planned = 0 WHERE state = 'PLANNED'"),
    (
        "meal_services_reason",
        "UPDATE meal_services SET state = 'CANCELLED', reason = 'xx' WHERE state = 'PLANNED'",
    ),
    ("meal_services_state", "UPDATE meal_services SET state = 'CANCELLED' WHERE state = 'PLANNED'"),
    (
        "meal_services_while_open",
        "INSERT INTO meal_services (id, programme_id, kitchen_id, shelter_id, day, meal, planned, recorded_at) \
         SELECT gen_random_uuid(), programme_id, kitchen_id, shelter_id, '2021-12-01', 'LUNCH', 1, recorded_at FROM meal_services LIMIT 1",
    ),
    (
        "meal_services_within_kitchen",
        "UPDATE meal_services SET planned = kitchens.portions + 1 FROM kitchens WHERE kitchens.id = kitchen_id AND state = 'PLANNED'",
    ),
];
