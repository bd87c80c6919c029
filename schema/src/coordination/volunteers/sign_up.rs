//! Signing a volunteer up for a shift, and withdrawing them from it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::load::{Signed, hold_shift, shift_in, sign_up_in, sign_ups_in, volunteer_in};
use super::{
    ShiftSignUp, SignUpState, Volunteer, VolunteerShift, VolunteerShiftChanged, VolunteerShiftStep,
    WithdrawalCause,
};
use crate::context::Context;
use crate::coordination::tables::shift_sign_ups;
use crate::error::{Error, Result};
use crate::graph::{Facts, input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, OverCapacity, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;

input! {
    /// A volunteer who is to come to a shift.
    pub struct SignUpForShift {
        /// The shift; one that has not ended and has a free place.
        pub shift: Id<VolunteerShift>,
        /// The volunteer.
        pub volunteer: Id<Volunteer>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A volunteer who is not to come to a shift after all.
    pub struct WithdrawFromShift {
        /// That they were to come.
        pub sign_up: Id<ShiftSignUp>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub reason: String,
        /// The version of it that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A volunteer, signed up for a shift.
    pub struct SignUpForShiftPayload: "SignUpForShiftPayload" as ShiftSignUp {
        /// That they come.
        sign_up: ShiftSignUp,
    }
}

payload! {
    /// A volunteer, withdrawn from a shift.
    pub struct WithdrawFromShiftPayload: "WithdrawFromShiftPayload" as ShiftSignUp {
        /// That they do not come.
        sign_up: ShiftSignUp,
    }
}

union! {
    /// The volunteer, signed up; or why they were not.
    pub enum SignUpForShiftResult {
        Payload(SignUpForShiftPayload),
        NotFound(NotFound),
        OverCapacity(OverCapacity),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The volunteer, withdrawn; or why they were not.
    pub enum WithdrawFromShiftResult {
        Payload(WithdrawFromShiftPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Somebody whom an agency brings to a shelter, both by their codes.
struct BroughtTo<'a> {
    agency: &'a str,
    shelter: &'a str,
}

impl Facts for BroughtTo<'_> {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(self.agency),
            Fact::Shelter => Some(self.shelter),
            _ => None,
        }
    }
}

/// What is said where a law of signing up is broken; none where it is another.
fn refused(law: &str) -> Option<SignUpForShiftResult> {
    let message = match law {
        "volunteer_shifts_within_places" => {
            return Some(
                OverCapacity::of("Every place of this shift is taken. Find another by `free`.").into(),
            );
        }
        "shift_sign_ups_to_come" => "This shift was cancelled or has ended.",
        "shift_sign_ups_of_active" => "This volunteer helps no more.",
        "shift_sign_ups_under_agreement" => {
            "No agreement of the agency that brings this volunteer lasts until the shift ends."
        }
        "shift_sign_ups_screened" => {
            "This shift is near minors: identity, criminal record and child safeguarding must be verified of who comes, until it ends."
        }
        "shift_sign_ups_no_overlap" => "This volunteer is signed up for a shift at that time already.",
        _ => return None,
    };
    Some(StateConflict::new(message).into())
}

/// Signs a volunteer up. The database holds who may come to what.
pub(super) async fn sign_up_for_shift(
    context: Context,
    input: SignUpForShift,
) -> Result<SignUpForShiftResult> {
    let mut transaction = begin!(&context, "coordination.signUpForShift", &input, SignUpForShiftResult);
    let done = sign_up(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn sign_up(
    context: &Context,
    transaction: &mut Transaction<'_, SignUpForShiftPayload>,
    input: &SignUpForShift,
) -> Result<std::result::Result<Done<SignUpForShiftPayload>, SignUpForShiftResult>> {
    let Some(shift) = shift_in(context, transaction.connection()?, input.shift.uuid()).await? else {
        return Ok(Err(NotFound::new("shift").into()));
    };
    let of_volunteer = input.volunteer.uuid();
    let Some(volunteer) = volunteer_in(context, transaction.connection()?, of_volunteer).await? else {
        return Ok(Err(NotFound::new("volunteer").into()));
    };
    let brought = BroughtTo { agency: &volunteer.agency, shelter: &shift.shelter };
    context.authorize_write(Class::Operational, RecordType::ShiftSignUp, &brought)?;
    let id = context.new_uuid()?;
    let row = (
        shift_sign_ups::id.eq(id),
        shift_sign_ups::shift_id.eq(input.shift),
        shift_sign_ups::volunteer_id.eq(input.volunteer),
        shift_sign_ups::signed_up_at.eq(context.now()),
        shift_sign_ups::user_id.eq(context.actor()?.user),
    );
    let signing = diesel::insert_into(shift_sign_ups::table).values(row);
    if let Err(error) = signing.execute(transaction.connection()?).await {
        return match constraint(&error).and_then(refused) {
            Some(problem) => Ok(Err(problem)),
            None => Err(error.into()),
        };
    }
    let sign_up = told(context, transaction, id, VolunteerShiftStep::SignedUp).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes: sign_up.1, payload: sign_up.0.into() }))
}

/// That somebody comes to a shift, as a step left it; and what the journal says of that step.
pub(super) async fn told<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Uuid,
    step: VolunteerShiftStep,
) -> Result<(ShiftSignUp, Vec<Part>)> {
    let gone = || Error::internal("a sign-up that was changed is not there");
    let sign_up = sign_up_in(context, transaction.connection()?, id).await?.ok_or_else(gone)?;
    let shift = shift_in(context, transaction.connection()?, sign_up.shift_id).await?.ok_or_else(gone)?;
    let change = VolunteerShiftChanged { step, shift, sign_ups: vec![sign_up.clone()] };
    Ok((sign_up, vec![Part::of(Class::Operational, None, &change)?]))
}

/// Withdraws a volunteer, who keeps their other shifts.
pub(super) async fn withdraw_from_shift(
    context: Context,
    input: WithdrawFromShift,
) -> Result<WithdrawFromShiftResult> {
    let mut transaction = begin!(&context, "coordination.withdrawFromShift", &input, WithdrawFromShiftResult);
    let done = withdraw(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn withdraw(
    context: &Context,
    transaction: &mut Transaction<'_, WithdrawFromShiftPayload>,
    input: &WithdrawFromShift,
) -> Result<std::result::Result<Done<WithdrawFromShiftPayload>, WithdrawFromShiftResult>> {
    let id = input.sign_up.uuid();
    let Some(before) = sign_up_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("signUp").into()));
    };
    context.authorize_write(Class::Operational, RecordType::ShiftSignUp, &before)?;
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return Ok(Err(problem.into()));
    }
    hold_shift(transaction.connection()?, before.shift_id).await?;
    let target = shift_sign_ups::table
        .filter(shift_sign_ups::id.eq(id))
        .filter(shift_sign_ups::version.eq(input.version));
    let withdrawing = diesel::update(target).set((
        shift_sign_ups::state.eq(SignUpState::Withdrawn),
        shift_sign_ups::settled_at.eq(context.now()),
        shift_sign_ups::settled_by.eq(context.actor()?.user),
        shift_sign_ups::cause.eq(WithdrawalCause::Asked),
        shift_sign_ups::reason.eq(&input.reason),
    ));
    match withdrawing.execute(transaction.connection()?).await {
        Ok(1) => {}
        Ok(_) => {
            let query = shift_sign_ups::table.find(id).select(shift_sign_ups::version);
            let current = query.first(transaction.connection()?).await?;
            return Ok(Err(VersionConflict::new(current).into()));
        }
        Err(error) if constraint(&error) == Some("shift_sign_ups_forward") => {
            let message = "They were withdrawn before, or it was said whether they came.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let (sign_up, changes) = told(context, transaction, id, VolunteerShiftStep::Withdrawn).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: sign_up.into() }))
}

/// Says in the journal who was withdrawn by a change at this time, each in an entry of their own before that of the change.
pub(super) async fn withdrawn<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    whose: Signed,
    (cause, at): (WithdrawalCause, DateTime<Utc>),
) -> Result<()> {
    for sign_up in sign_ups_in(transaction.connection()?, whose, (cause, at)).await? {
        let (_, changes) =
            told(context, transaction, sign_up.id.uuid(), VolunteerShiftStep::Withdrawn).await?;
        transaction.enter(context.now(), changes).await?;
    }
    Ok(())
}

/// Says in the journal whose volunteers were withdrawn since the agreement of their agency is to end at this time.
pub(crate) async fn withdrawn_with_agreement<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    agency: Uuid,
    ends_at: DateTime<Utc>,
) -> Result<()> {
    withdrawn(context, transaction, Signed::Agency(agency), (WithdrawalCause::AgreementEnded, ends_at)).await
}
