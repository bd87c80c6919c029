//! Lots, page by page.

use std::cmp::{Ordering, Reverse};

use chrono::{Datelike, NaiveDate};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::DonationItemOrder;
use super::combinations::{Filter, Key, Selecting, refused};
use super::range::{EARLIEST, ExpiryBand, NEVER, Range};
use super::search::{Found, Sought};
use super::statement::{Count, From, Narrowed, OfItems, Selection, Sorted, Start, Value};
use crate::context::Context;
use crate::database::{Prepared, Reader};
use crate::donations::{Category, Donation, Donor, Item, Location, Lot};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{Binding, Place, Window, asked, invalid_cursor, shown_count};
use crate::scalars::Id;

input! {
    /// Which lots, in which order, and which page of them. What goes together is a closed list; an answer to what does not says what does.
    pub struct DonationItemsArguments {
        /// Only lots of this category.
        pub category: Option<Id<Category>>,
        /// Only lots of this entry of the catalogue.
        pub item: Option<Id<Item>>,
        /// Only lots of which this store holds some.
        pub location: Option<Id<Location>>,
        /// Only lots that this donor gave.
        pub donor: Option<Id<Donor>> => Donor,
        /// Only the lines of this donation.
        pub donation: Option<Id<Donation>>,
        /// Only lots that expire in this band. It goes without `expiresBefore` and `expiresFrom`.
        pub expiry: Option<ExpiryBand>,
        /// Only lots that expire before this day.
        pub expires_before: Option<NaiveDate>,
        /// Only lots that expire on this day or later; those that never do are left out.
        pub expires_from: Option<NaiveDate>,
        /// Only lots whose code begins with this text; where there is none, lots of what it finds in the catalogue, as it fits them, and of each the first to expire first. At most 100 characters.
        pub text: Option<String>,
        /// Where it is left out: as the text fits, if there is one; `EXPIRES_ON` if they are selected by their expiry; or else `RECEIVED_ON`.
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
#[derive(Default, Serialize)]
pub(super) struct Selects<'a> {
    pub(super) programme: Uuid,
    pub(super) category: Option<Uuid>,
    pub(super) item: Option<Uuid>,
    pub(super) location: Option<Uuid>,
    pub(super) donor: Option<Uuid>,
    pub(super) donation: Option<Uuid>,
    pub(super) expiry: Option<Range>,
    pub(super) text: Option<&'a str>,
    pub(super) order_by: Option<DonationItemOrder>,
}

impl DonationItemOrder {
    fn key(self) -> Key {
        match self {
            Self::ReceivedOn | Self::ReceivedOnDesc => Key::ReceivedOn,
            Self::ExpiresOn | Self::ExpiresOnDesc => Key::ExpiresOn,
            Self::Code | Self::CodeDesc => Key::Code,
            Self::Name | Self::NameDesc => Key::Name,
        }
    }

    fn descends(self) -> bool {
        matches!(self, Self::ReceivedOnDesc | Self::ExpiresOnDesc | Self::CodeDesc | Self::NameDesc)
    }
}

impl Key {
    /// A lot's value of it, as a cursor holds it.
    fn of(self, lot: &Lot) -> String {
        match self {
            Self::ReceivedOn => lot.received_on.to_string(),
            Self::ExpiresOn => keeps_until(lot).to_string(),
            Self::Code => lot.code.clone(),
            Self::Name => lot.name.clone(),
        }
    }

    /// The place that a cursor names. Nothing seals a cursor, so its key is whatever its sender wrote.
    fn read(self, place: &Place) -> Option<From> {
        let key = place.key.as_deref()?;
        let key = match self {
            Self::ReceivedOn | Self::ExpiresOn => Value::Day(day(key)?),
            Self::Code | Self::Name => Value::Text(Some(key.to_owned()).filter(|key| !key.contains('\0'))?),
        };
        Some(From { key, id: place.id })
    }
}

/// The day from which a lot is not given out.
fn keeps_until(lot: &Lot) -> NaiveDate {
    lot.expires_on.unwrap_or(NEVER)
}

/// A day as cursors write it.
fn day(text: &str) -> Option<NaiveDate> {
    let day = text.parse::<NaiveDate>().ok()?;
    ((1..=9999).contains(&day.year()) && day.to_string() == text).then_some(day)
}

/// The range of expiry that arguments give.
pub(super) fn expiry(
    context: &Context,
    band: Option<ExpiryBand>,
    from: Option<NaiveDate>,
    before: Option<NaiveDate>,
) -> Result<Option<Range>> {
    match (band, Range::between(from, before)) {
        (Some(_), Some(_)) => Err(refused("expiry goes without expiresBefore and expiresFrom".to_owned())),
        (Some(band), None) => Ok(Some(Range::of(band, context.instant().day))),
        (None, range) => Ok(range),
    }
}

/// Lots, scoped to the caller.
pub(crate) async fn lots(
    context: Context,
    arguments: DonationItemsArguments,
    wanted: Wanted,
) -> Result<Connection<Lot>> {
    let sought = Sought::new(arguments.text.as_deref())?;
    let expiry = expiry(&context, arguments.expiry, arguments.expires_from, arguments.expires_before)?;
    let selects = Selects {
        programme: context.programme_id(),
        category: arguments.category.map(Id::uuid),
        item: arguments.item.map(Id::uuid),
        location: arguments.location.map(Id::uuid),
        donor: arguments.donor.map(Id::uuid),
        donation: arguments.donation.map(Id::uuid),
        expiry,
        text: sought.as_ref().and(arguments.text.as_deref()),
        order_by: arguments.order_by.or(match (&sought, expiry) {
            (Some(_), _) => None,
            (None, Some(_)) => Some(DonationItemOrder::ExpiresOn),
            (None, None) => Some(DonationItemOrder::ReceivedOn),
        }),
    };
    let (filters, selecting) = selects.filters()?;
    let scope = context.root_scope(Class::Inventory, RecordType::Lot)?;
    let selection = Selection::new(selects.programme, filters, expiry, &scope);
    let (binding, window) = asked!(context, arguments, "donationItems", &selects);
    let list = List { window, reader: context.reader().await?, selection, binding, wanted };
    match (sought, selects.order_by) {
        (None, Some(order)) if !selecting.sorts_by(order.key()) => Err(selecting.no_order()),
        (None, Some(order)) if expiry.is_some() && order.key() != Key::ExpiresOn => {
            Err(selecting.no_expiry())
        }
        (None, Some(order)) => list.sorted(order.key(), order.descends(), None).await,
        (Some(sought), None) => list.fitting(&context, &sought).await,
        _ => Err(refused("Lots that a text selects come as it fits them: leave orderBy out".to_owned())),
    }
}

impl Selects<'_> {
    /// What selects by records, where that is in the list.
    pub(super) fn filters(&self) -> Result<(Vec<(Filter, Uuid)>, &'static Selecting)> {
        let filters: Vec<(Filter, Uuid)> =
            Filter::ALL.into_iter().filter_map(|filter| Some((filter, self.record(filter)?))).collect();
        let selecting = Selecting::by(&filters.iter().map(|(filter, _)| *filter).collect::<Vec<_>>())?;
        if self.text.is_some() && !selecting.text {
            return Err(selecting.no_text());
        }
        if self.expiry.is_some() && !selecting.sorts_by(Key::ExpiresOn) {
            return Err(selecting.no_expiry());
        }
        Ok((filters, selecting))
    }

    fn record(&self, filter: Filter) -> Option<Uuid> {
        match filter {
            Filter::Category => self.category,
            Filter::Item => self.item,
            Filter::Donor => self.donor,
            Filter::Donation => self.donation,
            Filter::Location => self.location,
        }
    }
}

