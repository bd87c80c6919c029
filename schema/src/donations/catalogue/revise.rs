//! Revising an item. Its code stays, by which lists name it; and its unit, once lots are counted in it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::{CatalogueItemSet, Said, refused};
use crate::context::Context;
use crate::donations::load::ITEM_COLUMNS;
use crate::donations::tables::items;
use crate::donations::{Category, Item};
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::{Id, Quantity, Unit};

input! {
    /// An item as it should be from now on. What is left out, it has no more.
    pub struct ReviseCatalogueItem {
        /// The item.
        pub item: Id<Item>,
        /// Its category.
        pub category: Id<Category>,
        /// The number below its bars: 8, 12, 13 or 14 digits.
        pub gtin: Option<String>,
        /// Its name, 1 to 200 characters.
        pub name: String,
        /// The base unit in which every quantity of it counts. It stays once there are lots.
        pub unit: Unit,
        /// Whether each lot of it that is received from now on must have an expiry.
        pub perishable: bool,
        /// How many base units its packs hold.
        pub pack_sizes: Option<Vec<i32>>,
        /// What all stores together should hold at least.
        pub minimum_stock: Option<Quantity>,
        /// The version of the item that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// An item, revised.
    pub struct ReviseCatalogueItemPayload: "ReviseCatalogueItemPayload" as Item {
        /// The item as it is now.
        item: Item,
    }
}

union! {
    /// The item, revised; or why it was not.
    pub enum ReviseCatalogueItemResult {
        Payload(ReviseCatalogueItemPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Revises an item.
pub(super) async fn revise_catalogue_item(
    context: Context,
    input: ReviseCatalogueItem,
) -> Result<ReviseCatalogueItemResult> {
    let mut transaction =
        begin!(&context, "donations.reviseCatalogueItem", &input, ReviseCatalogueItemResult);
    let done = change(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn change(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseCatalogueItemPayload>,
    input: &ReviseCatalogueItem,
) -> Result<Result<Done<ReviseCatalogueItemPayload>, ReviseCatalogueItemResult>> {
    let query = items::table
        .filter(items::id.eq(input.item))
        .filter(items::programme_id.eq(context.programme_id()))
        .select(ITEM_COLUMNS)
        .for_no_key_update();
    let found: Option<Item> = query.first(transaction.connection()?).await.optional()?;
    let Some(before) = context.seen(Class::Inventory, RecordType::Item, found) else {
        return Ok(Err(NotFound::new("item").into()));
    };
    // Whoever revises an item may write it as it was, and as it will be.
    context.authorize_write(Class::Inventory, RecordType::Item, &before)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    let said = Said {
        category: input.category,
        gtin: input.gtin.as_deref(),
        name: &input.name,
        unit: input.unit,
        perishable: input.perishable,
        pack_sizes: input.pack_sizes.as_deref().unwrap_or_default(),
        minimum_stock: input.minimum_stock,
    };
    let named = (before.id, before.code, input.version.saturating_add(1));
    let item: Item = match said.checked(context, transaction, named).await? {
        Ok(item) => item,
        Err(refused) => return Ok(Err(refused)),
    };
    context.authorize_write(Class::Inventory, RecordType::Item, &item)?;
    let row = (
        items::category_id.eq(item.category_id),
        items::name.eq(&item.name),
        items::unit.eq(item.unit),
        items::gtin.eq(&item.gtin),
        items::perishable.eq(item.perishable),
        items::pack_sizes.eq(&item.pack_sizes),
        items::minimum_stock.eq(item.minimum_stock.map(|least| least.amount)),
        items::version.eq(item.version),
    );
    let revising =
        diesel::update(items::table.find(item.id)).set(row).execute(transaction.connection()?).await;
    if let Err(error) = revising {
        return Ok(Err(refused(error)?.into()));
    }
    let changes = CatalogueItemSet::of(&item)?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: item.into() }))
}
