//! A request that comes.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::tables::arco_requests;
use super::{ArcoAsker, ArcoChanged, ArcoKind, ArcoState, PROOF, answers, text};
use crate::census::tables::consents;
use crate::census::{Consent, MERGED, Person, erased, held};
use crate::context::Context;
use crate::error::Result;
use crate::graph::input;
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

input! {
    /// What a person asks of their own data.
    pub struct RecordArcoRequest {
        /// Whose data it is about.
        pub person: Id<Person>,
        /// Which right.
        pub kind: ArcoKind,
        /// Who asks.
        pub asked_by: ArcoAsker,
        /// How it was proved who asks, and in what right: a reference to the papers, 3 to 500 characters. It is sealed.
        pub proof: String,
        /// Of an opposition, and of no other request: the consents that it is to end, of this person, that stand.
        pub consents: Option<Vec<Id<Consent>>>,
        /// The day it was received; today, where it is left out.
        pub received_on: Option<NaiveDate>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

answers! {
    /// A request, recorded.
    RecordArcoRequestPayload "RecordArcoRequestPayload",
    /// The request, recorded; or why it was not.
    RecordArcoRequestResult {}
}

type Recording<'c> = Transaction<'c, RecordArcoRequestPayload>;
type Refused<T> = std::result::Result<T, RecordArcoRequestResult>;

/// How many consents one opposition names.
const MOST: usize = 50;

pub(super) async fn record_arco_request(
    context: Context,
    input: RecordArcoRequest,
) -> Result<RecordArcoRequestResult> {
    context.personal_scope(Class::Consent, RecordType::ArcoRequest)?;
    let mut transaction = begin!(&context, "census.recordArcoRequest", &input, RecordArcoRequestResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

/// The consents that are named, once each, or what is wrong with the input.
fn checked(
    input: &RecordArcoRequest,
    today: NaiveDate,
) -> std::result::Result<(NaiveDate, Vec<Uuid>), InvalidValue> {
    let received_on = input.received_on.unwrap_or(today);
    if received_on > today {
        return Err(InvalidValue::new("receivedOn", "A request was received today or before."));
    }
    text("proof", &input.proof)?;
    let mut named: Vec<Uuid> = input.consents.iter().flatten().map(|consent| consent.uuid()).collect();
    named.sort_unstable();
    named.dedup();
    if (input.kind == ArcoKind::Opposition) == named.is_empty() || named.len() > MOST {
        let message =
            "An opposition names the consents that it is to end, 50 at most; another request names none.";
        return Err(InvalidValue::new("consents", message));
    }
    Ok((received_on, named))
}

async fn record(
    context: &Context,
    transaction: &mut Recording<'_>,
    input: &RecordArcoRequest,
) -> Result<Refused<Done<RecordArcoRequestPayload>>> {
    let (received_on, named) = match checked(input, context.instant().day) {
        Ok(checked) => checked,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let person = input.person.uuid();
    let Some(of) = held(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    let id = context.new_uuid()?;
    let payload = RecordArcoRequestPayload { request_id: id, facts: of.judged.facts };
    context.authorize_write(Class::Consent, RecordType::ArcoRequest, &payload)?;
    if of.merged_into.is_some() {
        return Ok(Err(StateConflict::new(MERGED).into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(erased().into()));
    }
    let row = (
        arco_requests::id.eq(id),
        arco_requests::programme_id.eq(context.programme_id()),
        arco_requests::person_id.eq(person),
        arco_requests::kind.eq(input.kind),
        arco_requests::asked_by.eq(input.asked_by),
        arco_requests::proof.eq(keys.seal(person, PROOF, context.random_bytes()?, &input.proof.trim())?),
        arco_requests::received_on.eq(received_on),
        arco_requests::person_version.eq(of.version),
        arco_requests::recorded_by.eq(context.actor()?.user),
    );
    diesel::insert_into(arco_requests::table).values(row).execute(transaction.connection()?).await?;
    if !oppose(context, transaction, (id, person), &named).await? {
        let message = "Name consents of this person that stand, and that no other request opposes.";
        return Ok(Err(InvalidValue::new("consents", message).into()));
    }
    let change =
        ArcoChanged { request: id, kind: input.kind, state: ArcoState::Received, ground: None, version: 1 };
    let changes = vec![Part::of(Class::Consent, Some(person), &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// That no other request opposes a consent, save one that was refused.
const UNOPPOSED: &str = "NOT EXISTS (SELECT FROM arco_requests \
    WHERE arco_requests.id = consents.opposed_by AND arco_requests.state <> 'REFUSED')";

/// Has a request oppose some consents; false where one of them is not the person's, is over, or is opposed by another.
async fn oppose(
    context: &Context,
    transaction: &mut Recording<'_>,
    (request, person): (Uuid, Uuid),
    named: &[Uuid],
) -> Result<bool> {
    if named.is_empty() {
        return Ok(true);
    }
    let standing = consents::table
        .filter(consents::id.eq_any(named))
        .filter(consents::person_id.eq(person))
        .filter(consents::withdrawn_at.is_null())
        .filter(consents::ends_at.is_null().or(consents::ends_at.gt(context.now())))
        .filter(sql::<Bool>(UNOPPOSED));
    let opposing = diesel::update(standing).set(consents::opposed_by.eq(request));
    Ok(opposing.execute(transaction.connection()?).await? == named.len())
}
