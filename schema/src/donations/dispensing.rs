//! Giving goods to a person by what is prescribed for them. Who that is is no matter of the ledger's, nor of what its entries say.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::context::Context;
use crate::donations::first_expired::first_to_expire;
use crate::donations::ledger::{self, Draws};
use crate::donations::load::{items_within_reach, store_by_id};
use crate::donations::outgoing::take_out;
use crate::donations::tables::lots;
use crate::donations::{Item, Location, Lot, MovementKind};
use crate::error::Result;
use crate::journal::Transaction;
use crate::problem::{EarlierExpiry, GoodsPacked, GoodsUnfit, InsufficientStock, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity};

/// The kind of stock that medicines are.
const MEDICAL: &str = "medical";

/// What is given out of a store for one person.
pub(crate) struct GivenOut<'a> {
    pub(crate) item: Uuid,
    pub(crate) quantity: Quantity,
    pub(crate) from: Id<Location>,
    /// The lot that is taken; those that expire first, where it is none.
    pub(crate) lot: Option<Id<Lot>>,
    pub(crate) out_of_order: Option<&'a str>,
    pub(crate) occurred_at: DateTime<Utc>,
}

/// An item of the catalogue that is a medicine, within the caller's reach, as a transaction sees it.
pub(crate) async fn medicine<A: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    item: Id<Item>,
) -> Result<Option<Item>> {
    let found = items_within_reach(context, transaction.connection()?, &[item.uuid()]).await?;
    Ok(found.into_iter().find(|item| item.stock_kind == MEDICAL))
}

/// Gives goods out, all of them or none: how much of which lots.
pub(crate) async fn give_out<A, R>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    given: GivenOut<'_>,
) -> Result<std::result::Result<Vec<(Uuid, i32)>, R>>
where
    A: Serialize + DeserializeOwned,
    R: From<NotFound>
        + From<InvalidValue>
        + From<InsufficientStock>
        + From<GoodsPacked>
        + From<GoodsUnfit>
        + From<EarlierExpiry>,
{
    if store_by_id(context, transaction.connection()?, given.from).await?.is_none() {
        return Ok(Err(NotFound::new("from").into()));
    }
    let draws = Draws {
        from: given.from,
        quantity: given.quantity,
        note: None,
        out_of_order: given.out_of_order,
        reservation: None,
        occurred_at: Some(given.occurred_at),
    };
    let kind = MovementKind::Delivery;
    let taken: std::result::Result<Vec<_>, R> = match given.lot {
        None => first_to_expire(context, transaction, kind, Id::new(given.item), draws, &[]).await?,
        Some(lot) => {
            let of: Option<Uuid> = lots::table
                .find(lot)
                .select(lots::item_id)
                .first(transaction.connection()?)
                .await
                .optional()?;
            if of.is_some_and(|of| of != given.item) {
                return Ok(Err(InvalidValue::new("lot", "This lot is of another item.").into()));
            }
            let found = ledger::balance(transaction.connection()?, lot.uuid(), given.from.uuid()).await?;
            ledger::drawn_on(context, kind, draws, found)?.map(|movement| vec![movement])
        }
    };
    let movements = match taken {
        Ok(movements) => movements,
        Err(refused) => return Ok(Err(refused)),
    };
    let taken = take_out(context, transaction, "quantity", movements).await?;
    Ok(taken.map(|taken| taken.into_iter().map(|taken| (taken.lot, taken.amount)).collect()))
}
