//! Who would go without a meal: what is short of each shelter's meals on a day, worked out when it is asked.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Date, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use enlace_policies::Fact;

use super::load::today;
use super::{Meal, MealSet};
use crate::context::Context;
use crate::database::Prepared;
use crate::error::Result;
use crate::graph::{Admission, Facts, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{OccupancyAdjusted, Shelter};

record! {
    /// Portions that are missing of one meal of a shelter: fewer are cooked than people lodge there, or than need a diet, or none at all.
    pub struct MealShortfall: "MealShortfall" as Shelter {
        /// The programme's day.
        day: NaiveDate => Operational,
        /// Which meal of it.
        meal: Meal => Operational,
        /// How many people the shelter lodges, or lodged when the meal was served.
        lodged: i32 => Operational,
        /// How many portions were served or are planned; 0 where no kitchen cooks this meal.
        portions: i32 => Operational,
        /// How many are missing.
        missing: i32 => Operational,
        /// The shelter.
        shelter_id: Uuid,
        /// The shelter's code.
        shelter: String,
        /// The meal, where a kitchen cooks it.
        service_id: Option<Uuid>,
    }
}

impl Facts for MealShortfall {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

record! {
    /// That portions are missing of today's meals of a shelter, since something changed: a meal, or how many people it lodges. In a
    /// snapshot, that they are missing.
    pub struct MealShortfallAlert: "MealShortfallAlert" as Shelter {
        /// When it happened. In a snapshot, when it was read.
        occurred_at: DateTime<Utc> => Operational,
        /// The shelter.
        shelter_id: Uuid,
        /// The shelter's code.
        shelter: String,
        /// The day of the meal that changed; none where people came or left.
        day: Option<NaiveDate>,
    }
}

impl Facts for MealShortfallAlert {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

input! {
    /// Of which day, and of which shelter.
    pub struct MealShortfallsArguments {
        /// The day; the programme's today, where it is left out.
        pub day: Option<NaiveDate>,
        /// Only of this shelter.
        pub shelter: Option<Id<Shelter>>,
    }
}

input! {
    /// Which shelter's meals to watch.
    pub struct MealShortfallArguments {
        /// One shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    meal: Meal,
    #[diesel(sql_type = Integer)]
    lodged: i32,
    #[diesel(sql_type = Integer)]
    portions: i32,
    #[diesel(sql_type = Integer)]
    missing: i32,
    #[diesel(sql_type = SqlUuid)]
    shelter_id: Uuid,
    #[diesel(sql_type = Text)]
    shelter: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    service_id: Option<Uuid>,
}

/// What is short: of the meals that are cooked; of those of today and later that no kitchen cooks, for whom the shelter lodges now; and
/// of past ones that were cancelled, for whom it lodged then.
const SHORT: &str = "\
    WITH lodging AS (\
        SELECT shelters.id, shelters.code, opened_on, closed_on, coalesce(sum(occupied), 0)::integer AS lodged \
        FROM shelters LEFT JOIN spaces ON spaces.shelter_id = shelters.id \
        WHERE shelters.programme_id = $1 AND ($4 IS NULL OR shelters.id = $4) GROUP BY shelters.id), \
    cooked AS (\
        SELECT meal_services.* FROM meal_services JOIN lodging ON lodging.id = shelter_id WHERE day = $2), \
    short AS (\
        SELECT meal, CASE WHEN state = 'PLANNED' AND day >= $3 THEN lodging.lodged ELSE cooked.lodged END AS lodged, \
            coalesce(served, planned) AS portions, meal_shortfall(cooked.id, $3) AS missing, shelter_id, code AS shelter, \
            cooked.id AS service_id \
        FROM cooked JOIN lodging ON lodging.id = shelter_id WHERE state <> 'CANCELLED' \
        UNION ALL SELECT meal, lodged, 0, lodged, id, code, NULL \
        FROM lodging CROSS JOIN unnest(ARRAY['BREAKFAST', 'LUNCH', 'DINNER']) AS meals (meal) \
        WHERE $2 >= $3 AND $2 BETWEEN opened_on AND coalesce(closed_on, 'infinity') AND NOT EXISTS (\
            SELECT FROM cooked WHERE shelter_id = lodging.id AND cooked.meal = meals.meal AND state <> 'CANCELLED') \
        UNION ALL SELECT meal, max(cooked.lodged), 0, max(cooked.lodged), shelter_id, code, NULL \
        FROM cooked JOIN lodging ON lodging.id = shelter_id \
        WHERE $2 < $3 GROUP BY meal, shelter_id, code HAVING bool_and(state = 'CANCELLED')) \
    SELECT * FROM short WHERE missing > 0 \
    ORDER BY shelter, array_position(ARRAY['BREAKFAST', 'LUNCH', 'DINNER'], meal)";

async fn short(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    day: NaiveDate,
    shelter: Option<Uuid>,
) -> Result<Vec<MealShortfall>> {
    let asking = diesel::sql_query(SHORT)
        .bind::<SqlUuid, _>(context.programme_id())
        .bind::<Date, _>(day)
        .bind::<Date, _>(today(context))
        .bind::<Nullable<SqlUuid>, _>(shelter);
    let rows: Vec<Row> = Prepared(asking).load(connection).await?;
    let shortfall = |row: Row| MealShortfall {
        day,
        meal: row.meal,
        lodged: row.lodged,
        portions: row.portions,
        missing: row.missing,
        shelter_id: row.shelter_id,
        shelter: row.shelter,
        service_id: row.service_id,
    };
    Ok(rows.into_iter().map(shortfall).collect())
}

/// What is short on a day.
pub(super) async fn shortfalls(
    context: Context,
    arguments: MealShortfallsArguments,
) -> Result<Vec<MealShortfall>> {
    let day = arguments.day.unwrap_or_else(|| today(&context));
    let reader = context.reader().await?;
    short(&context, &mut &*reader, day, arguments.shelter.map(Id::uuid)).await
}

/// What is short of a shelter's meals today.
pub(super) async fn shortfalls_of(context: Context, alert: MealShortfallAlert) -> Result<Vec<MealShortfall>> {
    let reader = context.reader().await?;
    short(&context, &mut &*reader, today(&context), Some(alert.shelter_id)).await
}

/// A meal changed, or how many people a shelter lodges.
pub(super) fn alert(arguments: &MealShortfallArguments, entry: &Entry) -> Result<Option<MealShortfallAlert>> {
    let alert = if let Some(MealSet { service, .. }) = entry.change()? {
        MealShortfallAlert {
            occurred_at: service.served_at.unwrap_or(service.recorded_at),
            shelter_id: service.shelter_id,
            shelter: service.shelter,
            day: Some(service.day),
        }
    } else if let Some(OccupancyAdjusted { space, occurred_at, .. }) = entry.change()? {
        let shelter = space.shelter.unwrap_or_default();
        MealShortfallAlert { occurred_at, shelter_id: space.shelter_id, shelter, day: None }
    } else {
        return Ok(None);
    };
    Ok(Some(alert).filter(|alert| arguments.shelter.is_none_or(|shelter| shelter.uuid() == alert.shelter_id)))
}

/// Asks whether portions are missing now of what the alert is about.
pub(super) fn admission(alert: &MealShortfallAlert) -> Admission {
    let (shelter, day) = (alert.shelter_id, alert.day);
    Box::new(move |context| {
        async move {
            let today = today(&context);
            if day.is_some_and(|day| day != today) {
                return Ok(false);
            }
            let reader = context.reader().await?;
            Ok(!short(&context, &mut &*reader, today, Some(shelter)).await?.is_empty())
        }
        .boxed()
    })
}

/// The shelters of whose meals portions are missing today.
pub(super) fn alerts_now<'c>(
    arguments: &'c MealShortfallArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<MealShortfallAlert>>> {
    async move {
        let connection: &AsyncPgConnection = connection;
        let wanted = arguments.shelter.map(Id::uuid);
        let mut found = short(context, &mut &*connection, today(context), wanted).await?;
        found.dedup_by_key(|shortfall| shortfall.shelter_id);
        let alert = |shortfall: MealShortfall| MealShortfallAlert {
            occurred_at: context.now(),
            shelter_id: shortfall.shelter_id,
            shelter: shortfall.shelter,
            day: None,
        };
        Ok(found.into_iter().map(alert).collect())
    }
    .boxed()
}
