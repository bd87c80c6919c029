//! Taking down what a family says.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::{intake_in, sealed_in};
use super::tables::intakes;
use super::{
    ENDED, Intake, IntakeState, Taker, VACCINATIONS, Vaccinations, VaccinationsTaken, WORK, WorkTaken,
    changed, of_an_intake,
};
use crate::census::{Checked, Held, MERGED, Person, erased, held, inside, needs};
use crate::context::Context;
use crate::employment::{WorkHistory, WorkHistoryInput};
use crate::error::Result;
use crate::graph::{input, union};
use crate::health::DeclaredVaccination;
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;
use crate::vault::Keys;

/// How many vaccinations one person declares.
const MOST_VACCINATIONS: usize = 60;

input! {
    /// What a family says at the desk of a person. What is given replaces all that was said of it; the other stays.
    pub struct RecordIntake {
        /// Id of the intake, made by whoever sends it: a UUIDv7 in the form of the ids of intakes. Made here, where it is left out of the first.
        pub intake: Option<Id<Intake>>,
        /// Of whom.
        pub person: Id<Person>,
        /// The version of the intake that the caller saw; left out of the first.
        pub version: Option<i32>,
        /// The vaccinations that they declare, each dose once, sixty at most; empty where they say that they had none.
        pub vaccinations: Option<Vec<DeclaredVaccination>>,
        /// What they say of their work.
        pub work: Option<WorkHistoryInput>,
        /// When it was said; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

of_an_intake! {
    /// An intake, taken down as far as it goes.
    RecordIntakePayload "RecordIntakePayload"
}

union! {
    /// The intake, taken down as far as it goes; or why it was not.
    pub enum RecordIntakeResult {
        Payload(RecordIntakePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Recording<'c> = Transaction<'c, RecordIntakePayload>;
type Refused<T> = std::result::Result<T, RecordIntakeResult>;

pub(super) async fn record_intake(context: Context, input: RecordIntake) -> Result<RecordIntakeResult> {
    context.personal_scope(Class::Family, RecordType::Intake)?;
    let mut transaction = begin!(&context, "census.recordIntake", &input, RecordIntakeResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

fn checked(context: &Context, input: &RecordIntake, occurred_at: DateTime<Utc>) -> Checked {
    needs(occurred_at <= context.now(), "occurredAt", "Nothing is said in the future.")?;
    let says = input.vaccinations.is_some() || input.work.is_some();
    needs(says, "vaccinations, or work", "Say what the family says.")?;
    let declared = input.vaccinations.as_deref().unwrap_or_default();
    let is_dose = |one: &DeclaredVaccination, other: &DeclaredVaccination| {
        (one.vaccine, one.dose) == (other.vaccine, other.dose)
    };
    let once = |one: &DeclaredVaccination| declared.iter().filter(|other| is_dose(one, other)).count() == 1;
    let sound = declared.len() <= MOST_VACCINATIONS && declared.iter().all(once);
    needs(sound, "vaccinations", "Name each dose once, sixty at most.")?;
    let day = context.day_of(occurred_at);
    let given = |one: &DeclaredVaccination| one.day.first_day().is_some_and(|first| first <= day);
    needs(declared.iter().all(given), "vaccinations", "A dose is not given in the future.")?;
    input.work.as_ref().map_or(Ok(()), |work| work.checked().map_err(|problem| inside("work", problem)))
}

/// What is said, to be sealed.
struct Said {
    vaccinations: Option<Vaccinations>,
    work: Option<WorkHistory>,
    at: DateTime<Utc>,
}

impl Said {
    fn vaccinations(&self, context: &Context, keys: &Keys, person: Uuid) -> Result<Option<Vec<u8>>> {
        let seal = |said| keys.seal(person, VACCINATIONS, context.random_bytes()?, said);
        self.vaccinations.as_ref().map(seal).transpose()
    }

    fn work(&self, context: &Context, keys: &Keys, person: Uuid) -> Result<Option<Vec<u8>>> {
        let seal = |said| keys.seal(person, WORK, context.random_bytes()?, said);
        self.work.as_ref().map(seal).transpose()
    }

    /// What the journal says of it.
    fn parts(self, person: Uuid, (intake, version): (Uuid, i32)) -> Result<Vec<Part>> {
        let mut parts = vec![changed(person, (intake, IntakeState::Open, version))?];
        if let Some(vaccinations) = self.vaccinations {
            let taken = VaccinationsTaken { intake, vaccinations };
            parts.push(Part::of(Class::Health, Some(person), &taken)?);
        }
        if let Some(work) = self.work {
            parts.push(Part::of(Class::Employment, Some(person), &WorkTaken { intake, work })?);
        }
        Ok(parts)
    }
}

async fn record(
    context: &Context,
    transaction: &mut Recording<'_>,
    input: &RecordIntake,
) -> Result<Refused<Done<RecordIntakePayload>>> {
    let at = input.occurred_at.unwrap_or_else(|| context.now());
    ensure!(checked(context, input, at));
    let person = input.person.uuid();
    let Some(held) = held(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    context.authorize_write(Class::Identity, RecordType::Person, &held.judged)?;
    let known = match input.intake {
        Some(intake) => intake_in(context, transaction.connection()?, intake.uuid()).await?,
        None => None,
    };
    if known.as_ref().is_some_and(|known| known.person_id != person) {
        return Ok(Err(InvalidValue::new("person", "This intake is of somebody else.").into()));
    }
    if known.as_ref().is_some_and(|known| known.state != IntakeState::Open) {
        return Ok(Err(StateConflict::new(ENDED).into()));
    }
    let payload = payload(context, held, (input.intake, known.as_ref()))?;
    for (class, said) in [
        (Class::Family, true),
        (Class::Health, input.vaccinations.is_some()),
        (Class::Employment, input.work.is_some()),
    ] {
        if said {
            context.authorize_write(class, RecordType::Intake, &payload)?;
        }
    }
    match (&known, input.version) {
        (None, Some(_)) => return Ok(Err(NotFound::new("intake").into())),
        (Some(known), seen) if seen != Some(known.version) => {
            return Ok(Err(VersionConflict::new(known.version).into()));
        }
        _ => {}
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(erased().into()));
    }
    let said = Said {
        vaccinations: input.vaccinations.clone(),
        work: input.work.as_ref().map(|work| work.said_on(context.day_of(at))),
        at,
    };
    let version = known.as_ref().map_or(1, |known| known.version.saturating_add(1));
    let written = match known {
        Some(known) => go_on(context, transaction, (&known, &keys), &said).await?,
        None => begin(context, transaction, (payload.intake_id, person, &keys), &said).await?,
    };
    if let Err(refused) = written {
        return Ok(Err(refused));
    }
    let changes = said.parts(person, (payload.intake_id, version))?;
    Ok(Ok(Done { occurred_at: at, changes, payload }))
}

/// What answers it, which is also what policies judge: whoever begins an intake takes it down.
fn payload(
    context: &Context,
    held: Held,
    (named, known): (Option<Id<Intake>>, Option<&Intake>),
) -> Result<RecordIntakePayload> {
    let taker = known.map_or(Some(Taker::Own), |known| known.taker);
    let intake_id = named.map_or_else(|| context.new_uuid(), |named| Ok(named.uuid()))?;
    Ok(RecordIntakePayload { intake_id, judged: held.judged, taker })
}

/// Begins an intake. The database holds that one is open of a person, and that the id is new.
async fn begin(
    context: &Context,
    transaction: &mut Recording<'_>,
    (intake, person, keys): (Uuid, Uuid, &Keys),
    said: &Said,
) -> Result<Refused<()>> {
    let row = (
        intakes::id.eq(intake),
        intakes::programme_id.eq(context.programme_id()),
        intakes::person_id.eq(person),
        intakes::user_id.eq(context.actor()?.user),
        intakes::taken_at.eq(said.at),
        intakes::said_at.eq(said.at),
        intakes::recorded_at.eq(context.now()),
        intakes::vaccinations.eq(said.vaccinations(context, keys, person)?),
        intakes::work.eq(said.work(context, keys, person)?),
    );
    match diesel::insert_into(intakes::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => Ok(Ok(())),
        Err(error) => {
            let why = match constraint(&error) {
                Some("intakes_one_open") => {
                    "An intake of this person is open. Go on with it, or withdraw it first."
                }
                Some("intakes_pkey") => {
                    "An intake has this id already. What was sent before stands: read it, or make another id."
                }
                Some("persons_merged_takes_nothing") => MERGED,
                _ => return Err(error.into()),
            };
            Ok(Err(StateConflict::new(why).into()))
        }
    }
}

/// Takes more down.
async fn go_on(
    context: &Context,
    transaction: &mut Recording<'_>,
    (known, keys): (&Intake, &Keys),
    said: &Said,
) -> Result<Refused<()>> {
    let (vaccinations, work) = sealed_in(transaction.connection()?, known.id.uuid()).await?;
    let row = (
        // What is sent later may have been said before.
        intakes::taken_at.eq(known.taken_at.min(said.at)),
        intakes::said_at.eq(known.said_at.max(said.at)),
        intakes::recorded_at.eq(context.now()),
        intakes::vaccinations.eq(said.vaccinations(context, keys, known.person_id)?.or(vaccinations)),
        intakes::work.eq(said.work(context, keys, known.person_id)?.or(work)),
    );
    diesel::update(intakes::table.find(known.id)).set(row).execute(transaction.connection()?).await?;
    Ok(Ok(()))
}
