//! What happened: the ledger page by page, and what lay where at a moment.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Timestamptz};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::InScope;
use crate::context::Context;
use crate::donations::load::{balances_joined, goods_facts, movement_columns, movements_joined};
use crate::donations::tables::{balances, lots, movements};
use crate::donations::{Item, Location, Lot, Movement};
use crate::error::{Code, Error, Result};
use crate::graph::{Connection, Facts, Wanted, input, record};
use crate::paging::{asked, page};
use crate::scalars::{Id, Quantity};
use crate::shelters::tables::shelters;

input! {
    /// Which movements, and which page of them. They come in the order in which they were recorded.
    pub struct MovementsArguments {
        /// Only those of this lot.
        pub lot: Option<Id<Lot>>,
        /// Only those that left this store or came to it.
        pub location: Option<Id<Location>>,
        /// Only what happened at this time or later.
        pub occurred_from: Option<DateTime<Utc>>,
        /// Only what happened before this time.
        pub occurred_before: Option<DateTime<Utc>>,
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

/// Movements, scoped to the caller.
pub(super) async fn movements(
    context: Context,
    arguments: MovementsArguments,
    wanted: Wanted,
) -> Result<Connection<Movement>> {
    let (lot, location) = (arguments.lot.map(Id::uuid), arguments.location.map(Id::uuid));
    let (from, before) = (arguments.occurred_from, arguments.occurred_before);
    let (binding, window) =
        asked!(context, arguments, "movements", &(context.programme_id(), lot, location, from, before));
    let scope = context.root_scope(Class::Inventory, RecordType::Movement)?;
    let scope = InScope::new(&scope, goods_facts);
    let selected = || {
        let mut query = movements_joined()
            .filter(lots::programme_id.eq(context.programme_id()))
            .filter(scope.clone())
            .into_boxed::<Pg>();
        if let Some(lot) = lot {
            query = query.filter(movements::lot_id.eq(lot));
        }
        if let Some(location) = location {
            query = query
                .filter(movements::from_id.eq(location).or(movements::to_id.eq(location)).assume_not_null());
        }
        if let Some(from) = from {
            query = query.filter(movements::occurred_at.ge(from));
        }
        if let Some(before) = before {
            query = query.filter(movements::occurred_at.lt(before));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(movements::id),
        movement_columns(),
        |movement: &Movement| movement.id.uuid()
    )
}

record! {
    /// How much of a lot lay in a store at a moment, as the ledger has it now.
    #[derive(Queryable)]
    pub struct PastStock: "PastStock" as Stock {
        /// How much there was.
        quantity: Quantity => Inventory,
        /// By which it is paged.
        balance_id: Uuid,
        /// The lot.
        lot_id: Uuid,
        /// The store.
        location_id: Uuid,
        /// The shelter whose store it is.
        shelter: Option<String>,
        /// What kind of stock it is.
        stock_kind: String,
        /// The donating agency's code.
        donor_agency: Option<String>,
    }
}

impl Facts for PastStock {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::StockKind => Some(&self.stock_kind),
            Fact::DonorAgency => self.donor_agency.as_deref(),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}

input! {
    /// Of which moment, of which store, lot or item, and which page of it. Lots come in the order in which they came to a store.
    pub struct StockAsOfArguments {
        /// The moment: what happened until then counts, whenever it was recorded.
        pub at: DateTime<Utc>,
        /// Only what lay in this store.
        pub location: Option<Id<Location>>,
        /// Only this lot.
        pub lot: Option<Id<Lot>>,
        /// Only lots of this item.
        pub item: Option<Id<Item>>,
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

/// What the movements until a moment come to, of the balance that a row is.
const THEN: &str = "(SELECT coalesce(sum(CASE WHEN to_id = balances.location_id THEN movements.quantity ELSE -movements.quantity END), 0)::integer \
    FROM movements WHERE movements.lot_id = balances.lot_id AND balances.location_id IN (from_id, to_id) AND occurred_at <= ";

/// What lay where at a moment, scoped to the caller. Each pair of a lot and a store that ever held some of it has a balance.
pub(super) async fn stock_as_of(
    context: Context,
    arguments: StockAsOfArguments,
    wanted: Wanted,
) -> Result<Connection<PastStock>> {
    let at = arguments.at;
    let (location, lot, item) =
        (arguments.location.map(Id::uuid), arguments.lot.map(Id::uuid), arguments.item.map(Id::uuid));
    if at > context.now() {
        let message = "That moment has not come. What is there now is in stock.";
        return Err(Error::new(Code::InvalidArgument, message));
    }
    let (binding, window) = asked!(context, arguments, "stockAsOf", &(at, location, lot, item));
    let scope = context.root_scope(Class::Inventory, RecordType::Stock)?;
    let scope = InScope::new(&scope, goods_facts);
    let there = || diesel::dsl::sql::<Bool>(THEN).bind::<Timestamptz, _>(at).sql(") > 0");
    let then = || diesel::dsl::sql::<Integer>(THEN).bind::<Timestamptz, _>(at).sql(")");
    let selected = || {
        let mut query = balances_joined()
            .filter(lots::programme_id.eq(context.programme_id()))
            .filter(scope.clone())
            .filter(there())
            .into_boxed::<Pg>();
        if let Some(location) = location {
            query = query.filter(balances::location_id.eq(location));
        }
        if let Some(lot) = lot {
            query = query.filter(balances::lot_id.eq(lot));
        }
        if let Some(item) = item {
            query = query.filter(balances::item_id.eq(item));
        }
        query
    };
    let columns = (
        (then(), lots::unit),
        balances::id,
        balances::lot_id,
        balances::location_id,
        shelters::code.nullable(),
        lots::stock_kind,
        lots::donor_agency,
    );
    page!(context, (binding, window), wanted, selected, by_key(balances::id), columns, |stock: &PastStock| {
        stock.balance_id
    })
}
