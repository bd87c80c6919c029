//! Revising a kit: what is given from then on. Its code stays, by which deliveries name it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::held;
use super::tables::kits;
use super::{Kit, KitItem, KitSet, name, refused, write_lines};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, VersionConflict};
use crate::scalars::Id;

input! {
    /// A kit as it should be from now on.
    pub struct ReviseKit {
        /// The kit.
        pub kit: Id<Kit>,
        /// Its name in Spanish, 3 to 120 characters.
        pub name: String,
        /// Its name in English, 3 to 120 characters.
        pub name_en: String,
        /// What one kit consists of: 1 to 50 items, each once.
        pub lines: Vec<KitItem>,
        /// The version of the kit that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A kit, revised.
    pub struct ReviseKitPayload: "ReviseKitPayload" as Kit {
        /// The kit as it is now.
        kit: Kit,
    }
}

union! {
    /// The kit, revised; or why it was not.
    pub enum ReviseKitResult {
        Payload(ReviseKitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Revises a kit.
pub(super) async fn revise_kit(context: Context, input: ReviseKit) -> Result<ReviseKitResult> {
    let mut transaction = begin!(&context, "donations.reviseKit", &input, ReviseKitResult);
    let done = revise(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn revise(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseKitPayload>,
    input: &ReviseKit,
) -> Result<std::result::Result<Done<ReviseKitPayload>, ReviseKitResult>> {
    let found = held(context, transaction.connection()?, input.kit).await?;
    let Some(before) = context.seen(Class::Inventory, RecordType::Kit, found) else {
        return Ok(Err(NotFound::new("kit").into()));
    };
    context.authorize_write(Class::Inventory, RecordType::Kit, &before)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    let names = name("name", &input.name).and_then(|spanish| Ok((spanish, name("nameEn", &input.name_en)?)));
    let (spanish, english) = match names {
        Ok(names) => names,
        Err(problem) => return Ok(Err(problem.into())),
    };
    if let Some(refused) = refused(context, transaction, &input.lines).await? {
        return Ok(Err(refused));
    }
    let kit = Kit { name: spanish, name_en: english, version: input.version.saturating_add(1), ..before };
    let row = (kits::name.eq(&kit.name), kits::name_en.eq(&kit.name_en), kits::version.eq(kit.version));
    diesel::update(kits::table.find(kit.id)).set(row).execute(transaction.connection()?).await?;
    write_lines(transaction, &kit, &input.lines).await?;
    let changes = KitSet::of(&kit, &input.lines)?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: kit.into() }))
}
