//! Opening a person's record in an emergency, and ending that before its time.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::break_glass::tables::break_glass_accesses;
use crate::break_glass::{BreakGlassAccess, REASON};
use crate::census::{self, Person};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Facts, input, record, union};
use crate::journal::{Change, Outcome, Part, Transaction, begin, constraint};
use crate::problem::{BreakGlassOpen, IdempotencyConflict, InvalidValue, NotFound};
use crate::scalars::Id;

/// How long an access lasts where nothing is said, in minutes.
const DEFAULT_MINUTES: i32 = 60;
/// How long it lasts at most: four hours.
const MOST_MINUTES: i32 = 240;
/// How many characters a reason has. One word is none.
const REASON_LENGTH: std::ops::RangeInclusive<usize> = 10..=1_000;

input! {
    /// An emergency in which a person's record is opened.
    pub struct BreakGlass {
        /// The person.
        pub person: Id<Person>,
        /// Why: 10 to 1,000 characters. It is kept sealed.
        pub reason: String,
        /// For how many minutes: 1 to 240; 60 where it is left out.
        pub minutes: Option<i32>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// The end of an access before its time.
    pub struct EndBreakGlass {
        /// The access.
        pub access: Id<BreakGlassAccess>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A record that was opened. It can be read by the next request.
    #[derive(Serialize, Deserialize)]
    pub struct BreakGlassPayload: "BreakGlassPayload" as BreakGlassAccess {
        /// Its key.
        access_id: Uuid,
        /// Code of the agency that its user acted for.
        agency: String,
    }
}

record! {
    /// An access that was ended before its time.
    #[derive(Serialize, Deserialize)]
    pub struct EndBreakGlassPayload: "EndBreakGlassPayload" as BreakGlassAccess {
        /// Its key.
        access_id: Uuid,
        /// Code of the agency that its user acted for.
        agency: String,
    }
}

impl Facts for EndBreakGlassPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.agency)
    }
}

impl Facts for BreakGlassPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.agency)
    }
}

union! {
    /// The person's record, opened; or why it was not.
    pub enum BreakGlassResult {
        Payload(BreakGlassPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        BreakGlassOpen(BreakGlassOpen),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The access, ended; or why it was not.
    pub enum EndBreakGlassResult {
        Payload(EndBreakGlassPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a person's record was opened. The reason stays sealed in the access.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BreakGlassOpened {
    pub(crate) access: Uuid,
    pub(crate) person: Uuid,
    /// The agency that its user acted for.
    pub(crate) agency: String,
    /// By the real clock, as `ends_at`.
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
}

impl Change for BreakGlassOpened {
    const NAME: &'static str = "breakGlass.opened";
}

/// In the journal: an access was ended before its time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BreakGlassEnded {
    pub(crate) access: Uuid,
    pub(crate) person: Uuid,
    /// By the real clock.
    pub(crate) ended_at: DateTime<Utc>,
}

impl Change for BreakGlassEnded {
    const NAME: &'static str = "breakGlass.ended";
}

/// The facts of an access that is yet to be.
struct OfAgency<'a>(&'a str);

impl Facts for OfAgency<'_> {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(self.0)
    }
}

type Opening<'c> = Transaction<'c, BreakGlassPayload>;

/// Opens a person's record. The database holds the law: a reason, four hours at most, one person at a time.
pub(super) async fn break_glass(context: Context, input: BreakGlass) -> Result<BreakGlassResult> {
    let mut transaction = begin!(&context, "breakGlass.open", &input, BreakGlassResult);
    match open(&context, &mut transaction, &input).await {
        Ok(Ok(opened)) => {
            let payload = BreakGlassPayload { access_id: opened.access, agency: opened.agency.clone() };
            let changes = vec![Part::of_journal(&opened)?];
            transaction.tells_of(opened.person);
            let outcome = transaction.commit(context.now(), changes, payload).await?;
            context.authority_changed().await;
            Ok(match outcome {
                Outcome::Done(payload) | Outcome::Repeated(payload) => payload.into(),
                Outcome::Conflict => IdempotencyConflict::new().into(),
            })
        }
        Ok(Err(problem)) => transaction.refuse(problem).await,
        Err(error) => {
            transaction.roll_back().await?;
            Err(error)
        }
    }
}

