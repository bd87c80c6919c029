//! Approving or refusing a visit of the press, and saying that it was done or is not to be after all.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::visit_in;
use super::{PressCondition, PressVisit, PressVisitChanged, PressVisitState, without_names};
use crate::agencies::Agency;
use crate::context::Context;
use crate::coordination::tables::press_visits;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure, refuse_text,
};
use crate::scalars::Id;

/// What always holds.
const ALWAYS: [PressCondition; 2] = [PressCondition::FacesOfMinorsHidden, PressCondition::NamesWithheld];

input! {
    /// A visit of the press that is to be.
    pub struct ApprovePressVisit {
        /// The visit; one that another user proposed and nobody has decided.
        pub press_visit: Id<PressVisit>,
        /// What the visitors must keep to, beside what always holds: no face of a minor, and no name of anyone in care.
        pub conditions: Option<Vec<PressCondition>>,
        /// The agency that goes with them.
        pub escort: Id<Agency>,
        /// The version of the visit that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A visit of the press that is not to be, and why.
    pub struct RefusePressVisit {
        /// The visit.
        pub press_visit: Id<PressVisit>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub reason: String,
        /// The version of the visit that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A visit of the press that was.
    pub struct ClosePressVisit {
        /// The visit; an approved one that has begun.
        pub press_visit: Id<PressVisit>,
        /// The version of the visit that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A visit of the press, approved.
    pub struct ApprovePressVisitPayload: "ApprovePressVisitPayload" as PressVisit {
        /// The visit as it is now.
        visit: PressVisit,
    }
}

payload! {
    /// A visit of the press, refused.
    pub struct RefusePressVisitPayload: "RefusePressVisitPayload" as PressVisit {
        /// The visit as it is now.
        visit: PressVisit,
    }
}

payload! {
    /// A visit of the press, done.
    pub struct ClosePressVisitPayload: "ClosePressVisitPayload" as PressVisit {
        /// The visit as it is now.
        visit: PressVisit,
    }
}

payload! {
    /// A visit of the press, cancelled.
    pub struct CancelPressVisitPayload: "CancelPressVisitPayload" as PressVisit {
        /// The visit as it is now.
        visit: PressVisit,
    }
}

union! {
    /// The visit, approved; or why it was not.
    pub enum ApprovePressVisitResult {
        Payload(ApprovePressVisitPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The visit, refused; or why it was not.
    pub enum RefusePressVisitResult {
        Payload(RefusePressVisitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The visit, done; or why that was not recorded.
    pub enum ClosePressVisitResult {
        Payload(ClosePressVisitPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The visit, cancelled; or why it was not.
    pub enum CancelPressVisitResult {
        Payload(CancelPressVisitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// What becomes of a visit; what is none stays as it is.
#[derive(AsChangeset)]
#[diesel(table_name = press_visits)]
struct Step<'i> {
    state: PressVisitState,
    conditions: Option<Vec<PressCondition>>,
    escort_id: Option<Uuid>,
    reason: Option<&'i str>,
    decided_at: Option<DateTime<Utc>>,
    decided_by: Option<Uuid>,
    closed_at: Option<DateTime<Utc>>,
    closed_by: Option<Uuid>,
}

impl Step<'_> {
    /// That somebody decided, now.
    fn decided(context: &Context, state: PressVisitState) -> Result<Self> {
        let (at, by) = (Some(context.now()), Some(context.actor()?.user));
        Ok(Self { decided_at: at, decided_by: by, closed_at: None, closed_by: None, ..Self::to(state) })
    }

    /// That it is over, now.
    fn closed(context: &Context, state: PressVisitState) -> Result<Self> {
        let (at, by) = (Some(context.now()), Some(context.actor()?.user));
        Ok(Self { closed_at: at, closed_by: by, ..Self::to(state) })
    }

    fn to(state: PressVisitState) -> Self {
        Self {
            state,
            conditions: None,
            escort_id: None,
            reason: None,
            decided_at: None,
            decided_by: None,
            closed_at: None,
            closed_by: None,
        }
    }
}

/// Has a visit go on, under the version that was seen of it; or says why it does not.
async fn go_on<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (visit, version): (Id<PressVisit>, i32),
    step: &Step<'_>,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: From<PressVisit> + Serialize + DeserializeOwned,
    R: From<StateConflict> + From<VersionConflict>,
{
    let target =
        press_visits::table.filter(press_visits::id.eq(visit)).filter(press_visits::version.eq(version));
    let written = match diesel::update(target).set(step).execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) => {
            let message = match constraint(&error) {
                Some("press_visits_forward") => {
                    "Visits are proposed, decided, and then done or cancelled. Read it again."
                }
                Some("press_visits_two_hands") => "Whoever proposed a visit does not decide on it.",
                Some("press_visits_no_overlap") => "Another visit is in that shelter at that time.",
                Some("press_visits_done") => "This visit has not begun.",
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
    };
    let visit = visit_in(context, transaction.connection()?, visit.uuid()).await?;
    let visit = visit.ok_or_else(|| Error::internal("a visit that was changed is not there"))?;
    if written == 0 {
        return Ok(Err(VersionConflict::new(visit.version).into()));
    }
    let change = PressVisitChanged { visit: without_names(&visit) };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: visit.into() }))
}

/// A visit that the caller may change, as a record of this type: whoever keeps the shelter decides, and whoever may propose it says the rest.
async fn found<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Id<PressVisit>,
    judged_as: RecordType,
) -> Result<std::result::Result<(), NotFound>> {
    let Some(visit) = visit_in(context, transaction.connection()?, id.uuid()).await? else {
        return Ok(Err(NotFound::new("pressVisit")));
    };
    context.authorize_write(Class::Operational, judged_as, &visit)?;
    Ok(Ok(()))
}

/// Approves a visit.
pub(super) async fn approve_press_visit(
    context: Context,
    input: ApprovePressVisit,
) -> Result<ApprovePressVisitResult> {
    let mut transaction = begin!(&context, "coordination.approvePressVisit", &input, ApprovePressVisitResult);
    let done = approve(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn approve(
    context: &Context,
    transaction: &mut Transaction<'_, ApprovePressVisitPayload>,
    input: &ApprovePressVisit,
) -> Result<std::result::Result<Done<ApprovePressVisitPayload>, ApprovePressVisitResult>> {
    ensure!(found(context, transaction, input.press_visit, RecordType::Shelter).await?);
    if context.agency_code(input.escort.uuid()).is_empty() {
        return Ok(Err(NotFound::new("escort").into()));
    }
    let more = input.conditions.iter().flatten().copied();
    let conditions: BTreeSet<PressCondition> = ALWAYS.into_iter().chain(more).collect();
    let step = Step {
        conditions: Some(conditions.into_iter().collect()),
        escort_id: Some(input.escort.uuid()),
        ..Step::decided(context, PressVisitState::Approved)?
    };
    go_on(context, transaction, (input.press_visit, input.version), &step).await
}

/// Refuses a visit.
pub(super) async fn refuse_press_visit(
    context: Context,
    input: RefusePressVisit,
) -> Result<RefusePressVisitResult> {
    let mut transaction = begin!(&context, "coordination.refusePressVisit", &input, RefusePressVisitResult);
    let done = refuse(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn refuse(
    context: &Context,
    transaction: &mut Transaction<'_, RefusePressVisitPayload>,
    input: &RefusePressVisit,
) -> Result<std::result::Result<Done<RefusePressVisitPayload>, RefusePressVisitResult>> {
    ensure!(found(context, transaction, input.press_visit, RecordType::Shelter).await?);
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return Ok(Err(problem.into()));
    }
    let reason = Some(input.reason.as_str());
    let step = Step { reason, ..Step::decided(context, PressVisitState::Refused)? };
    go_on(context, transaction, (input.press_visit, input.version), &step).await
}

/// Says that a visit was.
pub(super) async fn close_press_visit(
    context: Context,
    input: ClosePressVisit,
) -> Result<ClosePressVisitResult> {
    let mut transaction = begin!(&context, "coordination.closePressVisit", &input, ClosePressVisitResult);
    let done = close(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn close(
    context: &Context,
    transaction: &mut Transaction<'_, ClosePressVisitPayload>,
    input: &ClosePressVisit,
) -> Result<std::result::Result<Done<ClosePressVisitPayload>, ClosePressVisitResult>> {
    ensure!(found(context, transaction, input.press_visit, RecordType::PressVisit).await?);
    let step = Step::closed(context, PressVisitState::Done)?;
    go_on(context, transaction, (input.press_visit, input.version), &step).await
}

/// Cancels a visit, before it is decided or after.
pub(super) async fn cancel_press_visit(
    context: Context,
    input: RefusePressVisit,
) -> Result<CancelPressVisitResult> {
    let mut transaction = begin!(&context, "coordination.cancelPressVisit", &input, CancelPressVisitResult);
    let done = cancel(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn cancel(
    context: &Context,
    transaction: &mut Transaction<'_, CancelPressVisitPayload>,
    input: &RefusePressVisit,
) -> Result<std::result::Result<Done<CancelPressVisitPayload>, CancelPressVisitResult>> {
    ensure!(found(context, transaction, input.press_visit, RecordType::PressVisit).await?);
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return Ok(Err(problem.into()));
    }
    let reason = Some(input.reason.as_str());
    let step = Step { reason, ..Step::closed(context, PressVisitState::Cancelled)? };
    go_on(context, transaction, (input.press_visit, input.version), &step).await
}
