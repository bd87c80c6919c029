//! How a task ends: done by the agency that took it, withdrawn by the one that asked, or because the person whom it is about left.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::{OPEN, tasks_in};
use super::step::{Step, go_on};
use super::tables::tasks;
use super::{Task, TaskEnding, TaskState, TasksChanged};
use crate::context::Context;
use crate::coordination::between::text_of;
use crate::coordination::tables::referrals;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

input! {
    /// A task that is done.
    pub struct CompleteTask {
        /// The task; one that was taken.
        pub task: Id<Task>,
        /// What was done, 3 to 500 characters; no name of anyone.
        pub outcome: String,
        /// The version of the task that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A task that is not to be done any more.
    pub struct WithdrawTask {
        /// The task; one that is neither declined nor done.
        pub task: Id<Task>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub reason: String,
        /// The version of the task that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A task, done.
    pub struct CompleteTaskPayload: "CompleteTaskPayload" as AgencyRequest {
        /// The task as it is now.
        task: Task,
    }
}

payload! {
    /// A task, withdrawn.
    pub struct WithdrawTaskPayload: "WithdrawTaskPayload" as AgencyRequest {
        /// The task as it is now.
        task: Task,
    }
}

union! {
    /// The task, done; or why that was not recorded.
    pub enum CompleteTaskResult {
        Payload(CompleteTaskPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The task, withdrawn; or why it was not.
    pub enum WithdrawTaskResult {
        Payload(WithdrawTaskPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Says that a task is done.
pub(super) async fn complete_task(context: Context, input: CompleteTask) -> Result<CompleteTaskResult> {
    let mut transaction = begin!(&context, "coordination.completeTask", &input, CompleteTaskResult);
    let done = complete(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn complete(
    context: &Context,
    transaction: &mut Transaction<'_, CompleteTaskPayload>,
    input: &CompleteTask,
) -> Result<std::result::Result<Done<CompleteTaskPayload>, CompleteTaskResult>> {
    ensure!(text_of("outcome", &input.outcome, (3, 500)));
    let step = Step {
        outcome: Some(input.outcome.trim()),
        ended_at: Some(context.now()),
        ..Step::to(TaskState::Done)
    };
    go_on(context, transaction, (input.task, input.version), RecordType::AgencyAnswer, &step).await
}

/// Withdraws a task.
pub(super) async fn withdraw_task(context: Context, input: WithdrawTask) -> Result<WithdrawTaskResult> {
    let mut transaction = begin!(&context, "coordination.withdrawTask", &input, WithdrawTaskResult);
    let done = withdraw(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn withdraw(
    context: &Context,
    transaction: &mut Transaction<'_, WithdrawTaskPayload>,
    input: &WithdrawTask,
) -> Result<std::result::Result<Done<WithdrawTaskPayload>, WithdrawTaskResult>> {
    ensure!(text_of("reason", &input.reason, (3, 500)));
    let step = Step {
        outcome: Some(input.reason.trim()),
        ended_at: Some(context.now()),
        ended_because: Some(TaskEnding::Asker),
        ..Step::to(TaskState::Withdrawn)
    };
    go_on(context, transaction, (input.task, input.version), RecordType::AgencyRequest, &step).await
}

/// Ends the tasks about people who leave, after their cases: one that is asked meanwhile waits for these, and finds its case ended. What
/// the journal says of it. A transaction that is not their own operation calls it.
pub(crate) async fn end_tasks(
    context: &Context,
    connection: &mut AsyncPgConnection,
    people: &[Uuid],
) -> Result<Vec<Part>> {
    let cases = referrals::table.filter(referrals::person_id.eq_any(people)).select(referrals::id);
    let cases: Vec<Uuid> = cases.load(connection).await?;
    let open = tasks::table.filter(tasks::referral_id.eq_any(cases)).filter(tasks::state.eq_any(OPEN));
    let step = Step {
        ended_at: Some(context.now()),
        ended_because: Some(TaskEnding::Departed),
        ..Step::to(TaskState::Withdrawn)
    };
    let ended: Vec<Uuid> = diesel::update(open).set(step).returning(tasks::id).load(connection).await?;
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let tasks = tasks_in(context, connection, ended).await?;
    Ok(vec![Part::of(Class::Operational, None, &TasksChanged { tasks })?])
}
