//! Taking out of a store what a meal uses: by whoever writes the store's goods.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::Class;

use super::load::{service_held, service_in};
use super::tables::meal_inputs;
use super::{InputsTaken, MealService, MealState};
use crate::context::Context;
use crate::donations::{Location, TakenGoods, store_by_id, take_food};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{
    EarlierExpiry, GoodsPacked, GoodsUnfit, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound,
    StateConflict,
};
use crate::scalars::Id;

input! {
    /// Food that a meal uses.
    pub struct TakeMealInputs {
        /// The meal; not a cancelled one.
        pub service: Id<MealService>,
        /// The store that the food leaves.
        pub from: Id<Location>,
        /// What is taken, of 1 to 200 lots: all of it or nothing.
        pub goods: Vec<TakenGoods>,
        /// When it left the store; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// Food, taken for a meal.
    pub struct TakeMealInputsPayload: "TakeMealInputsPayload" as MealService {
        /// The meal. What it used is in its inputs.
        service: MealService,
    }
}

union! {
    /// The food, taken; or why nothing was.
    pub enum TakeMealInputsResult {
        Payload(TakeMealInputsPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        InsufficientStock(InsufficientStock),
        GoodsPacked(GoodsPacked),
        GoodsUnfit(GoodsUnfit),
        EarlierExpiry(EarlierExpiry),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Takes what a meal uses out of a store: by the ledger, which lets neither expired nor recalled goods out, nor more than there is.
pub(super) async fn take_meal_inputs(
    context: Context,
    input: TakeMealInputs,
) -> Result<TakeMealInputsResult> {
    let mut transaction = begin!(&context, "meals.takeMealInputs", &input, TakeMealInputsResult);
    let done = take(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn take(
    context: &Context,
    transaction: &mut Transaction<'_, TakeMealInputsPayload>,
    input: &TakeMealInputs,
) -> Result<std::result::Result<Done<TakeMealInputsPayload>, TakeMealInputsResult>> {
    // Held before any balance is, so that who cancels the meal meanwhile waits.
    let Some(service) = service_held(context, transaction.connection()?, input.service.uuid()).await? else {
        return Ok(Err(NotFound::new("service").into()));
    };
    if store_by_id(context, transaction.connection()?, input.from).await?.is_none() {
        return Ok(Err(NotFound::new("from").into()));
    }
    let taken = take_food(context, transaction, input.from, &input.goods, input.occurred_at).await?;
    let (movements, occurred_at) = match taken {
        Ok(taken) => taken,
        Err(refused) => return Ok(Err(refused)),
    };
    if service.state == MealState::Cancelled {
        return Ok(Err(StateConflict::new("Nothing is cooked for a meal that was cancelled.").into()));
    }
    let rows: Vec<_> = movements
        .iter()
        .map(|movement| (meal_inputs::movement_id.eq(*movement), meal_inputs::service_id.eq(service.id)))
        .collect();
    diesel::insert_into(meal_inputs::table).values(rows).execute(transaction.connection()?).await?;
    let change = InputsTaken { service: service.id.uuid(), movements };
    let changes = vec![Part::of(Class::Inventory, None, &change)?];
    let found = service_in(context, transaction.connection()?, service.id.uuid()).await?;
    let service = found.ok_or_else(|| Error::internal("a meal that was held is not there"))?;
    Ok(Ok(Done { occurred_at, changes, payload: service.into() }))
}
