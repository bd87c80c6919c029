//! Reads of tasks, which are open to whoever may read their class. Whom one is about is read as referrals are.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::not;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::tables::tasks;
use super::{Task, TaskEnding, TaskPriority, TaskState};
use crate::agencies::Agency;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::Shelter;

/// Tasks that are still to be done.
pub(super) const OPEN: [TaskState; 2] = [TaskState::Proposed, TaskState::Accepted];

type TaskRow = (
    (Uuid, String, String, String, TaskPriority, NaiveDate, NaiveDate, TaskState),
    (Option<String>, Option<DateTime<Utc>>, Option<String>, Option<DateTime<Utc>>, Option<TaskEnding>, i32),
    (Uuid, Uuid, Option<Uuid>, Option<Uuid>, Option<Uuid>),
);

#[diesel::dsl::auto_type]
fn task_columns() -> _ {
    (
        (
            tasks::id,
            tasks::code,
            tasks::title,
            tasks::request,
            tasks::priority,
            tasks::asked_on,
            tasks::due_on,
            tasks::state,
        ),
        (
            tasks::answer,
            tasks::answered_at,
            tasks::outcome,
            tasks::ended_at,
            tasks::ended_because,
            tasks::version,
        ),
        (tasks::agency_id, tasks::assignee_id, tasks::shelter_id, tasks::centre_id, tasks::referral_id),
    )
}

fn task(context: &Context, row: TaskRow) -> Task {
    let ((id, code, title, request, priority, asked_on, due_on, state), said, about) = row;
    let (answer, answered_at, outcome, ended_at, ended_because, version) = said;
    let (agency_id, assignee_id, shelter_id, centre_id, referral_id) = about;
    Task {
        id: Id::new(id),
        code,
        title,
        request,
        priority,
        asked_on,
        due_on,
        state,
        overdue: OPEN.contains(&state) && due_on < context.instant().day,
        answer,
        answered_at,
        outcome,
        ended_at,
        ended_because,
        version,
        agency_id,
        agency: context.agency_code(agency_id),
        assignee_id,
        assignee: context.agency_code(assignee_id),
        shelter_id,
        centre_id,
        referral_id,
    }
}

/// Tasks by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Task>> {
    let query = tasks::table.filter(tasks::id.eq_any(ids)).select(task_columns());
    let rows: Vec<TaskRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| task(&context, row)).collect())
}

/// Tasks of the programme by key, in their order, as a transaction sees them.
pub(super) async fn tasks_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    ids: Vec<Uuid>,
) -> Result<Vec<Task>> {
    let query = tasks::table
        .filter(tasks::id.eq_any(ids))
        .filter(tasks::programme_id.eq(context.programme_id()))
        .order(tasks::id)
        .select(task_columns());
    let rows: Vec<TaskRow> = query.load(connection).await?;
    Ok(rows.into_iter().map(|row| task(context, row)).collect())
}

/// The tasks that are still to be done, as a transaction sees them.
pub(super) async fn open_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    shelter: Option<Uuid>,
) -> Result<Vec<Task>> {
    let mut query = tasks::table
        .filter(tasks::programme_id.eq(context.programme_id()))
        .filter(tasks::state.eq_any(OPEN))
        .order(tasks::id)
        .select(task_columns())
        .into_boxed::<Pg>();
    if let Some(shelter) = shelter {
        query = query.filter(tasks::shelter_id.eq(shelter));
    }
    let rows: Vec<TaskRow> = query.load(connection).await?;
    Ok(rows.into_iter().map(|row| task(context, row)).collect())
}

input! {
    /// Which tasks, and which page of them. They come in the order in which they were asked.
    pub struct TasksArguments {
        /// Only those that this agency asks.
        pub agency: Option<Id<Agency>>,
        /// Only those that are asked of this agency.
        pub assignee: Option<Id<Agency>>,
        /// Only those of this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Only those that stand so.
        pub state: Option<TaskState>,
        /// Only those that are needed so soon.
        pub priority: Option<TaskPriority>,
        /// Where true, only those whose day is past and that are neither done nor over; where false, only the others.
        pub overdue: Option<bool>,
        /// How many rows from the start, or after `after`: 1 to 500; 50 where neither `first` nor `last` is given.
        pub first: Option<i32>,
        /// Go on after this cursor.
        pub after: Option<String>,
        /// How many rows from the end, or before `before`.
        pub last: Option<i32>,
        /// Go back from this cursor.
        pub before: Option<String>,
    }
}

/// Tasks, page by page.
pub(super) async fn tasks(
    context: Context,
    arguments: TasksArguments,
    wanted: Wanted,
) -> Result<Connection<Task>> {
    let (agency, assignee) = (arguments.agency.map(Id::uuid), arguments.assignee.map(Id::uuid));
    let (shelter, state) = (arguments.shelter.map(Id::uuid), arguments.state);
    let (priority, is_overdue) = (arguments.priority, arguments.overdue);
    let selects = (agency, assignee, shelter, state, priority, is_overdue);
    let (binding, window) = asked!(context, arguments, "tasks", &selects);
    let today = context.instant().day;
    let selected = || {
        let mut query =
            tasks::table.filter(tasks::programme_id.eq(context.programme_id())).into_boxed::<Pg>();
        if let Some(agency) = agency {
            query = query.filter(tasks::agency_id.eq(agency));
        }
        if let Some(assignee) = assignee {
            query = query.filter(tasks::assignee_id.eq(assignee));
        }
        if let Some(shelter) = shelter {
            query = query.filter(tasks::shelter_id.eq(shelter));
        }
        if let Some(state) = state {
            query = query.filter(tasks::state.eq(state));
        }
        if let Some(priority) = priority {
            query = query.filter(tasks::priority.eq(priority));
        }
        let overdue = tasks::state.eq_any(OPEN).and(tasks::due_on.lt(today));
        match is_overdue {
            Some(true) => query.filter(overdue),
            Some(false) => query.filter(not(overdue)),
            None => query,
        }
    };
    let page: Result<Connection<TaskRow>> = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(tasks::id),
        task_columns(),
        |row: &TaskRow| row.0.0
    );
    let Connection { rows, facts } = page?;
    Ok(Connection { rows: rows.into_iter().map(|row| task(&context, row)).collect(), facts })
}
