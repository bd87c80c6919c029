//! Reads of volunteers and of what is verified of them, scoped to the caller.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::agencies::Agency;
use crate::agencies::tables::agencies;
use crate::context::{Context, Scope};
use crate::coordination::tables::{screenings, volunteers};
use crate::coordination::volunteers::{
    Screening, ScreeningKind, ScreeningState, Volunteer, VolunteerSkill, volunteer_facts,
};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;

type VolunteerRow = (
    (Uuid, String, String, Option<String>, Option<String>, Vec<String>, Vec<VolunteerSkill>),
    (DateTime<Utc>, Option<DateTime<Utc>>, bool, i32),
    (Uuid, String),
);
type VolunteerColumns = (
    (
        volunteers::id,
        volunteers::code,
        volunteers::given_names,
        volunteers::family_names,
        volunteers::contact,
        volunteers::languages,
        volunteers::skills,
    ),
    (volunteers::registered_at, volunteers::ended_at, SqlLiteral<Bool>, volunteers::version),
    (volunteers::agency_id, agencies::code),
);

/// Whether all is verified of a volunteer, on a day, that working near minors needs, as SQL.
fn is_screened(day: NaiveDate) -> SqlLiteral<Bool> {
    sql(&format!("may_work_near_minors(volunteers.id, '{day}')"))
}

fn columns(day: NaiveDate) -> VolunteerColumns {
    (
        (
            volunteers::id,
            volunteers::code,
            volunteers::given_names,
            volunteers::family_names,
            volunteers::contact,
            volunteers::languages,
            volunteers::skills,
        ),
        (volunteers::registered_at, volunteers::ended_at, is_screened(day), volunteers::version),
        (volunteers::agency_id, agencies::code),
    )
}

fn volunteer(row: VolunteerRow) -> Volunteer {
    let (who, (registered_at, ended_at, may_work_near_minors, version), (agency_id, agency)) = row;
    let (id, code, given_names, family_names, contact, languages, skills) = who;
    Volunteer {
        id: Id::new(id),
        code,
        given_names,
        family_names,
        contact,
        languages,
        skills,
        registered_at,
        ended_at,
        may_work_near_minors,
        version,
        agency_id,
        agency,
    }
}

fn scope(context: &Context, record: RecordType) -> Option<Scope> {
    context.scope(Class::Counterparty, record)
}

/// Volunteers by key, as far as the caller may see them.
pub(in crate::coordination::volunteers) async fn volunteers_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<Volunteer>> {
    let Some(scope) = scope(&context, RecordType::Volunteer) else { return Ok(Vec::new()) };
    let query = volunteers::table
        .inner_join(agencies::table)
        .filter(volunteers::id.eq_any(ids))
        .filter(InScope::new(&scope, volunteer_facts))
        .select(columns(scope.at().day));
    let rows: Vec<VolunteerRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(volunteer).collect())
}

/// A volunteer of the programme within the caller's reach, as a transaction sees them.
pub(in crate::coordination::volunteers) async fn volunteer_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Volunteer>> {
    let Some(scope) = scope(context, RecordType::Volunteer) else { return Ok(None) };
    let query = volunteers::table
        .inner_join(agencies::table)
        .filter(volunteers::id.eq(id))
        .filter(volunteers::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, volunteer_facts))
        .select(columns(scope.at().day));
    let row: Option<VolunteerRow> = query.first(connection).await.optional()?;
    Ok(row.map(volunteer))
}

input! {
    /// Which volunteers, and which page of them. They come in the order of their registration.
    pub struct VolunteersArguments {
        /// Only those that this agency brings.
        pub agency: Option<Id<Agency>>,
        /// Only those who can do this.
        pub skill: Option<VolunteerSkill>,
        /// Where true, only those who help still; where false, only the others.
        pub active: Option<bool>,
        /// Where true, only those of whom all is verified today that working near minors needs; where false, only the others.
        pub may_work_near_minors: Option<bool>,
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

/// What selects volunteers: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    agency: Option<Uuid>,
    skill: Option<VolunteerSkill>,
    active: Option<bool>,
    may_work_near_minors: Option<bool>,
}

/// Volunteers, page by page.
pub(in crate::coordination::volunteers) async fn volunteers(
    context: Context,
    arguments: VolunteersArguments,
    wanted: Wanted,
) -> Result<Connection<Volunteer>> {
    let selects = Selects {
        programme: context.programme_id(),
        agency: arguments.agency.map(Id::uuid),
        skill: arguments.skill,
        active: arguments.active,
        may_work_near_minors: arguments.may_work_near_minors,
    };
    let (binding, window) = asked!(context, arguments, "volunteers", &selects);
    let scope = context.root_scope(Class::Counterparty, RecordType::Volunteer)?;
    let day = scope.at().day;
    let selected = || {
        let mut query = volunteers::table
            .inner_join(agencies::table)
            .filter(volunteers::programme_id.eq(selects.programme))
            .filter(InScope::new(&scope, volunteer_facts))
            .into_boxed::<Pg>();
        if let Some(agency) = selects.agency {
            query = query.filter(volunteers::agency_id.eq(agency));
        }
        if let Some(skill) = selects.skill {
            query = query.filter(volunteers::skills.contains(vec![skill]));
        }
        match selects.active {
            Some(true) => query = query.filter(volunteers::ended_at.is_null()),
            Some(false) => query = query.filter(volunteers::ended_at.is_not_null()),
            None => {}
        }
        if let Some(wanted) = selects.may_work_near_minors {
            query = query.filter(is_screened(day).eq(wanted));
        }
        query
    };
    let page: Result<Connection<VolunteerRow>> = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(volunteers::id),
        columns(day),
        |row: &VolunteerRow| row.0.0
    );
    let Connection { rows, facts } = page?;
    Ok(Connection { rows: rows.into_iter().map(volunteer).collect(), facts })
}

