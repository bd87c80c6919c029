//! Packing and unpacking. What is packed lies where it lay: it is spoken for by its container.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::containers::load::lines_of_container;
use crate::donations::containers::tables::containers;
use crate::donations::containers::{Container, ContainerKind, changed, held};
use crate::donations::ledger::refuse_text;
use crate::donations::load::{stock_at, store_by_id};
use crate::donations::{Location, Lot};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{GoodsPacked, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound};
use crate::scalars::{Id, Quantity, code_of};

/// How many lots are packed or unpacked at once.
const LOTS: usize = 200;

/// How many codes are tried: of thirty-four thousand million, that one is taken already is rare, and twice in turn is a fault.
const TRIES: usize = 4;

input! {
    /// So much of a lot, to be packed or unpacked.
    pub struct PackedGoods {
        /// The lot.
        pub lot: Id<Lot>,
        /// How much, in the item's base unit.
        pub quantity: Quantity,
    }
}

input! {
    /// Goods, and the container that they are packed in.
    pub struct PackContainer {
        /// The container. Either this or `location`.
        pub container: Option<Id<Container>>,
        /// The store in which a new container is made.
        pub location: Option<Id<Location>>,
        /// What kind the new one is; a box, where it is left out.
        pub kind: Option<ContainerKind>,
        /// What the new one is for, 3 to 500 characters.
        pub note: Option<String>,
        /// What is packed: 1 to 200 lots of that store.
        pub goods: Vec<PackedGoods>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// Goods, packed.
    pub struct PackContainerPayload: "PackContainerPayload" as Container {
        /// The container as it is now.
        container: Container,
    }
}

union! {
    /// The goods, packed; or why they were not.
    pub enum PackContainerResult {
        Payload(PackContainerPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        InsufficientStock(InsufficientStock),
        GoodsPacked(GoodsPacked),
        IdempotencyConflict(IdempotencyConflict),
    }
}

input! {
    /// Goods, and the container that they are taken out of.
    pub struct UnpackContainer {
        /// The container.
        pub container: Id<Container>,
        /// What is taken out; all that is in it, where it is left out.
        pub goods: Option<Vec<PackedGoods>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// Goods, unpacked.
    pub struct UnpackContainerPayload: "UnpackContainerPayload" as Container {
        /// The container as it is now.
        container: Container,
    }
}

union! {
    /// The goods, unpacked; or why they were not.
    pub enum UnpackContainerResult {
        Payload(UnpackContainerPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Packing<'c> = Transaction<'c, PackContainerPayload>;
type Refused<T, R> = std::result::Result<T, R>;

/// Packs goods in a container, or in a new one.
pub(super) async fn pack_container(context: Context, input: PackContainer) -> Result<PackContainerResult> {
    let mut transaction = begin!(&context, "donations.packContainer", &input, PackContainerResult);
    let done = pack(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn pack(
    context: &Context,
    transaction: &mut Packing<'_>,
    input: &PackContainer,
) -> Result<Refused<Done<PackContainerPayload>, PackContainerResult>> {
    if !(1..=LOTS).contains(&input.goods.len()) {
        return Ok(Err(InvalidValue::new("goods", "Pack 1 to 200 lots at once.").into()));
    }
    let container = match (input.container, input.location) {
        (Some(container), None) if input.kind.is_none() && input.note.is_none() => {
            held(context, transaction, container).await?
        }
        (Some(_), None) => {
            Err(InvalidValue::new("kind, or note", "They are said of a new container.").into())
        }
        (None, Some(location)) => made(context, transaction, location, input).await?,
        _ => Err(InvalidValue::new("container, or location", "Name either a container or a store.").into()),
    };
    let container = match container {
        Ok(container) => container,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut packed = contents(transaction, container.id).await?;
    let lots = input.goods.iter().map(|goods| goods.lot.uuid()).collect();
    let lying = stock_at(transaction.connection()?, container.location_id, lots).await?;
    for (place, goods) in input.goods.iter().enumerate() {
        let argument = |field: &str| format!("goods.{place}.{field}");
        let found = lying.iter().find(|stock| stock.lot_id == goods.lot.uuid()).cloned();
        let Some(stock) = context.seen(Class::Inventory, RecordType::Stock, found) else {
            return Ok(Err(NotFound::new(&argument("lot")).into()));
        };
        context.authorize_write(Class::Inventory, RecordType::Stock, &stock)?;
        let unit = stock.quantity.unit;
        if goods.quantity.unit != unit || goods.quantity.amount <= 0 {
            let message = format!("Pack one or more of it, in {}.", unit.as_str());
            return Ok(Err(InvalidValue::new(&argument("quantity"), &message).into()));
        }
        let inside = packed.entry(stock.lot_id).or_default();
        *inside = inside.saturating_add(goods.quantity.amount);
        if *inside > stock.quantity.amount {
            return Ok(Err(InsufficientStock::new().into()));
        }
    }
    match store(transaction, container.id, packed).await? {
        Ok(()) => changed(transaction, context.now(), container.id).await,
        Err(error) if constraint(&error) == Some("balances_packed") => Ok(Err(GoodsPacked::new().into())),
        Err(error) => Err(error.into()),
    }
}

/// A new container, empty.
async fn made(
    context: &Context,
    transaction: &mut Packing<'_>,
    location: Id<Location>,
    input: &PackContainer,
) -> Result<Refused<Container, PackContainerResult>> {
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let Some(store) = store_by_id(context, transaction.connection()?, location).await? else {
        return Ok(Err(NotFound::new("location").into()));
    };
    let mut new = Container {
        id: Id::new(context.new_uuid()?),
        code: String::new(),
        kind: input.kind.unwrap_or(ContainerKind::Box),
        note: input.note.clone(),
        made_at: context.now(),
        version: 1,
        location_id: store.id.uuid(),
        shelter: store.shelter,
    };
    context.authorize_write(Class::Inventory, RecordType::Container, &new)?;
    for _ in 0..TRIES {
        new.code = code_of(context.random_bytes()?);
        let row = (
            containers::id.eq(new.id),
            containers::programme_id.eq(context.programme_id()),
            containers::code.eq(&new.code),
            containers::kind.eq(new.kind),
            containers::location_id.eq(new.location_id),
            containers::note.eq(&new.note),
            containers::made_at.eq(new.made_at),
            containers::user_id.eq(context.actor()?.user),
        );
        let making = diesel::insert_into(containers::table)
            .values(row)
            .on_conflict((containers::programme_id, containers::code))
            .do_nothing();
        if Prepared(making).execute(transaction.connection()?).await? == 1 {
            return Ok(Ok(new));
        }
    }
    Err(Error::internal("every code that was drawn is taken"))
}

/// What is in a container, by lot.
async fn contents<A: Serialize + DeserializeOwned>(
    transaction: &mut Transaction<'_, A>,
    container: Id<Container>,
) -> Result<BTreeMap<Uuid, i32>> {
    let lines = lines_of_container(transaction.connection()?, container.uuid()).await?;
    Ok(lines.into_iter().map(|line| (line.lot_id, line.quantity.amount)).collect())
}

/// Stores what is in a container that is held now, in the order in which the ledger locks balances.
async fn store<A: Serialize + DeserializeOwned>(
    transaction: &mut Transaction<'_, A>,
    container: Id<Container>,
    packed: BTreeMap<Uuid, i32>,
) -> Result<QueryResult<()>> {
    let (lots, amounts): (Vec<_>, Vec<_>) = packed.into_iter().unzip();
    let storing = diesel::sql_query(
        "INSERT INTO container_lines (container_id, lot_id, quantity) \
         SELECT $1, lot, amount FROM unnest($2, $3) AS packed (lot, amount) ORDER BY lot \
         ON CONFLICT (container_id, lot_id) DO UPDATE SET quantity = EXCLUDED.quantity \
             WHERE container_lines.quantity <> EXCLUDED.quantity",
    )
    .bind::<SqlUuid, _>(container.uuid())
    .bind::<Array<SqlUuid>, _>(lots)
    .bind::<Array<Integer>, _>(amounts);
    Ok(Prepared(storing).execute(transaction.connection()?).await.map(|_| ()))
}

/// Takes goods out of a container. They lie where they lay.
pub(super) async fn unpack_container(
    context: Context,
    input: UnpackContainer,
) -> Result<UnpackContainerResult> {
    let mut transaction = begin!(&context, "donations.unpackContainer", &input, UnpackContainerResult);
    let done = unpack(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn unpack(
    context: &Context,
    transaction: &mut Transaction<'_, UnpackContainerPayload>,
    input: &UnpackContainer,
) -> Result<Refused<Done<UnpackContainerPayload>, UnpackContainerResult>> {
    let container = match held(context, transaction, input.container).await? {
        Ok(container) => container,
        Err(refused) => return Ok(Err(refused)),
    };
    let lines = lines_of_container(transaction.connection()?, container.id.uuid()).await?;
    let mut packed: BTreeMap<Uuid, Quantity> =
        lines.into_iter().map(|line| (line.lot_id, line.quantity)).collect();
    match &input.goods {
        None => packed.values_mut().for_each(|inside| inside.amount = 0),
        Some(goods) => {
            for (place, goods) in goods.iter().enumerate() {
                let argument = |field: &str| format!("goods.{place}.{field}");
                let Some(inside) = packed.get_mut(&goods.lot.uuid()) else {
                    return Ok(Err(NotFound::new(&argument("lot")).into()));
                };
                let fits = goods.quantity.unit == inside.unit
                    && (1..=inside.amount).contains(&goods.quantity.amount);
                if !fits {
                    let message = format!("There are {inside} of this lot in it.");
                    return Ok(Err(InvalidValue::new(&argument("quantity"), &message).into()));
                }
                inside.amount -= goods.quantity.amount;
            }
        }
    }
    let packed = packed.into_iter().map(|(lot, inside)| (lot, inside.amount)).collect();
    store(transaction, container.id, packed).await??;
    changed(transaction, context.now(), container.id).await
}
