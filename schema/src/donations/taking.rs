//! Taking food out of a store for something that is no delivery to anyone: what a kitchen cooks. All of it or nothing.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::context::Context;
use crate::donations::first_expired::first_to_expire;
use crate::donations::ledger::{self, Draws, NewMovement};
use crate::donations::outgoing::take_out;
use crate::donations::{Item, Location, Lot, MovementKind, Stock};
use crate::error::Result;
use crate::graph::input;
use crate::journal::Transaction;
use crate::problem::{EarlierExpiry, GoodsPacked, GoodsUnfit, InsufficientStock, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity};

/// The kind of stock that food is.
const FOOD: &str = "food";

input! {
    /// So much of an item, or of one lot.
    pub struct TakenGoods {
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

/// Why goods at a place of the list are not taken.
enum Refused {
    NotFound(NotFound),
    InvalidValue(InvalidValue),
    InsufficientStock(InsufficientStock),
}

impl From<NotFound> for Refused {
    fn from(problem: NotFound) -> Self {
        Self::NotFound(problem)
    }
}

impl From<InvalidValue> for Refused {
    fn from(problem: InvalidValue) -> Self {
        Self::InvalidValue(problem)
    }
}

impl From<InsufficientStock> for Refused {
    fn from(problem: InsufficientStock) -> Self {
        Self::InsufficientStock(problem)
    }
}

impl Refused {
    /// The problem, said of the goods at a place of the list.
    fn at<R: From<NotFound> + From<InvalidValue> + From<InsufficientStock>>(self, place: usize) -> R {
        let shared = |argument: &str| matches!(argument, "occurredAt" | "from");
        let placed = |argument: String| {
            if shared(&argument) { argument } else { format!("goods.{place}.{argument}") }
        };
        match self {
            Self::NotFound(problem) => NotFound { argument: placed(problem.argument), ..problem }.into(),
            Self::InvalidValue(problem) => {
                InvalidValue { argument: placed(problem.argument), ..problem }.into()
            }
            Self::InsufficientStock(problem) => problem.into(),
        }
    }
}

/// Takes food out of a store, where its caller may write each lot's stock, and enters each movement in the journal: the movements'
/// keys, and when they happened; or why nothing was taken.
pub(crate) async fn take_food<A, R>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    from: Id<Location>,
    goods: &[TakenGoods],
    occurred_at: Option<DateTime<Utc>>,
) -> Result<std::result::Result<(Vec<Uuid>, DateTime<Utc>), R>>
where
    A: Serialize + DeserializeOwned,
    R: From<NotFound>
        + From<InvalidValue>
        + From<InsufficientStock>
        + From<GoodsPacked>
        + From<GoodsUnfit>
        + From<EarlierExpiry>,
{
    let mut all: Vec<(Stock, NewMovement)> = Vec::new();
    for (place, goods) in goods.iter().enumerate() {
        match taken(context, transaction, from, goods, occurred_at, &all).await? {
            Ok(taken) => all.extend(taken),
            Err(refused) => return Ok(Err(refused.at(place))),
        }
    }
    let happened = all.first().map_or(context.now(), |(_, first)| first.occurred_at);
    let taken = take_out(context, transaction, "goods", all).await?;
    Ok(taken.map(|taken| (taken.into_iter().map(|taken| taken.movement.uuid()).collect(), happened)))
}

/// The movements that take goods, beside what is taken already.
async fn taken<A: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    from: Id<Location>,
    goods: &TakenGoods,
    occurred_at: Option<DateTime<Utc>>,
    before: &[(Stock, NewMovement)],
) -> Result<std::result::Result<Vec<(Stock, NewMovement)>, Refused>> {
    let draws = Draws {
        from,
        quantity: goods.quantity,
        note: None,
        out_of_order: goods.out_of_order.as_deref(),
        reservation: None,
        occurred_at,
    };
    let (named, taken) = match (goods.lot, goods.item) {
        (Some(lot), None) => {
            let found = ledger::balance(transaction.connection()?, lot.uuid(), from.uuid()).await?;
            let one: std::result::Result<_, Refused> =
                ledger::drawn_on(context, MovementKind::Delivery, draws, found)?;
            ("lot", one.map(|one| vec![one]))
        }
        (None, Some(item)) => {
            let kind = MovementKind::Delivery;
            ("item", first_to_expire(context, transaction, kind, item, draws, before).await?)
        }
        _ => {
            let problem = InvalidValue::new("item, or lot", "Name either an item or a lot.");
            return Ok(Err(problem.into()));
        }
    };
    Ok(match taken {
        Ok(taken) if taken.iter().any(|(stock, _)| stock.stock_kind != FOOD) => {
            Err(InvalidValue::new(named, "This is no food. A kitchen uses food alone.").into())
        }
        taken => taken,
    })
}
