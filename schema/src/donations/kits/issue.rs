//! Giving one kit to each of so many: what they consist of leaves one store, all of it or nothing. Who gets them is no matter of the
//! ledger's.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Kit, KitLine, bill, one};
use crate::context::Context;
use crate::donations::first_expired::{LOTS, first_to_expire};
use crate::donations::ledger::Draws;
use crate::donations::load::{fit_stock_of_item, items_within_reach};
use crate::donations::outgoing::take_out;
use crate::donations::{Location, MovementKind};
use crate::error::Result;
use crate::journal::Transaction;
use crate::problem::{EarlierExpiry, GoodsPacked, GoodsUnfit, InsufficientStock, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity};

/// Why a line of a kit is not taken.
enum Untaken {
    /// The store has not enough of it.
    Lacking,
    InvalidValue(InvalidValue),
}

impl From<NotFound> for Untaken {
    fn from(_: NotFound) -> Self {
        Self::Lacking
    }
}

impl From<InsufficientStock> for Untaken {
    fn from(_: InsufficientStock) -> Self {
        Self::Lacking
    }
}

impl From<InvalidValue> for Untaken {
    fn from(problem: InvalidValue) -> Self {
        Self::InvalidValue(problem)
    }
}

/// Takes so many kits out of a store, where its caller may write each lot's stock, and enters each movement in the journal: the kit as it
/// was issued; or why nothing was taken. Where goods are missing, the answer says all that are.
pub(crate) async fn issue_kits<A, R>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    (kit, kits): (Id<Kit>, i32),
    from: Id<Location>,
    occurred_at: DateTime<Utc>,
) -> Result<std::result::Result<Kit, R>>
where
    A: Serialize + DeserializeOwned,
    R: From<NotFound>
        + From<InvalidValue>
        + From<InsufficientStock>
        + From<GoodsPacked>
        + From<GoodsUnfit>
        + From<EarlierExpiry>,
{
    let Some(kit) = one(context, transaction.connection()?, Some(kit.uuid()), None).await? else {
        return Ok(Err(NotFound::new("kit").into()));
    };
    let (mut all, mut missing) = (Vec::new(), Vec::new());
    for line in bill(transaction.connection()?, &kit).await? {
        let quantity = Quantity { amount: line.quantity.amount.saturating_mul(kits), ..line.quantity };
        let draws = Draws {
            from,
            quantity,
            note: None,
            out_of_order: None,
            reservation: None,
            occurred_at: Some(occurred_at),
        };
        let kind = MovementKind::Delivery;
        match first_to_expire(context, transaction, kind, Id::new(line.item_id), draws, &all).await? {
            Ok(taken) => all.extend(taken),
            Err(Untaken::InvalidValue(problem)) => return Ok(Err(problem.into())),
            Err(Untaken::Lacking) => {
                missing.push(lacking(context, transaction, &line, (from, quantity), occurred_at).await?);
            }
        }
    }
    if !missing.is_empty() {
        let message = format!("The store has too little, and nothing was issued: {}.", missing.join("; "));
        return Ok(Err(InsufficientStock { message, ..InsufficientStock::new() }.into()));
    }
    Ok(take_out(context, transaction, "stays", all).await?.map(|_| kit))
}

/// How much of an item of a kit a store has, and how much is needed, in words.
async fn lacking<A: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    line: &KitLine,
    (from, wanted): (Id<Location>, Quantity),
    at: DateTime<Utc>,
) -> Result<String> {
    let items = items_within_reach(context, transaction.connection()?, &[line.item_id]).await?;
    let code = items.into_iter().next().map_or_else(|| "an item".to_owned(), |item| item.code);
    let limit = i64::try_from(LOTS).unwrap_or(i64::MAX);
    let connection = transaction.connection()?;
    let day = context.day_of(at);
    let lots = fit_stock_of_item(context, connection, line.item_id, from.uuid(), day, limit).await?;
    let free = Quantity { amount: lots.iter().map(|(_, free)| free).sum(), ..wanted };
    Ok(format!("of {code} {wanted} are needed, and {free} are there"))
}
