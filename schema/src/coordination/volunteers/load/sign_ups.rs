//! Reads of who comes to shifts.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::agencies::tables::agencies;
use crate::context::Context;
use crate::coordination::tables::{shift_sign_ups, volunteer_shifts, volunteers};
use crate::coordination::volunteers::{ShiftSignUp, WithdrawalCause};
use crate::error::Result;
use crate::shelters::tables::shelters;

#[diesel::dsl::auto_type]
fn joined() -> _ {
    shift_sign_ups::table
        .inner_join(volunteer_shifts::table.inner_join(shelters::table))
        .inner_join(volunteers::table.inner_join(agencies::table))
}

#[diesel::dsl::auto_type]
fn columns() -> _ {
    (
        shift_sign_ups::id,
        volunteers::code,
        shift_sign_ups::state,
        shift_sign_ups::signed_up_at,
        shift_sign_ups::settled_at,
        shift_sign_ups::cause,
        shift_sign_ups::reason,
        shift_sign_ups::minutes,
        shift_sign_ups::version,
        shift_sign_ups::shift_id,
        shift_sign_ups::volunteer_id,
        volunteers::agency_id,
        agencies::code,
        shelters::code,
    )
}

/// Which of them.
enum By {
    Keys(Vec<Uuid>),
    Shifts(Vec<Uuid>),
    Volunteers(Vec<Uuid>),
}

/// In the order in which they were signed up.
async fn sign_ups(context: Context, by: By) -> Result<Vec<ShiftSignUp>> {
    let query = joined().order(shift_sign_ups::id).select(columns()).into_boxed::<Pg>();
    let query = match by {
        By::Keys(keys) => query.filter(shift_sign_ups::id.eq_any(keys)),
        By::Shifts(shifts) => query.filter(shift_sign_ups::shift_id.eq_any(shifts)),
        By::Volunteers(volunteers) => query.filter(shift_sign_ups::volunteer_id.eq_any(volunteers)),
    };
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// Who comes to shifts, by key.
pub(in crate::coordination::volunteers) async fn sign_ups_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<ShiftSignUp>> {
    sign_ups(context, By::Keys(ids)).await
}

/// Who comes to some shifts.
pub(in crate::coordination::volunteers) async fn sign_ups_of_shifts(
    context: Context,
    shifts: Vec<Uuid>,
) -> Result<Vec<ShiftSignUp>> {
    sign_ups(context, By::Shifts(shifts)).await
}

/// To which shifts some volunteers come.
pub(in crate::coordination::volunteers) async fn sign_ups_of_volunteers(
    context: Context,
    volunteers: Vec<Uuid>,
) -> Result<Vec<ShiftSignUp>> {
    sign_ups(context, By::Volunteers(volunteers)).await
}

/// One of them, of the programme, as a transaction sees it.
pub(in crate::coordination::volunteers) async fn sign_up_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<ShiftSignUp>> {
    let query = joined()
        .filter(shift_sign_ups::id.eq(id))
        .filter(volunteer_shifts::programme_id.eq(context.programme_id()))
        .select(columns());
    Ok(query.first(connection).await.optional()?)
}

/// Whose sign-ups a transaction asks for.
pub(in crate::coordination::volunteers) enum Signed {
    Shift(Uuid),
    Volunteer(Uuid),
    Agency(Uuid),
}

/// Who was withdrawn for a cause at a time, as a transaction sees them; in the order in which they were signed up.
pub(in crate::coordination::volunteers) async fn sign_ups_in(
    connection: &mut AsyncPgConnection,
    whose: Signed,
    (cause, at): (WithdrawalCause, DateTime<Utc>),
) -> Result<Vec<ShiftSignUp>> {
    let query = joined()
        .filter(shift_sign_ups::cause.eq(cause))
        .filter(shift_sign_ups::settled_at.eq(at))
        .order(shift_sign_ups::id)
        .select(columns())
        .into_boxed::<Pg>();
    let query = match whose {
        Signed::Shift(shift) => query.filter(shift_sign_ups::shift_id.eq(shift)),
        Signed::Volunteer(volunteer) => query.filter(shift_sign_ups::volunteer_id.eq(volunteer)),
        Signed::Agency(agency) => query.filter(volunteers::agency_id.eq(agency)),
    };
    Ok(query.load(connection).await?)
}
