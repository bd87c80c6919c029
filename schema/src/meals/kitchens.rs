//! What can be done with kitchens: they are registered, and what is known of them is revised.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, Fact, RecordType};

use super::load::kitchen_in;
use super::tables::kitchens;
use super::{Kitchen, KitchenSet};
use crate::agencies::Agency;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Facts, input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A kitchen that cooks from now on.
    pub struct RegisterKitchen {
        /// The agency whose kitchen it is.
        pub agency: Id<Agency>,
        /// Its name, 3 to 120 characters.
        pub name: String,
        /// Where it is, 3 to 200 characters.
        pub place: String,
        /// How many portions it cooks on one day at most, all meals together: 0 to 100,000.
        pub portions: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A kitchen, as it is from now on.
    pub struct ReviseKitchen {
        /// The kitchen.
        pub kitchen: Id<Kitchen>,
        /// The version of the kitchen that the caller saw.
        pub version: i32,
        /// Its name, 3 to 120 characters.
        pub name: String,
        /// Where it is, 3 to 200 characters.
        pub place: String,
        /// How many portions it cooks on one day at most; no fewer than are planned on any day, and 0 where it cooks no more.
        pub portions: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A kitchen, registered.
    pub struct RegisterKitchenPayload: "RegisterKitchenPayload" as Kitchen {
        /// The kitchen.
        kitchen: Kitchen,
    }
}

payload! {
    /// A kitchen, revised.
    pub struct ReviseKitchenPayload: "ReviseKitchenPayload" as Kitchen {
        /// The kitchen as it is now.
        kitchen: Kitchen,
    }
}

union! {
    /// The kitchen, registered; or why it was not.
    pub enum RegisterKitchenResult {
        Payload(RegisterKitchenPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The kitchen, revised; or why it was not.
    pub enum ReviseKitchenResult {
        Payload(ReviseKitchenPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// An agency that is to have a kitchen.
struct Of<'a>(&'a str);

impl Facts for Of<'_> {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(self.0)
    }
}

/// Which value is out of its range, and what to do about it.
fn refused(name: &str, place: &str, portions: i32) -> Option<InvalidValue> {
    if !(3..=120).contains(&name.trim().chars().count()) {
        return Some(InvalidValue::new("name", "A name has 3 to 120 characters."));
    }
    if !(3..=200).contains(&place.trim().chars().count()) {
        return Some(InvalidValue::new("place", "A place is said in 3 to 200 characters."));
    }
    let within = (0..=100_000).contains(&portions);
    (!within).then(|| InvalidValue::new("portions", "A kitchen cooks 0 to 100,000 portions on a day."))
}

/// Registers a kitchen.
pub(super) async fn register_kitchen(
    context: Context,
    input: RegisterKitchen,
) -> Result<RegisterKitchenResult> {
    let mut transaction = begin!(&context, "meals.registerKitchen", &input, RegisterKitchenResult);
    let done = register(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn register(
    context: &Context,
    transaction: &mut Transaction<'_, RegisterKitchenPayload>,
    input: &RegisterKitchen,
) -> Result<std::result::Result<Done<RegisterKitchenPayload>, RegisterKitchenResult>> {
    let agency = context.agency_code(input.agency.uuid());
    if agency.is_empty() {
        return Ok(Err(NotFound::new("agency").into()));
    }
    context.authorize_write(Class::Operational, RecordType::Kitchen, &Of(&agency))?;
    if let Some(problem) = refused(&input.name, &input.place, input.portions) {
        return Ok(Err(problem.into()));
    }
    let id = context.new_uuid()?;
    let row = (
        kitchens::id.eq(id),
        kitchens::programme_id.eq(context.programme_id()),
        kitchens::agency_id.eq(input.agency),
        kitchens::name.eq(input.name.trim()),
        kitchens::place.eq(input.place.trim()),
        kitchens::portions.eq(input.portions),
    );
    diesel::insert_into(kitchens::table).values(row).execute(transaction.connection()?).await?;
    set(context, transaction, id).await.map(Ok)
}

/// Revises a kitchen.
pub(super) async fn revise_kitchen(context: Context, input: ReviseKitchen) -> Result<ReviseKitchenResult> {
    let mut transaction = begin!(&context, "meals.reviseKitchen", &input, ReviseKitchenResult);
    let done = revise(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn revise(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseKitchenPayload>,
    input: &ReviseKitchen,
) -> Result<std::result::Result<Done<ReviseKitchenPayload>, ReviseKitchenResult>> {
    let Some(kitchen) = kitchen_in(context, transaction.connection()?, input.kitchen.uuid()).await? else {
        return Ok(Err(NotFound::new("kitchen").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Kitchen, &kitchen)?;
    if let Some(problem) = refused(&input.name, &input.place, input.portions) {
        return Ok(Err(problem.into()));
    }
    let seen = kitchens::table.find(kitchen.id).filter(kitchens::version.eq(input.version));
    let row = (
        kitchens::name.eq(input.name.trim()),
        kitchens::place.eq(input.place.trim()),
        kitchens::portions.eq(input.portions),
    );
    match diesel::update(seen).set(row).execute(transaction.connection()?).await {
        Ok(1) => set(context, transaction, kitchen.id.uuid()).await.map(Ok),
        Ok(_) => {
            let now = kitchens::table.find(kitchen.id).select(kitchens::version);
            Ok(Err(VersionConflict::new(now.first(transaction.connection()?).await?).into()))
        }
        Err(error) if constraint(&error) == Some("kitchens_cook_what_is_planned") => {
            let message = "More than that is planned of this kitchen on some day. Plan those meals anew, or cancel them, first.";
            Ok(Err(StateConflict::new(message).into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// What is committed of a kitchen: as the transaction sees it now.
async fn set<P>(context: &Context, transaction: &mut Transaction<'_, P>, id: uuid::Uuid) -> Result<Done<P>>
where
    P: serde::Serialize + serde::de::DeserializeOwned + From<Kitchen>,
{
    let found = kitchen_in(context, transaction.connection()?, id).await?;
    let kitchen = found.ok_or_else(|| Error::internal("a kitchen that was changed is not there"))?;
    let change = KitchenSet { kitchen };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Done { occurred_at: context.now(), changes, payload: change.kitchen.into() })
}
