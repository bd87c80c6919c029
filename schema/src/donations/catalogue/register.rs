//! Registering an item: from then on it can be received.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::{CatalogueItemSet, Said, is_code, refused};
use crate::context::Context;
use crate::donations::tables::items;
use crate::donations::{Category, Item};
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::{Id, Quantity, Unit};

input! {
    /// What can be donated from now on.
    pub struct RegisterCatalogueItem {
        /// Its category.
        pub category: Id<Category>,
        /// Its own code, by which lists name it: 1 to 30 capital letters, digits, points, hyphens and underscores. Its GTIN, where it is left out; it has one of the two. It stays as it is.
        pub code: Option<String>,
        /// The number below its bars: 8, 12, 13 or 14 digits.
        pub gtin: Option<String>,
        /// Its name, 1 to 200 characters.
        pub name: String,
        /// The base unit in which every quantity of it counts. It stays once there are lots.
        pub unit: Unit,
        /// Whether each of its lots must have an expiry; it need not, where this is left out.
        pub perishable: Option<bool>,
        /// How many base units its packs hold.
        pub pack_sizes: Option<Vec<i32>>,
        /// What all stores together should hold at least; there is no such minimum, where it is left out.
        pub minimum_stock: Option<Quantity>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// An item, registered.
    pub struct RegisterCatalogueItemPayload: "RegisterCatalogueItemPayload" as Item {
        /// The item.
        item: Item,
    }
}

union! {
    /// The item, registered; or why it was not.
    pub enum RegisterCatalogueItemResult {
        Payload(RegisterCatalogueItemPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Registers an item.
pub(super) async fn register_catalogue_item(
    context: Context,
    input: RegisterCatalogueItem,
) -> Result<RegisterCatalogueItemResult> {
    let mut transaction =
        begin!(&context, "donations.registerCatalogueItem", &input, RegisterCatalogueItemResult);
    let done = add(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn add(
    context: &Context,
    transaction: &mut Transaction<'_, RegisterCatalogueItemPayload>,
    input: &RegisterCatalogueItem,
) -> Result<Result<Done<RegisterCatalogueItemPayload>, RegisterCatalogueItemResult>> {
    let code = input.code.as_deref().or(input.gtin.as_deref()).unwrap_or_default();
    let said = Said {
        category: input.category,
        gtin: input.gtin.as_deref(),
        name: &input.name,
        unit: input.unit,
        perishable: input.perishable.unwrap_or_default(),
        pack_sizes: input.pack_sizes.as_deref().unwrap_or_default(),
        minimum_stock: input.minimum_stock,
    };
    let named = (Id::new(context.new_uuid()?), code.to_owned(), 1);
    let item: Item = match said.checked(context, transaction, named).await? {
        Ok(item) => item,
        Err(refused) => return Ok(Err(refused)),
    };
    if !is_code(code) {
        let message = "A code has 1 to 30 capital letters, digits, points, hyphens and underscores, and begins with a letter or a digit. \
                       An item without one has a GTIN.";
        return Ok(Err(InvalidValue::new("code", message).into()));
    }
    context.authorize_write(Class::Inventory, RecordType::Item, &item)?;
    let row = (
        items::id.eq(item.id),
        items::programme_id.eq(context.programme_id()),
        items::category_id.eq(item.category_id),
        items::code.eq(&item.code),
        items::name.eq(&item.name),
        items::unit.eq(item.unit),
        items::gtin.eq(&item.gtin),
        items::perishable.eq(item.perishable),
        items::pack_sizes.eq(&item.pack_sizes),
        items::minimum_stock.eq(item.minimum_stock.map(|least| least.amount)),
    );
    let adding = diesel::insert_into(items::table).values(row).execute(transaction.connection()?).await;
    if let Err(error) = adding {
        return Ok(Err(refused(error)?.into()));
    }
    let changes = CatalogueItemSet::of(&item)?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: item.into() }))
}
