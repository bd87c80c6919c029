//! Revising a donor: its name, and how to reach it. Of what kind it is stays, and which agency.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::{DonorSet, Known};
use crate::context::Context;
use crate::donations::Donor;
use crate::donations::load::DONOR_COLUMNS;
use crate::donations::tables::donors;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, VersionConflict};
use crate::scalars::Id;

input! {
    /// A donor as it should be from now on. What is left out, it has no more.
    pub struct ReviseDonor {
        /// The donor.
        pub donor: Id<Donor>,
        /// Its name, 1 to 200 characters. An anonymous donor has none, and every other one.
        pub name: Option<String>,
        /// How to reach it, 1 to 200 characters.
        pub contact: Option<String>,
        /// The version of the donor that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A donor, revised.
    pub struct ReviseDonorPayload: "ReviseDonorPayload" as Donor {
        /// The donor as it is now.
        donor: Donor,
    }
}

union! {
    /// The donor, revised; or why it was not.
    pub enum ReviseDonorResult {
        Payload(ReviseDonorPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Revises a donor.
pub(super) async fn revise_donor(context: Context, input: ReviseDonor) -> Result<ReviseDonorResult> {
    let mut transaction = begin!(&context, "donations.reviseDonor", &input, ReviseDonorResult);
    let done = change(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn change(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseDonorPayload>,
    input: &ReviseDonor,
) -> Result<Result<Done<ReviseDonorPayload>, ReviseDonorResult>> {
    let query = donors::table
        .filter(donors::id.eq(input.donor))
        .filter(donors::programme_id.eq(context.programme_id()))
        .select(DONOR_COLUMNS)
        .for_no_key_update();
    let found: Option<Donor> = query.first(transaction.connection()?).await.optional()?;
    let Some(before) = context.seen(Class::Donor, RecordType::Donor, found) else {
        return Ok(Err(NotFound::new("donor").into()));
    };
    context.authorize_write(Class::Donor, RecordType::Donor, &before)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    let known = match Known::checked(before.kind, input.name.as_deref(), input.contact.as_deref(), None) {
        Ok(known) => known,
        Err(refused) => return Ok(Err(refused.into())),
    };
    let donor = Donor {
        name: known.name,
        contact: known.contact,
        version: input.version.saturating_add(1),
        ..before
    };
    let row =
        (donors::name.eq(&donor.name), donors::contact.eq(&donor.contact), donors::version.eq(donor.version));
    diesel::update(donors::table.find(donor.id)).set(row).execute(transaction.connection()?).await?;
    let changes = DonorSet::of(&donor)?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: donor.into() }))
}
