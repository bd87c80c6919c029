//! Incidents in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::close::{CloseIncidentPayload, close_incident};
use super::follow::{FollowUpIncidentPayload, follow_up_incident};
use super::involve::{InvolvePersonPayload, involve_person};
use super::report::{ReportIncidentPayload, report_incident};
use super::{Incident, IncidentChanged, IncidentFollowUp, IncidentStep, InvolvedPerson, load};
use crate::agencies::{self, Agency};
use crate::census::Person;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Graph, Object, Record, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{self, Shelter};

record! {
    /// That something was done about an incident.
    pub struct IncidentChange: "IncidentChange" as Incident {
        /// What was done; null in a snapshot.
        step: Option<IncidentStep> => Security,
        /// The incident, as it was then.
        incident: Incident,
        /// What was added.
        follow_up: Option<IncidentFollowUp>,
        /// The shelter's code.
        shelter: String,
    }
}

input! {
    /// Which incidents to follow.
    pub struct IncidentChangedArguments {
        /// Only those in this shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
    }
}

impl IncidentChange {
    fn new(step: Option<IncidentStep>, incident: Incident, follow_up: Option<IncidentFollowUp>) -> Self {
        Self { step, shelter: incident.shelter.clone(), incident, follow_up }
    }
}

fn change(arguments: &IncidentChangedArguments, entry: &Entry) -> Result<Option<IncidentChange>> {
    let Some(IncidentChanged { step, incident, follow_up }) = entry.change()? else { return Ok(None) };
    let wanted = arguments.shelter.is_none_or(|shelter| shelter.uuid() == incident.shelter_id);
    Ok(wanted.then(|| IncidentChange::new(Some(step), incident, follow_up)))
}

fn report(arguments: &IncidentChangedArguments, entry: &Entry) -> Result<Option<IncidentChange>> {
    Ok(change(arguments, entry)?.filter(|change| change.step == Some(IncidentStep::Reported)))
}

