//! Another head for a household: each of the others is said anew what they are to them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::{held_household, held_members};
use crate::census::tables::households;
use crate::census::{Household, Kinship, Person, load, touched};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Facts, Graph, input, record, union};
use crate::journal::{Change, Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, VersionConflict};
use crate::scalars::Id;

input! {
    /// What a member is to the head of their household.
    pub struct KinshipInput {
        /// The member.
        pub person: Id<Person>,
        /// What they are to the head.
        pub kinship: Kinship,
    }
}

input! {
    /// A household that gets another head.
    pub struct ChangeHead {
        /// The household.
        pub household: Id<Household>,
        /// The version of the household that the caller saw.
        pub version: i32,
        /// The member who is its head from now on.
        pub head: Id<Person>,
        /// What each of the others is to the new head.
        pub kinships: Vec<KinshipInput>,
        /// When it was stated; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A household, with another head.
    #[derive(Serialize, Deserialize)]
    pub struct ChangeHeadPayload: "ChangeHeadPayload" as Household {
        /// The household.
        household_id: Uuid,
        /// Code of the shelter where it lodges.
        shelter: Option<String>,
        /// With whom, and for what, some member's data is shared.
        shared_with: Vec<String>,
    }
}

impl Facts for ChangeHeadPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }

    fn members(&self, fact: Fact) -> &[String] {
        if fact == Fact::SharedWith { &self.shared_with } else { &[] }
    }
}

union! {
    /// The household, with another head; or why it has none.
    pub enum ChangeHeadResult {
        Payload(ChangeHeadPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a household has another head. It names nobody.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeadChanged {
    household: Uuid,
    head: Uuid,
    version: i32,
}

impl Change for HeadChanged {
    const NAME: &'static str = "census.headChanged";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<ChangeHeadPayload>(|payload| {
        payload.one(
            "household",
            Class::Family,
            "The household as it is now.",
            |payload| Some(payload.household_id),
            load::households_by_ids,
            |household: &Household| household.id.uuid(),
        )
    });
    graph
        .mutation(
            "changeHead",
            Class::Family,
            "Makes another member the head of a household. Needs a purpose.",
        )
        .either(RecordType::Household, change_head);
}

async fn change_head(context: Context, input: ChangeHead) -> Result<ChangeHeadResult> {
    context.personal_scope(Class::Family, RecordType::Household)?;
    let mut transaction = begin!(&context, "census.changeHead", &input, ChangeHeadResult);
    let done = change(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn change(
    context: &Context,
    transaction: &mut Transaction<'_, ChangeHeadPayload>,
    input: &ChangeHead,
) -> Result<std::result::Result<Done<ChangeHeadPayload>, ChangeHeadResult>> {
    let occurred_at = input.occurred_at.unwrap_or_else(|| context.now());
    if occurred_at > context.now() {
        return Ok(Err(InvalidValue::new("occurredAt", "Nothing is stated in the future.").into()));
    }
    let found = held_household(context, transaction.connection()?, input.household.uuid()).await?;
    let Some((household, head)) = found else { return Ok(Err(NotFound::new("household").into())) };
    context.authorize_write(Class::Family, RecordType::Household, &household)?;
    if household.version != input.version {
        return Ok(Err(VersionConflict::new(household.version).into()));
    }
    let id = household.id.uuid();
    let members = held_members(transaction.connection()?, id, context.instant()).await?;
    for member in &members {
        context.authorize_write(Class::Family, RecordType::Person, &member.judged)?;
    }
    let new = input.head.uuid();
    if new == head || !members.iter().any(|member| member.id == new) {
        let message = "The new head is another member of the household.";
        return Ok(Err(InvalidValue::new("head", message).into()));
    }
    let mut kinships: BTreeMap<Uuid, Kinship> =
        input.kinships.iter().map(|of| (of.person.uuid(), of.kinship)).collect();
    let others = members.iter().filter(|member| member.id != new);
    let all =
        others.clone().all(|other| kinships.get(&other.id).is_some_and(|kinship| *kinship != Kinship::Head));
    if !all || kinships.len() != others.count() || kinships.len() != input.kinships.len() {
        let message = "Say of each of the others, once, what they are to the new head.";
        return Ok(Err(InvalidValue::new("kinships", message).into()));
    }
    kinships.insert(new, Kinship::Head);
    let version = input.version.saturating_add(1);
    let keys = context.vault().keys(members.iter().map(|member| member.id).collect()).await?;
    let mut changes =
        vec![Part::of(Class::Family, None, &HeadChanged { household: id, head: new, version })?];
    for member in &members {
        let kinship = kinships.get(&member.id).copied().unwrap_or(Kinship::Relative);
        changes.extend(member.becomes(context, transaction.connection()?, &keys, (kinship, id)).await?);
    }
    changes.push(touched(members.iter().map(|member| member.id).collect(), occurred_at)?);
    diesel::update(households::table.find(id))
        .set((households::head_id.eq(new), households::version.eq(version)))
        .execute(transaction.connection()?)
        .await?;
    let payload = ChangeHeadPayload {
        household_id: id,
        shelter: household.shelter,
        shared_with: household.shared_with,
    };
    Ok(Ok(Done { occurred_at, changes, payload }))
}
