//! Procedures for an RFC: opened, filed once their documents are together, and completed or not. They go forward only, by the database's
//! own law; one at most is open of a person, and one completed.

mod code;
mod load;
mod steps;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use self::steps::{advance_rfc_procedure, open_rfc_procedure};
use super::{Answers, answers, told_of};
use crate::census::{self, Person, PersonFacts};
use crate::graph::{ConnectionKind, Graph, Record, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(crate) use code::check_digit;
pub(super) use load::procedures_of;

graphql_enum! {
    /// Where a procedure for an RFC stands.
    pub enum RfcState {
        /// Its documents are being gathered.
        Opened = "OPENED",
        /// They are together.
        DocumentsComplete = "DOCUMENTS_COMPLETE",
        /// It is with the tax authority.
        Filed = "FILED",
        /// The person has an RFC.
        Completed = "COMPLETED",
        /// The tax authority refused it.
        Refused = "REFUSED",
        /// It goes on no more.
        Abandoned = "ABANDONED",
    }
}

graphql_enum! {
    /// A document that a procedure for an RFC needs.
    pub enum RfcDocument {
        /// One that says who the person is.
        Identification = "IDENTIFICATION",
        /// Proof of an address here: the shelter's letter will do.
        ProofOfAddress = "PROOF_OF_ADDRESS",
        /// A photograph.
        Photograph = "PHOTOGRAPH",
        /// The application, signed.
        SignedApplication = "SIGNED_APPLICATION",
    }
}

impl RfcDocument {
    /// What a procedure needs, of each one.
    pub(crate) const NEEDED: [Self; 4] =
        [Self::Identification, Self::ProofOfAddress, Self::Photograph, Self::SignedApplication];
}

record! {
    /// A procedure by which somebody comes by an RFC.
    pub struct RfcProcedure: "RfcProcedure" as WorkProfile, id "rfc_procedure" {
        /// Global id.
        id: Id<RfcProcedure> => Public identifying,
        /// Where it stands.
        state: RfcState => Employment,
        /// When it was opened.
        opened_on: NaiveDate => Employment,
        /// The documents that are there.
        documents: Option<Vec<RfcDocument>> => Employment,
        /// Those that are missing yet.
        documents_missing: Option<Vec<RfcDocument>> => Employment,
        /// When it was completed.
        completed_on: Option<NaiveDate> => Employment,
        /// The RFC, where it is known.
        rfc: Option<String> => Employment identifying,
        /// Why it was refused or abandoned.
        note: Option<String> => Employment identifying,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Employment,
        /// Whose it is.
        person_id: Uuid,
        /// The facts of the person.
        person: PersonFacts,
    }
}

told_of!(RfcProcedure);

answers! {
    /// A procedure, opened.
    OpenRfcProcedurePayload "OpenRfcProcedurePayload" as WorkProfile
    /// A procedure that went on.
    AdvanceRfcProcedurePayload "AdvanceRfcProcedurePayload" as WorkProfile
}

/// What is sealed of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RfcRecord {
    pub(crate) documents: Vec<RfcDocument>,
    pub(crate) rfc: Option<String>,
    pub(crate) note: Option<String>,
}

impl RfcRecord {
    /// What is missing of what is needed.
    fn missing(&self) -> Vec<RfcDocument> {
        RfcDocument::NEEDED.into_iter().filter(|needed| !self.documents.contains(needed)).collect()
    }
}

/// What it is sealed as.
pub(crate) const RFC: &str = "rfc_procedure";

/// In the journal, of one person: a procedure was opened, or went on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RfcProcedureChanged {
    procedure: Uuid,
    state: RfcState,
    completed_on: Option<NaiveDate>,
    record: RfcRecord,
}

impl Change for RfcProcedureChanged {
    const NAME: &'static str = "employment.rfcProcedureChanged";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<RfcProcedure>(|procedure| {
        procedure
            .one(
                "person",
                Class::Identity,
                "Whose it is.",
                |procedure| Some(procedure.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
    });
    graph.node::<RfcProcedure, _, _>(Class::Employment, load::procedures_by_ids);
    payload::<OpenRfcProcedurePayload>(graph);
    payload::<AdvanceRfcProcedurePayload>(graph);
    graph
        .query(
            "rfcProcedures",
            Class::Employment,
            "Procedures for an RFC of people whose work the caller may know of. Needs a purpose.",
        )
        .connection(
            ConnectionKind {
                node: "RfcProcedure",
                connection: "RfcProcedureConnection",
                edge: "RfcProcedureEdge",
            },
            load::procedures,
        );
    graph
        .mutation(
            "openRfcProcedure",
            Class::Employment,
            "Opens a procedure by which somebody comes by an RFC. Needs a purpose.",
        )
        .either(RecordType::WorkProfile, open_rfc_procedure);
    graph
        .mutation(
            "advanceRfcProcedure",
            Class::Employment,
            "Says which documents of a procedure for an RFC are there, or where it stands now: forward only. Needs a purpose.",
        )
        .either(RecordType::WorkProfile, advance_rfc_procedure);
}

fn payload<P: Record + Answers>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "rfcProcedure",
                Class::Employment,
                "The procedure as it is now.",
                P::changed,
                load::procedures_by_ids,
                |procedure: &RfcProcedure| procedure.id.uuid(),
            )
            .in_scope::<RfcProcedure>()
    });
}