async fn open(
    context: &Context,
    transaction: &mut Opening<'_>,
    input: &BreakGlass,
) -> Result<Result<BreakGlassOpened, BreakGlassResult>> {
    let actor = context.actor()?;
    let agency = actor.principal.agency.clone();
    context.authorize_write(Class::Journal, RecordType::BreakGlassAccess, &OfAgency(&agency))?;
    let reason = input.reason.trim();
    if !REASON_LENGTH.contains(&reason.chars().count()) {
        return Ok(Err(
            InvalidValue::new("reason", "Say in 10 to 1,000 characters what the emergency is.").into()
        ));
    }
    let minutes = input.minutes.unwrap_or(DEFAULT_MINUTES);
    if !(1..=MOST_MINUTES).contains(&minutes) {
        return Ok(Err(InvalidValue::new("minutes", "An access lasts 1 to 240 minutes.").into()));
    }
    let person = input.person.uuid();
    let keys = context.vault().keys(vec![person]).await?;
    // Of whom nothing can be read any more, nothing can be opened.
    if !keys.have(person) || !census::reaches(context, person).await? {
        return Ok(Err(NotFound::new("person").into()));
    }
    let opened_at = context.real_now().trunc_subsecs(6);
    let ends_at = opened_at + TimeDelta::minutes(minutes.into());
    let access = context.new_uuid()?;
    let row = (
        break_glass_accesses::id.eq(access),
        break_glass_accesses::programme_id.eq(context.programme_id()),
        break_glass_accesses::person_id.eq(person),
        break_glass_accesses::user_id.eq(actor.user),
        break_glass_accesses::agency.eq(&agency),
        break_glass_accesses::reason.eq(keys.seal(person, REASON, context.random_bytes()?, &reason)?),
        break_glass_accesses::opened_at.eq(opened_at),
        break_glass_accesses::ends_at.eq(ends_at),
    );
    let inserting = diesel::insert_into(break_glass_accesses::table).values(row);
    match inserting.execute(transaction.connection()?).await {
        Ok(_) => Ok(Ok(BreakGlassOpened { access, person, agency, opened_at, ends_at })),
        Err(error) if constraint(&error) == Some("break_glass_accesses_one_at_a_time") => {
            Ok(Err(BreakGlassOpen::new().into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends an access before its time.
pub(super) async fn end_break_glass(context: Context, input: EndBreakGlass) -> Result<EndBreakGlassResult> {
    let mut transaction = begin!(&context, "breakGlass.end", &input, EndBreakGlassResult);
    let access = input.access.uuid();
    let found = break_glass_accesses::table
        .find(access)
        .select((break_glass_accesses::person_id, break_glass_accesses::agency))
        .first::<(Uuid, String)>(transaction.connection()?)
        .await
        .optional()?;
    let scope = context.scope(Class::Journal, RecordType::BreakGlassAccess);
    let within_reach = |agency: &str| scope.as_ref().is_some_and(|scope| scope.has(&OfAgency(agency)));
    let Some((person, agency)) = found.filter(|(_, agency)| within_reach(agency)) else {
        return transaction.refuse(NotFound::new("access")).await;
    };
    let allowed = context.authorize_write(Class::Journal, RecordType::BreakGlassAccess, &OfAgency(&agency));
    if let Err(refused) = allowed {
        transaction.roll_back().await?;
        return Err(refused);
    }
    let ended_at = context.real_now().trunc_subsecs(6);
    let open = break_glass_accesses::table
        .find(access)
        .filter(break_glass_accesses::ended_at.is_null())
        .filter(break_glass_accesses::ends_at.gt(ended_at));
    let ended = diesel::update(open).set(break_glass_accesses::ended_at.eq(ended_at));
    if ended.execute(transaction.connection()?).await? == 0 {
        return transaction.refuse(InvalidValue::new("access", "This access has ended already.")).await;
    }
    let change = BreakGlassEnded { access, person, ended_at };
    let changes = vec![Part::of_journal(&change)?];
    transaction.tells_of(person);
    let payload = EndBreakGlassPayload { access_id: access, agency };
    let outcome = transaction.commit(context.now(), changes, payload).await?;
    context.authority_changed().await;
    Ok(match outcome {
        Outcome::Done(payload) | Outcome::Repeated(payload) => payload.into(),
        Outcome::Conflict => IdempotencyConflict::new().into(),
    })
}
