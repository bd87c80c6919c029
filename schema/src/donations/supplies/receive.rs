//! Receiving a shipment: what came, and why the rest did not.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::donations::ledger::{self, Breach, NewMovement, refuse_text};
use crate::donations::load::{stock_at, transit};
use crate::donations::supplies::load::{lines_by_shipment, shipment_by_id};
use crate::donations::supplies::send::told;
use crate::donations::supplies::{Shipment, ShipmentLine};
use crate::donations::{Lot, MovementKind, Stock, WriteOffCause};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{
    GoodsUnfit, IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict,
};
use crate::scalars::{Id, Quantity};

input! {
    /// What came of one lot of a shipment.
    pub struct ReceivedGoods {
        /// The lot.
        pub lot: Id<Lot>,
        /// How much of it came now.
        pub received: Quantity,
        /// Why the rest does not come: it is written off. Without it the rest is still on its way.
        pub cause: Option<WriteOffCause>,
        /// More about what does not come, 3 to 500 characters.
        pub note: Option<String>,
    }
}

input! {
    /// A shipment, and what came of it.
    pub struct ReceiveShipment {
        /// The shipment.
        pub shipment: Id<Shipment>,
        /// The version of the shipment that the caller saw.
        pub version: i32,
        /// What came, where that is not all that is on its way. Lots that it leaves out are still on their way.
        pub goods: Option<Vec<ReceivedGoods>>,
        /// When it came; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// What came of a shipment, recorded.
    pub struct ReceiveShipmentPayload: "ReceiveShipmentPayload" as Shipment {
        /// The shipment as it is now.
        shipment: Shipment,
    }
}

union! {
    /// What came of a shipment, recorded; or why it was not.
    pub enum ReceiveShipmentResult {
        Payload(ReceiveShipmentPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        GoodsUnfit(GoodsUnfit),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Receiving<'c> = Transaction<'c, ReceiveShipmentPayload>;
type Refused<T> = std::result::Result<T, ReceiveShipmentResult>;

/// Receives a shipment: what came lies in the store that it was sent to, what is lost is written off on its way.
pub(super) async fn receive_shipment(
    context: Context,
    input: ReceiveShipment,
) -> Result<ReceiveShipmentResult> {
    let mut transaction = begin!(&context, "donations.receiveShipment", &input, ReceiveShipmentResult);
    let done = receive(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn receive(
    context: &Context,
    transaction: &mut Receiving<'_>,
    input: &ReceiveShipment,
) -> Result<Refused<Done<ReceiveShipmentPayload>>> {
    let occurred_at = input.occurred_at.unwrap_or_else(|| context.now());
    let found = shipment_by_id(transaction.connection()?, input.shipment.uuid()).await?;
    let Some(shipment) = context.seen(Class::Inventory, RecordType::Shipment, found) else {
        return Ok(Err(NotFound::new("shipment").into()));
    };
    context.authorize_write(Class::Inventory, RecordType::Shipment, &shipment)?;
    if occurred_at > context.now() {
        return Ok(Err(InvalidValue::new("occurredAt", "A movement cannot be of the future.").into()));
    }
    if occurred_at < shipment.sent_at {
        return Ok(Err(InvalidValue::new("occurredAt", "It cannot come before it left.").into()));
    }
    if shipment.version != input.version {
        return Ok(Err(VersionConflict::new(shipment.version).into()));
    }
    let open = on_its_way(lines_by_shipment(transaction.connection()?, shipment.id.uuid()).await?);
    if open.is_empty() {
        return Ok(Err(StateConflict::new("Nothing of this shipment is on its way.").into()));
    }
    let arrived = match arrived(input.goods.as_deref(), &open) {
        Ok(arrived) => arrived,
        Err(refused) => return Ok(Err(*refused)),
    };
    let way = transit(context, transaction.connection()?).await?;
    let lots = open.keys().copied().collect();
    let stock: Vec<Stock> = stock_at(transaction.connection()?, way, lots).await?;
    let mut movements = Vec::new();
    for Arrived { lot, came, lost, cause, note } in arrived {
        let Some(of) = stock.iter().find(|stock| stock.lot_id == lot) else {
            return Err(Error::internal("a shipment's goods are not on their way"));
        };
        let movement = |kind, amount, to, cause, note| NewMovement {
            kind,
            quantity: Quantity { amount, unit: of.quantity.unit },
            from: Some(way),
            to,
            occurred_at,
            cause,
            note,
            out_of_order: None,
            corrects: None,
            shipment: Some(shipment.id.uuid()),
            delivery_line: None,
            reservation: None,
        };
        if came > 0 {
            let to = Some(shipment.to_id);
            movements.push((of.clone(), movement(MovementKind::Transfer, came, to, None, None)));
        }
        if lost > 0 {
            movements.push((of.clone(), movement(MovementKind::WriteOff, lost, None, cause, note)));
        }
    }
    let recorded = match ledger::record_all(context, transaction, movements).await? {
        Ok(recorded) => recorded,
        Err(Breach::Insufficient) => {
            let message = "Somebody else received this meanwhile. Read the shipment again.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(Breach::Unfit) => return Ok(Err(GoodsUnfit::new().into())),
        Err(
            Breach::Packed
            | Breach::EarlierExpiry
            | Breach::BeyondRequest
            | Breach::RequestNotOpen
            | Breach::BeyondEntitlement
            | Breach::NotReserved
            | Breach::Corrected
            | Breach::NoStore
            | Breach::OnItsWay,
        ) => {
            return Err(Error::internal("a receipt of a shipment ran into a law that is not for it"));
        }
    };
    told(transaction, recorded, shipment.id, occurred_at).await.map(Ok)
}

/// What became of one lot of a shipment.
struct Arrived {
    lot: Uuid,
    came: i32,
    lost: i32,
    cause: Option<WriteOffCause>,
    note: Option<String>,
}

/// How much of each lot is on its way, of the lots of which something is.
fn on_its_way(lines: Vec<ShipmentLine>) -> BTreeMap<Uuid, Quantity> {
    let open = lines.into_iter().map(|line| {
        let amount = line.sent.amount - line.received.amount - line.lost.amount;
        (line.lot_id, Quantity { amount, unit: line.sent.unit })
    });
    open.filter(|(_, quantity)| quantity.amount > 0).collect()
}

/// What came and what is lost, as the caller says; or what is wrong with that.
fn arrived(
    said: Option<&[ReceivedGoods]>,
    open: &BTreeMap<Uuid, Quantity>,
) -> std::result::Result<Vec<Arrived>, Box<ReceiveShipmentResult>> {
    let Some(said) = said else {
        let whole = |(lot, quantity): (&Uuid, &Quantity)| Arrived {
            lot: *lot,
            came: quantity.amount,
            lost: 0,
            cause: None,
            note: None,
        };
        return Ok(open.iter().map(whole).collect());
    };
    let mut arrived: Vec<Arrived> = Vec::with_capacity(said.len());
    for (place, goods) in said.iter().enumerate() {
        let argument = |field: &str| format!("goods.{place}.{field}");
        let lot = goods.lot.uuid();
        let Some(quantity) = open.get(&lot) else {
            return Err(Box::new(NotFound::new(&argument("lot")).into()));
        };
        let refused =
            |field: &str, message: &str| Err(Box::new(InvalidValue::new(&argument(field), message).into()));
        if arrived.iter().any(|earlier| earlier.lot == lot) {
            return refused("lot", "This lot is named twice.");
        }
        if goods.received.unit != quantity.unit || !(0..=quantity.amount).contains(&goods.received.amount) {
            let message =
                format!("0 to {} {} of it are on their way.", quantity.amount, quantity.unit.as_str());
            return refused("received", &message);
        }
        if let Some(problem) = refuse_text(&argument("note"), goods.note.as_deref()) {
            return Err(Box::new(problem.into()));
        }
        let rest = quantity.amount - goods.received.amount;
        if (goods.cause.is_some() && rest == 0) || (goods.cause.is_none() && goods.note.is_some()) {
            return refused("cause", "A cause, and a note with it, is said of what does not come.");
        }
        if goods.received.amount == 0 && goods.cause.is_none() {
            return refused("received", "Of this nothing came, and nothing is lost. Leave it out.");
        }
        arrived.push(Arrived {
            lot,
            came: goods.received.amount,
            lost: if goods.cause.is_some() { rest } else { 0 },
            cause: goods.cause,
            note: goods.note.clone(),
        });
    }
    if arrived.is_empty() {
        let message = "Name what came, or leave this out where all did.";
        return Err(Box::new(InvalidValue::new("goods", message).into()));
    }
    Ok(arrived)
}
