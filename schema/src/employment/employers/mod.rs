//! Employers: who offers work, and how to reach them. They are COUNTERPARTY: nobody in care, and known to those alone who deal with them.

mod load;
mod write;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use self::write::{RegisterEmployerPayload, ReviseEmployerPayload, register_employer, revise_employer};
use crate::agencies::{self, Agency};
use crate::graph::{ConnectionKind, Facts, Graph, Record, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use load::employers_by_ids;

record! {
    /// Who offers work.
    #[derive(Serialize, Deserialize)]
    pub struct Employer: "Employer" as Employer, id "employer" {
        /// Global id.
        id: Id<Employer> => Public,
        /// Its name.
        name: String => Counterparty,
        /// Its line of business.
        trade: String => Counterparty,
        /// How to reach it.
        contact: String => Counterparty,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Counterparty,
        /// Key of the agency as which its contacts sign in.
        agency_id: Option<Uuid>,
        /// That agency's code.
        agency: Option<String>,
    }
}

impl Facts for Employer {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Agency { self.agency.as_deref() } else { None }
    }
}

/// In the journal: an employer was registered or revised. Who it is stands in its own row alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmployerSet {
    employer: Uuid,
    version: i32,
    agency: Option<String>,
}

impl Change for EmployerSet {
    const NAME: &'static str = "employment.employerSet";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<Employer>(|employer| {
        employer.one(
            "agency",
            Class::Counterparty,
            "The agency as which its contacts sign in; null where they do not.",
            |employer| employer.agency_id,
            agencies::by_ids,
            |agency: &Agency| agency.id.uuid(),
        )
    });
    graph.node::<Employer, _, _>(Class::Counterparty, employers_by_ids);
    payload::<RegisterEmployerPayload>(graph);
    payload::<ReviseEmployerPayload>(graph);
    graph
        .query("employers", Class::Counterparty, "Who offers work, in the order of registration.")
        .connection(
            ConnectionKind { node: "Employer", connection: "EmployerConnection", edge: "EmployerEdge" },
            load::employers,
        );
    graph
        .mutation("registerEmployer", Class::Counterparty, "Registers who offers work.")
        .either(RecordType::Employer, register_employer);
    graph
        .mutation(
            "reviseEmployer",
            Class::Counterparty,
            "Sets what an employer is called and how to reach it anew.",
        )
        .either(RecordType::Employer, revise_employer);
}

fn payload<P: Record + AsRef<Employer>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("employer", Class::Counterparty, "The employer as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}
