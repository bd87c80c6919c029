//! Reviewing a permit, granting it and refusing it: by the municipal directors' coordination.

use chrono::NaiveDate;

use enlace_policies::RecordType;

use super::step::{Step, go_on};
use super::{Permit, PermitState};
use crate::census::needs;
use crate::context::Context;
use crate::coordination::between::text_of;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

input! {
    /// A permit whose review begins.
    pub struct ReviewPermit {
        /// The permit; one that is asked for.
        pub permit: Id<Permit>,
        /// The version of the permit that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A permit that is given.
    pub struct GrantPermit {
        /// The permit; one under review.
        pub permit: Id<Permit>,
        /// Its number, 3 to 60 characters, unique in the programme.
        pub folio: String,
        /// The first day on which it holds; today, where it is left out.
        pub valid_from: Option<NaiveDate>,
        /// The last day on which it holds; where it is left out it does not expire.
        pub valid_until: Option<NaiveDate>,
        /// The version of the permit that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A permit that is not given.
    pub struct RefusePermit {
        /// The permit; one under review.
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
    /// A permit, under review.
    pub struct ReviewPermitPayload: "ReviewPermitPayload" as Permit {
        /// The permit as it is now.
        permit: Permit,
    }
}

payload! {
    /// A permit, granted.
    pub struct GrantPermitPayload: "GrantPermitPayload" as Permit {
        /// The permit as it is now.
        permit: Permit,
    }
}

payload! {
    /// A permit, refused.
    pub struct RefusePermitPayload: "RefusePermitPayload" as Permit {
        /// The permit as it is now.
        permit: Permit,
    }
}

union! {
    /// The permit, under review; or why it is not.
    pub enum ReviewPermitResult {
        Payload(ReviewPermitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The permit, granted; or why it was not.
    pub enum GrantPermitResult {
        Payload(GrantPermitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The permit, refused; or why that was not recorded.
    pub enum RefusePermitResult {
        Payload(RefusePermitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Begins the review of a permit.
pub(super) async fn review_permit(context: Context, input: ReviewPermit) -> Result<ReviewPermitResult> {
    let mut transaction = begin!(&context, "coordination.reviewPermit", &input, ReviewPermitResult);
    let step = Step { reviewed_on: Some(context.instant().day), ..Step::to(PermitState::UnderReview) };
    let seen = (input.permit, input.version);
    let done = go_on(&context, &mut transaction, seen, RecordType::PermitDecision, &step).await;
    transaction.conclude(done).await
}

/// Grants a permit. The database holds that whoever asked does not decide, and that a folio is given once.
pub(super) async fn grant_permit(context: Context, input: GrantPermit) -> Result<GrantPermitResult> {
    let mut transaction = begin!(&context, "coordination.grantPermit", &input, GrantPermitResult);
    let done = grant(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn grant(
    context: &Context,
    transaction: &mut Transaction<'_, GrantPermitPayload>,
    input: &GrantPermit,
) -> Result<std::result::Result<Done<GrantPermitPayload>, GrantPermitResult>> {
    ensure!(text_of("folio", &input.folio, (3, 60)));
    let today = context.instant().day;
    let valid_from = input.valid_from.unwrap_or(today);
    let holds = input.valid_until.is_none_or(|last| last >= valid_from);
    ensure!(needs(holds, "validUntil", "A permit holds for a day at least."));
    let step = Step {
        decided_on: Some(today),
        decided_by: Some(context.actor()?.user),
        folio: Some(input.folio.trim()),
        valid_from: Some(valid_from),
        valid_until: input.valid_until,
        ..Step::to(PermitState::Granted)
    };
    go_on(context, transaction, (input.permit, input.version), RecordType::PermitDecision, &step).await
}

/// Refuses a permit.
pub(super) async fn refuse_permit(context: Context, input: RefusePermit) -> Result<RefusePermitResult> {
    let mut transaction = begin!(&context, "coordination.refusePermit", &input, RefusePermitResult);
    let done = refuse(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn refuse(
    context: &Context,
    transaction: &mut Transaction<'_, RefusePermitPayload>,
    input: &RefusePermit,
) -> Result<std::result::Result<Done<RefusePermitPayload>, RefusePermitResult>> {
    ensure!(text_of("reason", &input.reason, (3, 500)));
    let step = Step {
        decided_on: Some(context.instant().day),
        decided_by: Some(context.actor()?.user),
        reason: Some(input.reason.trim()),
        ..Step::to(PermitState::Refused)
    };
    go_on(context, transaction, (input.permit, input.version), RecordType::PermitDecision, &step).await
}