/// What is asked for, checked.
struct List {
    window: Window,
    reader: Reader,
    selection: Selection,
    binding: Binding,
    wanted: Wanted,
}

impl List {
    async fn sorted(self, key: Key, descends: bool, codes: Option<[String; 2]>) -> Result<Connection<Lot>> {
        let from =
            self.window.from.as_ref().map(|place| key.read(place).ok_or_else(invalid_cursor)).transpose()?;
        let ascending = self.window.backward == descends;
        let page = Sorted::new(&self.selection, key, ascending, from, self.window.limit());
        let page = match &codes {
            Some(codes) => page.with_codes(codes.clone()),
            None => page,
        };
        let rows: Vec<Lot> = Prepared(page).load(&mut &*self.reader).await?;
        let total = self.total(Narrowed { codes, items: None }).await?;
        let place = |lot: &Lot| Place { key: Some(key.of(lot)), id: lot.id.uuid() };
        self.window.page(rows, &self.binding, place, total, self.wanted)
    }

    /// Lots whose code a text begins; where there is none, the lots of the items that it finds.
    async fn fitting(self, context: &Context, sought: &Sought) -> Result<Connection<Lot>> {
        // A cursor says which of the two it goes on with.
        let from =
            self.window.from.as_ref().map(|place| Fit::read(place).ok_or_else(invalid_cursor)).transpose()?;
        let codes = match &from {
            Some(Fit::Item { .. }) => None,
            Some(Fit::Code) => sought.codes(),
            None if self.selection.expiry.is_some() => None,
            None => sought.begins_a_code(&self.reader, &self.selection).await?,
        };
        if codes.is_some() {
            return self.sorted(Key::Code, false, codes).await;
        }
        let category = self.selection.filters.iter().find(|(filter, _)| *filter == Filter::Category);
        let found = sought.items(context, &self.reader, category.map(|(_, record)| *record)).await?;
        let ascending = !self.window.backward;
        let starts = starts(&found, from.as_ref(), self.window.from.as_ref(), ascending);
        // The items found are of the category. Asked for it again, PostgreSQL would read all that it has in search of an item's lots.
        let of_items = self.selection.clone().without(Filter::Category);
        let page = OfItems::new(&of_items, &starts, ascending, self.window.limit());
        let rows: Vec<Lot> = Prepared(page).load(&mut &*self.reader).await?;
        let items = found.iter().map(|item| item.id).collect();
        let total = self.total(Narrowed { items: Some(items), codes: None }).await?;
        let place = |lot: &Lot| Place { key: Fit::of(lot, &found), id: lot.id.uuid() };
        self.window.page(rows, &self.binding, place, total, self.wanted)
    }

