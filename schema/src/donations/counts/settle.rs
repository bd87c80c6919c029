//! By what the differences of a count are settled.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::donations::counts::close::{
    CloseStockCount, CloseStockCountPayload, CloseStockCountResult, ExplainedShortage, WriteOff,
};
use crate::donations::counts::{OpenDifferences, StockCountLine};
use crate::donations::load::{DONATION_COLUMNS, movement_by_id};
use crate::donations::tables::{donations, lots, movements};
use crate::donations::{Donation, MovementKind, WriteOffCause};
use crate::error::Result;
use crate::journal::Transaction;
use crate::problem::{InvalidValue, NotFound};
use crate::scalars::{Id, Quantity};

/// How many open differences a problem tells in words.
const TOLD: usize = 20;

type Closing<'c> = Transaction<'c, CloseStockCountPayload>;
type Refused<T> = std::result::Result<T, CloseStockCountResult>;

/// A line of which more or less was found than the ledger had.
struct Difference {
    line: StockCountLine,
    /// What of it is not settled yet: more than nothing of a surplus, less of a shortage.
    open: i32,
}

impl Difference {
    /// Takes what a movement changed as made of this difference, where it is; to no more than what is open.
    fn takes(&mut self, effect: i32) -> bool {
        let fits = effect.signum() == self.open.signum() && effect.abs() <= self.open.abs();
        if fits {
            self.open -= effect;
        }
        fits && effect != 0
    }
}

/// The differences of a count.
pub(super) struct Differences {
    store: Uuid,
    all: Vec<Difference>,
    /// The movements that settle them, each with its line.
    pub(super) settlements: Vec<(Uuid, Uuid)>,
}

/// The receipt of a lot.
#[derive(Queryable)]
struct Receipt {
    id: Uuid,
    quantity: i32,
    recorded_at: DateTime<Utc>,
    item: Uuid,
}

impl Differences {
    /// Those of a store among the lines that hold.
    pub(super) fn of(store: Uuid, lines: Vec<StockCountLine>) -> Self {
        let all = lines.into_iter().map(|line| Difference { open: line.difference(), line });
        Self { store, all: all.filter(|difference| difference.open != 0).collect(), settlements: Vec::new() }
    }

    /// Settles what the named corrections and donations make; or what is wrong with one of them.
    pub(super) async fn settle(
        &mut self,
        context: &Context,
        transaction: &mut Closing<'_>,
        input: &CloseStockCount,
    ) -> Result<Refused<()>> {
        for (place, id) in input.corrections.iter().flatten().enumerate() {
            let argument = format!("corrections.{place}");
            let found = movement_by_id(transaction.connection()?, id.uuid()).await?;
            let Some(movement) = context.seen(Class::Inventory, RecordType::Movement, found) else {
                return Ok(Err(NotFound::new(&argument).into()));
            };
            let amount = movement.quantity.amount;
            let effect = if movement.to_id == Some(self.store) { amount } else { -amount };
            let there = [movement.from_id, movement.to_id].contains(&Some(self.store));
            let corrects = there && movement.kind == MovementKind::Correction;
            let of_lot = self.all.iter_mut().find(|difference| {
                let line = &difference.line;
                corrects && line.lot_id == movement.lot_id && line.counted_at < movement.occurred_at
            });
            let settled = of_lot.and_then(|difference| {
                let line = difference.line.id.uuid();
                difference.takes(effect).then_some(line)
            });
            let Some(line) = settled else {
                let message = "This is no correction of a lot that differs, made since it was counted, and no larger than the difference.";
                return Ok(Err(InvalidValue::new(&argument, message).into()));
            };
            self.settlements.push((movement.id.uuid(), line));
        }
        for (place, id) in input.donations.iter().flatten().enumerate() {
            let argument = format!("donations.{place}");
            let query = donations::table.find(id).select(DONATION_COLUMNS);
            let found: Option<Donation> = query.first(transaction.connection()?).await.optional()?;
            if context.seen(Class::Inventory, RecordType::Donation, found).is_none() {
                return Ok(Err(NotFound::new(&argument).into()));
            }
            if !self.make_up(transaction, *id).await? {
                let message = "Nothing of this donation was received here since it was counted, and makes up for a surplus of its item.";
                return Ok(Err(InvalidValue::new(&argument, message).into()));
            }
        }
        Ok(Ok(()))
    }

