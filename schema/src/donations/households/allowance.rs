//! What a household may still have. The database works it out (`household_allowance`), by which it also refuses what is beyond.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Date, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::HouseholdAllowance;
use crate::context::Context;
use crate::database::Prepared;
use crate::error::Result;
use crate::graph::input;
use crate::scalars::read_code;

input! {
    /// Whose allowance.
    pub struct HouseholdAllowanceArguments {
        /// The code that the household shows. Hyphens and spaces do not matter, nor do capitals.
        pub pickup_code: String,
        /// On which day; today, where it is left out.
        pub on: Option<NaiveDate>,
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    entitlement: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    item: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    kit: Option<Uuid>,
    #[diesel(sql_type = Integer)]
    remaining: i32,
    #[diesel(sql_type = Nullable<Date>)]
    again_on: Option<NaiveDate>,
}

impl From<Row> for HouseholdAllowance {
    fn from(Row { entitlement, item, kit, remaining, again_on }: Row) -> Self {
        Self {
            remaining: remaining.max(0),
            again_on,
            entitlement_id: entitlement,
            item_id: item,
            kit_id: kit,
        }
    }
}

/// What a household may still have on a day, as a transaction sees it.
pub(super) async fn allowance(
    connection: &mut AsyncPgConnection,
    household: Uuid,
    day: NaiveDate,
) -> Result<Vec<HouseholdAllowance>> {
    let asking = diesel::sql_query("SELECT * FROM household_allowance($1, $2) ORDER BY entitlement")
        .bind::<SqlUuid, _>(household)
        .bind::<Date, _>(day);
    let rows: Vec<Row> = Prepared(asking).get_results(connection).await?;
    Ok(rows.into_iter().map(HouseholdAllowance::from).collect())
}

/// What the household that shows a code may still have. Of a code that is nobody's, nothing.
pub(super) async fn household_allowance(
    context: Context,
    arguments: HouseholdAllowanceArguments,
) -> Result<Vec<HouseholdAllowance>> {
    let Some(code) = read_code(&arguments.pickup_code) else { return Ok(Vec::new()) };
    let day = arguments.on.unwrap_or_else(|| context.day_of(context.now()));
    let asking = diesel::sql_query(
        "SELECT allowance.* FROM households CROSS JOIN LATERAL household_allowance(households.id, $3) AS allowance \
         WHERE programme_id = $1 AND pickup_code = $2 ORDER BY entitlement",
    )
    .bind::<SqlUuid, _>(context.programme_id())
    .bind::<Text, _>(code)
    .bind::<Date, _>(day);
    let reader = context.reader().await?;
    let rows: Vec<Row> = Prepared(asking).get_results(&mut &*reader).await?;
    Ok(rows.into_iter().map(HouseholdAllowance::from).collect())
}
