//! Reads of what lots are related to. Whoever comes here has passed the edge's own class; stock and movements are scoped to
//! the caller by the same conditions as lists.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::{FactSource, InScope};
use crate::context::Context;
use crate::donations::tables::{balances, categories, donations, donors, items, locations, lots, movements};
use crate::donations::{Category, Donation, Donor, Item, Location, LocationKind, Lot, Movement, Stock};
use crate::error::{Code, Error, Result};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

pub(super) type CategoryColumns =
    (categories::id, categories::code, categories::name, categories::name_en, categories::stock_kind);
pub(super) const CATEGORY_COLUMNS: CategoryColumns =
    (categories::id, categories::code, categories::name, categories::name_en, categories::stock_kind);

/// Where the fact of a category stands.
fn category_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::StockKind).then_some(FactSource::Column("categories.stock_kind"))
}

/// Where the facts of goods stand in a query of lots; of what lies in a store, in one that joins shelters too.
pub(crate) fn goods_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::StockKind => Some(FactSource::Column("lots.stock_kind")),
        Fact::DonorAgency => Some(FactSource::Column("lots.donor_agency")),
        Fact::Shelter => Some(FactSource::Column("shelters.code")),
        _ => None,
    }
}

/// The categories that the caller may see, by code.
pub(crate) async fn all_categories(context: Context) -> Result<Vec<Category>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Category) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = categories::table
        .filter(categories::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, category_facts))
        .order(categories::code)
        .select(CATEGORY_COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

/// Categories by key.
pub(crate) async fn categories_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Category>> {
    let reader = context.reader().await?;
    Ok(categories::table
        .filter(categories::id.eq_any(ids))
        .select(CATEGORY_COLUMNS)
        .load(&mut &*reader)
        .await?)
}

pub(super) type ItemColumns = (
    items::id,
    items::code,
    items::gtin,
    items::name,
    items::unit,
    items::perishable,
    items::pack_sizes,
    items::minimum_stock,
    items::version,
    items::category_id,
    items::stock_kind,
);
pub(super) const ITEM_COLUMNS: ItemColumns = (
    items::id,
    items::code,
    items::gtin,
    items::name,
    items::unit,
    items::perishable,
    items::pack_sizes,
    items::minimum_stock,
    items::version,
    items::category_id,
    items::stock_kind,
);

/// Where the fact of an item stands.
pub(super) fn item_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::StockKind).then_some(FactSource::Column("items.stock_kind"))
}

/// The items of the catalogue that the caller may see, by code.
pub(crate) async fn all_items(context: Context) -> Result<Vec<Item>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Item) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = items::table
        .filter(items::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, item_facts))
        .order(items::code)
        .select(ITEM_COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

/// Items by key.
pub(crate) async fn items_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Item>> {
    let reader = context.reader().await?;
    Ok(items::table.filter(items::id.eq_any(ids)).select(ITEM_COLUMNS).load(&mut &*reader).await?)
}

/// Where the fact of a record that is of a store stands.
pub(super) fn store_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::Shelter).then_some(FactSource::Column("shelters.code"))
}

/// Those of some items that the caller may see, as a transaction sees them.
pub(super) async fn items_within_reach(
    context: &Context,
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> Result<Vec<Item>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Item) else { return Ok(Vec::new()) };
    let query = items::table
        .filter(items::programme_id.eq(context.programme_id()))
        .filter(items::id.eq_any(ids))
        .filter(InScope::new(&scope, item_facts))
        .select(ITEM_COLUMNS);
    Ok(query.load(connection).await?)
}

pub(super) type DonorColumns = (
    donors::id,
    donors::kind,
    donors::name,
    donors::contact,
    donors::version,
    donors::agency_id,
    donors::agency,
);
pub(super) const DONOR_COLUMNS: DonorColumns = (
    donors::id,
    donors::kind,
    donors::name,
    donors::contact,
    donors::version,
    donors::agency_id,
    donors::agency,
);

/// Where the fact of a donor stands.
pub(super) fn donor_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::DonorAgency).then_some(FactSource::Column("donors.agency"))
}

/// Donors by key.
pub(crate) async fn donors_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Donor>> {
    let reader = context.reader().await?;
    Ok(donors::table.filter(donors::id.eq_any(ids)).select(DONOR_COLUMNS).load(&mut &*reader).await?)
}

pub(super) type DonationColumns = (
    donations::id,
    donations::code,
    donations::received_on,
    donations::recorded_at,
    donations::donor_reference,
    donations::donor_id,
    donations::donor_agency,
    donations::received_at_id,
    donations::campaign_id,
);
pub(super) const DONATION_COLUMNS: DonationColumns = (
    donations::id,
    donations::code,
    donations::received_on,
    donations::recorded_at,
    donations::donor_reference,
    donations::donor_id,
    donations::donor_agency,
    donations::received_at_id,
    donations::campaign_id,
);

