//! What goods that are to be given to a household come to: the entitlements that they count against, and the movements of lots.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::HouseholdAllowance;
use super::deliver::{DeliverToHousehold, DeliverToHouseholdPayload, DeliverToHouseholdResult, GivenGoods};
use crate::context::Context;
use crate::donations::first_expired::first_to_expire;
use crate::donations::kits;
use crate::donations::ledger::{self, Draws, NewMovement};
use crate::donations::tables::lots;
use crate::donations::{Item, Lot, MovementKind, Stock};
use crate::error::Result;
use crate::journal::Transaction;
use crate::problem::{BeyondEntitlement, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity};

pub(super) type Delivering<'c> = Transaction<'c, DeliverToHouseholdPayload>;
pub(super) type Refused<T> = std::result::Result<T, DeliverToHouseholdResult>;

/// So much of what one entitlement is of.
pub(super) struct Line {
    pub(super) id: Uuid,
    pub(super) entitlement: Uuid,
    /// Of a kit: its version.
    pub(super) kit_version: Option<i32>,
    pub(super) asked: i32,
    /// Where it stands in what was asked for.
    pub(super) place: usize,
}

/// What is given.
#[derive(Default)]
pub(super) struct Given {
    pub(super) lines: Vec<Line>,
    pub(super) movements: Vec<(Stock, NewMovement)>,
}

impl Given {
    /// The line that counts against an entitlement, with so much more.
    fn line(
        &mut self,
        context: &Context,
        allowance: &HouseholdAllowance,
        kit_version: Option<i32>,
        (asked, place): (i32, usize),
    ) -> Result<Uuid> {
        let entitlement = allowance.entitlement_id;
        if let Some(line) = self.lines.iter_mut().find(|line| line.entitlement == entitlement) {
            line.asked = line.asked.saturating_add(asked);
            return Ok(line.id);
        }
        let id = context.new_uuid()?;
        self.lines.push(Line { id, entitlement, kit_version, asked, place });
        Ok(id)
    }
}

/// Works out what the goods come to.
pub(super) async fn given(
    context: &Context,
    transaction: &mut Delivering<'_>,
    input: &DeliverToHousehold,
    allowances: &[HouseholdAllowance],
) -> Result<Refused<Given>> {
    let mut all = Given::default();
    for (place, goods) in input.goods.iter().enumerate() {
        let more = match (goods.kit.as_deref(), goods.item, goods.lot) {
            (Some(code), None, None) => {
                kit(context, transaction, input, (place, goods, code), allowances, &mut all).await?
            }
            (None, Some(item), None) => {
                one_item(context, transaction, input, (place, goods, item), allowances, &mut all).await?
            }
            (None, None, Some(lot)) => {
                one_lot(context, transaction, input, (place, goods, lot), allowances, &mut all).await?
            }
            _ => Err(InvalidValue::new("kit, item, or lot", "Name a kit, an item or a lot.").into()),
        };
        if let Err(refused) = more {
            return Ok(Err(at(place, refused)));
        }
    }
    Ok(Ok(all))
}

fn draws<'a>(input: &'a DeliverToHousehold, goods: &'a GivenGoods, quantity: Quantity) -> Draws<'a> {
    Draws {
        from: input.from,
        quantity,
        note: None,
        out_of_order: goods.out_of_order.as_deref(),
        reservation: input.reservation.map(Id::uuid),
        occurred_at: input.occurred_at,
    }
}

/// Says of movements which line they are of.
fn of_line(movements: Vec<(Stock, NewMovement)>, line: Uuid, all: &mut Given) {
    let of_line = |(stock, movement)| (stock, NewMovement { delivery_line: Some(line), ..movement });
    all.movements.extend(movements.into_iter().map(of_line));
}