type ScreeningRow = (
    (Uuid, ScreeningKind, String, NaiveDate, NaiveDate),
    (Option<DateTime<Utc>>, Option<DateTime<Utc>>, Option<String>, DateTime<Utc>, i32),
    (Uuid, Uuid, String),
);

#[diesel::dsl::auto_type]
fn screenings_joined() -> _ {
    screenings::table.inner_join(volunteers::table.inner_join(agencies::table))
}

#[diesel::dsl::auto_type]
fn screening_columns() -> _ {
    (
        (
            screenings::id,
            screenings::kind,
            screenings::evidence,
            screenings::verified_on,
            screenings::valid_until,
        ),
        (
            screenings::superseded_at,
            screenings::revoked_at,
            screenings::reason,
            screenings::recorded_at,
            screenings::version,
        ),
        (screenings::volunteer_id, screenings::verifier_id, agencies::code),
    )
}

fn screening(row: ScreeningRow, today: NaiveDate) -> Screening {
    let (what, settled, (volunteer_id, verifier_id, agency)) = row;
    let (id, kind, evidence, verified_on, valid_until) = what;
    let (superseded_at, revoked_at, reason, recorded_at, version) = settled;
    let state = match (revoked_at, superseded_at) {
        (Some(_), _) => ScreeningState::Revoked,
        (None, Some(_)) => ScreeningState::Superseded,
        (None, None) if valid_until < today => ScreeningState::Expired,
        (None, None) => ScreeningState::Valid,
    };
    Screening {
        id: Id::new(id),
        kind,
        evidence,
        verified_on,
        valid_until,
        state,
        revoked_at,
        reason,
        recorded_at,
        version,
        volunteer_id,
        verifier_id,
        agency,
    }
}

/// What is verified of volunteers: of these, or what has these keys; oldest first.
async fn screenings(
    context: Context,
    (of, ids): (Option<Vec<Uuid>>, Option<Vec<Uuid>>),
) -> Result<Vec<Screening>> {
    let Some(scope) = scope(&context, RecordType::Screening) else { return Ok(Vec::new()) };
    let mut query = screenings_joined()
        .filter(InScope::new(&scope, volunteer_facts))
        .order(screenings::id)
        .select(screening_columns())
        .into_boxed::<Pg>();
    if let Some(of) = of {
        query = query.filter(screenings::volunteer_id.eq_any(of));
    }
    if let Some(ids) = ids {
        query = query.filter(screenings::id.eq_any(ids));
    }
    let rows: Vec<ScreeningRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(|row| screening(row, scope.at().day)).collect())
}

/// What is verified of some volunteers, oldest first.
pub(in crate::coordination::volunteers) async fn screenings_of(
    context: Context,
    volunteers: Vec<Uuid>,
) -> Result<Vec<Screening>> {
    screenings(context, (Some(volunteers), None)).await
}

/// What is verified of volunteers, by key.
pub(in crate::coordination::volunteers) async fn screenings_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<Screening>> {
    screenings(context, (None, Some(ids))).await
}

/// A screening of the programme within the caller's reach, as a transaction sees it.
pub(in crate::coordination::volunteers) async fn screening_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Screening>> {
    let Some(scope) = scope(context, RecordType::Screening) else { return Ok(None) };
    let query = screenings_joined()
        .filter(screenings::id.eq(id))
        .filter(volunteers::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, volunteer_facts))
        .select(screening_columns());
    let row: Option<ScreeningRow> = query.first(connection).await.optional()?;
    Ok(row.map(|row| screening(row, scope.at().day)))
}
