//! Reads of indicators: how they are published, and what the records say.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::definitions::{ledger, totals};
use super::tables::{published_counts, published_tables};
use super::{
    Asked, DEFINITIONS, Definition, Indicator, IndicatorDay, IndicatorDimension, PublishedTable, Shown,
    TellsOf, by_person, defined, number,
};
use crate::agencies::programme_day;
use crate::context::{Context, refused_root};
use crate::database::Prepared;
use crate::error::{Code, Error, Result};
use crate::graph::{NoArguments, input};

/// How many days a series tells of at most.
const MOST_DAYS: u64 = 400;

input! {
    /// As of which day.
    pub struct IndicatorsArguments {
        /// The day, today or earlier; where it is left out, that of the newest published table, or today where there is none.
        pub as_of: Option<NaiveDate>,
    }
}

input! {
    /// Which series.
    pub struct IndicatorSeriesArguments {
        /// The keys of the indicators, such as `census_entries`; all that may be told, where it is left out.
        pub keys: Option<Vec<String>>,
        /// The first day; the programme's first, where it is left out.
        pub from: Option<NaiveDate>,
        /// The last day, today or earlier; today, where it is left out. At most 400 days after the first.
        pub until: Option<NaiveDate>,
    }
}

/// What of a published table is shown, by the indicator's key.
pub(super) type Published = BTreeMap<String, Shown>;

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = Text)]
    indicator: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Share {
    #[diesel(sql_type = Text)]
    indicator: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    person: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    indicator: String,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// What people make up of each indicator as of a day, as a transaction sees it: one statement, so that all are of one moment.
pub(super) async fn shares(
    connection: &mut AsyncPgConnection,
    (programme, as_of): Asked,
) -> Result<HashMap<String, Vec<(Option<Uuid>, i64)>>> {
    let counting = diesel::sql_query(by_person()).bind::<SqlUuid, _>(programme).bind::<Date, _>(as_of);
    let rows: Vec<Share> = Prepared(counting).get_results(connection).await?;
    let mut shares: HashMap<String, Vec<_>> = HashMap::new();
    for Share { indicator, person, count } in rows {
        shares.entry(indicator).or_default().push((person, count));
    }
    Ok(shares)
}

/// What is shown in the tables that were published, those of some days or all, in the order in which they were.
pub(super) async fn published<C: AsyncConnectionCore<Backend = Pg> + Send>(
    connection: &mut C,
    programme: Uuid,
    as_of: Option<NaiveDate>,
) -> Result<Vec<Published>> {
    let mut query = published_counts::table
        .inner_join(published_tables::table)
        .filter(published_tables::programme_id.eq(programme))
        .order(published_tables::number)
        .select((
            published_tables::number,
            published_counts::indicator,
            published_counts::dimension,
            published_counts::category,
            published_counts::count,
        ))
        .into_boxed::<Pg>();
    if let Some(as_of) = as_of {
        query = query.filter(published_tables::as_of.eq(as_of));
    }
    let rows: Vec<(i32, String, String, String, Option<i64>)> = query.load(connection).await?;
    let mut tables: BTreeMap<i32, Published> = BTreeMap::new();
    for (table, indicator, dimension, category, count) in rows {
        let shown = tables.entry(table).or_default().entry(indicator).or_default();
        match IndicatorDimension::parse(&dimension) {
            Some(dimension) => {
                shown.parts.entry(dimension).or_default().insert(category, count);
            }
            None => shown.total = count,
        }
    }
    Ok(tables.into_values().collect())
}

/// Refuses a day that is to come.
fn past(day: NaiveDate, context: &Context, argument: &'static str) -> Result<()> {
    if day <= context.instant().day {
        return Ok(());
    }
    Err(Error::new(Code::InvalidArgument, "Nothing is counted of a day that is to come.")
        .with("argument", argument))
}

/// How all indicators stand as of a day.
pub(super) async fn indicators(context: Context, arguments: IndicatorsArguments) -> Result<Vec<Indicator>> {
    let programme = context.programme_id();
    let reader = context.reader().await?;
    let as_of = if let Some(day) = arguments.as_of {
        past(day, &context, "asOf")?;
        day
    } else {
        let newest = published_tables::table
            .filter(published_tables::programme_id.eq(programme))
            .select(diesel::dsl::max(published_tables::as_of));
        let newest: Option<NaiveDate> = newest.first(&mut &*reader).await?;
        newest.unwrap_or(context.instant().day)
    };
    let published =
        published(&mut &*reader, programme, Some(as_of)).await?.into_iter().next().unwrap_or_default();
    // To whom the counts are not told, they are not read either.
    let recorded = if context.may_read(Class::Operational, RecordType::Indicator) {
        let counting = diesel::sql_query(totals()).bind::<SqlUuid, _>(programme).bind::<Date, _>(as_of);
        let rows: Vec<Total> = Prepared(counting).get_results(&mut &*reader).await?;
        Some(rows.into_iter().map(|Total { indicator, count }| (indicator, count)).collect::<HashMap<_, _>>())
    } else {
        None
    };
    let indicator = |definition: &Definition| {
        let told = recorded.as_ref().filter(|_| definition.tells_of != TellsOf::Health);
        let recorded = told.map(|counts| counts.get(definition.key).copied().unwrap_or_default());
        Indicator::new(definition, as_of, published.get(definition.key), recorded)
    };
    Ok(DEFINITIONS.iter().map(indicator).collect())
}

/// How indicators stood day by day, as the records say it now.
pub(super) async fn series(
    context: Context,
    arguments: IndicatorSeriesArguments,
) -> Result<Vec<IndicatorDay>> {
    if !context.may_read(Class::Operational, RecordType::Indicator) {
        return Err(refused_root());
    }
    let today = context.instant().day;
    let until = arguments.until.unwrap_or(today);
    past(until, &context, "until")?;
    let from = arguments.from.unwrap_or_else(|| context.starts_on());
    if from > until || from.checked_add_days(Days::new(MOST_DAYS)).is_none_or(|last| last < until) {
        let message = "The first day is not after the last, and at most 400 days before it.";
        return Err(Error::new(Code::InvalidArgument, message).with("argument", "from"));
    }
    let told = |definition: &&Definition| definition.tells_of != TellsOf::Health;
    let definitions: Vec<&Definition> = match &arguments.keys {
        None => DEFINITIONS.iter().filter(told).collect(),
        Some(keys) => keys
            .iter()
            .map(|key| {
                Definition::of(key).filter(told).ok_or_else(|| {
                    let message = format!("{key} is no indicator of which a series is told.");
                    Error::new(Code::InvalidArgument, message).with("argument", "keys")
                })
            })
            .collect::<Result<_>>()?,
    };
    if definitions.is_empty() {
        return Ok(Vec::new());
    }
    let stepping = diesel::sql_query(format!(
        "SELECT indicator, day, sum(delta)::bigint AS count FROM ({}) AS ledger WHERE day <= $2 GROUP BY indicator, day",
        ledger(definitions.iter().copied())
    ))
    .bind::<SqlUuid, _>(context.programme_id())
    .bind::<Date, _>(until);
    let reader = context.reader().await?;
    let rows: Vec<Step> = stepping.get_results(&mut &*reader).await?;
    let mut steps: HashMap<&str, BTreeMap<NaiveDate, i64>> = HashMap::new();
    for Step { indicator, day, count } in rows {
        *steps.entry(defined(&indicator)?.key).or_default().entry(day.max(from)).or_default() += count;
    }
    let mut days = Vec::new();
    for definition in definitions {
        let steps = steps.remove(definition.key).unwrap_or_default();
        let mut count = 0;
        for day in from.iter_days().take_while(|day| *day <= until) {
            count += steps.get(&day).copied().unwrap_or_default();
            days.push(IndicatorDay { key: definition.key.to_owned(), day, recorded: number(count) });
        }
    }
    Ok(days)
}

/// The tables that were published, in the order in which they were.
pub(super) async fn published_all(context: Context, _: NoArguments) -> Result<Vec<PublishedTable>> {
    let reader = context.reader().await?;
    let rows: Vec<_> = published_tables::table
        .filter(published_tables::programme_id.eq(context.programme_id()))
        .order(published_tables::number)
        .select((
            published_tables::number,
            published_tables::as_of,
            published_tables::published_at,
            published_tables::note,
            published_tables::verifier,
        ))
        .load::<(i32, NaiveDate, DateTime<Utc>, String, String)>(&mut &*reader)
        .await?;
    let table = |(number, as_of, published_at, note, verifier)| PublishedTable {
        number,
        as_of,
        published_at,
        note,
        verifier,
    };
    Ok(rows.into_iter().map(table).collect())
}

/// How an indicator stands, for whoever keeps the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its key, such as `census_entries`.
    pub key: &'static str,
    /// Its name in Spanish.
    pub name: &'static str,
    /// The count, as the records say it.
    pub count: i64,
}

