//! Closing an incident.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::follow::changed;
use super::tables::incidents;
use super::{Incident, IncidentOutcome, IncidentState, IncidentStep, load};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// An incident that is over.
    pub struct CloseIncident {
        /// The incident; an open one.
        pub incident: Id<Incident>,
        /// The version of the incident that the caller saw: whoever closes it knows all that was added.
        pub version: i32,
        /// What came of it.
        pub outcome: IncidentOutcome,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// An incident, closed.
    pub struct CloseIncidentPayload: "CloseIncidentPayload" as Incident {
        /// The incident as it is now.
        incident: Incident,
    }
}

union! {
    /// The incident, closed; or why it was not.
    pub enum CloseIncidentResult {
        Payload(CloseIncidentPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Closes an incident, for good.
pub(super) async fn close_incident(context: Context, input: CloseIncident) -> Result<CloseIncidentResult> {
    context.personal_scope(Class::Security, RecordType::Incident)?;
    let mut transaction = begin!(&context, "incidents.closeIncident", &input, CloseIncidentResult);
    let done = close(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn close(
    context: &Context,
    transaction: &mut Transaction<'_, CloseIncidentPayload>,
    input: &CloseIncident,
) -> Result<std::result::Result<Done<CloseIncidentPayload>, CloseIncidentResult>> {
    let id = input.incident.uuid();
    let Some(incident) = load::one(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("incident").into()));
    };
    context.authorize_write(Class::Security, RecordType::Incident, &incident)?;
    if incident.state == IncidentState::Closed {
        return Ok(Err(StateConflict::new("This incident was closed before.").into()));
    }
    let now = context.now();
    let closing = diesel::update(incidents::table.find(id).filter(incidents::version.eq(input.version)));
    let closing = closing.set((
        incidents::closed_at.eq(now),
        incidents::closed_by.eq(context.actor()?.user),
        incidents::outcome.eq(input.outcome),
    ));
    if closing.execute(transaction.connection()?).await? == 0 {
        let current = incidents::table.find(id).select(incidents::version);
        let current = current.first(transaction.connection()?).await?;
        return Ok(Err(VersionConflict::new(current).into()));
    }
    let change = changed(context, transaction, id, IncidentStep::Closed, None).await?;
    let changes = vec![Part::of(Class::Security, None, &change)?];
    Ok(Ok(Done { occurred_at: now, changes, payload: change.incident.into() }))
}
