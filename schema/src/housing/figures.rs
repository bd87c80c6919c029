//! How far housing is, in numbers that tell of nobody: counted from the records, never typed in.

use chrono::NaiveDate;
use diesel::Queryable;
use diesel::dsl::sql;
use diesel::sql_types::{Date, Integer};
use diesel_async::RunQueryDsl;

use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record};

record! {
    /// How far housing was on a day.
    #[derive(Queryable)]
    pub struct HousingFigures: "HousingFigures" as Programme {
        /// The day.
        as_of: NaiveDate => Operational,
        /// How many dwellings were offered.
        offered: i32 => Operational,
        /// How many of those the newest visit had found fit.
        fit: i32 => Operational,
        /// How many of those could be leased from that day on.
        vacant: i32 => Operational,
        /// How many people could live in these.
        places: i32 => Operational,
        /// How many dwellings were leased until then, each once however often and by how many households.
        leased: i32 => Operational,
        /// How many households live in a dwelling, or did.
        households: i32 => Operational,
    }
}

input! {
    /// Of which day.
    pub struct HousingFiguresArguments {
        /// The programme's day; today, where it is left out.
        pub as_of: Option<NaiveDate>,
    }
}

/// Whether a dwelling is offered on a day, as SQL.
fn offered(day: NaiveDate) -> String {
    format!("(offered_on <= '{day}' AND coalesce(withdrawn_on > '{day}', true))")
}

/// Whether the newest visit until a day found a dwelling fit, as SQL.
fn fit(day: NaiveDate) -> String {
    format!(
        "coalesce((SELECT fit FROM dwelling_visits WHERE dwelling_id = dwellings.id AND visited_on <= '{day}' \
         ORDER BY visited_on DESC, id DESC LIMIT 1), false)"
    )
}

/// Whether a dwelling can be leased from a day on, as SQL.
pub(super) fn vacant(day: NaiveDate) -> String {
    format!(
        "({} AND {} AND NOT EXISTS (SELECT FROM leases WHERE dwelling_id = dwellings.id AND state <> 'CANCELLED' \
         AND coalesce(ended_on, ends_on) >= '{day}'))",
        offered(day),
        fit(day)
    )
}

/// Counts as of a day.
pub(super) async fn housing_figures(
    context: Context,
    arguments: HousingFiguresArguments,
) -> Result<Option<HousingFigures>> {
    let day = arguments.as_of.unwrap_or_else(|| context.day_of(context.now()));
    let programme = context.programme_id();
    let of_dwellings = |what: &str, which: String| {
        sql::<Integer>(&format!(
            "(SELECT {what}::integer FROM dwellings WHERE programme_id = '{programme}' AND {which})"
        ))
    };
    let query = diesel::select((
        sql::<Date>(&format!("'{day}'::date")),
        of_dwellings("count(*)", offered(day)),
        of_dwellings("count(*)", format!("{} AND {}", offered(day), fit(day))),
        of_dwellings("count(*)", vacant(day)),
        of_dwellings("coalesce(sum(capacity), 0)", vacant(day)),
        sql::<Integer>(&format!(
            "(SELECT count(DISTINCT dwelling_id)::integer FROM leases \
             WHERE programme_id = '{programme}' AND starts_on <= '{day}' AND state <> 'CANCELLED')"
        )),
        sql::<Integer>(&format!(
            "(SELECT count(DISTINCT household_id)::integer FROM tenancies JOIN leases ON leases.id = lease_id \
             WHERE programme_id = '{programme}' AND tenancies.starts_on <= '{day}' AND tenancies.ends_on >= tenancies.starts_on)"
        )),
    ));
    Ok(Some(query.get_result(&mut &*context.reader().await?).await?))
}
