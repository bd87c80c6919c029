//! What is really there: a store is counted, and what differs from the ledger is explained and settled in the ledger itself.

mod close;
mod graphql;
mod load;
mod open;
mod record;
mod settle;
pub(super) mod tables;

use chrono::{DateTime, Utc};
use diesel::Queryable;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::graph::{Facts, graphql_enum, record};
use crate::journal::{Change, Done, Part, Transaction};
use crate::problem::{NotFound, StateConflict};
use crate::scalars::{Id, Quantity, Unit};

pub(super) use graphql::register;

graphql_enum! {
    /// Where a count stands.
    pub enum StockCountState {
        /// It is being counted.
        Open = "OPEN",
        /// All that differed is settled in the ledger.
        Closed = "CLOSED",
        /// It was given up, and changed nothing.
        Cancelled = "CANCELLED",
    }
}

record! {
    /// A count of what really lies in a store.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct StockCount: "StockCount" as StockCount, id "stock_count" {
        /// Global id.
        id: Id<StockCount> => Public,
        /// Its code, unique in the programme.
        code: String => Inventory,
        /// Where it stands.
        state: StockCountState => Inventory,
        /// When it was opened.
        opened_at: DateTime<Utc> => Inventory,
        /// When it was closed or cancelled.
        ended_at: Option<DateTime<Utc>> => Inventory,
        /// Why it was cancelled.
        reason: Option<String> => Inventory,
        /// Of a closed count: how many lots lay in the store that nobody had counted.
        uncounted: Option<i32> => Inventory,
        /// Raised by each change; whoever closes or cancels it carries the version that they saw.
        version: i32 => Inventory,
        /// The store.
        location_id: Uuid,
        /// The category that is counted; none where all are.
        category_id: Option<Uuid>,
        /// The shelter whose store it is.
        shelter: Option<String>,
    }
}

impl Facts for StockCount {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }
}

record! {
    /// What was found of a lot, in a count.
    #[derive(Serialize, Deserialize)]
    pub struct StockCountLine: "StockCountLine" as Stock, id "stock_count_line" {
        /// Global id.
        id: Id<StockCountLine> => Public,
        /// How much was found.
        counted: Quantity => Inventory,
        /// How much the ledger had there when it was counted.
        expected: Quantity => Inventory,
        /// How much of that was not found.
        shortage: Quantity => Inventory,
        /// How much was found beyond it.
        surplus: Quantity => Inventory,
        /// When it was counted.
        counted_at: DateTime<Utc> => Inventory,
        /// When that was recorded.
        recorded_at: DateTime<Utc> => Inventory,
        /// Whether it holds: the lot was not counted anew in this count.
        holds: bool => Inventory,
        /// The count.
        count_id: Uuid,
        /// The lot.
        lot_id: Uuid,
        /// The shelter whose store it is.
        shelter: Option<String>,
        /// What kind of stock it is.
        stock_kind: String,
        /// The donating agency's code.
        donor_agency: Option<String>,
    }
}

impl Facts for StockCountLine {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::StockKind => Some(&self.stock_kind),
            Fact::DonorAgency => self.donor_agency.as_deref(),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}

impl StockCountLine {
    /// By how much more was found than the ledger had; negative, where it was less.
    fn difference(&self) -> i32 {
        self.counted.amount - self.expected.amount
    }

    fn unit(&self) -> Unit {
        self.counted.unit
    }
}

record! {
    /// Something that was counted differs from the ledger, and nothing explains it.
    #[derive(Serialize, Deserialize)]
    pub struct OpenDifferences: "OpenDifferences" as StockCount {
        /// From the closed list of error codes.
        code: String => Public,
        /// What to do about it.
        message: String => Public,
        /// What is open.
        differences: Vec<StockCountLine>,
    }
}

impl Facts for OpenDifferences {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

impl OpenDifferences {
    /// `told` says in words what is open.
    fn new(differences: Vec<StockCountLine>, told: &str) -> Self {
        let message = format!(
            "Not all differences are settled: {told}. Explain what is missing as lost or damaged. Of what is too much correct the movement that was wrong, or receive the donation that was never registered, and name it."
        );
        Self { code: Code::OpenDifferences.as_str().into(), message, differences }
    }
}

/// In the journal: a count was opened, went on, was closed or cancelled; as it was then, with the lines that were added.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StockCountChanged {
    pub(crate) count: StockCount,
    pub(crate) counted: Vec<Counted>,
}

/// In the journal: what was found of a lot, and what the ledger had of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counted {
    lot: Uuid,
    counted: Quantity,
    expected: Quantity,
}

impl Change for StockCountChanged {
    const NAME: &'static str = "donations.stockCountChanged";
}

/// What is committed of a count that changed: the count as the transaction sees it now.
async fn changed<P, R>(
    transaction: &mut Transaction<'_, P>,
    occurred_at: DateTime<Utc>,
    id: Id<StockCount>,
    counted: Vec<Counted>,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: Serialize + DeserializeOwned + From<StockCount>,
{
    let found = load::count_by_id(transaction.connection()?, id.uuid()).await?;
    let count = found.ok_or_else(|| Error::internal("a count that was changed is not there"))?;
    let change = StockCountChanged { count, counted };
    let changes = vec![Part::of(Class::Inventory, None, &change)?];
    Ok(Ok(Done { occurred_at, changes, payload: change.count.into() }))
}

/// A count that the caller may change, held until the transaction ends, so that whoever counts or ends it waits; or what is wrong with it.
async fn held_open<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Id<StockCount>,
) -> Result<std::result::Result<StockCount, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<StateConflict>,
{
    load::hold_count(transaction.connection()?, id).await?;
    let found = load::count_by_id(transaction.connection()?, id.uuid()).await?;
    let Some(count) = context.seen(Class::Inventory, RecordType::StockCount, found) else {
        return Ok(Err(NotFound::new("count").into()));
    };
    context.authorize_write(Class::Inventory, RecordType::StockCount, &count)?;
    if count.state != StockCountState::Open {
        return Ok(Err(StateConflict::new("This count is over. Open another one.").into()));
    }
    Ok(Ok(count))
}