async fn kit(
    context: &Context,
    transaction: &mut Delivering<'_>,
    input: &DeliverToHousehold,
    (place, goods, code): (usize, &GivenGoods, &str),
    allowances: &[HouseholdAllowance],
    all: &mut Given,
) -> Result<Refused<()>> {
    let found = kits::one(context, transaction.connection()?, None, Some(code)).await?;
    let Some(kit) = context.seen(Class::Inventory, RecordType::Kit, found) else {
        return Ok(Err(NotFound::new("kit").into()));
    };
    let count = match (goods.kits, goods.quantity) {
        (count, None) if (1..=10_000).contains(&count.unwrap_or(1)) => count.unwrap_or(1),
        _ => {
            let message = "Say in kits how many of it are given, 1 to 10,000; a kit has no quantity.";
            return Ok(Err(InvalidValue::new("kits", message).into()));
        }
    };
    let Some(allowance) = allowances.iter().find(|owed| owed.kit_id == Some(kit.id.uuid())) else {
        return Ok(Err(BeyondEntitlement::new("kit", 0, None).into()));
    };
    let line = all.line(context, allowance, Some(kit.version), (count, place))?;
    for part in kits::bill(transaction.connection()?, &kit).await? {
        let amount = part.quantity.amount.saturating_mul(count);
        let (item, draws) =
            (Id::new(part.item_id), draws(input, goods, Quantity { amount, ..part.quantity }));
        let taken =
            first_to_expire(context, transaction, MovementKind::Delivery, item, draws, &all.movements);
        match taken.await? {
            Ok(movements) => of_line(movements, line, all),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    Ok(Ok(()))
}

/// How much of an item or a lot is given; or what is wrong with it.
fn quantity(goods: &GivenGoods) -> std::result::Result<Quantity, InvalidValue> {
    match (goods.quantity, goods.kits) {
        (Some(quantity), None) if quantity.amount > 0 => Ok(quantity),
        _ => Err(InvalidValue::new(
            "quantity",
            "Say how much is given, one unit or more; kits count kits alone.",
        )),
    }
}

/// Counts movements against what is owed of their item, which was named by an argument.
fn counted(
    context: &Context,
    allowances: &[HouseholdAllowance],
    (item, named): (Uuid, &str),
    given: (i32, usize),
    movements: Vec<(Stock, NewMovement)>,
    all: &mut Given,
) -> Result<Refused<()>> {
    let Some(allowance) = allowances.iter().find(|owed| owed.item_id == Some(item)) else {
        return Ok(Err(BeyondEntitlement::new(named, 0, None).into()));
    };
    let line = all.line(context, allowance, None, given)?;
    of_line(movements, line, all);
    Ok(Ok(()))
}

async fn one_item(
    context: &Context,
    transaction: &mut Delivering<'_>,
    input: &DeliverToHousehold,
    (place, goods, item): (usize, &GivenGoods, Id<Item>),
    allowances: &[HouseholdAllowance],
    all: &mut Given,
) -> Result<Refused<()>> {
    let quantity = match quantity(goods) {
        Ok(quantity) => quantity,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let draws = draws(input, goods, quantity);
    let taken = first_to_expire(context, transaction, MovementKind::Delivery, item, draws, &all.movements);
    let movements = match taken.await? {
        Ok(movements) => movements,
        Err(refused) => return Ok(Err(refused)),
    };
    counted(context, allowances, (item.uuid(), "item"), (quantity.amount, place), movements, all)
}

async fn one_lot(
    context: &Context,
    transaction: &mut Delivering<'_>,
    input: &DeliverToHousehold,
    (place, goods, lot): (usize, &GivenGoods, Id<Lot>),
    allowances: &[HouseholdAllowance],
    all: &mut Given,
) -> Result<Refused<()>> {
    let quantity = match quantity(goods) {
        Ok(quantity) => quantity,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let draws = draws(input, goods, quantity);
    let found = ledger::balance(transaction.connection()?, lot.uuid(), input.from.uuid()).await?;
    let drawn_on: Refused<_> = ledger::drawn_on(context, MovementKind::Delivery, draws, found)?;
    let movement = match drawn_on {
        Ok(movement) => movement,
        Err(refused) => return Ok(Err(refused)),
    };
    let item: Uuid = lots::table.find(lot).select(lots::item_id).first(transaction.connection()?).await?;
    counted(context, allowances, (item, "lot"), (quantity.amount, place), vec![movement], all)
}

/// What is wrong, said of the goods at a place of the list.
fn at(place: usize, refused: DeliverToHouseholdResult) -> DeliverToHouseholdResult {
    let shared = |argument: &str| matches!(argument, "occurredAt" | "from");
    let place =
        |argument: String| if shared(&argument) { argument } else { format!("goods.{place}.{argument}") };
    match refused {
        DeliverToHouseholdResult::NotFound(problem) => {
            NotFound { argument: place(problem.argument), ..problem }.into()
        }
        DeliverToHouseholdResult::InvalidValue(problem) => {
            InvalidValue { argument: place(problem.argument), ..problem }.into()
        }
        DeliverToHouseholdResult::BeyondEntitlement(problem) => {
            BeyondEntitlement { argument: place(problem.argument), ..problem }.into()
        }
        other => other,
    }
}
