//! How a task goes on: under the version that was seen of it, forward, and told in the journal.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;

use enlace_policies::{Class, RecordType};

use super::load::tasks_in;
use super::tables::tasks;
use super::{Task, TaskEnding, TaskState, TasksChanged};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

/// What becomes of a task; what is none stays as it is.
#[derive(AsChangeset)]
#[diesel(table_name = tasks)]
pub(super) struct Step<'i> {
    pub(super) state: TaskState,
    pub(super) answer: Option<&'i str>,
    pub(super) answered_at: Option<DateTime<Utc>>,
    pub(super) outcome: Option<&'i str>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) ended_because: Option<TaskEnding>,
}

impl Step<'_> {
    pub(super) fn to(state: TaskState) -> Self {
        Self { state, answer: None, answered_at: None, outcome: None, ended_at: None, ended_because: None }
    }
}

/// Has a task go on, as the caller asks who may write it as that type of record; or says why it does not.
pub(super) async fn go_on<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (id, version): (Id<Task>, i32),
    judged_as: RecordType,
    step: &Step<'_>,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: From<Task> + Serialize + DeserializeOwned,
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    let Some(found) = tasks_in(context, transaction.connection()?, vec![id.uuid()]).await?.pop() else {
        return Ok(Err(NotFound::new("task").into()));
    };
    context.authorize_write(Class::Operational, judged_as, &found)?;
    let target = tasks::table.filter(tasks::id.eq(id)).filter(tasks::version.eq(version));
    let written = match diesel::update(target).set(step).execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) if constraint(&error) == Some("tasks_forward") => {
            let message =
                "A task is taken or declined, and what was taken is done or withdrawn. Read where it stands.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    };
    let task = tasks_in(context, transaction.connection()?, vec![id.uuid()]).await?.pop();
    let task = task.ok_or_else(|| Error::internal("a task that was changed is not there"))?;
    if written == 0 {
        return Ok(Err(VersionConflict::new(task.version).into()));
    }
    done(context, task)
}

/// What was done to a task, to be committed.
pub(super) fn done<P: From<Task>, R>(
    context: &Context,
    task: Task,
) -> Result<std::result::Result<Done<P>, R>> {
    let change = TasksChanged { tasks: vec![task.clone()] };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: task.into() }))
}
