//! Recording what the awareness campaign did.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::changes::OutreachRecorded;
use super::tables::outreach_actions;
use super::{OutreachAction, OutreachKind};
use crate::census::{Checked, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue};
use crate::scalars::Id;

input! {
    /// What the campaign did.
    pub struct RecordOutreach {
        /// What was done.
        pub kind: OutreachKind,
        /// Where, 3 to 200 characters.
        pub place: String,
        /// The day of it; today, where it is left out.
        pub held_on: Option<NaiveDate>,
        /// How many came, where that can be counted.
        pub attendance: Option<i32>,
        /// More about it, 3 to 500 characters; no name of anyone.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// What the campaign did, recorded.
    pub struct RecordOutreachPayload: "RecordOutreachPayload" as Campaign {
        /// It.
        action: OutreachAction,
    }
}

union! {
    /// What the campaign did, recorded; or why it was not.
    pub enum RecordOutreachResult {
        Payload(RecordOutreachPayload),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Records what the campaign did.
pub(super) async fn record_outreach(context: Context, input: RecordOutreach) -> Result<RecordOutreachResult> {
    let mut transaction = begin!(&context, "housing.recordOutreach", &input, RecordOutreachResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordOutreachPayload>,
    input: &RecordOutreach,
) -> Result<std::result::Result<Done<RecordOutreachPayload>, RecordOutreachResult>> {
    let today = context.day_of(context.now());
    let action = OutreachAction {
        id: Id::new(context.new_uuid()?),
        held_on: input.held_on.unwrap_or(today),
        kind: input.kind,
        place: input.place.trim().to_owned(),
        attendance: input.attendance,
        note: input.note.clone(),
        recorded_at: context.now(),
        owners: 0,
        dwellings: 0,
    };
    context.authorize_write(Class::Operational, RecordType::Campaign, &action)?;
    if let Err(problem) = checked(&action, today) {
        return Ok(Err(problem.into()));
    }
    let row = (
        outreach_actions::id.eq(action.id),
        outreach_actions::programme_id.eq(context.programme_id()),
        outreach_actions::held_on.eq(action.held_on),
        outreach_actions::kind.eq(action.kind),
        outreach_actions::place.eq(&action.place),
        outreach_actions::attendance.eq(action.attendance),
        outreach_actions::note.eq(&action.note),
        outreach_actions::recorded_at.eq(action.recorded_at),
        outreach_actions::user_id.eq(context.actor()?.user),
    );
    diesel::insert_into(outreach_actions::table).values(row).execute(transaction.connection()?).await?;
    let change = OutreachRecorded { action };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.action.into() }))
}

fn checked(action: &OutreachAction, today: NaiveDate) -> Checked {
    let counted = action.attendance.is_none_or(|people| (0..=100_000).contains(&people));
    let noted = action.note.as_deref().is_none_or(|note| (3..=500).contains(&note.chars().count()));
    needs(action.held_on <= today, "heldOn", "What was done is not of a day to come.")?;
    needs((3..=200).contains(&action.place.chars().count()), "place", "A place has 3 to 200 characters.")?;
    needs(counted, "attendance", "Nobody counts fewer than none, or more than 100,000.")?;
    needs(noted, "note", "A note has 3 to 500 characters.")
}
