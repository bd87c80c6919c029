//! Sending goods from one store to another.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::first_expired::{LOTS, first_to_expire};
use crate::donations::ledger::{self, Breach, Draws, NewMovement, refuse_text};
use crate::donations::load::{store_by_id, transit};
use crate::donations::reservations::Reservation;
use crate::donations::supplies::load::{request_by_id, shipment_by_id};
use crate::donations::supplies::tables::shipments;
use crate::donations::supplies::{Shipment, SupplyRequest};
use crate::donations::{Item, Location, Lot, MovementKind, Stock};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Change, Done, Part, Transaction, begin};
use crate::problem::{
    EarlierExpiry, GoodsPacked, GoodsUnfit, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound,
    StateConflict,
};
use crate::scalars::{Id, Quantity};

input! {
    /// So much of an item, or of one lot.
    pub struct ShippedGoods {
        /// The item: its lots are taken as they expire, those that never do last. Either this or `lot`.
        pub item: Option<Id<Item>>,
        /// The lot.
        pub lot: Option<Id<Lot>>,
        /// How much, in the item's base unit.
        pub quantity: Quantity,
        /// Why this lot leaves before what of its item expires earlier in that store, 3 to 500 characters.
        pub out_of_order: Option<String>,
    }
}

input! {
    /// Goods that are sent.
    pub struct SendShipment {
        /// The store that they leave.
        pub from: Id<Location>,
        /// The store that they go to.
        pub to: Id<Location>,
        /// The approved request that they answer.
        pub request: Option<Id<SupplyRequest>>,
        /// What is sent. One shipment carries 1 to 200 lots.
        pub goods: Vec<ShippedGoods>,
        /// The reservation that it uses up: what that keeps is taken first.
        pub reservation: Option<Id<Reservation>>,
        /// Who drives it, in which vehicle, or what else whoever receives it should know, 3 to 500 characters.
        pub note: Option<String>,
        /// When it left; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// Goods, sent.
    pub struct SendShipmentPayload: "SendShipmentPayload" as Shipment {
        /// The shipment. What lies on its way is in its lines.
        shipment: Shipment,
    }
}

union! {
    /// The goods, sent; or why they were not.
    pub enum SendShipmentResult {
        Payload(SendShipmentPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        InsufficientStock(InsufficientStock),
        GoodsPacked(GoodsPacked),
        GoodsUnfit(GoodsUnfit),
        EarlierExpiry(EarlierExpiry),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a shipment left, or something of it came or was lost; as it was then.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShipmentChanged {
    pub(crate) shipment: Shipment,
}

impl Change for ShipmentChanged {
    const NAME: &'static str = "donations.shipmentChanged";
}

type Sending<'c> = Transaction<'c, SendShipmentPayload>;
type Refused<T> = std::result::Result<T, SendShipmentResult>;

/// Sends goods: they leave the store for their way, as the ledger's own movements.
pub(super) async fn send_shipment(context: Context, input: SendShipment) -> Result<SendShipmentResult> {
    let mut transaction = begin!(&context, "donations.sendShipment", &input, SendShipmentResult);
    let done = send(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn send(
    context: &Context,
    transaction: &mut Sending<'_>,
    input: &SendShipment,
) -> Result<Refused<Done<SendShipmentPayload>>> {
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    if input.from == input.to {
        return Ok(Err(InvalidValue::new("to", "The two stores are the same.").into()));
    }
    for (argument, store) in [("from", input.from), ("to", input.to)] {
        if store_by_id(context, transaction.connection()?, store).await?.is_none() {
            return Ok(Err(NotFound::new(argument).into()));
        }
    }
    if let Some(id) = input.request {
        let found = request_by_id(transaction.connection()?, id.uuid()).await?;
        let Some(request) = context.seen(Class::Inventory, RecordType::SupplyRequest, found) else {
            return Ok(Err(NotFound::new("request").into()));
        };
        if request.location_id != input.to.uuid() {
            return Ok(Err(InvalidValue::new("to", "Another store made this request.").into()));
        }
    }
    let mut taken = match taken(context, transaction, input).await? {
        Ok(taken) => taken,
        Err(refused) => return Ok(Err(refused)),
    };
    let [(_, NewMovement { occurred_at, .. }), ..] = taken.as_slice() else {
        return Ok(Err(InvalidValue::new("goods", "A shipment carries one lot or more.").into()));
    };
    let sent_at = *occurred_at;
    if taken.len() > LOTS {
        let message = "A shipment carries 200 lots at most. Send the rest with another.";
        return Ok(Err(InvalidValue::new("goods", message).into()));
    }
    let id = Id::<Shipment>::new(context.new_uuid()?);
    let row = (
        shipments::id.eq(id),
        shipments::programme_id.eq(context.programme_id()),
        shipments::from_id.eq(input.from),
        shipments::to_id.eq(input.to),
        shipments::request_id.eq(input.request),
        shipments::note.eq(input.note.clone()),
        shipments::sent_at.eq(sent_at),
        shipments::recorded_at.eq(context.now()),
        shipments::user_id.eq(context.actor()?.user),
    );
    let opening = diesel::insert_into(shipments::table).values(row);
    Prepared(opening).execute(transaction.connection()?).await?;
    let way = transit(context, transaction.connection()?).await?;
    for (_, movement) in &mut taken {
        (movement.to, movement.shipment) = (Some(way), Some(id.uuid()));
    }
    let recorded = match ledger::record_all(context, transaction, taken).await? {
        Ok(recorded) => recorded,
        Err(Breach::Insufficient) => return Ok(Err(InsufficientStock::new().into())),
        Err(Breach::Packed) => return Ok(Err(GoodsPacked::new().into())),
        Err(Breach::Unfit) => return Ok(Err(GoodsUnfit::new().into())),
        Err(Breach::EarlierExpiry) => return Ok(Err(EarlierExpiry::new().into())),
        Err(Breach::NotReserved) => return Ok(Err(ledger::refuse_reservation().into())),
        Err(Breach::BeyondRequest) => {
            let message = "Less of this was approved, or the request does not ask for it. Read its lines.";
            return Ok(Err(InvalidValue::new("goods", message).into()));
        }
        Err(Breach::RequestNotOpen) => {
            return Ok(Err(StateConflict::new("This request is not approved, or is over.").into()));
        }
        Err(Breach::Corrected | Breach::NoStore | Breach::OnItsWay | Breach::BeyondEntitlement) => {
            return Err(Error::internal("a shipment ran into a law that is not for it"));
        }
    };
    told(transaction, recorded, id, sent_at).await.map(Ok)
}

/// What the journal says of movements of a shipment, and of the shipment as it is after them.
pub(super) async fn told<P>(
    transaction: &mut Transaction<'_, P>,
    recorded: Vec<ledger::Recorded>,
    id: Id<Shipment>,
    occurred_at: DateTime<Utc>,
) -> Result<Done<P>>
where
    P: Serialize + DeserializeOwned + From<Shipment>,
{
    ledger::enter(transaction, recorded).await?;
    let found = shipment_by_id(transaction.connection()?, id.uuid()).await?;
    let shipment = found.ok_or_else(|| Error::internal("a shipment that was recorded is not there"))?;
    let change = ShipmentChanged { shipment };
    let changes = vec![Part::of(Class::Inventory, None, &change)?];
    Ok(Done { occurred_at, changes, payload: change.shipment.into() })
}

/// The movements that take the goods out of the store; where they come to is not said yet.
async fn taken(
    context: &Context,
    transaction: &mut Sending<'_>,
    input: &SendShipment,
) -> Result<Refused<Vec<(Stock, NewMovement)>>> {
    let mut all = Vec::new();
    for (place, goods) in input.goods.iter().enumerate() {
        let draws = draws(input, goods);
        let taken = match (goods.lot, goods.item) {
            (Some(lot), None) => {
                let found = ledger::balance(transaction.connection()?, lot.uuid(), input.from.uuid()).await?;
                ledger::drawn_on(context, MovementKind::Transfer, draws, found)?.map(|one| vec![one])
            }
            (None, Some(item)) => {
                first_to_expire(context, transaction, MovementKind::Transfer, item, draws, &all).await?
            }
            _ => Err(InvalidValue::new("item, or lot", "Name either an item or a lot.").into()),
        };
        match taken {
            Ok(taken) => all.extend(taken),
            Err(refused) => return Ok(Err(at(place, refused))),
        }
    }
    Ok(Ok(all))
}

fn draws<'a>(input: &'a SendShipment, goods: &'a ShippedGoods) -> Draws<'a> {
    Draws {
        from: input.from,
        quantity: goods.quantity,
        note: None,
        out_of_order: goods.out_of_order.as_deref(),
        reservation: input.reservation.map(Id::uuid),
        occurred_at: input.occurred_at,
    }
}

/// What is wrong, said of the goods at a place of the list.
fn at(place: usize, refused: SendShipmentResult) -> SendShipmentResult {
    let shared = |argument: &str| matches!(argument, "occurredAt" | "from");
    let place =
        |argument: String| if shared(&argument) { argument } else { format!("goods.{place}.{argument}") };
    match refused {
        SendShipmentResult::NotFound(problem) => {
            NotFound { argument: place(problem.argument), ..problem }.into()
        }
        SendShipmentResult::InvalidValue(problem) => {
            InvalidValue { argument: place(problem.argument), ..problem }.into()
        }
        other => other,
    }
}
