//! Reads of shelters, their spaces and centres. All of them are open to whoever may read their class: nothing here is scoped
//! by record.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::agencies::tables::agencies;
use crate::context::Context;
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

pub(super) type SpaceColumns = (
    spaces::id,
    spaces::code,
    spaces::segment,
    spaces::capacity,
    spaces::occupied,
    spaces::version,
    spaces::counted_at,
    spaces::shelter_id,
    shelters::code,
);
pub(super) const SPACE_COLUMNS: SpaceColumns = (
    spaces::id,
    spaces::code,
    spaces::segment,
    spaces::capacity,
    spaces::occupied,
    spaces::version,
    spaces::counted_at,
    spaces::shelter_id,
    shelters::code,
);

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
        .select(SPACE_COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

/// Spaces by key.
pub(crate) async fn spaces_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Space>> {
    let reader = context.reader().await?;
    let query =
        spaces::table.inner_join(shelters::table).filter(spaces::id.eq_any(ids)).select(SPACE_COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

/// Centres by key.
pub(crate) async fn centres_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Centre>> {
    let reader = context.reader().await?;
    let query = centres::table.left_join(agencies::table).filter(centres::id.eq_any(ids)).select((
        centres::id,
        centres::code,
        centres::name,
        centres::lender_id,
        agencies::code.nullable(),
    ));
    Ok(query.load(&mut &*reader).await?)
}
