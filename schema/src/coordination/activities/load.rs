//! Reads of who does what where.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Date, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use super::{Activity, ActivityKind, ActivitySector, ActivityStatus};
use crate::agencies::{Agency, programme_day};
use crate::context::Context;
use crate::database::Prepared;
use crate::error::Result;
use crate::graph::input;
use crate::scalars::Id;
use crate::shelters::Shelter;

input! {
    /// Which activities.
    pub struct ActivitiesArguments {
        /// Only those of this agency.
        pub agency: Option<Id<Agency>>,
        /// Only those in this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Only those in this sector.
        pub sector: Option<ActivitySector>,
        /// Only those of this kind.
        pub kind: Option<ActivityKind>,
        /// Only those that stand so.
        pub status: Option<ActivityStatus>,
    }
}

/// Those of a programme ($1) that have begun by a day ($2), by agency, sector, kind and shelter. What was agreed goes on until its last
/// day; what was recorded, for a fortnight after it was last.
const LISTED: &str = "\
    SELECT activities.*, agencies.code AS agency, agencies.name AS agency_name, shelters.code AS shelter, shelters.name AS shelter_name \
    FROM (\
        SELECT *, CASE WHEN until IS NULL OR until >= CASE WHEN agreed THEN $2::date ELSE $2::date - 14 END \
            THEN 'ONGOING' ELSE 'ENDED' END AS status \
        FROM activities WHERE programme_id = $1::uuid AND since <= $2::date\
    ) AS activities JOIN agencies ON agencies.id = agency_id LEFT JOIN shelters ON shelters.id = shelter_id \
    WHERE ($3::uuid IS NULL OR agency_id = $3::uuid) AND ($4::uuid IS NULL OR shelter_id = $4::uuid) \
        AND ($5::text IS NULL OR sector = $5::text) AND ($6::text IS NULL OR activities.kind = $6::text) \
        AND ($7::text IS NULL OR status = $7::text) \
    ORDER BY agencies.code, sector, activities.kind, shelters.code";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    sector: ActivitySector,
    #[diesel(sql_type = Text)]
    kind: ActivityKind,
    #[diesel(sql_type = Date)]
    since: NaiveDate,
    #[diesel(sql_type = Nullable<Date>)]
    until: Option<NaiveDate>,
    #[diesel(sql_type = Text)]
    status: ActivityStatus,
    #[diesel(sql_type = SqlUuid)]
    agency_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    shelter_id: Option<Uuid>,
}

impl From<Row> for Activity {
    fn from(row: Row) -> Self {
        let Row { sector, kind, since, until, status, agency_id, shelter_id } = row;
        Self { sector, kind, since, until, status, agency_id, shelter_id }
    }
}

/// Who does what where.
pub(super) async fn activities(context: Context, arguments: ActivitiesArguments) -> Result<Vec<Activity>> {
    let asking = diesel::sql_query(LISTED)
        .bind::<SqlUuid, _>(context.programme_id())
        .bind::<Date, _>(context.instant().day)
        .bind::<Nullable<SqlUuid>, _>(arguments.agency.map(Id::uuid))
        .bind::<Nullable<SqlUuid>, _>(arguments.shelter.map(Id::uuid))
        .bind::<Nullable<Text>, _>(arguments.sector)
        .bind::<Nullable<Text>, _>(arguments.kind)
        .bind::<Nullable<Text>, _>(arguments.status);
    let reader = context.reader().await?;
    let rows: Vec<Row> = Prepared(asking).load(&mut &*reader).await?;
    Ok(rows.into_iter().map(Activity::from).collect())
}

/// Something that has a code and a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// That an agency does something, for whoever keeps the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedActivity {
    /// The agency.
    pub agency: Named,
    /// In which sector.
    pub sector: ActivitySector,
    /// What it does.
    pub kind: ActivityKind,
    /// Where it does it; none where it is in no shelter.
    pub shelter: Option<Named>,
    /// Since when.
    pub since: NaiveDate,
    /// Until when, as far as it is known.
    pub until: Option<NaiveDate>,
    /// Whether it goes on.
    pub status: ActivityStatus,
}

/// Why activities were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// The database refused, or the connection broke.
    #[error(transparent)]
    Database(#[from] tokio_postgres::Error),
    /// It holds no programme.
    #[error("the database holds no programme")]
    NoProgramme,
    /// It holds a code of a newer Enlace.
    #[error("{0} is a code that this Enlace does not know")]
    Unknown(String),
}

fn known<T>(code: &str, parse: fn(&str) -> Option<T>) -> std::result::Result<T, ListingError> {
    parse(code).ok_or_else(|| ListingError::Unknown(code.to_owned()))
}

/// Who does what where, as the query `activities` answers it. `owner` is connected as the owner of the tables; `real_now` is what the real
/// clock reads.
pub async fn list_activities(
    owner: &tokio_postgres::Client,
    real_now: DateTime<Utc>,
) -> std::result::Result<Vec<ListedActivity>, ListingError> {
    let (programme, today) = programme_day(owner, real_now).await?.ok_or(ListingError::NoProgramme)?;
    let (any_record, any_code): (Option<Uuid>, Option<&str>) = (None, None);
    let rows = owner
        .query(LISTED, &[&programme, &today, &any_record, &any_record, &any_code, &any_code, &any_code])
        .await?;
    let mut listed = Vec::with_capacity(rows.len());
    for row in &rows {
        let shelter: Option<String> = row.get("shelter");
        listed.push(ListedActivity {
            agency: Named { code: row.get("agency"), name: row.get("agency_name") },
            sector: known(row.get("sector"), ActivitySector::parse)?,
            kind: known(row.get("kind"), ActivityKind::parse)?,
            shelter: shelter.map(|code| Named { code, name: row.get("shelter_name") }),
            since: row.get("since"),
            until: row.get("until"),
            status: known(row.get("status"), ActivityStatus::parse)?,
        });
    }
    Ok(listed)
}
