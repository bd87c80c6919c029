//! Confirming that people left, and taking that back where it was an error.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::plan::NOT_PLANNED;
use super::settle::{
    ConfirmDeparturePayload, ReverseDeparturePayload, Seen, Settled, changeable, done, settle,
};
use super::{Departure, DepartureState};
use crate::census::needs;
use crate::context::Context;
use crate::coordination::{CustodyWithdrawal, end_cases, end_custody_transfers, end_tasks};
use crate::education::end_enrolments;
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Transaction, begin};
use crate::lodging::leave_beds;
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;

input! {
    /// People who left.
    pub struct ConfirmDeparture {
        /// Their departures, of one party; planned ones.
        pub departures: Vec<Id<Departure>>,
        /// The version that the caller saw of each, in the same order.
        pub versions: Vec<i32>,
        /// When they left; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// Departures that were confirmed in error.
    pub struct ReverseDeparture {
        /// The departures, of one party; confirmed ones.
        pub departures: Vec<Id<Departure>>,
        /// The version that the caller saw of each, in the same order.
        pub versions: Vec<i32>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub reason: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The departures, confirmed; or why they were not.
    pub enum ConfirmDepartureResult {
        Payload(ConfirmDeparturePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The departures, reversed; or why they were not.
    pub enum ReverseDepartureResult {
        Payload(ReverseDeparturePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Confirms departures: all of them, with everything that they end, or nothing.
pub(super) async fn confirm_departure(
    context: Context,
    input: ConfirmDeparture,
) -> Result<ConfirmDepartureResult> {
    context.personal_scope(Class::Identity, RecordType::Person)?;
    let mut transaction = begin!(&context, "departures.confirmDeparture", &input, ConfirmDepartureResult);
    let done = confirm(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn confirm(
    context: &Context,
    transaction: &mut Transaction<'_, ConfirmDeparturePayload>,
    input: &ConfirmDeparture,
) -> Result<std::result::Result<Done<ConfirmDeparturePayload>, ConfirmDepartureResult>> {
    let departed_at = input.occurred_at.unwrap_or_else(|| context.now());
    if let Err(problem) = needs(departed_at <= context.now(), "occurredAt", "Nobody left in the future.") {
        return Ok(Err(problem.into()));
    }
    let of = (DepartureState::Planned, NOT_PLANNED);
    let found = match changeable(
        context,
        transaction,
        Seen { departures: &input.departures, versions: &input.versions },
        of,
    )
    .await?
    {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    for departure in &found {
        context.authorize_write(Class::Placement, RecordType::Person, departure)?;
    }
    let people: Vec<Uuid> = found.iter().map(|departure| departure.person_id).collect();
    let left = match leave_beds(context, transaction, &people, departed_at).await? {
        Ok(left) => left,
        Err(refused) => return Ok(Err(refused)),
    };
    let settled = Settled { state: DepartureState::Confirmed, departed_at: Some(departed_at), reason: None };
    let mut changes = match settle(context, transaction, &found, &settled).await? {
        Ok(changes) => changes,
        Err(refused) => return Ok(Err(refused)),
    };
    changes.extend(end_cases(context, transaction.connection()?, &people).await?);
    changes.extend(end_tasks(context, transaction.connection()?, &people).await?);
    let connection = transaction.connection()?;
    changes.extend(end_custody_transfers(context, connection, &people, CustodyWithdrawal::Departed).await?);
    let day = context.day_of(departed_at);
    changes.extend(end_enrolments(context, transaction.connection()?, &people, day).await?);
    changes.extend(left);
    done(&found, departed_at, changes, ConfirmDeparturePayload::new)
}

/// Reverses departures: the people are here, and were all along. Their beds may be others' by now, so that they are checked in anew; the
/// cases and transfers of custody that ended stay ended.
pub(super) async fn reverse_departure(
    context: Context,
    input: ReverseDeparture,
) -> Result<ReverseDepartureResult> {
    context.personal_scope(Class::Identity, RecordType::Person)?;
    let mut transaction = begin!(&context, "departures.reverseDeparture", &input, ReverseDepartureResult);
    let done = reverse(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn reverse(
    context: &Context,
    transaction: &mut Transaction<'_, ReverseDeparturePayload>,
    input: &ReverseDeparture,
) -> Result<std::result::Result<Done<ReverseDeparturePayload>, ReverseDepartureResult>> {
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return Ok(Err(problem.into()));
    }
    let of =
        (DepartureState::Confirmed, "One of these departures is not confirmed, or was reversed already.");
    let found = match changeable(
        context,
        transaction,
        Seen { departures: &input.departures, versions: &input.versions },
        of,
    )
    .await?
    {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let settled = Settled { state: DepartureState::Reversed, departed_at: None, reason: Some(&input.reason) };
    match settle(context, transaction, &found, &settled).await? {
        Ok(changes) => done(&found, context.now(), changes, ReverseDeparturePayload::new),
        Err(refused) => Ok(Err(refused)),
    }
}
