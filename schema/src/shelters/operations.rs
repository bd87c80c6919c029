//! What can be done with shelters.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::database::Prepared;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Change, Outcome, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, OverCapacity, StateConflict, VersionConflict,
};
use crate::scalars::Id;
use crate::shelters::Space;
use crate::shelters::load::space_columns;
use crate::shelters::tables::{shelters, spaces};

input! {
    /// A headcount of one space.
    pub struct AdjustOccupancy {
        /// The space.
        pub space: Id<Space>,
        /// How many people it lodges now.
        pub occupied: i32,
        /// The version of the space that the caller saw.
        pub version: i32,
        /// When it was counted; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A headcount, recorded.
    pub struct AdjustOccupancyPayload: "AdjustOccupancyPayload" as Space {
        /// The space as it is now.
        space: Space,
    }
}

union! {
    /// The headcount, recorded; or why it was not.
    pub enum AdjustOccupancyResult {
        Payload(AdjustOccupancyPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        OverCapacity(OverCapacity),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a space was counted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OccupancyAdjusted {
    /// The space after the count.
    pub(crate) space: Space,
    /// The count before.
    pub(crate) previously: i32,
    pub(crate) occurred_at: DateTime<Utc>,
}

impl Change for OccupancyAdjusted {
    const NAME: &'static str = "shelters.occupancyAdjusted";
}

/// Records a headcount. The database holds the law: never negative, never above capacity (R31).
pub(crate) async fn adjust_occupancy(
    context: Context,
    input: AdjustOccupancy,
) -> Result<AdjustOccupancyResult> {
    let mut transaction = begin!(&context, "shelters.adjustOccupancy", &input, AdjustOccupancyResult);
    let occurred_at = input.occurred_at.unwrap_or_else(|| context.now());
    if occurred_at > context.now() {
        let future = InvalidValue::new("occurredAt", "A count cannot be of the future.");
        return transaction.refuse(future).await;
    }
    let Some(mut space) = find(&mut transaction, input.space.uuid()).await? else {
        return transaction.refuse(NotFound::new("space")).await;
    };
    if let Err(refused) = context.authorize_write(Class::Operational, RecordType::Space, &space) {
        transaction.roll_back().await?;
        return Err(refused);
    }
    let version = input.version.saturating_add(1);
    let count = diesel::update(spaces::table.find(space.id).filter(spaces::version.eq(input.version))).set((
        spaces::occupied.eq(input.occupied),
        spaces::version.eq(version),
        spaces::counted_at.eq(occurred_at),
    ));
    match Prepared(count).execute(transaction.connection()?).await {
        Ok(1) => {}
        Ok(_) => {
            // The version that it has now, another writer's change included.
            let current = find(&mut transaction, input.space.uuid())
                .await?
                .map_or(space.version, |space| space.version);
            return transaction.refuse(VersionConflict::new(current)).await;
        }
        Err(error) => {
            let refused = law(&error).ok_or_else(|| Error::from(error))?;
            return transaction.refuse(refused).await;
        }
    }
    // Under the row's lock now: what was read before is what was changed, for the version is the one that the caller saw.
    let previously = std::mem::replace(&mut space.occupied, input.occupied);
    space.version = version;
    space.counted_at = occurred_at;
    let change = OccupancyAdjusted { space: space.clone(), previously, occurred_at };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(match transaction.commit(occurred_at, changes, AdjustOccupancyPayload { space }).await? {
        Outcome::Done(payload) | Outcome::Repeated(payload) => payload.into(),
        Outcome::Conflict => IdempotencyConflict::new().into(),
    })
}

async fn find(transaction: &mut Transaction<'_, AdjustOccupancyPayload>, id: Uuid) -> Result<Option<Space>> {
    let query = spaces::table.inner_join(shelters::table).filter(spaces::id.eq(id)).select(space_columns());
    Ok(query.first(transaction.connection()?).await.optional()?)
}

fn law(error: &diesel::result::Error) -> Option<AdjustOccupancyResult> {
    match constraint(error)? {
        "spaces_occupied_within_capacity" => Some(OverCapacity::new().into()),
        "spaces_occupied_by_stays" => {
            let message = "The space has beds: it lodges who is checked in. Check people in and out instead.";
            Some(StateConflict::new(message).into())
        }
        "spaces_occupied_not_negative" => {
            Some(InvalidValue::new("occupied", "A count cannot be negative.").into())
        }
        _ => None,
    }
}
