//! Reads of referrals, scoped to the caller, who must have stated a purpose.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{FactColumns, FactRow, PersonFacts, Purpose, fact_columns};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::coordination::referrals::{LegalBasis, Referral, ReferralState, SharedClass, referral_facts};
use crate::coordination::tables::referrals;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

input! {
    /// Which page of the referrals. They come in the order of their opening.
    pub struct ReferralsArguments {
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
struct ReferralRow {
    id: Uuid,
    purpose: Purpose,
    legal_basis: LegalBasis,
    classes: Option<Vec<SharedClass>>,
    ends_at: Option<DateTime<Utc>>,
    opened_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    declined_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    version: i32,
    person_id: Uuid,
    sender: String,
    recipient: String,
    person: FactRow,
}

type ReferralColumns = (
    referrals::id,
    referrals::purpose,
    referrals::legal_basis,
    referrals::classes,
    referrals::ends_at,
    referrals::opened_at,
    referrals::accepted_at,
    referrals::declined_at,
    referrals::ended_at,
    referrals::version,
    referrals::person_id,
    referrals::sender,
    referrals::recipient,
    FactColumns,
);

fn referral_columns(at: Instant) -> ReferralColumns {
    (
        referrals::id,
        referrals::purpose,
        referrals::legal_basis,
        referrals::classes,
        referrals::ends_at,
        referrals::opened_at,
        referrals::accepted_at,
        referrals::declined_at,
        referrals::ended_at,
        referrals::version,
        referrals::person_id,
        referrals::sender,
        referrals::recipient,
        fact_columns(at),
    )
}

/// Referrals within a scope.
#[diesel::dsl::auto_type(no_type_alias)]
fn referrals_joined() -> _ {
    referrals::table.inner_join(persons::table.left_join(shelters::table))
}

/// Referrals, scoped to the caller.
pub(crate) async fn all(
    context: Context,
    arguments: ReferralsArguments,
    wanted: Wanted,
) -> Result<Connection<Referral>> {
    let programme = context.programme_id();
    let (binding, window) = asked!(context, arguments, "referrals", &programme);
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let selected = || {
        referrals_joined()
            .filter(referrals::programme_id.eq(programme))
            .filter(InScope::new(&scope, referral_facts))
            .into_boxed::<Pg>()
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(referrals::id),
        referral_columns(scope.at()),
        |row: &ReferralRow| row.id
    )?;
    Ok(Connection { rows: finish(&context, page.rows, scope.at())?, facts: page.facts })
}

/// The referrals of some people, oldest first.
pub(crate) async fn referrals_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Referral>> {
    let Some(scope) = scope(&context)? else { return Ok(Vec::new()) };
    let query = referrals_joined()
        .filter(referrals::person_id.eq_any(people))
        .filter(InScope::new(&scope, referral_facts))
        .order((referrals::opened_at, referrals::id))
        .select(referral_columns(scope.at()));
    let reader = context.reader().await?;
    let rows = query.load(&mut &*reader).await?;
    finish(&context, rows, scope.at())
}

/// Referrals by key.
pub(crate) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Referral>> {
    let Some(scope) = scope(&context)? else { return Ok(Vec::new()) };
    let query = referrals_joined()
        .filter(referrals::id.eq_any(ids))
        .filter(InScope::new(&scope, referral_facts))
        .select(referral_columns(scope.at()));
    let reader = context.reader().await?;
    let rows = query.load(&mut &*reader).await?;
    finish(&context, rows, scope.at())
}

fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Consent, RecordType::Referral)
}

/// Finds the agencies' keys, and notes whom it is shown.
fn finish(context: &Context, rows: Vec<ReferralRow>, at: Instant) -> Result<Vec<Referral>> {
    context.discloses(rows.iter().map(|row| row.person_id));
    rows.into_iter()
        .map(|row| {
            let over_at = [row.ended_at, row.ends_at].into_iter().flatten().min();
            let state = match (row.accepted_at, row.declined_at, over_at) {
                (_, Some(_), _) => ReferralState::Declined,
                (_, None, Some(over_at)) if over_at <= at.time => ReferralState::Ended,
                (Some(accepted_at), None, _) if accepted_at <= at.time => ReferralState::Accepted,
                _ => ReferralState::Proposed,
            };
            Ok(Referral {
                id: Id::new(row.id),
                purpose: row.purpose,
                legal_basis: row.legal_basis,
                classes: row.classes,
                ends_at: row.ends_at,
                state,
                opened_at: row.opened_at,
                accepted_at: row.accepted_at,
                ended_at: row.ended_at,
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
