DROP TABLE meal_inputs, meal_diets, meal_revisions, meal_services, kitchens;
DROP FUNCTION meal_shortfall, refuse_other_input, refuse_other_diet, keep_kitchen, keep_meal_revision, keep_meal_service;
DROP SEQUENCE kitchen_numbers;
