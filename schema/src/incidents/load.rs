//! Reads of incidents and of the people in them, scoped to the caller, who must have stated a purpose.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::{incident_follow_ups, incident_people, incidents};
use super::{
    INVOLVEMENT, Incident, IncidentFollowUp, IncidentKind, IncidentState, InvolvedPerson, Involvement,
    incident_facts,
};
use crate::access::InScope;
use crate::context::{Context, Scope, refused_root};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::Shelter;
use crate::shelters::tables::shelters;

fn scope(context: &Context, record: RecordType) -> Result<Option<Scope>> {
    context.personal_scope(Class::Security, record)
}

#[diesel::dsl::auto_type]
fn incident_columns() -> _ {
    (
        incidents::id,
        incidents::code,
        incidents::happened_at,
        incidents::kind,
        incidents::severity,
        incidents::account,
        incidents::state,
        incidents::outcome,
        incidents::closed_at,
        incidents::recorded_at,
        incidents::version,
        incidents::shelter_id,
        incidents::agency_id,
        shelters::code,
    )
}

/// Incidents by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Incident>> {
    let Some(scope) = scope(&context, RecordType::Incident)? else { return Ok(Vec::new()) };
    let query = incidents::table
        .inner_join(shelters::table)
        .filter(incidents::id.eq_any(ids))
        .filter(InScope::new(&scope, incident_facts))
        .select(incident_columns());
    let reader = context.reader().await?;
    Ok(query.load(&mut &*reader).await?)
}

/// An incident of the programme within the caller's reach, as a transaction sees it.
pub(super) async fn one(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Incident>> {
    let Some(scope) = scope(context, RecordType::Incident)? else { return Ok(None) };
    let query = incidents::table
        .inner_join(shelters::table)
        .filter(incidents::id.eq(id))
        .filter(incidents::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, incident_facts))
        .select(incident_columns());
    Ok(query.first(connection).await.optional()?)
}

/// The open incidents within the caller's reach, as a transaction sees them.
pub(super) async fn open(
    context: &Context,
    connection: &mut AsyncPgConnection,
    shelter: Option<Uuid>,
) -> Result<Vec<Incident>> {
    let Some(scope) = scope(context, RecordType::Incident)? else { return Ok(Vec::new()) };
    let mut query = incidents::table
        .inner_join(shelters::table)
        .filter(incidents::programme_id.eq(context.programme_id()))
        .filter(incidents::state.eq(IncidentState::Open))
        .filter(InScope::new(&scope, incident_facts))
        .order(incidents::id)
        .select(incident_columns())
        .into_boxed::<Pg>();
    if let Some(shelter) = shelter {
        query = query.filter(incidents::shelter_id.eq(shelter));
    }
    Ok(query.load(connection).await?)
}

#[diesel::dsl::auto_type]
fn follow_up_columns() -> _ {
    (
        incident_follow_ups::id,
        incident_follow_ups::text,
        incident_follow_ups::recorded_at,
        incident_follow_ups::incident_id,
        incident_follow_ups::agency_id,
        shelters::code,
    )
}

/// What was added to incidents: to these, or what has these keys.
async fn follow_ups(
    context: Context,
    (of, ids): (Option<Vec<Uuid>>, Option<Vec<Uuid>>),
) -> Result<Vec<IncidentFollowUp>> {
    let Some(scope) = scope(&context, RecordType::Incident)? else { return Ok(Vec::new()) };
    let mut query = incident_follow_ups::table
        .inner_join(incidents::table.inner_join(shelters::table))
        .filter(InScope::new(&scope, incident_facts))
        .order(incident_follow_ups::id)
        .select(follow_up_columns())
        .into_boxed::<Pg>();
    if let Some(of) = of {
        query = query.filter(incident_follow_ups::incident_id.eq_any(of));
    }
    if let Some(ids) = ids {
        query = query.filter(incident_follow_ups::id.eq_any(ids));
    }
    let reader = context.reader().await?;
    Ok(query.load(&mut &*reader).await?)
}

/// What was added to some incidents, in the order in which it was.
pub(super) async fn follow_ups_of(context: Context, of: Vec<Uuid>) -> Result<Vec<IncidentFollowUp>> {
    follow_ups(context, (Some(of), None)).await
}

/// What was added, by key.
pub(super) async fn follow_ups_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<IncidentFollowUp>> {
    follow_ups(context, (None, Some(ids))).await
}

