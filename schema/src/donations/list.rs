//! Long lists: lots by many orders, and the stock of a store.

use chrono::{Datelike, NaiveDate};
use diesel::dsl::{count_star, exists};
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::load::{
    DONATION_COLUMNS, DONOR_COLUMNS, balances_joined, donation_facts, donor_facts, goods_facts, lot_columns,
    lots_joined, stock_columns,
};
use crate::donations::tables::{balances, donations, donors, items, lots};
use crate::donations::{Category, Donation, Donor, Location, Lot, Stock};
use crate::error::{Error, Result};
use crate::graph::{Connection, Wanted, graphql_enum, input};
use crate::paging::{Asked, Place, Window, by_hidden_key, by_key, invalid_cursor, shown_count};
use crate::scalars::Id;

graphql_enum! {
    /// In which order lots come. Lots that do not expire come last in the order of expiry.
    pub enum DonationItemOrder {
        /// Oldest receipt first.
        ReceivedOn = "RECEIVED_ON",
        /// Newest receipt first.
        ReceivedOnDesc = "RECEIVED_ON_DESC",
        /// First to expire first.
        ExpiresOn = "EXPIRES_ON",
        /// By code.
        Code = "CODE",
        /// By name.
        Name = "NAME",
    }
}

input! {
    /// Which lots, in which order, and which page of them.
    pub struct DonationItemsArguments {
        /// Only lots of this category.
        pub category: Option<Id<Category>>,
        /// Only lots of which this store holds some.
        pub location: Option<Id<Location>>,
        /// Only lots that this donor gave.
        pub donor: Option<Id<Donor>> => Donor,
        /// Only the lines of this donation.
        pub donation: Option<Id<Donation>>,
        /// Only lots that expire before this day.
        pub expires_before: Option<NaiveDate>,
        /// Only lots that expire on this day or later; those that never do are left out.
        pub expires_from: Option<NaiveDate>,
        /// Only lots whose name or code contains this text, whatever its case. At most 100 characters.
        pub text: Option<String>,
        /// `RECEIVED_ON` where it is left out.
        pub order_by: Option<DonationItemOrder>,
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

/// What selects and orders lots: a cursor is bound to it.
#[derive(Serialize)]
struct Selects<'a> {
    programme: Uuid,
    category: Option<Uuid>,
    location: Option<Uuid>,
    donor: Option<Uuid>,
    donation: Option<Uuid>,
    expires_before: Option<NaiveDate>,
    expires_from: Option<NaiveDate>,
    text: Option<&'a str>,
    order_by: DonationItemOrder,
}

impl DonationItemOrder {
    /// The sort key in SQL, as text that sorts like the value: one kind of key serves every order and cursor.
    fn key(self) -> &'static str {
        match self {
            Self::ReceivedOn | Self::ReceivedOnDesc => "lots.received_on",
            // Later than any date that is stored.
            Self::ExpiresOn => "coalesce(lots.expires_on, '9999-12-31'::date)",
            Self::Code => "lots.code",
            Self::Name => "items.name",
        }
    }

    fn sql_type(self) -> &'static str {
        match self {
            Self::ReceivedOn | Self::ReceivedOnDesc | Self::ExpiresOn => "date",
            Self::Code | Self::Name => "text",
        }
    }

    fn descends(self) -> bool {
        self == Self::ReceivedOnDesc
    }

    /// Whether this can be a key: nothing seals a cursor, so its key is whatever its sender wrote.
    fn admits(self, key: &str) -> bool {
        if self.sql_type() == "text" {
            return !key.contains('\0');
        }
        let day = key.parse::<NaiveDate>();
        day.is_ok_and(|day| (1..=9999).contains(&day.year()) && day.to_string() == key)
    }

    fn key_of(self, lot: &Lot) -> String {
        match self {
            Self::ReceivedOn | Self::ReceivedOnDesc => lot.received_on.to_string(),
            Self::ExpiresOn => lot.expires_on.map_or_else(|| "9999-12-31".to_owned(), |day| day.to_string()),
            Self::Code => lot.code.clone(),
            Self::Name => lot.name.clone(),
        }
    }
}

