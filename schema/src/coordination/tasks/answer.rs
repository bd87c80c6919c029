//! Taking a task, or declining it: by the agency that is asked.

use enlace_policies::RecordType;

use super::step::{Step, go_on};
use super::{Task, TaskState};
use crate::context::Context;
use crate::coordination::between::text_of;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure, refuse_text,
};
use crate::scalars::Id;

input! {
    /// A task that is taken.
    pub struct AcceptTask {
        /// The task; a proposed one.
        pub task: Id<Task>,
        /// More about it, 3 to 500 characters; no name of anyone.
        pub answer: Option<String>,
        /// The version of the task that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A task that is not taken.
    pub struct DeclineTask {
        /// The task; a proposed one.
        pub task: Id<Task>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub answer: String,
        /// The version of the task that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A task, taken.
    pub struct AcceptTaskPayload: "AcceptTaskPayload" as AgencyRequest {
        /// The task as it is now.
        task: Task,
    }
}

payload! {
    /// A task, declined.
    pub struct DeclineTaskPayload: "DeclineTaskPayload" as AgencyRequest {
        /// The task as it is now.
        task: Task,
    }
}

union! {
    /// The task, taken; or why it was not.
    pub enum AcceptTaskResult {
        Payload(AcceptTaskPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The task, declined; or why it was not.
    pub enum DeclineTaskResult {
        Payload(DeclineTaskPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Takes a task.
pub(super) async fn accept_task(context: Context, input: AcceptTask) -> Result<AcceptTaskResult> {
    let mut transaction = begin!(&context, "coordination.acceptTask", &input, AcceptTaskResult);
    let done = accept(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn accept(
    context: &Context,
    transaction: &mut Transaction<'_, AcceptTaskPayload>,
    input: &AcceptTask,
) -> Result<std::result::Result<Done<AcceptTaskPayload>, AcceptTaskResult>> {
    if let Some(problem) = refuse_text("answer", input.answer.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let step = Step {
        answer: input.answer.as_deref(),
        answered_at: Some(context.now()),
        ..Step::to(TaskState::Accepted)
    };
    go_on(context, transaction, (input.task, input.version), RecordType::AgencyAnswer, &step).await
}

/// Declines a task.
pub(super) async fn decline_task(context: Context, input: DeclineTask) -> Result<DeclineTaskResult> {
    let mut transaction = begin!(&context, "coordination.declineTask", &input, DeclineTaskResult);
    let done = decline(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn decline(
    context: &Context,
    transaction: &mut Transaction<'_, DeclineTaskPayload>,
    input: &DeclineTask,
) -> Result<std::result::Result<Done<DeclineTaskPayload>, DeclineTaskResult>> {
    ensure!(text_of("answer", &input.answer, (3, 500)));
    let step = Step {
        answer: Some(input.answer.trim()),
        answered_at: Some(context.now()),
        ..Step::to(TaskState::Declined)
    };
    go_on(context, transaction, (input.task, input.version), RecordType::AgencyAnswer, &step).await
}
