//! Withdrawing what was taken down in error.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::intake_in;
use super::tables::intakes;
use super::{ENDED, Intake, IntakeState, changed, of_an_intake};
use crate::census::held;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// An intake that is withdrawn.
    pub struct WithdrawIntake {
        /// The intake: the caller's own, or another's of a person whose IDENTITY it writes.
        pub intake: Id<Intake>,
        /// The version of the intake that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

of_an_intake! {
    /// An intake, withdrawn.
    WithdrawIntakePayload "WithdrawIntakePayload"
}

union! {
    /// The intake, withdrawn; or why it was not.
    pub enum WithdrawIntakeResult {
        Payload(WithdrawIntakePayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

pub(super) async fn withdraw_intake(context: Context, input: WithdrawIntake) -> Result<WithdrawIntakeResult> {
    context.personal_scope(Class::Family, RecordType::Intake)?;
    let mut transaction = begin!(&context, "census.withdrawIntake", &input, WithdrawIntakeResult);
    let done = withdraw(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn withdraw(
    context: &Context,
    transaction: &mut Transaction<'_, WithdrawIntakePayload>,
    input: &WithdrawIntake,
) -> Result<std::result::Result<Done<WithdrawIntakePayload>, WithdrawIntakeResult>> {
    let id = input.intake.uuid();
    let Some(found) = intake_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("intake").into()));
    };
    // People are held before what is theirs.
    let Some(held) = held(context, transaction.connection()?, found.person_id).await? else {
        return Ok(Err(NotFound::new("intake").into()));
    };
    let Some(intake) = intake_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("intake").into()));
    };
    if intake.state != IntakeState::Open {
        return Ok(Err(StateConflict::new(ENDED).into()));
    }
    context.authorize_write(Class::Identity, RecordType::Person, &held.judged)?;
    context.authorize_write(Class::Family, RecordType::Intake, &intake)?;
    if intake.version != input.version {
        return Ok(Err(VersionConflict::new(intake.version).into()));
    }
    let row = (
        intakes::state.eq(IntakeState::Withdrawn),
        intakes::ended_at.eq(context.now()),
        intakes::vaccinations.eq(None::<Vec<u8>>),
        intakes::work.eq(None::<Vec<u8>>),
    );
    diesel::update(intakes::table.find(id)).set(row).execute(transaction.connection()?).await?;
    let ended = (id, IntakeState::Withdrawn, intake.version.saturating_add(1));
    let changes = vec![changed(intake.person_id, ended)?];
    let payload = WithdrawIntakePayload { intake_id: id, judged: held.judged, taker: None };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
