//! Beds and stays, page by page.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::load::{
    BedRow, StayRow, all_at, bed_columns, beds_joined, scope, stay_columns, stays_joined, stays_of_rows,
};
use super::tables::{beds, stays};
use super::{Bed, Stay};
use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{Person, person_facts};
use crate::context::{Context, refused_root};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::Space;
use crate::shelters::tables::shelters;

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
