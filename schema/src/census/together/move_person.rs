//! A person who moves from one household to another: to a partner's, or to that of relatives who were found.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::{Member, held_household, held_members};
use crate::census::tables::{households, persons};
use crate::census::{Household, Judged, Kinship, MERGED, Person, PersonFacts, load, touched};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Facts, Graph, input, record, union};
use crate::journal::{Change, Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A person who moves to another household.
    pub struct MoveToHousehold {
        /// The person.
        pub person: Id<Person>,
        /// The version of the person that the caller saw.
        pub version: i32,
        /// The household that they belong to from now on.
        pub household: Id<Household>,
        /// What they are to its head.
        pub kinship: Kinship,
        /// When it was stated; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A person, in another household.
    #[derive(Serialize, Deserialize)]
    pub struct MoveToHouseholdPayload: "MoveToHouseholdPayload" as Person {
        /// The person.
        person_id: Uuid,
        /// The key, as policies compare it.
        key: String,
        /// What else policies turn on.
        facts: PersonFacts,
    }
}

impl Facts for MoveToHouseholdPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Person { Some(&self.key) } else { self.facts.fact(fact) }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.facts.members(fact)
    }
}

union! {
    /// The person, in the other household; or why they are not.
    pub enum MoveToHouseholdResult {
        Payload(MoveToHouseholdPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: somebody belongs to another household. It names nobody.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MovedToHousehold {
    person: Uuid,
    from: Uuid,
    to: Uuid,
}

impl Change for MovedToHousehold {
    const NAME: &'static str = "census.movedToHousehold";
}

type Refused<T> = std::result::Result<T, MoveToHouseholdResult>;
type Moving<'c> = Transaction<'c, MoveToHouseholdPayload>;

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<MoveToHouseholdPayload>(|payload| {
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
    graph
        .mutation(
            "moveToHousehold",
            Class::Family,
            "Makes a person a member of another household; a head hands over first, with changeHead. Needs a purpose.",
        )
        .either(RecordType::Person, move_to_household);
}

async fn move_to_household(context: Context, input: MoveToHousehold) -> Result<MoveToHouseholdResult> {
    context.personal_scope(Class::Family, RecordType::Household)?;
    let mut transaction = begin!(&context, "census.moveToHousehold", &input, MoveToHouseholdResult);
    let done = change(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

/// The person as a member of their household, and both households with their heads. All are held: households first, in one order.
struct Held {
    member: Member,
    from: (Household, Uuid),
    to: (Household, Uuid),
}

async fn held(
    context: &Context,
    transaction: &mut Moving<'_>,
    input: &MoveToHousehold,
) -> Result<Refused<Held>> {
    let query = persons::table
        .filter(persons::id.eq(input.person))
        .filter(persons::programme_id.eq(context.programme_id()))
        .select((persons::household_id, persons::merged_into));
    let found: Option<(Uuid, Option<Uuid>)> = query.first(transaction.connection()?).await.optional()?;
    let Some((from, merged_into)) = found else { return Ok(Err(NotFound::new("person").into())) };
    let to = input.household.uuid();
    let first = held_household(context, transaction.connection()?, from.min(to)).await?;
    let second = held_household(context, transaction.connection()?, from.max(to)).await?;
    let (left, entered) = if from < to { (first, second) } else { (second, first) };
    let Some(left) = left else { return Ok(Err(NotFound::new("person").into())) };
    let Some(entered) = entered else { return Ok(Err(NotFound::new("household").into())) };
    if merged_into.is_some() {
        return Ok(Err(StateConflict::new(MERGED).into()));
    }
    if from == to {
        return Ok(Err(StateConflict::new("The person belongs to this household already.").into()));
    }
    let members = held_members(transaction.connection()?, from, context.instant()).await?;
    // Whoever moved them while the households were waited for was faster.
    let Some(member) = members.into_iter().find(|member| member.id == input.person.uuid()) else {
        return Ok(Err(StateConflict::new("The person was moved at this moment. Read it again.").into()));
    };
    Ok(Ok(Held { member, from: left, to: entered }))
}

async fn change(
    context: &Context,
    transaction: &mut Moving<'_>,
    input: &MoveToHousehold,
) -> Result<Refused<Done<MoveToHouseholdPayload>>> {
    let occurred_at = input.occurred_at.unwrap_or_else(|| context.now());
    if occurred_at > context.now() {
        return Ok(Err(InvalidValue::new("occurredAt", "Nothing is stated in the future.").into()));
    }
    if input.kinship == Kinship::Head {
        let message = "Whoever moves in is not the head. Make them so afterwards, with changeHead.";
        return Ok(Err(InvalidValue::new("kinship", message).into()));
    }
    let Held { member, from, to } = match held(context, transaction, input).await? {
        Ok(held) => held,
        Err(refused) => return Ok(Err(refused)),
    };
    context.authorize_write(Class::Family, RecordType::Person, &member.judged)?;
    for (household, _) in [&from, &to] {
        context.authorize_write(Class::Family, RecordType::Household, household)?;
    }
    if member.version != input.version {
        return Ok(Err(VersionConflict::new(member.version).into()));
    }
    if from.1 == member.id {
        let message =
            "The head of a household does not leave it. Make another member its head first, with changeHead.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    let (left, entered) = (from.0.id.uuid(), to.0.id.uuid());
    let keys = context.vault().keys(vec![member.id]).await?;
    let moved = MovedToHousehold { person: member.id, from: left, to: entered };
    let mut changes = vec![Part::of(Class::Family, None, &moved)?];
    changes.push(touched(vec![member.id], occurred_at)?);
    let becoming = (input.kinship, entered);
    changes.extend(member.becomes(context, transaction.connection()?, &keys, becoming).await?);
    let raised = diesel::update(households::table.filter(households::id.eq_any([left, entered])))
        .set(households::version.eq(households::version + 1))
        .execute(transaction.connection()?)
        .await?;
    if raised != 2 {
        return Err(Error::internal("a household that is held is not there"));
    }
    transaction.tells_of(member.id);
    let Judged { key, facts } = member.judged;
    let payload = MoveToHouseholdPayload { person_id: member.id, key, facts };
    Ok(Ok(Done { occurred_at, changes, payload }))
}
