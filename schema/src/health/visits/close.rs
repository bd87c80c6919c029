//! Closing a visit, with what was noted.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{Encounter, VISIT, Visit, held, note_of};
use crate::census::{self, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::health::tables::visits;
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A visit that is over.
    pub struct CloseVisit {
        /// The visit.
        pub visit: Id<Visit>,
        /// The version of the visit that the caller saw.
        pub version: i32,
        /// What the clinician notes, 1 to 4,000 characters.
        pub note: Option<String>,
        /// When it ended; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A visit, closed.
    #[derive(Serialize, Deserialize)]
    pub struct CloseVisitPayload: "CloseVisitPayload" as Diagnosis {
        /// The visit: what is kept of the answer holds nothing that was noted.
        visit_id: Uuid,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

union! {
    /// The visit, closed; or why it was not.
    pub enum CloseVisitResult {
        Payload(CloseVisitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a visit ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VisitClosed {
    visit: Uuid,
    note: Option<String>,
    closed_at: DateTime<Utc>,
}

impl Change for VisitClosed {
    const NAME: &'static str = "health.visitClosed";
}

type Refused<T> = std::result::Result<T, CloseVisitResult>;

/// Closes a visit. The database holds that it stays closed.
pub(super) async fn close_visit(context: Context, input: CloseVisit) -> Result<CloseVisitResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, "health.closeVisit", &input, CloseVisitResult);
    let done = close(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

async fn close(
    context: &Context,
    transaction: &mut Transaction<'_, CloseVisitPayload>,
    input: CloseVisit,
) -> Result<Refused<Done<CloseVisitPayload>>> {
    let closed_at = input.occurred_at.unwrap_or_else(|| context.now());
    let checked = needs(closed_at <= context.now(), "occurredAt", "A visit cannot be of the future.")
        .and_then(|()| note_of("note", input.note.as_deref()));
    if let Err(problem) = checked {
        return Ok(Err(problem.into()));
    }
    let visit = input.visit.uuid();
    let Some(before) = held(context, transaction.connection()?, visit).await? else {
        return Ok(Err(NotFound::new("visit").into()));
    };
    let payload = CloseVisitPayload { visit_id: visit, person: before.person.to_string() };
    context.authorize_write(Class::Health, RecordType::Diagnosis, &payload)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    if before.closed_at.is_some() {
        return Ok(Err(StateConflict::new("This visit was closed before.").into()));
    }
    let keys = context.vault().keys(vec![before.person]).await?;
    let Some(encounter) = keys.open::<Encounter>(before.person, VISIT, &before.record)? else {
        return Ok(Err(census::erased().into()));
    };
    let noted = Encounter { note: input.note.clone(), ..encounter };
    let sealed = keys.seal(before.person, VISIT, context.random_bytes()?, &noted)?;
    let closing = diesel::update(visits::table.find(visit))
        .set((visits::closed_at.eq(closed_at), visits::record.eq(sealed)));
    match closing.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("visits_period") => {
            return Ok(Err(InvalidValue::new("occurredAt", "A visit ends after it began.").into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = VisitClosed { visit, note: input.note, closed_at };
    let changes = vec![Part::of(Class::Health, Some(before.person), &change)?];
    Ok(Ok(Done { occurred_at: closed_at, changes, payload }))
}
