//! How far an import is, told to whoever follows it. It stands in the journal like all that is told, apart from the import's own
//! transaction: what was begun and came to nothing can be seen there too.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use enlace_policies::{Class, Fact};

use super::{Count, Import};
use crate::context::Context;
use crate::donations::load::donations_by_ids;
use crate::donations::{Donation, Donor};
use crate::graph::{Changes, Facts, Graph, graphql_enum, input, record};
use crate::journal::{Change, Part, record_notice};
use crate::scalars::Id;

/// After how many lines it is told anew.
pub(super) const EVERY: u32 = 5000;

graphql_enum! {
    /// How far an import is.
    pub enum ImportPhase {
        /// Its lines are looked at, and none is stored yet.
        Checking = "CHECKING",
        /// Its lines are being stored, all of them at once in the end.
        Storing = "STORING",
        /// It is over, and a donation was received.
        Received = "RECEIVED",
        /// It is over, and nothing was received: the file was only checked, or too much of it was wrong.
        NotReceived = "NOT_RECEIVED",
        /// It failed, and nothing was received.
        Failed = "FAILED",
    }
}

record! {
    /// How far an import is. Nothing of it is received before the phase is RECEIVED.
    #[derive(Serialize, Deserialize)]
    pub struct ImportProgress: "ImportProgress" as Donation {
        /// The key that its sender gave it.
        key: String => Inventory,
        /// How far it is.
        phase: ImportPhase => Inventory,
        /// How many lines of goods have been taken in this phase.
        lines: i32 => Inventory,
        /// How many there are; null before the file was read once.
        of: Option<i32> => Inventory,
        /// How many of them are good.
        good: i32 => Inventory,
        /// How many things are wrong with the others.
        problems: i32 => Inventory,
        /// The donation that was received.
        donation_id: Option<Uuid>,
        /// The agency that gives.
        donor_agency: Option<String>,
    }
}

impl Facts for ImportProgress {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::DonorAgency { self.donor_agency.as_deref() } else { None }
    }
}

/// In the journal: an import came so far.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportProgressed {
    progress: ImportProgress,
    donor: Id<Donor>,
    /// SHA-256 of the file, in hexadecimal digits.
    file: String,
}

impl Change for ImportProgressed {
    const NAME: &'static str = "donations.importProgressed";
}

/// What is told of one import.
pub(super) struct Progress<'r> {
    pub(super) context: &'r Context,
    pub(super) import: &'r Import,
    pub(super) file: String,
    pub(super) donor: Id<Donor>,
    pub(super) donor_agency: Option<String>,
}

impl Progress<'_> {
    /// Tells how far it is. An import does not fail because nobody could be told of it.
    pub(super) async fn tell(
        &self,
        phase: ImportPhase,
        count: &Count,
        of: Option<u32>,
        donation: Option<Uuid>,
    ) {
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let progress = ImportProgress {
            key: self.import.key.clone(),
            phase,
            lines: number(count.lines),
            of: of.map(number),
            good: number(count.good),
            problems: number(count.problems),
            donation_id: donation,
            donor_agency: self.donor_agency.clone(),
        };
        let change = ImportProgressed { progress, donor: self.donor, file: self.file.clone() };
        let told = match Part::of(Class::Inventory, None, &change) {
            Ok(part) => record_notice(self.context, "donations.tellImport", part).await,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::warn!(%error, "it could not be told how far an import is");
        }
    }
}

input! {
    /// Which imports to follow.
    pub struct ImportProgressedArguments {
        /// Only the import that was sent with this key; all where it is left out.
        pub key: Option<String>,
    }
}

/// What stands for an import whose key is a text.
fn named(key: &str) -> Uuid {
    let digest = Sha256::digest(key);
    Uuid::from_bytes(digest.first_chunk().copied().unwrap_or_default())
}

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    graph.object::<ImportProgress>(|progress| {
        progress.one(
            "donation",
            Class::Inventory,
            "The donation that was received; null before it was.",
            |progress| progress.donation_id,
            donations_by_ids,
            |donation: &Donation| donation.id.uuid(),
        )
    });
    graph.subscription("importProgressed", Class::Inventory, "How far imports are, as they go on.").events(
        Changes::new(|arguments: &ImportProgressedArguments, entry| {
            let change = entry.change::<ImportProgressed>()?.map(|change| change.progress);
            Ok(change.filter(|progress| arguments.key.as_ref().is_none_or(|key| progress.key == *key)))
        })
        .of_states(|progress| vec![named(&progress.key)]),
    );
}
