//! Moving somebody to another bed, of the same shelter or of another: one stay ends and the next begins at the same moment, and what
//! was is kept.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::check_out::end;
use super::fitting::suited;
use super::load::{beds_in, stay_in};
use super::stays::{happened, hold_households, hold_spaces, law, spaces_of, taken, told};
use super::tables::stays;
use super::{Bed, BedHold, PlacementOverride, Stay, StayBegan, StayEnded};
use crate::census::touched;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Facts, input, record, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{
    BedUnfit, IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;

input! {
    /// A stay, and the bed that its person moves to.
    pub struct TransferStay {
        /// The stay.
        pub stay: Id<Stay>,
        /// The version of the stay that the caller saw.
        pub version: i32,
        /// The bed, of this shelter or of another.
        pub bed: Id<Bed>,
        /// The hold under which that bed was kept.
        pub hold: Option<Id<BedHold>>,
        /// An approved override, where the bed does not suit the person.
        pub placement_override: Option<Id<PlacementOverride>>,
        /// Why, 3 to 500 characters.
        pub reason: Option<String>,
        /// When the person moved; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A person, moved to another bed.
    #[derive(Serialize, Deserialize)]
    pub struct TransferStayPayload: "TransferStayPayload" as Space {
        /// The stay that began.
        stay_id: Uuid,
        /// The stay that ended.
        former_id: Uuid,
        /// Code of the shelter where the person lodges now.
        shelter: String,
    }
}

impl Facts for TransferStayPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

union! {
    /// The person, moved; or why not.
    pub enum TransferStayResult {
        Payload(TransferStayPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        BedUnfit(BedUnfit),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Refused<T> = std::result::Result<T, TransferStayResult>;

/// Moves somebody.
pub(super) async fn transfer_stay(context: Context, input: TransferStay) -> Result<TransferStayResult> {
    context.personal_scope(Class::Placement, RecordType::Person)?;
    let mut transaction = begin!(&context, "lodging.transferStay", &input, TransferStayResult);
    let done = transfer(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn transfer(
    context: &Context,
    transaction: &mut Transaction<'_, TransferStayPayload>,
    input: &TransferStay,
) -> Result<Refused<Done<TransferStayPayload>>> {
    if let Some(problem) = refuse_text("reason", input.reason.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let at = match happened(context, input.occurred_at) {
        Ok(at) => at,
        Err(problem) => return Ok(Err(problem.into())),
    };
    let Some(stay) = stay_in(context, transaction.connection()?, input.stay.uuid()).await? else {
        return Ok(Err(NotFound::new("stay").into()));
    };
    let wanted = [stay.bed_id, input.bed.uuid()];
    hold_households(transaction.connection()?, &[stay.person_id]).await?;
    hold_spaces(transaction.connection()?, &wanted).await?;
    let beds = beds_in(context, transaction.connection()?, &wanted).await?;
    let Some(bed) = beds.iter().find(|bed| bed.id == input.bed) else {
        return Ok(Err(NotFound::new("bed").into()));
    };
    context.authorize_write(Class::Placement, RecordType::Person, &stay)?;
    for bed in &beds {
        context.authorize_write(Class::Operational, RecordType::Space, bed)?;
    }
    if stay.version != input.version {
        return Ok(Err(VersionConflict::new(stay.version).into()));
    }
    let hold = input.hold.map(Id::uuid);
    if let Some(problem) = taken(bed, hold) {
        return Ok(Err(problem.into()));
    }
    let before = spaces_of(transaction.connection()?, &beds).await?;
    let overrides = input.placement_override.as_slice();
    let lying = [(stay.person_id, bed)];
    let overridden = match suited(context, transaction.connection()?, &lying, &before, overrides).await? {
        Ok(mut overridden) => overridden.remove(&stay.person_id),
        Err(refused) => return Ok(Err(refused)),
    };
    if let Err(refused) = end(transaction, &stay, input.version, at).await? {
        return Ok(Err(refused));
    }
    let next = context.new_uuid()?;
    let row = (
        stays::id.eq(next),
        stays::person_id.eq(stay.person_id),
        stays::bed_id.eq(bed.id),
        stays::party_id.eq(next),
        stays::hold_id.eq(hold),
        stays::began_at.eq(at),
        stays::user_id.eq(context.actor()?.user),
        stays::override_id.eq(overridden.as_ref().map(|used| used.placement_override)),
    );
    let beginning = diesel::insert_into(stays::table).values(row).execute(transaction.connection()?).await;
    if let Err(error) = beginning {
        return law(&error).map(Err).ok_or_else(|| Error::from(error));
    }
    let ended = StayEnded { stay: stay.id.uuid(), bed: stay.bed_id, ended_at: at };
    let began = StayBegan {
        stay: next,
        bed: bed.id.uuid(),
        shelter: bed.shelter.clone(),
        began_at: at,
        after: Some(stay.id.uuid()),
        reason: input.reason.clone(),
        overridden,
    };
    let mut changes = vec![
        Part::of(Class::Placement, Some(stay.person_id), &ended)?,
        Part::of(Class::Placement, Some(stay.person_id), &began)?,
        touched(vec![stay.person_id], at)?,
    ];
    changes.extend(told(transaction, before, at).await?);
    let payload =
        TransferStayPayload { stay_id: next, former_id: stay.id.uuid(), shelter: bed.shelter.clone() };
    Ok(Ok(Done { occurred_at: at, changes, payload }))
}
