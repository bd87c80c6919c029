//! Registering who lets dwellings, and revising how they are reached.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::changes::OwnerSet;
use super::load::{OWNER_COLUMNS, action_in};
use super::tables::owners;
use super::{OutreachAction, Owner};
use crate::census::{Checked, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, VersionConflict};
use crate::scalars::Id;

input! {
    /// Who lets dwellings.
    pub struct RegisterOwner {
        /// Name, 1 to 200 characters.
        pub name: String,
        /// How to reach them, 1 to 200 characters.
        pub contact: Option<String>,
        /// The action of the campaign by which they heard of the programme.
        pub action: Option<Id<OutreachAction>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// An owner as they should be from now on. What is left out, they have no more.
    pub struct ReviseOwner {
        /// The owner.
        pub owner: Id<Owner>,
        /// Name, 1 to 200 characters.
        pub name: String,
        /// How to reach them, 1 to 200 characters.
        pub contact: Option<String>,
        /// The version of the owner that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// An owner, registered.
    pub struct RegisterOwnerPayload: "RegisterOwnerPayload" as Owner {
        /// The owner.
        owner: Owner,
    }
}

payload! {
    /// An owner, revised.
    pub struct ReviseOwnerPayload: "ReviseOwnerPayload" as Owner {
        /// The owner as they are now.
        owner: Owner,
    }
}

union! {
    /// The owner, registered; or why they were not.
    pub enum RegisterOwnerResult {
        Payload(RegisterOwnerPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The owner, revised; or why they were not.
    pub enum ReviseOwnerResult {
        Payload(ReviseOwnerPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Registers an owner.
pub(super) async fn register_owner(context: Context, input: RegisterOwner) -> Result<RegisterOwnerResult> {
    let mut transaction = begin!(&context, "housing.registerOwner", &input, RegisterOwnerResult);
    let done = add(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn add(
    context: &Context,
    transaction: &mut Transaction<'_, RegisterOwnerPayload>,
    input: &RegisterOwner,
) -> Result<std::result::Result<Done<RegisterOwnerPayload>, RegisterOwnerResult>> {
    let owner = Owner {
        id: Id::new(context.new_uuid()?),
        name: input.name.trim().to_owned(),
        contact: trimmed(input.contact.as_deref()),
        registered_at: context.now(),
        version: 1,
        action_id: input.action.map(Id::uuid),
    };
    context.authorize_write(Class::Counterparty, RecordType::Owner, &owner)?;
    if let Err(problem) = checked(&owner) {
        return Ok(Err(problem.into()));
    }
    if let Some(action) = owner.action_id
        && action_in(context, transaction.connection()?, action).await?.is_none()
    {
        return Ok(Err(NotFound::new("action").into()));
    }
    let row = (
        owners::id.eq(owner.id),
        owners::programme_id.eq(context.programme_id()),
        owners::name.eq(&owner.name),
        owners::contact.eq(&owner.contact),
        owners::action_id.eq(owner.action_id),
        owners::registered_at.eq(owner.registered_at),
        owners::user_id.eq(context.actor()?.user),
    );
    diesel::insert_into(owners::table).values(row).execute(transaction.connection()?).await?;
    let changes = told(&owner)?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: owner.into() }))
}

/// Revises an owner.
pub(super) async fn revise_owner(context: Context, input: ReviseOwner) -> Result<ReviseOwnerResult> {
    let mut transaction = begin!(&context, "housing.reviseOwner", &input, ReviseOwnerResult);
    let done = change(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn change(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseOwnerPayload>,
    input: &ReviseOwner,
) -> Result<std::result::Result<Done<ReviseOwnerPayload>, ReviseOwnerResult>> {
    let query = owners::table
        .filter(owners::id.eq(input.owner))
        .filter(owners::programme_id.eq(context.programme_id()))
        .select(OWNER_COLUMNS)
        .for_no_key_update();
    let found: Option<Owner> = query.first(transaction.connection()?).await.optional()?;
    let Some(before) = context.seen(Class::Counterparty, RecordType::Owner, found) else {
        return Ok(Err(NotFound::new("owner").into()));
    };
    context.authorize_write(Class::Counterparty, RecordType::Owner, &before)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    let owner = Owner {
        name: input.name.trim().to_owned(),
        contact: trimmed(input.contact.as_deref()),
        version: input.version.saturating_add(1),
        ..before
    };
    if let Err(problem) = checked(&owner) {
        return Ok(Err(problem.into()));
    }
    let row =
        (owners::name.eq(&owner.name), owners::contact.eq(&owner.contact), owners::version.eq(owner.version));
    diesel::update(owners::table.find(owner.id)).set(row).execute(transaction.connection()?).await?;
    let changes = told(&owner)?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: owner.into() }))
}

fn trimmed(text: Option<&str>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
}

fn checked(owner: &Owner) -> Checked {
    let fits = |text: &str| (1..=200).contains(&text.chars().count());
    needs(fits(&owner.name), "name", "An owner has a name, of 1 to 200 characters.")?;
    let reached = owner.contact.as_deref().is_none_or(fits);
    needs(reached, "contact", "A contact has 1 to 200 characters. Leave it out where there is none.")
}

/// What the journal says of an owner.
fn told(owner: &Owner) -> Result<Vec<Part>> {
    let change = OwnerSet {
        owner: owner.id.uuid(),
        version: owner.version,
        contact: owner.contact.is_some(),
        action: owner.action_id,
    };
    Ok(vec![Part::of(Class::Counterparty, None, &change)?])
}
