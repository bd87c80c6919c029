//! Reads of loans. They are open to whoever may read their class.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{CentreLoan, CentreLoanLine};
use crate::agencies::tables::agencies;
use crate::context::Context;
use crate::error::Result;
use crate::shelters::tables::{centre_loan_lines, centre_loans};

#[diesel::dsl::auto_type]
fn columns() -> _ {
    (
        centre_loans::id,
        centre_loans::code,
        centre_loans::starts_on,
        centre_loans::ends_on,
        centre_loans::returned_on,
        centre_loans::conditions,
        centre_loans::recorded_at,
        centre_loans::centre_id,
        centre_loans::lender_id,
        agencies::code,
    )
}

/// Loans by key.
pub(crate) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<CentreLoan>> {
    let reader = context.reader().await?;
    let query = centre_loans::table
        .inner_join(agencies::table)
        .filter(centre_loans::id.eq_any(ids))
        .select(columns());
    Ok(query.load(&mut &*reader).await?)
}

/// A loan, as a transaction sees it.
pub(crate) async fn loan_in(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Option<CentreLoan>> {
    let query =
        centre_loans::table.inner_join(agencies::table).filter(centre_loans::id.eq(id)).select(columns());
    Ok(query.first(connection).await.optional()?)
}

/// The loans of some centres, newest first.
pub(crate) async fn of_centres(context: Context, of: Vec<Uuid>) -> Result<Vec<CentreLoan>> {
    let reader = context.reader().await?;
    let query = centre_loans::table
        .inner_join(agencies::table)
        .filter(centre_loans::centre_id.eq_any(of))
        .order(centre_loans::starts_on.desc())
        .select(columns());
    Ok(query.load(&mut &*reader).await?)
}

#[diesel::dsl::auto_type]
fn line_columns() -> _ {
    (
        centre_loan_lines::id,
        centre_loan_lines::thing,
        centre_loan_lines::quantity,
        centre_loan_lines::condition,
        centre_loan_lines::loan_id,
        agencies::code,
    )
}

/// Lines by key.
pub(super) async fn lines_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<CentreLoanLine>> {
    let reader = context.reader().await?;
    let query = centre_loan_lines::table
        .inner_join(centre_loans::table.inner_join(agencies::table))
        .filter(centre_loan_lines::id.eq_any(ids))
        .select(line_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// What was handed over with some loans, in the order in which it was recorded.
pub(super) async fn lines_of_loans(context: Context, of: Vec<Uuid>) -> Result<Vec<CentreLoanLine>> {
    let reader = context.reader().await?;
    let query = centre_loan_lines::table
        .inner_join(centre_loans::table.inner_join(agencies::table))
        .filter(centre_loan_lines::loan_id.eq_any(of))
        .order(centre_loan_lines::line)
        .select(line_columns());
    Ok(query.load(&mut &*reader).await?)
}
