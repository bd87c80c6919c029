//! Moving a container: all that is in it goes with it, as the ledger's own movements.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::containers::load::lines_of_container;
use crate::donations::containers::tables::containers;
use crate::donations::containers::{Container, changed, held};
use crate::donations::ledger::{self, Breach, Draws, NewMovement};
use crate::donations::load::{stock_at, store_by_id};
use crate::donations::{Location, MovementKind, Stock};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{
    EarlierExpiry, GoodsUnfit, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound,
    VersionConflict,
};
use crate::scalars::{Id, halved};

input! {
    /// A container, and where it is moved to.
    pub struct MoveContainer {
        /// The container.
        pub container: Id<Container>,
        /// The version of the container that the caller saw.
        pub version: i32,
        /// The store that it comes to.
        pub to: Id<Location>,
        /// Why it leaves before what of its items expires earlier in that store, 3 to 500 characters.
        pub out_of_order: Option<String>,
        /// When it happened; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A container, moved.
    pub struct MoveContainerPayload: "MoveContainerPayload" as Container {
        /// The container as it is now.
        container: Container,
    }
}

union! {
    /// The container, moved; or why it was not.
    pub enum MoveContainerResult {
        Payload(MoveContainerPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        InsufficientStock(InsufficientStock),
        GoodsUnfit(GoodsUnfit),
        EarlierExpiry(EarlierExpiry),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Moving<'c> = Transaction<'c, MoveContainerPayload>;
type Refused<T> = std::result::Result<T, MoveContainerResult>;

/// Moves a container from store to store.
pub(super) async fn move_container(context: Context, input: MoveContainer) -> Result<MoveContainerResult> {
    let mut transaction = begin!(&context, "donations.moveContainer", &input, MoveContainerResult);
    let done = carry(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn carry(
    context: &Context,
    transaction: &mut Moving<'_>,
    input: &MoveContainer,
) -> Result<Refused<Done<MoveContainerPayload>>> {
    let container = match held(context, transaction, input.container).await? {
        Ok(container) => container,
        Err(refused) => return Ok(Err(refused)),
    };
    if container.version != input.version {
        return Ok(Err(VersionConflict::new(container.version).into()));
    }
    if store_by_id(context, transaction.connection()?, input.to).await?.is_none() {
        return Ok(Err(NotFound::new("to").into()));
    }
    if container.location_id == input.to.uuid() {
        return Ok(Err(InvalidValue::new("to", "It stands there already.").into()));
    }
    let movements = match movements(context, transaction, &container, input).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    // It leaves, the goods are moved, and it arrives: the database packs what is in it where it lies.
    let carried = |location: Option<Uuid>, bound_for: Option<Uuid>| {
        let set = (containers::location_id.eq(location), containers::bound_for.eq(bound_for));
        Prepared(diesel::update(containers::table.find(container.id)).set(set))
    };
    let to = Some(input.to.uuid());
    carried(None, to).execute(transaction.connection()?).await?;
    let recorded = match ledger::record_all(context, transaction, movements).await? {
        Ok(recorded) => recorded,
        // Some of it is kept for somebody where it is.
        Err(Breach::Insufficient) => return Ok(Err(InsufficientStock::new().into())),
        Err(Breach::Unfit) => return Ok(Err(GoodsUnfit::new().into())),
        Err(Breach::EarlierExpiry) => return Ok(Err(EarlierExpiry::new().into())),
        Err(
            Breach::Packed
            | Breach::BeyondEntitlement
            | Breach::NotReserved
            | Breach::Corrected
            | Breach::NoStore
            | Breach::OnItsWay
            | Breach::BeyondRequest
            | Breach::RequestNotOpen,
        ) => return Err(Error::internal("a container's way ran into a law that is not for it")),
    };
    carried(to, None).execute(transaction.connection()?).await?;
    ledger::enter(transaction, recorded).await?;
    changed(transaction, input.occurred_at.unwrap_or_else(|| context.now()), container.id).await
}

/// The movements of all that is in a container; or what is wrong with what is said of them.
async fn movements(
    context: &Context,
    transaction: &mut Moving<'_>,
    container: &Container,
    input: &MoveContainer,
) -> Result<Refused<Vec<(Stock, NewMovement)>>> {
    let note = format!("Contenedor {}", halved(&container.code));
    let lines = lines_of_container(transaction.connection()?, container.id.uuid()).await?;
    let lots = lines.iter().map(|line| line.lot_id).collect();
    let held: Vec<Stock> = stock_at(transaction.connection()?, container.location_id, lots).await?;
    let draws = |quantity| Draws {
        from: Id::new(container.location_id),
        quantity,
        note: Some(&note),
        out_of_order: input.out_of_order.as_deref(),
        occurred_at: input.occurred_at,
        reservation: None,
    };
    let mut movements = Vec::with_capacity(lines.len());
    for line in lines {
        let Some(stock) = held.iter().find(|stock| stock.lot_id == line.lot_id) else {
            return Err(Error::internal("what is packed lies in no store"));
        };
        let taken = draws(line.quantity);
        let movement = match taken.timely(context) {
            Ok(occurred_at) => taken.of(context, MovementKind::Transfer, occurred_at, stock)?,
            Err(problem) => Err(problem),
        };
        match movement {
            Ok(movement) => {
                movements.push((stock.clone(), NewMovement { to: Some(input.to.uuid()), ..movement }));
            }
            Err(problem) => return Ok(Err(problem.into())),
        }
    }
    Ok(Ok(movements))
}
