//! Reads of shifts.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use crate::context::Context;
use crate::coordination::tables::volunteer_shifts;
use crate::coordination::volunteers::{VolunteerActivity, VolunteerShift};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::Shelter;
use crate::shelters::tables::shelters;

#[diesel::dsl::auto_type]
fn columns() -> _ {
    (
        volunteer_shifts::id,
        volunteer_shifts::code,
        volunteer_shifts::activity,
        volunteer_shifts::starts_at,
        volunteer_shifts::ends_at,
        volunteer_shifts::starts_on,
        volunteer_shifts::near_minors,
        volunteer_shifts::places,
        volunteer_shifts::taken,
        volunteer_shifts::note,
        volunteer_shifts::state,
        volunteer_shifts::cancelled_at,
        volunteer_shifts::reason,
        volunteer_shifts::version,
        volunteer_shifts::shelter_id,
        shelters::code,
    )
}

/// Shifts by key.
pub(in crate::coordination::volunteers) async fn shifts_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<VolunteerShift>> {
    let query = volunteer_shifts::table
        .inner_join(shelters::table)
        .filter(volunteer_shifts::id.eq_any(ids))
        .select(columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// A shift of the programme, as a transaction sees it.
pub(in crate::coordination::volunteers) async fn shift_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<VolunteerShift>> {
    let query = volunteer_shifts::table
        .inner_join(shelters::table)
        .filter(volunteer_shifts::id.eq(id))
        .filter(volunteer_shifts::programme_id.eq(context.programme_id()))
        .select(columns());
    Ok(query.first(connection).await.optional()?)
}

/// Holds a shift until the transaction ends: before who comes to it is changed, in the order in which the database holds them.
pub(in crate::coordination::volunteers) async fn hold_shift(
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<()> {
    let held = volunteer_shifts::table.find(id).select(volunteer_shifts::id).for_no_key_update();
    let _: Uuid = held.first(connection).await?;
    Ok(())
}

/// The shifts that have not ended at a time, of one shelter or of all, as a transaction sees them.
pub(in crate::coordination::volunteers) async fn shifts_from(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (at, shelter): (DateTime<Utc>, Option<Uuid>),
) -> Result<Vec<VolunteerShift>> {
    let mut query = volunteer_shifts::table
        .inner_join(shelters::table)
        .filter(volunteer_shifts::programme_id.eq(context.programme_id()))
        .filter(volunteer_shifts::ends_at.gt(at))
        .order(volunteer_shifts::id)
        .select(columns())
        .into_boxed::<Pg>();
    if let Some(shelter) = shelter {
        query = query.filter(volunteer_shifts::shelter_id.eq(shelter));
    }
    Ok(query.load(connection).await?)
}

input! {
    /// Which shifts, and which page of them. They come in the order in which they were planned.
    pub struct VolunteerShiftsArguments {
        /// Only those in this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Only those in which this is done.
        pub activity: Option<VolunteerActivity>,
        /// Only those that begin on this day or later.
        pub from: Option<NaiveDate>,
        /// Only those that begin on this day or earlier.
        pub until: Option<NaiveDate>,
        /// Where true, only those that are near minors; where false, only the others.
        pub near_minors: Option<bool>,
        /// Where true, only those that are to be and have a free place; where false, only the others.
        pub free: Option<bool>,
        /// How many rows from the start, or after `after`: 1 to 500; 50 where neither `first` nor `last` is given.
        pub first: Option<i32>,
        /// Go on after this cursor.
        pub after: Option<String>,
        /// How many rows from the end, or before `before`.
        pub last: Option<i32>,
        /// Go back from this cursor.
        pub before: Option<String>,
    }
}

/// What selects shifts: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    shelter: Option<Uuid>,
    activity: Option<VolunteerActivity>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    near_minors: Option<bool>,
    free: Option<bool>,
}

/// Shifts, page by page.
pub(in crate::coordination::volunteers) async fn shifts(
    context: Context,
    arguments: VolunteerShiftsArguments,
    wanted: Wanted,
) -> Result<Connection<VolunteerShift>> {
    let selects = Selects {
        programme: context.programme_id(),
        shelter: arguments.shelter.map(Id::uuid),
        activity: arguments.activity,
        from: arguments.from,
        until: arguments.until,
        near_minors: arguments.near_minors,
        free: arguments.free,
    };
    let (binding, window) = asked!(context, arguments, "volunteerShifts", &selects);
    let selected = || {
        let mut query = volunteer_shifts::table
            .inner_join(shelters::table)
            .filter(volunteer_shifts::programme_id.eq(selects.programme))
            .into_boxed::<Pg>();
        if let Some(shelter) = selects.shelter {
            query = query.filter(volunteer_shifts::shelter_id.eq(shelter));
        }
        if let Some(activity) = selects.activity {
            query = query.filter(volunteer_shifts::activity.eq(activity));
        }
        if let Some(from) = selects.from {
            query = query.filter(volunteer_shifts::starts_on.ge(from));
        }
        if let Some(until) = selects.until {
            query = query.filter(volunteer_shifts::starts_on.le(until));
        }
        if let Some(near_minors) = selects.near_minors {
            query = query.filter(volunteer_shifts::near_minors.eq(near_minors));
        }
        let free = volunteer_shifts::cancelled_at
            .is_null()
            .and(volunteer_shifts::ends_at.gt(context.now()))
            .and(volunteer_shifts::taken.lt(volunteer_shifts::places));
        match selects.free {
            Some(true) => query = query.filter(free),
            Some(false) => query = query.filter(diesel::dsl::not(free)),
            None => {}
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(volunteer_shifts::id),
        columns(),
        |shift: &VolunteerShift| shift.id.uuid()
    )
}
