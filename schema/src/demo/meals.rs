//! What people eat: the army's kitchen and the DIF's own, and each meal of each shelter on each day, around how many it lodges.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::America::Tijuana;
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::agencies::agency_id;
use super::donations::store_id;
use super::people::Lodger;
use super::{NOON, Random, STARTS_ON, copy, donations, id, local, programme_id, shelters, start};

/// The kitchens: agency, name, where, and portions on one day. The army's cooks for 1,000 people.
const KITCHENS: [(&str, &str, &str, i32); 2] = [
    ("SEDENA", "Cocina móvil de la SEDENA", "II Zona Militar, Mexicali", 3_000),
    ("DIF_MUNICIPAL", "Cocina central del DIF", "Centro Cívico, Mexicali", 6_000),
];

/// For whom the army cooks: shelters with 1,000 places.
const OF_THE_ARMY: [&str; 3] = ["ALB-01", "ALB-02", "ALB-08"];

/// The meals, and the hours at which they are eaten.
const MEALS: [(&str, i64); 3] = [("BREAKFAST", 8), ("LUNCH", 14), ("DINNER", 19)];

/// Diets, and how many people of a hundred need each.
const DIETS: [(&str, i32); 3] = [("DIABETIC", 4), ("INFANT", 3), ("PREGNANT", 2)];

/// Of a hundred meals, for how many too little is planned, and of how many something was spilt.
const TOO_FEW: u32 = 4;
const SPILT: u32 = 5;

/// Of a hundred times that food leaves a shelter's store, how often it is for its lunch.
const FOR_LUNCH: u32 = 50;

row! {
    /// A kitchen.
    Kitchen in "kitchens" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        agency_id: Uuid = UUID,
        name: &'static str = TEXT,
        place: &'static str = TEXT,
        portions: i32 = INT4,
    }
}

row! {
    /// One meal of one shelter on one day.
    Service in "meal_services" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        kitchen_id: Uuid = UUID,
        shelter_id: Uuid = UUID,
        day: NaiveDate = DATE,
        meal: &'static str = TEXT,
        state: &'static str = TEXT,
        planned: i32 = INT4,
        served: Option<i32> = INT4,
        lodged: i32 = INT4,
        reason: Option<&'static str> = TEXT,
        served_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// So many of its portions of one diet.
    Diet in "meal_diets" {
        service_id: Uuid = UUID,
        version: i32 = INT4,
        diet: &'static str = TEXT,
        planned: i32 = INT4,
        served: Option<i32> = INT4,
    }
}

row! {
    /// That a movement was for a meal.
    Input in "meal_inputs" {
        movement_id: Uuid = UUID,
        service_id: Uuid = UUID,
    }
}

/// The rows of meals as they stand at an instant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) kitchens: Vec<Kitchen>,
    pub(super) services: Vec<Service>,
    pub(super) diets: Vec<Diet>,
    pub(super) inputs: Vec<Input>,
}

impl Rows {
    /// Makes them for the shelters and the movements that there are at the instant `now` of `day`.
    pub(super) fn generate(
        day: NaiveDate,
        now: DateTime<Utc>,
        shelters: &[shelters::Shelter],
        lodgers: &[Lodger],
        donations: &donations::Rows,
    ) -> Self {
        let lodgers: Vec<&Lodger> =
            lodgers.iter().filter(|lodger| shelters::has_beds(lodger.segment)).collect();
        let kitchens = KITCHENS.iter().map(|(agency, name, place, portions)| Kitchen {
            id: kitchen_id(agency),
            programme_id: programme_id(),
            agency_id: agency_id(agency),
            name,
            place,
            portions: *portions,
        });
        let mut rows = Self { kitchens: kitchens.collect(), services: vec![], diets: vec![], inputs: vec![] };
        for date in STARTS_ON.iter_days().take_while(|date| *date <= day) {
            let then = shelters::Rows::generate(date);
            for shelter in shelters.iter().filter(|shelter| shelter.opened_on <= date) {
                let of_it = then.spaces.iter().filter(|space| space.shelter_id == shelter.id);
                let (counted, places) = of_it.fold((0, 0), |(counted, places), space| {
                    (counted + space.occupied, places + space.capacity)
                });
                let noon = local(date, NOON);
                let lies = |lodger: &&&Lodger| {
                    lodger.shelter_id == shelter.id && lodger.from <= noon && noon < lodger.until
                };
                let in_beds = i32::try_from(lodgers.iter().filter(lies).count()).unwrap_or_default();
                let lodged = counted + in_beds;
                for (meal, hour) in MEALS {
                    if lodged > 0 {
                        rows.serve(shelter, date, (meal, hour), (lodged, places), now);
                    }
                }
            }
        }
        rows.use_up(shelters, donations);
        rows
    }

