//! Saying who was in an incident.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::follow::{CLOSED, TAKES_NOTHING, changed};
use super::tables::incident_people;
use super::{INVOLVEMENT, Incident, IncidentPart, IncidentStep, Involvement, PersonInvolved, load};
use crate::census::{self, Person};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, refuse_text};
use crate::scalars::Id;

input! {
    /// Somebody who was in an incident.
    pub struct InvolvePerson {
        /// The incident; an open one.
        pub incident: Id<Incident>,
        /// The person.
        pub person: Id<Person>,
        /// The part that they had.
        pub part: IncidentPart,
        /// What is said of them, 3 to 500 characters. It is sealed.
        pub statement: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// Somebody, added to an incident.
    #[derive(Serialize, Deserialize)]
    pub struct InvolvePersonPayload: "InvolvePersonPayload" as InvolvedPerson {
        /// Who was added: what is kept of the answer holds nothing of them.
        involved_id: Uuid,
        /// The incident.
        incident_id: Uuid,
        /// The shelter's code.
        shelter: String,
    }
}

union! {
    /// Who was added; or why they were not.
    pub enum InvolvePersonResult {
        Payload(InvolvePersonPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Refused<T> = std::result::Result<T, InvolvePersonResult>;

/// Says who was in an incident. Who records incidents may know nobody by name: a person is meant by their id, and nothing else of them is
/// read.
pub(super) async fn involve_person(context: Context, input: InvolvePerson) -> Result<InvolvePersonResult> {
    context.personal_scope(Class::Security, RecordType::InvolvedPerson)?;
    let mut transaction = begin!(&context, "incidents.involvePerson", &input, InvolvePersonResult);
    let done = involve(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

async fn involve(
    context: &Context,
    transaction: &mut Transaction<'_, InvolvePersonPayload>,
    input: InvolvePerson,
) -> Result<Refused<Done<InvolvePersonPayload>>> {
    let (id, person) = (input.incident.uuid(), input.person.uuid());
    let Some(incident) = load::one(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("incident").into()));
    };
    context.authorize_write(Class::Security, RecordType::InvolvedPerson, &incident)?;
    if let Some(problem) = refuse_text("statement", input.statement.as_deref()) {
        return Ok(Err(problem.into()));
    }
    if !census::held_by_reference(context, transaction.connection()?, person).await? {
        return Ok(Err(NotFound::new("person").into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let involved = context.new_uuid()?;
    let involvement = Involvement { part: input.part, statement: input.statement };
    let row = (
        incident_people::id.eq(involved),
        incident_people::incident_id.eq(id),
        incident_people::person_id.eq(person),
        incident_people::recorded_at.eq(context.now()),
        incident_people::user_id.eq(context.actor()?.user),
        incident_people::record.eq(keys.seal(person, INVOLVEMENT, context.random_bytes()?, &involvement)?),
    );
    let adding = diesel::insert_into(incident_people::table).values(row);
    if let Err(error) = adding.execute(transaction.connection()?).await {
        let message = match constraint(&error) {
            Some(TAKES_NOTHING) => CLOSED,
            Some(census::TAKES_NOTHING) => census::MERGED,
            Some("incident_people_once") => "This person is recorded in this incident already.",
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let change = changed(context, transaction, id, IncidentStep::PersonInvolved, None).await?;
    let of_them = PersonInvolved { incident: id, involved, involvement };
    let changes =
        vec![Part::of(Class::Security, None, &change)?, Part::of(Class::Security, Some(person), &of_them)?];
    let shelter = change.incident.shelter;
    let payload = InvolvePersonPayload { involved_id: involved, incident_id: id, shelter };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
