//! Reads of checks. They are open to whoever may read their class.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use super::FacilityCheck;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::Shelter;
use crate::shelters::tables::{facility_checks, shelters};

input! {
    /// Which checks, and which page of them. They come in the order of their recording.
    pub struct FacilityChecksArguments {
        /// Only those of this shelter.
        pub shelter: Option<Id<Shelter>>,
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

#[diesel::dsl::auto_type]
fn columns() -> _ {
    (
        facility_checks::id,
        facility_checks::checked_at,
        facility_checks::clean,
        facility_checks::sanitised,
        facility_checks::toilets_usable,
        facility_checks::hot_showers,
        facility_checks::note,
        facility_checks::shelter_id,
        shelters::code,
    )
}

/// What selects checks: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    shelter: Option<Uuid>,
}

/// Checks, page by page.
pub(super) async fn facility_checks(
    context: Context,
    arguments: FacilityChecksArguments,
    wanted: Wanted,
) -> Result<Connection<FacilityCheck>> {
    let selects = Selects { programme: context.programme_id(), shelter: arguments.shelter.map(Id::uuid) };
    let (binding, window) = asked!(context, arguments, "facilityChecks", &selects);
    let selected = || {
        let mut query = facility_checks::table
            .inner_join(shelters::table)
            .filter(shelters::programme_id.eq(selects.programme))
            .into_boxed::<Pg>();
        if let Some(shelter) = selects.shelter {
            query = query.filter(facility_checks::shelter_id.eq(shelter));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(facility_checks::id),
        columns(),
        |check: &FacilityCheck| check.id.uuid()
    )
}

/// Checks by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<FacilityCheck>> {
    let reader = context.reader().await?;
    let query = facility_checks::table
        .inner_join(shelters::table)
        .filter(facility_checks::id.eq_any(ids))
        .select(columns());
    Ok(query.load(&mut &*reader).await?)
}

/// A check, as a transaction sees it.
pub(super) async fn check_in(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Option<FacilityCheck>> {
    let query = facility_checks::table
        .inner_join(shelters::table)
        .filter(facility_checks::id.eq(id))
        .select(columns());
    Ok(query.first(connection).await.optional()?)
}

/// The newest check of each of some shelters.
pub(crate) async fn newest_of_shelters(context: Context, of: Vec<Uuid>) -> Result<Vec<FacilityCheck>> {
    let reader = context.reader().await?;
    let query = facility_checks::table
        .inner_join(shelters::table)
        .filter(facility_checks::shelter_id.eq_any(of))
        .distinct_on(facility_checks::shelter_id)
        .order((facility_checks::shelter_id, facility_checks::checked_at.desc(), facility_checks::id.desc()))
        .select(columns());
    Ok(query.load(&mut &*reader).await?)
}

/// The newest check of each shelter, or of one, as a transaction sees them.
pub(super) async fn newest_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    shelter: Option<Uuid>,
) -> Result<Vec<FacilityCheck>> {
    let query = facility_checks::table
        .inner_join(shelters::table)
        .filter(shelters::programme_id.eq(context.programme_id()))
        .distinct_on(facility_checks::shelter_id)
        .order((facility_checks::shelter_id, facility_checks::checked_at.desc(), facility_checks::id.desc()))
        .select(columns());
    let mut newest: Vec<FacilityCheck> = query.load(connection).await?;
    newest.retain(|check| shelter.is_none_or(|shelter| shelter == check.shelter_id));
    Ok(newest)
}
