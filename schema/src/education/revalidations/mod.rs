//! Adults' schooling, revalidated: filed with its documents, and decided by the agency that revalidates, for good.

mod decide;
mod file;
mod graphql;
mod load;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Taught, taught};
use crate::graph::{graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use graphql::register;
pub(crate) use load::revalidations_of;

graphql_enum! {
    /// A level of schooling that is revalidated.
    pub enum RevalidationLevel {
        /// Primary school.
        Primary = "PRIMARY",
        /// Secondary school.
        Secondary = "SECONDARY",
        /// What follows secondary school.
        HighSchool = "HIGH_SCHOOL",
    }
}

graphql_enum! {
    /// Where a revalidation stands.
    pub enum RevalidationState {
        /// It is to be decided.
        Filed = "FILED",
        /// The level is certified.
        Certified = "CERTIFIED",
        /// It was refused.
        Refused = "REFUSED",
        /// The person does not want it any more.
        Withdrawn = "WITHDRAWN",
    }
}

graphql_enum! {
    /// What the agency that revalidates decides.
    pub enum RevalidationDecision {
        /// The level is certified.
        Certified = "CERTIFIED",
        /// It is not.
        Refused = "REFUSED",
    }
}

graphql_enum! {
    /// What an adult presents of their schooling.
    pub enum RevalidationDocument {
        /// A certificate of another country.
        ForeignCertificate = "FOREIGN_CERTIFICATE",
        /// A list of marks.
        Transcript = "TRANSCRIPT",
        /// An identity document.
        Identity = "IDENTITY",
        /// A translation of any of these.
        Translation = "TRANSLATION",
        /// An examination that was taken here.
        Examination = "EXAMINATION",
        /// A declaration under oath, where nothing else is left.
        Declaration = "DECLARATION",
    }
}

record! {
    /// An adult's schooling that is to be revalidated here, or was.
    pub struct Revalidation: "Revalidation" as Enrolment, id "revalidation" {
        /// Global id.
        id: Id<Revalidation> => Public identifying,
        /// The level.
        level: RevalidationLevel => Education,
        /// Where it stands.
        state: RevalidationState => Education,
        /// The day on which it was filed.
        filed_on: NaiveDate => Education,
        /// The day on which it was decided.
        decided_on: Option<NaiveDate> => Education,
        /// What was presented; null where what was known of the person was erased.
        documents: Option<Vec<RevalidationDocument>> => Education,
        /// The folio of the certificate.
        folio: Option<String> => Education identifying,
        /// Why it was refused or withdrawn.
        reason: Option<String> => Education identifying,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Education,
        /// Whose it is.
        person_id: Uuid,
        /// Key of the agency that decides.
        agency_id: Uuid,
        /// What policies turn on of it.
        taught: Taught,
    }
}

taught!(Revalidation);

/// What is sealed of a revalidation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SealedRevalidation {
    pub(crate) documents: Vec<RevalidationDocument>,
    pub(crate) folio: Option<String>,
    pub(crate) reason: Option<String>,
}

/// What it is sealed as.
pub(crate) const REVALIDATION: &str = "revalidation";

/// In the journal, of one person: a revalidation was filed, decided or withdrawn.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RevalidationChanged {
    revalidation: Uuid,
    level: RevalidationLevel,
    state: RevalidationState,
    record: SealedRevalidation,
}

impl Change for RevalidationChanged {
    const NAME: &'static str = "education.revalidationChanged";
}
