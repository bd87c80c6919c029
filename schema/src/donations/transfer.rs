//! Moving stock from store to store.

use chrono::{DateTime, Utc};

use crate::context::Context;
use crate::donations::ledger::{self, Breach, Draws, NewMovement, Recorded, moved};
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
    /// A transfer of stock from one store to another.
    pub struct MoveStock {
        /// The lot.
        pub lot: Id<Lot>,
        /// The store that it leaves.
        pub from: Id<Location>,
        /// The store that it comes to.
        pub to: Id<Location>,
        /// How much, in the item's base unit.
        pub quantity: Quantity,
        /// More about it, 3 to 500 characters.
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
    /// A transfer, recorded.
    pub struct MoveStockPayload: "MoveStockPayload" {
        /// What the two stores hold of the lot now: the one it left first.
        stock
    }
}

union! {
    /// The transfer, recorded; or why it was not.
    pub enum MoveStockResult {
        Payload(MoveStockPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        InsufficientStock(InsufficientStock),
        GoodsPacked(GoodsPacked),
        GoodsUnfit(GoodsUnfit),
        EarlierExpiry(EarlierExpiry),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Transfer<'c> = Transaction<'c, MoveStockPayload>;

/// Moves stock. The database holds the law: no store holds less than nothing (R32).
pub(crate) async fn move_stock(context: Context, input: MoveStock) -> Result<MoveStockResult> {
    let key = input.idempotency_key.clone();
    let of = (input.lot, input.from);
    let (begun, found) = ledger::begin(&context, "donations.moveStock", (&key, &input), of).await?;
    let mut transaction = match begun {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => return Ok(MoveStockResult::Payload(payload)),
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    let done = transfer(&context, &mut transaction, &input, found).await;
    ledger::conclude(transaction, done).await
}

async fn transfer(
    context: &Context,
    transaction: &mut Transfer<'_>,
    input: &MoveStock,
    found: Option<Stock>,
) -> Result<Result<Recorded, MoveStockResult>> {
    if input.from == input.to {
        return Ok(Err(InvalidValue::new("to", "The two stores are the same.").into()));
    }
    let draws = Draws {
        from: input.from,
        quantity: input.quantity,
        note: input.note.as_deref(),
        out_of_order: input.out_of_order.as_deref(),
        reservation: input.reservation.map(Id::uuid),
        occurred_at: input.occurred_at,
    };
    let (source, new) = match ledger::drawn_on(context, MovementKind::Transfer, draws, found)? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    // As it was read, before the lock: what is out of all proportion must not reach the destination's sum.
    if input.quantity.amount > source.quantity.amount {
        return Ok(Err(InsufficientStock::new().into()));
    }
    let new = NewMovement { to: Some(input.to.uuid()), ..new };
    Ok(match ledger::record(context, transaction, &source, new).await? {
        Ok(recorded) => Ok(recorded),
        Err(Breach::Insufficient) => Err(InsufficientStock::new().into()),
        Err(Breach::Packed) => Err(GoodsPacked::new().into()),
        Err(Breach::OnItsWay) => Err(ledger::refuse_on_its_way("from, or to").into()),
        Err(Breach::Unfit) => Err(GoodsUnfit::new().into()),
        Err(Breach::EarlierExpiry) => Err(EarlierExpiry::new().into()),
        Err(Breach::NotReserved) => Err(ledger::refuse_reservation().into()),
        Err(Breach::NoStore) => Err(NotFound::new("to").into()),
        Err(
            Breach::Corrected | Breach::BeyondRequest | Breach::RequestNotOpen | Breach::BeyondEntitlement,
        ) => {
            return Err(Error::internal("a transfer ran into a law that is not for it"));
        }
    })
}
