//! Reads of requests, scoped to the caller, who must have stated a purpose.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Answer, Class, Fact, RecordType, Verb};

use super::tables::arco_requests;
use super::{ANSWER, ArcoAsker, ArcoGround, ArcoKind, ArcoRequest, ArcoState, EXTENSION, HANDED_OVER, PROOF};
use crate::access::{InScope, Members};
use crate::census::tables::persons;
use crate::census::{Person, PersonFacts, Standing, person_facts};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;
use crate::vault::Keys;

input! {
    /// Which requests, and which page of them. They come in the order in which they were recorded.
    pub struct ArcoRequestsArguments {
        /// Only those of this person.
        pub person: Option<Id<Person>>,
        /// Only those for this right.
        pub kind: Option<ArcoKind>,
        /// Only those in this state.
        pub state: Option<ArcoState>,
        /// Where true, only those for which the last day of what is to be done next is over; where false, only the others.
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

/// A request's row: what was asked, how it was answered, how it was carried out, and what policies turn on.
type Row = (
    (Uuid, ArcoKind, ArcoAsker, Vec<u8>, NaiveDate, ArcoState, NaiveDate, i32),
    (
        Option<DateTime<Utc>>,
        Option<Vec<u8>>,
        Option<DateTime<Utc>>,
        Option<ArcoGround>,
        Option<Vec<u8>>,
        Option<NaiveDate>,
    ),
    (Option<DateTime<Utc>>, Option<Uuid>, Option<DateTime<Utc>>, Option<Vec<u8>>, Option<i32>),
    (i32, Uuid, Option<String>, Standing, Vec<String>),
);

#[diesel::dsl::auto_type(no_type_alias)]
fn joined() -> _ {
    arco_requests::table.inner_join(persons::table.left_join(shelters::table))
}

/// The columns of a [`Row`].
#[diesel::dsl::auto_type(no_type_alias)]
fn columns(at: Instant) -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    let shared: Members = Members::new(person_facts, Fact::SharedWith, at);
    (
        (
            arco_requests::id,
            arco_requests::kind,
            arco_requests::asked_by,
            arco_requests::proof,
            arco_requests::received_on,
            arco_requests::state,
            arco_requests::due_on,
            arco_requests::version,
        ),
        (
            arco_requests::extended_at,
            arco_requests::extension_reason,
            arco_requests::answered_at,
            arco_requests::ground,
            arco_requests::answer_reason,
            arco_requests::carry_out_by,
        ),
        (
            arco_requests::erasure_asked_at,
            arco_requests::erasure_asked_by,
            arco_requests::carried_out_at,
            arco_requests::handed_over,
            arco_requests::rectified_version,
        ),
        (
            arco_requests::person_version,
            arco_requests::person_id,
            shelter,
            (persons::adult_from, persons::withheld),
            shared,
        ),
    )
}

/// Which requests the caller may see.
fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Consent, RecordType::ArcoRequest)
}

/// Opens what the caller may read of them, and notes of whom they tell.
async fn open(context: &Context, rows: Vec<Row>, at: Instant) -> Result<Vec<ArcoRequest>> {
    context.discloses(rows.iter().map(|row| row.3.1));
    // Each text may say who somebody is.
    let shown = !matches!(
        context.answer(Verb::Identify, Class::Consent, RecordType::ArcoRequest),
        Answer::Refused(_)
    );
    let sealed = if shown { rows.iter().map(|row| row.3.1).collect() } else { Vec::new() };
    let keys = context.vault().keys(sealed).await?;
    rows.into_iter().map(|row| request(&keys, row, at)).collect()
}

