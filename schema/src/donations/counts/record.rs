//! Recording what was found. The database sets it against the ledger, under the lock of each balance.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Integer, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::Lot;
use crate::donations::counts::{Counted, StockCount, changed, held_open};
use crate::donations::load::lots_by_ids;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::{Id, Quantity};

/// How many lots are said at once.
const LINES: usize = 500;

input! {
    /// So much of a lot was found.
    pub struct CountedGoods {
        /// The lot.
        pub lot: Id<Lot>,
        /// How much of it is there, in the item's base unit; nothing, where none is.
        pub quantity: Quantity,
    }
}

input! {
    /// What was found in a store.
    pub struct RecordCount {
        /// The count.
        pub count: Id<StockCount>,
        /// What was found: 1 to 500 lots. A lot that was counted before in this count is counted anew.
        pub lines: Vec<CountedGoods>,
        /// When it was counted; now, where it is left out. What moved since then is no difference.
        pub counted_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// What was found, recorded.
    pub struct RecordCountPayload: "RecordCountPayload" as StockCount {
        /// The count as it is now.
        count: StockCount,
    }
}

union! {
    /// What was found, recorded; or why it was not.
    pub enum RecordCountResult {
        Payload(RecordCountPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// A line, as the database set it against the ledger.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = SqlUuid)]
    lot_id: Uuid,
    #[diesel(sql_type = Integer)]
    expected: i32,
}

/// Records what was found.
pub(super) async fn record_count(context: Context, input: RecordCount) -> Result<RecordCountResult> {
    let mut transaction = begin!(&context, "donations.recordCount", &input, RecordCountResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordCountPayload>,
    input: &RecordCount,
) -> Result<std::result::Result<Done<RecordCountPayload>, RecordCountResult>> {
    let count = match held_open(context, transaction, input.count).await? {
        Ok(count) => count,
        Err(refused) => return Ok(Err(refused)),
    };
    let now = context.now();
    let counted_at = input.counted_at.unwrap_or(now);
    if !(count.opened_at..=now).contains(&counted_at) {
        let message = "It was counted after the count was opened, and not in the future.";
        return Ok(Err(InvalidValue::new("countedAt", message).into()));
    }
    let found = match found(context, &count, &input.lines).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut ids = Vec::with_capacity(found.len());
    for _ in &found {
        ids.push(context.new_uuid()?);
    }
    // In the order in which the ledger locks balances.
    let (lots, amounts): (Vec<_>, Vec<_>) = found.iter().map(|(lot, found)| (*lot, found.amount)).unzip();
    let recording = diesel::sql_query(
        "INSERT INTO stock_count_lines (id, count_id, lot_id, counted, counted_at, recorded_at, user_id) \
         SELECT line, $1, lot, amount, $5, $6, $7 FROM unnest($2, $3, $4) AS lines (line, lot, amount) ORDER BY lot \
         RETURNING lot_id, expected",
    )
    .bind::<SqlUuid, _>(count.id.uuid())
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<SqlUuid>, _>(lots)
    .bind::<Array<Integer>, _>(amounts)
    .bind::<Timestamptz, _>(counted_at)
    .bind::<Timestamptz, _>(now)
    .bind::<SqlUuid, _>(context.actor()?.user);
    let lines: Vec<Line> = Prepared(recording).get_results(transaction.connection()?).await?;
    let counted = lines.iter().filter_map(|line| {
        let counted = *found.get(&line.lot_id)?;
        let expected = Quantity { amount: line.expected, ..counted };
        Some(Counted { lot: line.lot_id, counted, expected })
    });
    changed(transaction, now, count.id, counted.collect()).await
}

/// What was found of each lot; or what is wrong with it.
async fn found(
    context: &Context,
    count: &StockCount,
    lines: &[CountedGoods],
) -> Result<std::result::Result<BTreeMap<Uuid, Quantity>, RecordCountResult>> {
    if !(1..=LINES).contains(&lines.len()) {
        return Ok(Err(InvalidValue::new("lines", "Say what was found of 1 to 500 lots.").into()));
    }
    let wanted = lines.iter().map(|line| line.lot.uuid()).collect();
    let lots = lots_by_ids(context.clone(), wanted).await?;
    let scope = context.scope(Class::Inventory, RecordType::Lot);
    let mut found = BTreeMap::new();
    for (place, line) in lines.iter().enumerate() {
        let argument = |field: &str| format!("lines.{place}.{field}");
        let lot = lots.iter().find(|lot| lot.id == line.lot);
        let Some(lot) = lot.filter(|lot| scope.as_ref().is_some_and(|scope| scope.has(*lot))) else {
            return Ok(Err(NotFound::new(&argument("lot")).into()));
        };
        let unit = lot.received.unit;
        let problem = if count.category_id.is_some_and(|category| category != lot.category_id) {
            Some(("lot", "This count is of goods of another category.".to_owned()))
        } else if line.quantity.unit != unit {
            Some(("quantity", format!("This item counts in {}.", unit.as_str())))
        } else if line.quantity.amount < 0 {
            Some(("quantity", "There is none of it, or some.".to_owned()))
        } else if found.insert(lot.id.uuid(), line.quantity).is_some() {
            Some(("lot", "This lot stands in another line already. Say in one how much there is.".to_owned()))
        } else {
            None
        };
        if let Some((field, message)) = problem {
            return Ok(Err(InvalidValue::new(&argument(field), &message).into()));
        }
    }
    Ok(Ok(found))
}
