//! What is heard of somebody after they left.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::departure_follow_ups;
use super::{Departure, FollowUpOutcome, FollowedUp, HEARD, Heard, load};
use crate::census::{Judged, erased, judged, needs, touched};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

input! {
    /// What was heard of somebody who left.
    pub struct FollowUpDeparture {
        /// Their departure; a confirmed one.
        pub departure: Id<Departure>,
        /// How they are.
        pub outcome: FollowUpOutcome,
        /// What else was said, 1 to 1,000 characters.
        pub note: Option<String>,
        /// When it was heard; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A follow-up, recorded.
    #[derive(Serialize, Deserialize)]
    pub struct FollowUpDeparturePayload: "FollowUpDeparturePayload" as Person {
        /// The follow-up: what is kept of the answer holds nothing of what was heard.
        follow_up_id: Uuid,
        /// The person, as policies see them.
        judged: Judged,
    }
}

judged!(FollowUpDeparturePayload);

impl FollowUpDeparturePayload {
    /// The follow-up's key.
    pub(super) fn follow_up(&self) -> Uuid {
        self.follow_up_id
    }
}

union! {
    /// The follow-up, recorded; or why it was not.
    pub enum FollowUpDepartureResult {
        Payload(FollowUpDeparturePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Records what was heard. The database holds that it is of somebody who had left by then.
pub(super) async fn record_follow_up(
    context: Context,
    input: FollowUpDeparture,
) -> Result<FollowUpDepartureResult> {
    context.personal_scope(Class::Identity, RecordType::Person)?;
    let mut transaction = begin!(&context, "departures.followUpDeparture", &input, FollowUpDepartureResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, FollowUpDeparturePayload>,
    input: &FollowUpDeparture,
) -> Result<std::result::Result<Done<FollowUpDeparturePayload>, FollowUpDepartureResult>> {
    let made_at = input.occurred_at.unwrap_or_else(|| context.now());
    let fits = input.note.as_deref().is_none_or(|note| (1..=1_000).contains(&note.trim().chars().count()));
    let sound = needs(made_at <= context.now(), "occurredAt", "Nothing was heard in the future.")
        .and_then(|()| needs(fits, "note", "A note has 1 to 1,000 characters."));
    if let Err(problem) = sound {
        return Ok(Err(problem.into()));
    }
    let ids = vec![input.departure.uuid()];
    let Some(departure) = load::departures_in(context, transaction.connection()?, ids).await?.pop() else {
        return Ok(Err(NotFound::new("departure").into()));
    };
    context.authorize_write(Class::Identity, RecordType::Person, &departure)?;
    let person = departure.person_id;
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(erased().into()));
    }
    let follow_up = context.new_uuid()?;
    let heard = Heard { outcome: input.outcome, note: input.note.clone() };
    let row = (
        departure_follow_ups::id.eq(follow_up),
        departure_follow_ups::departure_id.eq(departure.id),
        departure_follow_ups::made_at.eq(made_at),
        departure_follow_ups::record.eq(keys.seal(person, HEARD, context.random_bytes()?, &heard)?),
        departure_follow_ups::user_id.eq(context.actor()?.user),
    );
    let recording = diesel::insert_into(departure_follow_ups::table).values(row);
    match recording.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("departure_follow_ups_after") => {
            let message = "Their departure is not confirmed, or was after that time.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let Heard { outcome, note } = heard;
    let change = FollowedUp { departure: departure.id.uuid(), follow_up, outcome, note };
    let changes = vec![Part::of(Class::Identity, Some(person), &change)?, touched(vec![person], made_at)?];
    let payload = FollowUpDeparturePayload { follow_up_id: follow_up, judged: departure.judged };
    Ok(Ok(Done { occurred_at: made_at, changes, payload }))
}
