//! Reads of shelters, their spaces and centres. All of them are open to whoever may read their class: nothing here is scoped
//! by record.

use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::agencies::tables::agencies;
use crate::context::Context;
use crate::database::Prepared;
use crate::error::Result;
use crate::shelters::tables::{centres, shelters, spaces};
use crate::shelters::{Centre, Shelter, Space};

type Columns = (
    shelters::id,
    shelters::code,
    shelters::name,
    shelters::opened_on,
    shelters::closed_on,
    shelters::centre_id,
);
const COLUMNS: Columns = (
    shelters::id,
    shelters::code,
    shelters::name,
    shelters::opened_on,
    shelters::closed_on,
    shelters::centre_id,
);

#[diesel::dsl::auto_type]
pub(super) fn space_columns() -> _ {
    (
        spaces::id,
        spaces::code,
        spaces::segment,
        spaces::capacity,
        spaces::occupied,
        spaces::version,
        spaces::counted_at,
        spaces::shelter_id,
        shelters::code.nullable(),
    )
}

/// All shelters of the programme, by code.
pub(crate) async fn all(context: Context) -> Result<Vec<Shelter>> {
    let reader = context.reader().await?;
    let query = shelters::table
        .filter(shelters::programme_id.eq(context.programme_id()))
        .order(shelters::code)
        .select(COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

/// Shelters by key.
pub(crate) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Shelter>> {
    let reader = context.reader().await?;
    Ok(shelters::table.filter(shelters::id.eq_any(ids)).select(COLUMNS).load(&mut &*reader).await?)
}

/// The spaces of some shelters, by code.
pub(crate) async fn spaces_of(context: Context, shelter_ids: Vec<Uuid>) -> Result<Vec<Space>> {
    let reader = context.reader().await?;
    let query = spaces::table
        .inner_join(shelters::table)
        .filter(spaces::shelter_id.eq_any(shelter_ids))
        .order(spaces::code)
        .select(space_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// All spaces of the programme, by code, where no policy asks for facts of them. It is the board that everyone watches: without a
/// join, and put in order here, it costs PostgreSQL a third less.
pub(crate) async fn all_spaces(context: Context) -> Result<Vec<Space>> {
    let reader = context.reader().await?;
    let no_facts: SqlLiteral<Nullable<Text>> = diesel::dsl::sql("NULL");
    let query = spaces::table.filter(spaces::programme_id.eq(context.programme_id())).select((
        spaces::id,
        spaces::code,
        spaces::segment,
        spaces::capacity,
        spaces::occupied,
        spaces::version,
        spaces::counted_at,
        spaces::shelter_id,
        no_facts,
    ));
    let mut rows: Vec<Space> = Prepared(query).load(&mut &*reader).await?;
    rows.sort_unstable_by(|a, b| a.code.cmp(&b.code));
    Ok(rows)
}

/// The spaces of the programme, or of one shelter, by shelter and code, as a transaction sees them.
pub(super) async fn spaces_at(
    context: &Context,
    connection: &mut AsyncPgConnection,
    shelter: Option<Uuid>,
) -> Result<Vec<Space>> {
    let mut query = spaces::table
        .inner_join(shelters::table)
        .filter(spaces::programme_id.eq(context.programme_id()))
        .order((shelters::code, spaces::code))
        .select(space_columns())
        .into_boxed::<Pg>();
    if let Some(shelter) = shelter {
        query = query.filter(spaces::shelter_id.eq(shelter));
    }
    Ok(query.load(connection).await?)
}

/// Spaces by key.
pub(crate) async fn spaces_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Space>> {
    let reader = context.reader().await?;
    let query =
        spaces::table.inner_join(shelters::table).filter(spaces::id.eq_any(ids)).select(space_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Spaces by key, as a transaction sees them.
pub(crate) async fn spaces_in(connection: &mut AsyncPgConnection, ids: Vec<Uuid>) -> Result<Vec<Space>> {
    let query = spaces::table
        .inner_join(shelters::table)
        .filter(spaces::id.eq_any(ids))
        .order(spaces::id)
        .select(space_columns());
    Ok(query.load(connection).await?)
}

#[diesel::dsl::auto_type]
fn centre_columns() -> _ {
    (centres::id, centres::code, centres::name, centres::lender_id, agencies::code.nullable())
}

/// All centres of the programme, by code.
pub(crate) async fn all_centres(context: Context) -> Result<Vec<Centre>> {
    let reader = context.reader().await?;
    let query = centres::table
        .left_join(agencies::table)
        .filter(centres::programme_id.eq(context.programme_id()))
        .order(centres::code)
        .select(centre_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Centres by key.
pub(crate) async fn centres_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Centre>> {
    let reader = context.reader().await?;
    let query =
        centres::table.left_join(agencies::table).filter(centres::id.eq_any(ids)).select(centre_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// A centre of the programme, as a transaction sees it.
pub(crate) async fn centre_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Centre>> {
    let query = centres::table
        .left_join(agencies::table)
        .filter(centres::id.eq(id))
        .filter(centres::programme_id.eq(context.programme_id()))
        .select(centre_columns());
    Ok(query.first(connection).await.optional()?)
}

/// A shelter of the programme, as a transaction sees it.
pub(crate) async fn shelter_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Shelter>> {
    let query = shelters::table
        .filter(shelters::id.eq(id))
        .filter(shelters::programme_id.eq(context.programme_id()))
        .select(COLUMNS);
    Ok(query.first(connection).await.optional()?)
}
