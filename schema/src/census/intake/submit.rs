//! Handing on what was taken down.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::{intake_in, sealed_in};
use super::tables::intakes;
use super::{ENDED, Intake, IntakeState, VACCINATIONS, Vaccinations, WORK, changed, of_an_intake};
use crate::census::{MERGED, erased, held, needs};
use crate::context::Context;
use crate::employment::{WorkHistory, hand_on_work};
use crate::error::Result;
use crate::graph::{input, union};
use crate::health::hand_on_vaccinations;
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

input! {
    /// An intake that is handed on.
    pub struct SubmitIntake {
        /// The intake.
        pub intake: Id<Intake>,
        /// The version of the intake that the caller saw.
        pub version: i32,
        /// When it was finished; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

of_an_intake! {
    /// An intake, handed on.
    SubmitIntakePayload "SubmitIntakePayload"
}

union! {
    /// The intake, handed on; or why it was not.
    pub enum SubmitIntakeResult {
        Payload(SubmitIntakePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

pub(super) async fn submit_intake(context: Context, input: SubmitIntake) -> Result<SubmitIntakeResult> {
    context.personal_scope(Class::Family, RecordType::Intake)?;
    let mut transaction = begin!(&context, "census.submitIntake", &input, SubmitIntakeResult);
    let done = submit(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn submit(
    context: &Context,
    transaction: &mut Transaction<'_, SubmitIntakePayload>,
    input: &SubmitIntake,
) -> Result<std::result::Result<Done<SubmitIntakePayload>, SubmitIntakeResult>> {
    let id = input.intake.uuid();
    let Some(found) = intake_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("intake").into()));
    };
    let person = found.person_id;
    // People are held before what is theirs.
    let Some(held) = held(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("intake").into()));
    };
    let Some(intake) = intake_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("intake").into()));
    };
    if intake.state != IntakeState::Open {
        return Ok(Err(StateConflict::new(ENDED).into()));
    }
    context.authorize_write(Class::Identity, RecordType::Person, &held.judged)?;
    for class in [Class::Family, Class::Health, Class::Employment] {
        context.authorize_write(class, RecordType::Intake, &intake)?;
    }
    if intake.version != input.version {
        return Ok(Err(VersionConflict::new(intake.version).into()));
    }
    if held.merged_into.is_some() {
        return Ok(Err(StateConflict::new(MERGED).into()));
    }
    let ended_at = input.occurred_at.unwrap_or_else(|| context.now());
    let message = "It is finished now or earlier, and after what was said last.";
    ensure!(needs((intake.said_at..=context.now()).contains(&ended_at), "occurredAt", message));
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(erased().into()));
    }
    let connection = transaction.connection()?;
    let mut changes = vec![changed(person, (id, IntakeState::Submitted, intake.version.saturating_add(1)))?];
    let (vaccinations, work) = sealed_in(connection, id).await?;
    if let Some(sealed) = vaccinations {
        let declared = keys.open::<Vaccinations>(person, VACCINATIONS, &sealed)?.unwrap_or_default();
        changes.extend(hand_on_vaccinations(context, connection, &keys, (person, &declared)).await?);
    }
    let work = work.map(|sealed| keys.open::<WorkHistory>(person, WORK, &sealed)).transpose()?.flatten();
    if let Some(work) = work {
        changes.extend(hand_on_work(context, connection, &keys, (person, work, intake.said_at)).await?);
    }
    let row = (intakes::state.eq(IntakeState::Submitted), intakes::ended_at.eq(ended_at));
    diesel::update(intakes::table.find(id)).set(row).execute(connection).await?;
    let payload = SubmitIntakePayload { intake_id: id, judged: held.judged, taker: None };
    Ok(Ok(Done { occurred_at: ended_at, changes, payload }))
}
