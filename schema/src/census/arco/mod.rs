//! What people ask of their own data: access, rectification, cancellation and opposition (R20), each with its clock in working days.
//!
//! Days, deadlines and the order of the steps are the database's, and so is what follows from a cancellation: the grant withholds the
//! person (blocking precedes erasure), the carrying out erases them, and takes two. How a request was proved, and each reason that is
//! given, is sealed under the person's key.

mod answering;
mod carrying_out;
mod erasing;
mod load;
mod receiving;
mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::census::load::{consents_opposed, persons_by_ids};
use crate::census::{Consent, Person, PersonFacts};
use crate::error::Result;
use crate::graph::{ConnectionKind, Facts, Graph, Record, graphql_enum, record};
use crate::journal::{Change, Part};
use crate::problem::InvalidValue;
use crate::scalars::Id;

pub(crate) use erasing::destroy_keys;

graphql_enum! {
    /// Which right over their data a person uses.
    pub enum ArcoKind {
        /// To see it, and have a copy.
        Access = "ACCESS",
        /// To have it put right.
        Rectification = "RECTIFICATION",
        /// To have it erased.
        Cancellation = "CANCELLATION",
        /// To have it shared no more.
        Opposition = "OPPOSITION",
    }
}

graphql_enum! {
    /// Who asks.
    pub enum ArcoAsker {
        /// The person.
        Person = "PERSON",
        /// A parent or a guardian.
        Guardian = "GUARDIAN",
        /// Somebody whom the person gave the power to.
        Representative = "REPRESENTATIVE",
        /// Of somebody who died: who has an interest in it by law.
        RelativeOfTheDeceased = "RELATIVE_OF_THE_DECEASED",
    }
}

graphql_enum! {
    /// How far a request is.
    pub enum ArcoState {
        /// It awaits the answer.
        Received = "RECEIVED",
        /// It awaits the answer, for which there is more time.
        Extended = "EXTENDED",
        /// It was granted, and is to be carried out.
        Granted = "GRANTED",
        /// It was refused.
        Refused = "REFUSED",
        /// It was granted and carried out.
        CarriedOut = "CARRIED_OUT",
    }
}

graphql_enum! {
    /// On which ground of the law a request is refused.
    pub enum ArcoGround {
        /// Who asks, or in what right, was not proved.
        NotProved = "NOT_PROVED",
        /// The data is not held here.
        NotHeld = "NOT_HELD",
        /// A law stands against it.
        LegalImpediment = "LEGAL_IMPEDIMENT",
        /// It would harm the rights of somebody else.
        RightsOfOthers = "RIGHTS_OF_OTHERS",
        /// It would hinder proceedings of a court or an authority.
        Proceedings = "PROCEEDINGS",
        /// An authority has restricted it.
        RestrictedByAuthority = "RESTRICTED_BY_AUTHORITY",
        /// It was done before.
        DoneBefore = "DONE_BEFORE",
        /// It is for somebody else to answer.
        NotCompetent = "NOT_COMPETENT",
        /// The data protects interests of the person's own.
        ProtectsThePerson = "PROTECTS_THE_PERSON",
        /// The data is needed for a duty that the person took on by law.
        DutyOfThePerson = "DUTY_OF_THE_PERSON",
    }
}

