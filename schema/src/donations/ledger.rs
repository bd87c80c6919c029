//! Appending to the ledger. The database holds its laws (R32): it changes the balances itself, refuses what would leave one
//! below nothing, and lets expired or recalled goods out as written off alone.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::load::{balances_joined, stock_columns};
use crate::donations::tables::balances;
use crate::donations::{Location, Lot, Movement, MovementKind, Stock, WriteOffCause};
use crate::error::{Error, Result};
use crate::journal::{Begun, Change, Done, Part, Transaction, constraint};
pub(super) use crate::problem::refuse_text;
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity, Unit};

/// A movement that is to be.
pub(super) struct NewMovement {
    pub(super) kind: MovementKind,
    pub(super) quantity: Quantity,
    /// The store that it leaves.
    pub(super) from: Option<Uuid>,
    /// The store that it comes to.
    pub(super) to: Option<Uuid>,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) cause: Option<WriteOffCause>,
    pub(super) note: Option<String>,
    /// Why it leaves before what expires earlier.
    pub(super) out_of_order: Option<String>,
    /// The movement that it corrects.
    pub(super) corrects: Option<Uuid>,
    /// The shipment that it is of.
    pub(super) shipment: Option<Uuid>,
    /// The line of a delivery to a household that it is of.
    pub(super) delivery_line: Option<Uuid>,
    /// The reservation that it uses up.
    pub(super) reservation: Option<Uuid>,
}

/// The law that a movement would break.
pub(super) enum Breach {
    /// The store holds less of the lot than that.
    Insufficient,
    /// So much of it is packed in containers.
    Packed,
    /// The lot has expired or was recalled.
    Unfit,
    /// The store has goods of the item that expire earlier.
    EarlierExpiry,
    /// The movement was corrected already.
    Corrected,
    /// There is no such store to come to.
    NoStore,
    /// Goods come onto their way, and off it, with a shipment alone.
    OnItsWay,
    /// The shipment's request asks for no such goods, or less of them was approved.
    BeyondRequest,
    /// The shipment's request is not approved, or is over.
    RequestNotOpen,
    /// The household is owed less than that.
    BeyondEntitlement,
    /// The reservation keeps less of the lot in that store, or is over.
    NotReserved,
}

/// A movement, recorded, and what the stores that it touched hold of the lot after it: the one that it left first.
pub(super) type Recorded = (Movement, Vec<Stock>);

/// In the journal: stock was moved, written off or corrected.
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

