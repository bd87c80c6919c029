//! Long lists: the stock of a store, donations and donors. Lots are in [`super::finding`].

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::context::Context;
use crate::donations::load::{
    DONATION_COLUMNS, DONOR_COLUMNS, balances_joined, donation_facts, donor_facts, goods_facts, stock_columns,
};
use crate::donations::tables::{balances, donations, donors};
use crate::donations::{Donation, Donor, Location, Stock};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;

input! {
    /// Which store, and which page of what it holds.
    pub struct StockArguments {
        /// The store.
        pub location: Id<Location>,
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

/// What a store holds, scoped to the caller, oldest lot first.
pub(crate) async fn stock(
    context: Context,
    arguments: StockArguments,
    wanted: Wanted,
) -> Result<Connection<Stock>> {
    let location = arguments.location.uuid();
    let (binding, window) = asked!(context, arguments, "stock", &location);
    let scope = context.root_scope(Class::Inventory, RecordType::Stock)?;
    let scope = InScope::new(&scope, goods_facts);
    let selected = || {
        balances_joined()
            .filter(balances::location_id.eq(location))
            .filter(balances::in_stock)
            .filter(scope.clone())
            .into_boxed::<Pg>()
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(balances::lot_id),
        stock_columns(),
        |stock: &Stock| stock.lot_id
    )
}

input! {
    /// Which donations, and which page of them. They come in the order in which they were recorded.
    pub struct DonationsArguments {
        /// Only what this donor gave.
        pub donor: Option<Id<Donor>> => Donor,
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

/// Donations, scoped to the caller.
pub(crate) async fn donations(
    context: Context,
    arguments: DonationsArguments,
    wanted: Wanted,
) -> Result<Connection<Donation>> {
    let donor = arguments.donor.map(Id::uuid);
    let (binding, window) = asked!(context, arguments, "donations", &donor);
    let scope = context.root_scope(Class::Inventory, RecordType::Donation)?;
    let scope = InScope::new(&scope, donation_facts);
    let selected = || {
        let query = donations::table
            .filter(donations::programme_id.eq(context.programme_id()))
            .filter(scope.clone())
            .into_boxed::<Pg>();
        match donor {
            Some(donor) => query.filter(donations::donor_id.eq(donor)),
            None => query,
        }
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(donations::id),
        DONATION_COLUMNS,
        |donation: &Donation| donation.id.uuid()
    )
}

input! {
    /// Which page of the donors. They come in the order in which they were registered.
    pub struct DonorsArguments {
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

/// Donors, scoped to the caller.
pub(crate) async fn donors(
    context: Context,
    arguments: DonorsArguments,
    wanted: Wanted,
) -> Result<Connection<Donor>> {
    let programme = context.programme_id();
    let (binding, window) = asked!(context, arguments, "donors", &programme);
    let scope = context.root_scope(Class::Donor, RecordType::Donor)?;
    let scope = InScope::new(&scope, donor_facts);
    let selected =
        || donors::table.filter(donors::programme_id.eq(programme)).filter(scope.clone()).into_boxed::<Pg>();
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(donors::id),
        DONOR_COLUMNS,
        |donor: &Donor| donor.id.uuid()
    )
}
