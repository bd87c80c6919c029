//! Giving goods out of a store, to the people whom it serves. Who received what is no matter of the ledger's.

use chrono::{DateTime, Utc};

use crate::context::Context;
use crate::donations::ledger::{self, Breach, Draws, Recorded, moved};
use crate::donations::reservations::Reservation;
use crate::donations::{Location, Lot, MovementKind, Stock};
use crate::error::{Error, Result};
use crate::graph::{input, union};
use crate::journal::{Begun, Transaction};
use crate::problem::{
    EarlierExpiry, GoodsPacked, GoodsUnfit, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound,
};
use crate::scalars::{Id, Quantity};

input! {
    /// Goods that are given out of a store.
    pub struct DeliverStock {
        /// The lot.
        pub lot: Id<Lot>,
        /// The store that holds it.
        pub from: Id<Location>,
        /// How much, in the item's base unit.
        pub quantity: Quantity,
        /// More about it, 3 to 500 characters; no name of whoever received it.
        pub note: Option<String>,
        /// Why it leaves before what of its item expires earlier in that store, 3 to 500 characters. Without it what expires first leaves first.
        pub out_of_order: Option<String>,
        /// The reservation that it uses up, which keeps so much of the lot.
        pub reservation: Option<Id<Reservation>>,
        /// When it happened; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

moved! {
    /// Goods, given out.
    pub struct DeliverStockPayload: "DeliverStockPayload" {
        /// What the store holds of the lot now.
        stock
    }
}

union! {
    /// The goods, given out; or why they were not.
    pub enum DeliverStockResult {
        Payload(DeliverStockPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        InsufficientStock(InsufficientStock),
        GoodsPacked(GoodsPacked),
        GoodsUnfit(GoodsUnfit),
        EarlierExpiry(EarlierExpiry),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Gives goods out. The database lets neither expired nor recalled goods out, nor more than there is.
pub(super) async fn deliver_stock(context: Context, input: DeliverStock) -> Result<DeliverStockResult> {
    let key = input.idempotency_key.clone();
    let of = (input.lot, input.from);
    let (begun, found) = ledger::begin(&context, "donations.deliverStock", (&key, &input), of).await?;
    let mut transaction = match begun {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => return Ok(DeliverStockResult::Payload(payload)),
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    let done = deliver(&context, &mut transaction, &input, found).await;
    ledger::conclude(transaction, done).await
}

async fn deliver(
    context: &Context,
    transaction: &mut Transaction<'_, DeliverStockPayload>,
    input: &DeliverStock,
    found: Option<Stock>,
) -> Result<Result<Recorded, DeliverStockResult>> {
    let draws = Draws {
        from: input.from,
        quantity: input.quantity,
        note: input.note.as_deref(),
        out_of_order: input.out_of_order.as_deref(),
        reservation: input.reservation.map(Id::uuid),
        occurred_at: input.occurred_at,
    };
    let (stock, new) = match ledger::drawn_on(context, MovementKind::Delivery, draws, found)? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    Ok(match ledger::record(context, transaction, &stock, new).await? {
        Ok(recorded) => Ok(recorded),
        Err(Breach::Insufficient) => Err(InsufficientStock::new().into()),
        Err(Breach::Packed) => Err(GoodsPacked::new().into()),
        Err(Breach::OnItsWay) => Err(ledger::refuse_on_its_way("from").into()),
        Err(Breach::Unfit) => Err(GoodsUnfit::new().into()),
        Err(Breach::EarlierExpiry) => Err(EarlierExpiry::new().into()),
        Err(Breach::NotReserved) => Err(ledger::refuse_reservation().into()),
        Err(
            Breach::Corrected
            | Breach::NoStore
            | Breach::BeyondRequest
            | Breach::RequestNotOpen
            | Breach::BeyondEntitlement,
        ) => {
            return Err(Error::internal("a delivery ran into a law that is not for it"));
        }
    })
}