record! {
    /// That a person uses a right over their data. Texts are null where the caller may not read them, and once the person was erased.
    pub struct ArcoRequest: "ArcoRequest" as ArcoRequest, id "arco_request" {
        /// Global id.
        id: Id<ArcoRequest> => Public identifying,
        /// Which right.
        kind: ArcoKind => Consent,
        /// Who asks.
        asked_by: ArcoAsker => Consent,
        /// How it was proved who asks: a reference to the papers.
        proof: Option<String> => Consent identifying,
        /// The day it was received; the clock runs from the next one.
        received_on: NaiveDate => Consent,
        /// How far it is.
        state: ArcoState => Consent,
        /// The last day to answer it: 20 working days after it was received, 30 where the time was extended.
        due_on: NaiveDate => Consent,
        /// Once granted: the last day to carry it out, 15 working days after the answer.
        carry_out_by: Option<NaiveDate> => Consent,
        /// Whether the last day for what is to be done next is over.
        overdue: bool => Consent,
        /// When the time to answer was extended.
        extended_at: Option<DateTime<Utc>> => Consent,
        /// Why it was.
        extension_reason: Option<String> => Consent identifying,
        /// When it was answered.
        answered_at: Option<DateTime<Utc>> => Consent,
        /// On which ground it was refused.
        ground: Option<ArcoGround> => Consent,
        /// Why, in words.
        answer_reason: Option<String> => Consent identifying,
        /// Of a granted cancellation: when somebody asked that it be carried out, which another user does.
        erasure_asked_at: Option<DateTime<Utc>> => Consent,
        /// When it was carried out.
        carried_out_at: Option<DateTime<Utc>> => Consent,
        /// Of access that was carried out: to whom and how the copy was handed over.
        handed_over: Option<String> => Consent identifying,
        /// Of a rectification that was carried out: the person's version in which it is done.
        rectified_version: Option<i32> => Consent,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Consent,
        /// The person's version when it was received.
        person_version: i32,
        /// Who asked that a cancellation be carried out.
        erasure_asked_by: Option<Uuid>,
        /// Whose it is.
        person_id: Uuid,
        /// The facts of the person.
        person: PersonFacts,
    }
}

impl Facts for ArcoRequest {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.person.fact(fact)
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.person.members(fact)
    }
}

/// What its texts are sealed as.
pub(crate) const PROOF: &str = "arco/proof";
pub(crate) const EXTENSION: &str = "arco/extension";
pub(crate) const ANSWER: &str = "arco/answer";
pub(crate) const HANDED_OVER: &str = "arco/handedOver";

/// In the journal, of the person: a request came, or went on. Its texts stay with it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArcoChanged {
    request: Uuid,
    kind: ArcoKind,
    state: ArcoState,
    ground: Option<ArcoGround>,
    /// The version of the request from here on.
    version: i32,
}

impl Change for ArcoChanged {
    const NAME: &'static str = "census.arcoChanged";
}

/// What the journal says of a request that came to another state.
fn changed(request: &ArcoRequest, state: ArcoState, ground: Option<ArcoGround>) -> Result<Part> {
    let version = request.version.saturating_add(1);
    let change = ArcoChanged { request: request.id.uuid(), kind: request.kind, state, ground, version };
    Part::of(Class::Consent, Some(request.person_id), &change)
}

