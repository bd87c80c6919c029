//! Reads of beds, holds and stays. Beds and holds are open to whoever may read their class; stays are scoped as their person is, and
//! whom they show is noted.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::{bed_holds, beds, stays};
use super::{Bed, BedHold, BedState, Stay};
use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{BedNeed, FactColumns, FactRow, Judged, PersonFacts, fact_columns, person_facts};
use crate::context::{Context, Instant, Scope};
use crate::error::Result;
use crate::scalars::Id;
use crate::shelters::tables::{shelters, spaces};

#[diesel::dsl::auto_type]
pub(super) fn beds_joined() -> _ {
    beds::table.inner_join(spaces::table.inner_join(shelters::table))
}

#[derive(Queryable)]
pub(super) struct BedRow {
    pub(super) id: Uuid,
    code: String,
    suits: Vec<BedNeed>,
    occupied: bool,
    blocked_for: Option<String>,
    hold_id: Option<Uuid>,
    held_until: Option<DateTime<Utc>>,
    version: i32,
    space_id: Uuid,
    shelter_id: Uuid,
    shelter: String,
}

#[diesel::dsl::auto_type]
pub(super) fn bed_columns() -> _ {
    (
        beds::id,
        beds::code,
        beds::suits,
        beds::occupied,
        beds::blocked_for,
        beds::hold_id,
        beds::held_until,
        beds::version,
        beds::space_id,
        shelters::id,
        shelters::code,
    )
}

impl BedRow {
    /// The bed as it is at a moment: a hold whose time is over keeps it no more.
    fn at(self, now: DateTime<Utc>) -> Bed {
        let hold_id = self.hold_id.filter(|_| self.held_until.is_some_and(|until| until > now));
        let state = match (self.occupied, &self.blocked_for, hold_id) {
            (true, ..) => BedState::Occupied,
            (_, Some(_), _) => BedState::Blocked,
            (.., Some(_)) => BedState::Held,
            _ => BedState::Free,
        };
        Bed {
            id: Id::new(self.id),
            code: self.code,
            suits: self.suits,
            state,
            blocked_for: self.blocked_for,
            version: self.version,
            space_id: self.space_id,
            hold_id,
            shelter_id: self.shelter_id,
            shelter: self.shelter,
        }
    }
}

pub(super) fn all_at(rows: Vec<BedRow>, now: DateTime<Utc>) -> Vec<Bed> {
    rows.into_iter().map(|row| row.at(now)).collect()
}

/// The beds of some spaces, by code.
pub(crate) async fn beds_of_spaces(context: Context, of: Vec<Uuid>) -> Result<Vec<Bed>> {
    let reader = context.reader().await?;
    let query = beds_joined().filter(beds::space_id.eq_any(of)).order(beds::code).select(bed_columns());
    Ok(all_at(query.load(&mut &*reader).await?, context.now()))
}

/// Beds by key.
pub(super) async fn beds_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Bed>> {
    let reader = context.reader().await?;
    let query = beds_joined().filter(beds::id.eq_any(ids)).select(bed_columns());
    Ok(all_at(query.load(&mut &*reader).await?, context.now()))
}

/// The beds that some holds keep now, by code.
pub(super) async fn beds_of_holds(context: Context, of: Vec<Uuid>) -> Result<Vec<Bed>> {
    let reader = context.reader().await?;
    let query = beds_joined()
        .filter(beds::hold_id.eq_any(of))
        .filter(beds::held_until.gt(context.now()))
        .order(beds::code)
        .select(bed_columns());
    Ok(all_at(query.load(&mut &*reader).await?, context.now()))
}

/// Beds of the programme by key, as a transaction sees them.
pub(super) async fn beds_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> Result<Vec<Bed>> {
    let query = beds_joined()
        .filter(beds::id.eq_any(ids))
        .filter(shelters::programme_id.eq(context.programme_id()))
        .order(beds::code)
        .select(bed_columns());
    Ok(all_at(query.load(connection).await?, context.now()))
}

#[diesel::dsl::auto_type]
pub(super) fn hold_columns() -> _ {
    (
        bed_holds::id,
        bed_holds::code,
        bed_holds::note,
        bed_holds::held_at,
        bed_holds::until,
        bed_holds::ended_at,
        bed_holds::version,
        bed_holds::shelter_id,
        shelters::code,
    )
}

/// Holds by key.
pub(super) async fn holds_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<BedHold>> {
    let reader = context.reader().await?;
    let query =
        bed_holds::table.inner_join(shelters::table).filter(bed_holds::id.eq_any(ids)).select(hold_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// A hold, as a transaction sees it.
pub(super) async fn hold_in(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Option<BedHold>> {
    let query =
        bed_holds::table.inner_join(shelters::table).filter(bed_holds::id.eq(id)).select(hold_columns());
    Ok(query.first(connection).await.optional()?)
}

/// A stay's row.
pub(super) type StayRow =
    (Uuid, DateTime<Utc>, Option<DateTime<Utc>>, Option<DateTime<Utc>>, i32, Uuid, Uuid, Uuid, FactRow);

pub(super) type StayColumns = (
    stays::id,
    stays::began_at,
    stays::ended_at,
    SqlLiteral<Nullable<Timestamptz>>,
    stays::version,
    stays::person_id,
    stays::bed_id,
    stays::party_id,
    FactColumns,
);

pub(super) fn stay_columns(at: Instant) -> StayColumns {
    (
        stays::id,
        stays::began_at,
        stays::ended_at,
        sql("(SELECT lodging_kits.issued_at FROM lodging_kits WHERE lodging_kits.stay_id = stays.id)"),
        stays::version,
        stays::person_id,
        stays::bed_id,
        stays::party_id,
        fact_columns(at),
    )
}

#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn stays_joined() -> _ {
    stays::table.inner_join(persons::table.left_join(shelters::table))
}

pub(super) fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Placement, RecordType::Person)
}

