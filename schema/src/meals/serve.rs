//! Saying how much of a meal was served, and correcting what was said: whoever plans it, and the lead of the shelter in which it is
//! eaten.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::RecordType;

use super::services::{DietPortions, changeable, current, law, refused, set};
use super::tables::meal_services;
use super::{DietCount, MealService, MealState};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;

input! {
    /// How much of a meal was served.
    pub struct ServeMeal {
        /// The meal; a planned one.
        pub service: Id<MealService>,
        /// The version of the meal that the caller saw.
        pub version: i32,
        /// How many portions were served, none or more.
        pub portions: i32,
        /// How many of them were of which diet; as planned, where it is left out. What is left out of the list was not served.
        pub diets: Option<Vec<DietPortions>>,
        /// When it was served, on its day or later; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// What was wrong with what was said of a meal.
    pub struct CorrectMeal {
        /// The meal; a served one.
        pub service: Id<MealService>,
        /// The version of the meal that the caller saw.
        pub version: i32,
        /// How many portions were really served, none or more.
        pub portions: i32,
        /// How many of them were of which diet; as it was said, where it is left out. What is left out of the list was not served.
        pub diets: Option<Vec<DietPortions>>,
        /// Why it is corrected, 3 to 500 characters.
        pub reason: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A meal, served.
    pub struct ServeMealPayload: "ServeMealPayload" as MealService {
        /// The meal as it is now.
        service: MealService,
    }
}

payload! {
    /// A meal, corrected.
    pub struct CorrectMealPayload: "CorrectMealPayload" as MealService {
        /// The meal as it is now. What was said before stands in its revisions.
        service: MealService,
    }
}

union! {
    /// The meal, served; or why that was not recorded.
    pub enum ServeMealResult {
        Payload(ServeMealPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The meal, corrected; or why it was not.
    pub enum CorrectMealResult {
        Payload(CorrectMealPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Says how much of a meal was served.
pub(super) async fn serve_meal(context: Context, input: ServeMeal) -> Result<ServeMealResult> {
    let mut transaction = begin!(&context, "meals.serveMeal", &input, ServeMealResult);
    let done = serve(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn serve(
    context: &Context,
    transaction: &mut Transaction<'_, ServeMealPayload>,
    input: &ServeMeal,
) -> Result<std::result::Result<Done<ServeMealPayload>, ServeMealResult>> {
    let of = (input.service, input.version);
    let needs = (MealState::Planned, "This meal was served or cancelled already. Correct what was served.");
    let service = match changeable(context, transaction, of, RecordType::MealServing, needs).await? {
        Ok(service) => service,
        Err(refused) => return Ok(Err(refused)),
    };
    let served_at = input.occurred_at.unwrap_or_else(|| context.now());
    if served_at > context.now() {
        return Ok(Err(InvalidValue::new("occurredAt", "This cannot be of the future.").into()));
    }
    if let Some(problem) = refused(input.portions, 0, input.diets.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let before = current(transaction, &service).await?;
    let diets = served(before, input.diets.as_deref(), input.portions);
    let serving = diesel::update(meal_services::table.find(service.id)).set((
        meal_services::state.eq(MealState::Served),
        meal_services::served.eq(input.portions),
        meal_services::served_at.eq(served_at),
        meal_services::recorded_at.eq(context.now()),
        meal_services::user_id.eq(context.actor()?.user),
    ));
    if let Err(error) = serving.execute(transaction.connection()?).await {
        return law(error).map(Err);
    }
    set(context, transaction, service.id.uuid(), diets).await.map(Ok)
}

/// Corrects what was said of a meal that was served.
pub(super) async fn correct_meal(context: Context, input: CorrectMeal) -> Result<CorrectMealResult> {
    let mut transaction = begin!(&context, "meals.correctMeal", &input, CorrectMealResult);
    let done = correct(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn correct(
    context: &Context,
    transaction: &mut Transaction<'_, CorrectMealPayload>,
    input: &CorrectMeal,
) -> Result<std::result::Result<Done<CorrectMealPayload>, CorrectMealResult>> {
    let of = (input.service, input.version);
    let needs = (MealState::Served, "Only of a meal that was served is it corrected how much that was.");
    let service = match changeable(context, transaction, of, RecordType::MealServing, needs).await? {
        Ok(service) => service,
        Err(refused) => return Ok(Err(refused)),
    };
    let problem = refuse_text("reason", Some(&input.reason))
        .or_else(|| refused(input.portions, 0, input.diets.as_deref()));
    if let Some(problem) = problem {
        return Ok(Err(problem.into()));
    }
    let before = current(transaction, &service).await?;
    let diets = served(before, input.diets.as_deref(), input.portions);
    let correcting = diesel::update(meal_services::table.find(service.id)).set((
        meal_services::served.eq(input.portions),
        meal_services::reason.eq(&input.reason),
        meal_services::recorded_at.eq(context.now()),
        meal_services::user_id.eq(context.actor()?.user),
    ));
    if let Err(error) = correcting.execute(transaction.connection()?).await {
        return law(error).map(Err);
    }
    set(context, transaction, service.id.uuid(), diets).await.map(Ok)
}

/// What was served of each diet: as it is said, or else as was said before or planned, and of none more than was served in all.
fn served(before: Vec<DietCount>, said: Option<&[DietPortions]>, portions: i32) -> Vec<DietCount> {
    let Some(said) = said else {
        let as_before = |count: DietCount| {
            let served = count.served.unwrap_or(count.planned).min(portions);
            DietCount { served: Some(served), ..count }
        };
        return before.into_iter().map(as_before).collect();
    };
    let of_plan = before.iter().map(|count| {
        let served = said.iter().find(|said| said.diet == count.diet).map_or(0, |said| said.portions);
        DietCount { served: Some(served), ..*count }
    });
    let beside_it = said
        .iter()
        .filter(|said| said.portions > 0 && before.iter().all(|count| count.diet != said.diet))
        .map(|said| DietCount { diet: said.diet, planned: 0, served: Some(said.portions) });
    of_plan.chain(beside_it).collect()
}
