//! Planning a meal, planning it anew, and cancelling it: the kitchen's own agency, and the coordinator.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::{kitchen_in, shelter_in, today};
use super::services::{DietPortions, changeable, current, law, planned, refused, set};
use super::tables::meal_services;
use super::{DietCount, Kitchen, Meal, MealService, MealState};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;
use crate::shelters::Shelter;

/// What is said where a meal is no plan any more.
const NOT_PLANNED: &str = "This meal was served or cancelled already.";

input! {
    /// A meal that a kitchen is to cook for a shelter.
    pub struct PlanMeal {
        /// The kitchen.
        pub kitchen: Id<Kitchen>,
        /// The shelter.
        pub shelter: Id<Shelter>,
        /// The programme's day, today or later.
        pub day: NaiveDate,
        /// Which meal of it.
        pub meal: Meal,
        /// How many portions, 1 or more; with the others of the day no more than the kitchen cooks.
        pub portions: i32,
        /// How many of them are of which diet.
        pub diets: Option<Vec<DietPortions>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// How much of a meal is to be cooked.
    pub struct ReplanMeal {
        /// The meal; a planned one.
        pub service: Id<MealService>,
        /// The version of the meal that the caller saw.
        pub version: i32,
        /// How many portions, 1 or more; with the others of the day no more than the kitchen cooks.
        pub portions: i32,
        /// How many of them are of which diet; as before, where it is left out.
        pub diets: Option<Vec<DietPortions>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A meal that is not cooked.
    pub struct CancelMeal {
        /// The meal; a planned one.
        pub service: Id<MealService>,
        /// The version of the meal that the caller saw.
        pub version: i32,
        /// Why, 3 to 500 characters.
        pub reason: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A meal, planned.
    pub struct PlanMealPayload: "PlanMealPayload" as MealService {
        /// The meal.
        service: MealService,
    }
}

payload! {
    /// A meal, planned anew.
    pub struct ReplanMealPayload: "ReplanMealPayload" as MealService {
        /// The meal as it is now.
        service: MealService,
    }
}

payload! {
    /// A meal, cancelled.
    pub struct CancelMealPayload: "CancelMealPayload" as MealService {
        /// The meal as it is now.
        service: MealService,
    }
}

union! {
    /// The meal, planned; or why it was not.
    pub enum PlanMealResult {
        Payload(PlanMealPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The meal, planned anew; or why it was not.
    pub enum ReplanMealResult {
        Payload(ReplanMealPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The meal, cancelled; or why it was not.
    pub enum CancelMealResult {
        Payload(CancelMealPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Plans a meal. The database holds that a kitchen cooks no more on a day than it can, however many plan at once.
pub(super) async fn plan_meal(context: Context, input: PlanMeal) -> Result<PlanMealResult> {
    let mut transaction = begin!(&context, "meals.planMeal", &input, PlanMealResult);
    let done = plan(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn plan(
    context: &Context,
    transaction: &mut Transaction<'_, PlanMealPayload>,
    input: &PlanMeal,
) -> Result<std::result::Result<Done<PlanMealPayload>, PlanMealResult>> {
    let Some(kitchen) = kitchen_in(context, transaction.connection()?, input.kitchen.uuid()).await? else {
        return Ok(Err(NotFound::new("kitchen").into()));
    };
    context.authorize_write(Class::Operational, RecordType::MealService, &kitchen)?;
    if !shelter_in(context, transaction.connection()?, input.shelter).await? {
        return Ok(Err(NotFound::new("shelter").into()));
    }
    if input.day < today(context) {
        return Ok(Err(InvalidValue::new("day", "A meal is planned for today or later.").into()));
    }
    if let Some(problem) = refused(input.portions, 1, input.diets.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let id = context.new_uuid()?;
    let row = (
        meal_services::id.eq(id),
        meal_services::programme_id.eq(context.programme_id()),
        meal_services::kitchen_id.eq(kitchen.id),
        meal_services::shelter_id.eq(input.shelter),
        meal_services::day.eq(input.day),
        meal_services::meal.eq(input.meal),
        meal_services::planned.eq(input.portions),
        meal_services::recorded_at.eq(context.now()),
        meal_services::user_id.eq(context.actor()?.user),
    );
    let planning = diesel::insert_into(meal_services::table).values(row);
    if let Err(error) = planning.execute(transaction.connection()?).await {
        return law(error).map(Err);
    }
    let diets = planned(input.diets.as_deref().unwrap_or_default());
    set(context, transaction, id, diets).await.map(Ok)
}

/// Plans a meal anew.
pub(super) async fn replan_meal(context: Context, input: ReplanMeal) -> Result<ReplanMealResult> {
    let mut transaction = begin!(&context, "meals.replanMeal", &input, ReplanMealResult);
    let done = replan(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn replan(
    context: &Context,
    transaction: &mut Transaction<'_, ReplanMealPayload>,
    input: &ReplanMeal,
) -> Result<std::result::Result<Done<ReplanMealPayload>, ReplanMealResult>> {
    let of = (input.service, input.version);
    let needs = (MealState::Planned, NOT_PLANNED);
    let service = match changeable(context, transaction, of, RecordType::MealService, needs).await? {
        Ok(service) => service,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(problem) = refused(input.portions, 1, input.diets.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let diets = match &input.diets {
        Some(diets) => planned(diets),
        None => within(current(transaction, &service).await?, input.portions),
    };
    let planning = diesel::update(meal_services::table.find(service.id)).set((
        meal_services::planned.eq(input.portions),
        meal_services::recorded_at.eq(context.now()),
        meal_services::user_id.eq(context.actor()?.user),
    ));
    if let Err(error) = planning.execute(transaction.connection()?).await {
        return law(error).map(Err);
    }
    set(context, transaction, service.id.uuid(), diets).await.map(Ok)
}

/// Diets as they were, but no more of each than there are portions.
fn within(diets: Vec<DietCount>, portions: i32) -> Vec<DietCount> {
    diets.into_iter().map(|count| DietCount { planned: count.planned.min(portions), ..count }).collect()
}

/// Cancels a meal.
pub(super) async fn cancel_meal(context: Context, input: CancelMeal) -> Result<CancelMealResult> {
    let mut transaction = begin!(&context, "meals.cancelMeal", &input, CancelMealResult);
    let done = cancel(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn cancel(
    context: &Context,
    transaction: &mut Transaction<'_, CancelMealPayload>,
    input: &CancelMeal,
) -> Result<std::result::Result<Done<CancelMealPayload>, CancelMealResult>> {
    let of = (input.service, input.version);
    let needs = (MealState::Planned, NOT_PLANNED);
    let service = match changeable(context, transaction, of, RecordType::MealService, needs).await? {
        Ok(service) => service,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return Ok(Err(problem.into()));
    }
    let diets = current(transaction, &service).await?;
    let cancelling = diesel::update(meal_services::table.find(service.id)).set((
        meal_services::state.eq(MealState::Cancelled),
        meal_services::reason.eq(&input.reason),
        meal_services::recorded_at.eq(context.now()),
        meal_services::user_id.eq(context.actor()?.user),
    ));
    cancelling.execute(transaction.connection()?).await?;
    set(context, transaction, service.id.uuid(), diets).await.map(Ok)
}
