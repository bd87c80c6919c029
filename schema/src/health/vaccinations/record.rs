//! Recording a vaccination: the stock falls by movements that name nobody, and which lot it was is sealed with the person's records.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{Vaccinated, Vaccine};
use crate::census::{self, Checked, MERGED, Person, needs};
use crate::context::Context;
use crate::donations::{GivenOut, Item, Location, Lot, give_out, medicine};
use crate::error::Result;
use crate::graph::{input, record, union};
use crate::health::CARE;
use crate::health::care::{Care, slot};
use crate::health::tables::care_records;
use crate::health::visits::note_of;
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{
    EarlierExpiry, GoodsPacked, GoodsUnfit, IdempotencyConflict, InsufficientStock, InvalidValue, NotFound,
    StateConflict,
};
use crate::scalars::{Id, Quantity};

/// No vaccine has more doses.
pub(super) const DOSES: i32 = 10;

/// What a dose's slot is of: each is recorded once.
pub(super) fn what(vaccine: Vaccine, dose: i32) -> String {
    format!("vaccine/{}/{dose}", vaccine.as_str())
}

input! {
    /// A dose of a vaccine.
    pub struct RecordVaccination {
        /// Whom.
        pub person: Id<Person>,
        /// The vaccine.
        pub vaccine: Vaccine,
        /// Which dose of it: 1 to 10. Each is recorded once.
        pub dose: i32,
        /// The item of the catalogue that it is, of a medical category: one of its base units is taken. Either this with `from`, or `place`.
        pub item: Option<Id<Item>>,
        /// The store that it comes out of.
        pub from: Option<Id<Location>>,
        /// The lot; that which expires first, where it is left out.
        pub lot: Option<Id<Lot>>,
        /// Why the lot leaves before what of its item expires earlier in that store, 3 to 500 characters; no name of anyone.
        pub out_of_order: Option<String>,
        /// Where it was given, if elsewhere, 1 to 4,000 characters: a card that was shown, or what the person says.
        pub place: Option<String>,
        /// When it was given; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A dose, recorded.
    #[derive(Serialize, Deserialize)]
    pub struct RecordVaccinationPayload: "RecordVaccinationPayload" as Diagnosis {
        /// The vaccination: what is kept of the answer does not even say that it is one.
        record_id: Uuid,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

union! {
    /// The dose, recorded; or why it was not.
    pub enum RecordVaccinationResult {
        Payload(RecordVaccinationPayload),
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

/// In the journal: a person was vaccinated.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VaccinationRecorded {
    vaccination: Uuid,
    vaccinated: Vaccinated,
}

impl Change for VaccinationRecorded {
    const NAME: &'static str = "health.vaccinationRecorded";
}

type Refused<T> = std::result::Result<T, RecordVaccinationResult>;
type Recording<'c> = Transaction<'c, RecordVaccinationPayload>;

/// Records a dose. The database holds that each is recorded once.
pub(super) async fn record_vaccination(
    context: Context,
    input: RecordVaccination,
) -> Result<RecordVaccinationResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, CARE, &input, RecordVaccinationResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

fn checked(context: &Context, input: &RecordVaccination, at: DateTime<Utc>) -> Checked {
    needs(at <= context.now(), "occurredAt", "A dose is not given in the future.")?;
    needs((1..=DOSES).contains(&input.dose), "dose", "Doses are counted from 1 to 10.")?;
    let here = input.item.is_some() && input.from.is_some();
    let elsewhere = input.item.is_none() && input.from.is_none() && input.lot.is_none();
    let message = "Say either which item was given out of which store, or in place where it was given.";
    let one = if input.place.is_some() { elsewhere } else { here };
    needs(one, "item and from, or place", message)?;
    note_of("place", input.place.as_deref())
}

async fn record(
    context: &Context,
    transaction: &mut Recording<'_>,
    input: &RecordVaccination,
) -> Result<Refused<Done<RecordVaccinationPayload>>> {
    let at = input.occurred_at.unwrap_or_else(|| context.now());
    if let Err(problem) = checked(context, input, at) {
        return Ok(Err(problem.into()));
    }
    let person = input.person.uuid();
    let Some(held) = census::held(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    if held.merged_into.is_some() {
        return Ok(Err(StateConflict::new(MERGED).into()));
    }
    let vaccination = context.new_uuid()?;
    let payload = RecordVaccinationPayload { record_id: vaccination, person: person.to_string() };
    context.authorize_write(Class::Health, RecordType::Diagnosis, &payload)?;
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let lot = match taken(context, transaction, input, at).await? {
        Ok(lot) => lot,
        Err(refused) => return Ok(Err(refused)),
    };
    let vaccinated = Vaccinated {
        vaccine: input.vaccine,
        dose: input.dose,
        given_at: at,
        lot,
        place: input.place.clone(),
        declared: None,
    };
    let what = what(input.vaccine, input.dose);
    let sealed = Care::Vaccination(vaccinated.clone()).seal(&keys, person, context.random_bytes()?)?;
    let row = (
        care_records::id.eq(vaccination),
        care_records::person_id.eq(person),
        care_records::recorded_at.eq(at),
        care_records::slot.eq(slot(context.vault().search_key(), person, &what)),
        care_records::record.eq(sealed),
    );
    let recording = diesel::insert_into(care_records::table).values(row);
    match recording.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("care_records_slot_key") => {
            let message = "This dose is recorded already. Look at the person's vaccinations.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = VaccinationRecorded { vaccination, vaccinated };
    let changes = vec![Part::of(Class::Health, Some(person), &change)?];
    Ok(Ok(Done { occurred_at: at, changes, payload }))
}

/// Takes one unit out of the store, where it was given here: the lot.
async fn taken(
    context: &Context,
    transaction: &mut Recording<'_>,
    input: &RecordVaccination,
    occurred_at: DateTime<Utc>,
) -> Result<Refused<Option<Uuid>>> {
    let (Some(item), Some(from)) = (input.item, input.from) else { return Ok(Ok(None)) };
    let Some(item) = medicine(context, transaction, item).await? else {
        return Ok(Err(NotFound::new("item").into()));
    };
    let given = GivenOut {
        item: item.id.uuid(),
        quantity: Quantity { amount: 1, unit: item.unit },
        from,
        lot: input.lot,
        out_of_order: input.out_of_order.as_deref(),
        occurred_at,
    };
    let lots = give_out::<_, RecordVaccinationResult>(context, transaction, given).await?;
    Ok(lots.map(|lots| lots.into_iter().map(|(lot, _)| lot).next()))
}
