//! Reads of requests and shipments, scoped to the caller.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::context::Context;
use crate::donations::Location;
use crate::donations::load::{goods_facts, item_facts, store_facts};
use crate::donations::supplies::tables::{shipment_lines, shipments, supply_request_lines, supply_requests};
use crate::donations::supplies::{
    Shipment, ShipmentLine, ShipmentState, SupplyRequest, SupplyRequestLine, SupplyRequestState,
};
use crate::donations::tables::{items, locations, lots};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::{Id, Quantity, Unit};
use crate::shelters::tables::shelters;

/// Requests with what a row of them needs.
#[diesel::dsl::auto_type]
fn requests_joined() -> _ {
    supply_requests::table.inner_join(locations::table.left_join(shelters::table))
}

/// The columns of a [`SupplyRequest`].
#[diesel::dsl::auto_type]
fn request_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        supply_requests::id,
        supply_requests::code,
        supply_requests::state,
        supply_requests::needed_by,
        supply_requests::note,
        supply_requests::requested_at,
        supply_requests::decided_at,
        supply_requests::decision_note,
        supply_requests::closed_at,
        supply_requests::version,
        supply_requests::location_id,
        shelter,
    )
}

/// Shipments with what a row of them needs.
#[diesel::dsl::auto_type]
fn shipments_joined() -> _ {
    shipments::table
        .inner_join(locations::table.on(shipments::to_id.eq(locations::id)))
        .left_join(shelters::table.on(locations::shelter_id.eq(shelters::id.nullable())))
}

/// The columns of a [`Shipment`].
#[diesel::dsl::auto_type]
fn shipment_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        shipments::id,
        shipments::code,
        shipments::state,
        shipments::sent_at,
        shipments::recorded_at,
        shipments::note,
        shipments::sent,
        shipments::received,
        shipments::lost,
        shipments::version,
        shipments::from_id,
        shipments::to_id,
        shipments::request_id,
        shelter,
    )
}

/// Lines of shipments with what a row of them needs: the shelter is that of the store that they left.
#[diesel::dsl::auto_type]
fn shipment_lines_joined() -> _ {
    shipment_lines::table
        .inner_join(lots::table.inner_join(items::table))
        .inner_join(shipments::table)
        .inner_join(locations::table.on(shipments::from_id.eq(locations::id)))
        .left_join(shelters::table.on(locations::shelter_id.eq(shelters::id.nullable())))
}

/// The columns of a [`ShipmentLine`].
#[diesel::dsl::auto_type]
fn shipment_line_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        shipment_lines::id,
        (shipment_lines::sent, items::unit),
        (shipment_lines::received, items::unit),
        (shipment_lines::lost, items::unit),
        shipment_lines::shipment_id,
        shipment_lines::lot_id,
        shelter,
        lots::stock_kind,
        lots::donor_agency,
    )
}

