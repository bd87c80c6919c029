//! Adding to an incident what was learnt or done.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::incident_follow_ups;
use super::{Incident, IncidentChanged, IncidentFollowUp, IncidentStep, load};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, record, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, refuse_text};
use crate::scalars::Id;

/// The law by which the database adds nothing to a closed incident, and what whoever tries is told.
pub(super) const TAKES_NOTHING: &str = "incidents_closed_take_nothing";
pub(super) const CLOSED: &str = "This incident is closed, and nothing is added to it. Report another.";

input! {
    /// What was learnt of an incident, or done about it.
    pub struct FollowUpIncident {
        /// The incident; an open one.
        pub incident: Id<Incident>,
        /// What it is, 3 to 500 characters; no name of anyone.
        pub text: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// Something, added to an incident.
    #[derive(Serialize, Deserialize)]
    pub struct FollowUpIncidentPayload: "FollowUpIncidentPayload" as Incident {
        /// What was added.
        follow_up: IncidentFollowUp,
        /// The incident.
        incident_id: Uuid,
        /// The shelter's code.
        shelter: String,
    }
}

union! {
    /// What was added; or why it was not.
    pub enum FollowUpIncidentResult {
        Payload(FollowUpIncidentPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Adds to an incident in the name of its caller's agency.
pub(super) async fn follow_up_incident(
    context: Context,
    input: FollowUpIncident,
) -> Result<FollowUpIncidentResult> {
    context.personal_scope(Class::Security, RecordType::Incident)?;
    let mut transaction = begin!(&context, "incidents.followUpIncident", &input, FollowUpIncidentResult);
    let done = follow_up(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

async fn follow_up(
    context: &Context,
    transaction: &mut Transaction<'_, FollowUpIncidentPayload>,
    input: FollowUpIncident,
) -> Result<std::result::Result<Done<FollowUpIncidentPayload>, FollowUpIncidentResult>> {
    let id = input.incident.uuid();
    let Some(incident) = load::one(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("incident").into()));
    };
    context.authorize_write(Class::Security, RecordType::Incident, &incident)?;
    if let Some(problem) = refuse_text("text", Some(&input.text)) {
        return Ok(Err(problem.into()));
    }
    let actor = context.actor()?;
    let added = IncidentFollowUp {
        id: Id::new(context.new_uuid()?),
        text: input.text,
        recorded_at: context.now(),
        incident_id: id,
        agency_id: actor.agency,
        shelter: incident.shelter,
    };
    let row = (
        incident_follow_ups::id.eq(added.id),
        incident_follow_ups::incident_id.eq(id),
        incident_follow_ups::agency_id.eq(added.agency_id),
        incident_follow_ups::text.eq(&added.text),
        incident_follow_ups::recorded_at.eq(added.recorded_at),
        incident_follow_ups::user_id.eq(actor.user),
    );
    let adding = diesel::insert_into(incident_follow_ups::table).values(row);
    match adding.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some(TAKES_NOTHING) => {
            return Ok(Err(StateConflict::new(CLOSED).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = changed(context, transaction, id, IncidentStep::FollowedUp, Some(added.clone())).await?;
    let payload =
        FollowUpIncidentPayload { incident_id: id, shelter: added.shelter.clone(), follow_up: added };
    let changes = vec![Part::of(Class::Security, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// What the journal says of an incident that was changed.
pub(super) async fn changed<P: Serialize + serde::de::DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Uuid,
    step: IncidentStep,
    follow_up: Option<IncidentFollowUp>,
) -> Result<IncidentChanged> {
    let incident = load::one(context, transaction.connection()?, id).await?;
    let incident = incident.ok_or_else(|| Error::internal("an incident that was changed is not there"))?;
    Ok(IncidentChanged { step, incident, follow_up })
}
