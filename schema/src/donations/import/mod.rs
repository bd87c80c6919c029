//! A donation whose lines stand in a file: CSV or a workbook, as people make them.
//!
//! The file is read twice: once to learn in what order its days are written, once to take its lines; a third time where all of
//! them must be good before one is received. What is found is told line by line as it is found, so that a file of any length
//! is reported whole and held nowhere. All rows are stored in one transaction: a donation is imported or it is not.

mod columns;
mod lines;
pub(super) mod mapping;
pub(super) mod progress;
mod run;
mod source;
pub(crate) mod upload;

use std::fs::File;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub use columns::ImportColumn;
pub use lines::LineCode;
pub use upload::{Upload, elsewhere};

use enlace_policies::{Answer, Class, RecordType, Verb};

use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::graph::graphql_enum;

/// What becomes of the lines of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportMode {
    /// None is received: the file is checked.
    Check,
    /// All are received, or none where one of them is wrong.
    All,
    /// Those that are good are received.
    Good,
}

graphql_enum! {
    /// In which order the days of a file are written, where the file itself does not tell.
    pub enum DayOrder {
        /// 31/01/2022.
        DayFirst = "DAY_FIRST",
        /// 01/31/2022.
        MonthFirst = "MONTH_FIRST",
        /// 22/01/31.
        YearFirst = "YEAR_FIRST",
    }
}

/// What is imported, beside the file. Its members are those of a query string.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Import {
    /// Global id of the donor.
    pub donor: String,
    /// Global id of the store that received the goods.
    pub location: String,
    /// What becomes of the lines.
    pub mode: ImportMode,
    /// When the goods were received; now, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<DateTime<Utc>>,
    /// The donor's own folio for the donation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub donor_reference: Option<String>,
    /// Global id of the campaign that it is given for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// The sheet of a workbook. Where neither this, nor `days`, nor `columns` is said, the donor's mapping says all three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// In which order days are written, where the file itself does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<DayOrder>,
    /// Which column is which, as `item:Producto,quantity:C`; found by their names, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<String>,
    /// Names this import: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
    pub key: String,
    /// Global id of an upload that has come whole, where the file is not sent with this. It is the file that makes an import
    /// another one, and not the way that it came.
    #[serde(default, skip_serializing)]
    pub upload: Option<String>,
}

/// What is told of an import while it goes on. The last of it is the outcome.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Told {
    /// Something about a line.
    Problem(LineProblem),
    /// What came of it.
    Outcome(ImportOutcome),
    /// It failed, and nothing was received.
    #[serde(skip)]
    Failed(Error),
}

/// What is wrong with a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LineProblem {
    /// The line in the file, as a spreadsheet counts: from 1.
    pub line: u32,
    /// The column that is wrong: its letters and its name, `C (Cantidad)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// From the closed list of [`LineCode`].
    pub code: LineCode,
    /// What to do about it.
    pub message: String,
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportOutcome {
    /// How many lines of goods the file has.
    pub lines: u32,
    /// How many of them are good.
    pub good: u32,
    /// How many things are wrong, several on one line counted each.
    pub problems: u32,
    /// How many articles the good lines hold.
    pub articles: i64,
    /// The donation that was received; none where the file was only checked, or nothing was received.
    pub donation: Option<ImportedDonation>,
}

/// A donation that an import made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedDonation {
    /// Global id.
    pub id: String,
    /// Its code.
    pub code: String,
}

/// What was counted of a pass over a file.
#[derive(Debug, Default)]
struct Count {
    lines: u32,
    good: u32,
    problems: u32,
    articles: i64,
}

/// How much is told before its reader has taken some of it: a slow reader slows the import, and is held in no memory.
const TOLD_AHEAD: usize = 256;

/// Imports a file. What is told of it comes as it is found; whoever stops listening before the outcome stops the import.
pub(crate) fn import(context: Context, import: Import, file: File, digest: [u8; 32]) -> mpsc::Receiver<Told> {
    let (tell, told) = mpsc::channel(TOLD_AHEAD);
    tokio::spawn(run::run(context, import, file, digest, tell));
    told
}

/// Whoever may receive nothing is told so before a file is looked at.
fn may_receive(context: &Context) -> Result<()> {
    if let Answer::Refused(refusal) = context.answer(Verb::Write, Class::Inventory, RecordType::Donation) {
        return Err(Error::new(Code::Forbidden, "You may not receive donations.")
            .with("policy", &*refusal.policy)
            .with("reason", &*refusal.reason)
            .with("policyVersion", context.policy_version()));
    }
    Ok(())
}
