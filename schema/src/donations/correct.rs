//! Correcting the ledger: nothing is rewritten. A correction is a movement that undoes another and says why; what should have been
//! recorded is then recorded anew.

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::donations::ledger::{self, Breach, NewMovement, Recorded, moved};
use crate::donations::load::movement_by_id;
use crate::donations::{Movement, MovementKind};
use crate::error::{Error, Result};
use crate::graph::{input, union};
use crate::journal::{Transaction, begin};
use crate::problem::{
    GoodsPacked, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound, StateConflict,
};
use crate::scalars::Id;

input! {
    /// A movement that was recorded wrongly.
    pub struct CorrectMovement {
        /// The movement.
        pub movement: Id<Movement>,
        /// What was wrong, 3 to 500 characters.
        pub note: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

moved! {
    /// A movement, undone.
    pub struct CorrectMovementPayload: "CorrectMovementPayload" {
        /// What the stores that it touched hold of the lot now.
        stock
    }
}

union! {
    /// The movement, undone; or why it was not.
    pub enum CorrectMovementResult {
        Payload(CorrectMovementPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        InsufficientStock(InsufficientStock),
        GoodsPacked(GoodsPacked),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Undoes a movement. The goods must still be where it brought them.
pub(super) async fn correct_movement(
    context: Context,
    input: CorrectMovement,
) -> Result<CorrectMovementResult> {
    let mut transaction = begin!(&context, "donations.correctMovement", &input, CorrectMovementResult);
    let done = correct(&context, &mut transaction, &input).await;
    ledger::conclude(transaction, done).await
}

async fn correct(
    context: &Context,
    transaction: &mut Transaction<'_, CorrectMovementPayload>,
    input: &CorrectMovement,
) -> Result<Result<Recorded, CorrectMovementResult>> {
    if let Some(refused) = ledger::refuse_text("note", Some(&input.note)) {
        return Ok(Err(refused.into()));
    }
    let found = movement_by_id(transaction.connection()?, input.movement.uuid()).await?;
    let Some(wrong) = context.seen(Class::Inventory, RecordType::Movement, found) else {
        return Ok(Err(NotFound::new("movement").into()));
    };
    context.authorize_write(Class::Inventory, RecordType::Movement, &wrong)?;
    if wrong.kind == MovementKind::Correction {
        let message = "A correction is not corrected. Record what is right as a movement of its own.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    let store =
        wrong.from_id.or(wrong.to_id).ok_or_else(|| Error::internal("a movement between no stores"))?;
    let Some(stock) = ledger::balance(transaction.connection()?, wrong.lot_id, store).await? else {
        return Err(Error::internal("a movement left no balance"));
    };
    let new = NewMovement {
        kind: MovementKind::Correction,
        quantity: wrong.quantity,
        from: wrong.to_id,
        to: wrong.from_id,
        occurred_at: context.now(),
        cause: None,
        note: Some(input.note.clone()),
        out_of_order: None,
        corrects: Some(wrong.id.uuid()),
        shipment: wrong.shipment_id,
        delivery_line: wrong.delivery_line_id,
        reservation: None,
    };
    Ok(match ledger::record(context, transaction, &stock, new).await? {
        Ok(recorded) => Ok(recorded),
        Err(Breach::Insufficient) => Err(InsufficientStock::new().into()),
        Err(Breach::Packed) => Err(GoodsPacked::new().into()),
        // Undone, what was lost would be on its way again; meanwhile as much was sent in its place.
        Err(Breach::BeyondRequest) => {
            let message = "The request got as much in its place since. Undo that first.";
            Err(StateConflict::new(message).into())
        }
        Err(Breach::Corrected) => Err(StateConflict::new("This movement was corrected already.").into()),
        Err(
            Breach::Unfit
            | Breach::EarlierExpiry
            | Breach::NoStore
            | Breach::OnItsWay
            | Breach::RequestNotOpen
            | Breach::BeyondEntitlement
            | Breach::NotReserved,
        ) => {
            return Err(Error::internal("a correction ran into a law that is not for it"));
        }
    })
}
