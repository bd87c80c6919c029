//! Reserving goods of a store: of an item what expires first and is kept for nobody else, or of one lot.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::reservations;
use super::{Reservation, changed};
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::first_expired::{LOTS, available};
use crate::donations::ledger::{self, refuse_text};
use crate::donations::load::store_by_id;
use crate::donations::supplies::{SupplyRequest, request_by_id};
use crate::donations::{Item, Location, Lot, Stock};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InsufficientStock, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity};

/// How long goods are kept at most.
const LONGEST: TimeDelta = TimeDelta::days(14);

input! {
    /// Goods that are to be kept.
    pub struct ReserveStock {
        /// The store in which they lie.
        pub location: Id<Location>,
        /// The item: its lots are kept as they expire, those that never do last. Either this or `lot`.
        pub item: Option<Id<Item>>,
        /// The lot.
        pub lot: Option<Id<Lot>>,
        /// How much, in the item's base unit.
        pub quantity: Quantity,
        /// Until when, 14 days from now at most. Then they are free again by themselves.
        pub until: DateTime<Utc>,
        /// The request that they are kept for. This, or a note.
        pub request: Option<Id<SupplyRequest>>,
        /// What for, 3 to 500 characters; no name of anyone who is to receive them.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// Goods, kept.
    pub struct ReserveStockPayload: "ReserveStockPayload" as Reservation {
        /// The reservation.
        reservation: Reservation,
    }
}

union! {
    /// The goods, kept; or why they are not.
    pub enum ReserveStockResult {
        Payload(ReserveStockPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        InsufficientStock(InsufficientStock),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Refused<T> = std::result::Result<T, ReserveStockResult>;

/// Reserves goods. The database lets no more of a balance be reserved than it holds.
pub(super) async fn reserve_stock(context: Context, input: ReserveStock) -> Result<ReserveStockResult> {
    let mut transaction = begin!(&context, "donations.reserveStock", &input, ReserveStockResult);
    let done = reserve(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn reserve(
    context: &Context,
    transaction: &mut Transaction<'_, ReserveStockPayload>,
    input: &ReserveStock,
) -> Result<Refused<Done<ReserveStockPayload>>> {
    if let Some(problem) = refused(context, input) {
        return Ok(Err(problem.into()));
    }
    let Some(store) = store_by_id(context, transaction.connection()?, input.location).await? else {
        return Ok(Err(NotFound::new("location").into()));
    };
    let new = Reservation {
        id: Id::new(context.new_uuid()?),
        code: String::new(),
        note: input.note.clone(),
        reserved_at: context.now(),
        until: input.until,
        ended_at: None,
        version: 1,
        location_id: store.id.uuid(),
        request_id: input.request.map(Id::uuid),
        shelter: store.shelter,
    };
    context.authorize_write(Class::Inventory, RecordType::Reservation, &new)?;
    if let Some(request) = new.request_id {
        let found = request_by_id(transaction.connection()?, request).await?;
        if context.seen(Class::Inventory, RecordType::SupplyRequest, found).is_none() {
            return Ok(Err(NotFound::new("request").into()));
        }
    }
    let mut kept = match kept(context, transaction, input).await? {
        Ok(kept) => kept,
        Err(refused) => return Ok(Err(refused)),
    };
    if kept.len() > LOTS {
        let message = "A reservation keeps 200 lots at most. Reserve the rest with another.";
        return Ok(Err(InvalidValue::new("quantity", message).into()));
    }
    // In the order in which whoever moves them holds their balances.
    kept.sort_unstable_by_key(|(stock, _)| stock.lot_id);
    let row = (
        reservations::id.eq(new.id),
        reservations::programme_id.eq(context.programme_id()),
        reservations::location_id.eq(new.location_id),
        reservations::request_id.eq(new.request_id),
        reservations::note.eq(&new.note),
        reservations::reserved_at.eq(new.reserved_at),
        reservations::until.eq(new.until),
        reservations::user_id.eq(context.actor()?.user),
    );
    diesel::insert_into(reservations::table).values(row).execute(transaction.connection()?).await?;
    let keeping = diesel::sql_query(
        "INSERT INTO reservation_lines (reservation_id, lot_id, location_id, until, reserved) \
         SELECT $1, lot, $2, $3, amount FROM unnest($4, $5) AS lines (lot, amount)",
    )
    .bind::<SqlUuid, _>(new.id.uuid())
    .bind::<SqlUuid, _>(new.location_id)
    .bind::<Timestamptz, _>(new.until)
    .bind::<Array<SqlUuid>, _>(kept.iter().map(|(stock, _)| stock.lot_id).collect::<Vec<Uuid>>())
    .bind::<Array<Integer>, _>(kept.iter().map(|(_, amount)| *amount).collect::<Vec<_>>());
    match Prepared(keeping).execute(transaction.connection()?).await {
        Ok(_) => changed(context, transaction, new.id.uuid()).await.map(Ok),
        Err(error) if constraint(&error) == Some("balances_reserved") => {
            Ok(Err(InsufficientStock::new().into()))
        }
        Err(error) => Err(Error::from(error)),
    }
}

/// Which value is out of its range, and what to do about it.
fn refused(context: &Context, input: &ReserveStock) -> Option<InvalidValue> {
    if input.request.is_none() && input.note.is_none() {
        return Some(InvalidValue::new("note, or request", "Say what the goods are kept for."));
    }
    if input.until <= context.now() || input.until - context.now() > LONGEST {
        let message = "Goods are kept until a time to come, 14 days from now at most.";
        return Some(InvalidValue::new("until", message));
    }
    if input.quantity.amount <= 0 {
        return Some(InvalidValue::new("quantity", "A reservation is of one unit or more."));
    }
    refuse_text("note", input.note.as_deref())
}

/// Of which lots so much is kept, where the caller may.
async fn kept(
    context: &Context,
    transaction: &mut Transaction<'_, ReserveStockPayload>,
    input: &ReserveStock,
) -> Result<Refused<Vec<(Stock, i32)>>> {
    let kept = match (input.lot, input.item) {
        (Some(lot), None) => {
            let found = ledger::balance(transaction.connection()?, lot.uuid(), input.location.uuid()).await?;
            match context.seen(Class::Inventory, RecordType::Stock, found) {
                Some(stock) => Ok(vec![(stock, input.quantity.amount)]),
                None => Err(NotFound::new("lot, or location").into()),
            }
        }
        (None, Some(item)) => {
            let of = (item.uuid(), input.location.uuid());
            let wanted = input.quantity.amount;
            available(context, transaction.connection()?, of, context.now(), wanted, &[]).await?
        }
        _ => Err(InvalidValue::new("item, or lot", "Name either an item or a lot.").into()),
    };
    let kept = match kept {
        Ok(kept) => kept,
        Err(refused) => return Ok(Err(refused)),
    };
    for (stock, _) in &kept {
        context.authorize_write(Class::Inventory, RecordType::Stock, stock)?;
        if stock.quantity.unit != input.quantity.unit {
            let message = format!("This item counts in {}.", stock.quantity.unit.as_str());
            return Ok(Err(InvalidValue::new("quantity", &message).into()));
        }
    }
    Ok(Ok(kept))
}
