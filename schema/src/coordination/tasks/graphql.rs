//! Tasks in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use enlace_policies::{Class, Fact, RecordType};

use super::answer::{AcceptTaskPayload, DeclineTaskPayload, accept_task, decline_task};
use super::ask::{ProposeTaskPayload, propose_task};
use super::end::{CompleteTaskPayload, WithdrawTaskPayload, complete_task, withdraw_task};
use super::{Task, TasksChanged, load};
use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::coordination::referrals::{Referral, referrals_by_ids};
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, Record, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{self, Centre, Shelter};

record! {
    /// That tasks were asked, answered, done or withdrawn.
    pub struct TaskChange: "TaskChange" as AgencyRequest {
        /// The tasks, as they were then.
        tasks: Vec<Task>,
    }
}

impl Facts for TaskChange {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

input! {
    /// Which tasks to follow.
    pub struct TaskChangedArguments {
        /// Only those that are asked of this agency; all where it is left out.
        pub assignee: Option<Id<Agency>>,
        /// Only those of this shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
    }
}

fn wanted(arguments: &TaskChangedArguments, task: &Task) -> bool {
    arguments.assignee.is_none_or(|assignee| assignee.uuid() == task.assignee_id)
        && arguments.shelter.is_none_or(|shelter| Some(shelter.uuid()) == task.shelter_id)
}

fn change(arguments: &TaskChangedArguments, entry: &Entry) -> Result<Option<TaskChange>> {
    let Some(TasksChanged { mut tasks }) = entry.change()? else { return Ok(None) };
    tasks.retain(|task| wanted(arguments, task));
    Ok((!tasks.is_empty()).then_some(TaskChange { tasks }))
}

/// What is still to be done.
fn tasks_now<'c>(
    arguments: &'c TaskChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<TaskChange>>> {
    async move {
        let mut tasks = load::open_in(context, connection, arguments.shelter.map(Id::uuid)).await?;
        tasks.retain(|task| wanted(arguments, task));
        Ok(tasks.into_iter().map(|task| TaskChange { tasks: vec![task] }).collect())
    }
    .boxed()
}

/// Declares this part of the schema.
pub(in crate::coordination) fn register(graph: &mut Graph) {
    let agency_key = |agency: &Agency| agency.id.uuid();
    graph.object::<Task>(|task| {
        task.one(
            "agency",
            Class::Operational,
            "The agency that asks.",
            |task| Some(task.agency_id),
            agencies::by_ids,
            agency_key,
        )
        .one(
            "assignee",
            Class::Operational,
            "The agency that is asked.",
            |task| Some(task.assignee_id),
            agencies::by_ids,
            agency_key,
        )
        .one(
            "shelter",
            Class::Operational,
            "The shelter that it is for.",
            |task| task.shelter_id,
            shelters::by_ids,
            |shelter: &Shelter| shelter.id.uuid(),
        )
        .one(
            "centre",
            Class::Operational,
            "The centre that it is for.",
            |task| task.centre_id,
            shelters::centres_by_ids,
            |centre: &Centre| centre.id.uuid(),
        )
        .one(
            "referral",
            Class::Consent,
            "The referral of the person whom it is about; null where it is about nobody, or the caller may not see it.",
            |task| task.referral_id,
            referrals_by_ids,
            |referral: &Referral| referral.id.uuid(),
        )
        .in_scope::<Referral>()
    });
    graph.object::<TaskChange>(|change| {
        change.carries_many("tasks", Class::Operational, "The tasks, as they were then.", |change| {
            change.tasks.clone()
        })
    });
    payload::<ProposeTaskPayload>(graph);
    payload::<AcceptTaskPayload>(graph);
    payload::<DeclineTaskPayload>(graph);
    payload::<CompleteTaskPayload>(graph);
    payload::<WithdrawTaskPayload>(graph);
    graph.node::<Task, _, _>(Class::Operational, load::by_ids);
    roots(graph);
}

fn payload<P: Record + AsRef<Task>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("task", Class::Operational, "The task as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn roots(graph: &mut Graph) {
    graph.query("tasks", Class::Operational, "What agencies ask of one another, page by page.").connection(
        ConnectionKind { node: "Task", connection: "TaskConnection", edge: "TaskEdge" },
        load::tasks,
    );
    graph
        .mutation("proposeTask", Class::Operational, "Asks another agency for something.")
        .either(RecordType::AgencyRequest, propose_task);
    graph
        .mutation("acceptTask", Class::Operational, "Takes a task, for the agency that is asked.")
        .either(RecordType::AgencyAnswer, accept_task);
    graph
        .mutation("declineTask", Class::Operational, "Does not take a task, for the agency that is asked.")
        .either(RecordType::AgencyAnswer, decline_task);
    graph
        .mutation(
            "completeTask",
            Class::Operational,
            "Says that a task is done, for the agency that took it.",
        )
        .either(RecordType::AgencyAnswer, complete_task);
    graph
        .mutation("withdrawTask", Class::Operational, "Withdraws a task, for the agency that asked.")
        .either(RecordType::AgencyRequest, withdraw_task);
    graph
        .subscription("taskChanged", Class::Operational, "Each step of the tasks, as it is committed.")
        .events(
            Changes::new(change)
                .of_states(|change| change.tasks.iter().map(|task| task.id.uuid()).collect())
                .with_snapshot(tasks_now),
        );
}
