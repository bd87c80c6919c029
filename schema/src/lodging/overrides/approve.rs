//! Approving what another user asked for.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::load::overrides_in;
use super::{OverrideApproved, PlacementOverride};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Facts, input, record, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::lodging::tables::placement_overrides;
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;
use crate::shelters::spaces_in;

/// How many are approved at once.
const MOST: usize = 50;

input! {
    /// Overrides that another user asked for together.
    pub struct ApprovePlacementOverride {
        /// The overrides, 1 to 50 of one request.
        pub overrides: Vec<Id<PlacementOverride>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// Overrides, approved.
    #[derive(Serialize, Deserialize)]
    pub struct ApprovePlacementOverridePayload: "ApprovePlacementOverridePayload" as Space {
        /// What they share.
        request_id: Uuid,
        /// Code of their space's shelter.
        shelter: String,
    }
}

impl Facts for ApprovePlacementOverridePayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

union! {
    /// The overrides, approved; or why none was.
    pub enum ApprovePlacementOverrideResult {
        Payload(ApprovePlacementOverridePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Refused<T> = std::result::Result<T, ApprovePlacementOverrideResult>;

/// Approves overrides: all of them or none.
pub(super) async fn approve_placement_override(
    context: Context,
    input: ApprovePlacementOverride,
) -> Result<ApprovePlacementOverrideResult> {
    context.personal_scope(Class::Placement, RecordType::Person)?;
    let mut transaction =
        begin!(&context, "lodging.approvePlacementOverride", &input, ApprovePlacementOverrideResult);
    let done = approve(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn approve(
    context: &Context,
    transaction: &mut Transaction<'_, ApprovePlacementOverridePayload>,
    input: &ApprovePlacementOverride,
) -> Result<Refused<Done<ApprovePlacementOverridePayload>>> {
    let mut keys: Vec<Uuid> = input.overrides.iter().map(|of| of.uuid()).collect();
    keys.sort_unstable();
    keys.dedup();
    if !(1..=MOST).contains(&keys.len()) {
        return Ok(Err(InvalidValue::new("overrides", "Approve 1 to 50 overrides at once.").into()));
    }
    let found = overrides_in(context, transaction.connection()?, &keys).await?;
    let Some((request_id, space_id)) = found.iter().map(|of| (of.request_id, of.space_id)).next() else {
        return Ok(Err(NotFound::new("overrides").into()));
    };
    if found.len() < keys.len() {
        return Ok(Err(NotFound::new("overrides").into()));
    }
    if found.iter().any(|of| of.request_id != request_id) {
        return Ok(Err(InvalidValue::new("overrides", "Approve what was asked for together.").into()));
    }
    let Some(space) = spaces_in(transaction.connection()?, vec![space_id]).await?.pop() else {
        return Ok(Err(NotFound::new("overrides").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Space, &space)?;
    for of in &found {
        context.authorize_write(Class::Placement, RecordType::Person, of)?;
    }
    let (user, now) = (context.actor()?.user, context.now());
    if found.iter().any(|of| of.ends_at <= now) {
        let message = "This was not approved in time. Ask for it anew.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    let approving = diesel::update(placement_overrides::table.filter(placement_overrides::id.eq_any(&keys)))
        .set((placement_overrides::approved_at.eq(now), placement_overrides::approved_by.eq(user)));
    if let Err(error) = approving.execute(transaction.connection()?).await {
        let message = match constraint(&error) {
            Some("placement_overrides_second_person") => {
                "You asked for this yourself. Have another user approve it."
            }
            Some("placement_overrides_approved_once") => "This is approved already.",
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let part = |of: &PlacementOverride| {
        let change = OverrideApproved {
            placement_override: of.id.uuid(),
            requested_by: of.requested_by,
            approved_by: user,
        };
        Part::of(Class::Placement, Some(of.person_id), &change)
    };
    let changes = found.iter().map(part).collect::<Result<_>>()?;
    let payload = ApprovePlacementOverridePayload { request_id, shelter: space.shelter.unwrap_or_default() };
    Ok(Ok(Done { occurred_at: now, changes, payload }))
}
