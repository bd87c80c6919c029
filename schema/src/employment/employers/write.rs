//! Registering employers, and revising what is known of them.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::employer_held;
use super::{Employer, EmployerSet};
use crate::agencies::Agency;
use crate::census::Checked;
use crate::context::Context;
use crate::employment::checked_text;
use crate::employment::tables::employers;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

input! {
    /// Who offers work.
    pub struct RegisterEmployer {
        /// Its name, 2 to 120 characters.
        pub name: String,
        /// Its line of business, 2 to 120 characters.
        pub trade: String,
        /// How to reach it, 3 to 200 characters.
        pub contact: String,
        /// The agency as which its contacts sign in, one employer each; left out where they do not.
        pub agency: Option<Id<Agency>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// An employer as it should be known from now on.
    pub struct ReviseEmployer {
        /// The employer.
        pub employer: Id<Employer>,
        /// Its name, 2 to 120 characters.
        pub name: String,
        /// Its line of business, 2 to 120 characters.
        pub trade: String,
        /// How to reach it, 3 to 200 characters.
        pub contact: String,
        /// The version of the employer that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// An employer, registered.
    pub struct RegisterEmployerPayload: "RegisterEmployerPayload" as Employer {
        /// The employer.
        employer: Employer,
    }
}

payload! {
    /// An employer, revised.
    pub struct ReviseEmployerPayload: "ReviseEmployerPayload" as Employer {
        /// The employer.
        employer: Employer,
    }
}

union! {
    /// The employer, registered; or why it was not.
    pub enum RegisterEmployerResult {
        Payload(RegisterEmployerPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The employer, revised; or why it was not.
    pub enum ReviseEmployerResult {
        Payload(ReviseEmployerPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

fn checked(name: &str, trade: &str, contact: &str) -> Checked {
    checked_text("name", Some(name), 2, 120)?;
    checked_text("trade", Some(trade), 2, 120)?;
    checked_text("contact", Some(contact), 3, 200)
}

/// What whoever names an employer twice is told.
fn taken(error: &diesel::result::Error) -> Option<StateConflict> {
    match constraint(error)? {
        "employers_name_key" => Some(StateConflict::new("An employer of this name is registered already.")),
        "employers_agency_key" => {
            Some(StateConflict::new("The contacts of another employer sign in as this agency."))
        }
        _ => None,
    }
}

/// What the journal says of an employer.
fn set(employer: &Employer) -> Result<Vec<Part>> {
    let change = EmployerSet {
        employer: employer.id.uuid(),
        version: employer.version,
        agency: employer.agency.clone(),
    };
    Ok(vec![Part::of(Class::Counterparty, None, &change)?])
}

/// Registers an employer.
pub(super) async fn register_employer(
    context: Context,
    input: RegisterEmployer,
) -> Result<RegisterEmployerResult> {
    let mut transaction = begin!(&context, "employment.registerEmployer", &input, RegisterEmployerResult);
    let done = add(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn add(
    context: &Context,
    transaction: &mut Transaction<'_, RegisterEmployerPayload>,
    input: &RegisterEmployer,
) -> Result<std::result::Result<Done<RegisterEmployerPayload>, RegisterEmployerResult>> {
    ensure!(checked(&input.name, &input.trade, &input.contact));
    let agency_id = input.agency.map(Id::uuid);
    let agency = agency_id.map(|agency| context.agency_code(agency));
    // The directory has the agencies of this programme alone.
    if agency.as_deref() == Some("") {
        return Ok(Err(NotFound::new("agency").into()));
    }
    let employer = Employer {
        id: Id::new(context.new_uuid()?),
        name: input.name.trim().to_owned(),
        trade: input.trade.trim().to_owned(),
        contact: input.contact.trim().to_owned(),
        version: 1,
        agency_id,
        agency,
    };
    context.authorize_write(Class::Counterparty, RecordType::Employer, &employer)?;
    let row = (
        employers::id.eq(employer.id),
        employers::programme_id.eq(context.programme_id()),
        employers::name.eq(&employer.name),
        employers::trade.eq(&employer.trade),
        employers::contact.eq(&employer.contact),
        employers::agency.eq(employer.agency.as_deref()),
        employers::registered_at.eq(context.now()),
        employers::user_id.eq(context.actor()?.user),
    );
    let adding = diesel::insert_into(employers::table).values(row);
    if let Err(error) = adding.execute(transaction.connection()?).await {
        return match taken(&error) {
            Some(problem) => Ok(Err(problem.into())),
            None => Err(error.into()),
        };
    }
    Ok(Ok(Done { occurred_at: context.now(), changes: set(&employer)?, payload: employer.into() }))
}

/// Revises an employer. As which agency its contacts sign in stays.
pub(super) async fn revise_employer(context: Context, input: ReviseEmployer) -> Result<ReviseEmployerResult> {
    let mut transaction = begin!(&context, "employment.reviseEmployer", &input, ReviseEmployerResult);
    let done = revise(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn revise(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseEmployerPayload>,
    input: &ReviseEmployer,
) -> Result<std::result::Result<Done<ReviseEmployerPayload>, ReviseEmployerResult>> {
    ensure!(checked(&input.name, &input.trade, &input.contact));
    let id = input.employer.uuid();
    let Some(before) = employer_held(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("employer").into()));
    };
    context.authorize_write(Class::Counterparty, RecordType::Employer, &before)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    let employer = Employer {
        name: input.name.trim().to_owned(),
        trade: input.trade.trim().to_owned(),
        contact: input.contact.trim().to_owned(),
        version: before.version.saturating_add(1),
        ..before
    };
    let row = (
        employers::name.eq(&employer.name),
        employers::trade.eq(&employer.trade),
        employers::contact.eq(&employer.contact),
        employers::version.eq(employer.version),
    );
    let revising = diesel::update(employers::table.find(id)).set(row);
    if let Err(error) = revising.execute(transaction.connection()?).await {
        return match taken(&error) {
            Some(problem) => Ok(Err(problem.into())),
            None => Err(error.into()),
        };
    }
    Ok(Ok(Done { occurred_at: context.now(), changes: set(&employer)?, payload: employer.into() }))
}