/// Declares the payload of a mutation that records a movement.
macro_rules! moved {
    ($(#[doc = $about:literal])+ pub struct $name:ident : $graphql:literal { $(#[doc = $stock:literal])+ stock }) => {
        $crate::graph::record! {
            $(#[doc = $about])+
            #[derive(serde::Serialize, serde::Deserialize)]
            pub struct $name: $graphql as Movement {
                /// The ledger's new entry.
                movement: $crate::donations::Movement,
                $(#[doc = $stock])+
                stock: Vec<$crate::donations::Stock>,
            }
        }

        impl $crate::graph::Facts for $name {
            fn fact(&self, fact: enlace_policies::Fact) -> Option<&str> {
                self.movement.fact(fact)
            }
        }

        impl From<$crate::donations::ledger::Recorded> for $name {
            fn from((movement, stock): $crate::donations::ledger::Recorded) -> Self {
                Self { movement, stock }
            }
        }

        impl $name {
            /// Declares it.
            pub(super) fn declare(graph: &mut $crate::graph::Graph) {
                use enlace_policies::Class;

                let stock = $crate::graph::about(&[$($stock),+]);
                graph.object::<Self>(|payload| {
                    payload
                        .carries("movement", Class::Inventory, "The ledger's new entry.", |payload| {
                            Some(payload.movement.clone())
                        })
                        .carries_many("stock", Class::Inventory, &stock, |payload| payload.stock.clone())
                });
            }
        }
    };
}
pub(super) use moved;

/// Says in the journal that movements were recorded, an entry for each: for what goes on to say more than that.
pub(super) async fn enter<P: Serialize + DeserializeOwned>(
    transaction: &mut Transaction<'_, P>,
    recorded: impl IntoIterator<Item = Recorded>,
) -> Result<()> {
    for (movement, stock) in recorded {
        let occurred_at = movement.occurred_at;
        let part = Part::of(Class::Inventory, None, &StockMoved { movement, stock })?;
        transaction.enter(occurred_at, vec![part]).await?;
    }
    Ok(())
}

/// Commits a movement that was recorded, and says so in the journal; or gives it up.
pub(super) async fn conclude<P, R>(
    transaction: Box<Transaction<'_, P>>,
    done: Result<Result<Recorded, R>>,
) -> Result<R>
where
    P: Serialize + DeserializeOwned + From<Recorded>,
    R: From<P> + From<IdempotencyConflict>,
{
    let done = match done {
        Ok(Ok((movement, stock))) => {
            let change = StockMoved { movement, stock };
            Part::of(Class::Inventory, None, &change).map(|part| {
                let occurred_at = change.movement.occurred_at;
                Ok(Done {
                    occurred_at,
                    changes: vec![part],
                    payload: P::from((change.movement, change.stock)),
                })
            })
        }
        Ok(Err(problem)) => Ok(Err(problem)),
        Err(error) => Err(error),
    };
    transaction.conclude(done).await
}

/// A lot's balance in a store.
pub(super) async fn balance(
    mut connection: &AsyncPgConnection,
    lot: Uuid,
    location: Uuid,
) -> QueryResult<Option<Stock>> {
    let query = balances_joined()
        .filter(balances::lot_id.eq(lot))
        .filter(balances::location_id.eq(location))
        .select(stock_columns());
    Prepared(query).get_result(&mut connection).await.optional()
}

/// Begins a movement of a lot out of a store, and reads what that holds of it: in one round trip.
pub(super) async fn begin<'c, A: Serialize + DeserializeOwned>(
    context: &'c Context,
    operation: &'static str,
    (key, input): (&str, &impl Serialize),
    (lot, from): (Id<Lot>, Id<Location>),
) -> Result<(Begun<'c, A>, Option<Stock>)> {
    let (lot, from) = (lot.uuid(), from.uuid());
    Transaction::begin_reading(context, operation, key, input, move |connection| {
        balance(connection, lot, from).boxed()
    })
    .await
}

/// What a caller would take out of a store, of a lot or of an item.
#[derive(Clone, Copy)]
pub(super) struct Draws<'a> {
    pub(super) from: Id<Location>,
    pub(super) quantity: Quantity,
    pub(super) note: Option<&'a str>,
    pub(super) out_of_order: Option<&'a str>,
    /// The reservation that it uses up.
    pub(super) reservation: Option<Uuid>,
    /// When it happened; now, where it is left out.
    pub(super) occurred_at: Option<DateTime<Utc>>,
}

/// What is wrong with a movement of goods on their way that is not their shipment's.
pub(super) fn refuse_on_its_way(argument: &str) -> InvalidValue {
    InvalidValue::new(
        argument,
        "Goods on their way are received, or written off, with their shipment: receiveShipment.",
    )
}

/// What is wrong with a reservation that a movement names.
pub(super) fn refuse_reservation() -> InvalidValue {
    let message = "This reservation keeps less of that in this store, or is over. Read it, or leave it out.";
    InvalidValue::new("reservation", message)
}

impl Draws<'_> {
    /// When it happened; or what is wrong with what is said of it, whatever goods it is of.
    pub(super) fn timely(&self, context: &Context) -> std::result::Result<DateTime<Utc>, InvalidValue> {
        let occurred_at = self.occurred_at.unwrap_or_else(|| context.now());
        if occurred_at > context.now() {
            return Err(InvalidValue::new("occurredAt", "A movement cannot be of the future."));
        }
        let texts = [("note", self.note), ("outOfOrder", self.out_of_order)];
        let problem = texts.into_iter().find_map(|(argument, text)| refuse_text(argument, text));
        problem.map_or(Ok(occurred_at), Err)
    }

    /// The movement that draws on a balance, out of the programme's stores, where the caller may; or what is wrong with it before
    /// the ledger sees it.
    pub(super) fn of(
        self,
        context: &Context,
        kind: MovementKind,
        occurred_at: DateTime<Utc>,
        stock: &Stock,
    ) -> Result<std::result::Result<NewMovement, InvalidValue>> {
        context.authorize_write(Class::Inventory, RecordType::Stock, stock)?;
        if self.quantity.amount <= 0 {
            return Ok(Err(InvalidValue::new("quantity", "A movement is of one unit or more.")));
        }
        let unit = stock.quantity.unit;
        if unit != self.quantity.unit {
            let message = format!("This item counts in {}.", unit.as_str());
            return Ok(Err(InvalidValue::new("quantity", &message)));
        }
        Ok(Ok(NewMovement {
            kind,
            quantity: self.quantity,
            from: Some(self.from.uuid()),
            to: None,
            occurred_at,
            cause: None,
            note: self.note.map(str::to_owned),
            out_of_order: self.out_of_order.map(str::to_owned),
            corrects: None,
            shipment: None,
            delivery_line: None,
            reservation: self.reservation,
        }))
    }
}

