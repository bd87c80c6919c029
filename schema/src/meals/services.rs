//! What planning, serving and the rest have in common: counts of diets, the problems that the database's laws become, and what is
//! committed of a meal.

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use diesel::sql_types::{Array, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use enlace_policies::{Class, RecordType};

use super::load::{diets_in, service_held, service_in};
use super::{Diet, DietCount, MealService, MealSet, MealState};
use crate::context::Context;
use crate::database::Prepared;
use crate::error::{Error, Result};
use crate::graph::input;
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// Of a meal's portions, so many of one diet.
    pub struct DietPortions {
        /// The diet.
        pub diet: Diet,
        /// How many portions are of it: no more than the meal has.
        pub portions: i32,
    }
}

/// What is wrong with how many portions a meal has, and how many of them are of which diet.
pub(super) fn refused(portions: i32, least: i32, diets: Option<&[DietPortions]>) -> Option<InvalidValue> {
    if !(least..=100_000).contains(&portions) {
        let message = format!("A meal has {least} to 100,000 portions.");
        return Some(InvalidValue::new("portions", &message));
    }
    diets.unwrap_or_default().iter().enumerate().find_map(|(place, count)| {
        let mut before = diets.unwrap_or_default().iter().take(place);
        let (field, message) = if before.any(|earlier| earlier.diet == count.diet) {
            ("diet", "This diet stands in the list already. Say all of it at once.")
        } else if !(0..=portions).contains(&count.portions) {
            ("portions", "A diet counts none to all of the meal's portions.")
        } else {
            return None;
        };
        Some(InvalidValue::new(&format!("diets.{place}.{field}"), message))
    })
}

/// What is planned of each diet.
pub(super) fn planned(diets: &[DietPortions]) -> Vec<DietCount> {
    let counts = diets.iter().filter(|count| count.portions > 0);
    counts.map(|count| DietCount { diet: count.diet, planned: count.portions, served: None }).collect()
}

/// A meal that the caller may change, held, in the version that it saw and in the state that the change needs; or why it is not.
pub(super) async fn changeable<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (id, version): (Id<MealService>, i32),
    judged_as: RecordType,
    (needed, otherwise): (MealState, &str),
) -> Result<std::result::Result<MealService, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<VersionConflict> + From<StateConflict>,
{
    let Some(service) = service_held(context, transaction.connection()?, id.uuid()).await? else {
        return Ok(Err(NotFound::new("service").into()));
    };
    context.authorize_write(Class::Operational, judged_as, &service)?;
    if service.version != version {
        return Ok(Err(VersionConflict::new(service.version).into()));
    }
    if service.state != needed {
        return Ok(Err(StateConflict::new(otherwise).into()));
    }
    Ok(Ok(service))
}

/// What a law that a meal ran into tells its caller.
pub(super) fn law<R: From<InvalidValue> + From<StateConflict>>(error: diesel::result::Error) -> Result<R> {
    Ok(match constraint(&error) {
        Some("meal_services_within_kitchen") => InvalidValue::new(
            "portions",
            "The kitchen cooks no more on that day than it can. Read its portions, and let another cook the rest.",
        )
        .into(),
        Some("meal_services_once") => StateConflict::new(
            "This meal of the shelter is planned already. Plan it anew, or cancel it first.",
        )
        .into(),
        Some("meal_services_while_open") => {
            StateConflict::new("The shelter is not open on that day.").into()
        }
        Some("meal_services_on_their_day") => {
            InvalidValue::new("occurredAt", "A meal is not served before its day.").into()
        }
        _ => return Err(Error::from(error)),
    })
}

/// Writes the diets of a meal's present version, and says what is committed of it: as the transaction sees it now.
pub(super) async fn set<P>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Uuid,
    diets: Vec<DietCount>,
) -> Result<Done<P>>
where
    P: Serialize + DeserializeOwned + From<MealService>,
{
    let writing = diesel::sql_query(
        "INSERT INTO meal_diets (service_id, version, diet, planned, served) \
         SELECT meal_services.id, version, said.diet, said.planned, said.served \
         FROM meal_services, unnest($2, $3, $4) AS said (diet, planned, served) WHERE meal_services.id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Array<Text>, _>(diets.iter().map(|count| count.diet).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(diets.iter().map(|count| count.planned).collect::<Vec<_>>())
    .bind::<Array<Nullable<Integer>>, _>(diets.iter().map(|count| count.served).collect::<Vec<_>>());
    Prepared(writing).execute(transaction.connection()?).await?;
    let found = service_in(context, transaction.connection()?, id).await?;
    let service = found.ok_or_else(|| Error::internal("a meal that was changed is not there"))?;
    let occurred_at = service.served_at.unwrap_or_else(|| context.now());
    let change = MealSet { service, diets };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Done { occurred_at, changes, payload: change.service.into() })
}

/// The diets that a meal has now.
pub(super) async fn current<P: Serialize + DeserializeOwned>(
    transaction: &mut Transaction<'_, P>,
    service: &MealService,
) -> Result<Vec<DietCount>> {
    diets_in(transaction.connection()?, service).await
}
