//! The kit that each person gets who lodges: issued once for a stay, out of the store of the shelter in which they lie.
//!
//! What leaves the store is the ledger's, which names nobody; that somebody got theirs is of the stay, and shown as that is.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Integer, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::Stay;
use super::load::stays_in;
use super::stays::happened;
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::{Kit, Location, issue_kits, store_by_id};
use crate::error::Result;
use crate::graph::{Facts, input, record, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{
    EarlierExpiry, GoodsPacked, GoodsUnfit, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound,
    StateConflict, each_once,
};
use crate::scalars::Id;

input! {
    /// Who gets their kit.
    pub struct IssueLodgingKit {
        /// The stays of those who get one each, 1 to 50: of people who lie in the store's shelter now.
        pub stays: Vec<Id<Stay>>,
        /// What each of them gets.
        pub kit: Id<Kit>,
        /// The store of that shelter.
        pub from: Id<Location>,
        /// When it happened; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// Kits, issued.
    #[derive(Serialize, Deserialize)]
    pub struct IssueLodgingKitPayload: "IssueLodgingKitPayload" as Space {
        /// How many.
        issued: i32 => Operational,
        /// The shelter's code.
        shelter: String,
    }
}

impl Facts for IssueLodgingKitPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

union! {
    /// Kits, issued; or why none was.
    pub enum IssueLodgingKitResult {
        Payload(IssueLodgingKitPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        InsufficientStock(InsufficientStock),
        GoodsPacked(GoodsPacked),
        GoodsUnfit(GoodsUnfit),
        EarlierExpiry(EarlierExpiry),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal, of one person: they got their kit. What left the store stands in entries of its own, which tell of nobody.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KitIssued {
    stay: Uuid,
    kit: Uuid,
    version: i32,
}

impl Change for KitIssued {
    const NAME: &'static str = "lodging.kitIssued";
}

type Refused<T> = std::result::Result<T, IssueLodgingKitResult>;

/// Issues kits. The database holds that nobody gets two for one stay.
pub(super) async fn issue_lodging_kit(
    context: Context,
    input: IssueLodgingKit,
) -> Result<IssueLodgingKitResult> {
    context.personal_scope(Class::Placement, RecordType::Person)?;
    let mut transaction = begin!(&context, "lodging.issueKit", &input, IssueLodgingKitResult);
    let done = issue(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn issue(
    context: &Context,
    transaction: &mut Transaction<'_, IssueLodgingKitPayload>,
    input: &IssueLodgingKit,
) -> Result<Refused<Done<IssueLodgingKitPayload>>> {
    let wanted = match each_once("stays", "stay", &input.stays) {
        Ok(wanted) => wanted,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let at = match happened(context, input.occurred_at) {
        Ok(at) => at,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let stays = stays_in(context, transaction.connection()?, wanted.clone()).await?;
    if stays.len() < wanted.len() {
        return Ok(Err(NotFound::new("stays").into()));
    }
    for stay in &stays {
        context.authorize_write(Class::Placement, RecordType::Person, stay)?;
    }
    let Some(store) = store_by_id(context, transaction.connection()?, input.from).await? else {
        return Ok(Err(NotFound::new("from").into()));
    };
    let Some(shelter) = store.shelter else {
        return Ok(Err(InvalidValue::new("from", "A kit leaves the store of a shelter.").into()));
    };
    let lies = |stay: &Stay| stay.ended_at.is_none() && stay.person.shelter.as_ref() == Some(&shelter);
    if !stays.iter().all(lies) {
        let message = "A kit is for those who lie in the store's shelter now.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    let kits = i32::try_from(stays.len()).unwrap_or(i32::MAX);
    let of = (input.kit, kits);
    let kit = match issue_kits::<_, IssueLodgingKitResult>(context, transaction, of, input.from, at).await? {
        Ok(kit) => kit,
        Err(refused) => return Ok(Err(refused)),
    };
    let recording = diesel::sql_query(
        "INSERT INTO lodging_kits (stay_id, kit_id, kit_version, issued_at, user_id) \
         SELECT stay, $2, $3, $4, $5 FROM unnest($1) AS stay",
    )
    .bind::<Array<SqlUuid>, _>(&wanted)
    .bind::<SqlUuid, _>(kit.id.uuid())
    .bind::<Integer, _>(kit.version)
    .bind::<Timestamptz, _>(at)
    .bind::<SqlUuid, _>(context.actor()?.user);
    match Prepared(recording).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("lodging_kits_pkey") => {
            let message =
                "Somebody of them got a kit for this stay already. Read kitIssuedAt of their stays.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let told = |stay: &Stay| {
        let change = KitIssued { stay: stay.id.uuid(), kit: kit.id.uuid(), version: kit.version };
        Part::of(Class::Placement, Some(stay.person_id), &change)
    };
    let changes = stays.iter().map(told).collect::<Result<_>>()?;
    Ok(Ok(Done { occurred_at: at, changes, payload: IssueLodgingKitPayload { issued: kits, shelter } }))
}
