//! Closing a count: each difference is explained, and settled in the ledger, or the count stays open.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::counts::load::holding_lines;
use crate::donations::counts::settle::Differences;
use crate::donations::counts::tables::stock_counts;
use crate::donations::counts::{OpenDifferences, StockCount, StockCountState, changed, held_open};
use crate::donations::ledger::{self, Breach, NewMovement, Recorded};
use crate::donations::load::stock_at;
use crate::donations::{Donation, Lot, Movement, MovementKind, Stock, WriteOffCause};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{
    GoodsPacked, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound, StateConflict,
    VersionConflict,
};
use crate::scalars::{Id, Quantity};

input! {
    /// Why less of a lot was found than the ledger has.
    pub struct ExplainedShortage {
        /// The lot.
        pub lot: Id<Lot>,
        /// `LOST` or `DAMAGED`: what was not found is written off so.
        pub cause: WriteOffCause,
        /// More about it, 3 to 400 characters.
        pub note: Option<String>,
    }
}

input! {
    /// A count, and what explains its differences.
    pub struct CloseStockCount {
        /// The count.
        pub count: Id<StockCount>,
        /// The version of the count that the caller saw.
        pub version: i32,
        /// Why less was found than the ledger has: one for each lot of which something is missing.
        pub explanations: Option<Vec<ExplainedShortage>>,
        /// Corrections of the ledger, made since it was counted, of which differences are made: a write-off of what was not lost, a wrong delivery or transfer.
        pub corrections: Option<Vec<Id<Movement>>>,
        /// Donations, received since it was counted, of what had never been registered: their lots make up for a surplus of the same item.
        pub donations: Option<Vec<Id<Donation>>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A count, closed.
    pub struct CloseStockCountPayload: "CloseStockCountPayload" as StockCount {
        /// The count as it is now.
        count: StockCount,
    }
}

union! {
    /// The count, closed; or why it was not.
    pub enum CloseStockCountResult {
        Payload(CloseStockCountPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        OpenDifferences(OpenDifferences),
        InsufficientStock(InsufficientStock),
        GoodsPacked(GoodsPacked),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Closing<'c> = Transaction<'c, CloseStockCountPayload>;
type Refused<T> = std::result::Result<T, CloseStockCountResult>;

/// Closes a count: all that differs is settled, or nothing is.
pub(super) async fn close_stock_count(
    context: Context,
    input: CloseStockCount,
) -> Result<CloseStockCountResult> {
    let mut transaction = begin!(&context, "donations.closeStockCount", &input, CloseStockCountResult);
    let done = close(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn close(
    context: &Context,
    transaction: &mut Closing<'_>,
    input: &CloseStockCount,
) -> Result<Refused<Done<CloseStockCountPayload>>> {
    let count = match held_open(context, transaction, input.count).await? {
        Ok(count) => count,
        Err(refused) => return Ok(Err(refused)),
    };
    if count.version != input.version {
        return Ok(Err(VersionConflict::new(count.version).into()));
    }
    let lines = holding_lines(transaction.connection()?, count.id.uuid()).await?;
    let mut differences = Differences::of(count.location_id, lines);
    if let Err(refused) = differences.settle(context, transaction, input).await? {
        return Ok(Err(refused));
    }
    let now = context.now();
    let write_offs = match differences.write_offs(input.explanations.as_deref().unwrap_or_default()) {
        Ok(write_offs) => write_offs,
        Err(refused) => return Ok(Err(*refused)),
    };
    if let Some(open) = differences.open(transaction).await? {
        return Ok(Err(open.into()));
    }
    let recorded = match write_off(context, transaction, &count, write_offs, now).await? {
        Ok(recorded) => recorded,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut settlements = differences.settlements;
    settlements.extend(recorded.iter().map(|(line, (movement, _))| (movement.id.uuid(), *line)));
    ledger::enter(transaction, recorded.into_iter().map(|(_, recorded)| recorded)).await?;
    let (movements, lines): (Vec<_>, Vec<_>) = settlements.into_iter().unzip();
    let settling = diesel::sql_query(
        "INSERT INTO stock_count_settlements (movement_id, line_id) SELECT * FROM unnest($1, $2) AS made (movement, line)",
    )
    .bind::<Array<SqlUuid>, _>(movements)
    .bind::<Array<SqlUuid>, _>(lines);
    let closing = diesel::update(stock_counts::table.find(count.id)).set((
        stock_counts::state.eq(StockCountState::Closed),
        stock_counts::ended_at.eq(now),
        stock_counts::ended_by.eq(context.actor()?.user),
    ));
    let settled = match Prepared(settling).execute(transaction.connection()?).await {
        Ok(_) => Prepared(closing).execute(transaction.connection()?).await,
        Err(error) => Err(error),
    };
    match settled {
        Ok(_) => changed(transaction, now, count.id, Vec::new()).await,
        Err(error) => {
            let message = match constraint(&error) {
                Some("stock_counts_closed_by_another") => {
                    "You counted here. Have somebody close the count who did not."
                }
                Some("stock_count_settlements_pkey") => {
                    "One of these movements settled the difference of another count already."
                }
                Some("stock_count_settlements_fit") => {
                    "One of these movements does not settle a difference: it was undone, or is older than what was counted."
                }
                _ => return Err(error.into()),
            };
            Ok(Err(StateConflict::new(message).into()))
        }
    }
}

/// What is written off of a line's lot.
pub(super) struct WriteOff {
    pub(super) line: Uuid,
    pub(super) lot: Uuid,
    pub(super) quantity: Quantity,
    pub(super) cause: WriteOffCause,
    pub(super) note: Option<String>,
}

/// Writes off what was not found, with each its line. The ledger's note names the count.
async fn write_off(
    context: &Context,
    transaction: &mut Closing<'_>,
    count: &StockCount,
    write_offs: Vec<WriteOff>,
    now: DateTime<Utc>,
) -> Result<Refused<Vec<(Uuid, Recorded)>>> {
    let lots = write_offs.iter().map(|off| off.lot).collect();
    let held: Vec<Stock> = stock_at(transaction.connection()?, count.location_id, lots).await?;
    let (mut lines, mut movements) = (Vec::new(), Vec::new());
    for off in write_offs {
        let Some(stock) = held.iter().find(|stock| stock.lot_id == off.lot) else {
            return Err(Error::internal("a shortage of what never lay there"));
        };
        let note = off.note.map_or_else(|| count.code.clone(), |note| format!("{}: {note}", count.code));
        let movement = NewMovement {
            kind: MovementKind::WriteOff,
            quantity: off.quantity,
            from: Some(count.location_id),
            to: None,
            occurred_at: now,
            cause: Some(off.cause),
            note: Some(note),
            out_of_order: None,
            corrects: None,
            shipment: None,
            delivery_line: None,
            reservation: None,
        };
        lines.push(off.line);
        movements.push((stock.clone(), movement));
    }
    match ledger::record_all(context, transaction, movements).await? {
        Ok(recorded) => Ok(Ok(lines.into_iter().zip(recorded).collect())),
        Err(Breach::Insufficient) => Ok(Err(InsufficientStock::new().into())),
        Err(Breach::Packed) => Ok(Err(GoodsPacked::new().into())),
        Err(
            Breach::Unfit
            | Breach::BeyondEntitlement
            | Breach::NotReserved
            | Breach::EarlierExpiry
            | Breach::Corrected
            | Breach::NoStore
            | Breach::OnItsWay
            | Breach::BeyondRequest
            | Breach::RequestNotOpen,
        ) => Err(Error::internal("a count's write-off ran into a law that is not for it")),
    }
}
