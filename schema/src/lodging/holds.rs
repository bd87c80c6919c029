//! Keeping beds for people who are yet to come, until a time; and setting free what is left of it.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::{beds_in, hold_in};
use super::stays::{hold_spaces, taken};
use super::tables::{bed_holds, beds};
use super::{Bed, BedHold, HoldChanged};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, change_of_server, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;
use crate::system::System;

/// How long beds are held at most.
const LONGEST: TimeDelta = TimeDelta::days(7);
/// How many beds one hold keeps.
const MOST: usize = 100;
/// How many holds are ended at a time.
const AT_ONCE: i64 = 500;

input! {
    /// Beds that are to be kept.
    pub struct HoldBeds {
        /// The beds, 1 to 100 free ones of one shelter.
        pub beds: Vec<Id<Bed>>,
        /// Until when, 7 days from now at most. Then they are free again by themselves.
        pub until: DateTime<Utc>,
        /// What for, 3 to 500 characters; no name of anyone who is to come.
        pub note: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A hold that is needed no more.
    pub struct ReleaseHold {
        /// The hold.
        pub hold: Id<BedHold>,
        /// The version of the hold that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// Beds, held.
    pub struct HoldBedsPayload: "HoldBedsPayload" as Space {
        /// The hold.
        hold: BedHold,
    }
}

payload! {
    /// A hold, released.
    pub struct ReleaseHoldPayload: "ReleaseHoldPayload" as Space {
        /// The hold as it is now.
        hold: BedHold,
    }
}

union! {
    /// The beds, held; or why they are not.
    pub enum HoldBedsResult {
        Payload(HoldBedsPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The hold, released; or why it was not.
    pub enum ReleaseHoldResult {
        Payload(ReleaseHoldPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Holds beds: all of them or none.
pub(super) async fn hold_beds(context: Context, input: HoldBeds) -> Result<HoldBedsResult> {
    let mut transaction = begin!(&context, "lodging.holdBeds", &input, HoldBedsResult);
    let done = hold(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn hold(
    context: &Context,
    transaction: &mut Transaction<'_, HoldBedsPayload>,
    input: &HoldBeds,
) -> Result<std::result::Result<Done<HoldBedsPayload>, HoldBedsResult>> {
    if let Some(problem) = refused(context, input) {
        return Ok(Err(problem.into()));
    }
    let mut wanted: Vec<Uuid> = input.beds.iter().map(|bed| bed.uuid()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    hold_spaces(transaction.connection()?, &wanted).await?;
    let found = beds_in(context, transaction.connection()?, &wanted).await?;
    let Some(shelter) = found.iter().map(|bed| bed.shelter_id).next().filter(|_| found.len() == wanted.len())
    else {
        return Ok(Err(NotFound::new("beds").into()));
    };
    for bed in &found {
        context.authorize_write(Class::Operational, RecordType::Space, bed)?;
    }
    if found.iter().any(|bed| bed.shelter_id != shelter) {
        return Ok(Err(InvalidValue::new("beds", "A hold keeps beds of one shelter.").into()));
    }
    if let Some(problem) = found.iter().find_map(|bed| taken(bed, None)) {
        return Ok(Err(problem.into()));
    }
    let id = context.new_uuid()?;
    let row = (
        bed_holds::id.eq(id),
        bed_holds::programme_id.eq(context.programme_id()),
        bed_holds::shelter_id.eq(shelter),
        bed_holds::note.eq(&input.note),
        bed_holds::held_at.eq(context.now()),
        bed_holds::until.eq(input.until),
        bed_holds::user_id.eq(context.actor()?.user),
    );
    diesel::insert_into(bed_holds::table).values(row).execute(transaction.connection()?).await?;
    let holding = diesel::update(beds::table.filter(beds::id.eq_any(&wanted)))
        .set((beds::hold_id.eq(id), beds::held_until.eq(input.until)));
    holding.execute(transaction.connection()?).await?;
    changed(context, transaction, id, wanted).await.map(Ok)
}

/// Which value is out of its range, and what to do about it.
fn refused(context: &Context, input: &HoldBeds) -> Option<InvalidValue> {
    if !(1..=MOST).contains(&input.beds.len()) {
        return Some(InvalidValue::new("beds", "Hold 1 to 100 beds at once."));
    }
    if input.until <= context.now() || input.until - context.now() > LONGEST {
        let message = "Beds are held until a time to come, 7 days from now at most.";
        return Some(InvalidValue::new("until", message));
    }
    refuse_text("note", Some(&input.note))
}

/// Sets free what is left of a hold.
pub(super) async fn release_hold(context: Context, input: ReleaseHold) -> Result<ReleaseHoldResult> {
    let mut transaction = begin!(&context, "lodging.releaseHold", &input, ReleaseHoldResult);
    let done = release(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn release(
    context: &Context,
    transaction: &mut Transaction<'_, ReleaseHoldPayload>,
    input: &ReleaseHold,
) -> Result<std::result::Result<Done<ReleaseHoldPayload>, ReleaseHoldResult>> {
    let Some(hold) = hold_in(transaction.connection()?, input.hold.uuid()).await? else {
        return Ok(Err(NotFound::new("hold").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Space, &hold)?;
    if hold.version != input.version {
        return Ok(Err(VersionConflict::new(hold.version).into()));
    }
    let releasing = diesel::update(bed_holds::table.find(hold.id)).set(bed_holds::ended_at.eq(context.now()));
    match releasing.execute(transaction.connection()?).await {
        Ok(_) => changed(context, transaction, hold.id.uuid(), Vec::new()).await.map(Ok),
        Err(error) if constraint(&error) == Some("bed_holds_ended_once") => {
            Ok(Err(StateConflict::new("This hold is over already.").into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// What is committed of a hold that was made or released: the hold as the transaction sees it now.
async fn changed<P>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Uuid,
    beds: Vec<Uuid>,
) -> Result<Done<P>>
where
    P: Serialize + DeserializeOwned + From<BedHold>,
{
    let change = entry(transaction.connection()?, id, beds).await?;
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Done { occurred_at: context.now(), changes, payload: change.hold.into() })
}

async fn entry(connection: &mut AsyncPgConnection, id: Uuid, beds: Vec<Uuid>) -> Result<HoldChanged> {
    let hold = hold_in(connection, id).await?;
    let hold = hold.ok_or_else(|| Error::internal("a hold that was changed is not there"))?;
    Ok(HoldChanged { hold, beds })
}

/// Ends what is over by the programme clock, each in a transaction of its own, with its entry in the journal. It was in nobody's way
/// before: whoever takes a bed passes over a hold whose time is over.
pub(crate) async fn tidy(system: &System) -> Result<()> {
    let now = system.now();
    let over = bed_holds::table
        .filter(bed_holds::programme_id.eq(system.programme_id()))
        .filter(bed_holds::ended_at.is_null())
        .filter(bed_holds::until.le(now))
        .order(bed_holds::until)
        .limit(AT_ONCE)
        .select(bed_holds::id);
    let over: Vec<Uuid> = over.load(&mut system.database.writer().await?).await?;
    for id in over {
        change_of_server(system, "lodging.holdExpired", async |connection| {
            let open = bed_holds::table.find(id).filter(bed_holds::ended_at.is_null());
            if diesel::update(open).set(bed_holds::ended_at.eq(now)).execute(connection).await? == 0 {
                return Ok(None);
            }
            let change = entry(connection, id, Vec::new()).await?;
            Ok(Some(vec![Part::of(Class::Operational, None, &change)?]))
        })
        .await?;
    }
    Ok(())
}
