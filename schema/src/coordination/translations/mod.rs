//! Translations: documents and notices that agencies ask those that advise to translate, delivered by reference.
//!
//! What people are to read is published once another than its translator has seen it: the database holds it.

mod ask;
mod deliver;
mod graphql;
mod load;
mod review;
mod step;
mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use graphql::register;

graphql_enum! {
    /// Where a translation stands.
    pub enum TranslationState {
        /// It is to be made.
        Asked = "ASKED",
        /// It is there. What people are to read is yet to be seen by another.
        Delivered = "DELIVERED",
        /// Whoever reviewed it wants it otherwise.
        Returned = "RETURNED",
        /// It was seen by another, and people may read it.
        Published = "PUBLISHED",
        /// The agency that translates does not make it.
        Declined = "DECLINED",
        /// The agency that asked does not need it any more.
        Withdrawn = "WITHDRAWN",
    }
}

record! {
    /// A document or a notice that is translated. Its words name nobody.
    #[derive(Serialize, Deserialize)]
    pub struct Translation: "Translation" as Advice, id "translation" {
        /// Global id.
        id: Id<Translation> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// What it is.
        title: String => Operational,
        /// What is translated, by reference: which document, and where it is kept.
        source: String => Operational,
        /// The language that it is in: its code of two or three letters, ISO 639.
        source_language: String => Operational,
        /// The language that it is wanted in.
        target_language: String => Operational,
        /// The day on which it was asked for.
        asked_on: NaiveDate => Operational,
        /// The last day by which it is needed.
        needed_by: NaiveDate => Operational,
        /// Whether people are to read it, so that another has to see it first.
        to_publish: bool => Operational,
        /// Where it stands.
        state: TranslationState => Operational,
        /// Whether that day is past and it is yet to be delivered.
        overdue: bool => Operational,
        /// The translation, by reference: which document, and where it is kept.
        delivery: Option<String> => Operational,
        /// Its SHA-256 in hexadecimal digits, where it is a file.
        digest: Option<String> => Operational,
        /// When it was delivered last.
        delivered_at: Option<DateTime<Utc>> => Operational,
        /// When it was reviewed last.
        reviewed_at: Option<DateTime<Utc>> => Operational,
        /// What was said last: by whoever reviewed it, or why it is not made.
        note: Option<String> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// Key of the agency that translates.
        agency_id: Uuid,
        /// Its code.
        agency: String,
        /// Key of the agency that asks for it.
        asker_id: Uuid,
        /// Its code.
        asker: String,
    }
}

impl Facts for Translation {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.agency)
    }
}

/// In the journal: a translation was asked for, delivered, reviewed, declined or withdrawn; as it was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TranslationChanged {
    translation: Translation,
}

impl Change for TranslationChanged {
    const NAME: &'static str = "coordination.translationChanged";
}