/// Where the facts of a donation stand.
pub(super) fn donation_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::DonorAgency).then_some(FactSource::Column("donations.donor_agency"))
}

/// Donations by key.
pub(crate) async fn donations_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Donation>> {
    let reader = context.reader().await?;
    let query = donations::table.filter(donations::id.eq_any(ids)).select(DONATION_COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

/// Stores with what a row of them needs.
#[diesel::dsl::auto_type]
pub(super) fn locations_joined() -> _ {
    locations::table.left_join(shelters::table)
}

/// The columns of a [`Location`].
#[diesel::dsl::auto_type]
pub(super) fn location_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (locations::id, locations::code, locations::name, locations::kind, locations::shelter_id, shelter)
}

/// The stores of the programme, by code.
pub(crate) async fn all_locations(context: Context) -> Result<Vec<Location>> {
    let reader = context.reader().await?;
    let query = locations_joined()
        .filter(locations::programme_id.eq(context.programme_id()))
        .order(locations::code)
        .select(location_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Stores by key.
pub(crate) async fn locations_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Location>> {
    let reader = context.reader().await?;
    Ok(locations_joined()
        .filter(locations::id.eq_any(ids))
        .select(location_columns())
        .load(&mut &*reader)
        .await?)
}

/// A store of the programme, as a transaction sees it. Goods on their way are in none.
pub(crate) async fn store_by_id(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Id<Location>,
) -> Result<Option<Location>> {
    let query = locations_joined()
        .filter(locations::id.eq(id))
        .filter(locations::programme_id.eq(context.programme_id()))
        .filter(locations::kind.ne(LocationKind::Transit))
        .select(location_columns());
    Ok(query.first(connection).await.optional()?)
}

/// The key of the location of what is on its way.
pub(super) async fn transit(context: &Context, connection: &mut AsyncPgConnection) -> Result<Uuid> {
    let query = locations::table
        .filter(locations::programme_id.eq(context.programme_id()))
        .filter(locations::kind.eq(LocationKind::Transit))
        .select(locations::id);
    Ok(query.first(connection).await?)
}

/// The columns of a [`Lot`].
#[diesel::dsl::auto_type]
pub(super) fn lot_columns() -> _ {
    (
        lots::id,
        lots::code,
        lots::item_name,
        lots::item_code,
        lots::condition,
        (lots::received, lots::unit),
        lots::received_on,
        lots::expires_on,
        lots::donor_reference,
        lots::recalled_at,
        lots::recall_reason,
        lots::category_id,
        lots::stock_kind,
        lots::donor_id,
        lots::donor_agency,
        lots::received_at_id,
        lots::donation_id,
    )
}

/// Lots by key.
pub(crate) async fn lots_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Lot>> {
    let reader = context.reader().await?;
    Ok(lots::table.filter(lots::id.eq_any(ids)).select(lot_columns()).load(&mut &*reader).await?)
}

/// Balances with what a row of them needs.
#[diesel::dsl::auto_type]
pub(super) fn balances_joined() -> _ {
    balances::table.inner_join(lots::table).inner_join(locations::table.left_join(shelters::table))
}

/// The columns of a [`Stock`].
#[diesel::dsl::auto_type]
pub(super) fn stock_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        balances::id,
        (balances::quantity, lots::unit),
        balances::reserved,
        balances::version,
        balances::lot_id,
        balances::location_id,
        shelter,
        lots::stock_kind,
        lots::donor_agency,
    )
}

/// Where some lots lie, as far as the caller may see it; stores that hold none of a lot any more are left out.
pub(crate) async fn stock_of_lots(context: Context, lot_ids: Vec<Uuid>) -> Result<Vec<Stock>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Stock) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = balances_joined()
        .filter(balances::lot_id.eq_any(lot_ids))
        .filter(balances::in_stock)
        .filter(InScope::new(&scope, goods_facts))
        .order(locations::code)
        .select(stock_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// What a location holds of some lots, as a transaction sees it.
pub(super) async fn stock_at(
    connection: &mut AsyncPgConnection,
    location: Uuid,
    lot_ids: Vec<Uuid>,
) -> Result<Vec<Stock>> {
    let query = balances_joined()
        .filter(balances::location_id.eq(location))
        .filter(balances::lot_id.eq_any(lot_ids))
        .select(stock_columns());
    Ok(query.load(connection).await?)
}

/// Which goods, in which store.
pub(super) struct StockOf {
    pub(super) location: Option<Uuid>,
    pub(super) lot: Option<Uuid>,
    pub(super) category: Option<Uuid>,
    pub(super) item: Option<Uuid>,
}

/// How many balances are shown at once to who begins to follow them.
const MOST_AT_ONCE: u16 = 1_000;

/// What lies where, as far as the caller may see it and as a transaction does, store by store. What is too much is refused.
pub(super) async fn stock_now(
    context: &Context,
    connection: &mut AsyncPgConnection,
    of: StockOf,
) -> Result<Vec<Stock>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Stock) else { return Ok(Vec::new()) };
    let mut query = balances_joined()
        .filter(lots::programme_id.eq(context.programme_id()))
        .filter(balances::in_stock)
        .filter(InScope::new(&scope, goods_facts))
        .order((balances::location_id, balances::lot_id))
        .limit(i64::from(MOST_AT_ONCE) + 1)
        .select(stock_columns())
        .into_boxed::<Pg>();
    if let Some(location) = of.location {
        query = query.filter(balances::location_id.eq(location));
    }
    if let Some(lot) = of.lot {
        query = query.filter(balances::lot_id.eq(lot));
    }
    if let Some(category) = of.category {
        query = query.filter(balances::category_id.eq(category));
    }
    if let Some(item) = of.item {
        query = query.filter(balances::item_id.eq(item));
    }
    let stock: Vec<Stock> = query.load(connection).await?;
    if stock.len() > usize::from(MOST_AT_ONCE) {
        let message = "A snapshot has at most 1,000 balances. Follow one store, category or item; or page through stock, and follow without a snapshot.";
        return Err(Error::new(Code::InvalidArgument, message));
    }
    Ok(stock)
}

