//! Reads of inspections, which are open to whoever may read their class.

use chrono::NaiveDate;
use diesel::dsl::Nullable;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::tables::{inspection_findings, inspections};
use super::{FindingSeverity, FindingState, Inspection, InspectionFinding, InspectionOutcome};
use crate::agencies::tables::agencies;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;
use crate::shelters::{Centre, Shelter};

#[diesel::dsl::auto_type]
fn inspections_joined() -> _ {
    inspections::table.inner_join(agencies::table).left_join(shelters::table)
}

#[diesel::dsl::auto_type]
fn inspection_columns() -> _ {
    let shelter: Nullable<shelters::code> = shelters::code.nullable();
    (
        inspections::id,
        inspections::code,
        inspections::inspected_on,
        inspections::outcome,
        inspections::note,
        inspections::recorded_at,
        inspections::agency_id,
        inspections::centre_id,
        inspections::shelter_id,
        agencies::code,
        shelter,
    )
}

/// Inspections by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Inspection>> {
    let reader = context.reader().await?;
    let query = inspections_joined().filter(inspections::id.eq_any(ids)).select(inspection_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// An inspection, as a transaction sees it.
pub(super) async fn one(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Option<Inspection>> {
    let query = inspections_joined().filter(inspections::id.eq(id)).select(inspection_columns());
    Ok(query.first(connection).await.optional()?)
}

#[diesel::dsl::auto_type]
fn findings_joined() -> _ {
    inspection_findings::table
        .inner_join(inspections::table.inner_join(agencies::table).left_join(shelters::table))
}

type FindingColumns = (
    inspection_findings::id,
    inspection_findings::finding,
    inspection_findings::severity,
    inspection_findings::due_on,
    inspection_findings::state,
    SqlLiteral<Bool>,
    inspection_findings::begun_at,
    inspection_findings::done_at,
    inspection_findings::verified_at,
    inspection_findings::note,
    inspection_findings::version,
    inspection_findings::inspection_id,
    inspection_findings::worker_id,
    inspections::shelter_id,
    agencies::code,
    Nullable<shelters::code>,
);

/// Whether a finding's day is past and it is not corrected, as SQL.
fn overdue(today: NaiveDate) -> String {
    format!("(inspection_findings.state IN ('OPEN', 'BEGUN') AND inspection_findings.due_on < '{today}')")
}

fn finding_columns(today: NaiveDate) -> FindingColumns {
    (
        inspection_findings::id,
        inspection_findings::finding,
        inspection_findings::severity,
        inspection_findings::due_on,
        inspection_findings::state,
        diesel::dsl::sql(&overdue(today)),
        inspection_findings::begun_at,
        inspection_findings::done_at,
        inspection_findings::verified_at,
        inspection_findings::note,
        inspection_findings::version,
        inspection_findings::inspection_id,
        inspection_findings::worker_id,
        inspections::shelter_id,
        agencies::code,
        shelters::code.nullable(),
    )
}

fn today(context: &Context) -> NaiveDate {
    context.day_of(context.now())
}

/// Findings by key.
pub(super) async fn findings_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<InspectionFinding>> {
    let reader = context.reader().await?;
    let query = findings_joined()
        .filter(inspection_findings::id.eq_any(ids))
        .select(finding_columns(today(&context)));
    Ok(query.load(&mut &*reader).await?)
}

/// The findings of some inspections, in the order in which they were said.
pub(super) async fn findings_of(context: Context, of: Vec<Uuid>) -> Result<Vec<InspectionFinding>> {
    let reader = context.reader().await?;
    let query = findings_joined()
        .filter(inspection_findings::inspection_id.eq_any(of))
        .order(inspection_findings::id)
        .select(finding_columns(today(&context)));
    Ok(query.load(&mut &*reader).await?)
}

/// Findings of the programme that an inspection made, or that one of, as a transaction sees them.
pub(super) async fn findings_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (inspection, finding): (Option<Uuid>, Option<Uuid>),
) -> Result<Vec<InspectionFinding>> {
    let mut query = findings_joined()
        .filter(inspections::programme_id.eq(context.programme_id()))
        .order(inspection_findings::id)
        .select(finding_columns(today(context)))
        .into_boxed::<Pg>();
    if let Some(inspection) = inspection {
        query = query.filter(inspection_findings::inspection_id.eq(inspection));
    }
    if let Some(finding) = finding {
        query = query.filter(inspection_findings::id.eq(finding));
    }
    Ok(query.load(connection).await?)
}

/// The findings that are not verified yet, as a transaction sees them.
pub(super) async fn findings_open(
    context: &Context,
    connection: &mut AsyncPgConnection,
    shelter: Option<Uuid>,
) -> Result<Vec<InspectionFinding>> {
    let mut query = findings_joined()
        .filter(inspections::programme_id.eq(context.programme_id()))
        .filter(inspection_findings::state.ne(FindingState::Verified))
        .order(inspection_findings::id)
        .select(finding_columns(today(context)))
        .into_boxed::<Pg>();
    if let Some(shelter) = shelter {
        query = query.filter(inspections::shelter_id.eq(shelter));
    }
    Ok(query.load(connection).await?)
}

input! {
    /// Which inspections, and which page of them. They come in the order in which they were recorded.
    pub struct InspectionsArguments {
        /// Only those of this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Only those of this centre.
        pub centre: Option<Id<Centre>>,
        /// Only those of which this came.
        pub outcome: Option<InspectionOutcome>,
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

/// Inspections, page by page.
pub(super) async fn inspections(
    context: Context,
    arguments: InspectionsArguments,
    wanted: Wanted,
) -> Result<Connection<Inspection>> {
    let (shelter, centre) = (arguments.shelter.map(Id::uuid), arguments.centre.map(Id::uuid));
    let outcome = arguments.outcome;
    let (binding, window) = asked!(context, arguments, "inspections", &(shelter, centre, outcome));
    let selected = || {
        let mut query = inspections_joined()
            .filter(inspections::programme_id.eq(context.programme_id()))
            .into_boxed::<Pg>();
        if let Some(shelter) = shelter {
            query = query.filter(inspections::shelter_id.eq(shelter));
        }
        if let Some(centre) = centre {
            query = query.filter(inspections::centre_id.eq(centre));
        }
        if let Some(outcome) = outcome {
            query = query.filter(inspections::outcome.eq(outcome));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(inspections::id),
        inspection_columns(),
        |inspection: &Inspection| inspection.id.uuid()
    )
}

input! {
    /// Which findings, and which page of them. They come in the order in which they were recorded.
    pub struct InspectionFindingsArguments {
        /// Only those in this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Only those on which the work stands so.
        pub state: Option<FindingState>,
        /// Only those as bad as this.
        pub severity: Option<FindingSeverity>,
        /// Where true, only those whose day is past and that are not corrected; where false, only the others.
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

/// Findings, page by page.
pub(super) async fn findings(
    context: Context,
    arguments: InspectionFindingsArguments,
    wanted: Wanted,
) -> Result<Connection<InspectionFinding>> {
    let (shelter, state) = (arguments.shelter.map(Id::uuid), arguments.state);
    let (severity, is_overdue) = (arguments.severity, arguments.overdue);
    let selects = (shelter, state, severity, is_overdue);
    let (binding, window) = asked!(context, arguments, "inspectionFindings", &selects);
    let today = today(&context);
    let selected = || {
        let mut query =
            findings_joined().filter(inspections::programme_id.eq(context.programme_id())).into_boxed::<Pg>();
        if let Some(shelter) = shelter {
            query = query.filter(inspections::shelter_id.eq(shelter));
        }
        if let Some(state) = state {
            query = query.filter(inspection_findings::state.eq(state));
        }
        if let Some(severity) = severity {
            query = query.filter(inspection_findings::severity.eq(severity));
        }
        if let Some(is_overdue) = is_overdue {
            let asked = format!("{} = {is_overdue}", overdue(today));
            query = query.filter(diesel::dsl::sql::<Bool>(&asked));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(inspection_findings::id),
        finding_columns(today),
        |finding: &InspectionFinding| finding.id.uuid()
    )
}
