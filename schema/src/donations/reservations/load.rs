//! Reads of reservations, scoped to the caller.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::{reservation_lines, reservations};
use super::{Reservation, ReservationLine};
use crate::access::InScope;
use crate::context::Context;
use crate::donations::Location;
use crate::donations::load::{goods_facts, store_facts};
use crate::donations::tables::{locations, lots};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

/// Reservations with what a row of them needs.
#[diesel::dsl::auto_type]
fn reservations_joined() -> _ {
    reservations::table.inner_join(locations::table.left_join(shelters::table))
}

/// The columns of a [`Reservation`].
#[diesel::dsl::auto_type]
fn reservation_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        reservations::id,
        reservations::code,
        reservations::note,
        reservations::reserved_at,
        reservations::until,
        reservations::ended_at,
        reservations::version,
        reservations::location_id,
        reservations::request_id,
        shelter,
    )
}

/// Lines of reservations with what a row of them needs.
#[diesel::dsl::auto_type]
fn lines_joined() -> _ {
    reservation_lines::table.inner_join(lots::table).inner_join(locations::table.left_join(shelters::table))
}

/// The columns of a [`ReservationLine`].
#[diesel::dsl::auto_type]
fn line_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        reservation_lines::id,
        (reservation_lines::reserved, lots::unit),
        (reservation_lines::used, lots::unit),
        (reservation_lines::left_over, lots::unit),
        reservation_lines::reservation_id,
        reservation_lines::lot_id,
        shelter,
        lots::stock_kind,
        lots::donor_agency,
    )
}

/// Reservations by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Reservation>> {
    let reader = context.reader().await?;
    let query = reservations_joined().filter(reservations::id.eq_any(ids)).select(reservation_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// A reservation, as a transaction sees it.
pub(super) async fn one(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Option<Reservation>> {
    let query = reservations_joined().filter(reservations::id.eq(id)).select(reservation_columns());
    Ok(query.first(connection).await.optional()?)
}

/// The lines of some reservations, as far as the caller may see them.
pub(super) async fn lines_of_reservations(context: Context, of: Vec<Uuid>) -> Result<Vec<ReservationLine>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Movement) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = lines_joined()
        .filter(reservation_lines::reservation_id.eq_any(of))
        .filter(InScope::new(&scope, goods_facts))
        .order((reservation_lines::reservation_id, reservation_lines::lot_id))
        .select(line_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Lines of reservations by key.
pub(super) async fn lines_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<ReservationLine>> {
    let reader = context.reader().await?;
    let query = lines_joined().filter(reservation_lines::id.eq_any(ids)).select(line_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// What a reservation still keeps of an item in a store at a moment: of which lots so much, the first to expire first.
pub(in crate::donations) async fn kept_of_item(
    connection: &mut AsyncPgConnection,
    reservation: Uuid,
    (item, location): (Uuid, Uuid),
    at: DateTime<Utc>,
) -> Result<Vec<(Uuid, i32)>> {
    let query = reservation_lines::table
        .inner_join(lots::table)
        .filter(reservation_lines::reservation_id.eq(reservation))
        .filter(reservation_lines::location_id.eq(location))
        .filter(reservation_lines::until.gt(at))
        .filter(reservation_lines::left_over.gt(0))
        .filter(lots::item_id.eq(item))
        .order((lots::keeps_until, lots::id))
        .select((reservation_lines::lot_id, reservation_lines::left_over));
    Ok(query.load(connection).await?)
}

input! {
    /// Which reservations, and which page of them. They come in the order in which they were made.
    pub struct ReservationsArguments {
        /// Only those of goods in this store.
        pub location: Option<Id<Location>>,
        /// Where true, only those that still keep goods; where false, only those whose time is over or that were released.
        pub open: Option<bool>,
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

/// Reservations, scoped to the caller.
pub(super) async fn reservations(
    context: Context,
    arguments: ReservationsArguments,
    wanted: Wanted,
) -> Result<Connection<Reservation>> {
    let (location, open) = (arguments.location.map(Id::uuid), arguments.open);
    let (binding, window) = asked!(context, arguments, "reservations", &(location, open));
    let scope = context.root_scope(Class::Inventory, RecordType::Reservation)?;
    let scope = InScope::new(&scope, store_facts);
    let now = context.now();
    let selected = || {
        let mut query = reservations_joined()
            .filter(reservations::programme_id.eq(context.programme_id()))
            .filter(scope.clone())
            .into_boxed::<Pg>();
        if let Some(location) = location {
            query = query.filter(reservations::location_id.eq(location));
        }
        match open {
            Some(true) => {
                query = query.filter(reservations::ended_at.is_null()).filter(reservations::until.gt(now));
            }
            Some(false) => {
                let over = reservations::ended_at.is_not_null().or(reservations::until.le(now));
                query = query.filter(over);
            }
            None => {}
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(reservations::id),
        reservation_columns(),
        |reservation: &Reservation| reservation.id.uuid()
    )
}
