//! Mappings, read.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{ImportMapping, import_mappings};
use crate::context::Context;
use crate::donations::tables::donors;
use crate::error::Result;

diesel::joinable!(import_mappings -> donors (donor_id));
diesel::allow_tables_to_appear_in_same_query!(import_mappings, donors);

/// Mappings with what a row of them needs.
#[diesel::dsl::auto_type]
fn joined() -> _ {
    import_mappings::table.inner_join(donors::table).select((
        import_mappings::id,
        import_mappings::choice,
        import_mappings::sheet,
        import_mappings::days,
        import_mappings::version,
        import_mappings::donor_id,
        donors::agency,
    ))
}

/// The mappings of donors.
pub(in crate::donations) async fn mappings_by_donors(
    context: Context,
    donors: Vec<Uuid>,
) -> Result<Vec<ImportMapping>> {
    let reader = context.reader().await?;
    Ok(joined().filter(import_mappings::donor_id.eq_any(donors)).load(&mut &*reader).await?)
}

/// Mappings, by their own keys.
pub(super) async fn mappings_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<ImportMapping>> {
    let reader = context.reader().await?;
    Ok(joined().filter(import_mappings::id.eq_any(ids)).load(&mut &*reader).await?)
}

/// The mapping of a donor, as a transaction sees it.
pub(in crate::donations::import) async fn mapping_of(
    connection: &mut AsyncPgConnection,
    donor: Uuid,
) -> Result<Option<ImportMapping>> {
    Ok(joined().filter(import_mappings::donor_id.eq(donor)).first(connection).await.optional()?)
}
