//! Reads of recommendations, which are open to whoever may read their class.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::tables::{recommendation_reports, recommendations};
use super::{
    Recommendation, RecommendationAnswer, RecommendationReport, RecommendationState, RecommendationVerdict,
};
use crate::agencies::Agency;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::Shelter;

/// Where a recommendation stands, as SQL.
const STATE: &str = "(CASE WHEN recommendations.answered_at IS NULL THEN 'MADE' \
     WHEN recommendations.reported_at > coalesce(recommendations.verified_at, '-infinity') THEN 'IN_PROGRESS' \
     WHEN recommendations.verified_at IS NOT NULL THEN 'VERIFIED' ELSE 'ANSWERED' END)";

/// Whether a recommendation's day is past and it was not followed, as SQL.
fn overdue(today: NaiveDate) -> String {
    format!(
        "(recommendations.due_on < '{today}' AND recommendations.verdict IS DISTINCT FROM 'FOLLOWED' \
         AND recommendations.answer IS DISTINCT FROM 'NOT_ACCEPTED')"
    )
}

type Instants = Option<DateTime<Utc>>;
type RecommendationRow = (
    (Uuid, String, String, String, NaiveDate, NaiveDate, RecommendationState, bool),
    (
        Option<RecommendationAnswer>,
        Option<String>,
        Instants,
        Option<RecommendationVerdict>,
        Option<String>,
        Instants,
        i32,
    ),
    (Uuid, Uuid, Option<Uuid>),
);
type Columns = (
    (
        recommendations::id,
        recommendations::code,
        recommendations::title,
        recommendations::body,
        recommendations::made_on,
        recommendations::due_on,
        SqlLiteral<Text>,
        SqlLiteral<Bool>,
    ),
    (
        recommendations::answer,
        recommendations::answer_note,
        recommendations::answered_at,
        recommendations::verdict,
        recommendations::verdict_note,
        recommendations::verified_at,
        recommendations::version,
    ),
    (recommendations::agency_id, recommendations::addressee_id, recommendations::shelter_id),
);

fn columns(context: &Context) -> Columns {
    (
        (
            recommendations::id,
            recommendations::code,
            recommendations::title,
            recommendations::body,
            recommendations::made_on,
            recommendations::due_on,
            diesel::dsl::sql(STATE),
            diesel::dsl::sql(&overdue(context.instant().day)),
        ),
        (
            recommendations::answer,
            recommendations::answer_note,
            recommendations::answered_at,
            recommendations::verdict,
            recommendations::verdict_note,
            recommendations::verified_at,
            recommendations::version,
        ),
        (recommendations::agency_id, recommendations::addressee_id, recommendations::shelter_id),
    )
}

fn recommendation(context: &Context, row: RecommendationRow) -> Recommendation {
    let ((id, code, title, body, made_on, due_on, state, overdue), said, between) = row;
    let (answer, answer_note, answered_at, verdict, verdict_note, verified_at, version) = said;
    let (agency_id, addressee_id, shelter_id) = between;
    Recommendation {
        id: Id::new(id),
        code,
        title,
        body,
        made_on,
        due_on,
        state,
        overdue,
        answer,
        answer_note,
        answered_at,
        verdict,
        verdict_note,
        verified_at,
        version,
        agency_id,
        agency: context.agency_code(agency_id),
        addressee_id,
        addressee: context.agency_code(addressee_id),
        shelter_id,
    }
}

/// Recommendations by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Recommendation>> {
    let query = recommendations::table.filter(recommendations::id.eq_any(ids)).select(columns(&context));
    let rows: Vec<RecommendationRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| recommendation(&context, row)).collect())
}

/// A recommendation of the programme, as a transaction sees it.
pub(super) async fn recommendation_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Recommendation>> {
    let query = recommendations::table
        .filter(recommendations::id.eq(id))
        .filter(recommendations::programme_id.eq(context.programme_id()))
        .select(columns(context));
    let row: Option<RecommendationRow> = query.first(connection).await.optional()?;
    Ok(row.map(|row| recommendation(context, row)))
}

/// The recommendations that were not followed, as a transaction sees them.
pub(super) async fn open_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    shelter: Option<Uuid>,
) -> Result<Vec<Recommendation>> {
    let mut query = recommendations::table
        .filter(recommendations::programme_id.eq(context.programme_id()))
        .filter(recommendations::verdict.is_distinct_from(RecommendationVerdict::Followed))
        .order(recommendations::id)
        .select(columns(context))
        .into_boxed::<Pg>();
    if let Some(shelter) = shelter {
        query = query.filter(recommendations::shelter_id.eq(shelter));
    }
    let rows: Vec<RecommendationRow> = query.load(connection).await?;
    Ok(rows.into_iter().map(|row| recommendation(context, row)).collect())
}

