//! Registering a donor: from then on what it gives can be received.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::{DonorSet, Known};
use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::donations::tables::donors;
use crate::donations::{Donor, DonorKind};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

input! {
    /// Who gives.
    pub struct RegisterDonor {
        /// What kind of donor it is.
        pub kind: DonorKind,
        /// The agency that it is; of an `AGENCY` alone, which is registered once.
        pub agency: Option<Id<Agency>>,
        /// Its name, 1 to 200 characters; the agency's own, where it is left out of an `AGENCY`. An `ANONYMOUS` donor has none.
        pub name: Option<String>,
        /// How to reach it, 1 to 200 characters. An `ANONYMOUS` donor has none.
        pub contact: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A donor, registered.
    pub struct RegisterDonorPayload: "RegisterDonorPayload" as Donor {
        /// The donor.
        donor: Donor,
    }
}

union! {
    /// The donor, registered; or why it was not.
    pub enum RegisterDonorResult {
        Payload(RegisterDonorPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Registers a donor.
pub(super) async fn register_donor(context: Context, input: RegisterDonor) -> Result<RegisterDonorResult> {
    let mut transaction = begin!(&context, "donations.registerDonor", &input, RegisterDonorResult);
    let done = add(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn add(
    context: &Context,
    transaction: &mut Transaction<'_, RegisterDonorPayload>,
    input: &RegisterDonor,
) -> Result<Result<Done<RegisterDonorPayload>, RegisterDonorResult>> {
    if (input.kind == DonorKind::Agency) != input.agency.is_some() {
        let message = "An agency that gives is named by agency, and no other donor is.";
        return Ok(Err(InvalidValue::new("agency", message).into()));
    }
    // The directory has the agencies of this programme alone.
    let here = input.agency.map(Id::uuid).filter(|agency| !context.agency_code(*agency).is_empty());
    let agency = match here {
        Some(agency) => agencies::by_ids(context.clone(), vec![agency]).await?.pop(),
        None => None,
    };
    if input.agency.is_some() && agency.is_none() {
        return Ok(Err(NotFound::new("agency").into()));
    }
    let called = agency.as_ref().map(|agency| agency.name.clone());
    let known = match Known::checked(input.kind, input.name.as_deref(), input.contact.as_deref(), called) {
        Ok(known) => known,
        Err(refused) => return Ok(Err(refused.into())),
    };
    let donor = Donor {
        id: Id::new(context.new_uuid()?),
        kind: input.kind,
        name: known.name,
        contact: known.contact,
        version: 1,
        agency_id: input.agency.map(Id::uuid),
        agency: agency.map(|agency| agency.code),
    };
    context.authorize_write(Class::Donor, RecordType::Donor, &donor)?;
    let row = (
        donors::id.eq(donor.id),
        donors::programme_id.eq(context.programme_id()),
        donors::kind.eq(donor.kind),
        donors::agency_id.eq(donor.agency_id),
        donors::name.eq(&donor.name),
        donors::contact.eq(&donor.contact),
    );
    match diesel::insert_into(donors::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("donors_agency_key") => {
            let message = "This agency is a donor already. Read it with donors.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(Error::from(error)),
    }
    let changes = DonorSet::of(&donor)?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: donor.into() }))
}
