//! Visits: a person with a clinician, one at a time, with what was noted and concluded.

mod advised;
mod close;
mod diagnose;
mod load;
mod open;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::{FactSource, InScope};
use crate::census::tables::persons;
use crate::census::{self, Checked, Person, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{ConnectionKind, Graph, graphql_enum, record};
use crate::health::prescriptions::prescriptions_of_visits;
use crate::health::tables::visits;
use crate::health::{Diagnosis, Prescription, load as findings};
use crate::scalars::Id;

pub(super) use advised::advised;
pub(super) use close::CloseVisitPayload;
pub(super) use diagnose::RecordDiagnosisPayload;
pub(super) use load::visits_by_ids;
pub(crate) use load::visits_of;
pub(super) use open::OpenVisitPayload;

graphql_enum! {
    /// What a visit is for.
    pub enum Specialty {
        /// General medicine.
        General = "GENERAL",
        /// Gynaecology.
        Gynaecological = "GYNAECOLOGICAL",
        /// A control of a pregnancy.
        Prenatal = "PRENATAL",
        /// After a birth.
        Postnatal = "POSTNATAL",
        /// Psychology.
        Psychological = "PSYCHOLOGICAL",
        /// Psychiatry.
        Psychiatric = "PSYCHIATRIC",
        /// Another specialty.
        Specialist = "SPECIALIST",
    }
}

record! {
    /// A visit of a person to a clinician.
    pub struct Visit: "Visit" as Diagnosis, id "visit" {
        /// Global id.
        id: Id<Visit> => Public identifying,
        /// When it began.
        opened_at: DateTime<Utc> => Health,
        /// When it was closed; null while it is open.
        closed_at: Option<DateTime<Utc>> => Health,
        /// What it is for.
        specialty: Option<Specialty> => Health,
        /// What was noted.
        note: Option<String> => Health,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Health,
        /// Of whom.
        person_id: Uuid,
        /// Their key, as policies compare it.
        person: String,
    }
}

/// What is sealed of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Encounter {
    pub(crate) specialty: Specialty,
    pub(crate) note: Option<String>,
}

/// What it is sealed as.
pub(crate) const VISIT: &str = "visit";

/// Where the facts of a visit stand in a query of its table.
fn visit_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::Person => Some(FactSource::Column("visits.person_id::text")),
        Fact::Withheld => Some(FactSource::Column(
            "(SELECT persons.withheld FROM persons WHERE persons.id = visits.person_id)",
        )),
        _ => None,
    }
}

/// A visit's row, held until the transaction ends.
#[derive(Queryable)]
pub(super) struct HeldVisit {
    pub(super) person: Uuid,
    pub(super) opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    version: i32,
    record: Vec<u8>,
}

/// Holds a visit within the caller's reach, and its person; none where there is no such visit.
pub(super) async fn held(
    context: &Context,
    connection: &mut AsyncPgConnection,
    visit: Uuid,
) -> Result<Option<HeldVisit>> {
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Diagnosis)? else { return Ok(None) };
    let query = visits::table
        .inner_join(persons::table)
        .filter(visits::id.eq(visit))
        .filter(persons::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, visit_facts))
        .select((visits::person_id, visits::opened_at, visits::closed_at, visits::version, visits::record))
        .for_no_key_update();
    Ok(query.first(connection).await.optional()?)
}

/// A clinician's text has 1 to 4,000 characters, in as many lines as it needs.
pub(super) fn note_of(argument: &str, text: Option<&str>) -> Checked {
    let fits = text.is_none_or(|text| (1..=4_000).contains(&text.chars().count()) && !text.trim().is_empty());
    needs(fits, argument, "This text has 1 to 4,000 characters.")
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<Visit>(|visit| {
        visit
            .one(
                "person",
                Class::Identity,
                "Of whom.",
                |visit| Some(visit.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .many(
                "diagnoses",
                Class::Health,
                "What was concluded in it, oldest first.",
                |visit| Some(visit.id.uuid()),
                findings::diagnoses_of_visits,
                |diagnosis: &Diagnosis| diagnosis.visit_id.unwrap_or_default(),
            )
            .in_scope::<Diagnosis>()
            .many(
                "prescriptions",
                Class::Health,
                "What was prescribed in it, oldest first.",
                |visit| Some(visit.id.uuid()),
                prescriptions_of_visits,
                |prescription: &Prescription| prescription.visit_id,
            )
            .in_scope::<Prescription>()
    });
    graph.node::<Visit, _, _>(Class::Health, load::visits_by_ids);
    graph.object::<OpenVisitPayload>(|payload| {
        payload
            .one(
                "visit",
                Class::Health,
                "The visit as it is now.",
                |payload| Some(payload.visit_id),
                load::visits_by_ids,
                |visit: &Visit| visit.id.uuid(),
            )
            .in_scope::<Visit>()
    });
    graph.object::<CloseVisitPayload>(|payload| {
        payload
            .one(
                "visit",
                Class::Health,
                "The visit as it is now.",
                |payload| Some(payload.visit_id),
                load::visits_by_ids,
                |visit: &Visit| visit.id.uuid(),
            )
            .in_scope::<Visit>()
    });
    graph.object::<RecordDiagnosisPayload>(|payload| {
        payload
            .one(
                "diagnosis",
                Class::Health,
                "The diagnosis.",
                |payload| Some(payload.diagnosis_id),
                findings::diagnoses_by_ids,
                |diagnosis: &Diagnosis| diagnosis.id.uuid(),
            )
            .in_scope::<Diagnosis>()
    });
    graph
        .mutation(
            "openVisit",
            Class::Health,
            "Opens a visit of a person, who has one at a time. Needs a purpose.",
        )
        .either(RecordType::Diagnosis, open::open_visit);
    graph
        .mutation("closeVisit", Class::Health, "Closes a visit, for good. Needs a purpose.")
        .either(RecordType::Diagnosis, close::close_visit);
    graph
        .mutation(
            "recordDiagnosis",
            Class::Health,
            "Records what a clinician concludes in a visit, while that is open. Needs a purpose.",
        )
        .either(RecordType::Diagnosis, diagnose::record_diagnosis);
    graph
        .query(
            "visits",
            Class::Health,
            "A person's visits, in the order in which they were recorded. Needs a purpose.",
        )
        .connection(
            ConnectionKind { node: "Visit", connection: "VisitConnection", edge: "VisitEdge" },
            load::visits,
        );
}