/// Why indicators were not counted.
#[derive(Debug, thiserror::Error)]
pub enum StandingsError {
    /// The database refused, or the connection broke.
    #[error(transparent)]
    Database(#[from] tokio_postgres::Error),
    /// It holds no programme.
    #[error("the database holds no programme")]
    NoProgramme,
    /// The day is one that is to come.
    #[error("{0} is to come: today, by the programme's clock, is {1}")]
    ToCome(NaiveDate, NaiveDate),
}

/// How all indicators stand as of a day, small counts included: for whoever keeps the database and could count themselves. `owner` is
/// connected as the owner of the tables; `real_now` is what the real clock reads.
pub async fn standings(
    owner: &tokio_postgres::Client,
    as_of: NaiveDate,
    real_now: DateTime<Utc>,
) -> std::result::Result<Vec<Standing>, StandingsError> {
    let (programme, today) = programme_day(owner, real_now).await?.ok_or(StandingsError::NoProgramme)?;
    if as_of > today {
        return Err(StandingsError::ToCome(as_of, today));
    }
    let counts: HashMap<String, i64> = owner
        .query(&totals(), &[&programme, &as_of])
        .await?
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let standing = |Definition { key, names, .. }: &Definition| Standing {
        key,
        name: names.spanish,
        count: counts.get(*key).copied().unwrap_or_default(),
    };
    Ok(DEFINITIONS.iter().map(standing).collect())
}