/// The payload of a mutation of requests, and the union that it answers. What is kept of the answer holds no text of the request.
macro_rules! answers {
    ($(#[doc = $about:literal])+ $payload:ident $graphql:literal, $(#[doc = $or:literal])+ $result:ident { $($problem:ident),* }) => {
        $crate::graph::record! {
            $(#[doc = $about])+
            #[derive(serde::Serialize, serde::Deserialize)]
            pub struct $payload: $graphql as ArcoRequest {
                /// The request.
                request_id: uuid::Uuid,
                /// The facts of the person.
                facts: $crate::census::PersonFacts,
            }
        }

        impl $crate::graph::Facts for $payload {
            fn fact(&self, fact: enlace_policies::Fact) -> Option<&str> {
                self.facts.fact(fact)
            }

            fn members(&self, fact: enlace_policies::Fact) -> &[String] {
                self.facts.members(fact)
            }
        }

        impl From<$crate::census::arco::ArcoRequest> for $payload {
            fn from(request: $crate::census::arco::ArcoRequest) -> Self {
                Self { request_id: request.id.uuid(), facts: request.person }
            }
        }

        impl AsRef<uuid::Uuid> for $payload {
            fn as_ref(&self) -> &uuid::Uuid {
                &self.request_id
            }
        }

        $crate::graph::union! {
            $(#[doc = $or])+
            pub enum $result {
                Payload($payload),
                NotFound($crate::problem::NotFound),
                InvalidValue($crate::problem::InvalidValue),
                StateConflict($crate::problem::StateConflict),
                $($problem($crate::problem::$problem),)*
                IdempotencyConflict($crate::problem::IdempotencyConflict),
            }
        }
    };
}
use answers;

/// A text of 3 to 500 characters, or what is wrong with it.
fn text(argument: &str, text: &str) -> std::result::Result<(), InvalidValue> {
    if (3..=500).contains(&text.trim().chars().count()) {
        return Ok(());
    }
    Err(InvalidValue::new(argument, "This has 3 to 500 characters."))
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<ArcoRequest>(|request| {
        request
            .one(
                "person",
                Class::Identity,
                "Whose data it is about; null where the caller may not see them.",
                |request| Some(request.person_id),
                persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .many(
                "consents",
                Class::Consent,
                "Of an opposition: the consents that it ends.",
                |request| Some(request.id.uuid()),
                consents_opposed,
                |consent: &Consent| consent.opposed_by.unwrap_or_default(),
            )
            .in_scope::<Consent>()
    });
    graph.node::<ArcoRequest, _, _>(Class::Consent, load::by_ids);
    graph
        .query(
            "arcoRequests",
            Class::Consent,
            "What people asked of their own data, in the order in which it was recorded. Needs a purpose.",
        )
        .connection(
            ConnectionKind {
                node: "ArcoRequest",
                connection: "ArcoRequestConnection",
                edge: "ArcoRequestEdge",
            },
            load::requests,
        );
    payloads(graph);
    graph
        .mutation(
            "recordArcoRequest",
            Class::Consent,
            "Records that a person asks for access to their data, its rectification or cancellation, or opposes consents. Needs a purpose.",
        )
        .either(RecordType::ArcoRequest, receiving::record_arco_request);
    graph
        .mutation(
            "extendArcoRequest",
            Class::Consent,
            "Extends the time to answer a request, once, by 10 working days, before it is over. Needs a purpose.",
        )
        .either(RecordType::ArcoAnswer, answering::extend_arco_request);
    graph
        .mutation(
            "answerArcoRequest",
            Class::Consent,
            "Grants or refuses a request. A cancellation that is granted withholds what is known of the person from everyone but the \
             coordinator, from the next request on. Needs a purpose.",
        )
        .either(RecordType::ArcoAnswer, answering::answer_arco_request);
    graph
        .mutation(
            "carryOutArcoRequest",
            Class::Consent,
            "Records that a granted request is carried out: that the copy was handed over, or in which version of the person what was wrong is \
             put right; of an opposition, it ends the consents. A cancellation is carried out by erasePerson. Needs a purpose.",
        )
        .either(RecordType::ArcoAnswer, carrying_out::carry_out_arco_request);
    graph
        .mutation(
            "askErasure",
            Class::Consent,
            "Asks that a granted cancellation be carried out. Another user does that, with erasePerson. Needs a purpose.",
        )
        .either(RecordType::Erasure, erasing::ask_erasure);
    graph
        .mutation(
            "erasePerson",
            Class::Consent,
            "Carries a cancellation out for which another user asked: destroys the person's key, so that what is sealed of them is unreadable \
             in every copy, for good. Needs a purpose.",
        )
        .either(RecordType::Erasure, erasing::erase_person);
}

fn payloads(graph: &mut Graph) {
    payload::<receiving::RecordArcoRequestPayload>(graph);
    payload::<answering::ExtendArcoRequestPayload>(graph);
    payload::<answering::AnswerArcoRequestPayload>(graph);
    payload::<carrying_out::CarryOutArcoRequestPayload>(graph);
    payload::<erasing::AskErasurePayload>(graph);
    payload::<erasing::ErasePersonPayload>(graph);
}

fn payload<P: Record + AsRef<Uuid>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "arcoRequest",
                Class::Consent,
                "The request as it is now.",
                |payload| Some(*payload.as_ref()),
                load::by_ids,
                |request: &ArcoRequest| request.id.uuid(),
            )
            .in_scope::<ArcoRequest>()
    });
}
