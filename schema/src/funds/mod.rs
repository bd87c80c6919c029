//! Funds: where the money comes from, what it is kept for, what is committed of it and what was spent; with the documents that show it, by
//! reference.
//!
//! What was spent is never more than what is committed, that no more than what is planned, and that no more than what was granted: the
//! database keeps each sum and holds all three. An expense is taken back by another that reverses it; nothing is rewritten.

mod commit;
mod graphql;
mod lines;
mod load;
mod sources;
mod spend;
pub(crate) mod tables;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::census::{Checked, needs};
use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::{Id, Money};

pub(crate) use graphql::register;

graphql_enum! {
    /// What money is kept for.
    pub enum BudgetPurpose {
        /// Registering people.
        Census = "CENSUS",
        /// Health care and medicines.
        Health = "HEALTH",
        /// Shelters and lodging.
        Shelters = "SHELTERS",
        /// Food.
        Food = "FOOD",
        /// Work, training and procedures for it.
        Employment = "EMPLOYMENT",
        /// Goods, their storing and their transport.
        Donations = "DONATIONS",
        /// Dwellings and what is needed to move in.
        Housing = "HOUSING",
        /// Courses and school.
        Education = "EDUCATION",
        /// Journeys.
        Departures = "DEPARTURES",
        /// Works on the centres.
        Rehabilitation = "REHABILITATION",
        /// All else that keeps the programme going.
        Coordination = "COORDINATION",
    }
}

record! {
    /// Where money comes from.
    #[derive(Serialize, Deserialize)]
    pub struct FundingSource: "FundingSource" as Fund, id "funding_source" {
        /// Global id.
        id: Id<FundingSource> => Public,
        /// Its code, unique in the programme.
        code: String => Funds,
        /// Who grants it, or what it comes of; no private person.
        name: String => Funds,
        /// What was granted.
        granted: Money => Funds,
        /// How much of that is planned for something.
        planned: Money => Funds,
        /// The day on which it was granted.
        granted_on: NaiveDate => Funds,
        /// The document that shows it, by reference.
        evidence: String => Funds,
    }
}

record! {
    /// What some of a source is kept for.
    #[derive(Serialize, Deserialize)]
    pub struct BudgetLine: "BudgetLine" as Fund, id "budget_line" {
        /// Global id.
        id: Id<BudgetLine> => Public,
        /// Its code.
        code: String => Funds,
        /// What kind of thing it is for.
        purpose: BudgetPurpose => Funds,
        /// What it is for.
        title: String => Funds,
        /// How much is planned for it.
        planned: Money => Funds,
        /// How much of that is committed.
        committed: Money => Funds,
        /// How much of that was spent.
        spent: Money => Funds,
        /// Raised by each change, and by each commitment; an update carries the version that it saw.
        version: i32 => Funds,
        /// Key of the source.
        source_id: Uuid,
    }
}

record! {
    /// Money that is owed for something, or kept for it.
    #[derive(Serialize, Deserialize)]
    pub struct Commitment: "Commitment" as Fund, id "commitment" {
        /// Global id.
        id: Id<Commitment> => Public,
        /// Its code.
        code: String => Funds,
        /// What for.
        title: String => Funds,
        /// How much.
        committed: Money => Funds,
        /// How much of that was spent.
        spent: Money => Funds,
        /// The day on which it was committed.
        committed_on: NaiveDate => Funds,
        /// The document that shows it, by reference.
        evidence: String => Funds,
        /// Raised by each change, and by each expense; an update carries the version that it saw.
        version: i32 => Funds,
        /// Key of the line.
        line_id: Uuid,
    }
}

record! {
    /// Money that was spent of a commitment, or an expense that is taken back.
    #[derive(Serialize, Deserialize)]
    pub struct Expense: "Expense" as Fund, id "expense" {
        /// Global id.
        id: Id<Expense> => Public,
        /// Its code.
        code: String => Funds,
        /// How much.
        amount: Money => Funds,
        /// The day on which it was spent.
        spent_on: NaiveDate => Funds,
        /// The document that shows it, by reference.
        evidence: String => Funds,
        /// Key of the expense that this one takes back.
        reverses_id: Option<Uuid>,
        /// Key of the commitment.
        commitment_id: Uuid,
    }
}

record! {
    /// All money of one currency together.
    pub struct Budget: "Budget" as Fund {
        /// What was granted.
        granted: Money => Funds,
        /// How much of that is planned for something.
        planned: Money => Funds,
        /// How much of that is committed.
        committed: Money => Funds,
        /// How much of that was spent.
        spent: Money => Funds,
    }
}

/// Policies ask nothing of money but that it is money.
macro_rules! factless {
    ($($row:ident),+) => {
        $(impl Facts for $row {
            fn fact(&self, _: Fact) -> Option<&str> {
                None
            }
        })+
    };
}
factless!(FundingSource, BudgetLine, Commitment, Expense, Budget);

/// In the journal: money was granted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SourceRecorded {
    source: FundingSource,
}

impl Change for SourceRecorded {
    const NAME: &'static str = "funds.sourceRecorded";
}

/// In the journal: a line of the budget changed; as it was then, with the commitment and the expense by which it did.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BudgetChanged {
    line: BudgetLine,
    commitment: Option<Commitment>,
    expense: Option<Expense>,
}

impl Change for BudgetChanged {
    const NAME: &'static str = "funds.budgetChanged";
}

/// Whether an amount is more than nothing, and of a currency.
fn checked_amount(amount: Money, currency: &str) -> Checked {
    let message = format!("Money of this source is {currency}, and an amount is more than nothing.");
    needs(amount.hundredths > 0 && amount.currency() == currency, "amount", &message)
}

/// Whether a text is of a length that its column takes.
fn checked_text(argument: &str, text: &str, most: usize) -> Checked {
    let message = format!("This has 3 to {most} characters.");
    needs((3..=most).contains(&text.trim().chars().count()), argument, &message)
}

/// What is said where more would be planned than was granted.
const BEYOND_GRANT: &str = "The source has less than that left. Plan less, or of another source.";
/// What is said where more would be committed than is planned, or is committed already.
const BEYOND_PLAN: &str = "The line has less than that left. Commit less, or plan more first.";
/// What is said where more would be spent than is committed, or was spent already.
const BEYOND_COMMITMENT: &str = "The commitment has less than that left. Commit more first.";
