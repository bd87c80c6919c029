//! Correcting what an inspection found: the work is begun, done, and verified by the agency that found it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;

use enlace_policies::{Class, RecordType};

use super::load::findings_in;
use super::tables::inspection_findings;
use super::{FindingChanged, FindingState, InspectionFinding};
use crate::agencies::Agency;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Begun, Done, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;

input! {
    /// Work on a finding, which begins.
    pub struct BeginCorrection {
        /// The finding; an open one.
        pub finding: Id<InspectionFinding>,
        /// The version of the finding that the caller saw.
        pub version: i32,
        /// The agency that does the work; the caller's own, where it is left out.
        pub agency: Option<Id<Agency>>,
        /// More about it, 3 to 500 characters; no name of anyone.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// Work on a finding, which is done or verified.
    pub struct FinishCorrection {
        /// The finding: one on which work has begun, or, to verify it, one that is said to be corrected.
        pub finding: Id<InspectionFinding>,
        /// The version of the finding that the caller saw.
        pub version: i32,
        /// More about it, 3 to 500 characters; no name of anyone.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// Work, begun.
    pub struct BeginCorrectionPayload: "BeginCorrectionPayload" as Inspection {
        /// The finding as it is now.
        finding: InspectionFinding,
    }
}

payload! {
    /// Work, done.
    pub struct FinishCorrectionPayload: "FinishCorrectionPayload" as Inspection {
        /// The finding as it is now.
        finding: InspectionFinding,
    }
}

payload! {
    /// Work, verified.
    pub struct VerifyCorrectionPayload: "VerifyCorrectionPayload" as Inspection {
        /// The finding as it is now.
        finding: InspectionFinding,
    }
}

union! {
    /// The work, begun; or why it was not.
    pub enum BeginCorrectionResult {
        Payload(BeginCorrectionPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The work, done; or why that was not recorded.
    pub enum FinishCorrectionResult {
        Payload(FinishCorrectionPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The work, verified; or why it was not.
    pub enum VerifyCorrectionResult {
        Payload(VerifyCorrectionPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// A step that the work takes.
struct Step<'a> {
    finding: Id<InspectionFinding>,
    version: i32,
    note: Option<&'a str>,
    /// Where the work must stand, and as what the caller must be able to write it.
    from: FindingState,
    judged_as: RecordType,
}

/// Begins the work on a finding.
pub(super) async fn begin_correction(
    context: Context,
    input: BeginCorrection,
) -> Result<BeginCorrectionResult> {
    let mut transaction = begin!(&context, "inspections.beginCorrection", &input, BeginCorrectionResult);
    let agency =
        input.agency.map_or_else(|| context.actor().map(|actor| actor.agency), |id| Ok(id.uuid()))?;
    if context.agency_code(agency).is_empty() {
        return transaction.refuse(NotFound::new("agency")).await;
    }
    let step = Step {
        finding: input.finding,
        version: input.version,
        note: input.note.as_deref(),
        from: FindingState::Open,
        judged_as: RecordType::CorrectiveWork,
    };
    let done = take(&context, &mut transaction, step, Some(agency)).await;
    transaction.conclude(done).await
}

/// Says that the work on a finding is done.
pub(super) async fn finish_correction(
    context: Context,
    input: FinishCorrection,
) -> Result<FinishCorrectionResult> {
    finish::<FinishCorrectionPayload, _>(context, "inspections.finishCorrection", input, FindingState::Begun)
        .await
}

/// Says that the agency that found it saw it corrected.
pub(super) async fn verify_correction(
    context: Context,
    input: FinishCorrection,
) -> Result<VerifyCorrectionResult> {
    finish::<VerifyCorrectionPayload, _>(context, "inspections.verifyCorrection", input, FindingState::Done)
        .await
}

async fn finish<P, R>(
    context: Context,
    operation: &'static str,
    input: FinishCorrection,
    from: FindingState,
) -> Result<R>
where
    P: Serialize + DeserializeOwned + From<InspectionFinding>,
    R: From<P>
        + From<NotFound>
        + From<InvalidValue>
        + From<StateConflict>
        + From<VersionConflict>
        + From<IdempotencyConflict>,
{
    let key = input.idempotency_key.clone();
    let mut transaction = match Transaction::<P>::begin(&context, operation, &key, &input).await? {
        Begun::Fresh(transaction) => transaction,
        Begun::Repeated(payload) => return Ok(payload.into()),
        Begun::Conflict => return Ok(IdempotencyConflict::new().into()),
    };
    let judged_as =
        if from == FindingState::Done { RecordType::Inspection } else { RecordType::CorrectiveWork };
    let (finding, version, note) = (input.finding, input.version, input.note.as_deref());
    let step = Step { finding, version, note, from, judged_as };
    let done = take(&context, &mut transaction, step, None).await;
    transaction.conclude(done).await
}

async fn take<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    step: Step<'_>,
    worker: Option<uuid::Uuid>,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: Serialize + DeserializeOwned + From<InspectionFinding>,
    R: From<NotFound> + From<InvalidValue> + From<StateConflict> + From<VersionConflict>,
{
    let of_it = (None, Some(step.finding.uuid()));
    let Some(finding) = findings_in(context, transaction.connection()?, of_it).await?.pop() else {
        return Ok(Err(NotFound::new("finding").into()));
    };
    context.authorize_write(Class::Operational, step.judged_as, &finding)?;
    if let Some(problem) = refuse_text("note", step.note) {
        return Ok(Err(problem.into()));
    }
    if finding.version != step.version {
        return Ok(Err(VersionConflict::new(finding.version).into()));
    }
    if finding.state != step.from {
        let message = "Work is begun, done and verified, one after the other. Read where it stands.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    let (now, user): (DateTime<Utc>, _) = (context.now(), context.actor()?.user);
    let of_version =
        inspection_findings::table.find(finding.id).filter(inspection_findings::version.eq(step.version));
    let note = inspection_findings::note.eq(step.note);
    let state = |state: FindingState| inspection_findings::state.eq(state);
    let connection = transaction.connection()?;
    let written = match step.from {
        FindingState::Open => {
            let row = (
                state(FindingState::Begun),
                note,
                inspection_findings::worker_id.eq(worker),
                inspection_findings::begun_at.eq(now),
            );
            diesel::update(of_version).set(row).execute(connection).await
        }
        FindingState::Begun => {
            let row = (
                state(FindingState::Done),
                note,
                inspection_findings::done_at.eq(now),
                inspection_findings::done_by.eq(user),
            );
            diesel::update(of_version).set(row).execute(connection).await
        }
        FindingState::Done | FindingState::Verified => {
            let row = (
                state(FindingState::Verified),
                note,
                inspection_findings::verified_at.eq(now),
                inspection_findings::verified_by.eq(user),
            );
            diesel::update(of_version).set(row).execute(connection).await
        }
    };
    match written {
        Ok(1) => {}
        Ok(_) => {
            let query = inspection_findings::table.find(finding.id).select(inspection_findings::version);
            return Ok(Err(VersionConflict::new(query.first(transaction.connection()?).await?).into()));
        }
        Err(error) if constraint(&error) == Some("inspection_findings_verified_by_another") => {
            let message =
                "It is verified by the agency that found it, and not by whoever said that it is done.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let found = findings_in(context, transaction.connection()?, of_it).await?.pop();
    let finding = found.ok_or_else(|| Error::internal("a finding that was changed is not there"))?;
    let change = FindingChanged { finding };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: now, changes, payload: change.finding.into() }))
}