/// Escapes what LIKE takes for a pattern.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Lots, scoped to the caller.
pub(crate) async fn lots(
    context: Context,
    arguments: DonationItemsArguments,
    wanted: Wanted,
) -> Result<Connection<Lot>> {
    let order = arguments.order_by.unwrap_or(DonationItemOrder::ReceivedOn);
    let text = arguments.text.as_deref().filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > 100) {
        return Err(Error::new(crate::error::Code::InvalidArgument, "text has at most 100 characters."));
    }
    let selects = Selects {
        programme: context.programme_id(),
        category: arguments.category.map(Id::uuid),
        location: arguments.location.map(Id::uuid),
        donor: arguments.donor.map(Id::uuid),
        donation: arguments.donation.map(Id::uuid),
        expires_before: arguments.expires_before,
        expires_from: arguments.expires_from,
        text,
        order_by: order,
    };
    let binding = context.binding("donationItems", &selects)?;
    let asked =
        Asked::new(arguments.first, arguments.after.as_deref(), arguments.last, arguments.before.as_deref());
    let window = Window::new(&asked, &binding)?;
    let admits = |place: &Place| place.key.as_deref().is_some_and(|key| order.admits(key));
    if !window.from.as_ref().is_none_or(admits) {
        return Err(invalid_cursor());
    }
    let Some(scope) = context.scope(Class::Inventory, RecordType::Lot) else {
        return Err(Error::internal("refused root was called"));
    };
    let scope = InScope::new(&scope, goods_facts);

    let selected = || {
        let mut query = lots_joined()
            .filter(lots::programme_id.eq(selects.programme))
            .filter(scope.clone())
            .into_boxed::<Pg>();
        if let Some(category) = selects.category {
            query = query.filter(items::category_id.eq(category));
        }
        if let Some(location) = selects.location {
            let here = balances::table
                .filter(balances::lot_id.eq(lots::id))
                .filter(balances::location_id.eq(location))
                .filter(balances::quantity.gt(0));
            query = query.filter(exists(here));
        }
        if let Some(donor) = selects.donor {
            query = query.filter(lots::donor_id.eq(donor));
        }
        if let Some(donation) = selects.donation {
            query = query.filter(lots::donation_id.eq(donation));
        }
        if let Some(day) = selects.expires_before {
            query = query.filter(lots::expires_on.lt(day));
        }
        if let Some(day) = selects.expires_from {
            query = query.filter(lots::expires_on.ge(day));
        }
        if let Some(text) = selects.text {
            let pattern = containing(text);
            query = query.filter(items::name.ilike(pattern.clone()).or(lots::code.ilike(pattern)));
        }
        query
    };

    let forward = window.backward == order.descends();
    let mut query = selected();
    if let Some(Place { key: Some(key), id }) = &window.from {
        let (expression, sql_type) = (order.key(), order.sql_type());
        let comparison = if forward { ">" } else { "<" };
        let beyond = diesel::dsl::sql::<Bool>(&format!("({expression}, lots.id) {comparison} ("))
            .bind::<Text, _>(key.clone())
            .sql(&format!("::{sql_type}, "))
            .bind::<diesel::sql_types::Uuid, _>(*id)
            .sql(")");
        query = query.filter(beyond);
    }
    let direction = if forward { "ASC" } else { "DESC" };
    let by: SqlLiteral<Text> = diesel::dsl::sql(&format!("{} {direction}, lots.id {direction}", order.key()));
    let reader = context.reader().await?;
    let page = query.order(by).limit(window.limit()).select(lot_columns());
    let rows: Vec<Lot> = Prepared(page).load(&mut &*reader).await?;
    let total = if wanted.total_count {
        Some(shown_count(selected().select(count_star()).first::<i64>(&mut &*reader).await?))
    } else {
        None
    };
    window.page(
        rows,
        &binding,
        |lot| Place { key: Some(order.key_of(lot)), id: lot.id.uuid() },
        total,
        wanted,
    )
}

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
    let binding = context.binding("stock", &location)?;
    let asked =
        Asked::new(arguments.first, arguments.after.as_deref(), arguments.last, arguments.before.as_deref());
    let window = Window::new(&asked, &binding)?;
    let Some(scope) = context.scope(Class::Inventory, RecordType::Stock) else {
        return Err(Error::internal("refused root was called"));
    };
    let scope = InScope::new(&scope, goods_facts);
    let selected = || {
        balances_joined()
            .filter(balances::location_id.eq(location))
            .filter(balances::quantity.gt(0))
            .filter(scope.clone())
            .into_boxed::<Pg>()
    };
    let query = by_key!(selected(), balances::lot_id, window);
    let reader = context.reader().await?;
    let rows = query.limit(window.limit()).select(stock_columns()).load::<Stock>(&mut &*reader).await?;
    let total = if wanted.total_count {
        Some(shown_count(selected().select(count_star()).first::<i64>(&mut &*reader).await?))
    } else {
        None
    };
    window.page(rows, &binding, |stock| Place { key: None, id: stock.lot_id }, total, wanted)
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
    let binding = context.binding("donations", &donor)?;
    let asked =
        Asked::new(arguments.first, arguments.after.as_deref(), arguments.last, arguments.before.as_deref());
    let window = Window::new(&asked, &binding)?;
    let Some(scope) = context.scope(Class::Inventory, RecordType::Donation) else {
        return Err(Error::internal("refused root was called"));
    };
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
    let query = by_key!(selected(), donations::id, window);
    let reader = context.reader().await?;
    let rows = query.limit(window.limit()).select(DONATION_COLUMNS).load::<Donation>(&mut &*reader).await?;
    let total = if wanted.total_count {
        Some(shown_count(selected().select(count_star()).first::<i64>(&mut &*reader).await?))
    } else {
        None
    };
    window.page(rows, &binding, |donation| Place { key: None, id: donation.id.uuid() }, total, wanted)
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
    let binding = context.binding("donors", &programme)?;
    let asked =
        Asked::new(arguments.first, arguments.after.as_deref(), arguments.last, arguments.before.as_deref());
    let window = Window::new(&asked, &binding)?;
    let Some(scope) = context.scope(Class::Donor, RecordType::Donor) else {
        return Err(Error::internal("refused root was called"));
    };
    let scope = InScope::new(&scope, donor_facts);
    let selected =
        || donors::table.filter(donors::programme_id.eq(programme)).filter(scope.clone()).into_boxed::<Pg>();
    let query = by_hidden_key!(selected(), donors::id, window);
    let reader = context.reader().await?;
    let rows = query.limit(window.limit()).select(DONOR_COLUMNS).load::<Donor>(&mut &*reader).await?;
    let total = if wanted.total_count {
        Some(shown_count(selected().select(count_star()).first::<i64>(&mut &*reader).await?))
    } else {
        None
    };
    window.page(rows, &binding, |donor| Place { key: None, id: donor.id.uuid() }, total, wanted)
}