/// Requests by key.
pub(in crate::donations) async fn requests_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<SupplyRequest>> {
    let reader = context.reader().await?;
    let query = requests_joined().filter(supply_requests::id.eq_any(ids)).select(request_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Shipments by key.
pub(in crate::donations) async fn shipments_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<Shipment>> {
    let reader = context.reader().await?;
    let query = shipments_joined().filter(shipments::id.eq_any(ids)).select(shipment_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// The requests that something is to be done about, of all stores or one, as a transaction sees them.
pub(super) async fn open_requests(
    context: &Context,
    connection: &mut AsyncPgConnection,
    location: Option<Uuid>,
) -> Result<Vec<SupplyRequest>> {
    let open = [SupplyRequestState::Submitted, SupplyRequestState::Approved];
    let mut query = requests_joined()
        .filter(supply_requests::programme_id.eq(context.programme_id()))
        .filter(supply_requests::state.eq_any(open))
        .order(supply_requests::id)
        .select(request_columns())
        .into_boxed::<Pg>();
    if let Some(location) = location {
        query = query.filter(supply_requests::location_id.eq(location));
    }
    Ok(query.load(connection).await?)
}

/// The shipments that are on their way, from or to all stores or one, as a transaction sees them.
pub(super) async fn shipments_on_their_way(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (location, shipment): (Option<Uuid>, Option<Uuid>),
) -> Result<Vec<Shipment>> {
    let mut query = shipments_joined()
        .filter(shipments::programme_id.eq(context.programme_id()))
        .filter(shipments::state.eq(ShipmentState::InTransit))
        .order(shipments::id)
        .select(shipment_columns())
        .into_boxed::<Pg>();
    if let Some(location) = location {
        query = query.filter(shipments::from_id.eq(location).or(shipments::to_id.eq(location)));
    }
    if let Some(shipment) = shipment {
        query = query.filter(shipments::id.eq(shipment));
    }
    Ok(query.load(connection).await?)
}

/// A request, as a transaction sees it.
pub(in crate::donations) async fn request_by_id(
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<SupplyRequest>> {
    let query = requests_joined().filter(supply_requests::id.eq(id)).select(request_columns());
    Ok(query.first(connection).await.optional()?)
}

/// A shipment, as a transaction sees it.
pub(super) async fn shipment_by_id(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Option<Shipment>> {
    let query = shipments_joined().filter(shipments::id.eq(id)).select(shipment_columns());
    Ok(query.first(connection).await.optional()?)
}

/// The lines of a shipment, as a transaction sees them.
pub(super) async fn lines_by_shipment(
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Vec<ShipmentLine>> {
    let query = shipment_lines_joined()
        .filter(shipment_lines::shipment_id.eq(id))
        .order(shipment_lines::lot_id)
        .select(shipment_line_columns());
    Ok(query.load(connection).await?)
}

type RequestLineColumns = (
    supply_request_lines::id,
    supply_request_lines::requested,
    supply_request_lines::approved,
    supply_request_lines::supplied,
    supply_request_lines::received,
    items::unit,
    supply_request_lines::request_id,
    supply_request_lines::item_id,
    items::stock_kind,
);
const REQUEST_LINE_COLUMNS: RequestLineColumns = (
    supply_request_lines::id,
    supply_request_lines::requested,
    supply_request_lines::approved,
    supply_request_lines::supplied,
    supply_request_lines::received,
    items::unit,
    supply_request_lines::request_id,
    supply_request_lines::item_id,
    items::stock_kind,
);

type RequestLineRow = (Id<SupplyRequestLine>, i32, Option<i32>, i32, i32, Unit, Uuid, Uuid, String);

impl From<RequestLineRow> for SupplyRequestLine {
    fn from(
        (id, requested, approved, supplied, received, unit, request_id, item_id, stock_kind): RequestLineRow,
    ) -> Self {
        let quantity = |amount| Quantity { amount, unit };
        Self {
            id,
            requested: quantity(requested),
            approved: approved.map(quantity),
            supplied: quantity(supplied),
            received: quantity(received),
            request_id,
            item_id,
            stock_kind,
        }
    }
}

/// The lines of a request, as a transaction sees them.
pub(super) async fn requested_lines(
    connection: &mut AsyncPgConnection,
    request: Uuid,
) -> Result<Vec<SupplyRequestLine>> {
    let query = supply_request_lines::table
        .inner_join(items::table)
        .filter(supply_request_lines::request_id.eq(request))
        .select(REQUEST_LINE_COLUMNS);
    let rows: Vec<RequestLineRow> = query.load(connection).await?;
    Ok(rows.into_iter().map(SupplyRequestLine::from).collect())
}

/// The lines of some requests, as far as the caller may see them, by the item's code.
pub(super) async fn lines_of_requests(
    context: Context,
    requests: Vec<Uuid>,
) -> Result<Vec<SupplyRequestLine>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Item) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = supply_request_lines::table
        .inner_join(items::table)
        .filter(supply_request_lines::request_id.eq_any(requests))
        .filter(InScope::new(&scope, item_facts))
        .order(items::code)
        .select(REQUEST_LINE_COLUMNS);
    let rows: Vec<RequestLineRow> = query.load(&mut &*reader).await?;
    Ok(rows.into_iter().map(SupplyRequestLine::from).collect())
}

/// Lines of requests by key.
pub(super) async fn request_lines_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<SupplyRequestLine>> {
    let reader = context.reader().await?;
    let query = supply_request_lines::table
        .inner_join(items::table)
        .filter(supply_request_lines::id.eq_any(ids))
        .select(REQUEST_LINE_COLUMNS);
    let rows: Vec<RequestLineRow> = query.load(&mut &*reader).await?;
    Ok(rows.into_iter().map(SupplyRequestLine::from).collect())
}

/// Lines of shipments by key.
pub(super) async fn shipment_lines_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<ShipmentLine>> {
    let reader = context.reader().await?;
    let query =
        shipment_lines_joined().filter(shipment_lines::id.eq_any(ids)).select(shipment_line_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// The shipments that answer some requests, as far as the caller may see them.
pub(super) async fn shipments_of_requests(context: Context, requests: Vec<Uuid>) -> Result<Vec<Shipment>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Shipment) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = shipments_joined()
        .filter(shipments::request_id.eq_any(requests))
        .filter(InScope::new(&scope, store_facts))
        .order(shipments::id)
        .select(shipment_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// The lines of some shipments, as far as the caller may see them.
pub(super) async fn lines_of_shipments(context: Context, shipments: Vec<Uuid>) -> Result<Vec<ShipmentLine>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Movement) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = shipment_lines_joined()
        .filter(shipment_lines::shipment_id.eq_any(shipments))
        .filter(InScope::new(&scope, goods_facts))
        .order((shipment_lines::shipment_id, shipment_lines::lot_id))
        .select(shipment_line_columns());
    Ok(query.load(&mut &*reader).await?)
}

input! {
    /// Which requests, and which page of them. They come in the order in which they were made.
    pub struct RequestsArguments {
        /// Only those of this store.
        pub location: Option<Id<Location>>,
        /// Only those that stand so.
        pub state: Option<SupplyRequestState>,
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

/// Requests, scoped to the caller.
pub(super) async fn requests(
    context: Context,
    arguments: RequestsArguments,
    wanted: Wanted,
) -> Result<Connection<SupplyRequest>> {
    let (location, state) = (arguments.location.map(Id::uuid), arguments.state);
    let (binding, window) = asked!(context, arguments, "requests", &(location, state));
    let scope = context.root_scope(Class::Inventory, RecordType::SupplyRequest)?;
    let scope = InScope::new(&scope, store_facts);
    let selected = || {
        let mut query = requests_joined()
            .filter(supply_requests::programme_id.eq(context.programme_id()))
            .filter(scope.clone())
            .into_boxed::<Pg>();
        if let Some(location) = location {
            query = query.filter(supply_requests::location_id.eq(location));
        }
        if let Some(state) = state {
            query = query.filter(supply_requests::state.eq(state));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(supply_requests::id),
        request_columns(),
        |request: &SupplyRequest| request.id.uuid()
    )
}

input! {
    /// Which shipments, and which page of them. They come in the order in which they were recorded.
    pub struct ShipmentsArguments {
        /// Only those that leave this store.
        pub from: Option<Id<Location>>,
        /// Only those that go to this store.
        pub to: Option<Id<Location>>,
        /// Only those that stand so.
        pub state: Option<ShipmentState>,
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

/// Shipments, scoped to the caller.
pub(super) async fn shipments(
    context: Context,
    arguments: ShipmentsArguments,
    wanted: Wanted,
) -> Result<Connection<Shipment>> {
    let (from, to, state) = (arguments.from.map(Id::uuid), arguments.to.map(Id::uuid), arguments.state);
    let (binding, window) = asked!(context, arguments, "shipments", &(from, to, state));
    let scope = context.root_scope(Class::Inventory, RecordType::Shipment)?;
    let scope = InScope::new(&scope, store_facts);
    let selected = || {
        let mut query = shipments_joined()
            .filter(shipments::programme_id.eq(context.programme_id()))
            .filter(scope.clone())
            .into_boxed::<Pg>();
        if let Some(from) = from {
            query = query.filter(shipments::from_id.eq(from));
        }
        if let Some(to) = to {
            query = query.filter(shipments::to_id.eq(to));
        }
        if let Some(state) = state {
            query = query.filter(shipments::state.eq(state));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(shipments::id),
        shipment_columns(),
        |shipment: &Shipment| shipment.id.uuid()
    )
}
