//! Reads of people, their households and consents. Every one of them is scoped to its caller, who must have stated a purpose;
//! and whom it shows is noted, so that the journal has it before it leaves.

use std::mem::take;

use chrono::{DateTime, Utc};
use diesel::dsl::Nullable;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::{InScope, Members};
use crate::census::tables::{consents, households, persons};
use crate::census::{
    Consent, FAMILY, FactRow, Family, Household, IDENTITY, Identity, Judged, MIGRATION, Migration, PLACEMENT,
    Person, PersonFacts, Placement, Purpose, SealedPerson, consent_facts, fact_columns, household_facts,
    person_facts,
};
use crate::context::{Context, Instant, refused_root};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::{Id, PartialDate};
use crate::shelters::Shelter;
use crate::shelters::tables::shelters;
use crate::vault::Keys;

input! {
    /// Which people, and which page of them. They come in the order of their registration.
    pub struct PersonsArguments {
        /// Only those who lodge in this shelter.
        pub shelter: Option<Id<Shelter>> => Placement,
        /// Only those of this household: then the identity of its minors is read too, which a longer list leaves out.
        pub household: Option<Id<Household>> => Family,
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

input! {
    /// Which page of the households. They come in the order of their registration.
    pub struct HouseholdsArguments {
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

/// What selects people: a cursor is bound to it. There is no filter by age: a list of minors is an export (R25).
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    shelter: Option<Uuid>,
    household: Option<Uuid>,
}

/// People, scoped to the caller.
pub(crate) async fn persons(
    context: Context,
    arguments: PersonsArguments,
    wanted: Wanted,
) -> Result<Connection<Person>> {
    let selects = Selects {
        programme: context.programme_id(),
        shelter: arguments.shelter.map(Id::uuid),
        household: arguments.household.map(Id::uuid),
    };
    let (binding, window) = asked!(context, arguments, "persons", &selects);
    let scope = context.personal_scope(Class::Identity, RecordType::Person)?.ok_or_else(refused_root)?;
    let at = scope.at();
    let scope = InScope::new(&scope, person_facts);
    let selected = || {
        let mut query = persons::table
            .left_join(shelters::table)
            .filter(persons::programme_id.eq(selects.programme))
            .filter(scope.clone())
            .into_boxed::<Pg>();
        if let Some(shelter) = selects.shelter {
            query = query.filter(persons::shelter_id.eq(shelter));
        }
        if let Some(household) = selects.household {
            query = query.filter(persons::household_id.eq(household));
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(persons::id),
        person_columns(&context),
        |person: &SealedPerson| person.id
    )?;
    Ok(Connection { rows: open(&context, page.rows, at).await?, facts: page.facts })
}

pub(super) type PersonColumns = (
    persons::id,
    persons::code,
    persons::arrived_on,
    (persons::adult_from, persons::withheld),
    persons::version,
    persons::merged_into,
    persons::custodian,
    persons::household_id,
    persons::shelter_id,
    Nullable<shelters::code>,
    Members,
    persons::identity,
    persons::family,
    persons::migration,
    persons::placement,
);

pub(super) fn person_columns(context: &Context) -> PersonColumns {
    (
        persons::id,
        persons::code,
        persons::arrived_on,
        (persons::adult_from, persons::withheld),
        persons::version,
        persons::merged_into,
        persons::custodian,
        persons::household_id,
        persons::shelter_id,
        shelters::code.nullable(),
        context.members(person_facts, Fact::SharedWith),
        persons::identity,
        persons::family,
        persons::migration,
        persons::placement,
    )
}

/// People by key, as far as the caller may see them.
pub(crate) async fn persons_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Person>> {
    let Some(scope) = context.personal_scope(Class::Identity, RecordType::Person)? else {
        return Ok(Vec::new());
    };
    let query = persons::table
        .left_join(shelters::table)
        .filter(persons::id.eq_any(ids))
        .filter(InScope::new(&scope, person_facts))
        .select(person_columns(&context));
    let reader = context.reader().await?;
    let rows = query.load(&mut &*reader).await?;
    open(&context, rows, scope.at()).await
}

/// The records that were merged into some, as far as the caller may see them, in the order of their registration.
pub(super) async fn merged_from(context: Context, people: Vec<Uuid>) -> Result<Vec<Person>> {
    let merged = persons::table.filter(persons::merged_into.eq_any(people)).order(persons::id);
    let ids: Vec<Uuid> = merged.select(persons::id).load(&mut &*context.reader().await?).await?;
    let mut merged = if ids.is_empty() { Vec::new() } else { persons_by_ids(context.clone(), ids).await? };
    merged.sort_by_key(|person| person.id.uuid());
    context.hide_order(&mut merged, |person| person.id.uuid());
    Ok(merged)
}

/// Whether there is such a person within the caller's reach. It tells nothing of them.
pub(crate) async fn reaches(context: &Context, person: Uuid) -> Result<bool> {
    let Some(scope) = context.scope(Class::Identity, RecordType::Person) else { return Ok(false) };
    let query = persons::table
        .left_join(shelters::table)
        .filter(persons::id.eq(person))
        .filter(persons::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .select(persons::id);
    let reader = context.reader().await?;
    Ok(query.first::<Uuid>(&mut &*reader).await.optional()?.is_some())
}

/// The members of some households, as far as the caller may see them, in the order of their registration.
pub(crate) async fn members_of(context: Context, households: Vec<Uuid>) -> Result<Vec<Person>> {
    let Some(scope) = context.personal_scope(Class::Identity, RecordType::Person)? else {
        return Ok(Vec::new());
    };
    let query = persons::table
        .left_join(shelters::table)
        .filter(persons::household_id.eq_any(households))
        .filter(InScope::new(&scope, person_facts))
        .order(persons::id)
        .select(person_columns(&context));
    let reader = context.reader().await?;
    let rows = query.load(&mut &*reader).await?;
    let mut members = open(&context, rows, scope.at()).await?;
    context.hide_order(&mut members, |person| person.id.uuid());
    Ok(members)
}

/// The facts of a person whom the caller may see; none where it may not, or there is nobody.
pub(crate) async fn facts_within_reach(context: &Context, person: Uuid) -> Result<Option<PersonFacts>> {
    let Some(scope) = context.personal_scope(Class::Identity, RecordType::Person)? else { return Ok(None) };
    let query = persons::table
        .left_join(shelters::table)
        .filter(persons::id.eq(person))
        .filter(persons::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .select(fact_columns(scope.at()));
    let reader = context.reader().await?;
    let found: Option<FactRow> = query.first(&mut &*reader).await.optional()?;
    Ok(found.map(|facts| PersonFacts::of(facts, scope.at())))
}

/// Opens what the caller may read of these people, and notes whom it is shown.
async fn open(context: &Context, rows: Vec<SealedPerson>, at: Instant) -> Result<Vec<Person>> {
    let keys = context.vault().keys(rows.iter().map(|row| row.id).collect()).await?;
    context.discloses(rows.iter().map(|row| row.id));
    rows.into_iter().map(|row| open_one(context, &keys, row, at)).collect()
}

/// As [`open`], without those whose key was destroyed.
pub(super) async fn open_known(
    context: &Context,
    mut rows: Vec<SealedPerson>,
    at: Instant,
) -> Result<Vec<Person>> {
    let keys = context.vault().keys(rows.iter().map(|row| row.id).collect()).await?;
    rows.retain(|row| keys.have(row.id));
    context.discloses(rows.iter().map(|row| row.id));
    rows.into_iter().map(|row| open_one(context, &keys, row, at)).collect()
}

fn open_one(context: &Context, keys: &Keys, row: SealedPerson, at: Instant) -> Result<Person> {
    let judged = Judged::new(row.id, PersonFacts::new(row.shelter, row.standing, row.shared_with, at));
    let opening = Opening { context, keys, person: row.id, judged: &judged };
    let mut identity: Option<Identity> = opening.part(Class::Identity, IDENTITY, &row.identity)?;
    let family: Option<Family> = opening.part(Class::Family, FAMILY, &row.family)?;
    let migration: Option<Migration> = opening.part(Class::Migration, MIGRATION, &row.migration)?;
    let placement: Option<Placement> = opening.part(Class::Placement, PLACEMENT, &row.placement)?;
    let birth_date = identity.as_ref().and_then(|known| known.birth_date);
    let (kinship, marital_status) =
        family.map_or((None, None), |known| (Some(known.kinship), known.marital_status));
    let (migration_status, migration_procedure) =
        migration.map_or((None, None), |known| (known.status, known.procedure));
    let (segment, bed_needs) =
        placement.map_or((None, None), |known| (Some(known.segment), Some(known.bed_needs)));
    let Judged { key, facts } = judged;
    Ok(Person {
        id: Id::new(row.id),
        code: row.code,
        given_names: identity.as_mut().map(|known| take(&mut known.given_names)),
        // Who goes by one name has no other.
        family_names: identity
            .as_mut()
            .map(|known| take(&mut known.family_names))
            .filter(|name| !name.is_empty()),
        birth_date,
        birth_year: birth_date.map(PartialDate::year),
        minor: facts.minor,
        sex: identity.as_ref().map(|known| known.sex),
        nationality: identity.as_mut().map(|known| take(&mut known.nationality)),
        languages: identity.as_mut().map(|known| take(&mut known.languages)),
        documents: identity.as_mut().map(|known| take(&mut known.documents)),
        curp: identity.as_mut().and_then(|known| known.curp.take()),
        photograph: identity.and_then(|known| known.photograph),
        arrived_on: row.arrived_on,
        kinship,
        marital_status,
        migration_status,
        migration_procedure,
        segment,
        bed_needs,
        version: row.version,
        withheld: facts.withheld,
        merged_into: row.merged_into,
        custodian_id: context.agency(&row.custodian)?,
        household_id: row.household_id,
        shelter_id: row.shelter_id,
        key,
        facts,
    })
}

/// What opens the payloads of a person.
struct Opening<'a> {
    context: &'a Context,
    keys: &'a Keys,
    person: Uuid,
    judged: &'a Judged,
}

impl Opening<'_> {
    /// A payload, if the caller asks for its class and may read it of this person: what is not shown is not even opened.
    fn part<T: DeserializeOwned>(&self, class: Class, part: &str, sealed: &[u8]) -> Result<Option<T>> {
        let may_read = self.context.may_read(class, RecordType::Person);
        if !may_read || !self.context.shows(class, RecordType::Person, self.judged) {
            return Ok(None);
        }
        self.keys.open(self.person, part, sealed)
    }
}

pub(super) type HouseholdColumns = (
    households::id,
    households::code,
    households::pickup_code,
    households::arrived_on,
    households::closed_on,
    households::version,
    households::shelter_id,
    Nullable<shelters::code>,
    Members,
);

pub(super) fn household_columns(at: Instant) -> HouseholdColumns {
    (
        households::id,
        households::code,
        households::pickup_code,
        households::arrived_on,
        households::closed_on,
        households::version,
        households::shelter_id,
        shelters::code.nullable(),
        Members::new(household_facts, Fact::SharedWith, at),
    )
}

/// Households, scoped to the caller.
pub(crate) async fn households(
    context: Context,
    arguments: HouseholdsArguments,
    wanted: Wanted,
) -> Result<Connection<Household>> {
    let programme = context.programme_id();
    let (binding, window) = asked!(context, arguments, "households", &programme);
    let scope = context.personal_scope(Class::Family, RecordType::Household)?.ok_or_else(refused_root)?;
    let selected = || {
        households::table
            .left_join(shelters::table)
            .filter(households::programme_id.eq(programme))
            .filter(InScope::new(&scope, household_facts))
            .into_boxed::<Pg>()
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(households::id),
        household_columns(scope.at()),
        |household: &Household| household.id.uuid()
    )
}

/// Households by key, as far as the caller may see them.
pub(crate) async fn households_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Household>> {
    let Some(scope) = context.personal_scope(Class::Family, RecordType::Household)? else {
        return Ok(Vec::new());
    };
    let query = households::table
        .left_join(shelters::table)
        .filter(households::id.eq_any(ids))
        .filter(InScope::new(&scope, household_facts))
        .select(household_columns(scope.at()));
    let reader = context.reader().await?;
    Ok(query.load(&mut &*reader).await?)
}

/// A consent's row.
type ConsentRow = (
    Uuid,
    Purpose,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
    i32,
    (Uuid, Option<Uuid>),
    String,
    FactRow,
);

/// Which consents.
enum ConsentsOf {
    People(Vec<Uuid>),
    Oppositions(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

/// Consents, as far as the caller may see them, oldest first.
async fn consents(context: Context, of: ConsentsOf) -> Result<Vec<Consent>> {
    let Some(scope) = context.personal_scope(Class::Consent, RecordType::Consent)? else {
        return Ok(Vec::new());
    };
    let at = scope.at();
    let mut query = consents::table
        .inner_join(persons::table.left_join(shelters::table))
        .filter(InScope::new(&scope, consent_facts))
        .order((consents::given_at, consents::id))
        .select((
            consents::id,
            consents::purpose,
            consents::given_at,
            consents::ends_at,
            consents::withdrawn_at,
            consents::version,
            (consents::person_id, consents::opposed_by),
            consents::recipient,
            fact_columns(at),
        ))
        .into_boxed::<Pg>();
    query = match of {
        ConsentsOf::People(people) => query.filter(consents::person_id.eq_any(people)),
        ConsentsOf::Oppositions(requests) => query.filter(consents::opposed_by.eq_any(requests)),
        ConsentsOf::Keys(ids) => query.filter(consents::id.eq_any(ids)),
    };
    let reader = context.reader().await?;
    let rows: Vec<ConsentRow> = query.load(&mut &*reader).await?;
    context.discloses(rows.iter().map(|row| row.6.0));
    rows.into_iter()
        .map(
            |(
                id,
                purpose,
                given_at,
                ends_at,
                withdrawn_at,
                version,
                (person_id, opposed_by),
                recipient,
                person,
            )| {
                Ok(Consent {
                    id: Id::new(id),
                    purpose,
                    given_at,
                    ends_at,
                    withdrawn_at,
                    version,
                    person_id,
                    opposed_by,
                    recipient_id: context.agency(&recipient)?,
                    recipient,
                    person: PersonFacts::of(person, at),
                })
            },
        )
        .collect()
}

/// The consents of some people.
pub(crate) async fn consents_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Consent>> {
    consents(context, ConsentsOf::People(people)).await
}

/// The consents that some requests oppose.
pub(super) async fn consents_opposed(context: Context, requests: Vec<Uuid>) -> Result<Vec<Consent>> {
    consents(context, ConsentsOf::Oppositions(requests)).await
}

/// Consents by key.
pub(crate) async fn consents_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Consent>> {
    consents(context, ConsentsOf::Keys(ids)).await
}
