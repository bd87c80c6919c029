//! Reads of agencies and agreements.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::agencies::tables::{agencies, agreements, grants, users};
use crate::agencies::{Agency, Agreement, Grant, RoleCode, User};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::Facts;
use crate::scalars::Id;

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

pub(super) type AgreementColumns = (
    agreements::id,
    agreements::valid_from,
    agreements::valid_until,
    agreements::version,
    agreements::agency_id,
    agencies::code,
);
pub(super) const AGREEMENT_COLUMNS: AgreementColumns = (
    agreements::id,
    agreements::valid_from,
    agreements::valid_until,
    agreements::version,
    agreements::agency_id,
    agencies::code,
);

/// The agreements of some agencies, oldest first.
pub(crate) async fn agreements_of(context: Context, agency_ids: Vec<Uuid>) -> Result<Vec<Agreement>> {
    let reader = context.reader().await?;
    let query = agreements::table
        .inner_join(agencies::table)
        .filter(agreements::agency_id.eq_any(agency_ids))
        .order(agreements::valid_from)
        .select(AGREEMENT_COLUMNS);
    Ok(query.load(&mut &*reader).await?)
}

pub(super) type UserRow = (Uuid, String, bool, i32, Uuid, String);
pub(super) type UserColumns =
    (users::id, users::subject, users::active, users::version, users::agency_id, agencies::code);
pub(super) const USER_COLUMNS: UserColumns =
    (users::id, users::subject, users::active, users::version, users::agency_id, agencies::code);

/// A user as its row has it.
pub(super) fn user(context: &Context, (id, subject, active, version, agency_id, agency): UserRow) -> User {
    User { id: Id::new(id), subject, active, version, agency_id, agency, own: context.is_own(id) }
}

/// The accounts of some agencies, or those of some keys, as far as the caller may see them, by their subjects.
async fn users(context: Context, of: Option<Vec<Uuid>>, ids: Option<Vec<Uuid>>) -> Result<Vec<User>> {
    let mut query = users::table
        .inner_join(agencies::table)
        .filter(agencies::programme_id.eq(context.programme_id()))
        .order(users::subject)
        .select(USER_COLUMNS)
        .into_boxed::<Pg>();
    if let Some(agencies) = of {
        query = query.filter(users::agency_id.eq_any(agencies));
    }
    if let Some(ids) = ids {
        query = query.filter(users::id.eq_any(ids));
    }
    let reader = context.reader().await?;
    let rows: Vec<UserRow> = query.load(&mut &*reader).await?;
    Ok(seen(&context, rows.into_iter().map(|row| user(&context, row)).collect()))
}

/// Accounts by key.
pub(crate) async fn users_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<User>> {
    users(context, None, Some(ids)).await
}

/// The accounts of some agencies.
pub(crate) async fn users_of(context: Context, agencies: Vec<Uuid>) -> Result<Vec<User>> {
    users(context, Some(agencies), None).await
}

pub(super) type GrantRow =
    (Uuid, String, Option<String>, Vec<String>, DateTime<Utc>, Option<DateTime<Utc>>, i32, Uuid, String);

type GrantColumns = (
    grants::id,
    grants::role,
    grants::reads_as,
    SqlLiteral<Array<Text>>,
    grants::valid_from,
    grants::valid_until,
    grants::version,
    grants::user_id,
    agencies::code,
);

/// A grant's columns, in a query that joins grants, users and agencies.
pub(super) fn grant_columns() -> GrantColumns {
    (
        grants::id,
        grants::role,
        grants::reads_as,
        sql(
            "ARRAY(SELECT shelters.code FROM grant_shelters JOIN shelters ON shelters.id = grant_shelters.shelter_id \
             WHERE grant_shelters.grant_id = grants.id ORDER BY shelters.code)",
        ),
        grants::valid_from,
        grants::valid_until,
        grants::version,
        grants::user_id,
        agencies::code,
    )
}

/// A grant as its row has it.
pub(super) fn grant(context: &Context, row: GrantRow) -> Result<Grant> {
    let (id, role, reads_as, shelters, valid_from, valid_until, version, user_id, agency) = row;
    let code = |role: &str| {
        RoleCode::parse(role).ok_or_else(|| Error::internal(format!("{role} is granted and is no role")))
    };
    Ok(Grant {
        id: Id::new(id),
        role: code(&role)?,
        reads_as: reads_as.as_deref().map(code).transpose()?,
        shelters,
        valid_from,
        valid_until,
        version,
        user_id,
        agency,
        own: context.is_own(user_id),
    })
}

/// What some users are granted, as far as the caller may see it, oldest first.
pub(crate) async fn grants_of(context: Context, user_ids: Vec<Uuid>) -> Result<Vec<Grant>> {
    let query = grants::table
        .inner_join(users::table.inner_join(agencies::table))
        .filter(grants::user_id.eq_any(user_ids))
        .order((grants::valid_from, grants::id))
        .select(grant_columns());
    let reader = context.reader().await?;
    let rows: Vec<GrantRow> = query.load(&mut &*reader).await?;
    let found = rows.into_iter().map(|row| grant(&context, row)).collect::<Result<_>>()?;
    Ok(seen(&context, found))
}

/// What the caller may see of some accounts, or of what is granted to them.
fn seen<R: Facts>(context: &Context, mut rows: Vec<R>) -> Vec<R> {
    let Some(scope) = context.scope(Class::Administration, RecordType::Account) else { return Vec::new() };
    rows.retain(|row| scope.has(row));
    rows
}

/// The key of the programme and the day that it is there, for whoever keeps the database; none where it holds no programme. `owner` is
/// connected as the owner of the tables; `real_now` is what the real clock reads.
pub(crate) async fn programme_day(
    owner: &tokio_postgres::Client,
    real_now: DateTime<Utc>,
) -> std::result::Result<Option<(Uuid, NaiveDate)>, tokio_postgres::Error> {
    let row = owner
        .query_opt(
            "SELECT id, (($1::timestamptz + make_interval(secs => clock_offset_us / 1e6)) AT TIME ZONE time_zone)::date FROM programmes LIMIT 1",
            &[&real_now],
        )
        .await?;
    Ok(row.map(|row| (row.get(0), row.get(1))))
}
