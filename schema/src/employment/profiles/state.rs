//! Recording what somebody can do.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::profile_in;
use super::{Abilities, RecordWorkProfilePayload, WORK_PROFILE, WorkPermit, WorkProfileStated};
use crate::census::{Checked, Person, needs};
use crate::context::Context;
use crate::employment::tables::work_profiles;
use crate::employment::{Answers, Skill, WorkShift, checked_skills, checked_text, held_to_write};
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::Id;

/// Nobody has worked longer.
const MOST_YEARS: i32 = 70;

input! {
    /// What somebody can do, and when they can work.
    pub struct RecordWorkProfile {
        /// The person.
        pub person: Id<Person>,
        /// What they worked as, last or longest, 2 to 120 characters; left out where they did not.
        pub occupation: Option<String>,
        /// For how many years, 0 to 70.
        pub experience_years: i32,
        /// What they can do, ten skills at most.
        pub skills: Vec<Skill>,
        /// In which languages they can work, ISO 639, five at most.
        pub languages: Vec<String>,
        /// In which shifts they can work, each once, one at least.
        pub shifts: Vec<WorkShift>,
        /// From when on they can work.
        pub available_from: NaiveDate,
        /// What is known of their permit to work, as far as they told it for this.
        pub work_permit: WorkPermit,
        /// The version of their profile that the caller saw; left out where they have none.
        pub version: Option<i32>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The profile, recorded; or why it was not.
    pub enum RecordWorkProfileResult {
        Payload(RecordWorkProfilePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// What is wrong with what somebody worked as and for how many years, what they can do in which languages, or when.
pub(super) fn checked_abilities(
    (occupation, years): (Option<&str>, i32),
    (skills, languages): (&[Skill], &[String]),
    shifts: &[WorkShift],
) -> Checked {
    checked_text("occupation", occupation, 2, 120)?;
    needs((0..=MOST_YEARS).contains(&years), "experienceYears", "Years are 0 to 70.")?;
    checked_skills(skills, languages)?;
    let once = |shift: &WorkShift| shifts.iter().filter(|other| *other == shift).count() == 1;
    let sound = !shifts.is_empty() && shifts.iter().all(once);
    needs(sound, "shifts", "Name each shift once, one at least.")
}

impl From<&RecordWorkProfile> for Abilities {
    fn from(input: &RecordWorkProfile) -> Self {
        let input = input.clone();
        Self {
            occupation: input.occupation.map(|text| text.trim().to_owned()),
            experience_years: input.experience_years,
            skills: input.skills,
            languages: input.languages,
            shifts: input.shifts,
            available_from: input.available_from,
            work_permit: input.work_permit,
        }
    }
}

/// Records a profile, in the place of the one before.
pub(super) async fn record_work_profile(
    context: Context,
    input: RecordWorkProfile,
) -> Result<RecordWorkProfileResult> {
    context.personal_scope(Class::Employment, RecordType::WorkProfile)?;
    let mut transaction = begin!(&context, "employment.recordWorkProfile", &input, RecordWorkProfileResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordWorkProfilePayload>,
    input: &RecordWorkProfile,
) -> Result<std::result::Result<Done<RecordWorkProfilePayload>, RecordWorkProfileResult>> {
    ensure!(checked_abilities(
        (input.occupation.as_deref(), input.experience_years),
        (&input.skills, &input.languages),
        &input.shifts,
    ));
    let person = input.person.uuid();
    let (held, keys) = match held_to_write(context, transaction, person).await? {
        Ok(held) => held,
        Err(refused) => return Ok(Err(refused)),
    };
    let abilities = Abilities::from(input);
    let sealed = keys.seal(person, WORK_PROFILE, context.random_bytes()?, &abilities)?;
    let (now, user) = (context.now(), context.actor()?.user);
    // The person is held: nobody else writes their profile meanwhile.
    let known = profile_in(transaction.connection()?, person).await?;
    if let Some((_, current)) = known
        && input.version != Some(current)
    {
        return Ok(Err(VersionConflict::new(current).into()));
    }
    let profile = match known {
        Some((profile, version)) => {
            let row = (
                work_profiles::profile.eq(sealed),
                work_profiles::recorded_at.eq(now),
                work_profiles::user_id.eq(user),
                work_profiles::version.eq(version.saturating_add(1)),
            );
            let stating = diesel::update(work_profiles::table.find(profile)).set(row);
            stating.execute(transaction.connection()?).await?;
            profile
        }
        None if input.version.is_some() => return Ok(Err(NotFound::new("version").into())),
        None => {
            let profile = context.new_uuid()?;
            let row = (
                work_profiles::id.eq(profile),
                work_profiles::programme_id.eq(context.programme_id()),
                work_profiles::person_id.eq(person),
                work_profiles::profile.eq(sealed),
                work_profiles::recorded_at.eq(now),
                work_profiles::user_id.eq(user),
            );
            let stating = diesel::insert_into(work_profiles::table).values(row);
            stating.execute(transaction.connection()?).await?;
            profile
        }
    };
    let stated = WorkProfileStated { profile, abilities };
    let changes = vec![Part::of(Class::Employment, Some(person), &stated)?];
    let payload = RecordWorkProfilePayload::new(profile, held.judged.facts);
    Ok(Ok(Done { occurred_at: now, changes, payload }))
}