    /// Takes what a donation brought as made of surpluses; whether it was of any.
    async fn make_up(&mut self, transaction: &mut Closing<'_>, donation: Id<Donation>) -> Result<bool> {
        let query = movements::table
            .inner_join(lots::table)
            .filter(lots::donation_id.eq(donation))
            .filter(movements::kind.eq(MovementKind::Receipt))
            .filter(movements::to_id.eq(self.store))
            .order(movements::quantity.desc())
            .select((movements::id, movements::quantity, movements::recorded_at, lots::item_id));
        let receipts: Vec<Receipt> = query.load(transaction.connection()?).await?;
        let ours: Vec<Uuid> = self.all.iter().map(|difference| difference.line.lot_id).collect();
        let query = lots::table.filter(lots::id.eq_any(ours)).select((lots::id, lots::item_id));
        let items: Vec<(Uuid, Uuid)> = query.load(transaction.connection()?).await?;
        let items: BTreeMap<Uuid, Uuid> = items.into_iter().collect();
        let before = self.settlements.len();
        for receipt in receipts {
            let made = self.all.iter_mut().find_map(|difference| {
                let line = &difference.line;
                let fits =
                    items.get(&line.lot_id) == Some(&receipt.item) && receipt.recorded_at > line.recorded_at;
                let line = line.id.uuid();
                (fits && difference.takes(receipt.quantity)).then_some(line)
            });
            self.settlements.extend(made.map(|line| (receipt.id, line)));
        }
        Ok(self.settlements.len() > before)
    }

    /// What is written off of the shortages that are explained; or what is wrong with an explanation.
    pub(super) fn write_offs(
        &mut self,
        explanations: &[ExplainedShortage],
    ) -> std::result::Result<Vec<WriteOff>, Box<CloseStockCountResult>> {
        let mut write_offs = Vec::with_capacity(explanations.len());
        for (place, explained) in explanations.iter().enumerate() {
            let refused = |field: &str, message: &str| {
                Err(Box::new(InvalidValue::new(&format!("explanations.{place}.{field}"), message).into()))
            };
            let short = self
                .all
                .iter_mut()
                .find(|difference| difference.line.lot_id == explained.lot.uuid() && difference.open < 0);
            let Some(difference) = short else {
                return refused("lot", "Nothing of this lot is missing that is not explained already.");
            };
            if !matches!(explained.cause, WriteOffCause::Lost | WriteOffCause::Damaged) {
                return refused("cause", "What is missing was lost or damaged.");
            }
            if explained.note.as_ref().is_some_and(|note| !(3..=400).contains(&note.chars().count())) {
                return refused("note", "This text has 3 to 400 characters.");
            }
            write_offs.push(WriteOff {
                line: difference.line.id.uuid(),
                lot: difference.line.lot_id,
                quantity: Quantity { amount: -difference.open, unit: difference.line.unit() },
                cause: explained.cause,
                note: explained.note.clone(),
            });
            difference.open = 0;
        }
        Ok(write_offs)
    }

    /// The problem that differences are open, where some are.
    pub(super) async fn open(&self, transaction: &mut Closing<'_>) -> Result<Option<OpenDifferences>> {
        let open: Vec<&Difference> = self.all.iter().filter(|difference| difference.open != 0).collect();
        if open.is_empty() {
            return Ok(None);
        }
        let ids: Vec<Uuid> = open.iter().map(|difference| difference.line.lot_id).collect();
        let query = lots::table.filter(lots::id.eq_any(ids)).select((lots::id, lots::code));
        let codes: Vec<(Uuid, String)> = query.load(transaction.connection()?).await?;
        let codes: BTreeMap<Uuid, String> = codes.into_iter().collect();
        let told = open.iter().take(TOLD).map(|Difference { line, open }| {
            let code = codes.get(&line.lot_id).map_or("", String::as_str);
            let (unit, what) = (line.unit().as_str(), if *open < 0 { "missing" } else { "too much" });
            format!("{code}: {} {unit} {what}", open.abs())
        });
        let told = told.collect::<Vec<_>>().join("; ");
        Ok(Some(OpenDifferences::new(open.iter().map(|open| open.line.clone()).collect(), &told)))
    }
}
