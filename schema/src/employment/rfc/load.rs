//! Reads of procedures for an RFC, scoped as their person is; whom they show is noted.

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{RFC, RfcProcedure, RfcRecord, RfcState};
use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{FactColumns, FactRow, PersonFacts, fact_columns, person_facts};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::employment::tables::rfc_procedures;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

input! {
    /// Which procedures, and which page of them. They come in the order in which they were opened.
    pub struct RfcProceduresArguments {
        /// Only those that stand so.
        pub state: Option<RfcState>,
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
struct Row {
    id: Uuid,
    person_id: Uuid,
    state: RfcState,
    opened_on: NaiveDate,
    completed_on: Option<NaiveDate>,
    record: Vec<u8>,
    version: i32,
    facts: FactRow,
}

type Columns = (
    rfc_procedures::id,
    rfc_procedures::person_id,
    rfc_procedures::state,
    rfc_procedures::opened_on,
    rfc_procedures::completed_on,
    rfc_procedures::record,
    rfc_procedures::version,
    FactColumns,
);

fn columns(at: Instant) -> Columns {
    (
        rfc_procedures::id,
        rfc_procedures::person_id,
        rfc_procedures::state,
        rfc_procedures::opened_on,
        rfc_procedures::completed_on,
        rfc_procedures::record,
        rfc_procedures::version,
        fact_columns(at),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn joined() -> _ {
    rfc_procedures::table.inner_join(persons::table.left_join(shelters::table))
}

fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Employment, RecordType::WorkProfile)
}

async fn open(context: &Context, rows: Vec<Row>, at: Instant) -> Result<Vec<RfcProcedure>> {
    let keys = context.vault().keys(rows.iter().map(|row| row.person_id).collect()).await?;
    context.discloses(rows.iter().map(|row| row.person_id));
    rows.into_iter()
        .map(|row| {
            let record: Option<RfcRecord> = keys.open(row.person_id, RFC, &row.record)?;
            let (rfc, note) =
                record.as_ref().map_or((None, None), |record| (record.rfc.clone(), record.note.clone()));
            Ok(RfcProcedure {
                id: Id::new(row.id),
                state: row.state,
                opened_on: row.opened_on,
                documents_missing: record.as_ref().map(RfcRecord::missing),
                documents: record.map(|record| record.documents),
                completed_on: row.completed_on,
                rfc,
                note,
                version: row.version,
                person_id: row.person_id,
                person: PersonFacts::of(row.facts, at),
            })
        })
        .collect()
}

/// Which procedures.
enum Of {
    People(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

async fn procedures_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    of: Of,
) -> Result<Vec<RfcProcedure>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let query = joined()
        .filter(rfc_procedures::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order(rfc_procedures::id)
        .select(columns(scope.at()))
        .into_boxed::<Pg>();
    let query = match of {
        Of::People(people) => query.filter(rfc_procedures::person_id.eq_any(people)),
        Of::Keys(keys) => query.filter(rfc_procedures::id.eq_any(keys)),
    };
    let rows = query.load(connection).await?;
    open(context, rows, scope.at()).await
}

/// The procedures of some people, in the order in which they were opened.
pub(in crate::employment) async fn procedures_of(
    context: Context,
    people: Vec<Uuid>,
) -> Result<Vec<RfcProcedure>> {
    let reader = context.reader().await?;
    procedures_where(&context, &mut &*reader, Of::People(people)).await
}

/// Procedures by key.
pub(super) async fn procedures_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<RfcProcedure>> {
    let reader = context.reader().await?;
    procedures_where(&context, &mut &*reader, Of::Keys(ids)).await
}

/// A procedure, held until the transaction ends.
pub(super) async fn procedure_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<RfcProcedure>> {
    let holding = rfc_procedures::table.find(id).select(rfc_procedures::id).for_no_key_update();
    let _held: Option<Uuid> = holding.first(connection).await.optional()?;
    Ok(procedures_where(context, &mut &*connection, Of::Keys(vec![id])).await?.pop())
}

/// A page of the procedures.
pub(super) async fn procedures(
    context: Context,
    arguments: RfcProceduresArguments,
    wanted: Wanted,
) -> Result<Connection<RfcProcedure>> {
    let (programme, state) = (context.programme_id(), arguments.state);
    let (binding, window) = asked!(context, arguments, "rfcProcedures", &(programme, state));
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let selected = || {
        let mut query = joined()
            .filter(rfc_procedures::programme_id.eq(programme))
            .filter(InScope::new(&scope, person_facts))
            .into_boxed::<Pg>();
        if let Some(state) = state {
            query = query.filter(rfc_procedures::state.eq(state));
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(rfc_procedures::id),
        columns(scope.at()),
        |row: &Row| row.id
    )?;
    Ok(Connection { rows: open(&context, page.rows, scope.at()).await?, facts: page.facts })
}
