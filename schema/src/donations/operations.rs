//! What can be done with donated goods.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::load::{balances_joined, stock_columns};
use crate::donations::tables::{balances, locations, movements};
use crate::donations::{Location, Lot, Movement, MovementKind, Stock};
use crate::error::{Error, Result};
use crate::graph::{Facts, input, record, union};
use crate::journal::{Begun, Change, Outcome, Part, Transaction, constraint};
use crate::problem::{IdempotencyConflict, InsufficientStock, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity};
use crate::shelters::tables::shelters;

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
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: stock was moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StockMoved {
    pub(crate) movement: Movement,
    /// What the stores that it touched hold of the lot after it.
    pub(crate) stock: Vec<Stock>,
}

impl Change for StockMoved {
    const NAME: &'static str = "donations.stockMoved";
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
    if input.quantity.amount <= 0 {
        return Ok(Err(InvalidValue::new("quantity", "A movement is of one unit or more.").into()));
    }
    if input.from == input.to {
        return Ok(Err(InvalidValue::new("to", "The two stores are the same.").into()));
    }
    let Some(mut source) = find(transaction, input.lot.uuid(), input.from.uuid()).await? else {
        return Ok(Err(NotFound::new("lot, or from").into()));
    };
    let visible = context.scope(Class::Inventory, RecordType::Stock);
    if !visible.is_some_and(|scope| scope.has(&source)) {
        return Ok(Err(NotFound::new("lot, or from").into()));
    }
    context.authorize_write(Class::Inventory, RecordType::Stock, &source)?;
    if source.quantity.unit != input.quantity.unit {
        let unit = source.quantity.unit.as_str();
        return Ok(Err(InvalidValue::new("quantity", &format!("This item counts in {unit}.")).into()));
    }
    // As it was read, before the lock: what is out of all proportion must not reach the destination's sum.
    if input.quantity.amount > source.quantity.amount {
        return Ok(Err(InsufficientStock::new().into()));
    }
    let Some(shelter) = store(context, transaction, input.to.uuid()).await? else {
        return Ok(Err(NotFound::new("to").into()));
    };
    // Balances are locked in the order of their stores, so that two transfers between the same stores never wait for each other
    // in a circle.
    let amount = input.quantity.amount;
    let mut destination = None;
    if input.to.uuid() < input.from.uuid() {
        destination = Some(add(context, transaction, input, amount).await?);
    }
    let take = diesel::update(balances::table.filter(balances::id.eq(source.id)))
        .set((
            balances::quantity.eq(balances::quantity - amount),
            balances::version.eq(balances::version + 1),
        ))
        .returning((balances::quantity, balances::version));
    match Prepared(take).get_result::<(i32, i32)>(transaction.connection()?).await {
        Ok((quantity, version)) => {
            source.quantity.amount = quantity;
            source.version = version;
        }
        Err(error) if constraint(&error) == Some("balances_quantity_not_negative") => {
            return Ok(Err(InsufficientStock::new().into()));
        }
        Err(error) => return Err(error.into()),
    }
    let (id, quantity, version) = match destination {
        Some(known) => known,
        None => add(context, transaction, input, amount).await?,
    };
    let movement = record_movement(context, transaction, input, &source, occurred_at).await?;
    let destination = Stock {
        id: Id::new(id),
        quantity: Quantity { amount: quantity, unit: input.quantity.unit },
        version,
        location_id: input.to.uuid(),
        shelter,
        ..source.clone()
    };
    Ok(Ok(MoveStockPayload { movement, stock: vec![source, destination] }))
}

/// A lot's balance in a store.
async fn find(transaction: &mut Transfer<'_>, lot: Uuid, location: Uuid) -> Result<Option<Stock>> {
    let query = balances_joined()
        .filter(balances::lot_id.eq(lot))
        .filter(balances::location_id.eq(location))
        .select(stock_columns());
    Ok(query.first(transaction.connection()?).await.optional()?)
}

/// The code of the shelter whose store it is, if any; `None` where there is no such store in the programme.
async fn store(
    context: &Context,
    transaction: &mut Transfer<'_>,
    id: Uuid,
) -> Result<Option<Option<String>>> {
    let query = locations::table
        .left_join(shelters::table)
        .filter(locations::id.eq(id))
        .filter(locations::programme_id.eq(context.programme_id()))
        .select(shelters::code.nullable());
    Ok(query.first(transaction.connection()?).await.optional()?)
}

/// Adds to the destination's balance, making it where there was none.
async fn add(
    context: &Context,
    transaction: &mut Transfer<'_>,
    input: &MoveStock,
    amount: i32,
) -> Result<(Uuid, i32, i32)> {
    let row = (
        balances::id.eq(context.new_uuid()?),
        balances::lot_id.eq(input.lot),
        balances::location_id.eq(input.to),
        balances::quantity.eq(amount),
        balances::version.eq(1),
    );
    let adding = diesel::insert_into(balances::table)
        .values(row)
        .on_conflict((balances::lot_id, balances::location_id))
        .do_update()
        .set((
            balances::quantity.eq(balances::quantity + excluded(balances::quantity)),
            balances::version.eq(balances::version + 1),
        ))
        .returning((balances::id, balances::quantity, balances::version));
    Prepared(adding).get_result(transaction.connection()?).await.map_err(Error::from)
}

async fn record_movement(
    context: &Context,
    transaction: &mut Transfer<'_>,
    input: &MoveStock,
    source: &Stock,
    occurred_at: DateTime<Utc>,
) -> Result<Movement> {
    let movement = Movement {
        id: Id::new(context.new_uuid()?),
        kind: MovementKind::Transfer,
        quantity: input.quantity,
        occurred_at,
        recorded_at: context.now(),
        lot_id: input.lot.uuid(),
        from_id: Some(input.from.uuid()),
        to_id: Some(input.to.uuid()),
        shelter: source.shelter.clone(),
        stock_kind: source.stock_kind.clone(),
        donor_agency: source.donor_agency.clone(),
    };
    let row = (
        movements::id.eq(movement.id),
        movements::lot_id.eq(movement.lot_id),
        movements::kind.eq(movement.kind),
        movements::from_id.eq(movement.from_id),
        movements::to_id.eq(movement.to_id),
        movements::quantity.eq(movement.quantity.amount),
        movements::occurred_at.eq(movement.occurred_at),
        movements::recorded_at.eq(movement.recorded_at),
        movements::user_id.eq(context.actor()?.user),
    );
    let recording = diesel::insert_into(movements::table).values(row);
    Prepared(recording).execute(transaction.connection()?).await?;
    Ok(movement)
}
