//! Boxes and pallets, each with a printed code: what is packed in one leaves its store with it, or is unpacked first.

mod carry;
mod graphql;
mod label;
mod load;
mod pack;
pub(super) mod tables;

use chrono::{DateTime, Utc};
use diesel::Queryable;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Facts, graphql_enum, record};
use crate::journal::{Change, Done, Part, Transaction};
use crate::problem::NotFound;
use crate::scalars::{Id, Quantity};

pub(super) use graphql::register;

graphql_enum! {
    /// What kind of container it is.
    pub enum ContainerKind {
        /// A box that one person carries.
        Box = "BOX",
        /// A pallet.
        Pallet = "PALLET",
    }
}

record! {
    /// A box or a pallet.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Container: "Container" as Container, id "container" {
        /// Global id.
        id: Id<Container> => Public,
        /// Its printed code, unique in the programme: eight symbols, the last of which checks the others.
        code: String => Inventory,
        /// What kind it is.
        kind: ContainerKind => Inventory,
        /// What it is for, in words.
        note: Option<String> => Inventory,
        /// When it was first packed.
        made_at: DateTime<Utc> => Inventory,
        /// Raised by each change; whoever moves it carries the version that they saw.
        version: i32 => Inventory,
        /// The store in which it stands.
        location_id: Uuid,
        /// The shelter whose store it is.
        shelter: Option<String>,
    }
}

impl Facts for Container {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }
}

record! {
    /// So much of one lot, packed in a container.
    #[derive(Queryable)]
    pub struct ContainerLine: "ContainerLine" as Stock, id "container_line" {
        /// Global id.
        id: Id<ContainerLine> => Public,
        /// How much is in it.
        quantity: Quantity => Inventory,
        /// The container.
        container_id: Uuid,
        /// The lot.
        lot_id: Uuid,
        /// The shelter in whose store it stands.
        shelter: Option<String>,
        /// What kind of stock it is.
        stock_kind: String,
        /// The donating agency's code.
        donor_agency: Option<String>,
    }
}

impl Facts for ContainerLine {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::StockKind => Some(&self.stock_kind),
            Fact::DonorAgency => self.donor_agency.as_deref(),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}

/// In the journal: a container was packed, unpacked or moved; as it was then, with what is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContainerChanged {
    pub(crate) container: Container,
    pub(crate) packed: Vec<Packed>,
}

/// In the journal: so much of a lot, in a container.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Packed {
    lot: Uuid,
    quantity: Quantity,
}

impl Change for ContainerChanged {
    const NAME: &'static str = "donations.containerChanged";
}

/// What is committed of a container that changed: as the transaction sees it now.
async fn changed<P, R>(
    transaction: &mut Transaction<'_, P>,
    occurred_at: DateTime<Utc>,
    id: Id<Container>,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: Serialize + DeserializeOwned + From<Container>,
{
    let found = load::container_by_id(transaction.connection()?, id.uuid()).await?;
    let container = found.ok_or_else(|| Error::internal("a container that was changed is not there"))?;
    let lines = load::lines_of_container(transaction.connection()?, id.uuid()).await?;
    let packed = lines.into_iter().map(|line| Packed { lot: line.lot_id, quantity: line.quantity });
    let change = ContainerChanged { container, packed: packed.collect() };
    let changes = vec![Part::of(Class::Inventory, None, &change)?];
    Ok(Ok(Done { occurred_at, changes, payload: change.container.into() }))
}

/// A container that the caller may change, held until the transaction ends; or what is wrong with it.
async fn held<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Id<Container>,
) -> Result<std::result::Result<Container, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound>,
{
    load::hold_container(transaction.connection()?, id).await?;
    let found = load::container_by_id(transaction.connection()?, id.uuid()).await?;
    let Some(container) = context.seen(Class::Inventory, RecordType::Container, found) else {
        return Ok(Err(NotFound::new("container").into()));
    };
    context.authorize_write(Class::Inventory, RecordType::Container, &container)?;
    Ok(Ok(container))
}
