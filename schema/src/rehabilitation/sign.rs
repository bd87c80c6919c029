//! Signing the return of a centre, for the programme and for the lender; and withdrawing one that does not hold.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::return_in;
use super::tables::centre_returns;
use super::{CentreReturn, ReturnChanged};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

input! {
    /// A return of a centre that is signed.
    pub struct SignCentreReturn {
        /// The act; one that your side has not signed yet.
        pub act: Id<CentreReturn>,
        /// The version of the act that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A return of a centre that does not hold.
    pub struct WithdrawCentreReturn {
        /// The act; one that not both have signed.
        pub act: Id<CentreReturn>,
        /// The version of the act that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A return, signed.
    pub struct SignCentreReturnPayload: "SignCentreReturnPayload" as Centre {
        /// The act as it is now.
        act: CentreReturn,
    }
}

payload! {
    /// A return, withdrawn.
    pub struct WithdrawCentreReturnPayload: "WithdrawCentreReturnPayload" as Centre {
        /// The act as it is now.
        act: CentreReturn,
    }
}

union! {
    /// The return, signed; or why it was not.
    pub enum SignCentreReturnResult {
        Payload(SignCentreReturnPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The return, withdrawn; or why it was not.
    pub enum WithdrawCentreReturnResult {
        Payload(WithdrawCentreReturnPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// What becomes of an act; what is none stays as it is.
#[derive(AsChangeset, Default)]
#[diesel(table_name = centre_returns)]
struct Step {
    programme_signed_at: Option<DateTime<Utc>>,
    programme_signed_by: Option<Uuid>,
    lender_signed_at: Option<DateTime<Utc>>,
    lender_signed_by: Option<Uuid>,
    returned_on: Option<NaiveDate>,
    withdrawn_at: Option<DateTime<Utc>>,
}

/// An act that the caller may change.
async fn found<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Id<CentreReturn>,
) -> Result<std::result::Result<CentreReturn, NotFound>> {
    let Some(act) = return_in(context, transaction.connection()?, id.uuid()).await? else {
        return Ok(Err(NotFound::new("act")));
    };
    context.authorize_write(Class::Operational, RecordType::Centre, &act)?;
    Ok(Ok(act))
}

/// Changes an act, under the version that was seen of it; or says why not.
async fn change<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (act, version): (Id<CentreReturn>, i32),
    step: &Step,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: From<CentreReturn> + Serialize + DeserializeOwned,
    R: From<StateConflict> + From<VersionConflict>,
{
    let target =
        centre_returns::table.filter(centre_returns::id.eq(act)).filter(centre_returns::version.eq(version));
    let written = match diesel::update(target).set(step).execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) => {
            let message = match constraint(&error) {
                Some("centre_returns_empty") => "A shelter is open in this centre. Close it first.",
                Some("centre_returns_works_done") => {
                    "Works on this centre are planned or begun. Finish or cancel them first."
                }
                Some("centre_returns_stand" | "centre_returns_withdrawn") => {
                    "This was signed by both, or withdrawn, or your side signed it already."
                }
                Some("centre_returns_two_hands") => "Both sides sign, by two users.",
                Some("centre_loans_no_overlap") => {
                    "The centre is lent again during that time. Read its loans."
                }
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
    };
    let act = return_in(context, transaction.connection()?, act.uuid()).await?;
    let act = act.ok_or_else(|| Error::internal("a return that was changed is not there"))?;
    if written == 0 {
        return Ok(Err(VersionConflict::new(act.version).into()));
    }
    let change = ReturnChanged { act, lines: Vec::new() };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.act.into() }))
}

/// Signs a return: for the lender, where the caller is of its agency, else for the programme. The database holds that the centre is empty
/// and its works done when the second signs, and ends the loan.
pub(super) async fn sign_centre_return(
    context: Context,
    input: SignCentreReturn,
) -> Result<SignCentreReturnResult> {
    let mut transaction = begin!(&context, "rehabilitation.signCentreReturn", &input, SignCentreReturnResult);
    let done = sign(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn sign(
    context: &Context,
    transaction: &mut Transaction<'_, SignCentreReturnPayload>,
    input: &SignCentreReturn,
) -> Result<std::result::Result<Done<SignCentreReturnPayload>, SignCentreReturnResult>> {
    let act = ensure!(found(context, transaction, input.act).await?);
    let (actor, now) = (context.actor()?, context.now());
    let (signed_at, signed_by) = (Some(now), Some(actor.user));
    let is_lender = actor.principal.agency == act.lender;
    let other = if is_lender { act.programme_signed_at } else { act.lender_signed_at };
    let returned_on = other.map(|_| context.day_of(now));
    let step = if is_lender {
        Step { lender_signed_at: signed_at, lender_signed_by: signed_by, returned_on, ..Step::default() }
    } else {
        Step {
            programme_signed_at: signed_at,
            programme_signed_by: signed_by,
            returned_on,
            ..Step::default()
        }
    };
    change(context, transaction, (input.act, input.version), &step).await
}

/// Withdraws a return.
pub(super) async fn withdraw_centre_return(
    context: Context,
    input: WithdrawCentreReturn,
) -> Result<WithdrawCentreReturnResult> {
    let mut transaction =
        begin!(&context, "rehabilitation.withdrawCentreReturn", &input, WithdrawCentreReturnResult);
    let done = withdraw(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn withdraw(
    context: &Context,
    transaction: &mut Transaction<'_, WithdrawCentreReturnPayload>,
    input: &WithdrawCentreReturn,
) -> Result<std::result::Result<Done<WithdrawCentreReturnPayload>, WithdrawCentreReturnResult>> {
    ensure!(found(context, transaction, input.act).await?);
    let step = Step { withdrawn_at: Some(context.now()), ..Step::default() };
    change(context, transaction, (input.act, input.version), &step).await
}
