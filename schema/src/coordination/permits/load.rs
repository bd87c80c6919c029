//! Reads of permits, which are open to whoever may read their class.

use chrono::NaiveDate;
use diesel::dsl::not;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::tables::permits;
use super::{Permit, PermitKind, PermitState};
use crate::agencies::Agency;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::Shelter;
use crate::shelters::tables::shelters;

type Day = Option<NaiveDate>;
type PermitRow = (
    (Uuid, String, PermitKind, Option<String>, String, NaiveDate, PermitState),
    (Day, Day, Option<String>, Day, Day, Option<String>, i32),
    (Uuid, Option<Uuid>, Option<Uuid>, Option<String>),
);

#[diesel::dsl::auto_type]
fn permits_joined() -> _ {
    permits::table.left_join(shelters::table)
}

#[diesel::dsl::auto_type]
fn permit_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        (
            permits::id,
            permits::code,
            permits::kind,
            permits::activity,
            permits::purpose,
            permits::requested_on,
            permits::state,
        ),
        (
            permits::reviewed_on,
            permits::decided_on,
            permits::folio,
            permits::valid_from,
            permits::valid_until,
            permits::reason,
            permits::version,
        ),
        (permits::agency_id, permits::shelter_id, permits::renews_id, shelter),
    )
}

fn permit(context: &Context, row: PermitRow) -> Permit {
    let ((id, code, kind, activity, purpose, requested_on, state), decided, of) = row;
    let (reviewed_on, decided_on, folio, valid_from, valid_until, reason, version) = decided;
    let (agency_id, shelter_id, renews_id, shelter) = of;
    let today = context.instant().day;
    let expired = valid_until.is_some_and(|last| last < today);
    Permit {
        id: Id::new(id),
        code,
        kind,
        activity,
        purpose,
        requested_on,
        state,
        reviewed_on,
        decided_on,
        folio,
        valid_from,
        valid_until,
        in_force: !expired && valid_from.is_some_and(|first| first <= today),
        expired,
        reason,
        version,
        agency_id,
        agency: context.agency_code(agency_id),
        shelter_id,
        shelter,
        renews_id,
    }
}

/// Permits by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Permit>> {
    let query = permits_joined().filter(permits::id.eq_any(ids)).select(permit_columns());
    let rows: Vec<PermitRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| permit(&context, row)).collect())
}

/// The permits that renew some, in the order of asking.
pub(super) async fn renewals_of(context: Context, renewed: Vec<Uuid>) -> Result<Vec<Permit>> {
    let query = permits_joined()
        .filter(permits::renews_id.eq_any(renewed))
        .order(permits::id)
        .select(permit_columns());
    let rows: Vec<PermitRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| permit(&context, row)).collect())
}

/// A permit of the programme, as a transaction sees it.
pub(super) async fn permit_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Permit>> {
    let query = permits_joined()
        .filter(permits::id.eq(id))
        .filter(permits::programme_id.eq(context.programme_id()))
        .select(permit_columns());
    let row: Option<PermitRow> = query.first(connection).await.optional()?;
    Ok(row.map(|row| permit(context, row)))
}

/// The permits that are not decided yet, as a transaction sees them.
pub(super) async fn undecided_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    shelter: Option<Uuid>,
) -> Result<Vec<Permit>> {
    let mut query = permits_joined()
        .filter(permits::programme_id.eq(context.programme_id()))
        .filter(permits::state.eq_any([PermitState::Requested, PermitState::UnderReview]))
        .order(permits::id)
        .select(permit_columns())
        .into_boxed::<Pg>();
    if let Some(shelter) = shelter {
        query = query.filter(permits::shelter_id.eq(shelter));
    }
    let rows: Vec<PermitRow> = query.load(connection).await?;
    Ok(rows.into_iter().map(|row| permit(context, row)).collect())
}

input! {
    /// Which permits, and which page of them. They come in the order in which they were asked for.
    pub struct PermitsArguments {
        /// Only those that this agency asks for.
        pub agency: Option<Id<Agency>>,
        /// Only those of this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Only those of this kind.
        pub kind: Option<PermitKind>,
        /// Only those that stand so.
        pub state: Option<PermitState>,
        /// Where true, only those that held and do not any more; where false, only the others.
        pub expired: Option<bool>,
        /// Only those that hold until a day before this one, so that they can be renewed in time.
        pub expires_before: Option<NaiveDate>,
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

/// Permits, page by page.
pub(super) async fn permits(
    context: Context,
    arguments: PermitsArguments,
    wanted: Wanted,
) -> Result<Connection<Permit>> {
    let (agency, shelter) = (arguments.agency.map(Id::uuid), arguments.shelter.map(Id::uuid));
    let (kind, state) = (arguments.kind, arguments.state);
    let (is_expired, expires_before) = (arguments.expired, arguments.expires_before);
    let selects = (agency, shelter, kind, state, is_expired, expires_before);
    let (binding, window) = asked!(context, arguments, "permits", &selects);
    let today = context.instant().day;
    let selected = || {
        let mut query =
            permits_joined().filter(permits::programme_id.eq(context.programme_id())).into_boxed::<Pg>();
        if let Some(agency) = agency {
            query = query.filter(permits::agency_id.eq(agency));
        }
        if let Some(shelter) = shelter {
            query = query.filter(permits::shelter_id.eq(shelter));
        }
        if let Some(kind) = kind {
            query = query.filter(permits::kind.eq(kind));
        }
        if let Some(state) = state {
            query = query.filter(permits::state.eq(state));
        }
        if let Some(day) = expires_before {
            query = query.filter(permits::valid_until.lt(day));
        }
        let expired =
            permits::valid_until.is_not_null().and(permits::valid_until.lt(today).assume_not_null());
        match is_expired {
            Some(true) => query.filter(expired),
            Some(false) => query.filter(not(expired)),
            None => query,
        }
    };
    let page: Result<Connection<PermitRow>> = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(permits::id),
        permit_columns(),
        |row: &PermitRow| row.0.0
    );
    let Connection { rows, facts } = page?;
    Ok(Connection { rows: rows.into_iter().map(|row| permit(&context, row)).collect(), facts })
}
