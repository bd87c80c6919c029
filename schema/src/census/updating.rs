//! Changing what is known of a person: class by class, each as a whole, by whoever may write it.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::census::parts::{
    Checked, FamilyInput, IdentityInput, MigrationInput, PlacementInput, inside, needs,
};
use crate::census::tables::persons;
use crate::census::{
    FAMILY, Family, IDENTITY, Identity, Kinship, MERGED, MIGRATION, Migration, PLACEMENT, Person,
    PersonFacts, Placement, erased, held, load, search, touched,
};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Facts, Graph, input, record, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// What is known of a person from now on. What is given replaces all of its class; the other classes stay as they are.
    pub struct UpdatePerson {
        /// The person.
        pub person: Id<Person>,
        /// The version of the person that the caller saw.
        pub version: i32,
        /// Who they are.
        pub identity: Option<IdentityInput>,
        /// What they are to those whom they came with. Who is the head stays so.
        pub family: Option<FamilyInput>,
        /// By what right they are in the country.
        pub migration: Option<MigrationInput>,
        /// Where they are to be placed.
        pub placement: Option<PlacementInput>,
        /// When it was stated; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A person, as they are known now.
    #[derive(Serialize, Deserialize)]
    pub struct UpdatePersonPayload: "UpdatePersonPayload" as Person {
        /// The person: what is kept of the answer holds nothing that was stated.
        person_id: Uuid,
        /// The key, as policies compare it.
        key: String,
        /// What else policies turn on.
        facts: PersonFacts,
    }
}

impl Facts for UpdatePersonPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Person { Some(&self.key) } else { self.facts.fact(fact) }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.facts.members(fact)
    }
}

union! {
    /// The person, as they are known now; or why they are not.
    pub enum UpdatePersonResult {
        Payload(UpdatePersonPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Refused<T> = std::result::Result<T, UpdatePersonResult>;

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<UpdatePersonPayload>(|payload| {
        payload
            .one(
                "person",
                Class::Identity,
                "The person as they are known now.",
                |payload| Some(payload.person_id),
                load::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
    });
    // Whoever writes any class of a person writes PLACEMENT; the others are asked for as they are given.
    graph
        .mutation(
            "updatePerson",
            Class::Placement,
            "Changes what is known of a person, class by class: each by whoever may write it. Needs a purpose.",
        )
        .either(RecordType::Person, update_person);
}

async fn update_person(context: Context, input: UpdatePerson) -> Result<UpdatePersonResult> {
    context.personal_scope(Class::Identity, RecordType::Person)?;
    let mut transaction = begin!(&context, "census.updatePerson", &input, UpdatePersonResult);
    let done = update(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

async fn update(
    context: &Context,
    transaction: &mut Transaction<'_, UpdatePersonPayload>,
    input: UpdatePerson,
) -> Result<Refused<Done<UpdatePersonPayload>>> {
    let occurred_at = input.occurred_at.unwrap_or_else(|| context.now());
    if let Err(problem) = checked(context, &input, occurred_at) {
        return Ok(Err(problem.into()));
    }
    let person = input.person.uuid();
    let Some(before) = held(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    let is_head = before.head == person;
    let mut payload =
        UpdatePersonPayload { person_id: person, key: person.to_string(), facts: before.judged.facts };
    for class in stated_classes(&input) {
        context.authorize_write(class, RecordType::Person, &payload)?;
    }
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    if before.merged_into.is_some() {
        return Ok(Err(StateConflict::new(MERGED).into()));
    }
    if input.family.as_ref().is_some_and(|family| (family.kinship == Kinship::Head) != is_head) {
        let message = "Who is the head of a household is not changed here. Leave the kinship as it is.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(erased().into()));
    }
    let mut change = Changed { version: input.version.saturating_add(1), ..Changed::default() };
    let mut parts = vec![touched(vec![person], occurred_at)?];
    if let Some(identity) = input.identity {
        let adult_from = identity.adult_from()?;
        payload.facts.minor = context.instant().day < adult_from;
        change.adult_from = Some(adult_from);
        let identity = Identity::from(identity);
        change.identity = Some(keys.seal(person, IDENTITY, context.random_bytes()?, &identity)?);
        let search_key = context.vault().search_key();
        search::replace(transaction.connection()?, search_key, person, Some(&identity)).await?;
        change.tokens_of = Some(search::RULES);
        parts.push(identity.stated(person, before.household)?);
    }
    if let Some(family) = input.family.map(Family::from) {
        change.family = Some(keys.seal(person, FAMILY, context.random_bytes()?, &family)?);
        parts.push(family.stated(person, before.household)?);
    }
    if let Some(migration) = input.migration.map(Migration::from) {
        change.migration = Some(keys.seal(person, MIGRATION, context.random_bytes()?, &migration)?);
        parts.push(migration.stated(person, before.household)?);
    }
    if let Some(placement) = input.placement.map(Placement::from) {
        change.placement = Some(keys.seal(person, PLACEMENT, context.random_bytes()?, &placement)?);
        parts.push(placement.stated(person, before.household)?);
    }
    diesel::update(persons::table.find(person)).set(&change).execute(transaction.connection()?).await?;
    Ok(Ok(Done { occurred_at, changes: parts, payload }))
}

/// What a change sets: the classes that were stated, sealed.
#[derive(Default, AsChangeset)]
#[diesel(table_name = persons)]
struct Changed {
    identity: Option<Vec<u8>>,
    adult_from: Option<NaiveDate>,
    family: Option<Vec<u8>>,
    migration: Option<Vec<u8>>,
    placement: Option<Vec<u8>>,
    tokens_of: Option<i32>,
    version: i32,
}

/// The classes that are stated.
fn stated_classes(input: &UpdatePerson) -> impl Iterator<Item = Class> + use<> {
    let stated = [
        (Class::Identity, input.identity.is_some()),
        (Class::Family, input.family.is_some()),
        (Class::Migration, input.migration.is_some()),
        (Class::Placement, input.placement.is_some()),
    ];
    stated.into_iter().filter(|(_, stated)| *stated).map(|(class, _)| class)
}

fn checked(context: &Context, input: &UpdatePerson, occurred_at: DateTime<Utc>) -> Checked {
    needs(occurred_at <= context.now(), "occurredAt", "Nothing is stated in the future.")?;
    let states = stated_classes(input).next().is_some();
    needs(states, "identity, family, migration, or placement", "Say what is known from now on.")?;
    if let Some(identity) = &input.identity {
        identity.checked(context.day_of(occurred_at)).map_err(|problem| inside("identity", problem))?;
    }
    if let Some(migration) = &input.migration {
        migration.checked().map_err(|problem| inside("migration", problem))?;
    }
    Ok(())
}
