//! Moving stock from store to store.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::context::Context;
use crate::donations::ledger::{self, Breach, NewMovement, StockMoved};
use crate::donations::tables::locations;
use crate::donations::{Location, Lot, Movement, MovementKind, Stock};
use crate::error::{Error, Result};
use crate::graph::{Facts, input, record, union};
use crate::journal::{Begun, Outcome, Part, Transaction};
use crate::problem::{GoodsUnfit, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound};
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
        /// When it happened; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A transfer, recorded.
    #[derive(Serialize, Deserialize)]
    pub struct MoveStockPayload: "MoveStockPayload" as Movement {
        /// The ledger's new entry.
        movement: Movement,
        /// What the two stores hold of the lot now: the one it left first.
        stock: Vec<Stock>,
    }
}

impl Facts for MoveStockPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.movement.fact(fact)
    }
}

union! {
    /// The transfer, recorded; or why it was not.
    pub enum MoveStockResult {
        Payload(MoveStockPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        InsufficientStock(InsufficientStock),
        GoodsUnfit(GoodsUnfit),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Transfer<'c> = Transaction<'c, MoveStockPayload>;

/// Moves stock. The database holds the law: no store holds less than nothing (R32).
pub(crate) async fn move_stock(context: Context, input: MoveStock) -> Result<MoveStockResult> {
    let key = input.idempotency_key.clone();
    let mut transaction = match Transaction::begin(&context, "donations.moveStock", &key, &input).await? {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => return Ok(MoveStockResult::Payload(payload)),
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    let occurred_at = input.occurred_at.unwrap_or_else(|| context.now());
    match transfer(&context, &mut transaction, &input, occurred_at).await {
        Ok(Ok(payload)) => {
            let change = StockMoved { movement: payload.movement.clone(), stock: payload.stock.clone() };
            let changes = vec![Part::of(Class::Inventory, None, &change)?];
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

async fn transfer(
    context: &Context,
    transaction: &mut Transfer<'_>,
    input: &MoveStock,
    occurred_at: DateTime<Utc>,
) -> Result<Result<MoveStockPayload, MoveStockResult>> {
    if occurred_at > context.now() {
        return Ok(Err(InvalidValue::new("occurredAt", "A movement cannot be of the future.").into()));
    }
    if input.from == input.to {
        return Ok(Err(InvalidValue::new("to", "The two stores are the same.").into()));
    }
    let found = ledger::balance(transaction, input.lot.uuid(), input.from.uuid()).await?;
    let Some(source) = found.filter(|stock| ledger::is_seen(context, stock)) else {
        return Ok(Err(NotFound::new("lot, or from").into()));
    };
    context.authorize_write(Class::Inventory, RecordType::Stock, &source)?;
    if let Some(refused) = ledger::refuse_quantity(input.quantity, &source) {
        return Ok(Err(refused.into()));
    }
    // As it was read, before the lock: what is out of all proportion must not reach the destination's sum.
    if input.quantity.amount > source.quantity.amount {
        return Ok(Err(InsufficientStock::new().into()));
    }
    if !is_store(context, transaction, input.to.uuid()).await? {
        return Ok(Err(NotFound::new("to").into()));
    }
    let new = NewMovement {
        kind: MovementKind::Transfer,
        quantity: input.quantity,
        from: Some(input.from.uuid()),
        to: Some(input.to.uuid()),
        occurred_at,
        cause: None,
        note: None,
        corrects: None,
    };
    Ok(match ledger::record(context, transaction, &source, new).await? {
        Ok((movement, stock)) => Ok(MoveStockPayload { movement, stock }),
        Err(Breach::Insufficient) => Err(InsufficientStock::new().into()),
        Err(Breach::Unfit) => Err(GoodsUnfit::new().into()),
        Err(Breach::Corrected) => return Err(Error::internal("a transfer corrects nothing")),
    })
}

/// Whether there is such a store in the programme.
async fn is_store(context: &Context, transaction: &mut Transfer<'_>, id: Uuid) -> Result<bool> {
    let query = locations::table
        .filter(locations::id.eq(id))
        .filter(locations::programme_id.eq(context.programme_id()));
    Ok(diesel::select(exists(query)).get_result(transaction.connection()?).await?)
}
