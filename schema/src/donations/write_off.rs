//! Writing goods off: they have expired or were recalled, are damaged or lost. So alone expired and recalled goods leave a store.

use chrono::{DateTime, Utc};

use crate::context::Context;
use crate::donations::ledger::{self, Breach, Draws, NewMovement, Recorded, moved};
use crate::donations::{Location, Lot, MovementKind, Stock, WriteOffCause};
use crate::error::{Error, Result};
use crate::graph::{input, union};
use crate::journal::{Begun, Transaction};
use crate::problem::{GoodsPacked, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound};
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

moved! {
    /// Goods, written off.
    pub struct WriteOffStockPayload: "WriteOffStockPayload" {
        /// What the store holds of the lot now.
        stock
    }
}

union! {
    /// The goods, written off; or why they were not.
    pub enum WriteOffStockResult {
        Payload(WriteOffStockPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        InsufficientStock(InsufficientStock),
        GoodsPacked(GoodsPacked),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Writes goods off.
pub(super) async fn write_off_stock(context: Context, input: WriteOffStock) -> Result<WriteOffStockResult> {
    let key = input.idempotency_key.clone();
    let of = (input.lot, input.from);
    let (begun, found) = ledger::begin(&context, "donations.writeOffStock", (&key, &input), of).await?;
    let mut transaction = match begun {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => return Ok(WriteOffStockResult::Payload(payload)),
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    let done = write_off(&context, &mut transaction, &input, found).await;
    ledger::conclude(transaction, done).await
}

async fn write_off(
    context: &Context,
    transaction: &mut Transaction<'_, WriteOffStockPayload>,
    input: &WriteOffStock,
    found: Option<Stock>,
) -> Result<Result<Recorded, WriteOffStockResult>> {
    let draws = Draws {
        from: input.from,
        quantity: input.quantity,
        note: input.note.as_deref(),
        out_of_order: None,
        reservation: None,
        occurred_at: input.occurred_at,
    };
    let (stock, new) = match ledger::drawn_on(context, MovementKind::WriteOff, draws, found)? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let new = NewMovement { cause: Some(input.cause), ..new };
    Ok(match ledger::record(context, transaction, &stock, new).await? {
        Ok(recorded) => Ok(recorded),
        Err(Breach::Insufficient) => Err(InsufficientStock::new().into()),
        Err(Breach::Packed) => Err(GoodsPacked::new().into()),
        Err(Breach::OnItsWay) => Err(ledger::refuse_on_its_way("from").into()),
        Err(
            Breach::Unfit
            | Breach::EarlierExpiry
            | Breach::Corrected
            | Breach::NoStore
            | Breach::BeyondRequest
            | Breach::RequestNotOpen
            | Breach::BeyondEntitlement
            | Breach::NotReserved,
        ) => {
            return Err(Error::internal("a write-off ran into a law that is not for it"));
        }
    })
}
