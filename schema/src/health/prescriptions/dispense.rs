//! Dispensing what is prescribed: the stock falls by movements that name nobody, and which lots it was is sealed with the person's records.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{HANDED, Handed, ORDER, Order, Prescription, Shows, prescription_facts};
use crate::access::InScope;
use crate::census::{self, needs};
use crate::context::Context;
use crate::donations::{GivenOut, Location, Lot, give_out};
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::health::CARE;
use crate::health::tables::{dispensings, prescriptions};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{
    EarlierExpiry, GoodsPacked, GoodsUnfit, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound,
    StateConflict,
};
use crate::scalars::{Id, Quantity};

input! {
    /// What is dispensed of a prescription.
    pub struct Dispense {
        /// The prescription.
        pub prescription: Id<Prescription>,
        /// The store that it comes out of.
        pub from: Id<Location>,
        /// How much, in the item's base unit; all that is left of it, where it is left out.
        pub quantity: Option<Quantity>,
        /// The lot; those that expire first, where it is left out.
        pub lot: Option<Id<Lot>>,
        /// Why the lot leaves before what of its item expires earlier in that store, 3 to 500 characters; no name of anyone.
        pub out_of_order: Option<String>,
        /// When it was dispensed; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A medicine, dispensed.
    #[derive(Serialize, Deserialize)]
    pub struct DispensePayload: "DispensePayload" as Diagnosis {
        /// The prescription: what is kept of the answer does not hold it.
        prescription_id: Uuid,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

impl Shows for DispensePayload {
    fn prescription(&self) -> Uuid {
        self.prescription_id
    }
}

union! {
    /// The medicine, dispensed; or why it was not.
    pub enum DispenseResult {
        Payload(DispensePayload),
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

/// In the journal: a medicine was dispensed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dispensed {
    dispensing: Uuid,
    prescription: Uuid,
    handed: Handed,
    dispensed_at: DateTime<Utc>,
}

impl Change for Dispensed {
    const NAME: &'static str = "health.dispensed";
}

type Refused<T> = std::result::Result<T, DispenseResult>;

/// A prescription's row, held until the transaction ends.
#[derive(Queryable)]
struct Held {
    person: Uuid,
    prescribed_at: DateTime<Utc>,
    prescribed: i32,
    dispensed: i32,
    record: Vec<u8>,
}

async fn held(
    context: &Context,
    connection: &mut AsyncPgConnection,
    prescription: Uuid,
) -> Result<Option<Held>> {
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Diagnosis)? else { return Ok(None) };
    let query = prescriptions::table
        .filter(prescriptions::id.eq(prescription))
        .filter(InScope::new(&scope, prescription_facts))
        .select((
            prescriptions::person_id,
            prescriptions::prescribed_at,
            prescriptions::prescribed,
            prescriptions::dispensed,
            prescriptions::record,
        ))
        .for_no_key_update();
    Ok(query.first(connection).await.optional()?)
}

/// Dispenses what is prescribed. The database holds that it is no more than that.
pub(super) async fn dispense(context: Context, input: Dispense) -> Result<DispenseResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, CARE, &input, DispenseResult);
    let done = hand_out(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn hand_out(
    context: &Context,
    transaction: &mut Transaction<'_, DispensePayload>,
    input: &Dispense,
) -> Result<Refused<Done<DispensePayload>>> {
    let at = input.occurred_at.unwrap_or_else(|| context.now());
    if let Err(problem) = needs(at <= context.now(), "occurredAt", "A dispensing cannot be of the future.") {
        return Ok(Err(problem.into()));
    }
    let prescription = input.prescription.uuid();
    let Some(held) = held(context, transaction.connection()?, prescription).await? else {
        return Ok(Err(NotFound::new("prescription").into()));
    };
    let person = held.person;
    let payload = DispensePayload { prescription_id: prescription, person: person.to_string() };
    context.authorize_write(Class::Health, RecordType::Diagnosis, &payload)?;
    if held.prescribed_at > at {
        return Ok(Err(InvalidValue::new("occurredAt", "It was prescribed later than that.").into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    let Some(order) = keys.open::<Order>(person, ORDER, &held.record)? else {
        return Ok(Err(census::erased().into()));
    };
    let left = Quantity { amount: held.prescribed - held.dispensed, unit: order.unit };
    let quantity = input.quantity.unwrap_or(left);
    if left.amount == 0 || quantity.amount > left.amount {
        let message =
            format!("Of this prescription {left} is left. Prescribe anew what is needed beyond that.");
        return Ok(Err(StateConflict::new(&message).into()));
    }
    let given = GivenOut {
        item: order.item,
        quantity,
        from: input.from,
        lot: input.lot,
        out_of_order: input.out_of_order.as_deref(),
        occurred_at: at,
    };
    let lots = match give_out::<_, DispenseResult>(context, transaction, given).await? {
        Ok(lots) => lots,
        Err(refused) => return Ok(Err(refused)),
    };
    let (dispensing, handed) = (context.new_uuid()?, Handed { unit: order.unit, lots });
    let row = (
        dispensings::id.eq(dispensing),
        dispensings::prescription_id.eq(prescription),
        dispensings::person_id.eq(person),
        dispensings::dispensed_at.eq(at),
        dispensings::quantity.eq(quantity.amount),
        dispensings::record.eq(keys.seal(person, HANDED, context.random_bytes()?, &handed)?),
    );
    let recording = diesel::insert_into(dispensings::table).values(row);
    match recording.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("prescriptions_dispensed") => {
            let message = "Less than that is left of this prescription. Read it again.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = Dispensed { dispensing, prescription, handed, dispensed_at: at };
    let changes = vec![Part::of(Class::Health, Some(person), &change)?];
    Ok(Ok(Done { occurred_at: at, changes, payload }))
}