type ReportRow = (Uuid, String, Option<String>, Option<String>, DateTime<Utc>, Uuid, Uuid);

#[diesel::dsl::auto_type]
fn reports_joined() -> _ {
    recommendation_reports::table.inner_join(recommendations::table)
}

#[diesel::dsl::auto_type]
fn report_columns() -> _ {
    (
        recommendation_reports::id,
        recommendation_reports::progress,
        recommendation_reports::evidence,
        recommendation_reports::digest,
        recommendation_reports::recorded_at,
        recommendation_reports::recommendation_id,
        recommendations::agency_id,
    )
}

fn report(context: &Context, row: ReportRow) -> RecommendationReport {
    let (id, progress, evidence, digest, recorded_at, recommendation_id, agency) = row;
    let agency = context.agency_code(agency);
    RecommendationReport {
        id: Id::new(id),
        progress,
        evidence,
        digest,
        recorded_at,
        recommendation_id,
        agency,
    }
}

/// Reports by key.
pub(super) async fn reports_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<RecommendationReport>> {
    let query = reports_joined().filter(recommendation_reports::id.eq_any(ids)).select(report_columns());
    let rows: Vec<ReportRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| report(&context, row)).collect())
}

/// The reports on some recommendations, in the order of reporting.
pub(super) async fn reports_of(context: Context, of: Vec<Uuid>) -> Result<Vec<RecommendationReport>> {
    let query = reports_joined()
        .filter(recommendation_reports::recommendation_id.eq_any(of))
        .order(recommendation_reports::id)
        .select(report_columns());
    let rows: Vec<ReportRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| report(&context, row)).collect())
}

input! {
    /// Which recommendations, and which page of them. They come in the order in which they were made.
    pub struct RecommendationsArguments {
        /// Only those that this agency makes.
        pub agency: Option<Id<Agency>>,
        /// Only those that are made to this agency.
        pub addressee: Option<Id<Agency>>,
        /// Only those about this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Only those that stand so.
        pub state: Option<RecommendationState>,
        /// Where true, only those whose day is past and that were not followed; where false, only the others.
        pub overdue: Option<bool>,
        /// How many rows from the start, or after `after`: 1 to 500; 50 where neither `first` nor `last` is given.
        pub first: Option<i32>,
        /// Go on after this cursor.
        pub after: Option<String>,
        /// How many rows from the end, or before `before`.
        pub last: Option<i32>,
        /// Go back from this cursor.
        pub before: Option<String>,
    }
}

/// Recommendations, page by page.
pub(super) async fn recommendations(
    context: Context,
    arguments: RecommendationsArguments,
    wanted: Wanted,
) -> Result<Connection<Recommendation>> {
    let (agency, addressee) = (arguments.agency.map(Id::uuid), arguments.addressee.map(Id::uuid));
    let (shelter, state) = (arguments.shelter.map(Id::uuid), arguments.state);
    let is_overdue = arguments.overdue;
    let selects = (agency, addressee, shelter, state, is_overdue);
    let (binding, window) = asked!(context, arguments, "recommendations", &selects);
    let today = context.instant().day;
    let selected = || {
        let mut query = recommendations::table
            .filter(recommendations::programme_id.eq(context.programme_id()))
            .into_boxed::<Pg>();
        if let Some(agency) = agency {
            query = query.filter(recommendations::agency_id.eq(agency));
        }
        if let Some(addressee) = addressee {
            query = query.filter(recommendations::addressee_id.eq(addressee));
        }
        if let Some(shelter) = shelter {
            query = query.filter(recommendations::shelter_id.eq(shelter));
        }
        if let Some(state) = state {
            let asked = format!("{STATE} = '{}'", state.as_str());
            query = query.filter(diesel::dsl::sql::<Bool>(&asked));
        }
        if let Some(is_overdue) = is_overdue {
            let asked = format!("{} = {is_overdue}", overdue(today));
            query = query.filter(diesel::dsl::sql::<Bool>(&asked));
        }
        query
    };
    let page: Result<Connection<RecommendationRow>> = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(recommendations::id),
        columns(&context),
        |row: &RecommendationRow| row.0.0
    );
    let Connection { rows, facts } = page?;
    Ok(Connection { rows: rows.into_iter().map(|row| recommendation(&context, row)).collect(), facts })
}
