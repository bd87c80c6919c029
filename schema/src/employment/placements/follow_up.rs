//! Visiting somebody where they work.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::placement_in;
use super::{
    FOLLOW_UP, FollowUp, FollowUpJobPlacementPayload, JobFollowUpOutcome, JobPlacement, PlacementFollowedUp,
};
use crate::census::needs;
use crate::context::Context;
use crate::employment::tables::job_follow_ups;
use crate::employment::{Answers, key_of};
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, ensure, refuse_text};
use crate::scalars::Id;

input! {
    /// What was seen where somebody works.
    pub struct FollowUpJobPlacement {
        /// The job.
        pub job_placement: Id<JobPlacement>,
        /// The day of the visit, on which it had begun; today, where it is left out.
        pub made_on: Option<NaiveDate>,
        /// How they do.
        pub outcome: JobFollowUpOutcome,
        /// What else was seen or said, 3 to 500 characters. It is sealed.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The visit, recorded; or why it was not.
    pub enum FollowUpJobPlacementResult {
        Payload(FollowUpJobPlacementPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Records a visit.
pub(super) async fn follow_up_job_placement(
    context: Context,
    input: FollowUpJobPlacement,
) -> Result<FollowUpJobPlacementResult> {
    context.personal_scope(Class::Employment, RecordType::WorkProfile)?;
    let mut transaction =
        begin!(&context, "employment.followUpJobPlacement", &input, FollowUpJobPlacementResult);
    let done = follow_up(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn follow_up(
    context: &Context,
    transaction: &mut Transaction<'_, FollowUpJobPlacementPayload>,
    input: &FollowUpJobPlacement,
) -> Result<std::result::Result<Done<FollowUpJobPlacementPayload>, FollowUpJobPlacementResult>> {
    let today = context.day_of(context.now());
    let made_on = input.made_on.unwrap_or(today);
    ensure!(needs(made_on <= today, "madeOn", "No visit was made in the future."));
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let id = input.job_placement.uuid();
    let Some(placement) = placement_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("jobPlacement").into()));
    };
    context.authorize_write(Class::Employment, RecordType::WorkProfile, &placement)?;
    let person = placement.person_id;
    let keys = match key_of(context, person).await? {
        Ok(keys) => keys,
        Err(refused) => return Ok(Err(refused)),
    };
    let visit = context.new_uuid()?;
    let seen = FollowUp { outcome: input.outcome, note: input.note.clone() };
    let row = (
        job_follow_ups::id.eq(visit),
        job_follow_ups::placement_id.eq(id),
        job_follow_ups::made_on.eq(made_on),
        job_follow_ups::record.eq(keys.seal(person, FOLLOW_UP, context.random_bytes()?, &seen)?),
        job_follow_ups::recorded_at.eq(context.now()),
        job_follow_ups::user_id.eq(context.actor()?.user),
    );
    let recording = diesel::insert_into(job_follow_ups::table).values(row);
    match recording.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("job_follow_ups_after") => {
            return Ok(Err(StateConflict::new("This job had not begun on that day.").into()));
        }
        Err(error) => return Err(error.into()),
    }
    let FollowUp { outcome, note } = seen;
    let change = PlacementFollowedUp { placement: id, follow_up: visit, made_on, outcome, note };
    let changes = vec![Part::of(Class::Employment, Some(person), &change)?];
    let payload = FollowUpJobPlacementPayload::new(id, placement.person);
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
