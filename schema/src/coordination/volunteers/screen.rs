//! Recording what is verified of a volunteer, and revoking it.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::{Signed, screening_in, volunteer_in};
use super::sign_up::withdrawn;
use super::{Screening, ScreeningKind, ScreeningSet, Volunteer, WithdrawalCause};
use crate::census::needs;
use crate::context::Context;
use crate::coordination::tables::screenings;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure, refuse_text,
};
use crate::scalars::Id;

input! {
    /// Something that was verified of a volunteer.
    pub struct RecordScreening {
        /// The volunteer.
        pub volunteer: Id<Volunteer>,
        /// What was verified. What stands of the kind is superseded.
        pub kind: ScreeningKind,
        /// Where the evidence is kept: a reference of the verifier's own, 3 to 200 characters.
        pub evidence: String,
        /// The day on which it was verified; today, where it is left out.
        pub verified_on: Option<NaiveDate>,
        /// The last day on which it counts; within three years.
        pub valid_until: NaiveDate,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A screening that counts no more.
    pub struct RevokeScreening {
        /// The screening; one that stands.
        pub screening: Id<Screening>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub reason: String,
        /// The version of the screening that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A screening, recorded.
    pub struct RecordScreeningPayload: "RecordScreeningPayload" as Screening {
        /// The screening.
        screening: Screening,
    }
}

payload! {
    /// A screening, revoked.
    pub struct RevokeScreeningPayload: "RevokeScreeningPayload" as Screening {
        /// The screening as it is now.
        screening: Screening,
    }
}

union! {
    /// The screening, recorded; or why it was not.
    pub enum RecordScreeningResult {
        Payload(RecordScreeningPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The screening, revoked; or why it was not.
    pub enum RevokeScreeningResult {
        Payload(RevokeScreeningPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// What the journal says of a screening.
fn set(screening: &Screening) -> Result<Vec<Part>> {
    let change = ScreeningSet { volunteer: screening.volunteer_id, screening: screening.clone() };
    Ok(vec![Part::of(Class::Counterparty, None, &change)?])
}

/// Records what was verified. The database supersedes what stands of the kind, and withdraws from what is to come whoever may not come any
/// more by it.
pub(super) async fn record_screening(
    context: Context,
    input: RecordScreening,
) -> Result<RecordScreeningResult> {
    let mut transaction = begin!(&context, "coordination.recordScreening", &input, RecordScreeningResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordScreeningPayload>,
    input: &RecordScreening,
) -> Result<std::result::Result<Done<RecordScreeningPayload>, RecordScreeningResult>> {
    let id = input.volunteer.uuid();
    let Some(volunteer) = volunteer_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("volunteer").into()));
    };
    context.authorize_write(Class::Counterparty, RecordType::Screening, &volunteer)?;
    let fits = (3..=200).contains(&input.evidence.chars().count());
    ensure!(needs(fits, "evidence", "Where the evidence is kept is said in 3 to 200 characters."));
    let (today, now) = (context.instant().day, context.now());
    let verified_on = input.verified_on.unwrap_or(today);
    ensure!(needs(verified_on <= today, "verifiedOn", "This cannot be of a day to come."));
    let (actor, screening) = (context.actor()?, context.new_uuid()?);
    let row = (
        screenings::id.eq(screening),
        screenings::volunteer_id.eq(id),
        screenings::kind.eq(input.kind),
        screenings::evidence.eq(&input.evidence),
        screenings::verified_on.eq(verified_on),
        screenings::valid_until.eq(input.valid_until),
        screenings::verifier_id.eq(actor.agency),
        screenings::recorded_at.eq(now),
        screenings::user_id.eq(actor.user),
    );
    let recording = diesel::insert_into(screenings::table).values(row);
    if let Err(error) = recording.execute(transaction.connection()?).await {
        let refused = match constraint(&error) {
            Some("screenings_period") => {
                InvalidValue::new("validUntil", "It counts from the day of it on, for three years at most.")
                    .into()
            }
            Some("screenings_verified_by_another") => {
                StateConflict::new("Whoever brings a volunteer does not verify them.").into()
            }
            _ => return Err(error.into()),
        };
        return Ok(Err(refused));
    }
    withdrawn(context, transaction, Signed::Volunteer(id), (WithdrawalCause::Screening, now)).await?;
    let screening = screening_in(context, transaction.connection()?, screening).await?;
    let screening = screening.ok_or_else(|| Error::internal("a screening that was recorded is not there"))?;
    Ok(Ok(Done { occurred_at: now, changes: set(&screening)?, payload: screening.into() }))
}

/// Revokes a screening. The database withdraws from what is to come whoever may not come any more by it, in the same transaction.
pub(super) async fn revoke_screening(
    context: Context,
    input: RevokeScreening,
) -> Result<RevokeScreeningResult> {
    let mut transaction = begin!(&context, "coordination.revokeScreening", &input, RevokeScreeningResult);
    let done = revoke(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn revoke(
    context: &Context,
    transaction: &mut Transaction<'_, RevokeScreeningPayload>,
    input: &RevokeScreening,
) -> Result<std::result::Result<Done<RevokeScreeningPayload>, RevokeScreeningResult>> {
    let id = input.screening.uuid();
    let Some(before) = screening_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("screening").into()));
    };
    context.authorize_write(Class::Counterparty, RecordType::Screening, &before)?;
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return Ok(Err(problem.into()));
    }
    let now = context.now();
    let target =
        screenings::table.filter(screenings::id.eq(id)).filter(screenings::version.eq(input.version));
    let revoking = diesel::update(target).set((
        screenings::revoked_at.eq(now),
        screenings::revoked_by.eq(context.actor()?.user),
        screenings::reason.eq(&input.reason),
    ));
    let written = match revoking.execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) if constraint(&error) == Some("screenings_settled") => {
            let message = "This screening was superseded or revoked before. Read those of the volunteer.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    };
    let screening = screening_in(context, transaction.connection()?, id).await?;
    let screening = screening.ok_or_else(|| Error::internal("a screening that was revoked is not there"))?;
    if written == 0 {
        return Ok(Err(VersionConflict::new(screening.version).into()));
    }
    let whose = Signed::Volunteer(screening.volunteer_id);
    withdrawn(context, transaction, whose, (WithdrawalCause::Screening, now)).await?;
    Ok(Ok(Done { occurred_at: now, changes: set(&screening)?, payload: screening.into() }))
}
