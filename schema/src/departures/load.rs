//! Reads of departures and of what was heard since, scoped as their person is; whom they show is noted.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::{departure_follow_ups, departures};
use super::{DESTINATION, Departure, DepartureFollowUp, DepartureState, Destination, HEARD, Heard};
use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{FactColumns, FactRow, Judged, PersonFacts, fact_columns, person_facts};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

input! {
    /// Which departures, and which page of them. They come in the order in which they were planned.
    pub struct DeparturesArguments {
        /// Only those that stand so.
        pub state: Option<DepartureState> => Identity of Person,
        /// Only those planned for this day or later.
        pub from: Option<NaiveDate> => Identity of Person,
        /// Only those planned for this day or earlier.
        pub until: Option<NaiveDate> => Identity of Person,
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

#[derive(Queryable)]
struct DepartureRow {
    id: Uuid,
    person_id: Uuid,
    party_id: Uuid,
    planned_on: NaiveDate,
    state: DepartureState,
    plan: Vec<u8>,
    departed_at: Option<DateTime<Utc>>,
    reason: Option<String>,
    recorded_at: DateTime<Utc>,
    version: i32,
    facts: FactRow,
}

type DepartureColumns = (
    departures::id,
    departures::person_id,
    departures::party_id,
    departures::planned_on,
    departures::state,
    departures::plan,
    departures::departed_at,
    departures::reason,
    departures::recorded_at,
    departures::version,
    FactColumns,
);

fn departure_columns(at: Instant) -> DepartureColumns {
    (
        departures::id,
        departures::person_id,
        departures::party_id,
        departures::planned_on,
        departures::state,
        departures::plan,
        departures::departed_at,
        departures::reason,
        departures::recorded_at,
        departures::version,
        fact_columns(at),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn departures_joined() -> _ {
    departures::table.inner_join(persons::table.left_join(shelters::table))
}

fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Identity, RecordType::Person)
}

/// Opens departures, and notes of whom they tell.
async fn open(context: &Context, rows: Vec<DepartureRow>, at: Instant) -> Result<Vec<Departure>> {
    let keys = context.vault().keys(rows.iter().map(|row| row.person_id).collect()).await?;
    context.discloses(rows.iter().map(|row| row.person_id));
    rows.into_iter()
        .map(|row| {
            let plan: Option<Destination> = keys.open(row.person_id, DESTINATION, &row.plan)?;
            Ok(Departure {
                id: Id::new(row.id),
                state: row.state,
                planned_on: row.planned_on,
                departed_at: row.departed_at,
                destination: plan.as_ref().map(|plan| plan.kind),
                country: plan.as_ref().map(|plan| plan.country.clone()),
                transport: plan.as_ref().map(|plan| plan.transport),
                lease_id: plan.as_ref().and_then(|plan| plan.lease),
                place: plan.and_then(|plan| plan.place),
                reason: row.reason,
                recorded_at: row.recorded_at,
                version: row.version,
                person_id: row.person_id,
                party_id: row.party_id,
                judged: Judged::new(row.person_id, PersonFacts::of(row.facts, at)),
            })
        })
        .collect()
}

/// Which departures.
enum Of {
    People(Vec<Uuid>),
    Parties(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

/// Departures as far as the caller may see them, in the order in which they were planned.
async fn departures_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    of: Of,
) -> Result<Vec<Departure>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let query = departures_joined()
        .filter(departures::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order(departures::id)
        .select(departure_columns(scope.at()))
        .into_boxed::<Pg>();
    let query = match of {
        Of::People(people) => query.filter(departures::person_id.eq_any(people)),
        Of::Parties(parties) => query.filter(departures::party_id.eq_any(parties)),
        Of::Keys(keys) => query.filter(departures::id.eq_any(keys)),
    };
    let rows = query.load(connection).await?;
    open(context, rows, scope.at()).await
}

/// The departures of some people, in the order in which they were planned.
pub(crate) async fn departures_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Departure>> {
    let reader = context.reader().await?;
    departures_where(&context, &mut &*reader, Of::People(people)).await
}

/// The departures of those who are to go together.
pub(super) async fn departures_of_parties(context: Context, parties: Vec<Uuid>) -> Result<Vec<Departure>> {
    let reader = context.reader().await?;
    departures_where(&context, &mut &*reader, Of::Parties(parties)).await
}

/// Departures by key.
pub(super) async fn departures_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Departure>> {
    let reader = context.reader().await?;
    departures_where(&context, &mut &*reader, Of::Keys(ids)).await
}

/// Departures by key, as a transaction sees them.
pub(super) async fn departures_in(
    context: &Context,
    connection: &AsyncPgConnection,
    ids: Vec<Uuid>,
) -> Result<Vec<Departure>> {
    departures_where(context, &mut &*connection, Of::Keys(ids)).await
}

/// A page of the departures.
pub(super) async fn departures(
    context: Context,
    arguments: DeparturesArguments,
    wanted: Wanted,
) -> Result<Connection<Departure>> {
    let programme = context.programme_id();
    let DeparturesArguments { state, from, until, .. } = arguments;
    let (binding, window) = asked!(context, arguments, "departures", &(programme, state, from, until));
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let selected = || {
        let mut query = departures_joined()
            .filter(departures::programme_id.eq(programme))
            .filter(InScope::new(&scope, person_facts))
            .into_boxed::<Pg>();
        if let Some(state) = state {
            query = query.filter(departures::state.eq(state));
        }
        if let Some(from) = from {
            query = query.filter(departures::planned_on.ge(from));
        }
        if let Some(until) = until {
            query = query.filter(departures::planned_on.le(until));
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(departures::id),
        departure_columns(scope.at()),
        |row: &DepartureRow| row.id
    )?;
    Ok(Connection { rows: open(&context, page.rows, scope.at()).await?, facts: page.facts })
}

/// A follow-up's row: its key, its departure's, its person's, the time, what is sealed, and the facts of the person.
type FollowUpRow = (Uuid, Uuid, Uuid, DateTime<Utc>, Vec<u8>, FactRow);

/// What was heard, of some departures or of some keys, as far as the caller may see it, oldest first.
async fn follow_ups(
    context: &Context,
    of: Option<Vec<Uuid>>,
    ids: Option<Vec<Uuid>>,
) -> Result<Vec<DepartureFollowUp>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let mut query = departure_follow_ups::table
        .inner_join(departures::table.inner_join(persons::table.left_join(shelters::table)))
        .filter(departures::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order((departure_follow_ups::made_at, departure_follow_ups::id))
        .select((
            departure_follow_ups::id,
            departure_follow_ups::departure_id,
            departures::person_id,
            departure_follow_ups::made_at,
            departure_follow_ups::record,
            fact_columns(scope.at()),
        ))
        .into_boxed::<Pg>();
    if let Some(of) = of {
        query = query.filter(departure_follow_ups::departure_id.eq_any(of));
    }
    if let Some(ids) = ids {
        query = query.filter(departure_follow_ups::id.eq_any(ids));
    }
    let rows: Vec<FollowUpRow> = query.load(&mut &*context.reader().await?).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.2).collect()).await?;
    context.discloses(rows.iter().map(|row| row.2));
    rows.into_iter()
        .map(|(id, departure_id, person_id, made_at, sealed, facts)| {
            let heard: Option<Heard> = keys.open(person_id, HEARD, &sealed)?;
            Ok(DepartureFollowUp {
                id: Id::new(id),
                made_at,
                outcome: heard.as_ref().map(|heard| heard.outcome),
                note: heard.and_then(|heard| heard.note),
                departure_id,
                judged: Judged::new(person_id, PersonFacts::of(facts, scope.at())),
            })
        })
        .collect()
}

/// What was heard since some departures.
pub(super) async fn follow_ups_of(context: Context, departures: Vec<Uuid>) -> Result<Vec<DepartureFollowUp>> {
    follow_ups(&context, Some(departures), None).await
}

/// Follow-ups by key.
pub(super) async fn follow_ups_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<DepartureFollowUp>> {
    follow_ups(&context, None, Some(ids)).await
}
