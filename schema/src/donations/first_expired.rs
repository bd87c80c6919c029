//! Taking so much of an item out of a store: its lots as they expire, those that never do last.

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::context::Context;
use crate::donations::ledger::{Draws, NewMovement};
use crate::donations::load::fit_stock_of_item;
use crate::donations::{Item, Lot, MovementKind, Stock};
use crate::error::Result;
use crate::journal::Transaction;
use crate::problem::{InsufficientStock, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity};

/// How many lots one operation may draw on, whether they are named or taken as they expire.
pub(super) const LOTS: usize = 200;

/// The movements that take so much of an item, beside what is taken already; `draws` says the rest of what is drawn on one lot.
pub(super) async fn first_to_expire<'a, A, R>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    kind: MovementKind,
    (item, quantity): (Id<Item>, Quantity),
    taken: &[(Stock, NewMovement)],
    draws: impl Fn(Id<Lot>, Quantity) -> Draws<'a>,
) -> Result<std::result::Result<Vec<(Stock, NewMovement)>, R>>
where
    A: Serialize + DeserializeOwned,
    R: From<NotFound> + From<InvalidValue> + From<InsufficientStock>,
{
    let asked = draws(Id::new(Uuid::nil()), quantity);
    let occurred_at = match asked.timely(context) {
        Ok(occurred_at) => occurred_at,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let limit = i64::try_from(LOTS + 1).unwrap_or(i64::MAX);
    let day = context.day_of(occurred_at);
    let lots =
        fit_stock_of_item(context, transaction.connection()?, item.uuid(), asked.from.uuid(), day, limit)
            .await?;
    if lots.is_empty() {
        return Ok(Err(NotFound::new("item, or from").into()));
    }
    let (mut all, mut wanted) = (Vec::new(), quantity.amount);
    for stock in lots {
        let before = taken.iter().filter(|(of, _)| of.id == stock.id);
        let before: i32 = before.map(|(_, movement)| movement.quantity.amount).sum();
        // Nothing at all is asked for: what is wrong with that is said below.
        let amount = wanted.min(stock.quantity.amount - before);
        if amount <= 0 && wanted > 0 {
            continue;
        }
        let draws = draws(Id::new(stock.lot_id), Quantity { amount, ..quantity });
        match draws.of(context, kind, occurred_at, &stock)? {
            Ok(movement) => all.push((stock, movement)),
            Err(problem) => return Ok(Err(problem.into())),
        }
        wanted -= amount;
        if wanted <= 0 {
            return Ok(Ok(all));
        }
    }
    Ok(Err(InsufficientStock::new().into()))
}