/// A time, in a literal expression.
type BoundTime = UncheckedBind<SqlLiteral<Integer>, AsExprOf<DateTime<Utc>, Timestamptz>>;

/// What is reserved of a balance for somebody whose time is over: it is in nobody's way.
fn expired_of_balance(now: DateTime<Utc>) -> SqlLiteral<Integer, BoundTime> {
    sql::<Integer>(
        "coalesce((SELECT sum(left_over) FROM reservation_lines AS line WHERE line.lot_id = balances.lot_id \
         AND line.location_id = balances.location_id AND used + released < line.reserved AND until <= ",
    )
    .bind::<Timestamptz, _>(now)
    .sql("), 0)::integer")
}

/// What a store holds of an item that may be given out on a day and is kept for nobody, with how much of it is, the first to expire
/// first and what never does last, as a transaction sees it and as far as the caller may see it.
pub(super) async fn fit_stock_of_item(
    context: &Context,
    connection: &mut AsyncPgConnection,
    item: Uuid,
    location: Uuid,
    day: NaiveDate,
    limit: i64,
) -> Result<Vec<(Stock, i32)>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Stock) else { return Ok(Vec::new()) };
    let query = balances_joined()
        .filter(balances::location_id.eq(location))
        .filter(balances::item_id.eq(item))
        .filter(balances::in_stock)
        .filter(balances::keeps_until.gt(day))
        .filter(lots::recalled_at.is_null())
        .filter(InScope::new(&scope, goods_facts))
        .order((balances::keeps_until, balances::lot_id))
        .limit(limit)
        .select((stock_columns(), expired_of_balance(context.now())));
    let rows: Vec<(Stock, i32)> = query.load(connection).await?;
    let free = |(stock, expired): (Stock, i32)| {
        let kept = stock.reserved.map_or(0, |reserved| reserved.amount);
        let free = stock.quantity.amount - kept + expired;
        (stock, free)
    };
    Ok(rows.into_iter().map(free).collect())
}

/// Balances by key.
pub(crate) async fn stock_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Stock>> {
    let reader = context.reader().await?;
    Ok(balances_joined().filter(balances::id.eq_any(ids)).select(stock_columns()).load(&mut &*reader).await?)
}

/// Movements with what a row of them needs.
#[diesel::dsl::auto_type]
pub(super) fn movements_joined() -> _ {
    movements::table
        .inner_join(lots::table)
        .left_join(locations::table.on(movements::from_id.eq(locations::id.nullable())))
        .left_join(shelters::table.on(locations::shelter_id.eq(shelters::id.nullable())))
}

/// The columns of a [`Movement`].
#[diesel::dsl::auto_type]
pub(super) fn movement_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        movements::id,
        movements::kind,
        (movements::quantity, lots::unit),
        movements::occurred_at,
        movements::recorded_at,
        movements::cause,
        movements::note,
        movements::out_of_order,
        movements::lot_id,
        movements::from_id,
        movements::to_id,
        movements::reverses_id,
        movements::shipment_id,
        movements::delivery_line_id,
        movements::reservation_id,
        shelter,
        lots::stock_kind,
        lots::donor_agency,
    )
}

/// Movements by key.
pub(crate) async fn movements_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Movement>> {
    let reader = context.reader().await?;
    let query = movements_joined().filter(movements::id.eq_any(ids)).select(movement_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// A movement, as a transaction sees it.
pub(super) async fn movement_by_id(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Option<Movement>> {
    let query = movements_joined().filter(movements::id.eq(id)).select(movement_columns());
    Ok(query.first(connection).await.optional()?)
}
