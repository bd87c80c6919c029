//! The catalogue: what can be donated, kept by those who work with it.

mod graphql;
mod gtin;
mod register;
mod revise;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::donations::load::CATEGORY_COLUMNS;
use crate::donations::tables::categories;
use crate::donations::{Category, Item};
use crate::error::{Error, Result};
use crate::journal::{Change, Part, Transaction, constraint};
use crate::problem::{InvalidValue, NotFound, StateConflict};
use crate::scalars::{Id, Quantity, Unit};

pub(super) use graphql::register;

/// How many kinds of pack an item may have.
const PACKS: usize = 10;

/// In the journal: an entry of the catalogue, as it is from then on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogueItemSet {
    item: Uuid,
    version: i32,
    code: String,
    category: Uuid,
    stock_kind: String,
    name: String,
    unit: Unit,
    gtin: Option<String>,
    perishable: bool,
    pack_sizes: Vec<i32>,
    minimum_stock: Option<Quantity>,
}

impl Change for CatalogueItemSet {
    const NAME: &'static str = "donations.catalogueItemSet";
}

impl CatalogueItemSet {
    /// What the journal says of an item.
    fn of(item: &Item) -> Result<Vec<Part>> {
        let change = Self {
            item: item.id.uuid(),
            version: item.version,
            code: item.code.clone(),
            category: item.category_id,
            stock_kind: item.stock_kind.clone(),
            name: item.name.clone(),
            unit: item.unit,
            gtin: item.gtin.clone(),
            perishable: item.perishable,
            pack_sizes: item.pack_sizes.clone(),
            minimum_stock: item.minimum_stock,
        };
        Ok(vec![Part::of(Class::Inventory, None, &change)?])
    }
}

/// What is said of an item, whether it is new or revised.
struct Said<'a> {
    category: Id<Category>,
    gtin: Option<&'a str>,
    name: &'a str,
    unit: Unit,
    perishable: bool,
    pack_sizes: &'a [i32],
    minimum_stock: Option<Quantity>,
}

impl Said<'_> {
    /// The item of that description, in a category that the caller may see; or what is wrong with it.
    async fn checked<A, R>(
        self,
        context: &Context,
        transaction: &mut Transaction<'_, A>,
        (id, code, version): (Id<Item>, String, i32),
    ) -> Result<Result<Item, R>>
    where
        A: Serialize + DeserializeOwned,
        R: From<NotFound> + From<InvalidValue>,
    {
        let query = categories::table
            .filter(categories::id.eq(self.category))
            .filter(categories::programme_id.eq(context.programme_id()))
            .select(CATEGORY_COLUMNS);
        let found: Option<Category> = query.first(transaction.connection()?).await.optional()?;
        let Some(category) = context.seen(Class::Inventory, RecordType::Category, found) else {
            return Ok(Err(NotFound::new("category").into()));
        };
        if let Some(refused) = self.wrong() {
            return Ok(Err(refused.into()));
        }
        let mut pack_sizes = self.pack_sizes.to_vec();
        pack_sizes.sort_unstable();
        Ok(Ok(Item {
            id,
            code,
            gtin: self.gtin.map(str::to_owned),
            name: self.name.trim().to_owned(),
            unit: self.unit,
            perishable: self.perishable,
            pack_sizes,
            minimum_stock: self.minimum_stock,
            version,
            category_id: category.id.uuid(),
            stock_kind: category.stock_kind,
        }))
    }

    /// Which value is out of its range, and what to do about it.
    fn wrong(&self) -> Option<InvalidValue> {
        if !(1..=200).contains(&self.name.trim().chars().count()) {
            return Some(InvalidValue::new("name", "A name has 1 to 200 characters."));
        }
        if self.gtin.is_some_and(|gtin| !gtin::is_gtin(gtin)) {
            let message = "A GTIN has 8, 12, 13 or 14 digits, and the last checks the others. Read it again.";
            return Some(InvalidValue::new("gtin", message));
        }
        let mut sizes = self.pack_sizes.to_vec();
        sizes.sort_unstable();
        sizes.dedup();
        if sizes.iter().any(|size| *size < 2) || sizes.len() != self.pack_sizes.len() || sizes.len() > PACKS {
            let message = "A pack holds two base units or more; an item has ten kinds of pack at most, each of another size.";
            return Some(InvalidValue::new("packSizes", message));
        }
        let least = self.minimum_stock?;
        if least.unit != self.unit {
            let message = format!("This item counts in {}.", self.unit.as_str());
            return Some(InvalidValue::new("minimumStock", &message));
        }
        let message = "A minimum is of one unit or more. Leave it out where there is none.";
        (least.amount <= 0).then(|| InvalidValue::new("minimumStock", message))
    }
}

/// What the database has against an item: another bears its code, its GTIN or its name, or its lots are counted in another unit.
fn refused(error: diesel::result::Error) -> Result<StateConflict> {
    let message = match constraint(&error) {
        Some("items_code_key") => "The catalogue has another item of this code. Read it with catalogue.",
        Some("items_gtin_key") => "The catalogue has another item of this GTIN. Read it with catalogue.",
        Some("items_name_key") => "The catalogue has another item of this name. Read it with catalogue.",
        Some("lots_unit_fkey") => {
            "Lots of this item are counted in its unit: it stays. Register what counts otherwise as an item of its own."
        }
        _ => return Err(Error::from(error)),
    };
    Ok(StateConflict::new(message))
}

/// Whether lists can name something so: 1 to 30 capital letters, digits, points, hyphens and underscores.
pub(super) fn is_code(text: &str) -> bool {
    let plain = |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit();
    text.len() <= 30
        && text.bytes().next().is_some_and(plain)
        && text.bytes().all(|letter| plain(letter) || matches!(letter, b'.' | b'_' | b'-'))
}
