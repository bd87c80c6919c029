//! Registering a birth: the newborns become persons, with a key of their own each, in the mother's household and where she lodges.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::{BIRTH, Delivered, NewbornLodging};
use crate::census::{
    Checked, Judged, Mother, Newborn, Person, PersonFacts, Sex, inside, mother, name, needs,
    register_newborns,
};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Facts, input, record, union};
use crate::health::care::{Care, slot};
use crate::health::pregnancies::{Gestation, Open, PregnancyEnding, open_in};
use crate::health::tables::{births, care_records};
use crate::journal::{Change, Done, Part, Transaction, begin};
use crate::lodging::lodge_newborns;
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;
use crate::vault::Keys;

/// How many are born at once.
const MOST: usize = 8;

input! {
    /// Somebody who is born. What else is known of them follows: the day, the nationality, the household and what they are in it.
    pub struct NewbornInput {
        /// Given names, 1 to 100 characters.
        pub given_names: String,
        /// Family names, 1 to 100 characters; the mother's, where they are left out.
        pub family_names: Option<String>,
        /// Sex.
        pub sex: Sex,
        /// What they weigh, in grams: 200 to 8,000.
        pub weight_grams: Option<i32>,
    }
}

input! {
    /// A birth.
    pub struct RegisterBirth {
        /// The mother. Her pregnancy, where one is recorded, ends with it.
        pub mother: Id<Person>,
        /// Those who are born, in their order, 1 to 8.
        pub newborns: Vec<NewbornInput>,
        /// When they were born; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A birth, registered.
    #[derive(Serialize, Deserialize)]
    pub struct RegisterBirthPayload: "RegisterBirthPayload" as Newborn {
        /// What the births share: what is kept of the answer tells of nobody.
        delivery_id: Uuid,
        /// The mother's key, as policies compare it.
        key: String,
        /// What else policies turn on, of the mother.
        facts: PersonFacts,
    }
}

impl Facts for RegisterBirthPayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Person { Some(&self.key) } else { self.facts.fact(fact) }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.facts.members(fact)
    }
}

