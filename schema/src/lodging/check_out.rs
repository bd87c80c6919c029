//! Checking somebody out: their bed is free, and they lodge nowhere.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::load::{beds_in, stay_in};
use super::stays::{happened, hold_households, hold_spaces, law, spaces_of, told};
use super::tables::stays;
use super::{Stay, StayEnded};
use crate::census::touched;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Facts, input, record, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A stay that is over.
    pub struct CheckOut {
        /// The stay.
        pub stay: Id<Stay>,
        /// The version of the stay that the caller saw.
        pub version: i32,
        /// When the person left; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A person, checked out.
    #[derive(Serialize, Deserialize)]
    pub struct CheckOutPayload: "CheckOutPayload" as Space {
        /// The stay.
        stay_id: Uuid,
        /// The bed that is free now.
        bed_id: Uuid,
        /// Code of its shelter.
        shelter: String,
    }
}

impl Facts for CheckOutPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

union! {
    /// The person, checked out; or why not.
    pub enum CheckOutResult {
        Payload(CheckOutPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Ends a stay.
pub(super) async fn check_out(context: Context, input: CheckOut) -> Result<CheckOutResult> {
    context.personal_scope(Class::Placement, RecordType::Person)?;
    let mut transaction = begin!(&context, "lodging.checkOut", &input, CheckOutResult);
    let done = leave(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn leave(
    context: &Context,
    transaction: &mut Transaction<'_, CheckOutPayload>,
    input: &CheckOut,
) -> Result<std::result::Result<Done<CheckOutPayload>, CheckOutResult>> {
    let ended_at = match happened(context, input.occurred_at) {
        Ok(at) => at,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let Some(stay) = stay_in(context, transaction.connection()?, input.stay.uuid()).await? else {
        return Ok(Err(NotFound::new("stay").into()));
    };
    hold_households(transaction.connection()?, &[stay.person_id]).await?;
    hold_spaces(transaction.connection()?, &[stay.bed_id]).await?;
    let Some(bed) = beds_in(context, transaction.connection()?, &[stay.bed_id]).await?.pop() else {
        return Ok(Err(NotFound::new("stay").into()));
    };
    context.authorize_write(Class::Placement, RecordType::Person, &stay)?;
    context.authorize_write(Class::Operational, RecordType::Space, &bed)?;
    let before = spaces_of(transaction.connection()?, std::slice::from_ref(&bed)).await?;
    if let Err(refused) = end(transaction, &stay, input.version, ended_at).await? {
        return Ok(Err(refused));
    }
    let change = StayEnded { stay: stay.id.uuid(), bed: stay.bed_id, ended_at };
    let mut changes = vec![
        Part::of(Class::Placement, Some(stay.person_id), &change)?,
        touched(vec![stay.person_id], ended_at)?,
    ];
    changes.extend(told(transaction, before, ended_at).await?);
    let payload = CheckOutPayload { stay_id: stay.id.uuid(), bed_id: stay.bed_id, shelter: bed.shelter };
    Ok(Ok(Done { occurred_at: ended_at, changes, payload }))
}

/// Ends a stay of the version that its caller saw.
pub(super) async fn end<P, R>(
    transaction: &mut Transaction<'_, P>,
    stay: &Stay,
    version: i32,
    ended_at: DateTime<Utc>,
) -> Result<std::result::Result<(), R>>
where
    P: Serialize + serde::de::DeserializeOwned,
    R: From<StateConflict> + From<InvalidValue> + From<VersionConflict>,
{
    let of_it = stays::table.find(stay.id).filter(stays::version.eq(version));
    let ending = diesel::update(of_it).set(stays::ended_at.eq(ended_at));
    match ending.execute(transaction.connection()?).await {
        Ok(1) => Ok(Ok(())),
        Ok(_) => {
            let current = stays::table.find(stay.id).select(stays::version);
            let current = current.first(transaction.connection()?).await?;
            Ok(Err(VersionConflict::new(current).into()))
        }
        Err(error) => law(&error).map(Err).ok_or_else(|| Error::from(error)),
    }
}
