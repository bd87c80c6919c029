//! Beds, holds and stays, page by page.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::load::{
    BedRow, StayRow, all_at, bed_columns, beds_joined, hold_columns, scope, stay_columns, stays_joined,
    stays_of_rows,
};
use super::tables::{bed_holds, beds, stays};
use super::{Bed, BedHold, Stay};
use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{Person, person_facts};
use crate::context::{Context, refused_root};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;
use crate::shelters::{Shelter, Space};

input! {
    /// Whose beds, and which page of them. They come in the order in which they were added.
    pub struct BedsArguments {
        /// The space.
        pub space: Id<Space>,
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

input! {
    /// Which holds, and which page of them. They come in the order in which they were made.
    pub struct HoldsArguments {
        /// The shelter.
        pub shelter: Id<Shelter>,
        /// Where true, only those that keep beds now; where false, only those that are over.
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

input! {
    /// Whose stays, and which page of them. They come in the order in which they were recorded.
    pub struct StaysArguments {
        /// The person.
        pub person: Id<Person>,
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

/// A page of the beds of a space.
pub(super) async fn beds(
    context: Context,
    arguments: BedsArguments,
    wanted: Wanted,
) -> Result<Connection<Bed>> {
    let (programme, space) = (context.programme_id(), arguments.space.uuid());
    let (binding, window) = asked!(context, arguments, "beds", &(programme, space));
    let selected = || {
        beds_joined()
            .filter(shelters::programme_id.eq(programme))
            .filter(beds::space_id.eq(space))
            .into_boxed::<Pg>()
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(beds::id),
        bed_columns(),
        |row: &BedRow| { row.id }
    )?;
    Ok(Connection { rows: all_at(page.rows, context.now()), facts: page.facts })
}

/// A page of the holds of a shelter.
pub(super) async fn holds(
    context: Context,
    arguments: HoldsArguments,
    wanted: Wanted,
) -> Result<Connection<BedHold>> {
    let (programme, shelter, open) = (context.programme_id(), arguments.shelter.uuid(), arguments.open);
    let (binding, window) = asked!(context, arguments, "holds", &(programme, shelter, open));
    let now = context.now();
    let selected = || {
        let query = bed_holds::table
            .inner_join(shelters::table)
            .filter(bed_holds::programme_id.eq(programme))
            .filter(bed_holds::shelter_id.eq(shelter))
            .into_boxed::<Pg>();
        match open {
            Some(true) => query.filter(bed_holds::ended_at.is_null()).filter(bed_holds::until.gt(now)),
            Some(false) => query.filter(bed_holds::ended_at.is_not_null().or(bed_holds::until.le(now))),
            None => query,
        }
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(bed_holds::id),
        hold_columns(),
        |hold: &BedHold| hold.id.uuid()
    )
}

/// A page of the stays of a person.
pub(super) async fn stays(
    context: Context,
    arguments: StaysArguments,
    wanted: Wanted,
) -> Result<Connection<Stay>> {
    let (programme, person) = (context.programme_id(), arguments.person.uuid());
    let (binding, window) = asked!(context, arguments, "stays", &(programme, person));
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let at = scope.at();
    let selected = || {
        stays_joined()
            .filter(persons::programme_id.eq(programme))
            .filter(stays::person_id.eq(person))
            .filter(InScope::new(&scope, person_facts))
            .into_boxed::<Pg>()
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(stays::id),
        stay_columns(at),
        |row: &StayRow| row.0
    )?;
    Ok(Connection { rows: stays_of_rows(&context, page.rows, at), facts: page.facts })
}
