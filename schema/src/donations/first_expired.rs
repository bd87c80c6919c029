//! Taking so much of an item out of a store: its lots as they expire, those that never do last; what is reserved for nobody else.

use diesel_async::AsyncPgConnection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use chrono::{DateTime, Utc};

use crate::context::Context;
use crate::donations::ledger::{Draws, NewMovement};
use crate::donations::load::{fit_stock_of_item, stock_at};
use crate::donations::reservations::kept_of_item;
use crate::donations::{Item, MovementKind, Stock};
use crate::error::Result;
use crate::journal::Transaction;
use crate::problem::{InsufficientStock, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity};

/// How many lots one operation may draw on, whether they are named or taken as they expire.
pub(super) const LOTS: usize = 200;

/// Of which lots of an item so much can be taken at a moment, beside what is taken already.
pub(super) async fn available<R>(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (item, location): (Uuid, Uuid),
    at: DateTime<Utc>,
    mut wanted: i32,
    taken: &[(Stock, NewMovement)],
) -> Result<std::result::Result<Vec<(Stock, i32)>, R>>
where
    R: From<NotFound> + From<InsufficientStock>,
{
    let limit = i64::try_from(LOTS + 1).unwrap_or(i64::MAX);
    let lots = fit_stock_of_item(context, connection, item, location, context.day_of(at), limit).await?;
    if lots.is_empty() {
        return Ok(Err(NotFound::new("item, or from").into()));
    }
    let mut all = Vec::new();
    for (stock, free) in lots {
        let before =
            taken.iter().filter(|(of, movement)| of.id == stock.id && movement.reservation.is_none());
        let before: i32 = before.map(|(_, movement)| movement.quantity.amount).sum();
        let amount = wanted.min(free - before);
        if amount > 0 {
            all.push((stock, amount));
            wanted -= amount;
        }
        if wanted <= 0 {
            return Ok(Ok(all));
        }
    }
    Ok(Err(InsufficientStock::new().into()))
}

/// The movements that take so much of an item, beside what is taken already: first what a reservation that is named keeps of it.
pub(super) async fn first_to_expire<A, R>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    kind: MovementKind,
    item: Id<Item>,
    draws: Draws<'_>,
    taken: &[(Stock, NewMovement)],
) -> Result<std::result::Result<Vec<(Stock, NewMovement)>, R>>
where
    A: Serialize + DeserializeOwned,
    R: From<NotFound> + From<InvalidValue> + From<InsufficientStock>,
{
    let quantity = draws.quantity;
    let occurred_at = match draws.timely(context) {
        Ok(occurred_at) => occurred_at,
        Err(problem) => return Ok(Err(problem.into())),
    };
    if quantity.amount <= 0 {
        return Ok(Err(InvalidValue::new("quantity", "A movement is of one unit or more.").into()));
    }
    let of = (item.uuid(), draws.from.uuid());
    let kept = match draws.reservation {
        Some(reservation) => kept(context, transaction, reservation, of, quantity.amount, taken).await?,
        None => Vec::new(),
    };
    let wanted = quantity.amount - kept.iter().map(|(_, amount)| *amount).sum::<i32>();
    let mut all: Vec<(Stock, i32, Option<Uuid>)> =
        kept.into_iter().map(|(stock, amount)| (stock, amount, draws.reservation)).collect();
    if wanted > 0 {
        let connection = transaction.connection()?;
        match available(context, connection, of, occurred_at, wanted, taken).await? {
            Ok(free) => all.extend(free.into_iter().map(|(stock, amount)| (stock, amount, None))),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    let mut movements = Vec::with_capacity(all.len());
    for (stock, amount, reservation) in all {
        let of_lot = Draws { quantity: Quantity { amount, ..quantity }, reservation, ..draws };
        match of_lot.of(context, kind, occurred_at, &stock)? {
            Ok(movement) => movements.push((stock, movement)),
            Err(problem) => return Ok(Err(problem.into())),
        }
    }
    Ok(Ok(movements))
}

/// Of which lots so much is taken that a reservation keeps.
async fn kept<A: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    reservation: Uuid,
    of: (Uuid, Uuid),
    mut wanted: i32,
    taken: &[(Stock, NewMovement)],
) -> Result<Vec<(Stock, i32)>> {
    let kept = kept_of_item(transaction.connection()?, reservation, of, context.now()).await?;
    let lots = kept.iter().map(|(lot, _)| *lot).collect();
    let stock: Vec<Stock> = stock_at(transaction.connection()?, of.1, lots).await?;
    let mut all = Vec::with_capacity(kept.len());
    for (lot, amount) in kept {
        let before = taken.iter().filter(|(of, movement)| of.lot_id == lot && movement.reservation.is_some());
        let before: i32 = before.map(|(_, movement)| movement.quantity.amount).sum();
        let amount = wanted.min(amount - before);
        if let Some(stock) = stock.iter().find(|stock| stock.lot_id == lot).filter(|_| amount > 0) {
            all.push((stock.clone(), amount));
            wanted -= amount;
        }
    }
    Ok(all)
}
