//! Reads of agencies and agreements.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::agencies::tables::{agencies, agreements};
use crate::agencies::{Agency, Agreement};
use crate::context::Context;
use crate::error::Result;

type Columns = (agencies::id, agencies::code, agencies::name, agencies::kind, agencies::part);
const COLUMNS: Columns = (agencies::id, agencies::code, agencies::name, agencies::kind, agencies::part);

/// All agencies of the programme, by code.
pub(crate) async fn all(context: Context) -> Result<Vec<Agency>> {
    let reader = context.reader().await?;
    let query = agencies::table
        .filter(agencies::programme_id.eq(context.programme_id()))
        .order(agencies::code)
        .select(COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

/// Agencies by key.
pub(crate) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Agency>> {
    let reader = context.reader().await?;
    Ok(agencies::table.filter(agencies::id.eq_any(ids)).select(COLUMNS).load(&mut &*reader).await?)
}

/// The agreements of some agencies, oldest first.
pub(crate) async fn agreements_of(context: Context, agency_ids: Vec<Uuid>) -> Result<Vec<Agreement>> {
    let reader = context.reader().await?;
    let query = agreements::table
        .inner_join(agencies::table)
        .filter(agreements::agency_id.eq_any(agency_ids))
        .order(agreements::valid_from)
        .select((
            agreements::id,
            agreements::valid_from,
            agreements::valid_until,
            agreements::agency_id,
            agencies::code,
        ));
    Ok(query.load(&mut &*reader).await?)
}
