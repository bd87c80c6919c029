//! The alerts, read.

use chrono::{Days, NaiveDate};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Date, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{StockAlert, StockAlertKind};
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::{Location, kinds};
use crate::error::{Code, Error, Result};
use crate::graph::input;
use crate::scalars::{Id, Quantity, Unit};

input! {
    /// Which alerts.
    pub struct StockAlertsArguments {
        /// Only of this kind.
        pub kind: Option<StockAlertKind>,
        /// Only of this store; what all stores together have too little of is then left out.
        pub location: Option<Id<Location>>,
        /// How many days ahead a lot's day is soon: 1 to 365; 30, where it is left out.
        pub expiring_within: Option<i32>,
        /// How many at most, those that expire first and then those of which too little is there: 1 to 500; 100, where it is left out.
        pub first: Option<i32>,
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: StockAlertKind,
    #[diesel(sql_type = Integer)]
    quantity: i32,
    #[diesel(sql_type = Nullable<Integer>)]
    minimum: Option<i32>,
    #[diesel(sql_type = Nullable<Date>)]
    expires_on: Option<NaiveDate>,
    #[diesel(sql_type = Text)]
    unit: Unit,
    #[diesel(sql_type = SqlUuid)]
    item: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    location: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    lot: Option<Uuid>,
    #[diesel(sql_type = Text)]
    stock_kind: String,
}

/// A number of an argument, within its range.
pub(in crate::donations) fn within(
    argument: &'static str,
    given: Option<i32>,
    usual: i32,
    (least, most): (i32, i32),
) -> Result<i32> {
    let number = given.unwrap_or(usual);
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    let message = format!("{argument} is from {least} to {most}.");
    Err(Error::new(Code::InvalidArgument, message).with("argument", argument))
}

/// The alerts of the goods that the caller may see.
pub(super) async fn alerts(context: Context, arguments: StockAlertsArguments) -> Result<Vec<StockAlert>> {
    let days = within("expiringWithin", arguments.expiring_within, 30, (1, 365))?;
    let first = within("first", arguments.first, 100, (1, 500))?;
    let today = context.day_of(context.now());
    let until = today.checked_add_days(Days::new(u64::from(days.unsigned_abs()))).unwrap_or(today);
    let asking = diesel::sql_query(
        "WITH fit AS (\
             SELECT balances.item_id, balances.location_id, sum(balances.quantity) AS quantity \
             FROM balances JOIN lots ON lots.id = balances.lot_id \
             WHERE lots.programme_id = $1 AND balances.in_stock AND lots.stock_kind = ANY($2) \
                 AND recalled_at IS NULL AND balances.keeps_until > $3 \
             GROUP BY balances.item_id, balances.location_id), \
         alerts AS (\
             SELECT CASE WHEN balances.expires_on > $3 THEN 'EXPIRING' ELSE 'EXPIRED' END AS kind, balances.quantity::bigint AS quantity, \
                 NULL::integer AS minimum, balances.expires_on, balances.item_id AS item, balances.location_id AS location, lot_id AS lot \
             FROM balances JOIN lots ON lots.id = balances.lot_id \
             WHERE lots.programme_id = $1 AND balances.in_stock AND balances.keeps_until <= $4 \
             UNION ALL SELECT 'LOW_STOCK', coalesce(fit.quantity, 0), least.quantity, NULL, least.item_id, least.location_id, NULL \
             FROM minimum_stocks AS least LEFT JOIN fit ON (fit.item_id, fit.location_id) = (least.item_id, least.location_id) \
             WHERE least.quantity > coalesce(fit.quantity, 0) \
             UNION ALL SELECT 'LOW_STOCK', held.quantity, minimum_stock, NULL, items.id, NULL, NULL \
             FROM items CROSS JOIN LATERAL (SELECT coalesce(sum(quantity), 0) FROM fit WHERE item_id = items.id) AS held (quantity) \
             WHERE minimum_stock > held.quantity) \
         SELECT kind, least(quantity, 2147483647)::integer AS quantity, minimum, expires_on, unit, item, location, lot, stock_kind \
         FROM alerts JOIN items ON items.id = item \
         WHERE programme_id = $1 AND stock_kind = ANY($2) AND ($5 IS NULL OR kind = $5) AND ($6 IS NULL OR location = $6) \
         ORDER BY expires_on NULLS LAST, code, location NULLS FIRST, lot LIMIT $7",
    )
    .bind::<SqlUuid, _>(context.programme_id())
    .bind::<Array<Text>, _>(kinds::readable(&context))
    .bind::<Date, _>(today)
    .bind::<Date, _>(until)
    .bind::<Nullable<Text>, _>(arguments.kind)
    .bind::<Nullable<SqlUuid>, _>(arguments.location.map(Id::uuid))
    .bind::<Integer, _>(first);
    let reader = context.reader().await?;
    let rows: Vec<Row> = Prepared(asking).load(&mut &*reader).await?;
    let alert = |row: Row| {
        let counted = |amount| Quantity { amount, unit: row.unit };
        StockAlert {
            kind: row.kind,
            quantity: counted(row.quantity),
            minimum: row.minimum.map(counted),
            expires_on: row.expires_on,
            item_id: row.item,
            location_id: row.location,
            lot_id: row.lot,
            stock_kind: row.stock_kind,
        }
    };
    Ok(rows.into_iter().map(alert).collect())
}