/// The balance that is drawn on, of what was found, where its caller may, and the movement that does so; or what is wrong with it.
pub(super) fn drawn_on<R: From<NotFound> + From<InvalidValue>>(
    context: &Context,
    kind: MovementKind,
    draws: Draws<'_>,
    found: Option<Stock>,
) -> Result<Result<(Stock, NewMovement), R>> {
    let occurred_at = match draws.timely(context) {
        Ok(occurred_at) => occurred_at,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let Some(stock) = context.seen(Class::Inventory, RecordType::Stock, found) else {
        return Ok(Err(NotFound::new("lot, or from").into()));
    };
    Ok(match draws.of(context, kind, occurred_at, &stock)? {
        Ok(movement) => Ok((stock, movement)),
        Err(problem) => Err(problem.into()),
    })
}

/// A balance, as the recording statement says it.
#[derive(QueryableByName)]
struct Balance {
    #[diesel(sql_type = SqlUuid)]
    balance: Uuid,
    #[diesel(sql_type = SqlUuid)]
    lot: Uuid,
    #[diesel(sql_type = SqlUuid)]
    location: Uuid,
    #[diesel(sql_type = Integer)]
    quantity: i32,
    #[diesel(sql_type = Integer)]
    reserved: i32,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Nullable<Text>)]
    shelter: Option<String>,
}

/// Records a movement of the lot whose balance `of` is.
pub(super) async fn record<A: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    of: &Stock,
    new: NewMovement,
) -> Result<Result<Recorded, Breach>> {
    let recorded = record_all(context, transaction, vec![(of.clone(), new)]).await?;
    Ok(match recorded.map(|recorded| recorded.into_iter().next()) {
        Ok(Some(recorded)) => Ok(recorded),
        Ok(None) => return Err(Error::internal("a movement was not recorded")),
        Err(breach) => Err(breach),
    })
}

/// One column of them.
fn each<T>(movements: &[Movement], column: impl Fn(&Movement) -> T) -> Vec<T> {
    movements.iter().map(column).collect()
}

