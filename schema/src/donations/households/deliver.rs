//! Giving goods to a household, by the pickup code that it shows. Whoever gives them learns nothing of it but whether it may have
//! them, and what remains of what it is owed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::allowance::allowance;
use super::given::{Delivering, Given, Refused, given};
use super::tables::household_deliveries;
use super::{HouseholdAllowance, HouseholdDelivery};
use crate::census::pickup;
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::first_expired::LOTS;
use crate::donations::ledger::{self, Breach, refuse_text};
use crate::donations::load::store_by_id;
use crate::donations::reservations::Reservation;
use crate::donations::{Item, Location, Lot};
use crate::error::{Error, Result};
use crate::graph::{Facts, input, record, union};
use crate::journal::{Change, Done, Part, begin};
use crate::problem::{
    BeyondEntitlement, EarlierExpiry, GoodsPacked, GoodsUnfit, IdempotencyConflict, InsufficientStock,
    InvalidValue, NotFound,
};
use crate::scalars::{Id, Quantity, read_code};

input! {
    /// So many kits, or so much of an item or of one lot.
    pub struct GivenGoods {
        /// The code of the kit: the items that it consists of are taken as they expire. Either this, `item` or `lot`.
        pub kit: Option<String>,
        /// How many kits; one, where it is left out.
        pub kits: Option<i32>,
        /// The item: its lots are taken as they expire, those that never do last.
        pub item: Option<Id<Item>>,
        /// The lot.
        pub lot: Option<Id<Lot>>,
        /// How much of the item or the lot, in the item's base unit.
        pub quantity: Option<Quantity>,
        /// Why this lot leaves before what of its item expires earlier in that store, 3 to 500 characters.
        pub out_of_order: Option<String>,
    }
}

input! {
    /// Goods that are given to a household.
    pub struct DeliverToHousehold {
        /// The code that the household shows. Hyphens and spaces do not matter, nor do capitals.
        pub pickup_code: String,
        /// The store that they leave.
        pub from: Id<Location>,
        /// What is given, of 1 to 200 lots.
        pub goods: Vec<GivenGoods>,
        /// The reservation that it uses up: what that keeps is taken first.
        pub reservation: Option<Id<Reservation>>,
        /// More about it, 3 to 500 characters; no name of whoever received it.
        pub note: Option<String>,
        /// When it happened; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// Goods, given to a household.
    #[derive(Serialize, Deserialize)]
    pub struct DeliverToHouseholdPayload: "DeliverToHouseholdPayload" as HouseholdDelivery {
        /// The delivery.
        delivery_id: Uuid,
        /// The shelter whose store it left.
        shelter: Option<String>,
        /// What the household may still have after it.
        allowance: Vec<HouseholdAllowance>,
    }
}

impl Facts for DeliverToHouseholdPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }
}

