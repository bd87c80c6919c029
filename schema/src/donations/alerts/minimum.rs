//! Setting what a store should hold of an item at least.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::StoreMinimum;
use crate::context::Context;
use crate::donations::load::{ITEM_COLUMNS, store_by_id};
use crate::donations::tables::{items, minimum_stocks};
use crate::donations::{Item, Location};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, VersionConflict};
use crate::scalars::{Id, Quantity};

input! {
    /// What a store should hold of an item at least.
    pub struct SetMinimumStock {
        /// The store.
        pub location: Id<Location>,
        /// The item.
        pub item: Id<Item>,
        /// How much; nothing, where it is left out.
        pub minimum: Option<Quantity>,
        /// The version of the minimum that the caller saw; 0, where none was set yet.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A store's minimum, set.
    pub struct SetMinimumStockPayload: "SetMinimumStockPayload" as Stock {
        /// The minimum as it is now.
        store_minimum: StoreMinimum,
    }
}

union! {
    /// A store's minimum, set; or why it was not.
    pub enum SetMinimumStockResult {
        Payload(SetMinimumStockPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: what a store should hold of an item at least, from then on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MinimumStockSet {
    item: Uuid,
    location: Uuid,
    version: i32,
    minimum: Option<Quantity>,
}

impl Change for MinimumStockSet {
    const NAME: &'static str = "donations.minimumStockSet";
}

/// Sets a store's minimum of an item.
pub(super) async fn set_minimum_stock(
    context: Context,
    input: SetMinimumStock,
) -> Result<SetMinimumStockResult> {
    let mut transaction = begin!(&context, "donations.setMinimumStock", &input, SetMinimumStockResult);
    let done = set(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn set(
    context: &Context,
    transaction: &mut Transaction<'_, SetMinimumStockPayload>,
    input: &SetMinimumStock,
) -> Result<Result<Done<SetMinimumStockPayload>, SetMinimumStockResult>> {
    let programme = context.programme_id();
    let query = items::table.filter(items::id.eq(input.item)).filter(items::programme_id.eq(programme));
    let item: Option<Item> = query.select(ITEM_COLUMNS).first(transaction.connection()?).await.optional()?;
    let Some(item) = context.seen(Class::Inventory, RecordType::Item, item) else {
        return Ok(Err(NotFound::new("item").into()));
    };
    let location = store_by_id(context, transaction.connection()?, input.location).await?;
    let Some(location) = location else { return Ok(Err(NotFound::new("location").into())) };
    let minimum = StoreMinimum {
        minimum: input.minimum,
        version: input.version.saturating_add(1),
        item_id: item.id.uuid(),
        location_id: location.id.uuid(),
        shelter: location.shelter,
        stock_kind: item.stock_kind,
    };
    context.authorize_write(Class::Inventory, RecordType::Stock, &minimum)?;
    if let Some(least) = input.minimum {
        if least.unit != item.unit {
            let message = format!("This item counts in {}.", item.unit.as_str());
            return Ok(Err(InvalidValue::new("minimum", &message).into()));
        }
        if least.amount <= 0 {
            let message = "A minimum is of one unit or more. Leave it out where there is none.";
            return Ok(Err(InvalidValue::new("minimum", message).into()));
        }
    }
    let query = minimum_stocks::table.find((item.id.uuid(), location.id.uuid()));
    let seen = query.select(minimum_stocks::version).for_no_key_update();
    let seen: Option<i32> = seen.first(transaction.connection()?).await.optional()?;
    let current = seen.unwrap_or_default();
    if current != input.version {
        return Ok(Err(VersionConflict::new(current).into()));
    }
    let quantity = minimum_stocks::quantity.eq(input.minimum.map(|least| least.amount));
    let setting = if seen.is_some() {
        let row = (quantity, minimum_stocks::version.eq(minimum.version));
        diesel::update(query).set(row).execute(transaction.connection()?).await
    } else {
        let of =
            (minimum_stocks::item_id.eq(item.id.uuid()), minimum_stocks::location_id.eq(location.id.uuid()));
        let row = (of, quantity);
        diesel::insert_into(minimum_stocks::table).values(row).execute(transaction.connection()?).await
    };
    match setting {
        Ok(_) => {}
        // Somebody else set the first one at this moment.
        Err(error) if constraint(&error) == Some("minimum_stocks_pkey") => {
            return Ok(Err(VersionConflict::new(1).into()));
        }
        Err(error) => return Err(Error::from(error)),
    }
    let change = MinimumStockSet {
        item: minimum.item_id,
        location: minimum.location_id,
        version: minimum.version,
        minimum: minimum.minimum,
    };
    let changes = vec![Part::of(Class::Inventory, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: minimum.into() }))
}
