//! Reads of kitchens and meals, which are open to whoever may read their class, and of what meals used, which is scoped.

use chrono::NaiveDate;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::{kitchens, meal_diets, meal_inputs, meal_revisions, meal_services};
use super::{DietCount, Kitchen, MealDiet, MealInput, MealRevision, MealService, MealState};
use crate::access::InScope;
use crate::agencies::tables::agencies;
use crate::context::Context;
use crate::donations::goods_facts;
use crate::donations::tables::{locations, lots, movements};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::Shelter;
use crate::shelters::tables::shelters;

#[diesel::dsl::auto_type]
fn kitchen_columns() -> _ {
    (
        kitchens::id,
        kitchens::code,
        kitchens::name,
        kitchens::place,
        kitchens::portions,
        kitchens::version,
        kitchens::agency_id,
        agencies::code,
    )
}

/// The kitchens of the programme, by code.
pub(super) async fn all_kitchens(context: Context) -> Result<Vec<Kitchen>> {
    let reader = context.reader().await?;
    let query = kitchens::table
        .inner_join(agencies::table)
        .filter(kitchens::programme_id.eq(context.programme_id()))
        .order(kitchens::code)
        .select(kitchen_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Kitchens by key.
pub(super) async fn kitchens_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Kitchen>> {
    let reader = context.reader().await?;
    let query = kitchens::table
        .inner_join(agencies::table)
        .filter(kitchens::id.eq_any(ids))
        .select(kitchen_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// A kitchen of the programme, as a transaction sees it.
pub(super) async fn kitchen_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Kitchen>> {
    let query = kitchens::table
        .inner_join(agencies::table)
        .filter(kitchens::id.eq(id))
        .filter(kitchens::programme_id.eq(context.programme_id()))
        .select(kitchen_columns());
    Ok(query.first(connection).await.optional()?)
}

/// A shelter of the programme, as a transaction sees it.
pub(super) async fn shelter_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Id<Shelter>,
) -> Result<bool> {
    let query = shelters::table
        .filter(shelters::id.eq(id))
        .filter(shelters::programme_id.eq(context.programme_id()))
        .select(shelters::id);
    Ok(query.first::<Uuid>(connection).await.optional()?.is_some())
}

#[diesel::dsl::auto_type]
fn services_joined() -> _ {
    meal_services::table.inner_join(kitchens::table.inner_join(agencies::table)).inner_join(shelters::table)
}

type ServiceColumns = (
    meal_services::id,
    meal_services::day,
    meal_services::meal,
    meal_services::state,
    meal_services::planned,
    meal_services::served,
    meal_services::lodged,
    SqlLiteral<Integer>,
    meal_services::reason,
    meal_services::served_at,
    meal_services::recorded_at,
    meal_services::version,
    meal_services::kitchen_id,
    meal_services::shelter_id,
    meal_services::revision_id,
    shelters::code,
    agencies::code,
);

/// What a meal is short of, as SQL.
fn shortfall(today: NaiveDate) -> String {
    format!("meal_shortfall(meal_services.id, '{today}')")
}

fn service_columns(today: NaiveDate) -> ServiceColumns {
    (
        meal_services::id,
        meal_services::day,
        meal_services::meal,
        meal_services::state,
        meal_services::planned,
        meal_services::served,
        meal_services::lodged,
        diesel::dsl::sql(&shortfall(today)),
        meal_services::reason,
        meal_services::served_at,
        meal_services::recorded_at,
        meal_services::version,
        meal_services::kitchen_id,
        meal_services::shelter_id,
        meal_services::revision_id,
        shelters::code,
        agencies::code,
    )
}

/// The programme's today.
pub(super) fn today(context: &Context) -> NaiveDate {
    context.day_of(context.now())
}

/// Meals by key.
pub(super) async fn services_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<MealService>> {
    let reader = context.reader().await?;
    let query =
        services_joined().filter(meal_services::id.eq_any(ids)).select(service_columns(today(&context)));
    Ok(query.load(&mut &*reader).await?)
}

/// A meal of the programme, as a transaction sees it: held, so that nobody else changes it meanwhile.
pub(super) async fn service_held(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<MealService>> {
    let held = meal_services::table.find(id).select(meal_services::id).for_no_key_update();
    if held.first::<Uuid>(connection).await.optional()?.is_none() {
        return Ok(None);
    }
    service_in(context, connection, id).await
}

/// A meal of the programme, as a transaction sees it.
pub(super) async fn service_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<MealService>> {
    let query = services_joined()
        .filter(meal_services::id.eq(id))
        .filter(meal_services::programme_id.eq(context.programme_id()))
        .select(service_columns(today(context)));
    Ok(query.first(connection).await.optional()?)
}

/// The meals from a day on, as a transaction sees them.
pub(super) async fn services_from(
    context: &Context,
    connection: &mut AsyncPgConnection,
    day: NaiveDate,
    (shelter, kitchen): (Option<Uuid>, Option<Uuid>),
) -> Result<Vec<MealService>> {
    let mut query = services_joined()
        .filter(meal_services::programme_id.eq(context.programme_id()))
        .filter(meal_services::day.ge(day))
        .order(meal_services::id)
        .select(service_columns(today(context)))
        .into_boxed::<Pg>();
    if let Some(shelter) = shelter {
        query = query.filter(meal_services::shelter_id.eq(shelter));
    }
    if let Some(kitchen) = kitchen {
        query = query.filter(meal_services::kitchen_id.eq(kitchen));
    }
    Ok(query.load(connection).await?)
}

input! {
    /// Which meals, and which page of them. They come in the order in which they were planned.
    pub struct MealServicesArguments {
        /// Only those of this day.
        pub day: Option<NaiveDate>,
        /// Only those of this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Only those that this kitchen cooks.
        pub kitchen: Option<Id<Kitchen>>,
        /// Only those that stand so.
        pub state: Option<MealState>,
        /// Where true, only those of which portions are missing; where false, only the others.
        pub short: Option<bool>,
        /// How many rows from the start, or after `after`: 1 to 500; 50 where neither `first` nor `last` is given.
        pub first: Option<i32>,
        /// Go on after this cursor.
        pub after: Option<String>,
        /// How many rows from the end, or before `before`.
        pub last: Option<i32>,
        /// Go back from this cursor.
        pub before: Option<String>,
    }
}

/// Meals, page by page.
pub(super) async fn services(
    context: Context,
    arguments: MealServicesArguments,
    wanted: Wanted,
) -> Result<Connection<MealService>> {
    let (day, state, short) = (arguments.day, arguments.state, arguments.short);
    let (shelter, kitchen) = (arguments.shelter.map(Id::uuid), arguments.kitchen.map(Id::uuid));
    let (binding, window) =
        asked!(context, arguments, "mealServices", &(day, shelter, kitchen, state, short));
    let today = today(&context);
    let selected = || {
        let mut query = services_joined()
            .filter(meal_services::programme_id.eq(context.programme_id()))
            .into_boxed::<Pg>();
        if let Some(day) = day {
            query = query.filter(meal_services::day.eq(day));
        }
        if let Some(shelter) = shelter {
            query = query.filter(meal_services::shelter_id.eq(shelter));
        }
        if let Some(kitchen) = kitchen {
            query = query.filter(meal_services::kitchen_id.eq(kitchen));
        }
        if let Some(state) = state {
            query = query.filter(meal_services::state.eq(state));
        }
        if let Some(short) = short {
            let is_short = format!("({} > 0) = {short}", shortfall(today));
            query = query.filter(diesel::dsl::sql::<Bool>(&is_short));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(meal_services::id),
        service_columns(today),
        |service: &MealService| service.id.uuid()
    )
}

/// What was said of meals, with what a row of it needs.
#[diesel::dsl::auto_type]
fn revisions_joined() -> _ {
    meal_revisions::table
        .inner_join(meal_services::table.inner_join(kitchens::table.inner_join(agencies::table)))
}

#[diesel::dsl::auto_type]
fn revision_columns() -> _ {
    (
        meal_revisions::id,
        meal_revisions::version,
        meal_revisions::state,
        meal_revisions::planned,
        meal_revisions::served,
        meal_revisions::lodged,
        meal_revisions::reason,
        meal_revisions::recorded_at,
        meal_revisions::service_id,
        agencies::code,
    )
}

/// What was said of some meals, oldest first.
pub(super) async fn revisions_of(context: Context, of: Vec<Uuid>) -> Result<Vec<MealRevision>> {
    let reader = context.reader().await?;
    let query = revisions_joined()
        .filter(meal_revisions::service_id.eq_any(of))
        .order(meal_revisions::version)
        .select(revision_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// What was said of meals, by key.
pub(super) async fn revisions_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<MealRevision>> {
    let reader = context.reader().await?;
    let query = revisions_joined().filter(meal_revisions::id.eq_any(ids)).select(revision_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Diets, with what a row of them needs.
#[diesel::dsl::auto_type]
fn diets_joined() -> _ {
    meal_diets::table.inner_join(meal_services::table.inner_join(kitchens::table.inner_join(agencies::table)))
}

#[diesel::dsl::auto_type]
fn diet_columns() -> _ {
    (
        meal_diets::id,
        meal_diets::diet,
        meal_diets::planned,
        meal_diets::served,
        meal_diets::revision_id,
        agencies::code,
    )
}

/// The diets of what was said of meals, by name.
pub(super) async fn diets_of_revisions(context: Context, of: Vec<Uuid>) -> Result<Vec<MealDiet>> {
    let reader = context.reader().await?;
    let query = diets_joined()
        .filter(meal_diets::revision_id.eq_any(of))
        .order(meal_diets::diet)
        .select(diet_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Diets by key.
pub(super) async fn diets_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<MealDiet>> {
    let reader = context.reader().await?;
    let query = diets_joined().filter(meal_diets::id.eq_any(ids)).select(diet_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// The diets of a meal, as a transaction sees them.
pub(super) async fn diets_in(
    connection: &mut AsyncPgConnection,
    service: &MealService,
) -> Result<Vec<DietCount>> {
    let query = meal_diets::table
        .filter(meal_diets::revision_id.eq(service.revision_id))
        .order(meal_diets::diet)
        .select((meal_diets::diet, meal_diets::planned, meal_diets::served));
    let rows = query.load(connection).await?;
    Ok(rows.into_iter().map(|(diet, planned, served)| DietCount { diet, planned, served }).collect())
}

/// What meals used, with what a row of it needs.
#[diesel::dsl::auto_type]
fn inputs_joined() -> _ {
    meal_inputs::table
        .inner_join(movements::table.inner_join(lots::table))
        .left_join(locations::table.on(movements::from_id.eq(locations::id.nullable())))
        .left_join(shelters::table.on(locations::shelter_id.eq(shelters::id.nullable())))
}

type InputColumns = (
    meal_inputs::movement_id,
    (movements::quantity, lots::unit),
    movements::occurred_at,
    SqlLiteral<Bool>,
    meal_inputs::service_id,
    movements::lot_id,
    movements::from_id,
    diesel::dsl::Nullable<shelters::code>,
    lots::stock_kind,
    lots::donor_agency,
);

fn input_columns() -> InputColumns {
    (
        meal_inputs::movement_id,
        (movements::quantity, lots::unit),
        movements::occurred_at,
        diesel::dsl::sql("EXISTS (SELECT FROM movements AS undone WHERE undone.reverses_id = movements.id)"),
        meal_inputs::service_id,
        movements::lot_id,
        movements::from_id,
        shelters::code.nullable(),
        lots::stock_kind,
        lots::donor_agency,
    )
}

/// What some meals used, as far as the caller may see it.
pub(super) async fn inputs_of(context: Context, of: Vec<Uuid>) -> Result<Vec<MealInput>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Movement) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = inputs_joined()
        .filter(meal_inputs::service_id.eq_any(of))
        .filter(InScope::new(&scope, goods_facts))
        .order(meal_inputs::movement_id)
        .select(input_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// What meals used, by key.
pub(super) async fn inputs_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<MealInput>> {
    let reader = context.reader().await?;
    let query = inputs_joined().filter(meal_inputs::movement_id.eq_any(ids)).select(input_columns());
    Ok(query.load(&mut &*reader).await?)
}