/// The open ones.
fn incidents_now<'c>(
    arguments: &'c IncidentChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<IncidentChange>>> {
    async move {
        let open = load::open(context, connection, arguments.shelter.map(Id::uuid)).await?;
        Ok(open.into_iter().map(|incident| IncidentChange::new(None, incident, None)).collect())
    }
    .boxed()
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Incident>(|incident| {
        incident
            .one(
                "shelter",
                Class::Security,
                "The shelter where it happened.",
                |incident| Some(incident.shelter_id),
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .one(
                "agency",
                Class::Security,
                "The agency that reported it.",
                |incident| Some(incident.agency_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .many(
                "followUps",
                Class::Security,
                "What was learnt or done since, in the order in which it was added.",
                |incident| Some(incident.id.uuid()),
                load::follow_ups_of,
                |added: &IncidentFollowUp| added.incident_id,
            )
            .many(
                "people",
                Class::Security,
                "Who was in it. To read them is in the journal, as each read of people is.",
                |incident| Some(incident.id.uuid()),
                load::people_of,
                |involved: &InvolvedPerson| involved.incident_id,
            )
            .in_scope::<InvolvedPerson>()
    });
    graph.object::<IncidentFollowUp>(|added| {
        let added = added.one(
            "agency",
            Class::Security,
            "The agency that added it.",
            |added| Some(added.agency_id),
            agencies::by_ids,
            |agency: &Agency| agency.id.uuid(),
        );
        added.one(
            "incident",
            Class::Security,
            "The incident.",
            |added| Some(added.incident_id),
            load::by_ids,
            incident_key,
        )
    });
    graph.object::<InvolvedPerson>(|involved| {
        involved.one(
            "incident",
            Class::Security,
            "The incident.",
            |involved| Some(involved.incident_id),
            load::by_ids,
            incident_key,
        )
    });
    graph.node::<Incident, _, _>(Class::Security, load::by_ids);
    graph.node::<IncidentFollowUp, _, _>(Class::Security, load::follow_ups_by_ids);
    graph.node::<InvolvedPerson, _, _>(Class::Security, load::people_by_ids);
    payloads(graph);
    graph
        .query("incidents", Class::Security, "Incidents of public order, page by page. Needs a purpose.")
        .connection(
            ConnectionKind { node: "Incident", connection: "IncidentConnection", edge: "IncidentEdge" },
            load::incidents,
        );
    mutations(graph);
    subscriptions(graph);
}

/// A person's edge to what is known of the incidents that they were in.
pub(crate) fn of_a_person(person: Object<Person>) -> Object<Person> {
    person
        .many(
            "involvements",
            Class::Security,
            "In which incidents they were, and what is said of them there.",
            |person| Some(person.id.uuid()),
            load::involvements_of,
            |involved: &InvolvedPerson| involved.person.uuid(),
        )
        .in_scope::<InvolvedPerson>()
}

fn incident_key(incident: &Incident) -> Uuid {
    incident.id.uuid()
}

fn payloads(graph: &mut Graph) {
    incident_payload::<ReportIncidentPayload>(graph);
    incident_payload::<CloseIncidentPayload>(graph);
    graph.object::<FollowUpIncidentPayload>(|payload| {
        payload
            .carries("followUp", Class::Security, "What was added.", |payload| {
                Some(payload.follow_up.clone())
            })
            .one(
                "incident",
                Class::Security,
                "The incident as it is now.",
                |payload| Some(payload.incident_id),
                load::by_ids,
                incident_key,
            )
    });
    graph.object::<InvolvePersonPayload>(|payload| {
        payload
            .one(
                "involved",
                Class::Security,
                "Who was added.",
                |payload| Some(payload.involved_id),
                load::people_by_ids,
                |involved: &InvolvedPerson| involved.id.uuid(),
            )
            .in_scope::<InvolvedPerson>()
            .one(
                "incident",
                Class::Security,
                "The incident as it is now.",
                |payload| Some(payload.incident_id),
                load::by_ids,
                incident_key,
            )
    });
    graph.object::<IncidentChange>(|change| {
        change
            .carries("incident", Class::Security, "The incident, as it was then.", |change| {
                Some(change.incident.clone())
            })
            .carries(
                "followUp",
                Class::Security,
                "What was added; null where it was nothing in words.",
                |change| change.follow_up.clone(),
            )
    });
}

fn incident_payload<P: Record + AsRef<Incident>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("incident", Class::Security, "The incident as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn mutations(graph: &mut Graph) {
    graph
        .mutation("reportIncident", Class::Security, "Reports what happened in a shelter. Needs a purpose.")
        .either(RecordType::Incident, report_incident);
    graph
        .mutation(
            "followUpIncident",
            Class::Security,
            "Adds to an open incident what was learnt or done since. Needs a purpose.",
        )
        .either(RecordType::Incident, follow_up_incident);
    graph
        .mutation(
            "involvePerson",
            Class::Security,
            "Says who was in an open incident, and with what part: by the person's id, of which nothing else is read. Needs a purpose.",
        )
        .either(RecordType::InvolvedPerson, involve_person);
    graph
        .mutation("closeIncident", Class::Security, "Closes an incident, for good. Needs a purpose.")
        .either(RecordType::Incident, close_incident);
}

fn subscriptions(graph: &mut Graph) {
    let states = |change: &IncidentChange| vec![change.incident.id.uuid()];
    graph
        .subscription(
            "incidentReported",
            Class::Security,
            "Each incident that is reported, as it is committed. Needs a purpose.",
        )
        .events(Changes::new(report).of_states(states));
    graph
        .subscription(
            "incidentChanged",
            Class::Security,
            "Each incident that is reported, and each thing that is done about one, as it is committed. Needs a purpose.",
        )
        .events(Changes::new(change).of_states(states).with_snapshot(incidents_now));
}
