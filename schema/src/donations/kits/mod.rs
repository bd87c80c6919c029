//! Kits: named bills of material, such as what each person gets who comes. A kit is never stock: whoever gives one gives its items.

mod define;
mod graphql;
mod issue;
mod load;
mod revise;
pub(super) mod tables;

use diesel::Queryable;
use diesel::sql_types::{Array, Integer, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact};

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::Item;
use crate::donations::load::items_within_reach;
use crate::error::Result;
use crate::graph::{Facts, input, record};
use crate::journal::{Change, Part, Transaction};
use crate::problem::{InvalidValue, NotFound};
use crate::scalars::{Id, Quantity};

pub(super) use graphql::register;
pub(crate) use issue::issue_kits;
pub(super) use load::{bill, by_ids, one};

/// How many items a kit may consist of.
const LINES: usize = 50;

record! {
    /// A kit: items that are given together. It is never stock of its own.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Kit: "Kit" as Kit, id "kit" {
        /// Global id.
        id: Id<Kit> => Public,
        /// Its code, unique in the programme: deliveries name it so, and it stays.
        code: String => Inventory,
        /// Its name in Spanish.
        name: String => Inventory,
        /// Its name in English.
        name_en: String => Inventory,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Inventory,
    }
}

impl Facts for Kit {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

record! {
    /// So much of one item, in a kit.
    #[derive(Queryable)]
    pub struct KitLine: "KitLine" as Item, id "kit_line" {
        /// Global id.
        id: Id<KitLine> => Public,
        /// How much of the item one kit has, in its base unit.
        quantity: Quantity => Inventory,
        /// The kit.
        kit_id: Uuid,
        /// The item.
        item_id: Uuid,
        /// What kind of stock that is.
        stock_kind: String,
    }
}

impl Facts for KitLine {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::StockKind).then_some(&self.stock_kind)
    }
}

input! {
    /// So much of one item, for each kit.
    pub struct KitItem {
        /// The item.
        pub item: Id<Item>,
        /// How much, in its base unit.
        pub quantity: Quantity,
    }
}

/// In the journal: a kit, as it is from then on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KitSet {
    kit: Kit,
    lines: Vec<KitItem>,
}

impl Change for KitSet {
    const NAME: &'static str = "donations.kitSet";
}

impl KitSet {
    /// What the journal says of a kit.
    fn of(kit: &Kit, lines: &[KitItem]) -> Result<Vec<Part>> {
        let change = Self { kit: kit.clone(), lines: lines.to_vec() };
        Ok(vec![Part::of(Class::Inventory, None, &change)?])
    }
}

/// A name without what surrounds it; or what is wrong with it.
fn name(argument: &str, text: &str) -> std::result::Result<String, InvalidValue> {
    let text = text.trim();
    if (3..=120).contains(&text.chars().count()) {
        Ok(text.to_owned())
    } else {
        Err(InvalidValue::new(argument, "A name has 3 to 120 characters."))
    }
}

/// What is wrong with what a kit is to consist of.
async fn refused<A, R>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    lines: &[KitItem],
) -> Result<Option<R>>
where
    A: Serialize + DeserializeOwned,
    R: From<NotFound> + From<InvalidValue>,
{
    let refused = |argument: &str, message: &str| Ok(Some(InvalidValue::new(argument, message).into()));
    if !(1..=LINES).contains(&lines.len()) {
        return refused("lines", "A kit consists of 1 to 50 items.");
    }
    let wanted: Vec<Uuid> = lines.iter().map(|line| line.item.uuid()).collect();
    let items = items_within_reach(context, transaction.connection()?, &wanted).await?;
    for (place, line) in lines.iter().enumerate() {
        let Some(item) = items.iter().find(|item| item.id == line.item) else {
            return Ok(Some(NotFound::new(&format!("lines.{place}.item")).into()));
        };
        let problem = if line.quantity.unit != item.unit {
            Some(("quantity", format!("This item counts in {}.", item.unit.as_str())))
        } else if line.quantity.amount <= 0 {
            Some(("quantity", "A kit has one unit of it or more.".to_owned()))
        } else if wanted.iter().take(place).any(|earlier| *earlier == line.item.uuid()) {
            Some(("item", "This item stands in another line already. Say all of it in one.".to_owned()))
        } else {
            None
        };
        if let Some((field, message)) = problem {
            return refused(&format!("lines.{place}.{field}"), &message);
        }
    }
    Ok(None)
}

/// Writes what a kit consists of in its present version.
async fn write_lines<A: Serialize + DeserializeOwned>(
    transaction: &mut Transaction<'_, A>,
    kit: &Kit,
    lines: &[KitItem],
) -> Result<()> {
    let writing = diesel::sql_query(
        "INSERT INTO kit_lines (kit_id, version, item_id, quantity) \
         SELECT $1, $2, item, amount FROM unnest($3, $4) AS lines (item, amount)",
    )
    .bind::<SqlUuid, _>(kit.id.uuid())
    .bind::<Integer, _>(kit.version)
    .bind::<Array<SqlUuid>, _>(lines.iter().map(|line| line.item.uuid()).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(lines.iter().map(|line| line.quantity.amount).collect::<Vec<_>>());
    Prepared(writing).execute(transaction.connection()?).await?;
    Ok(())
}
