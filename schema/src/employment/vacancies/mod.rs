//! Vacancies: what work there is, for how many, and how many have it. Of the employer a vacancy shows only who may deal with it.

mod load;
mod matches;
mod write;

use chrono::NaiveDate;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use self::write::{
    CloseVacancyPayload, OpenVacancyPayload, ReviseVacancyPayload, close_vacancy, open_vacancy,
    revise_vacancy,
};
use super::employers::{Employer, employers_by_ids};
use super::{Skill, WorkShift};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, Record, graphql_enum, input, record};
use crate::journal::{Change, Entry, Part};
use crate::scalars::{Id, Money};

pub(super) use load::{vacancies_by_ids, vacancy_in};

record! {
    /// Work that an employer offers.
    #[derive(Serialize, Deserialize)]
    pub struct Vacancy: "Vacancy" as Vacancy, id "vacancy" {
        /// Global id.
        id: Id<Vacancy> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// What the work is.
        title: String => Operational,
        /// More about it.
        description: Option<String> => Operational,
        /// What somebody must be able to do.
        skills: Vec<Skill> => Operational,
        /// In which languages somebody must be able to work, ISO 639.
        languages: Vec<String> => Operational,
        /// When in the day.
        shift: WorkShift => Operational,
        /// The day on which the work begins.
        starts_on: NaiveDate => Operational,
        /// A month's wage; null where it is not said.
        wage: Option<Money> => Operational,
        /// For how many.
        openings: i32 => Operational,
        /// How many hold a job of it now.
        filled: i32 => Operational,
        /// Since when it is offered.
        opened_on: NaiveDate => Operational,
        /// The last day on which it was offered; null while it is.
        closed_on: Option<NaiveDate> => Operational,
        /// Raised by each change, and by each opening that is filled or free again; an update carries the version that it saw.
        version: i32 => Operational,
        /// Key of the employer.
        employer_id: Uuid,
        /// Code of the agency as which that employer's contacts sign in.
        agency: Option<String>,
    }
}

impl Facts for Vacancy {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Agency { self.agency.as_deref() } else { None }
    }
}

graphql_enum! {
    /// What became of a vacancy.
    pub enum VacancyStep {
        /// It is offered.
        Opened = "OPENED",
        /// It was revised.
        Revised = "REVISED",
        /// One of its openings was filled.
        Filled = "FILLED",
        /// One of its openings is free again.
        Freed = "FREED",
        /// It is offered no more.
        Closed = "CLOSED",
    }
}

/// In the journal: something became of a vacancy; as it was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VacancyChanged {
    step: VacancyStep,
    vacancy: Vacancy,
}

impl Change for VacancyChanged {
    const NAME: &'static str = "employment.vacancyChanged";
}

/// What the journal says of a vacancy of which something became.
pub(super) fn changed(step: VacancyStep, vacancy: &Vacancy) -> Result<Part> {
    Part::of(Class::Operational, None, &VacancyChanged { step, vacancy: vacancy.clone() })
}

record! {
    /// That something became of a vacancy.
    pub struct VacancyChange: "VacancyChange" as Vacancy {
        /// What; null in a snapshot.
        step: Option<VacancyStep> => Operational,
        /// The vacancy, as it was then.
        vacancy: Vacancy,
    }
}

impl Facts for VacancyChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.vacancy.fact(fact)
    }
}

input! {
    /// Which vacancies to follow.
    pub struct VacancyChangedArguments {
        /// Only this one; all where it is left out.
        pub vacancy: Option<Id<Vacancy>>,
    }
}

fn change(arguments: &VacancyChangedArguments, entry: &Entry) -> Result<Option<VacancyChange>> {
    let Some(VacancyChanged { step, vacancy }) = entry.change()? else { return Ok(None) };
    let wanted = arguments.vacancy.is_none_or(|wanted| wanted == vacancy.id);
    Ok(wanted.then_some(VacancyChange { step: Some(step), vacancy }))
}

/// Those that are offered.
fn vacancies_now<'c>(
    arguments: &'c VacancyChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<VacancyChange>>> {
    async move {
        let offered = load::vacancies_offered(context, connection, arguments.vacancy.map(Id::uuid)).await?;
        Ok(offered.into_iter().map(|vacancy| VacancyChange { step: None, vacancy }).collect())
    }
    .boxed()
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<Vacancy>(|vacancy| {
        vacancy
            .one(
                "employer",
                Class::Counterparty,
                "Who offers it; null where the caller does not deal with employers.",
                |vacancy| Some(vacancy.employer_id),
                employers_by_ids,
                |employer: &Employer| employer.id.uuid(),
            )
            .in_scope::<Employer>()
    });
    graph.object::<VacancyChange>(|change| {
        change.carries("vacancy", Class::Operational, "The vacancy, as it was then.", |change| {
            Some(change.vacancy.clone())
        })
    });
    graph.node::<Vacancy, _, _>(Class::Operational, vacancies_by_ids);
    payload::<OpenVacancyPayload>(graph);
    payload::<ReviseVacancyPayload>(graph);
    payload::<CloseVacancyPayload>(graph);
    graph
        .query("vacancies", Class::Operational, "What work is offered, in the order of opening.")
        .connection(
            ConnectionKind { node: "Vacancy", connection: "VacancyConnection", edge: "VacancyEdge" },
            load::vacancies,
        );
    matches::register(graph);
    graph
        .mutation("openVacancy", Class::Operational, "Offers work of an employer.")
        .either(RecordType::Vacancy, open_vacancy);
    graph
        .mutation("reviseVacancy", Class::Operational, "Sets how many a vacancy is for, and its wage.")
        .either(RecordType::Vacancy, revise_vacancy);
    graph
        .mutation(
            "closeVacancy",
            Class::Operational,
            "Offers a vacancy no more. Who has a job of it keeps it.",
        )
        .either(RecordType::Vacancy, close_vacancy);
    graph
        .subscription(
            "vacancyChanged",
            Class::Operational,
            "Each vacancy that is opened, revised, filled, free again or closed, as it is committed.",
        )
        .events(
            Changes::new(change)
                .of_states(|change| vec![change.vacancy.id.uuid()])
                .with_snapshot(vacancies_now),
        );
}

fn payload<P: Record + AsRef<Vacancy>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("vacancy", Class::Operational, "The vacancy as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}
