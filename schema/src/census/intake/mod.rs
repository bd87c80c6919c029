//! Intake: what a family says at the desk of vaccinations and of work, taken down by a registrar who reads neither HEALTH nor EMPLOYMENT.
//!
//! Whoever takes it down reads it, and nobody else does, until they hand it on: then the vaccinations are among those of health, the work is
//! the person's work profile, and whoever took it down is refused what was said as anyone is who does not read its class. That there is an
//! intake, and how far it is, is FAMILY.
//!
//! A tablet that was offline makes the ids and says when it happened. People are several fields of one request, each a transaction of its own.

mod load;
mod record;
mod submit;
mod tables;
mod withdraw;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use self::record::{RecordIntakePayload, record_intake};
use self::submit::{SubmitIntakePayload, submit_intake};
use self::withdraw::{WithdrawIntakePayload, withdraw_intake};
use crate::agencies::{SELF, User};
use crate::census::load::persons_by_ids;
use crate::census::{Judged, Person};
use crate::context::Context;
use crate::employment::{Skill, WorkHistory, WorkShift};
use crate::error::Result;
use crate::graph::{ConnectionKind, Graph, Record, graphql_enum, record};
use crate::health::DeclaredVaccination;
use crate::journal::{Change, Part};
use crate::scalars::Id;

pub(super) use load::intakes_of;

graphql_enum! {
    /// How far an intake is.
    pub enum IntakeState {
        /// It is being taken down.
        Open = "OPEN",
        /// It was handed on.
        Submitted = "SUBMITTED",
        /// It was taken down in error, and nothing of it is kept.
        Withdrawn = "WITHDRAWN",
    }
}

record! {
    /// What a family says at the desk of a person: vaccinations, and work. What was said is null where it was not said, where the person was
    /// erased, and of what was withdrawn.
    pub struct Intake: "Intake" as Intake, id "intake" {
        /// Global id.
        id: Id<Intake> => Public identifying,
        /// How far it is.
        state: IntakeState => Family,
        /// When the family began to say it.
        taken_at: DateTime<Utc> => Family,
        /// When it said the last of it.
        said_at: DateTime<Utc> => Family,
        /// When it was handed on or withdrawn.
        ended_at: Option<DateTime<Utc>> => Family,
        /// Who takes it down.
        taken_by: Id<User> => Family,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Family,
        /// The vaccinations that they declare.
        vaccinations: Option<Vec<DeclaredVaccination>> => Health,
        /// What they worked as, last or longest.
        occupation: Option<String> => Employment,
        /// For how many years.
        experience_years: Option<i32> => Employment,
        /// What they can do.
        skills: Option<Vec<Skill>> => Employment,
        /// In which languages they can work, ISO 639.
        languages: Option<Vec<String>> => Employment,
        /// What they learnt for it.
        training: Option<String> => Employment identifying,
        /// What they look for.
        seeks: Option<String> => Employment identifying,
        /// In which shifts they can work.
        shifts: Option<Vec<WorkShift>> => Employment,
        /// From when on they can work.
        available_from: Option<NaiveDate> => Employment,
        /// Of whom it tells.
        person_id: Uuid,
        /// The facts of the person.
        judged: Judged,
        /// Who is taking it down, while they are.
        taker: Option<Taker>,
    }
}

/// Who is taking an intake down, as policies compare it. In a stream it is nobody's own: its messages are made once for many users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Taker {
    /// The caller.
    Own,
    /// Somebody else.
    Another,
}

impl Taker {
    fn of(context: &Context, user: Uuid) -> Self {
        if context.is_own(user) { Self::Own } else { Self::Another }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Own => SELF,
            Self::Another => "another",
        }
    }
}

/// Each of these records is judged as the person of whom it tells, and by who is taking it down.
macro_rules! taken_down {
    ($($name:ident)+) => {$(
        impl $crate::graph::Facts for $name {
            fn fact(&self, fact: enlace_policies::Fact) -> Option<&str> {
                if fact == enlace_policies::Fact::User {
                    return self.taker.map($crate::census::intake::Taker::as_str);
                }
                self.judged.fact(fact)
            }

            fn members(&self, fact: enlace_policies::Fact) -> &[String] {
                self.judged.members(fact)
            }
        }
    )+};
}
use taken_down;