    /// A meal, planned on the evening before, and served where its time has come.
    fn serve(
        &mut self,
        shelter: &shelters::Shelter,
        day: NaiveDate,
        (meal, hour): (&'static str, i64),
        (lodged, places): (i32, i32),
        now: DateTime<Utc>,
    ) {
        let key = format!("{day}/{}/{meal}", shelter.code);
        let mut random = Random::seeded(&format!("meals/{key}"));
        let planned = if random.chance(TOO_FEW) {
            (lodged - random.between(1, 1 + lodged / 20)).max(1)
        } else {
            (lodged + random.between(0, 2 + lodged / 50)).min(places)
        };
        let spilt = if random.chance(SPILT) { random.between(1, 4) } else { 0 };
        let (eaten_at, planned_at) = (local(day, hour), local(day - Days::new(1), 18));
        let is_over = eaten_at + TimeDelta::hours(1) <= now;
        let served = is_over.then(|| (planned.min(lodged) - spilt).max(0));
        let agency = if OF_THE_ARMY.contains(&shelter.code.as_str()) { "SEDENA" } else { "DIF_MUNICIPAL" };
        let service = Service {
            id: id("meal services", &key, planned_at),
            programme_id: programme_id(),
            kitchen_id: kitchen_id(agency),
            shelter_id: shelter.id,
            day,
            meal,
            state: if is_over { "SERVED" } else { "PLANNED" },
            planned,
            served,
            lodged,
            reason: None,
            served_at: served.map(|_| eaten_at),
            recorded_at: if is_over { eaten_at + TimeDelta::minutes(45) } else { planned_at },
        };
        // Once in ten days the light fails at the DIF's, and the dinner is planned a second time.
        if agency == "DIF_MUNICIPAL" && meal == "DINNER" && is_over && day.ordinal().is_multiple_of(10) {
            self.services.push(Service {
                id: id("meal services", &format!("{key}/cancelled"), planned_at - TimeDelta::hours(1)),
                state: "CANCELLED",
                served: None,
                served_at: None,
                reason: Some("Se fue la luz en la cocina"),
                recorded_at: planned_at,
                ..service.clone()
            });
        }
        for (diet, percent) in DIETS {
            let of_it = (lodged * percent / 100).min(planned);
            if of_it > 0 {
                self.diets.push(Diet {
                    service_id: service.id,
                    version: 1,
                    diet,
                    planned: of_it,
                    served: served.map(|served| of_it.min(served)),
                });
            }
        }
        self.services.push(service);
    }

    /// Has lunches use some of the food that left the stores of their shelters on their day.
    fn use_up(&mut self, shelters: &[shelters::Shelter], donations: &donations::Rows) {
        let lunches: BTreeMap<(Uuid, NaiveDate), Uuid> = self
            .services
            .iter()
            .filter(|service| service.meal == "LUNCH")
            .map(|service| ((service.shelter_id, service.day), service.id))
            .collect();
        let shelter_of: BTreeMap<Uuid, Uuid> =
            shelters.iter().map(|shelter| (store_id(shelter), shelter.id)).collect();
        let food = donations.food();
        for movement in &donations.movements {
            let lunch = movement
                .from_id
                .and_then(|store| shelter_of.get(&store))
                .map(|shelter| (*shelter, movement.occurred_at.with_timezone(&Tijuana).date_naive()))
                .and_then(|of| lunches.get(&of));
            let mut random = Random::seeded(&format!("meal inputs/{}", movement.id));
            let used = movement.kind == "DELIVERY"
                && movement.delivery_line_id.is_none()
                && food.contains(&movement.lot_id)
                && random.chance(FOR_LUNCH);
            if let (Some(service_id), true) = (lunch, used) {
                self.inputs.push(Input { movement_id: movement.id, service_id: *service_id });
            }
        }
    }

    /// Writes them, once there are the movements.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.kitchens).await?;
        copy(transaction, &self.services).await?;
        copy(transaction, &self.diets).await?;
        copy(transaction, &self.inputs).await?;
        transaction.batch_execute("ANALYZE meal_revisions").await
    }
}

/// The key of an agency's kitchen.
fn kitchen_id(agency: &str) -> Uuid {
    id("kitchens", agency, start())
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_DAY, ENDS_ON, people};
    use super::*;

    fn on(day: NaiveDate) -> Rows {
        let now = local(day, NOON);
        let mut donations = donations::Rows::generate(now);
        let people = people::Rows::generate(day, now).unwrap();
        donations.give(&people);
        Rows::generate(day, now, &shelters::Rows::generate(day).shelters, &people.lodgers, &donations)
    }

    #[test]
    fn no_kitchen_cooks_more_than_it_can_and_every_shelter_eats() {
        let made = on(ENDS_ON);
        let mut cooked: BTreeMap<(Uuid, NaiveDate), i32> = BTreeMap::new();
        for service in made.services.iter().filter(|service| service.state != "CANCELLED") {
            *cooked.entry((service.kitchen_id, service.day)).or_default() += service.planned;
        }
        for ((kitchen, day), portions) in cooked {
            let kitchen = made.kitchens.iter().find(|known| known.id == kitchen).unwrap();
            assert!(portions <= kitchen.portions, "{day} {kitchen:?} {portions}");
        }
        assert!(made.services.iter().all(|service| service.state != "PLANNED"), "everyone has left");
    }

    #[test]
    fn the_default_day_has_breakfasts_behind_it_and_meals_to_come() {
        let made = on(DEFAULT_DAY);
        let today = |state: &str| {
            made.services
                .iter()
                .filter(|service| service.day == DEFAULT_DAY && service.state == state)
                .count()
        };
        assert_eq!((today("SERVED"), today("PLANNED")), (12, 24));
        assert!(made.services.iter().any(|service| service.state == "CANCELLED"));
        assert!(made.services.iter().any(|service| service.planned < service.lodged), "too few somewhere");
        assert!(!made.inputs.is_empty() && !made.diets.is_empty());
        assert_eq!(on(DEFAULT_DAY), made, "two loads are the same");
    }
}