union! {
    /// The birth, registered; or why it was not.
    pub enum RegisterBirthResult {
        Payload(RegisterBirthPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal, of the mother: a pregnancy ended with births.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GaveBirth {
    pregnancy: Uuid,
    births: Vec<Uuid>,
    at: DateTime<Utc>,
}

impl Change for GaveBirth {
    const NAME: &'static str = "health.gaveBirth";
}

/// In the journal, of a newborn: they were born.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Born {
    birth: Uuid,
    born_at: DateTime<Utc>,
    delivered: Delivered,
}

impl Change for Born {
    const NAME: &'static str = "health.born";
}

type Refused<T> = std::result::Result<T, RegisterBirthResult>;
type Registering<'c> = Transaction<'c, RegisterBirthPayload>;

/// Registers a birth.
pub(super) async fn register_birth(context: Context, input: RegisterBirth) -> Result<RegisterBirthResult> {
    context.personal_scope(Class::Health, RecordType::Diagnosis)?;
    let mut transaction = begin!(&context, "health.registerBirth", &input, RegisterBirthResult);
    let done = give_birth(&context, &mut transaction, input).await;
    transaction.conclude(done).await
}

fn checked(context: &Context, input: &RegisterBirth, at: DateTime<Utc>) -> Checked {
    needs(at <= context.now(), "occurredAt", "A birth cannot be of the future.")?;
    needs((1..=MOST).contains(&input.newborns.len()), "newborns", "Name 1 to 8 newborns.")?;
    for (place, newborn) in input.newborns.iter().enumerate() {
        let within = |problem| inside(&format!("newborns.{place}"), problem);
        name("givenNames", Some(&newborn.given_names)).map_err(within)?;
        name("familyNames", newborn.family_names.as_deref()).map_err(within)?;
        let plausible = newborn.weight_grams.is_none_or(|grams| (200..=8_000).contains(&grams));
        needs(plausible, "weightGrams", "A newborn weighs 200 to 8,000 grams.").map_err(within)?;
    }
    Ok(())
}

/// Those who are born, and of each the key of the birth.
fn newborns(context: &Context, input: Vec<NewbornInput>) -> Result<Vec<(Uuid, Option<i32>, Newborn)>> {
    let made = input.into_iter().map(|newborn| {
        let NewbornInput { given_names, family_names, sex, weight_grams } = newborn;
        let newborn = Newborn { id: context.new_uuid()?, given_names, family_names, sex };
        Ok((context.new_uuid()?, weight_grams, newborn))
    });
    made.collect()
}

async fn give_birth(
    context: &Context,
    transaction: &mut Registering<'_>,
    input: RegisterBirth,
) -> Result<Refused<Done<RegisterBirthPayload>>> {
    let at = input.occurred_at.unwrap_or_else(|| context.now());
    if let Err(problem) = checked(context, &input, at) {
        return Ok(Err(problem.into()));
    }
    let mother =
        match mother::<RegisterBirthResult>(context, transaction.connection()?, input.mother.uuid()).await? {
            Ok(mother) => mother,
            Err(refused) => return Ok(Err(refused)),
        };
    let payload = payload(context, &mother)?;
    permitted(context, &payload)?;
    if let Err(problem) = mother.gives_birth_on(context.day_of(at)) {
        return Ok(Err(problem.into()));
    }
    let lasting = open_in(context, transaction.connection()?, mother.held.id, &mother.keys).await?;
    let began = lasting.as_ref().and_then(|open| open.gestation.began_on);
    if began.is_some_and(|began| context.day_of(at) < began) {
        return Ok(Err(InvalidValue::new("occurredAt", "Her pregnancy began later than that.").into()));
    }
    let born = newborns(context, input.newborns)?;
    let ids: Vec<Uuid> = born.iter().map(|(.., newborn)| newborn.id).collect();
    let deliveries: Vec<(Uuid, Option<i32>)> =
        born.iter().map(|(birth, weight, _)| (*birth, *weight)).collect();
    let births: Vec<Uuid> = deliveries.iter().map(|(birth, _)| *birth).collect();
    let keys = context.vault().make_keys(&ids, &context.system().random, context.real_now()).await?;
    let pregnancy = ended(context, transaction.connection()?, (&mother, lasting), &births, at).await?;
    let of = (&mother, &keys);
    let newborns = born.into_iter().map(|(.., newborn)| newborn).collect();
    let mut changes = register_newborns(context, transaction.connection()?, of, newborns, at).await?;
    let placement = mother.newborns_placement();
    let (lodged, told) = lodge_newborns(context, transaction, (&mother, &placement), &ids, at).await?;
    for (place, (id, (birth, weight_grams))) in ids.iter().zip(&deliveries).enumerate() {
        let lodging = match payload.facts.shelter {
            Some(_) if place < lodged => NewbornLodging::Cot,
            Some(_) => NewbornLodging::WithMother,
            None => NewbornLodging::Elsewhere,
        };
        let delivered = Delivered {
            mother: mother.held.id,
            pregnancy,
            order: i32::try_from(place).unwrap_or_default() + 1,
            weight_grams: *weight_grams,
            lodging,
        };
        insert(
            context,
            transaction.connection()?,
            (*id, *birth, payload.delivery_id),
            (at, &delivered, &keys),
        )
        .await?;
        changes.push(Part::of(Class::Health, Some(*id), &Born { birth: *birth, born_at: at, delivered })?);
    }
    changes.push(Part::of(Class::Health, Some(mother.held.id), &GaveBirth { pregnancy, births, at })?);
    changes.extend(told);
    Ok(Ok(Done { occurred_at: at, changes, payload }))
}

fn payload(context: &Context, mother: &Mother) -> Result<RegisterBirthPayload> {
    Ok(RegisterBirthPayload {
        delivery_id: context.new_uuid()?,
        key: mother.held.id.to_string(),
        facts: mother.held.judged.facts.clone(),
    })
}

/// The verb's own policy says who writes what a newborn is; the rest is what clinicians write of anyone.
fn permitted(context: &Context, payload: &RegisterBirthPayload) -> Result<()> {
    for class in [Class::Identity, Class::Family] {
        context.authorize_write(class, RecordType::Newborn, payload)?;
    }
    context.authorize_write(Class::Health, RecordType::Diagnosis, payload)?;
    // The newborn as one who lodges where the mother does.
    let judged = Judged::new(context.new_uuid()?, payload.facts.clone());
    context.authorize_write(Class::Placement, RecordType::Person, &judged)
}

/// Ends the mother's pregnancy; where none was recorded, one is that ends now. Its key.
async fn ended(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (mother, lasting): (&Mother, Option<Open>),
    births: &[Uuid],
    at: DateTime<Utc>,
) -> Result<Uuid> {
    let (person, is_new) = (mother.held.id, lasting.is_none());
    let Open { id, mut gestation } = match lasting {
        Some(open) => open,
        None => Open { id: context.new_uuid()?, gestation: Gestation::default() },
    };
    gestation.ended_at = Some(at);
    gestation.ending = Some(PregnancyEnding::Birth);
    gestation.births = births.to_vec();
    gestation.version += 1;
    let sealed = Care::Pregnancy(gestation).seal(&mother.keys, person, context.random_bytes()?)?;
    let over = (
        care_records::slot.eq(slot(context.vault().search_key(), person, &id.to_string())),
        care_records::record.eq(sealed),
    );
    if is_new {
        let row = (
            care_records::id.eq(id),
            care_records::person_id.eq(person),
            care_records::recorded_at.eq(at),
            over.0,
            over.1,
        );
        diesel::insert_into(care_records::table).values(row).execute(connection).await?;
    } else {
        diesel::update(care_records::table.find(id)).set(over).execute(connection).await?;
    }
    Ok(id)
}

async fn insert(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (person, birth, delivery): (Uuid, Uuid, Uuid),
    (born_at, delivered, keys): (DateTime<Utc>, &Delivered, &Keys),
) -> Result<()> {
    let row = (
        births::id.eq(birth),
        births::person_id.eq(person),
        births::delivery_id.eq(delivery),
        births::born_at.eq(born_at),
        births::record.eq(keys.seal(person, BIRTH, context.random_bytes()?, delivered)?),
    );
    diesel::insert_into(births::table).values(row).execute(connection).await?;
    Ok(())
}
