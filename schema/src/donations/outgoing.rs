//! Goods that leave a store for something that is no delivery to a household: what a kitchen cooks, what a clinician dispenses.

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::context::Context;
use crate::donations::first_expired::LOTS;
use crate::donations::ledger::{self, Breach, NewMovement};
use crate::donations::{Movement, Stock};
use crate::error::{Error, Result};
use crate::journal::Transaction;
use crate::problem::{EarlierExpiry, GoodsPacked, GoodsUnfit, InsufficientStock, InvalidValue};
use crate::scalars::Id;

/// A movement that took goods out: its key, the lot, and how much of it.
pub(super) struct TakenOut {
    pub(super) movement: Id<Movement>,
    pub(super) lot: Uuid,
    pub(super) amount: i32,
}

/// Records that goods leave a store, all of them or none, and enters each movement in the journal; or says why none does. `argument`
/// is what asks for them. The database lets neither expired nor recalled goods out, nor more than there is.
pub(super) async fn take_out<A, R>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    argument: &str,
    movements: Vec<(Stock, NewMovement)>,
) -> Result<std::result::Result<Vec<TakenOut>, R>>
where
    A: Serialize + DeserializeOwned,
    R: From<InvalidValue>
        + From<InsufficientStock>
        + From<GoodsPacked>
        + From<GoodsUnfit>
        + From<EarlierExpiry>,
{
    if !(1..=LOTS).contains(&movements.len()) {
        let message = "Take 1 to 200 lots at once. Take the rest with another.";
        return Ok(Err(InvalidValue::new(argument, message).into()));
    }
    let recorded = match ledger::record_all(context, transaction, movements).await? {
        Ok(recorded) => recorded,
        Err(Breach::Insufficient) => return Ok(Err(InsufficientStock::new().into())),
        Err(Breach::Packed) => return Ok(Err(GoodsPacked::new().into())),
        Err(Breach::Unfit) => return Ok(Err(GoodsUnfit::new().into())),
        Err(Breach::EarlierExpiry) => return Ok(Err(EarlierExpiry::new().into())),
        Err(Breach::OnItsWay) => return Ok(Err(ledger::refuse_on_its_way("from").into())),
        Err(
            Breach::Corrected
            | Breach::NoStore
            | Breach::NotReserved
            | Breach::BeyondRequest
            | Breach::RequestNotOpen
            | Breach::BeyondEntitlement,
        ) => return Err(Error::internal("what was taken out ran into a law that is not for it")),
    };
    let taken = recorded.iter().map(|(movement, _)| TakenOut {
        movement: movement.id,
        lot: movement.lot_id,
        amount: movement.quantity.amount,
    });
    let taken = taken.collect();
    ledger::enter(transaction, recorded).await?;
    Ok(Ok(taken))
}