    async fn total(&self, narrowed: Narrowed) -> Result<Option<i32>> {
        if !self.wanted.total_count {
            return Ok(None);
        }
        let count = Count { selection: &self.selection, narrowed };
        let count: i64 = Prepared(count).get_result(&mut &*self.reader).await?;
        Ok(Some(shown_count(count)))
    }
}

/// A place among the lots that a text finds: what it follows from is the lot's own and its item's, so that it stays where it is when
/// others come or go.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fit {
    /// Among those whose code it begins.
    Code,
    Item {
        rank: i32,
        name: String,
        item: Uuid,
        day: NaiveDate,
    },
}

impl Fit {
    /// As a cursor holds it.
    fn of(lot: &Lot, found: &[Found]) -> Option<String> {
        let item = found.iter().find(|item| item.code == lot.item)?;
        Some(format!("{}/{}/{}/{}", item.rank, item.id, keeps_until(lot), item.name))
    }

    fn read(place: &Place) -> Option<Self> {
        let key = place.key.as_deref()?;
        let mut parts = key.splitn(4, '/');
        let (Some(rank), Some(item), Some(on), Some(name)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return (!key.contains('\0')).then_some(Self::Code);
        };
        Some(Self::Item {
            rank: rank.parse().ok()?,
            name: name.to_owned(),
            item: item.parse().ok()?,
            day: day(on)?,
        })
    }
}

/// Which items a page shows lots of, and from where: all where it is the first, and those from a place on where it is not.
fn starts(found: &[Found], from: Option<&Fit>, place: Option<&Place>, ascending: bool) -> Vec<Start> {
    let ends = if ascending { (EARLIEST, Uuid::nil()) } else { (NEVER, Uuid::max()) };
    let start = |item: &Found| {
        let (day, lot) = match (from, place) {
            (Some(Fit::Item { rank, name, item: of, day }), Some(place)) => {
                // Better ones come first.
                let this = (Reverse(item.rank), item.name.as_str(), item.id);
                let that = (Reverse(*rank), name.as_str(), *of);
                match this.cmp(&that) {
                    Ordering::Equal => (*day, place.id),
                    order if (order == Ordering::Greater) == ascending => ends,
                    _ => return None,
                }
            }
            _ => ends,
        };
        Some(Start { item: item.id, day, lot })
    };
    let mut starts: Vec<Start> = found.iter().filter_map(start).collect();
    if !ascending {
        starts.reverse();
    }
    starts
}
