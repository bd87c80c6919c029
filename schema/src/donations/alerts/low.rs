//! Whether a change of stock left too little of what it touched.

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Date, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use uuid::Uuid;

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::{Category, Item};
use crate::error::Result;
use crate::graph::Admission;
use crate::scalars::Id;

/// What is asked of the goods that a change touched.
#[derive(Debug, Clone, Copy)]
pub(in crate::donations) struct Asks {
    pub(in crate::donations) category: Option<Id<Category>>,
    pub(in crate::donations) item: Option<Id<Item>>,
    /// Whether there must be too little of them after it.
    pub(in crate::donations) low: bool,
}

/// Asks it of the lots of a change, and of the stores that it touched; nothing, where nothing is asked.
///
/// Too little is judged by the balances as they are committed when the change is told of. They are never older than the change; where
/// others were faster, they may be newer. So no change goes untold that left too little for longer than a moment.
pub(in crate::donations) fn admission(asks: Asks, lots: Vec<Uuid>, stores: Vec<Uuid>) -> Option<Admission> {
    if asks.category.is_none() && asks.item.is_none() && !asks.low {
        return None;
    }
    Some(Box::new(move |context| async move { holds(&context, asks, lots, stores).await }.boxed()))
}

async fn holds(context: &Context, asks: Asks, lots: Vec<Uuid>, stores: Vec<Uuid>) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let today: NaiveDate = context.day_of(context.now());
    let asking = diesel::sql_query(
        "WITH touched AS (\
             SELECT items.id, minimum_stock FROM items \
             WHERE id IN (SELECT item_id FROM lots WHERE lots.id = ANY($1)) \
                 AND ($2 IS NULL OR category_id = $2) AND ($3 IS NULL OR id = $3)), \
         fit AS (\
             SELECT touched.id, balances.location_id, balances.quantity FROM touched \
                 JOIN lots ON lots.item_id = touched.id JOIN balances ON balances.lot_id = lots.id \
             WHERE $4 AND balances.in_stock AND balances.keeps_until > $5 AND recalled_at IS NULL) \
         SELECT EXISTS (\
             SELECT FROM touched WHERE NOT $4 \
                 OR minimum_stock > (SELECT coalesce(sum(quantity), 0) FROM fit WHERE fit.id = touched.id) \
                 OR EXISTS (SELECT FROM minimum_stocks AS least WHERE least.item_id = touched.id AND least.location_id = ANY($6) \
                     AND least.quantity > (SELECT coalesce(sum(quantity), 0) FROM fit \
                         WHERE fit.id = touched.id AND fit.location_id = least.location_id))) AS found",
    )
    .bind::<Array<SqlUuid>, _>(lots)
    .bind::<Nullable<SqlUuid>, _>(asks.category.map(Id::uuid))
    .bind::<Nullable<SqlUuid>, _>(asks.item.map(Id::uuid))
    .bind::<Bool, _>(asks.low)
    .bind::<Date, _>(today)
    .bind::<Array<SqlUuid>, _>(stores);
    let reader = context.reader().await?;
    let answer: Found = Prepared(asking).get_result(&mut &*reader).await?;
    Ok(answer.found)
}
