//! The code that a household shows where it picks something up. Whoever holds it learns what the household may have, and nothing of
//! who it is; it is shown to those who may read the household, and replaced where it was lost or seen by others.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::InScope;
use crate::census::tables::households;
use crate::census::{Household, household_facts, load};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Facts, Graph, input, record, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, NotFound, VersionConflict};
use crate::scalars::{Id, code_of};
use crate::shelters::tables::shelters;

/// How often another code is made where one is taken.
const ATTEMPTS: usize = 5;

/// The household that shows a code, as a transaction sees it: held, so that nobody else gives it something or replaces its code
/// meanwhile. It tells nothing of it.
pub(crate) async fn held(
    context: &Context,
    connection: &mut AsyncPgConnection,
    code: &str,
) -> Result<Option<Uuid>> {
    let query = households::table
        .filter(households::programme_id.eq(context.programme_id()))
        .filter(households::pickup_code.eq(code))
        .select(households::id)
        .for_no_key_update();
    Ok(query.first(connection).await.optional()?)
}

input! {
    /// A household whose pickup code was lost, or seen by others.
    pub struct ReplacePickupCode {
        /// The household.
        pub household: Id<Household>,
        /// The version of the household that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A household, with another pickup code.
    #[derive(Serialize, Deserialize)]
    pub struct ReplacePickupCodePayload: "ReplacePickupCodePayload" as Household {
        /// The household: what is kept of the answer holds no code.
        household_id: Uuid,
        /// Code of the shelter where it lodges.
        shelter: Option<String>,
        /// With whom, and for what, some member's data is shared.
        shared_with: Vec<String>,
    }
}

impl Facts for ReplacePickupCodePayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }

    fn members(&self, fact: Fact) -> &[String] {
        if fact == Fact::SharedWith { &self.shared_with } else { &[] }
    }
}

union! {
    /// The household, with another code; or why it has none.
    pub enum ReplacePickupCodeResult {
        Payload(ReplacePickupCodePayload),
        NotFound(NotFound),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a household's pickup code was replaced. Neither code is told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PickupCodeReplaced {
    household: Uuid,
    version: i32,
}

impl Change for PickupCodeReplaced {
    const NAME: &'static str = "census.pickupCodeReplaced";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<ReplacePickupCodePayload>(|payload| {
        payload.one(
            "household",
            Class::Family,
            "The household as it is now, with its code.",
            |payload| Some(payload.household_id),
            load::households_by_ids,
            |household: &Household| household.id.uuid(),
        )
    });
    graph
        .mutation(
            "replacePickupCode",
            Class::Family,
            "Gives a household another pickup code: by the old one nothing is given out any more. Needs a purpose.",
        )
        .either(RecordType::Household, replace_pickup_code);
}

/// Replaces a household's pickup code.
async fn replace_pickup_code(context: Context, input: ReplacePickupCode) -> Result<ReplacePickupCodeResult> {
    let mut transaction = begin!(&context, "census.replacePickupCode", &input, ReplacePickupCodeResult);
    let done = replace(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn replace(
    context: &Context,
    transaction: &mut Transaction<'_, ReplacePickupCodePayload>,
    input: &ReplacePickupCode,
) -> Result<std::result::Result<Done<ReplacePickupCodePayload>, ReplacePickupCodeResult>> {
    let Some(scope) = context.personal_scope(Class::Family, RecordType::Household)? else {
        return Ok(Err(NotFound::new("household").into()));
    };
    // Held before it is read: whoever is being given something by the old code comes first.
    let held = households::table
        .filter(households::id.eq(input.household))
        .filter(households::programme_id.eq(context.programme_id()))
        .select(households::id)
        .for_no_key_update();
    let _held: Option<Uuid> = held.first(transaction.connection()?).await.optional()?;
    let query = households::table
        .left_join(shelters::table)
        .filter(households::id.eq(input.household))
        .filter(households::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, household_facts))
        .select(load::household_columns(scope.at()));
    let found: Option<Household> = query.first(transaction.connection()?).await.optional()?;
    let Some(household) = found else { return Ok(Err(NotFound::new("household").into())) };
    context.authorize_write(Class::Family, RecordType::Household, &household)?;
    if household.version != input.version {
        return Ok(Err(VersionConflict::new(household.version).into()));
    }
    let version = input.version.saturating_add(1);
    write(context, transaction, household.id, version).await?;
    let change = PickupCodeReplaced { household: household.id.uuid(), version };
    let changes = vec![Part::of(Class::Family, None, &change)?];
    let payload = ReplacePickupCodePayload {
        household_id: household.id.uuid(),
        shelter: household.shelter,
        shared_with: household.shared_with,
    };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// Writes a code that no household has.
async fn write(
    context: &Context,
    transaction: &mut Transaction<'_, ReplacePickupCodePayload>,
    household: Id<Household>,
    version: i32,
) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let fresh = code_of(context.random_bytes()?);
        let taken = households::table
            .filter(households::programme_id.eq(context.programme_id()))
            .filter(households::pickup_code.eq(&fresh))
            .select(households::id);
        if taken.first::<Uuid>(transaction.connection()?).await.optional()?.is_some() {
            continue;
        }
        let row = (households::pickup_code.eq(&fresh), households::version.eq(version));
        let writing = diesel::update(households::table.find(household)).set(row);
        return match writing.execute(transaction.connection()?).await {
            Ok(_) => Ok(()),
            Err(error) if constraint(&error) == Some("households_pickup_code_key") => {
                Err(Error::internal("another household got the same pickup code at this moment"))
            }
            Err(error) => Err(error.into()),
        };
    }
    Err(Error::internal("no pickup code is free"))
}