taken_down!(Intake);

/// The payload of a mutation of an intake: what is kept of the answer holds nothing that was said.
macro_rules! of_an_intake {
    ($(#[doc = $about:literal])+ $name:ident $graphql:literal) => {
        $crate::graph::record! {
            $(#[doc = $about])+
            #[derive(serde::Serialize, serde::Deserialize)]
            pub struct $name: $graphql as Intake {
                /// The intake.
                intake_id: uuid::Uuid,
                /// The facts of the person.
                judged: $crate::census::Judged,
                /// Who is taking it down, while they are.
                taker: Option<$crate::census::intake::Taker>,
            }
        }

        $crate::census::intake::taken_down!($name);

        impl AsRef<uuid::Uuid> for $name {
            fn as_ref(&self) -> &uuid::Uuid {
                &self.intake_id
            }
        }
    };
}
use of_an_intake;

/// What the two parts are sealed as; the second as [`WorkHistory`].
pub(crate) const VACCINATIONS: &str = "intake/vaccinations";
pub(crate) const WORK: &str = "intake/work";

/// What is sealed of the first.
pub(crate) type Vaccinations = Vec<DeclaredVaccination>;

/// In the journal, of one person: an intake of them came this far. It says nothing of what was said.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IntakeChanged {
    intake: Uuid,
    state: IntakeState,
    /// The version of the intake from here on.
    version: i32,
}

impl Change for IntakeChanged {
    const NAME: &'static str = "census.intakeChanged";
}

/// In the journal, of one person: which vaccinations were declared.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VaccinationsTaken {
    intake: Uuid,
    vaccinations: Vaccinations,
}

impl Change for VaccinationsTaken {
    const NAME: &'static str = "census.vaccinationsTaken";
}

/// In the journal, of one person: what they said of their work.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WorkTaken {
    intake: Uuid,
    work: WorkHistory,
}

impl Change for WorkTaken {
    const NAME: &'static str = "census.workTaken";
}

/// What the journal says of an intake that came this far.
fn changed(person: Uuid, (intake, state, version): (Uuid, IntakeState, i32)) -> Result<Part> {
    Part::of(Class::Family, Some(person), &IntakeChanged { intake, state, version })
}

/// Why nothing more is done with an intake that has ended.
const ENDED: &str = "This intake was handed on or withdrawn before. What else is said is another one.";

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<Intake>(|intake| {
        intake
            .one(
                "person",
                Class::Identity,
                "Of whom it tells.",
                |intake| Some(intake.person_id),
                persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
    });
    graph.node::<Intake, _, _>(Class::Family, load::intakes_by_ids);
    graph
        .query(
            "intakes",
            Class::Family,
            "What families say at the desk of people whom the caller may see, in the order of its ids. What is open shows what was said to whoever \
             takes it down alone. Needs a purpose.",
        )
        .connection(
            ConnectionKind { node: "Intake", connection: "IntakeConnection", edge: "IntakeEdge" },
            load::intakes,
        );
    payload::<RecordIntakePayload>(graph);
    payload::<SubmitIntakePayload>(graph);
    payload::<WithdrawIntakePayload>(graph);
    graph
        .mutation(
            "recordIntake",
            Class::Family,
            "Takes down what a family says of a person's vaccinations and work, as often as it says more; one is open of a person at a time, to \
             whoever takes it down. For whoever writes the person's IDENTITY; needs a purpose.",
        )
        .either(RecordType::Intake, record_intake);
    graph
        .mutation(
            "submitIntake",
            Class::Family,
            "Hands on what was taken down: the vaccinations to health, the work to employment. Whoever took it down is refused it from then on. \
             Needs a purpose.",
        )
        .either(RecordType::Intake, submit_intake);
    graph
        .mutation(
            "withdrawIntake",
            Class::Family,
            "Withdraws an intake that was taken down in error, or that nobody finishes: nothing of what was said is kept in it. Needs a purpose.",
        )
        .either(RecordType::Intake, withdraw_intake);
}

fn payload<P: Record + AsRef<Uuid>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "intake",
                Class::Family,
                "The intake as it is now.",
                |payload| Some(*payload.as_ref()),
                load::intakes_by_ids,
                |intake: &Intake| intake.id.uuid(),
            )
            .in_scope::<Intake>()
    });
}
