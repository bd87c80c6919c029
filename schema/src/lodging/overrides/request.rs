//! Asking that people may lie where they would not.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::{LASTS, OverrideRequested};
use crate::census::Person;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Facts, input, record, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::lodging::arrivals::{Arrivals, arrivals};
use crate::lodging::tables::placement_overrides;
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, refuse_text};
use crate::scalars::Id;
use crate::shelters::{Space, spaces_in};

input! {
    /// People, and the space in which they are to lie.
    pub struct RequestPlacementOverride {
        /// The people, 1 to 50. Either this or `pickupCode`.
        pub persons: Option<Vec<Id<Person>>>,
        /// The pickup code that a household shows where it comes: it is for everyone of it who lies in no bed.
        pub pickup_code: Option<String>,
        /// The space.
        pub space: Id<Space>,
        /// Why, 3 to 500 characters; no name and no illness of anyone.
        pub reason: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// What is to be approved.
    #[derive(Serialize, Deserialize)]
    pub struct RequestPlacementOverridePayload: "RequestPlacementOverridePayload" as Space {
        /// What the overrides share.
        request_id: Uuid,
        /// Code of the space's shelter.
        shelter: String,
    }
}

impl Facts for RequestPlacementOverridePayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

union! {
    /// What is to be approved; or why nothing is.
    pub enum RequestPlacementOverrideResult {
        Payload(RequestPlacementOverridePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Refused<T> = std::result::Result<T, RequestPlacementOverrideResult>;

/// Asks for overrides: one for each person.
pub(super) async fn request_placement_override(
    context: Context,
    input: RequestPlacementOverride,
) -> Result<RequestPlacementOverrideResult> {
    context.personal_scope(Class::Placement, RecordType::Person)?;
    let mut transaction =
        begin!(&context, "lodging.requestPlacementOverride", &input, RequestPlacementOverrideResult);
    let done = request(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn request(
    context: &Context,
    transaction: &mut Transaction<'_, RequestPlacementOverridePayload>,
    input: &RequestPlacementOverride,
) -> Result<Refused<Done<RequestPlacementOverridePayload>>> {
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return Ok(Err(problem.into()));
    }
    let named = Arrivals { persons: input.persons.as_deref(), pickup_code: input.pickup_code.as_deref() };
    let mut lodgers = match arrivals(context, transaction.connection()?, named).await? {
        Ok(lodgers) => lodgers,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(space) = spaces_in(transaction.connection()?, vec![input.space.uuid()]).await?.pop() else {
        return Ok(Err(NotFound::new("space").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Space, &space)?;
    let shelter = space.shelter.clone().unwrap_or_default();
    for lodger in &mut lodgers {
        if input.pickup_code.is_some() && !lodger.arrives_in(&shelter) {
            let message = "This household lodges in another shelter. The coordinator moves it.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        context.authorize_write(Class::Placement, RecordType::Person, &lodger.judged)?;
    }
    let (request_id, ends_at) = (context.new_uuid()?, context.now() + LASTS);
    let (mut rows, mut changes) = (Vec::with_capacity(lodgers.len()), Vec::with_capacity(lodgers.len()));
    for lodger in &lodgers {
        let id = context.new_uuid()?;
        rows.push((
            placement_overrides::id.eq(id),
            placement_overrides::programme_id.eq(context.programme_id()),
            placement_overrides::request_id.eq(request_id),
            placement_overrides::person_id.eq(lodger.id),
            placement_overrides::space_id.eq(space.id),
            placement_overrides::reason.eq(&input.reason),
            placement_overrides::requested_at.eq(context.now()),
            placement_overrides::requested_by.eq(context.actor()?.user),
            placement_overrides::ends_at.eq(ends_at),
        ));
        let change = OverrideRequested {
            placement_override: id,
            space: space.id.uuid(),
            shelter: shelter.clone(),
            reason: input.reason.clone(),
            ends_at,
        };
        changes.push(Part::of(Class::Placement, Some(lodger.id), &change)?);
    }
    let asking = diesel::insert_into(placement_overrides::table).values(rows);
    asking.execute(transaction.connection()?).await?;
    let payload = RequestPlacementOverridePayload { request_id, shelter };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
