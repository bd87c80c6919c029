//! Reads of transfers of custody, scoped to the caller, who must have stated a purpose.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::custody_transfers;
use super::{CustodyTransfer, CustodyTransferState, CustodyWithdrawal, transfer_facts};
use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{FactColumns, FactRow, Person, PersonFacts, Purpose, fact_columns};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::coordination::referrals::LegalBasis;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

/// When it was accepted, declined or withdrawn.
type Settled = (Option<DateTime<Utc>>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

#[derive(Queryable)]
struct Row {
    id: Uuid,
    purpose: Purpose,
    legal_basis: LegalBasis,
    state: CustodyTransferState,
    proposed_at: DateTime<Utc>,
    settled: Settled,
    withdrawn_because: Option<CustodyWithdrawal>,
    version: i32,
    person_id: Uuid,
    sender: String,
    recipient: String,
    person: FactRow,
}

type Columns = (
    custody_transfers::id,
    custody_transfers::purpose,
    custody_transfers::legal_basis,
    custody_transfers::state,
    custody_transfers::proposed_at,
    (custody_transfers::accepted_at, custody_transfers::declined_at, custody_transfers::withdrawn_at),
    custody_transfers::withdrawn_because,
    custody_transfers::version,
    custody_transfers::person_id,
    custody_transfers::sender,
    custody_transfers::recipient,
    FactColumns,
);

fn columns(at: Instant) -> Columns {
    (
        custody_transfers::id,
        custody_transfers::purpose,
        custody_transfers::legal_basis,
        custody_transfers::state,
        custody_transfers::proposed_at,
        (custody_transfers::accepted_at, custody_transfers::declined_at, custody_transfers::withdrawn_at),
        custody_transfers::withdrawn_because,
        custody_transfers::version,
        custody_transfers::person_id,
        custody_transfers::sender,
        custody_transfers::recipient,
        fact_columns(at),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
fn joined() -> _ {
    custody_transfers::table.inner_join(persons::table.left_join(shelters::table))
}

fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Consent, RecordType::CustodyTransfer)
}

/// Finds the agencies' keys, and notes whom it is shown.
fn finish(context: &Context, rows: Vec<Row>, at: Instant) -> Result<Vec<CustodyTransfer>> {
    context.discloses(rows.iter().map(|row| row.person_id));
    rows.into_iter()
        .map(|row| {
            let (accepted_at, declined_at, withdrawn_at) = row.settled;
            Ok(CustodyTransfer {
                id: Id::new(row.id),
                purpose: row.purpose,
                legal_basis: row.legal_basis,
                state: row.state,
                proposed_at: row.proposed_at,
                settled_at: accepted_at.or(declined_at).or(withdrawn_at),
                withdrawn_because: row.withdrawn_because,
                version: row.version,
                person_id: row.person_id,
                sender_id: context.agency(&row.sender)?,
                sender: row.sender,
                recipient_id: context.agency(&row.recipient)?,
                recipient: row.recipient,
                person: PersonFacts::of(row.person, at),
            })
        })
        .collect()
}

/// Transfers by key.
pub(super) async fn transfers_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<CustodyTransfer>> {
    let Some(scope) = scope(&context)? else { return Ok(Vec::new()) };
    let query = joined()
        .filter(custody_transfers::id.eq_any(ids))
        .filter(InScope::new(&scope, transfer_facts))
        .select(columns(scope.at()));
    let rows = query.load(&mut &*context.reader().await?).await?;
    finish(&context, rows, scope.at())
}

/// A transfer within the caller's reach, as a transaction sees it.
pub(super) async fn transfer_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<CustodyTransfer>> {
    let Some(scope) = scope(context)? else { return Ok(None) };
    let query = joined()
        .filter(custody_transfers::id.eq(id))
        .filter(custody_transfers::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, transfer_facts))
        .select(columns(scope.at()));
    let row: Option<Row> = query.first(connection).await.optional()?;
    Ok(finish(context, row.into_iter().collect(), scope.at())?.pop())
}

/// The transfers of some people, oldest first.
pub(super) async fn transfers_of(context: Context, people: Vec<Uuid>) -> Result<Vec<CustodyTransfer>> {
    let Some(scope) = scope(&context)? else { return Ok(Vec::new()) };
    let query = joined()
        .filter(custody_transfers::person_id.eq_any(people))
        .filter(InScope::new(&scope, transfer_facts))
        .order((custody_transfers::proposed_at, custody_transfers::id))
        .select(columns(scope.at()));
    let rows = query.load(&mut &*context.reader().await?).await?;
    finish(&context, rows, scope.at())
}

input! {
    /// Which transfers of custody, and which page of them. They come in the order in which they were proposed.
    pub struct CustodyTransfersArguments {
        /// Only those of this person.
        pub person: Option<Id<Person>>,
        /// Only those that stand so.
        pub state: Option<CustodyTransferState>,
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

/// What selects transfers: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    person: Option<Uuid>,
    state: Option<CustodyTransferState>,
}

/// Transfers, page by page.
pub(super) async fn transfers(
    context: Context,
    arguments: CustodyTransfersArguments,
    wanted: Wanted,
) -> Result<Connection<CustodyTransfer>> {
    let selects = Selects {
        programme: context.programme_id(),
        person: arguments.person.map(Id::uuid),
        state: arguments.state,
    };
    let (binding, window) = asked!(context, arguments, "custodyTransfers", &selects);
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let selected = || {
        let mut query = joined()
            .filter(custody_transfers::programme_id.eq(selects.programme))
            .filter(InScope::new(&scope, transfer_facts))
            .into_boxed::<Pg>();
        if let Some(person) = selects.person {
            query = query.filter(custody_transfers::person_id.eq(person));
        }
        if let Some(state) = selects.state {
            query = query.filter(custody_transfers::state.eq(state));
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(custody_transfers::id),
        columns(scope.at()),
        |row: &Row| row.id
    )?;
    Ok(Connection { rows: finish(&context, page.rows, scope.at())?, facts: page.facts })
}
