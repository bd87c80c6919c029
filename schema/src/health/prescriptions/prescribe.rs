//! Prescribing a medicine.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{ORDER, Order, Shows};
use crate::census::{self, Checked, needs};
use crate::context::Context;
use crate::donations::{Item, medicine};
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::health::CARE;
use crate::health::tables::prescriptions;
use crate::health::visits::{Visit, held, note_of};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::{Id, Quantity};

/// How much is prescribed at once, in base units.
const MOST: i32 = 10_000;

input! {
    /// A medicine that a clinician prescribes.
    pub struct Prescribe {
        /// The visit in which it is prescribed, which is open.
        pub visit: Id<Visit>,
        /// The item of the catalogue, of a medical category.
        pub item: Id<Item>,
        /// How much, in the item's base unit: 1 to 10,000.
        pub quantity: Quantity,
        /// How it is taken, 1 to 4,000 characters.
        pub dosage: String,
        /// When; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A medicine, prescribed.
    #[derive(Serialize, Deserialize)]
    pub struct PrescribePayload: "PrescribePayload" as Diagnosis {
        /// The prescription: what is kept of the answer does not hold it.
        prescription_id: Uuid,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

impl Shows for PrescribePayload {
    fn prescription(&self) -> Uuid {
        self.prescription_id
    }
}

union! {
    /// The medicine, prescribed; or why it was not.
    pub enum PrescribeResult {
        Payload(PrescribePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a medicine was prescribed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prescribed {
    prescription: Uuid,
    visit: Uuid,
    amount: i32,
    order: Order,
    prescribed_at: DateTime<Utc>,
}

impl Change for Prescribed {
    const NAME: &'static str = "health.prescribed";
}

type Refused<T> = std::result::Result<T, PrescribeResult>;

/// Prescribes a medicine. The database holds that the visit is open.
pub(super) async fn prescribe(context: Context, input: Prescribe) -> Result<PrescribeResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, CARE, &input, PrescribeResult);
    let done = order(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

fn checked(context: &Context, input: &Prescribe, at: DateTime<Utc>) -> Checked {
    needs(at <= context.now(), "occurredAt", "A prescription cannot be of the future.")?;
    let fits = (1..=MOST).contains(&input.quantity.amount);
    needs(fits, "quantity", "A prescription is of 1 to 10,000 base units.")?;
    note_of("dosage", Some(&input.dosage))
}

async fn order(
    context: &Context,
    transaction: &mut Transaction<'_, PrescribePayload>,
    input: Prescribe,
) -> Result<Refused<Done<PrescribePayload>>> {
    let at = input.occurred_at.unwrap_or_else(|| context.now());
    if let Err(problem) = checked(context, &input, at) {
        return Ok(Err(problem.into()));
    }
    let visit = input.visit.uuid();
    let Some(held) = held(context, transaction.connection()?, visit).await? else {
        return Ok(Err(NotFound::new("visit").into()));
    };
    let (person, prescription) = (held.person, context.new_uuid()?);
    let payload = PrescribePayload { prescription_id: prescription, person: person.to_string() };
    context.authorize_write(Class::Health, RecordType::Diagnosis, &payload)?;
    let Some(item) = medicine(context, transaction, input.item).await? else {
        return Ok(Err(NotFound::new("item").into()));
    };
    if item.unit != input.quantity.unit {
        let message = format!("This item counts in {}.", item.unit.as_str());
        return Ok(Err(InvalidValue::new("quantity", &message).into()));
    }
    if held.opened_at > at {
        return Ok(Err(InvalidValue::new("occurredAt", "The visit began later than that.").into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let order = Order { item: item.id.uuid(), unit: item.unit, dosage: input.dosage };
    let row = (
        prescriptions::id.eq(prescription),
        prescriptions::person_id.eq(person),
        prescriptions::visit_id.eq(visit),
        prescriptions::prescribed_at.eq(at),
        prescriptions::prescribed.eq(input.quantity.amount),
        prescriptions::record.eq(keys.seal(person, ORDER, context.random_bytes()?, &order)?),
    );
    let prescribing = diesel::insert_into(prescriptions::table).values(row);
    match prescribing.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("prescriptions_in_open_visit") => {
            let message = "This visit is closed. Open another, and prescribe there.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = Prescribed { prescription, visit, amount: input.quantity.amount, order, prescribed_at: at };
    let changes = vec![Part::of(Class::Health, Some(person), &change)?];
    Ok(Ok(Done { occurred_at: at, changes, payload }))
}
