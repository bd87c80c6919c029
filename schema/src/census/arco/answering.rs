//! The answer to a request, and more time for it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::one_in;
use super::tables::arco_requests;
use super::{ANSWER, ArcoGround, ArcoKind, ArcoRequest, ArcoState, EXTENSION, answers, changed, text};
use crate::census::held::held_all;
use crate::census::tables::persons;
use crate::census::{erased, touched};
use crate::context::Context;
use crate::coordination::{CustodyWithdrawal, end_custody_transfers};
use crate::error::{Error, Result};
use crate::graph::input;
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A request for which there is to be more time.
    pub struct ExtendArcoRequest {
        /// The request.
        pub arco_request: Id<ArcoRequest>,
        /// The version of the request that the caller saw.
        pub version: i32,
        /// Why, 3 to 500 characters. It is sealed.
        pub reason: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A request that is answered.
    pub struct AnswerArcoRequest {
        /// The request.
        pub arco_request: Id<ArcoRequest>,
        /// The version of the request that the caller saw.
        pub version: i32,
        /// Whether it is granted.
        pub granted: bool,
        /// Where it is refused, and there alone: on which ground.
        pub ground: Option<ArcoGround>,
        /// Where it is refused, and there alone: why, 3 to 500 characters. It is sealed.
        pub reason: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

answers! {
    /// A request, with more time for its answer.
    ExtendArcoRequestPayload "ExtendArcoRequestPayload",
    /// The request, with more time for its answer; or why there is none.
    ExtendArcoRequestResult { VersionConflict }
}

answers! {
    /// A request, answered.
    AnswerArcoRequestPayload "AnswerArcoRequestPayload",
    /// The request, answered; or why it was not.
    AnswerArcoRequestResult { VersionConflict }
}

/// The request that a step is of, and all records of its person; held until the transaction ends, people first.
pub(super) struct Step {
    pub(super) request: ArcoRequest,
    pub(super) records: Vec<Uuid>,
}

/// Holds a request within the caller's reach for a step that the caller may take, of which these states come before it.
pub(super) async fn held_for<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (record, id, version): (RecordType, Id<ArcoRequest>, i32),
    (before, otherwise): (&[ArcoState], &'static str),
) -> Result<std::result::Result<Step, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<VersionConflict> + From<StateConflict>,
{
    let connection = transaction.connection()?;
    let Some(request) = one_in(context, connection, id.uuid()).await? else {
        return Ok(Err(NotFound::new("arcoRequest").into()));
    };
    context.authorize_write(Class::Consent, record, &request)?;
    let records = records_of(connection, request.person_id).await?;
    held_all(context, connection, &records).await?;
    let holding = arco_requests::table.find(id).select(arco_requests::id).for_no_key_update();
    let _held: Uuid = holding.first(connection).await?;
    let Some(request) = one_in(context, connection, id.uuid()).await? else {
        return Ok(Err(NotFound::new("arcoRequest").into()));
    };
    if request.version != version {
        return Ok(Err(VersionConflict::new(request.version).into()));
    }
    if !before.contains(&request.state) {
        return Ok(Err(StateConflict::new(otherwise).into()));
    }
    Ok(Ok(Step { request, records }))
}

/// The records of a person: theirs, and those that were merged into it.
async fn records_of(connection: &mut AsyncPgConnection, person: Uuid) -> Result<Vec<Uuid>> {
    let records =
        persons::table.filter(persons::id.eq(person).or(persons::merged_into.eq(person))).order(persons::id);
    Ok(records.select(persons::id).load(connection).await?)
}

const AWAITED: &[ArcoState] = &[ArcoState::Received, ArcoState::Extended];
const ANSWERED: &str = "This request was answered before.";

pub(super) async fn extend_arco_request(
    context: Context,
    input: ExtendArcoRequest,
) -> Result<ExtendArcoRequestResult> {
    context.personal_scope(Class::Consent, RecordType::ArcoAnswer)?;
    let mut transaction = begin!(&context, "census.extendArcoRequest", &input, ExtendArcoRequestResult);
    let done = extend(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn extend(
    context: &Context,
    transaction: &mut Transaction<'_, ExtendArcoRequestPayload>,
    input: &ExtendArcoRequest,
) -> Result<std::result::Result<Done<ExtendArcoRequestPayload>, ExtendArcoRequestResult>> {
    if let Err(problem) = text("reason", &input.reason) {
        return Ok(Err(problem.into()));
    }
    let of = (RecordType::ArcoAnswer, input.arco_request, input.version);
    let awaited = (&[ArcoState::Received][..], "The time to answer is extended once, before the answer.");
    let request = match held_for(context, transaction, of, awaited).await? {
        Ok(step) => step.request,
        Err(refused) => return Ok(Err(refused)),
    };
    let person = request.person_id;
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(erased().into()));
    }
    let reason = keys.seal(person, EXTENSION, context.random_bytes()?, &input.reason.trim())?;
    let row = (
        arco_requests::state.eq(ArcoState::Extended),
        arco_requests::extended_at.eq(context.now()),
        arco_requests::extension_reason.eq(reason),
    );
    let extending = diesel::update(arco_requests::table.find(request.id)).set(row);
    match extending.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("arco_requests_extended_in_time") => {
            let message = "The time to answer is over: it is extended before that.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(Error::from(error)),
    }
    let changes = vec![changed(&request, ArcoState::Extended, None)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: request.into() }))
}

