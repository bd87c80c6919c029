//! Erasing what is known of a person: one user asks for it, another does it.
//!
//! The transaction says that they are erased, with its entry in the journal; then their keys go, which lie in another database. Where that
//! fails, whoever asks again has it done, and so has the server within a minute.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::answering::{Step, held_for};
use super::carrying_out::{GRANTED, NOT_GRANTED};
use super::tables::arco_requests;
use super::{ArcoKind, ArcoRequest, ArcoState, answers, changed};
use crate::census::tables::persons;
use crate::census::{Withheld, touched};
use crate::context::Context;
use crate::error::Result;
use crate::graph::input;
use crate::journal::{Begun, Change, Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, StateConflict};
use crate::scalars::Id;
use crate::system::System;

input! {
    /// A granted cancellation that is to be carried out.
    pub struct AskErasure {
        /// The request.
        pub arco_request: Id<ArcoRequest>,
        /// The version of the request that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A cancellation that is carried out.
    pub struct ErasePerson {
        /// The request.
        pub arco_request: Id<ArcoRequest>,
        /// The version of the request that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

answers! {
    /// A cancellation that another user may carry out.
    AskErasurePayload "AskErasurePayload",
    /// The cancellation, which another user may carry out; or why not.
    AskErasureResult { VersionConflict }
}

answers! {
    /// A cancellation, carried out: the person is erased.
    ErasePersonPayload "ErasePersonPayload",
    /// The cancellation, carried out; or why it was not.
    ErasePersonResult { VersionConflict }
}

/// In the journal: people were erased, by two users. It names all by opaque keys, and is sealed under no key of theirs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersonErased {
    request: Uuid,
    /// All records of the person.
    records: Vec<Uuid>,
    asked_by: Option<Uuid>,
    erased_by: Uuid,
}

impl Change for PersonErased {
    const NAME: &'static str = "census.personErased";
}

const NO_CANCELLATION: &str =
    "A person is erased where they asked for the cancellation of what is known of them.";

pub(super) async fn ask_erasure(context: Context, input: AskErasure) -> Result<AskErasureResult> {
    context.personal_scope(Class::Consent, RecordType::Erasure)?;
    let mut transaction = begin!(&context, "census.askErasure", &input, AskErasureResult);
    let done = ask(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn ask(
    context: &Context,
    transaction: &mut Transaction<'_, AskErasurePayload>,
    input: &AskErasure,
) -> Result<std::result::Result<Done<AskErasurePayload>, AskErasureResult>> {
    let of = (RecordType::Erasure, input.arco_request, input.version);
    let request = match held_for(context, transaction, of, (GRANTED, NOT_GRANTED)).await? {
        Ok(step) => step.request,
        Err(refused) => return Ok(Err(refused)),
    };
    if request.kind != ArcoKind::Cancellation {
        return Ok(Err(StateConflict::new(NO_CANCELLATION).into()));
    }
    if request.erasure_asked_at.is_some() {
        return Ok(Err(
            StateConflict::new("Somebody asked for it before. Another user carries it out.").into()
        ));
    }
    let row = (
        arco_requests::erasure_asked_at.eq(context.now()),
        arco_requests::erasure_asked_by.eq(context.actor()?.user),
    );
    diesel::update(arco_requests::table.find(request.id)).set(row).execute(transaction.connection()?).await?;
    let changes = vec![changed(&request, ArcoState::Granted, None)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: request.into() }))
}

pub(super) async fn erase_person(context: Context, input: ErasePerson) -> Result<ErasePersonResult> {
    context.personal_scope(Class::Consent, RecordType::Erasure)?;
    let key = input.idempotency_key.clone();
    let answer = match Transaction::begin(&context, "census.erasePerson", &key, &input).await? {
        Begun::Fresh(mut transaction) => {
            let done = erase(&context, &mut transaction, &input).await;
            transaction.conclude(done).await?
        }
        Begun::Repeated(payload) => ErasePersonResult::Payload(payload),
        Begun::Conflict => IdempotencyConflict::new().into(),
    };
    if matches!(answer, ErasePersonResult::Payload(_)) {
        destroy_keys(context.system()).await?;
    }
    Ok(answer)
}

async fn erase(
    context: &Context,
    transaction: &mut Transaction<'_, ErasePersonPayload>,
    input: &ErasePerson,
) -> Result<std::result::Result<Done<ErasePersonPayload>, ErasePersonResult>> {
    let of = (RecordType::Erasure, input.arco_request, input.version);
    let Step { request, records } = match held_for(context, transaction, of, (GRANTED, NOT_GRANTED)).await? {
        Ok(step) => step,
        Err(refused) => return Ok(Err(refused)),
    };
    if request.kind != ArcoKind::Cancellation {
        return Ok(Err(StateConflict::new(NO_CANCELLATION).into()));
    }
    let (user, now) = (context.actor()?.user, context.now());
    if request.erasure_asked_by.is_none_or(|asker| asker == user) {
        let message = "Another user asks for it first, with askErasure: nobody erases a person alone.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    let row = (
        arco_requests::state.eq(ArcoState::CarriedOut),
        arco_requests::carried_out_at.eq(now),
        arco_requests::carried_out_by.eq(user),
    );
    diesel::update(arco_requests::table.find(request.id)).set(row).execute(transaction.connection()?).await?;
    transaction.tells_of(request.person_id);
    let erased = PersonErased {
        request: request.id.uuid(),
        records: records.clone(),
        asked_by: request.erasure_asked_by,
        erased_by: user,
    };
    let changes = vec![Part::of(Class::Consent, None, &erased)?, touched(records, now)?];
    Ok(Ok(Done { occurred_at: now, changes, payload: request.into() }))
}

/// How many keys are destroyed at a time.
const AT_ONCE: i64 = 500;

/// Destroys the keys of people who are erased, as far as that is not known to be done.
pub(crate) async fn destroy_keys(system: &System) -> Result<()> {
    loop {
        let erased = persons::table
            .filter(persons::withheld.eq(Withheld::Erased))
            .filter(persons::key_destroyed.eq(false))
            .order(persons::id)
            .limit(AT_ONCE)
            .select(persons::id);
        let mut connection = system.database.writer().await?;
        let erased: Vec<Uuid> = erased.load(&mut connection).await?;
        if erased.is_empty() {
            return Ok(());
        }
        system.vault.destroy_keys(&erased).await?;
        let known = diesel::update(persons::table.filter(persons::id.eq_any(&erased)));
        known.set(persons::key_destroyed.eq(true)).execute(&mut connection).await?;
    }
}
