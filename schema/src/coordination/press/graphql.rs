//! Visits of the press in the schema.

use enlace_policies::{Class, Fact, RecordType};

use super::decide::{
    ApprovePressVisitPayload, CancelPressVisitPayload, ClosePressVisitPayload, RefusePressVisitPayload,
    approve_press_visit, cancel_press_visit, close_press_visit, refuse_press_visit,
};
use super::propose::{ProposePressVisitPayload, propose_press_visit};
use super::{PressVisit, PressVisitChanged, load};
use crate::agencies::{self, Agency};
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, Record, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{self, Shelter};

record! {
    /// That a visit of the press was proposed, decided, done or cancelled.
    pub struct PressVisitChange: "PressVisitChange" as PressVisit {
        /// The visit, as it was then, without who comes.
        visit: PressVisit,
    }
}

impl Facts for PressVisitChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.visit.fact(fact)
    }
}

input! {
    /// Which visits of the press to follow.
    pub struct PressVisitChangedArguments {
        /// Only those to this shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
    }
}

fn change(arguments: &PressVisitChangedArguments, entry: &Entry) -> Result<Option<PressVisitChange>> {
    let Some(PressVisitChanged { visit }) = entry.change()? else { return Ok(None) };
    let wanted = arguments.shelter.is_none_or(|shelter| shelter.uuid() == visit.shelter_id);
    Ok(wanted.then_some(PressVisitChange { visit }))
}

/// Declares this part of the schema.
pub(in crate::coordination) fn register(graph: &mut Graph) {
    graph.object::<PressVisit>(|visit| {
        visit
            .one(
                "shelter",
                Class::Operational,
                "The shelter.",
                |visit| Some(visit.shelter_id),
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .one(
                "escort",
                Class::Operational,
                "The agency that goes with the visitors; null until it is approved.",
                |visit| visit.escort_id,
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
    });
    graph.object::<PressVisitChange>(|change| {
        change.carries(
            "visit",
            Class::Operational,
            "The visit, as it was then, without who comes.",
            |change| Some(change.visit.clone()),
        )
    });
    payload::<ProposePressVisitPayload>(graph);
    payload::<ApprovePressVisitPayload>(graph);
    payload::<RefusePressVisitPayload>(graph);
    payload::<ClosePressVisitPayload>(graph);
    payload::<CancelPressVisitPayload>(graph);
    graph.node::<PressVisit, _, _>(Class::Operational, load::visits_by_ids);
    graph
        .query("pressVisits", Class::Operational, "Visits of the press to shelters, page by page.")
        .connection(
            ConnectionKind { node: "PressVisit", connection: "PressVisitConnection", edge: "PressVisitEdge" },
            load::visits,
        );
    mutations(graph);
    graph
        .subscription(
            "pressVisitChanged",
            Class::Operational,
            "Each step of the visits of the press, as it is committed.",
        )
        .events(Changes::new(change).of_states(|change| vec![change.visit.id.uuid()]));
}

fn payload<P: Record + AsRef<PressVisit>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("visit", Class::Operational, "The visit as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn mutations(graph: &mut Graph) {
    graph
        .mutation("proposePressVisit", Class::Operational, "Proposes a visit of the press to a shelter.")
        .either(RecordType::PressVisit, propose_press_visit);
    graph
        .mutation(
            "approvePressVisit",
            Class::Operational,
            "Approves a visit of the press, on conditions: for whoever keeps the shelter and did not propose it.",
        )
        .either(RecordType::Shelter, approve_press_visit);
    graph
        .mutation(
            "refusePressVisit",
            Class::Operational,
            "Refuses a visit of the press: for whoever keeps the shelter and did not propose it.",
        )
        .either(RecordType::Shelter, refuse_press_visit);
    graph
        .mutation("closePressVisit", Class::Operational, "Says that an approved visit of the press was done.")
        .either(RecordType::PressVisit, close_press_visit);
    graph
        .mutation("cancelPressVisit", Class::Operational, "Cancels a visit of the press that was not done.")
        .either(RecordType::PressVisit, cancel_press_visit);
}