/// Which stays.
enum Of {
    People(Vec<Uuid>),
    Parties(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

/// Stays as far as the caller may see them, oldest first.
async fn stays_where(context: &Context, connection: &mut &AsyncPgConnection, of: Of) -> Result<Vec<Stay>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let at = scope.at();
    let query = stays_joined()
        .filter(persons::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order((stays::began_at, stays::id))
        .select(stay_columns(at))
        .into_boxed::<Pg>();
    let query = match of {
        Of::People(people) => query.filter(stays::person_id.eq_any(people)),
        Of::Parties(parties) => query.filter(stays::party_id.eq_any(parties)),
        Of::Keys(keys) => query.filter(stays::id.eq_any(keys)),
    };
    Ok(stays_of_rows(context, query.load(connection).await?, at))
}

/// The stays of some rows; whom they show is noted.
pub(super) fn stays_of_rows(context: &Context, rows: Vec<StayRow>, at: Instant) -> Vec<Stay> {
    context.discloses(rows.iter().map(|row| row.5));
    let stay =
        |(id, began_at, ended_at, kit_issued_at, version, person_id, bed_id, party_id, person): StayRow| {
            Stay {
                id: Id::new(id),
                began_at,
                ended_at,
                kit_issued_at,
                version,
                person_id,
                bed_id,
                party_id,
                key: person_id.to_string(),
                person: PersonFacts::of(person, at),
            }
        };
    rows.into_iter().map(stay).collect()
}

/// The stays of some people, oldest first.
pub(crate) async fn stays_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Stay>> {
    let reader = context.reader().await?;
    stays_where(&context, &mut &*reader, Of::People(people)).await
}

/// The stays of those who were checked in together.
pub(super) async fn stays_of_parties(context: Context, parties: Vec<Uuid>) -> Result<Vec<Stay>> {
    let reader = context.reader().await?;
    stays_where(&context, &mut &*reader, Of::Parties(parties)).await
}

/// Stays by key.
pub(super) async fn stays_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Stay>> {
    let reader = context.reader().await?;
    stays_where(&context, &mut &*reader, Of::Keys(ids)).await
}

/// Stays that the caller may see, as a transaction sees them.
pub(super) async fn stays_in(
    context: &Context,
    connection: &AsyncPgConnection,
    ids: Vec<Uuid>,
) -> Result<Vec<Stay>> {
    stays_where(context, &mut &*connection, Of::Keys(ids)).await
}

/// A stay that the caller may see, as a transaction sees it.
pub(super) async fn stay_in(
    context: &Context,
    connection: &AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Stay>> {
    Ok(stays_where(context, &mut &*connection, Of::Keys(vec![id])).await?.pop())
}

/// Somebody who is to lie in a bed.
#[derive(Debug)]
pub(super) struct Lodger {
    pub(super) id: Uuid,
    pub(super) household_id: Uuid,
    pub(super) judged: Judged,
}

impl Lodger {
    /// Has policies judge them as those of a shelter that they are about to lodge in; false where they lodge in another.
    pub(super) fn arrives_in(&mut self, shelter: &str) -> bool {
        self.judged.facts.shelter.get_or_insert_with(|| shelter.to_owned()) == shelter
    }
}

/// A person's row, as far as it is asked where they may lodge.
type LodgerRow = (Uuid, Uuid, FactRow);

type LodgerColumns = (persons::id, persons::household_id, FactColumns);

fn lodger_columns(at: Instant) -> LodgerColumns {
    (persons::id, persons::household_id, fact_columns(at))
}

fn lodger((id, household_id, facts): LodgerRow, at: Instant) -> Lodger {
    Lodger { id, household_id, judged: Judged::new(id, PersonFacts::of(facts, at)) }
}

/// People whose placement the caller may see, as a transaction sees them.
pub(super) async fn lodgers_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> Result<Vec<Lodger>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let query = persons::table
        .left_join(shelters::table)
        .filter(persons::id.eq_any(ids))
        .filter(persons::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .select(lodger_columns(scope.at()));
    let rows: Vec<LodgerRow> = query.load(connection).await?;
    Ok(rows.into_iter().map(|row| lodger(row, scope.at())).collect())
}

/// Everyone of a household who lies in no bed, in the order of their registration, whether or not the caller may see them; save who is
/// withheld from everyone.
pub(super) async fn unlodged_of(
    context: &Context,
    connection: &mut AsyncPgConnection,
    household: Uuid,
) -> Result<Vec<Lodger>> {
    let at = context.instant();
    let open = stays::table.filter(stays::person_id.eq(persons::id)).filter(stays::ended_at.is_null());
    let query = persons::table
        .left_join(shelters::table)
        .filter(persons::household_id.eq(household))
        .filter(persons::merged_into.is_null())
        .filter(persons::withheld.is_null())
        .filter(diesel::dsl::not(diesel::dsl::exists(open)))
        .order(persons::id)
        .select(lodger_columns(at));
    let rows: Vec<LodgerRow> = query.load(connection).await?;
    Ok(rows.into_iter().map(|row| lodger(row, at)).collect())
}
