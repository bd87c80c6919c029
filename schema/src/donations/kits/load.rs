//! Reads of kits, scoped to the caller.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::{kit_lines, kits};
use super::{Kit, KitLine};
use crate::access::InScope;
use crate::context::Context;
use crate::donations::load::item_facts;
use crate::donations::tables::items;
use crate::error::Result;
use crate::scalars::Id;

type KitColumns = (kits::id, kits::code, kits::name, kits::name_en, kits::version);
pub(super) const KIT_COLUMNS: KitColumns = (kits::id, kits::code, kits::name, kits::name_en, kits::version);

/// Lines with what a row of them needs.
#[diesel::dsl::auto_type]
fn lines_joined() -> _ {
    kit_lines::table.inner_join(items::table)
}

/// The columns of a [`KitLine`].
#[diesel::dsl::auto_type]
fn line_columns() -> _ {
    (
        kit_lines::id,
        (kit_lines::quantity, items::unit),
        kit_lines::kit_id,
        kit_lines::item_id,
        items::stock_kind,
    )
}

/// The kits of the programme, by code.
pub(super) async fn all(context: Context) -> Result<Vec<Kit>> {
    let reader = context.reader().await?;
    let query = kits::table
        .filter(kits::programme_id.eq(context.programme_id()))
        .order(kits::code)
        .select(KIT_COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

/// Kits by key.
pub(in crate::donations) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Kit>> {
    let reader = context.reader().await?;
    Ok(kits::table.filter(kits::id.eq_any(ids)).select(KIT_COLUMNS).load(&mut &*reader).await?)
}

/// A kit, as a transaction sees it: held, so that nobody else revises it meanwhile.
pub(super) async fn held(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Id<Kit>,
) -> Result<Option<Kit>> {
    let query = kits::table
        .filter(kits::id.eq(id))
        .filter(kits::programme_id.eq(context.programme_id()))
        .select(KIT_COLUMNS)
        .for_no_key_update();
    Ok(query.first(connection).await.optional()?)
}

/// What some kits consist of now, as far as the caller may see it, by the item's code.
pub(super) async fn lines_of_kits(context: Context, of: Vec<Uuid>) -> Result<Vec<KitLine>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Item) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = lines_joined()
        .inner_join(kits::table)
        .filter(kit_lines::kit_id.eq_any(of))
        .filter(kit_lines::version.eq(kits::version))
        .filter(InScope::new(&scope, item_facts))
        .order(items::code)
        .select(line_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Lines of kits by key.
pub(super) async fn lines_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<KitLine>> {
    let reader = context.reader().await?;
    let query = lines_joined().filter(kit_lines::id.eq_any(ids)).select(line_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// A kit, by its key or its code, as a transaction sees it.
pub(in crate::donations) async fn one(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Option<Uuid>,
    code: Option<&str>,
) -> Result<Option<Kit>> {
    let mut query = kits::table
        .filter(kits::programme_id.eq(context.programme_id()))
        .select(KIT_COLUMNS)
        .into_boxed::<Pg>();
    if let Some(id) = id {
        query = query.filter(kits::id.eq(id));
    }
    if let Some(code) = code {
        query = query.filter(kits::code.eq(code.to_owned()));
    }
    Ok(query.first(connection).await.optional()?)
}

/// What a kit consists of, as a transaction sees it.
pub(in crate::donations) async fn bill(
    connection: &mut AsyncPgConnection,
    kit: &Kit,
) -> Result<Vec<KitLine>> {
    let query = lines_joined()
        .filter(kit_lines::kit_id.eq(kit.id.uuid()))
        .filter(kit_lines::version.eq(kit.version))
        .order(kit_lines::item_id)
        .select(line_columns());
    Ok(query.load(connection).await?)
}