/// A row of somebody who was in an incident, still sealed.
type PersonRow = (Uuid, Uuid, DateTime<Utc>, Uuid, Vec<u8>, String);

/// Who was in which incidents.
enum Of {
    Incidents(Vec<Uuid>),
    People(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

/// Who was in incidents. Opens what is said of them, and notes of whom it tells.
async fn people(context: Context, of: Of) -> Result<Vec<InvolvedPerson>> {
    let Some(scope) = scope(&context, RecordType::InvolvedPerson)? else { return Ok(Vec::new()) };
    let query = incident_people::table
        .inner_join(incidents::table.inner_join(shelters::table))
        .filter(InScope::new(&scope, incident_facts))
        .order(incident_people::id)
        .select((
            incident_people::id,
            incident_people::person_id,
            incident_people::recorded_at,
            incident_people::incident_id,
            incident_people::record,
            shelters::code,
        ))
        .into_boxed::<Pg>();
    let query = match of {
        Of::Incidents(incidents) => query.filter(incident_people::incident_id.eq_any(incidents)),
        Of::People(people) => query.filter(incident_people::person_id.eq_any(people)),
        Of::Keys(keys) => query.filter(incident_people::id.eq_any(keys)),
    };
    let reader = context.reader().await?;
    let mut rows: Vec<PersonRow> = query.load(&mut &*reader).await?;
    context.hide_order(&mut rows, |row| row.0);
    let keys = context.vault().keys(rows.iter().map(|row| row.1).collect()).await?;
    context.discloses(rows.iter().map(|row| row.1));
    rows.into_iter()
        .map(|(id, person, recorded_at, incident_id, sealed, shelter)| {
            let opened: Option<Involvement> = keys.open(person, INVOLVEMENT, &sealed)?;
            let (part, statement) = opened.map_or((None, None), |said| (Some(said.part), said.statement));
            let (id, person) = (Id::new(id), Id::new(person));
            Ok(InvolvedPerson { id, person, part, statement, recorded_at, incident_id, shelter })
        })
        .collect()
}

/// Who was in some incidents.
pub(super) async fn people_of(context: Context, of: Vec<Uuid>) -> Result<Vec<InvolvedPerson>> {
    people(context, Of::Incidents(of)).await
}

/// In which incidents some people were.
pub(super) async fn involvements_of(context: Context, of: Vec<Uuid>) -> Result<Vec<InvolvedPerson>> {
    people(context, Of::People(of)).await
}

/// Who was in incidents, by key.
pub(super) async fn people_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<InvolvedPerson>> {
    people(context, Of::Keys(ids)).await
}

input! {
    /// Which incidents, and which page of them. They come in the order in which they were reported.
    pub struct IncidentsArguments {
        /// Only those in this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Only those of this kind.
        pub kind: Option<IncidentKind>,
        /// Only those that stand so.
        pub state: Option<IncidentState>,
        /// Only those that happened on this day.
        pub day: Option<NaiveDate>,
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

/// What selects incidents: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    shelter: Option<Uuid>,
    kind: Option<IncidentKind>,
    state: Option<IncidentState>,
    day: Option<NaiveDate>,
}

/// Incidents, page by page.
pub(super) async fn incidents(
    context: Context,
    arguments: IncidentsArguments,
    wanted: Wanted,
) -> Result<Connection<Incident>> {
    let selects = Selects {
        programme: context.programme_id(),
        shelter: arguments.shelter.map(Id::uuid),
        kind: arguments.kind,
        state: arguments.state,
        day: arguments.day,
    };
    let (binding, window) = asked!(context, arguments, "incidents", &selects);
    let scope = scope(&context, RecordType::Incident)?.ok_or_else(refused_root)?;
    let selected = || {
        let mut query = incidents::table
            .inner_join(shelters::table)
            .filter(incidents::programme_id.eq(selects.programme))
            .filter(InScope::new(&scope, incident_facts))
            .into_boxed::<Pg>();
        if let Some(shelter) = selects.shelter {
            query = query.filter(incidents::shelter_id.eq(shelter));
        }
        if let Some(kind) = selects.kind {
            query = query.filter(incidents::kind.eq(kind));
        }
        if let Some(state) = selects.state {
            query = query.filter(incidents::state.eq(state));
        }
        if let Some(day) = selects.day {
            query = query.filter(incidents::happened_on.eq(day));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(incidents::id),
        incident_columns(),
        |incident: &Incident| incident.id.uuid()
    )
}