fn request(keys: &Keys, row: Row, at: Instant) -> Result<ArcoRequest> {
    let (asked, answered, done, (person_version, person_id, shelter, standing, shared_with)) = row;
    let (id, kind, asked_by, proof, received_on, state, due_on, version) = asked;
    let (extended_at, extension_reason, answered_at, ground, answer_reason, carry_out_by) = answered;
    let (erasure_asked_at, erasure_asked_by, carried_out_at, handed_over, rectified_version) = done;
    let text = |part: &str, sealed: Option<Vec<u8>>| -> Result<Option<String>> {
        sealed.map_or(Ok(None), |sealed| keys.open(person_id, part, &sealed))
    };
    let last_day = match state {
        ArcoState::Received | ArcoState::Extended => Some(due_on),
        ArcoState::Granted => carry_out_by,
        ArcoState::Refused | ArcoState::CarriedOut => None,
    };
    Ok(ArcoRequest {
        id: Id::new(id),
        kind,
        asked_by,
        proof: text(PROOF, Some(proof))?,
        received_on,
        state,
        due_on,
        carry_out_by,
        overdue: last_day.is_some_and(|last| last < at.day),
        extended_at,
        extension_reason: text(EXTENSION, extension_reason)?,
        answered_at,
        ground,
        answer_reason: text(ANSWER, answer_reason)?,
        erasure_asked_at,
        carried_out_at,
        handed_over: text(HANDED_OVER, handed_over)?,
        rectified_version,
        version,
        person_version,
        erasure_asked_by,
        person_id,
        person: PersonFacts::new(shelter, standing, shared_with, at),
    })
}

/// Requests by key.
pub(super) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<ArcoRequest>> {
    let Some(scope) = scope(&context)? else { return Ok(Vec::new()) };
    let query = joined()
        .filter(arco_requests::id.eq_any(ids))
        .filter(arco_requests::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .select(columns(scope.at()));
    let rows: Vec<Row> = query.load(&mut &*context.reader().await?).await?;
    open(&context, rows, scope.at()).await
}

/// A request that the caller may see, as a transaction sees it.
pub(super) async fn one_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<ArcoRequest>> {
    let Some(scope) = scope(context)? else { return Ok(None) };
    let query = joined()
        .filter(arco_requests::id.eq(id))
        .filter(arco_requests::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .select(columns(scope.at()));
    let rows: Vec<Row> = query.load(connection).await?;
    Ok(open(context, rows, scope.at()).await?.pop())
}

/// Whether the last day of what is to be done next is before a day, which comes behind.
const LAST_DAY: &str = "(CASE WHEN arco_requests.state = 'GRANTED' THEN arco_requests.carry_out_by \
    WHEN arco_requests.state IN ('RECEIVED', 'EXTENDED') THEN arco_requests.due_on END < ";

/// A page of requests.
pub(super) async fn requests(
    context: Context,
    arguments: ArcoRequestsArguments,
    wanted: Wanted,
) -> Result<Connection<ArcoRequest>> {
    let programme = context.programme_id();
    let (person, kind) = (arguments.person.map(Id::uuid), arguments.kind);
    let (state, overdue) = (arguments.state, arguments.overdue);
    let selects = (programme, person, kind, state, overdue);
    let (binding, window) = asked!(context, arguments, "arcoRequests", &selects);
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let at = scope.at();
    let selected = || {
        let mut query = joined()
            .filter(arco_requests::programme_id.eq(programme))
            .filter(InScope::new(&scope, person_facts))
            .into_boxed::<Pg>();
        if let Some(person) = person {
            query = query.filter(arco_requests::person_id.eq(person));
        }
        if let Some(kind) = kind {
            query = query.filter(arco_requests::kind.eq(kind));
        }
        if let Some(state) = state {
            query = query.filter(arco_requests::state.eq(state));
        }
        if let Some(overdue) = overdue {
            let is = if overdue { ") IS TRUE" } else { ") IS NOT TRUE" };
            query = query.filter(sql::<Bool>(LAST_DAY).bind::<Date, _>(at.day).sql(is));
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(arco_requests::id),
        columns(at),
        |row: &Row| row.0.0
    )?;
    Ok(Connection { rows: open(&context, page.rows, at).await?, facts: page.facts })
}
