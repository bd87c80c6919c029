//! Reads of containers, scoped to the caller.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::containers::tables::{container_lines, containers};
use crate::donations::containers::{Container, ContainerLine};
use crate::donations::load::{goods_facts, store_facts};
use crate::donations::tables::{locations, lots};
use crate::donations::{Location, Lot};
use crate::error::{Code, Error, Result};
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::{Id, read_code};
use crate::shelters::tables::shelters;

/// Containers with what a row of them needs.
#[diesel::dsl::auto_type]
fn containers_joined() -> _ {
    containers::table.inner_join(locations::table.left_join(shelters::table))
}

/// The columns of a [`Container`].
#[diesel::dsl::auto_type]
fn container_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        containers::id,
        containers::code,
        containers::kind,
        containers::note,
        containers::made_at,
        containers::version,
        locations::id,
        shelter,
    )
}

/// What is packed, with what a row of it needs.
#[diesel::dsl::auto_type]
pub(super) fn lines_joined() -> _ {
    container_lines::table
        .inner_join(lots::table)
        .inner_join(containers::table.inner_join(locations::table.left_join(shelters::table)))
}

/// The columns of a [`ContainerLine`].
#[diesel::dsl::auto_type]
fn line_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        container_lines::id,
        (container_lines::quantity, lots::unit),
        container_lines::container_id,
        container_lines::lot_id,
        shelter,
        lots::stock_kind,
        lots::donor_agency,
    )
}

/// Containers by key.
pub(super) async fn containers_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Container>> {
    let reader = context.reader().await?;
    let query = containers_joined().filter(containers::id.eq_any(ids)).select(container_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// A container, as a transaction sees it.
pub(super) async fn container_by_id(
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Container>> {
    let query = containers_joined().filter(containers::id.eq(id)).select(container_columns());
    Ok(query.first(connection).await.optional()?)
}

/// Holds a container until the transaction ends.
pub(super) async fn hold_container(connection: &mut AsyncPgConnection, id: Id<Container>) -> Result<()> {
    let query = containers::table.find(id).select(containers::id).for_no_key_update();
    Prepared(query).execute(connection).await?;
    Ok(())
}

/// What is in a container, as a transaction sees it, in the order in which the ledger locks balances.
pub(super) async fn lines_of_container(
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Vec<ContainerLine>> {
    let query = lines_joined()
        .filter(container_lines::container_id.eq(id))
        .filter(container_lines::quantity.gt(0))
        .order(container_lines::lot_id)
        .select(line_columns());
    Ok(query.load(connection).await?)
}

/// What is in some containers, as far as the caller may see it, oldest lot first.
pub(super) async fn lines_of_containers(context: Context, ids: Vec<Uuid>) -> Result<Vec<ContainerLine>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Stock) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = lines_joined()
        .filter(container_lines::container_id.eq_any(ids))
        .filter(container_lines::quantity.gt(0))
        .filter(InScope::new(&scope, goods_facts))
        .order(container_lines::lot_id)
        .select(line_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// What is packed, by key.
pub(super) async fn lines_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<ContainerLine>> {
    let reader = context.reader().await?;
    let query = lines_joined().filter(container_lines::id.eq_any(ids)).select(line_columns());
    Ok(query.load(&mut &*reader).await?)
}

input! {
    /// Which containers, and which page of them. They come in the order in which they were made.
    pub struct ContainersArguments {
        /// Only those that stand in this store.
        pub location: Option<Id<Location>>,
        /// Only those in which something of this lot is packed.
        pub lot: Option<Id<Lot>>,
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

/// Containers, scoped to the caller.
pub(super) async fn containers(
    context: Context,
    arguments: ContainersArguments,
    wanted: Wanted,
) -> Result<Connection<Container>> {
    let (location, lot) = (arguments.location.map(Id::uuid), arguments.lot.map(Id::uuid));
    let (binding, window) = asked!(context, arguments, "containers", &(location, lot));
    let scope = context.root_scope(Class::Inventory, RecordType::Container)?;
    let scope = InScope::new(&scope, store_facts);
    let selected = || {
        let mut query = containers_joined()
            .filter(containers::programme_id.eq(context.programme_id()))
            .filter(scope.clone())
            .into_boxed::<Pg>();
        if let Some(location) = location {
            query = query.filter(locations::id.eq(location));
        }
        if let Some(lot) = lot {
            let with_lot = container_lines::table
                .filter(container_lines::lot_id.eq(lot))
                .filter(container_lines::quantity.gt(0))
                .select(container_lines::container_id);
            query = query.filter(containers::id.eq_any(with_lot));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(containers::id),
        container_columns(),
        |container: &Container| container.id.uuid()
    )
}

input! {
    /// Which container.
    pub struct ContainerArguments {
        /// Its code, as it is printed or as somebody typed it.
        pub code: String,
    }
}

/// The container of that code, where the caller may see it.
pub(super) async fn container_by_code(
    context: Context,
    arguments: ContainerArguments,
) -> Result<Option<Container>> {
    let scope = context.root_scope(Class::Inventory, RecordType::Container)?;
    let Some(code) = read_code(&arguments.code) else {
        let message = "This is no container's code: it has a slip. Type it again as it is printed.";
        return Err(Error::new(Code::InvalidArgument, message).with("argument", "code"));
    };
    let reader = context.reader().await?;
    let query = containers_joined()
        .filter(containers::programme_id.eq(context.programme_id()))
        .filter(containers::code.eq(code))
        .filter(InScope::new(&scope, store_facts))
        .select(container_columns());
    Ok(query.first(&mut &*reader).await.optional()?)
}
