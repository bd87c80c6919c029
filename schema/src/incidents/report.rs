//! Reporting an incident.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, Fact, RecordType};

use super::tables::incidents;
use super::{Incident, IncidentChanged, IncidentKind, IncidentSeverity, IncidentStep, load};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Facts, input, payload, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, refuse_text};
use crate::scalars::Id;
use crate::shelters::Shelter;
use crate::shelters::tables::shelters;

input! {
    /// Something that happened.
    pub struct ReportIncident {
        /// The shelter where it happened.
        pub shelter: Id<Shelter>,
        /// Of what kind it is.
        pub kind: IncidentKind,
        /// How bad it is.
        pub severity: IncidentSeverity,
        /// What happened, 3 to 500 characters; no name of anyone. Who was in it is said by `involvePerson`.
        pub account: String,
        /// When it happened; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// An incident, reported.
    pub struct ReportIncidentPayload: "ReportIncidentPayload" as Incident {
        /// The incident.
        incident: Incident,
    }
}

union! {
    /// The incident, reported; or why it was not.
    pub enum ReportIncidentResult {
        Payload(ReportIncidentPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// What happens in a shelter, by its code.
struct In(String);

impl Facts for In {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.0)
    }
}

/// Reports an incident in the name of its caller's agency.
pub(super) async fn report_incident(context: Context, input: ReportIncident) -> Result<ReportIncidentResult> {
    context.personal_scope(Class::Security, RecordType::Incident)?;
    let mut transaction = begin!(&context, "incidents.reportIncident", &input, ReportIncidentResult);
    let done = report(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn report(
    context: &Context,
    transaction: &mut Transaction<'_, ReportIncidentPayload>,
    input: &ReportIncident,
) -> Result<std::result::Result<Done<ReportIncidentPayload>, ReportIncidentResult>> {
    let query = shelters::table
        .filter(shelters::id.eq(input.shelter))
        .filter(shelters::programme_id.eq(context.programme_id()))
        .select(shelters::code);
    let Some(shelter) = query.first(transaction.connection()?).await.optional()? else {
        return Ok(Err(NotFound::new("shelter").into()));
    };
    context.authorize_write(Class::Security, RecordType::Incident, &In(shelter))?;
    let now = context.now();
    let happened_at = input.occurred_at.unwrap_or(now);
    if happened_at > now {
        return Ok(Err(InvalidValue::new("occurredAt", "An incident cannot be of the future.").into()));
    }
    if let Some(problem) = refuse_text("account", Some(&input.account)) {
        return Ok(Err(problem.into()));
    }
    let (actor, id) = (context.actor()?, context.new_uuid()?);
    let row = (
        incidents::id.eq(id),
        incidents::programme_id.eq(context.programme_id()),
        incidents::shelter_id.eq(input.shelter),
        incidents::agency_id.eq(actor.agency),
        incidents::happened_at.eq(happened_at),
        incidents::kind.eq(input.kind),
        incidents::severity.eq(input.severity),
        incidents::account.eq(&input.account),
        incidents::recorded_at.eq(now),
        incidents::user_id.eq(actor.user),
    );
    diesel::insert_into(incidents::table).values(row).execute(transaction.connection()?).await?;
    let incident = load::one(context, transaction.connection()?, id).await?;
    let incident = incident.ok_or_else(|| Error::internal("an incident that was reported is not there"))?;
    let change = IncidentChanged { step: IncidentStep::Reported, incident, follow_up: None };
    let changes = vec![Part::of(Class::Security, None, &change)?];
    Ok(Ok(Done { occurred_at: happened_at, changes, payload: change.incident.into() }))
}
