//! Defining a kit: from then on it can be given.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::tables::kits;
use super::{Kit, KitItem, KitSet, name, refused, write_lines};
use crate::context::Context;
use crate::donations::catalogue::is_code;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

input! {
    /// A kit that can be given from now on.
    pub struct DefineKit {
        /// Its code: 1 to 30 capital letters, digits, points, hyphens and underscores. It stays as it is.
        pub code: String,
        /// Its name in Spanish, 3 to 120 characters.
        pub name: String,
        /// Its name in English, 3 to 120 characters.
        pub name_en: String,
        /// What one kit consists of: 1 to 50 items, each once.
        pub lines: Vec<KitItem>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A kit, defined.
    pub struct DefineKitPayload: "DefineKitPayload" as Kit {
        /// The kit.
        kit: Kit,
    }
}

union! {
    /// The kit, defined; or why it was not.
    pub enum DefineKitResult {
        Payload(DefineKitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Defines a kit.
pub(super) async fn define_kit(context: Context, input: DefineKit) -> Result<DefineKitResult> {
    let mut transaction = begin!(&context, "donations.defineKit", &input, DefineKitResult);
    let done = define(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn define(
    context: &Context,
    transaction: &mut Transaction<'_, DefineKitPayload>,
    input: &DefineKit,
) -> Result<std::result::Result<Done<DefineKitPayload>, DefineKitResult>> {
    let names = name("name", &input.name).and_then(|spanish| Ok((spanish, name("nameEn", &input.name_en)?)));
    let (spanish, english) = match names {
        Ok(names) => names,
        Err(problem) => return Ok(Err(problem.into())),
    };
    if !is_code(&input.code) {
        let message = "A code has 1 to 30 capital letters, digits, points, hyphens and underscores, and begins with a letter or a digit.";
        return Ok(Err(InvalidValue::new("code", message).into()));
    }
    let kit = Kit {
        id: Id::new(context.new_uuid()?),
        code: input.code.clone(),
        name: spanish,
        name_en: english,
        version: 1,
    };
    context.authorize_write(Class::Inventory, RecordType::Kit, &kit)?;
    if let Some(refused) = refused(context, transaction, &input.lines).await? {
        return Ok(Err(refused));
    }
    let row = (
        kits::id.eq(kit.id),
        kits::programme_id.eq(context.programme_id()),
        kits::code.eq(&kit.code),
        kits::name.eq(&kit.name),
        kits::name_en.eq(&kit.name_en),
    );
    let defining = diesel::insert_into(kits::table).values(row).execute(transaction.connection()?).await;
    match defining {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("kits_code_key") => {
            let message = "There is another kit of this code. Read it with kits.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(Error::from(error)),
    }
    write_lines(transaction, &kit, &input.lines).await?;
    let changes = KitSet::of(&kit, &input.lines)?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: kit.into() }))
}
