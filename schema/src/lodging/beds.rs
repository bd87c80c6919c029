//! What can be done with beds: they are added to a space, blocked, and used again.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::load::beds_in;
use super::stays::hold_spaces;
use super::tables::beds;
use super::{Bed, BedChanged, BedState, BedsAdded};
use crate::census::BedNeed;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Facts, input, payload, record, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, OverCapacity, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;
use crate::shelters::{Space, spaces_in};

/// How many beds are added at once.
const MOST: usize = 200;

input! {
    /// A bed.
    pub struct NewBed {
        /// Its code, unique in the space: 1 to 20 capitals, digits and hyphens.
        pub code: String,
        /// Which needs of a person it meets; none, where it is left out.
        pub suits: Option<Vec<BedNeed>>,
    }
}

input! {
    /// Beds, and the space that they stand in.
    pub struct AddBeds {
        /// The space. One without beds must lodge nobody by its own count: its people are checked in to the beds.
        pub space: Id<Space>,
        /// The beds, 1 to 200; with those that it has, no more than it can lodge.
        pub beds: Vec<NewBed>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A bed in which nobody may lie for now.
    pub struct BlockBed {
        /// The bed; a free one.
        pub bed: Id<Bed>,
        /// The version of the bed that the caller saw.
        pub version: i32,
        /// Why, 3 to 500 characters.
        pub reason: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A bed that is used again.
    pub struct UnblockBed {
        /// The bed; a blocked one.
        pub bed: Id<Bed>,
        /// The version of the bed that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// Beds, added.
    #[derive(Serialize, Deserialize)]
    pub struct AddBedsPayload: "AddBedsPayload" as Space {
        /// The beds.
        beds: Vec<Bed>,
        /// Code of their shelter.
        shelter: String,
    }
}

impl Facts for AddBedsPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

payload! {
    /// A bed, blocked.
    pub struct BlockBedPayload: "BlockBedPayload" as Space {
        /// The bed as it is now.
        bed: Bed,
    }
}

payload! {
    /// A bed, used again.
    pub struct UnblockBedPayload: "UnblockBedPayload" as Space {
        /// The bed as it is now.
        bed: Bed,
    }
}

union! {
    /// The beds, added; or why they were not.
    pub enum AddBedsResult {
        Payload(AddBedsPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        OverCapacity(OverCapacity),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The bed, blocked; or why it was not.
    pub enum BlockBedResult {
        Payload(BlockBedPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The bed, used again; or why it is not.
    pub enum UnblockBedResult {
        Payload(UnblockBedPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Adds beds to a space. The database keeps their number within its capacity.
pub(super) async fn add_beds(context: Context, input: AddBeds) -> Result<AddBedsResult> {
    let mut transaction = begin!(&context, "lodging.addBeds", &input, AddBedsResult);
    let done = add(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn add(
    context: &Context,
    transaction: &mut Transaction<'_, AddBedsPayload>,
    input: &AddBeds,
) -> Result<std::result::Result<Done<AddBedsPayload>, AddBedsResult>> {
    if !(1..=MOST).contains(&input.beds.len()) {
        return Ok(Err(InvalidValue::new("beds", "Add 1 to 200 beds at once.").into()));
    }
    let Some(space) = spaces_in(transaction.connection()?, vec![input.space.uuid()]).await?.pop() else {
        return Ok(Err(NotFound::new("space").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Space, &space)?;
    let mut rows = Vec::with_capacity(input.beds.len());
    for bed in &input.beds {
        let suits: Vec<BedNeed> = bed.suits.clone().unwrap_or_default();
        rows.push((
            beds::id.eq(context.new_uuid()?),
            beds::space_id.eq(space.id),
            beds::code.eq(&bed.code),
            beds::suits.eq(suits),
        ));
    }
    let adding = diesel::insert_into(beds::table).values(rows).returning(beds::id);
    let added: Vec<Uuid> = match adding.get_results(transaction.connection()?).await {
        Ok(added) => added,
        Err(error) => {
            let refused = match constraint(&error) {
                Some("beds_code_key") => {
                    InvalidValue::new("beds", "The code of a bed is unique in its space.").into()
                }
                Some("beds_code_form") => {
                    InvalidValue::new("beds", "The code of a bed has 1 to 20 capitals, digits and hyphens.").into()
                }
                Some("spaces_room_for_beds") => OverCapacity::new().into(),
                Some("spaces_occupied_by_stays") => StateConflict::new(
                    "The space lodges people by its own count. Count none, add the beds, and check the people in.",
                )
                .into(),
                _ => return Err(Error::from(error)),
            };
            return Ok(Err(refused));
        }
    };
    let beds = beds_in(context, transaction.connection()?, &added).await?;
    let change = BedsAdded { beds };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    let payload = AddBedsPayload { beds: change.beds, shelter: space.shelter.unwrap_or_default() };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// Blocks a bed that is free.
pub(super) async fn block_bed(context: Context, input: BlockBed) -> Result<BlockBedResult> {
    let mut transaction = begin!(&context, "lodging.blockBed", &input, BlockBedResult);
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return transaction.refuse(problem).await;
    }
    let done = change(&context, &mut transaction, input.bed, input.version, Some(&input.reason)).await;
    transaction.conclude(done).await
}

/// Lets a blocked bed be used again.
pub(super) async fn unblock_bed(context: Context, input: UnblockBed) -> Result<UnblockBedResult> {
    let mut transaction = begin!(&context, "lodging.unblockBed", &input, UnblockBedResult);
    let done = change(&context, &mut transaction, input.bed, input.version, None).await;
    transaction.conclude(done).await
}

/// Blocks a bed for a reason, or for none lets it be used again. Under its space's lock, as whoever takes a bed holds it.
async fn change<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    bed: Id<Bed>,
    version: i32,
    blocked_for: Option<&str>,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: Serialize + DeserializeOwned + From<Bed>,
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    hold_spaces(transaction.connection()?, &[bed.uuid()]).await?;
    let Some(bed) = beds_in(context, transaction.connection()?, &[bed.uuid()]).await?.pop() else {
        return Ok(Err(NotFound::new("bed").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Space, &bed)?;
    if bed.version != version {
        return Ok(Err(VersionConflict::new(bed.version).into()));
    }
    let (needed, otherwise) = match blocked_for {
        Some(_) => (
            BedState::Free,
            "A bed is blocked while it is free. Transfer who lies in it, or release its hold.",
        ),
        None => (BedState::Blocked, "This bed is not blocked."),
    };
    if bed.state != needed {
        return Ok(Err(StateConflict::new(otherwise).into()));
    }
    // A hold that is over goes with it.
    let changing = diesel::update(beds::table.find(bed.id)).set((
        beds::blocked_for.eq(blocked_for),
        beds::hold_id.eq(None::<Uuid>),
        beds::held_until.eq(None::<chrono::DateTime<chrono::Utc>>),
    ));
    changing.execute(transaction.connection()?).await?;
    let found = beds_in(context, transaction.connection()?, &[bed.id.uuid()]).await?.pop();
    let bed = found.ok_or_else(|| Error::internal("a bed that was changed is not there"))?;
    let change = BedChanged { bed };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.bed.into() }))
}
