//! Tutorials in the schema.

use enlace_policies::{Class, Fact, RecordType};

use super::give::{RecordTutorialSessionPayload, record_tutorial_session};
use super::publish::{
    AddTutorialEditionPayload, PublishTutorialPayload, WithdrawTutorialPayload, add_tutorial_edition,
    publish_tutorial, withdraw_tutorial,
};
use super::{
    Tutorial, TutorialChanged, TutorialEdition, TutorialGiven, TutorialSession, TutorialTopic, load,
};
use crate::agencies::{self, Agency};
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, Record, input, record};
use crate::journal::Entry;
use crate::shelters::{self, Shelter};

record! {
    /// That a tutorial was published, in other languages too, withdrawn or given.
    pub struct TutorialChange: "TutorialChange" as Advice {
        /// The tutorial, as it was then.
        tutorial: Tutorial,
        /// The session, where it was given.
        session: Option<TutorialSession>,
    }
}

impl Facts for TutorialChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.tutorial.fact(fact)
    }
}

input! {
    /// Which tutorials to follow.
    pub struct TutorialChangedArguments {
        /// Only those about this; all where it is left out.
        pub topic: Option<TutorialTopic>,
    }
}

fn change(arguments: &TutorialChangedArguments, entry: &Entry) -> Result<Option<TutorialChange>> {
    let change = if let Some(TutorialChanged { tutorial, .. }) = entry.change()? {
        TutorialChange { tutorial, session: None }
    } else if let Some(TutorialGiven { tutorial, session }) = entry.change()? {
        TutorialChange { tutorial, session: Some(session) }
    } else {
        return Ok(None);
    };
    let wanted = arguments.topic.is_none_or(|topic| topic == change.tutorial.topic);
    Ok(wanted.then_some(change))
}

/// Declares this part of the schema.
pub(in crate::coordination) fn register(graph: &mut Graph) {
    graph.object::<Tutorial>(|tutorial| {
        tutorial
            .one(
                "agency",
                Class::Operational,
                "The agency that gives it.",
                |tutorial| Some(tutorial.agency_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .many(
                "editions",
                Class::Operational,
                "What there is of it in each language.",
                |tutorial| Some(tutorial.id.uuid()),
                load::editions_of,
                |edition: &TutorialEdition| edition.tutorial_id,
            )
            .many(
                "sessions",
                Class::Operational,
                "Where it was given, and how many came, in the order of recording.",
                |tutorial| Some(tutorial.id.uuid()),
                load::sessions_of,
                |session: &TutorialSession| session.tutorial_id,
            )
    });
    graph.object::<TutorialEdition>(|edition| edition);
    graph.object::<TutorialSession>(|session| {
        session
            .one(
                "tutorial",
                Class::Operational,
                "The tutorial.",
                |session| Some(session.tutorial_id),
                load::by_ids,
                |tutorial: &Tutorial| tutorial.id.uuid(),
            )
            .one(
                "shelter",
                Class::Operational,
                "The shelter.",
                |session| Some(session.shelter_id),
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
    });
    graph.object::<TutorialChange>(|change| {
        change
            .carries("tutorial", Class::Operational, "The tutorial, as it was then.", |change| {
                Some(change.tutorial.clone())
            })
            .carries("session", Class::Operational, "The session, where it was given; else null.", |change| {
                change.session.clone()
            })
    });
    payload::<PublishTutorialPayload>(graph);
    payload::<AddTutorialEditionPayload>(graph);
    payload::<WithdrawTutorialPayload>(graph);
    graph.object::<RecordTutorialSessionPayload>(|payload| {
        payload
            .carries("session", Class::Operational, "The session.", |payload| Some(payload.session.clone()))
    });
    graph.node::<Tutorial, _, _>(Class::Operational, load::by_ids);
    graph.node::<TutorialEdition, _, _>(Class::Operational, load::editions_by_ids);
    graph.node::<TutorialSession, _, _>(Class::Operational, load::sessions_by_ids);
    roots(graph);
}

fn payload<P: Record + AsRef<Tutorial>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("tutorial", Class::Operational, "The tutorial as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn roots(graph: &mut Graph) {
    graph
        .query("tutorials", Class::Operational, "What agencies that advise teach by, page by page.")
        .connection(
            ConnectionKind { node: "Tutorial", connection: "TutorialConnection", edge: "TutorialEdge" },
            load::tutorials,
        );
    graph
        .mutation("publishTutorial", Class::Operational, "Publishes a tutorial, in some languages.")
        .either(RecordType::Advice, publish_tutorial);
    graph
        .mutation("addTutorialEdition", Class::Operational, "Publishes a tutorial in another language.")
        .either(RecordType::Advice, add_tutorial_edition);
    graph
        .mutation("withdrawTutorial", Class::Operational, "Says that a tutorial is not to be used any more.")
        .either(RecordType::Advice, withdraw_tutorial);
    graph
        .mutation(
            "recordTutorialSession",
            Class::Operational,
            "Says that a tutorial was given in a shelter, and how many came.",
        )
        .either(RecordType::Advice, record_tutorial_session);
    graph
        .subscription(
            "tutorialChanged",
            Class::Operational,
            "Each tutorial that is published, withdrawn or given, as it is committed.",
        )
        .events(Changes::new(change));
}
