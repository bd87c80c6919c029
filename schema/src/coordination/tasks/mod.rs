//! Tasks: what one agency asks of another, by when, and what comes of it.
//!
//! Whoever is asked takes the task or declines it, and says when it is done; whoever asks withdraws it. A task names nobody in its words:
//! it is about somebody by a referral that is open between the two, and is over when that person leaves.

mod answer;
mod ask;
mod end;
mod graphql;
mod load;
mod step;
mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(crate) use end::end_tasks;
pub(super) use graphql::register;

graphql_enum! {
    /// How soon a task is needed.
    pub enum TaskPriority {
        /// It can wait.
        Low = "LOW",
        /// It is wanted on its day.
        Normal = "NORMAL",
        /// It should come before others.
        High = "HIGH",
        /// Somebody goes without, as long as it is not done.
        Urgent = "URGENT",
    }
}

graphql_enum! {
    /// Where a task stands.
    pub enum TaskState {
        /// The agency that is asked has not answered.
        Proposed = "PROPOSED",
        /// It took the task.
        Accepted = "ACCEPTED",
        /// It did not.
        Declined = "DECLINED",
        /// It is done.
        Done = "DONE",
        /// It is not to be done any more.
        Withdrawn = "WITHDRAWN",
    }
}

graphql_enum! {
    /// Why a task is not to be done any more.
    pub enum TaskEnding {
        /// The agency that asked withdrew it.
        Asker = "ASKER",
        /// The person whom it is about has left.
        Departed = "DEPARTED",
    }
}

record! {
    /// What one agency asks of another. Its words name nobody.
    #[derive(Serialize, Deserialize)]
    pub struct Task: "Task" as AgencyRequest, id "task" {
        /// Global id.
        id: Id<Task> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// What it is, in short.
        title: String => Operational,
        /// What is asked.
        request: String => Operational,
        /// How soon it is needed.
        priority: TaskPriority => Operational,
        /// The day on which it was asked.
        asked_on: NaiveDate => Operational,
        /// The last day by which it is to be done.
        due_on: NaiveDate => Operational,
        /// Where it stands.
        state: TaskState => Operational,
        /// Whether that day is past and it is neither done nor over.
        overdue: bool => Operational,
        /// What the agency that is asked said when it took the task, or why it did not.
        answer: Option<String> => Operational,
        /// When it answered.
        answered_at: Option<DateTime<Utc>> => Operational,
        /// What was done, or why it was withdrawn.
        outcome: Option<String> => Operational,
        /// When it was done or withdrawn.
        ended_at: Option<DateTime<Utc>> => Operational,
        /// Why it is not to be done any more.
        ended_because: Option<TaskEnding> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// Key of the agency that asks.
        agency_id: Uuid,
        /// Its code.
        agency: String,
        /// Key of the agency that is asked.
        assignee_id: Uuid,
        /// Its code.
        assignee: String,
        /// Key of the shelter.
        shelter_id: Option<Uuid>,
        /// Key of the centre.
        centre_id: Option<Uuid>,
        /// Key of the referral of the person whom it is about.
        referral_id: Option<Uuid>,
    }
}

impl Facts for Task {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(&self.agency),
            Fact::Recipient => Some(&self.assignee),
            _ => None,
        }
    }
}

/// In the journal: tasks were asked, answered, done or withdrawn; as they were then. More than one where people leave.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TasksChanged {
    tasks: Vec<Task>,
}

impl Change for TasksChanged {
    const NAME: &'static str = "coordination.tasksChanged";
}
