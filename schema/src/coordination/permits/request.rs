//! Asking for a permit, and withdrawing it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, Fact, RecordType};

use super::load::permit_in;
use super::step::{Step, done, go_on};
use super::tables::permits;
use super::{Permit, PermitKind, PermitState};
use crate::context::Context;
use crate::coordination::between::text_of;
use crate::error::{Error, Result};
use crate::graph::{Facts, input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;
use crate::shelters::{Shelter, shelter_in};

input! {
    /// A permit that is asked for.
    pub struct RequestPermit {
        /// What it is for.
        pub kind: PermitKind,
        /// The shelter that it is for; it, or `activity`, or both.
        pub shelter: Option<Id<Shelter>>,
        /// What is to be done, 3 to 200 characters; no name of anyone.
        pub activity: Option<String>,
        /// Why it is asked for, and what is to be permitted: 3 to 2,000 characters; no name of anyone.
        pub purpose: String,
        /// The permit that it renews: a granted one of the same kind, agency and shelter.
        pub renews: Option<Id<Permit>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A permit that is not needed any more.
    pub struct WithdrawPermit {
        /// The permit; one that is not decided yet.
        pub permit: Id<Permit>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub reason: String,
        /// The version of the permit that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A permit, asked for.
    pub struct RequestPermitPayload: "RequestPermitPayload" as Permit {
        /// The permit.
        permit: Permit,
    }
}

payload! {
    /// A permit, withdrawn.
    pub struct WithdrawPermitPayload: "WithdrawPermitPayload" as Permit {
        /// The permit as it is now.
        permit: Permit,
    }
}

union! {
    /// The permit, asked for; or why it was not.
    pub enum RequestPermitResult {
        Payload(RequestPermitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The permit, withdrawn; or why it was not.
    pub enum WithdrawPermitResult {
        Payload(WithdrawPermitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// A permit that is yet to be asked for, as policies see it.
struct Sought<'a> {
    agency: &'a str,
    shelter: Option<&'a str>,
}

impl Facts for Sought<'_> {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(self.agency),
            Fact::Shelter => self.shelter,
            _ => None,
        }
    }
}

/// Asks for a permit. The database holds that what it renews was granted and is renewed once.
pub(super) async fn request_permit(context: Context, input: RequestPermit) -> Result<RequestPermitResult> {
    let mut transaction = begin!(&context, "coordination.requestPermit", &input, RequestPermitResult);
    let done = request(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn request(
    context: &Context,
    transaction: &mut Transaction<'_, RequestPermitPayload>,
    input: &RequestPermit,
) -> Result<std::result::Result<Done<RequestPermitPayload>, RequestPermitResult>> {
    let shelter = match input.shelter {
        Some(shelter) => match shelter_in(context, transaction.connection()?, shelter.uuid()).await? {
            Some(shelter) => Some(shelter.code),
            None => return Ok(Err(NotFound::new("shelter").into())),
        },
        None => None,
    };
    let actor = context.actor()?;
    let sought = Sought { agency: &actor.principal.agency, shelter: shelter.as_deref() };
    context.authorize_write(Class::Operational, RecordType::Permit, &sought)?;
    ensure!(text_of("purpose", &input.purpose, (3, 2000)));
    match (&input.activity, input.shelter) {
        (Some(activity), _) => ensure!(text_of("activity", activity, (3, 200))),
        (None, Some(_)) => {}
        (None, None) => {
            let message = "Say for which shelter, or for what activity.";
            return Ok(Err(InvalidValue::new("shelter, or activity", message).into()));
        }
    }
    if let Some(renewed) = input.renews
        && permit_in(context, transaction.connection()?, renewed.uuid()).await?.is_none()
    {
        return Ok(Err(NotFound::new("renews").into()));
    }
    let id = context.new_uuid()?;
    let row = (
        permits::id.eq(id),
        permits::programme_id.eq(context.programme_id()),
        permits::kind.eq(input.kind),
        permits::agency_id.eq(actor.agency),
        permits::shelter_id.eq(input.shelter),
        permits::activity.eq(input.activity.as_deref().map(str::trim)),
        permits::purpose.eq(input.purpose.trim()),
        permits::requested_on.eq(context.instant().day),
        permits::renews_id.eq(input.renews),
        permits::recorded_at.eq(context.now()),
        permits::user_id.eq(actor.user),
    );
    if let Err(error) =
        diesel::insert_into(permits::table).values(row).execute(transaction.connection()?).await
    {
        let message = match constraint(&error) {
            Some("permits_renews_granted" | "permits_renews_fkey") => {
                "Only a granted permit is renewed, by its own agency, of the same kind and for the same shelter."
            }
            Some("permits_renewed_once") => {
                "This permit is renewed already, or a renewal of it is asked for."
            }
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let permit = permit_in(context, transaction.connection()?, id).await?;
    done(context, permit.ok_or_else(|| Error::internal("a permit that was asked for is not there"))?)
}

/// Withdraws a permit.
pub(super) async fn withdraw_permit(context: Context, input: WithdrawPermit) -> Result<WithdrawPermitResult> {
    let mut transaction = begin!(&context, "coordination.withdrawPermit", &input, WithdrawPermitResult);
    let done = withdraw(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn withdraw(
    context: &Context,
    transaction: &mut Transaction<'_, WithdrawPermitPayload>,
    input: &WithdrawPermit,
) -> Result<std::result::Result<Done<WithdrawPermitPayload>, WithdrawPermitResult>> {
    ensure!(text_of("reason", &input.reason, (3, 500)));
    let step = Step { reason: Some(input.reason.trim()), ..Step::to(PermitState::Withdrawn) };
    go_on(context, transaction, (input.permit, input.version), RecordType::Permit, &step).await
}
