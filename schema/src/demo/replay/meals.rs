//! Kitchens plan each meal on the evening before, and say afterwards what was eaten.

use std::collections::BTreeMap;

use chrono::{Days, TimeDelta};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{By, Rows, Script, hand_of, named};
use crate::demo::{local, meals};

/// At what hour the next day's meals are planned.
const PLANNED_AT: i64 = 18;
/// How long before it is eaten a meal is planned at the latest: in a shelter that opens on the same morning.
const AT_THE_LATEST: TimeDelta = TimeDelta::minutes(75);
/// How long after a meal was planned a cancelled one is given up.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::minutes(1);

/// The meals. What they use up is taken by [`super::donations`].
pub(super) fn play(script: &mut Script, rows: &Rows) {
    for kitchen in &rows.meals.kitchens {
        let registered = json!({
            "agency": named("agency", kitchen.agency_id),
            "name": kitchen.name,
            "place": kitchen.place,
            "portions": kitchen.portions,
        });
        script
            .change(
                crate::demo::start() + TimeDelta::hours(7),
                hand_of(kitchen.agency_id),
                "kitchens",
                "registerKitchen",
                registered,
            )
            .makes(named("kitchen", kitchen.id), "/kitchen/id");
    }
    let mut diets: BTreeMap<Uuid, Vec<&meals::Diet>> = BTreeMap::new();
    for diet in &rows.meals.diets {
        diets.entry(diet.service_id).or_default().push(diet);
    }
    for service in &rows.meals.services {
        serve(script, rows, service, diets.get(&service.id).map(Vec::as_slice).unwrap_or_default());
    }
}

/// Who acts for the kitchen that cooks a meal.
fn cook(rows: &Rows, service: &meals::Service) -> By {
    let kitchen = rows.meals.kitchens.iter().find(|kitchen| kitchen.id == service.kitchen_id);
    kitchen.map_or(super::COORDINATOR, |kitchen| hand_of(kitchen.agency_id))
}

/// What the acts of one meal belong to.
pub(super) fn story(service: Uuid) -> String {
    format!("meal/{service}")
}

fn serve(script: &mut Script, rows: &Rows, service: &meals::Service, diets: &[&meals::Diet]) {
    let (by, own) = (cook(rows, service), named("meal_service", service.id));
    let portions = |of: fn(&meals::Diet) -> Option<i32>| -> Vec<Value> {
        let portions =
            diets.iter().filter_map(|diet| Some(json!({"diet": diet.diet, "portions": of(diet)?})));
        portions.collect()
    };
    let eaten_at = service.served_at.unwrap_or_else(|| local(service.day, 19));
    // One that is given up is planned first, and again after it.
    let again = if service.reason.is_some() { TimeDelta::hours(1) } else { TimeDelta::zero() };
    let opens = rows.shelters.shelters.iter().find(|shelter| shelter.id == service.shelter_id);
    let is_first_day = opens.is_some_and(|shelter| shelter.opened_on == service.day);
    let planned_at =
        if is_first_day { eaten_at - AT_THE_LATEST } else { local(service.day - Days::new(1), PLANNED_AT) }
            - again;
    let planned = json!({
        "kitchen": named("kitchen", service.kitchen_id),
        "shelter": named("shelter", service.shelter_id),
        "day": service.day,
        "meal": service.meal,
        "portions": service.planned,
        "diets": portions(|diet| Some(diet.planned)),
    });
    script.change(planned_at, by, story(service.id), "planMeal", planned).makes(&own, "/service/id");
    if let Some(reason) = service.reason {
        let given_up = json!({"service": own, "reason": reason});
        script
            .change(planned_at + GIVEN_UP_AFTER, by, story(service.id), "cancelMeal", given_up)
            .seen("service");
    }
    if let Some(served) = service.served {
        let eaten = json!({"service": own, "portions": served, "diets": portions(|diet| diet.served)});
        script.change(service.recorded_at, by, story(service.id), "serveMeal", eaten).seen("service");
    }
}
