//! Reads of personal data, as entries of the journal: they stand in it before the data leave (R9, R21).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Result;
use crate::journal::append::append_alone;
use crate::journal::{Change, Part};

/// In the journal: someone read of people in care. It names them by opaque keys, and nothing of what was read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonalDataRead {
    /// For what, as the reader stated it.
    pub(crate) purpose: String,
    /// The data classes that were read.
    pub(crate) classes: Vec<String>,
    /// SHA-256 of the document that asked, in hexadecimal digits.
    pub(crate) document: String,
    /// How many people.
    pub(crate) count: usize,
    /// Their keys.
    pub(crate) persons: Vec<Uuid>,
}

impl Change for PersonalDataRead {
    const NAME: &'static str = "journal.personalDataRead";
}

/// Puts into the journal what a request reads of people in care, if it does.
pub(crate) async fn record_read(context: &Context, document: &str) -> Result<()> {
    let disclosed = context.disclosed();
    if disclosed.persons.is_empty() {
        return Ok(());
    }
    let read = PersonalDataRead {
        purpose: context.actor()?.principal.purpose.clone().unwrap_or_default(),
        classes: disclosed.classes.iter().map(|class| class.as_str().to_owned()).collect(),
        document: document.to_owned(),
        count: disclosed.persons.len(),
        persons: disclosed.persons.into_iter().collect(),
    };
    append_alone(context, "journal.read", vec![Part::of_journal(&read)?]).await
}
