//! A granted request that is carried out, save a cancellation.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::answering::held_for;
use super::tables::arco_requests;
use super::{ArcoKind, ArcoRequest, ArcoState, HANDED_OVER, answers, changed, text};
use crate::census::consents::ConsentWithdrawn;
use crate::census::tables::{consents, persons};
use crate::census::{Purpose, erased, touched};
use crate::context::Context;
use crate::error::Result;
use crate::graph::input;
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{InvalidValue, StateConflict};
use crate::scalars::Id;

input! {
    /// A granted request that is carried out.
    pub struct CarryOutArcoRequest {
        /// The request.
        pub arco_request: Id<ArcoRequest>,
        /// The version of the request that the caller saw.
        pub version: i32,
        /// Of access, and of that alone: to whom and how the copy was handed over, 3 to 500 characters. It is sealed.
        pub note: Option<String>,
        /// Of a rectification, and of that alone: the version of the person in which it is done, with updatePerson.
        pub person_version: Option<i32>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

answers! {
    /// A request, carried out.
    CarryOutArcoRequestPayload "CarryOutArcoRequestPayload",
    /// The request, carried out; or why it was not.
    CarryOutArcoRequestResult { VersionConflict }
}

type CarryingOut<'c> = Transaction<'c, CarryOutArcoRequestPayload>;
type Refused<T> = std::result::Result<T, CarryOutArcoRequestResult>;

pub(super) const GRANTED: &[ArcoState] = &[ArcoState::Granted];
pub(super) const NOT_GRANTED: &str = "A request is carried out once, after it was granted.";

pub(super) async fn carry_out_arco_request(
    context: Context,
    input: CarryOutArcoRequest,
) -> Result<CarryOutArcoRequestResult> {
    context.personal_scope(Class::Consent, RecordType::ArcoAnswer)?;
    let mut transaction = begin!(&context, "census.carryOutArcoRequest", &input, CarryOutArcoRequestResult);
    let done = carry_out(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

/// What its being carried out sets.
#[derive(AsChangeset)]
#[diesel(table_name = arco_requests)]
struct CarriedOut {
    state: ArcoState,
    carried_out_at: DateTime<Utc>,
    carried_out_by: Uuid,
    handed_over: Option<Vec<u8>>,
    rectified_version: Option<i32>,
}

async fn carry_out(
    context: &Context,
    transaction: &mut CarryingOut<'_>,
    input: &CarryOutArcoRequest,
) -> Result<Refused<Done<CarryOutArcoRequestPayload>>> {
    let of = (RecordType::ArcoAnswer, input.arco_request, input.version);
    let request = match held_for(context, transaction, of, (GRANTED, NOT_GRANTED)).await? {
        Ok(step) => step.request,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Err(refused) = fits(transaction, &request, input).await? {
        return Ok(Err(refused));
    }
    let (person, now) = (request.person_id, context.now());
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(erased().into()));
    }
    let mut changes = vec![changed(&request, ArcoState::CarriedOut, None)?];
    if request.kind == ArcoKind::Opposition {
        changes.extend(end_consents(transaction, &request, now).await?);
        changes.push(touched(vec![person], now)?);
    }
    let note = input.note.as_deref().map(str::trim);
    let sealed = note.map(|note| keys.seal(person, HANDED_OVER, context.random_bytes()?, &note));
    let row = CarriedOut {
        state: ArcoState::CarriedOut,
        carried_out_at: now,
        carried_out_by: context.actor()?.user,
        handed_over: sealed.transpose()?,
        rectified_version: input.person_version,
    };
    diesel::update(arco_requests::table.find(request.id))
        .set(&row)
        .execute(transaction.connection()?)
        .await?;
    Ok(Ok(Done { occurred_at: now, changes, payload: request.into() }))
}

/// Whether what is said fits what was asked.
async fn fits(
    transaction: &mut CarryingOut<'_>,
    request: &ArcoRequest,
    input: &CarryOutArcoRequest,
) -> Result<Refused<()>> {
    if request.kind == ArcoKind::Cancellation {
        let message = "A cancellation is carried out by two: one asks with askErasure, another does it with erasePerson.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    if input.note.is_some() != (request.kind == ArcoKind::Access) {
        let message = "Say of access, and of that alone, to whom and how the copy was handed over.";
        return Ok(Err(InvalidValue::new("note", message).into()));
    }
    if let Some(Err(problem)) = input.note.as_deref().map(|note| text("note", note)) {
        return Ok(Err(problem.into()));
    }
    let known: i32 = persons::table
        .find(request.person_id)
        .select(persons::version)
        .first(transaction.connection()?)
        .await?;
    let done = |version: i32| version > request.person_version && version <= known;
    let rectifies = request.kind == ArcoKind::Rectification;
    if rectifies != input.person_version.is_some() || input.person_version.is_some_and(|at| !done(at)) {
        let message =
            "Say of a rectification, and of that alone, which version of the person updatePerson made of it.";
        return Ok(Err(InvalidValue::new("personVersion", message).into()));
    }
    Ok(Ok(()))
}

/// Ends the consents that a request opposes and that stand; what the journal says of it.
async fn end_consents(
    transaction: &mut CarryingOut<'_>,
    request: &ArcoRequest,
    now: DateTime<Utc>,
) -> Result<Vec<Part>> {
    let standing = consents::table
        .filter(consents::opposed_by.eq(request.id.uuid()))
        .filter(consents::withdrawn_at.is_null())
        .filter(consents::ends_at.is_null().or(consents::ends_at.gt(now)));
    let ended: Vec<(Uuid, String, Purpose)> = diesel::update(standing)
        .set((consents::withdrawn_at.eq(now), consents::version.eq(consents::version + 1)))
        .returning((consents::id, consents::recipient, consents::purpose))
        .get_results(transaction.connection()?)
        .await?;
    ended
        .into_iter()
        .map(|(consent, recipient, purpose)| {
            let change = ConsentWithdrawn { consent, recipient, purpose, withdrawn_at: now };
            Part::of(Class::Consent, Some(request.person_id), &change)
        })
        .collect()
}