/// Records movements, each of the lot whose balance it stands with, all or none of them. What a store holds after them is said
/// with each that touched it.
pub(super) async fn record_all<A: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    new: Vec<(Stock, NewMovement)>,
) -> Result<Result<Vec<Recorded>, Breach>> {
    let [(_, NewMovement { occurred_at, .. }), ..] = new.as_slice() else { return Ok(Ok(Vec::new())) };
    let (occurred_at, recorded_at) = (*occurred_at, context.now());
    let (mut openings, mut movements) = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len()));
    for (of, new) in &new {
        openings.push(context.new_uuid()?);
        movements.push(Movement {
            id: Id::new(context.new_uuid()?),
            kind: new.kind,
            quantity: new.quantity,
            occurred_at,
            recorded_at,
            cause: new.cause,
            note: new.note.clone(),
            out_of_order: new.out_of_order.clone(),
            lot_id: of.lot_id,
            from_id: new.from,
            to_id: new.to,
            corrects_id: new.corrects,
            shipment_id: new.shipment,
            delivery_line_id: new.delivery_line,
            reservation_id: new.reservation,
            shelter: of.shelter.clone(),
            stock_kind: of.stock_kind.clone(),
            donor_agency: of.donor_agency.clone(),
        });
    }
    let recording = diesel::sql_query(
        "SELECT * FROM record_movements($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind::<SqlUuid, _>(context.programme_id())
    .bind::<Array<SqlUuid>, _>(openings)
    .bind::<Array<SqlUuid>, _>(each(&movements, |movement| movement.id.uuid()))
    .bind::<Array<SqlUuid>, _>(each(&movements, |movement| movement.lot_id))
    .bind::<Array<Text>, _>(each(&movements, |movement| movement.kind))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(&movements, |movement| movement.from_id))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(&movements, |movement| movement.to_id))
    .bind::<Array<Integer>, _>(each(&movements, |movement| movement.quantity.amount))
    .bind::<Array<Nullable<Text>>, _>(each(&movements, |movement| movement.cause))
    .bind::<Array<Nullable<Text>>, _>(each(&movements, |movement| movement.note.clone()))
    .bind::<Array<Nullable<Text>>, _>(each(&movements, |movement| movement.out_of_order.clone()))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(&movements, |movement| movement.corrects_id))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(&movements, |movement| movement.shipment_id))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(&movements, |movement| movement.delivery_line_id))
    .bind::<Array<Nullable<SqlUuid>>, _>(each(&movements, |movement| movement.reservation_id))
    .bind::<Timestamptz, _>(occurred_at)
    .bind::<Timestamptz, _>(recorded_at)
    .bind::<SqlUuid, _>(context.actor()?.user);
    let balances: Vec<Balance> = match Prepared(recording).get_results(transaction.connection()?).await {
        Ok(balances) => balances,
        Err(error) => {
            return match constraint(&error) {
                Some(
                    "balances_quantity_not_negative" | "balances_reserved" | "shipment_lines_within_sent",
                ) => Ok(Err(Breach::Insufficient)),
                Some("balances_packed") => Ok(Err(Breach::Packed)),
                Some("movements_of_shipment") => Ok(Err(Breach::OnItsWay)),
                Some("shipments_request_approved") => Ok(Err(Breach::RequestNotOpen)),
                Some("shipments_as_requested" | "supply_request_lines_supplied") => {
                    Ok(Err(Breach::BeyondRequest))
                }
                Some("household_deliveries_within_entitlement") => Ok(Err(Breach::BeyondEntitlement)),
                Some("movements_of_reservation" | "movements_reservation_id_fkey") => {
                    Ok(Err(Breach::NotReserved))
                }
                Some("movements_goods_fit") => Ok(Err(Breach::Unfit)),
                Some("movements_first_expired") => Ok(Err(Breach::EarlierExpiry)),
                Some("movements_reversed_once") => Ok(Err(Breach::Corrected)),
                Some("movements_to_id_fkey" | "movements_between_balances") => Ok(Err(Breach::NoStore)),
                _ => Err(error.into()),
            };
        }
    };
    let held = |movement: &Movement, unit: Unit| {
        let touched = |balance: &&Balance| {
            balance.lot == movement.lot_id
                && [movement.from_id, movement.to_id].contains(&Some(balance.location))
        };
        let stock = |balance: &Balance| Stock {
            id: Id::new(balance.balance),
            quantity: Quantity { amount: balance.quantity, unit },
            reserved: Some(Quantity { amount: balance.reserved, unit }),
            available: Some(Quantity { amount: balance.quantity - balance.reserved, unit }),
            version: balance.version,
            lot_id: balance.lot,
            location_id: balance.location,
            shelter: balance.shelter.clone(),
            stock_kind: movement.stock_kind.clone(),
            donor_agency: movement.donor_agency.clone(),
        };
        let mut stock: Vec<Stock> = balances.iter().filter(touched).map(stock).collect();
        stock.sort_by_key(|stock| Some(stock.location_id) != movement.from_id);
        stock
    };
    let recorded = movements.into_iter().zip(&new).map(|(movement, (of, _))| {
        let stock = held(&movement, of.quantity.unit);
        (movement, stock)
    });
    Ok(Ok(recorded.collect()))
}
