//! Asking another agency for something.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::tasks_in;
use super::step::done;
use super::tables::tasks;
use super::{Task, TaskPriority};
use crate::agencies::Agency;
use crate::census::needs;
use crate::context::Context;
use crate::coordination::between::{Between, asked_of, text_of};
use crate::coordination::referrals::{Referral, referrals_by_ids};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, ensure};
use crate::scalars::Id;
use crate::shelters::{Centre, Shelter, centre_in, shelter_in};

input! {
    /// What is asked of another agency.
    pub struct ProposeTask {
        /// The agency that is asked; another than the caller's own.
        pub assignee: Id<Agency>,
        /// What it is, in short: 3 to 200 characters; no name of anyone.
        pub title: String,
        /// What is asked, 3 to 2,000 characters; no name of anyone.
        pub request: String,
        /// The shelter that it is for.
        pub shelter: Option<Id<Shelter>>,
        /// The centre that it is for, where it is for no shelter.
        pub centre: Option<Id<Centre>>,
        /// The referral of the person whom it is about: an open one between the two agencies, which the caller may read, with its purpose.
        pub referral: Option<Id<Referral>>,
        /// How soon it is needed; NORMAL, where it is left out.
        pub priority: Option<TaskPriority>,
        /// The last day by which it is to be done; today or later.
        pub due_on: NaiveDate,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A task, asked.
    pub struct ProposeTaskPayload: "ProposeTaskPayload" as AgencyRequest {
        /// The task.
        task: Task,
    }
}

union! {
    /// The task, asked; or why it was not.
    pub enum ProposeTaskResult {
        Payload(ProposeTaskPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Asks a task. The database holds that it is asked of another, and about somebody whose case is open between the two.
pub(super) async fn propose_task(context: Context, input: ProposeTask) -> Result<ProposeTaskResult> {
    let mut transaction = begin!(&context, "coordination.proposeTask", &input, ProposeTaskResult);
    let done = propose(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn propose(
    context: &Context,
    transaction: &mut Transaction<'_, ProposeTaskPayload>,
    input: &ProposeTask,
) -> Result<std::result::Result<Done<ProposeTaskPayload>, ProposeTaskResult>> {
    let assignee = ensure!(asked_of(context, "assignee", input.assignee));
    let actor = context.actor()?;
    let between = Between { agency: &actor.principal.agency, recipient: &assignee };
    context.authorize_write(Class::Operational, RecordType::AgencyRequest, &between)?;
    let today = context.instant().day;
    ensure!(text_of("title", &input.title, (3, 200)));
    ensure!(text_of("request", &input.request, (3, 2000)));
    ensure!(needs(input.due_on >= today, "dueOn", "A task is due today or later."));
    if let Some(refused) = place(context, transaction, input).await? {
        return Ok(Err(refused));
    }
    if let Some(referral) = input.referral
        && referrals_by_ids(context.clone(), vec![referral.uuid()]).await?.is_empty()
    {
        return Ok(Err(NotFound::new("referral").into()));
    }
    let id = context.new_uuid()?;
    let row = (
        tasks::id.eq(id),
        tasks::programme_id.eq(context.programme_id()),
        tasks::agency_id.eq(actor.agency),
        tasks::assignee_id.eq(input.assignee),
        (tasks::title.eq(input.title.trim()), tasks::request.eq(input.request.trim())),
        (tasks::shelter_id.eq(input.shelter), tasks::centre_id.eq(input.centre)),
        tasks::referral_id.eq(input.referral),
        tasks::priority.eq(input.priority.unwrap_or(TaskPriority::Normal)),
        (tasks::asked_on.eq(today), tasks::due_on.eq(input.due_on)),
        tasks::recorded_at.eq(context.now()),
        tasks::user_id.eq(actor.user),
    );
    if let Err(error) = diesel::insert_into(tasks::table).values(row).execute(transaction.connection()?).await
    {
        return Ok(Err(match constraint(&error) {
            Some("tasks_elsewhere") => {
                let message = "A task is asked of another agency than one's own.";
                InvalidValue::new("assignee", message).into()
            }
            Some("tasks_referral_between") => {
                let message =
                    "A task is about somebody whose case is open between the two agencies. Refer it first.";
                StateConflict::new(message).into()
            }
            _ => return Err(error.into()),
        }));
    }
    let task = tasks_in(context, transaction.connection()?, vec![id]).await?.pop();
    done(context, task.ok_or_else(|| Error::internal("a task that was asked is not there"))?)
}

/// Why there is no such place; none, where there is, or none is named.
async fn place(
    context: &Context,
    transaction: &mut Transaction<'_, ProposeTaskPayload>,
    input: &ProposeTask,
) -> Result<Option<ProposeTaskResult>> {
    let connection = transaction.connection()?;
    Ok(match (input.shelter, input.centre) {
        (Some(_), Some(_)) => {
            let message = "Name the shelter or the centre, not both.";
            Some(InvalidValue::new("centre", message).into())
        }
        (Some(shelter), None) if shelter_in(context, connection, shelter.uuid()).await?.is_none() => {
            Some(NotFound::new("shelter").into())
        }
        (None, Some(centre)) if centre_in(context, connection, centre.uuid()).await?.is_none() => {
            Some(NotFound::new("centre").into())
        }
        _ => None,
    })
}
