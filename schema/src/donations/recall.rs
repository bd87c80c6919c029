//! Recalling a lot: goods that are found to be unsafe are given out no more, wherever they lie. A recall is final.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::donations::Lot;
use crate::donations::load::lot_columns;
use crate::donations::tables::lots;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Change, Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

input! {
    /// A lot that must not be given out any more.
    pub struct RecallLot {
        /// The lot.
        pub lot: Id<Lot>,
        /// Why, 3 to 500 characters.
        pub reason: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A lot, recalled.
    pub struct RecallLotPayload: "RecallLotPayload" as Lot {
        /// The lot as it is now.
        lot: Lot,
    }
}

union! {
    /// The lot, recalled; or why it was not.
    pub enum RecallLotResult {
        Payload(RecallLotPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a lot was recalled.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LotRecalled {
    pub(crate) lot: Uuid,
    pub(crate) reason: String,
    pub(crate) recalled_at: DateTime<Utc>,
}

impl Change for LotRecalled {
    const NAME: &'static str = "donations.lotRecalled";
}

/// Recalls a lot. The database lets nothing of it move afterwards, save what is written off or corrected.
pub(super) async fn recall_lot(context: Context, input: RecallLot) -> Result<RecallLotResult> {
    let mut transaction = begin!(&context, "donations.recallLot", &input, RecallLotResult);
    let done = recall(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn recall(
    context: &Context,
    transaction: &mut Transaction<'_, RecallLotPayload>,
    input: &RecallLot,
) -> Result<Result<Done<RecallLotPayload>, RecallLotResult>> {
    if !(3..=500).contains(&input.reason.chars().count()) {
        return Ok(Err(InvalidValue::new("reason", "A reason has 3 to 500 characters.").into()));
    }
    let query = lots::table.filter(lots::id.eq(input.lot)).select(lot_columns());
    let found: Option<Lot> = query.first(transaction.connection()?).await.optional()?;
    let Some(lot) = context.seen(Class::Inventory, RecordType::Lot, found) else {
        return Ok(Err(NotFound::new("lot").into()));
    };
    context.authorize_write(Class::Inventory, RecordType::Lot, &lot)?;
    let recalled_at = context.now();
    let fit = lots::table.find(input.lot).filter(lots::recalled_at.is_null());
    let recalling = diesel::update(fit)
        .set((lots::recalled_at.eq(recalled_at), lots::recall_reason.eq(&input.reason)))
        .execute(transaction.connection()?)
        .await?;
    if recalling == 0 {
        return Ok(Err(StateConflict::new("This lot was recalled already.").into()));
    }
    let change = LotRecalled { lot: input.lot.uuid(), reason: input.reason.clone(), recalled_at };
    let lot = Lot { recalled_at: Some(recalled_at), recall_reason: Some(input.reason.clone()), ..lot };
    let changes = vec![Part::of(Class::Inventory, None, &change)?];
    Ok(Ok(Done { occurred_at: recalled_at, changes, payload: lot.into() }))
}
