//! Writing goods off: they have expired or were recalled, are damaged or lost. So alone expired and recalled goods leave a store.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use enlace_policies::{Class, Fact, RecordType};

use crate::context::Context;
use crate::donations::ledger::{self, Breach, NewMovement, Recorded, StockMoved};
use crate::donations::{Location, Lot, Movement, MovementKind, Stock, WriteOffCause};
use crate::error::{Error, Result};
use crate::graph::{Facts, input, record, union};
use crate::journal::{Begun, Outcome, Part, Transaction};
use crate::problem::{IdempotencyConflict, InsufficientStock, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity};

input! {
    /// Goods that are written off where they lie.
    pub struct WriteOffStock {
        /// The lot.
        pub lot: Id<Lot>,
        /// The store that holds it.
        pub from: Id<Location>,
        /// How much, in the item's base unit.
        pub quantity: Quantity,
        /// Why.
        pub cause: WriteOffCause,
        /// More about it, 3 to 500 characters.
        pub note: Option<String>,
        /// When it happened; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// Goods, written off.
    #[derive(Serialize, Deserialize)]
    pub struct WriteOffStockPayload: "WriteOffStockPayload" as Movement {
        /// The ledger's new entry.
        movement: Movement,
        /// What the store holds of the lot now.
        stock: Vec<Stock>,
    }
}

impl Facts for WriteOffStockPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.movement.fact(fact)
    }
}

union! {
    /// The goods, written off; or why they were not.
    pub enum WriteOffStockResult {
        Payload(WriteOffStockPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        InsufficientStock(InsufficientStock),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Writes goods off.
pub(super) async fn write_off_stock(context: Context, input: WriteOffStock) -> Result<WriteOffStockResult> {
    let key = input.idempotency_key.clone();
    let mut transaction = match Transaction::begin(&context, "donations.writeOffStock", &key, &input).await? {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => return Ok(WriteOffStockResult::Payload(payload)),
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    let occurred_at = input.occurred_at.unwrap_or_else(|| context.now());
    match write_off(&context, &mut transaction, &input, occurred_at).await {
        Ok(Ok((movement, stock))) => {
            let change = StockMoved { movement, stock };
            let changes = vec![Part::of(Class::Inventory, None, &change)?];
            let payload = WriteOffStockPayload { movement: change.movement, stock: change.stock };
            Ok(match transaction.commit(occurred_at, changes, payload).await? {
                Outcome::Done(payload) | Outcome::Repeated(payload) => payload.into(),
                Outcome::Conflict => IdempotencyConflict::new().into(),
            })
        }
        Ok(Err(problem)) => transaction.refuse(problem).await,
        Err(error) => {
            transaction.roll_back().await?;
            Err(error)
        }
    }
}

async fn write_off(
    context: &Context,
    transaction: &mut Transaction<'_, WriteOffStockPayload>,
    input: &WriteOffStock,
    occurred_at: DateTime<Utc>,
) -> Result<Result<Recorded, WriteOffStockResult>> {
    if occurred_at > context.now() {
        return Ok(Err(InvalidValue::new("occurredAt", "A movement cannot be of the future.").into()));
    }
    if let Some(refused) = ledger::refuse_note(input.note.as_deref()) {
        return Ok(Err(refused.into()));
    }
    let found = ledger::balance(transaction, input.lot.uuid(), input.from.uuid()).await?;
    let Some(stock) = found.filter(|stock| ledger::is_seen(context, stock)) else {
        return Ok(Err(NotFound::new("lot, or from").into()));
    };
    context.authorize_write(Class::Inventory, RecordType::Stock, &stock)?;
    if let Some(refused) = ledger::refuse_quantity(input.quantity, &stock) {
        return Ok(Err(refused.into()));
    }
    let new = NewMovement {
        kind: MovementKind::WriteOff,
        quantity: input.quantity,
        from: Some(input.from.uuid()),
        to: None,
        occurred_at,
        cause: Some(input.cause),
        note: input.note.clone(),
        corrects: None,
    };
    Ok(match ledger::record(context, transaction, &stock, new).await? {
        Ok(recorded) => Ok(recorded),
        Err(Breach::Insufficient) => Err(InsufficientStock::new().into()),
        Err(Breach::Unfit | Breach::Corrected) => {
            return Err(Error::internal("a write-off ran into a law that is not for it"));
        }
    })
}