union! {
    /// The goods, given; or why they were not.
    pub enum DeliverToHouseholdResult {
        Payload(DeliverToHouseholdPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        BeyondEntitlement(BeyondEntitlement),
        InsufficientStock(InsufficientStock),
        GoodsUnfit(GoodsUnfit),
        GoodsPacked(GoodsPacked),
        EarlierExpiry(EarlierExpiry),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: goods were given to a household. To which is a part of its own.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HouseholdServed {
    delivery: Uuid,
    code: String,
    location: Uuid,
    lines: Vec<ServedLine>,
}

/// So much of what one entitlement is of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServedLine {
    line: Uuid,
    entitlement: Uuid,
    given: i32,
}

impl Change for HouseholdServed {
    const NAME: &'static str = "donations.householdServed";
}

/// In the journal, as a part of its own: to which household it was.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServedTo {
    delivery: Uuid,
    household: Uuid,
}

impl Change for ServedTo {
    const NAME: &'static str = "donations.servedTo";
}

/// Gives goods to a household. The database lets no household have more than it is owed, whoever gives it something at once.
pub(super) async fn deliver_to_household(
    context: Context,
    input: DeliverToHousehold,
) -> Result<DeliverToHouseholdResult> {
    let mut transaction = begin!(&context, "donations.deliverToHousehold", &input, DeliverToHouseholdResult);
    let done = deliver(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn deliver(
    context: &Context,
    transaction: &mut Delivering<'_>,
    input: &DeliverToHousehold,
) -> Result<Refused<Done<DeliverToHouseholdPayload>>> {
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let delivered_at = input.occurred_at.unwrap_or_else(|| context.now());
    if delivered_at > context.now() {
        return Ok(Err(InvalidValue::new("occurredAt", "A delivery cannot be of the future.").into()));
    }
    let Some(store) = store_by_id(context, transaction.connection()?, input.from).await? else {
        return Ok(Err(NotFound::new("from").into()));
    };
    context.authorize_write(Class::Inventory, RecordType::HouseholdDelivery, &store)?;
    let Some(code) = read_code(&input.pickup_code) else {
        let message =
            "This is no pickup code: a character is wrong, missing or in another's place. Read it again.";
        return Ok(Err(InvalidValue::new("pickupCode", message).into()));
    };
    let Some(household) = pickup::held(context, transaction.connection()?, &code).await? else {
        return Ok(Err(NotFound::new("pickupCode").into()));
    };
    let day = context.day_of(delivered_at);
    let allowances = allowance(transaction.connection()?, household, day).await?;
    let mut given = match given(context, transaction, input, &allowances).await? {
        Ok(given) => given,
        Err(refused) => return Ok(Err(refused)),
    };
    if !(1..=LOTS).contains(&given.movements.len()) {
        let message = "A delivery is of 1 to 200 lots. Give the rest with another.";
        return Ok(Err(InvalidValue::new("goods", message).into()));
    }
    let id = Id::<HouseholdDelivery>::new(context.new_uuid()?);
    let row = (
        household_deliveries::id.eq(id),
        household_deliveries::programme_id.eq(context.programme_id()),
        household_deliveries::household_id.eq(household),
        household_deliveries::location_id.eq(input.from),
        household_deliveries::note.eq(input.note.clone()),
        household_deliveries::delivered_at.eq(delivered_at),
        household_deliveries::recorded_at.eq(context.now()),
        household_deliveries::user_id.eq(context.actor()?.user),
    );
    let opening =
        diesel::insert_into(household_deliveries::table).values(row).returning(household_deliveries::code);
    let code: String = Prepared(opening).get_result(transaction.connection()?).await?;
    write_lines(transaction, id, &given).await?;
    for (_, movement) in &mut given.movements {
        movement.occurred_at = delivered_at;
    }
    let recorded = match ledger::record_all(context, transaction, given.movements).await? {
        Ok(recorded) => recorded,
        Err(Breach::Insufficient) => return Ok(Err(InsufficientStock::new().into())),
        Err(Breach::Packed) => return Ok(Err(GoodsPacked::new().into())),
        Err(Breach::Unfit) => return Ok(Err(GoodsUnfit::new().into())),
        Err(Breach::EarlierExpiry) => return Ok(Err(EarlierExpiry::new().into())),
        Err(Breach::NotReserved) => return Ok(Err(ledger::refuse_reservation().into())),
        Err(Breach::BeyondEntitlement) => return Ok(Err(beyond(&given.lines, &allowances).into())),
        Err(
            Breach::Corrected
            | Breach::NoStore
            | Breach::OnItsWay
            | Breach::BeyondRequest
            | Breach::RequestNotOpen,
        ) => {
            return Err(Error::internal("a delivery ran into a law that is not for it"));
        }
    };
    ledger::enter(transaction, recorded).await?;
    let line = |line: &super::given::Line| ServedLine {
        line: line.id,
        entitlement: line.entitlement,
        given: line.asked,
    };
    let served = HouseholdServed {
        delivery: id.uuid(),
        code,
        location: input.from.uuid(),
        lines: given.lines.iter().map(line).collect(),
    };
    let to = ServedTo { delivery: id.uuid(), household };
    let changes = vec![Part::of(Class::Inventory, None, &served)?, Part::of(Class::Family, None, &to)?];
    let allowance = allowance(transaction.connection()?, household, day).await?;
    let payload = DeliverToHouseholdPayload { delivery_id: id.uuid(), shelter: store.shelter, allowance };
    Ok(Ok(Done { occurred_at: delivered_at, changes, payload }))
}

/// Writes what is asked for against each entitlement. What of it is given is the ledger's to say.
async fn write_lines(
    transaction: &mut Delivering<'_>,
    delivery: Id<HouseholdDelivery>,
    given: &Given,
) -> Result<()> {
    let each = |column: fn(&super::given::Line) -> Uuid| given.lines.iter().map(column).collect::<Vec<_>>();
    let writing = diesel::sql_query(
        "INSERT INTO household_delivery_lines (id, delivery_id, entitlement_id, kit_version, asked) \
         SELECT line, $1, entitlement, version, asked FROM unnest($2, $3, $4, $5) AS lines (line, entitlement, version, asked)",
    )
    .bind::<SqlUuid, _>(delivery.uuid())
    .bind::<Array<SqlUuid>, _>(each(|line| line.id))
    .bind::<Array<SqlUuid>, _>(each(|line| line.entitlement))
    .bind::<Array<Nullable<Integer>>, _>(given.lines.iter().map(|line| line.kit_version).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(given.lines.iter().map(|line| line.asked).collect::<Vec<_>>());
    Prepared(writing).execute(transaction.connection()?).await?;
    Ok(())
}

/// Which of the lines is beyond what the household may have, and when it may have some again.
fn beyond(lines: &[super::given::Line], allowances: &[HouseholdAllowance]) -> BeyondEntitlement {
    let owed = |line: &super::given::Line| {
        allowances.iter().find(|allowance| allowance.entitlement_id == line.entitlement)
    };
    let found = lines.iter().find_map(|line| {
        owed(line).filter(|allowance| allowance.remaining < line.asked).map(|allowance| (line, allowance))
    });
    match found {
        Some((line, allowance)) => {
            let argument = format!("goods.{}", line.place);
            BeyondEntitlement::new(&argument, allowance.remaining, allowance.again_on)
        }
        None => BeyondEntitlement::new("goods", 0, None),
    }
}