pub(super) async fn answer_arco_request(
    context: Context,
    input: AnswerArcoRequest,
) -> Result<AnswerArcoRequestResult> {
    context.personal_scope(Class::Consent, RecordType::ArcoAnswer)?;
    let mut transaction = begin!(&context, "census.answerArcoRequest", &input, AnswerArcoRequestResult);
    let done = answer(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

/// Why a request is refused, which is said of no other; or what is wrong with the input.
fn refusal(input: &AnswerArcoRequest) -> std::result::Result<Option<(ArcoGround, &str)>, InvalidValue> {
    match (input.granted, input.ground, &input.reason) {
        (true, None, None) => Ok(None),
        (false, Some(ground), Some(reason)) => text("reason", reason).map(|()| Some((ground, reason.trim()))),
        _ => {
            let message = "Say of a refusal on which ground and why; of a grant neither.";
            Err(InvalidValue::new("ground, or reason", message))
        }
    }
}

/// What an answer sets.
#[derive(AsChangeset)]
#[diesel(table_name = arco_requests)]
struct Answered {
    state: ArcoState,
    answered_at: DateTime<Utc>,
    ground: Option<ArcoGround>,
    answer_reason: Option<Vec<u8>>,
}

async fn answer(
    context: &Context,
    transaction: &mut Transaction<'_, AnswerArcoRequestPayload>,
    input: &AnswerArcoRequest,
) -> Result<std::result::Result<Done<AnswerArcoRequestPayload>, AnswerArcoRequestResult>> {
    let refusal = match refusal(input) {
        Ok(refusal) => refusal,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let of = (RecordType::ArcoAnswer, input.arco_request, input.version);
    let Step { request, records } = match held_for(context, transaction, of, (AWAITED, ANSWERED)).await? {
        Ok(step) => step,
        Err(refused) => return Ok(Err(refused)),
    };
    let (person, now) = (request.person_id, context.now());
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(erased().into()));
    }
    let state = if refusal.is_some() { ArcoState::Refused } else { ArcoState::Granted };
    let (ground, reason) = refusal.unzip();
    let sealed = reason.map(|reason| keys.seal(person, ANSWER, context.random_bytes()?, &reason));
    let row = Answered { state, answered_at: now, ground, answer_reason: sealed.transpose()? };
    let answering = diesel::update(arco_requests::table.find(request.id)).set(&row);
    answering.execute(transaction.connection()?).await?;
    let mut changes = vec![changed(&request, state, ground)?];
    // The database withholds them with the grant: whoever follows them loses sight of them, and who was to take their case may not answer.
    if request.kind == ArcoKind::Cancellation && state == ArcoState::Granted {
        let connection = transaction.connection()?;
        changes
            .extend(end_custody_transfers(context, connection, &records, CustodyWithdrawal::Withheld).await?);
        changes.push(touched(records, now)?);
    }
    Ok(Ok(Done { occurred_at: now, changes, payload: request.into() }))
}
