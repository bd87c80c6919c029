//! Reads of entitlements and deliveries.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::{entitlements, household_deliveries, household_delivery_lines};
use super::{Entitlement, HouseholdDelivery, HouseholdDeliveryLine};
use crate::access::InScope;
use crate::context::Context;
use crate::donations::Location;
use crate::donations::load::store_facts;
use crate::donations::tables::locations;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

type EntitlementColumns = (
    entitlements::id,
    entitlements::amount,
    entitlements::per,
    entitlements::interval_days,
    entitlements::cap,
    entitlements::valid_from,
    entitlements::valid_until,
    entitlements::version,
    entitlements::item_id,
    entitlements::kit_id,
);
pub(super) const ENTITLEMENT_COLUMNS: EntitlementColumns = (
    entitlements::id,
    entitlements::amount,
    entitlements::per,
    entitlements::interval_days,
    entitlements::cap,
    entitlements::valid_from,
    entitlements::valid_until,
    entitlements::version,
    entitlements::item_id,
    entitlements::kit_id,
);

/// The entitlements of the programme, in the order in which they begin.
pub(super) async fn entitlements(context: Context) -> Result<Vec<Entitlement>> {
    let reader = context.reader().await?;
    let query = entitlements::table
        .filter(entitlements::programme_id.eq(context.programme_id()))
        .order((entitlements::valid_from, entitlements::id))
        .select(ENTITLEMENT_COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

/// Entitlements by key.
pub(super) async fn entitlements_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Entitlement>> {
    let reader = context.reader().await?;
    let query = entitlements::table.filter(entitlements::id.eq_any(ids)).select(ENTITLEMENT_COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

/// An entitlement, as a transaction sees it: held, so that nobody else ends it meanwhile.
pub(super) async fn held(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Id<Entitlement>,
) -> Result<Option<Entitlement>> {
    let query = entitlements::table
        .filter(entitlements::id.eq(id))
        .filter(entitlements::programme_id.eq(context.programme_id()))
        .select(ENTITLEMENT_COLUMNS)
        .for_no_key_update();
    Ok(query.first(connection).await.optional()?)
}

/// Deliveries with what a row of them needs.
#[diesel::dsl::auto_type]
fn deliveries_joined() -> _ {
    household_deliveries::table
        .inner_join(locations::table)
        .left_join(shelters::table.on(locations::shelter_id.eq(shelters::id.nullable())))
}

/// The columns of a [`HouseholdDelivery`].
#[diesel::dsl::auto_type]
fn delivery_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        household_deliveries::id,
        household_deliveries::code,
        household_deliveries::delivered_at,
        household_deliveries::recorded_at,
        household_deliveries::note,
        household_deliveries::location_id,
        shelter,
        household_deliveries::household_id,
    )
}

/// Lines of deliveries with what a row of them needs.
#[diesel::dsl::auto_type]
fn lines_joined() -> _ {
    household_delivery_lines::table
        .inner_join(household_deliveries::table)
        .inner_join(locations::table.on(household_deliveries::location_id.eq(locations::id)))
        .left_join(shelters::table.on(locations::shelter_id.eq(shelters::id.nullable())))
}

/// The columns of a [`HouseholdDeliveryLine`].
#[diesel::dsl::auto_type]
fn line_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        household_delivery_lines::id,
        household_delivery_lines::given,
        household_delivery_lines::delivery_id,
        household_delivery_lines::entitlement_id,
        shelter,
    )
}

/// Deliveries by key.
pub(super) async fn deliveries_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<HouseholdDelivery>> {
    let reader = context.reader().await?;
    let query = deliveries_joined().filter(household_deliveries::id.eq_any(ids)).select(delivery_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// What some households were given, in the order in which it was recorded. Whoever comes here may read the households.
pub(crate) async fn deliveries_of_households(
    context: Context,
    of: Vec<Uuid>,
) -> Result<Vec<HouseholdDelivery>> {
    let reader = context.reader().await?;
    let query = deliveries_joined()
        .filter(household_deliveries::household_id.eq_any(of))
        .order(household_deliveries::id)
        .select(delivery_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Lines of deliveries by key.
pub(super) async fn lines_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<HouseholdDeliveryLine>> {
    let reader = context.reader().await?;
    let query = lines_joined().filter(household_delivery_lines::id.eq_any(ids)).select(line_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// The lines of some deliveries.
pub(super) async fn lines_of_deliveries(
    context: Context,
    of: Vec<Uuid>,
) -> Result<Vec<HouseholdDeliveryLine>> {
    let reader = context.reader().await?;
    let query = lines_joined()
        .filter(household_delivery_lines::delivery_id.eq_any(of))
        .order(household_delivery_lines::id)
        .select(line_columns());
    Ok(query.load(&mut &*reader).await?)
}

input! {
    /// Which deliveries, and which page of them. They come in the order in which they were recorded.
    pub struct HouseholdDeliveriesArguments {
        /// Only those that left this store.
        pub location: Option<Id<Location>>,
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

/// Deliveries, scoped to the caller.
pub(super) async fn deliveries(
    context: Context,
    arguments: HouseholdDeliveriesArguments,
    wanted: Wanted,
) -> Result<Connection<HouseholdDelivery>> {
    let location = arguments.location.map(Id::uuid);
    let (binding, window) = asked!(context, arguments, "householdDeliveries", &location);
    let scope = context.root_scope(Class::Inventory, RecordType::HouseholdDelivery)?;
    let scope = InScope::new(&scope, store_facts);
    let selected = || {
        let mut query = deliveries_joined()
            .filter(household_deliveries::programme_id.eq(context.programme_id()))
            .filter(scope.clone())
            .into_boxed::<Pg>();
        if let Some(location) = location {
            query = query.filter(household_deliveries::location_id.eq(location));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(household_deliveries::id),
        delivery_columns(),
        |delivery: &HouseholdDelivery| delivery.id.uuid()
    )
}
