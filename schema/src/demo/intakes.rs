//! What families said at the desk: handed on of part of the people, and still open of a few at two shelters.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use ring::hmac;
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::agencies::user_id;
use super::people::{self, Learner, hashed, sealed};
use super::shelters::Shelter;
use super::work::{self, WORKED};
use super::{Random, copy, id, local, programme_id};
use crate::census::intake::{VACCINATIONS, WORK};
use crate::employment::{WorkHistory, WorkShift};
use crate::error::Result;
use crate::health::{DeclaredVaccination, slot};
use crate::vault::Key;

/// Of a hundred people, of how many it was handed on.
const HANDED_ON: u32 = 25;
/// How many are open at each of two shelters.
const OPEN: usize = 3;
/// Whoever was born later is a minor while the programme lasts.
const ADULTS: i32 = 2002;
/// From this year on somebody may have been vaccinated against COVID-19.
const LATELY: i32 = 2021;

row! {
    /// An intake; sealed is what was said.
    Intake in "intakes" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        user_id: Uuid = UUID,
        state: &'static str = TEXT,
        taken_at: DateTime<Utc> = TIMESTAMPTZ,
        said_at: DateTime<Utc> = TIMESTAMPTZ,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
        ended_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        vaccinations: Option<Vec<u8>> = BYTEA,
        work: Option<Vec<u8>> = BYTEA,
        version: i32 = INT4,
    }
}

row! {
    /// A vaccination as health keeps it, sealed.
    CareRecord in "care_records" {
        id: Uuid = UUID,
        person_id: Uuid = UUID,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
        slot: Vec<u8> = BYTEA,
        record: Vec<u8> = BYTEA,
    }
}

/// A vaccination that was handed on, still to be given its slot.
#[derive(Debug, PartialEq, Eq)]
struct HandedOn {
    id: Uuid,
    person_id: Uuid,
    recorded_at: DateTime<Utc>,
    what: String,
    record: Vec<u8>,
}

/// The rows of intakes as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) intakes: Vec<Intake>,
    handed_on: Vec<HandedOn>,
}

/// An intake as it was or is taken.
struct Taken {
    user_id: Uuid,
    at: DateTime<Utc>,
    handed_on_at: Option<DateTime<Utc>>,
    /// Whether something was said of work.
    of_work: bool,
}

impl Rows {
    /// Makes them for the people who came by `day`.
    pub(super) fn generate(
        (day, now): (NaiveDate, DateTime<Utc>),
        shelters: &[Shelter],
        people: &people::Rows,
        work: &work::Rows,
    ) -> Result<Self> {
        let mut rows = Self::default();
        let profiled: BTreeSet<Uuid> = work.profiles.iter().map(|profile| profile.person_id).collect();
        for learner in people.learners.iter().filter(|learner| learner.arrived_on + Days::new(3) <= day) {
            let mut random = Random::seeded(&format!("intakes/{}", learner.code));
            if !random.chance(HANDED_ON) {
                continue;
            }
            let at = local(learner.arrived_on, 10) + TimeDelta::minutes(random.between(0, 400).into());
            let taken = Taken {
                user_id: user_id("DIF_MUNICIPAL", "coordinator"),
                at,
                handed_on_at: Some(at + TimeDelta::minutes(20)),
                // Employment made the profile anew since: what was said stays with the intake.
                of_work: profiled.contains(&learner.person_id),
            };
            rows.take(learner, &mut random, &taken)?;
        }
        rows.open(day, now, shelters, people)?;
        Ok(rows)
    }

    /// What is being taken down this morning.
    fn open(
        &mut self,
        day: NaiveDate,
        now: DateTime<Utc>,
        shelters: &[Shelter],
        people: &people::Rows,
    ) -> Result<()> {
        for (shelter, role) in shelters.iter().zip(["shelter_lead", "coordinator"]) {
            let lodges = |learner: &&Learner| {
                people.lodgers.iter().any(|lodger| {
                    lodger.person_id == learner.person_id
                        && lodger.shelter_id == shelter.id
                        && lodger.from <= now
                        && now < lodger.until
                })
            };
            let said_before =
                |learner: &&Learner| self.intakes.iter().any(|intake| intake.person_id == learner.person_id);
            // Whoever came last is at the desk.
            let waiting: Vec<&Learner> = people
                .learners
                .iter()
                .rev()
                .filter(|learner| learner.birth_year <= ADULTS && learner.arrived_on < day)
                .filter(lodges)
                .filter(|learner| !said_before(learner))
                .take(OPEN)
                .collect();
            for (number, learner) in (0..).zip(waiting) {
                let mut random = Random::seeded(&format!("open intakes/{}", learner.code));
                let at = local(day, 9) + TimeDelta::minutes(number * 25);
                let taken = Taken {
                    user_id: user_id("DIF_MUNICIPAL", role),
                    at,
                    handed_on_at: None,
                    of_work: number != 0,
                };
                self.take(learner, &mut random, &taken)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, learner: &Learner, random: &mut Random, taken: &Taken) -> Result<()> {
        let person_id = learner.person_id;
        let key = format!("{}/{}", learner.code, taken.at);
        let declared = vaccinations(learner, random);
        let work = taken.of_work.then(|| history(learner, random));
        self.intakes.push(Intake {
            id: id("intakes", &key, taken.at),
            programme_id: programme_id(),
            person_id,
            user_id: taken.user_id,
            state: if taken.handed_on_at.is_some() { "SUBMITTED" } else { "OPEN" },
            taken_at: taken.at,
            said_at: taken.at,
            recorded_at: taken.at,
            ended_at: taken.handed_on_at,
            vaccinations: Some(sealed(person_id, VACCINATIONS, &key, &declared)?),
            work: work.map(|work| sealed(person_id, WORK, &key, &work)).transpose()?,
            version: if taken.handed_on_at.is_some() { 2 } else { 1 },
        });
        let Some(recorded_at) = taken.handed_on_at else { return Ok(()) };
        for one in declared {
            let what = one.what();
            let nonce = hashed(&["nonce", "care", &what, &person_id.to_string()]);
            let nonce = nonce.first_chunk().copied().unwrap_or_default();
            let person_key = Key::new(&hashed(&["key", &person_id.to_string()]))?;
            self.handed_on.push(HandedOn {
                id: id("vaccinations", &format!("{key}/{what}"), recorded_at),
                person_id,
                recorded_at,
                record: one.care()?.seal_by(&person_key, person_id, nonce)?,
                what,
            });
        }
        Ok(())
    }

    /// Writes them, once there are the people.
    pub(super) async fn copy(
        &self,
        transaction: &Transaction<'_>,
        search_key: &hmac::Key,
    ) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.intakes).await?;
        let record = |of: &HandedOn| CareRecord {
            id: of.id,
            person_id: of.person_id,
            recorded_at: of.recorded_at,
            slot: slot(search_key, of.person_id, &of.what),
            record: of.record.clone(),
        };
        let records: Vec<CareRecord> = self.handed_on.iter().map(record).collect();
        copy(transaction, &records).await
    }
}

/// What somebody says that they were vaccinated with.
fn vaccinations(learner: &Learner, random: &mut Random) -> Vec<DeclaredVaccination> {
    let proof = if random.chance(55) { "CARD_SHOWN" } else { "TOLD" };
    let year = learner.birth_year;
    let mut said = Vec::new();
    if learner.birth_year <= ADULTS {
        let doses = random.between(0, 2);
        said.extend((1..=doses).map(|dose| format!("COVID_19 {dose} {LATELY}-0{} {proof}", 4 + 2 * dose)));
        if random.chance(40) {
            said.push(format!("TD 1 {} {proof}", year + 15));
        }
    } else {
        said.push(format!("BCG 1 {year} {proof}"));
        if year < LATELY && random.chance(70) {
            said.push(format!("MMR 1 {} {proof}", year + 1));
        }
    }
    said.iter().filter_map(|text| DeclaredVaccination::parse(text)).collect()
}

/// What somebody says of their work.
fn history(learner: &Learner, random: &mut Random) -> WorkHistory {
    let (occupation, skill) = random.pick(&WORKED).copied().unwrap_or(WORKED[0]);
    WorkHistory {
        occupation: Some(occupation.to_owned()),
        experience_years: random.between(0, 15),
        skills: vec![skill],
        languages: vec!["ht".to_owned()],
        training: random.chance(30).then(|| "Curso corto en su país".to_owned()),
        seeks: Some("Trabajo estable, de preferencia en su oficio".to_owned()),
        shifts: vec![WorkShift::Morning, WorkShift::Afternoon],
        available_from: learner.arrived_on + Days::new(15),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_DAY, ENDS_ON, NOON, shelters, vacancies};
    use super::*;

    fn on(day: NaiveDate) -> Rows {
        let now = local(day, NOON);
        let people = people::Rows::generate(day, now).unwrap();
        let offered = vacancies::Rows::generate(day, now);
        let work = work::Rows::generate(&people.persons, &offered, day).unwrap();
        let shelters = shelters::Rows::generate(day).shelters;
        Rows::generate((day, now), &shelters, &people, &work).unwrap()
    }

    #[test]
    fn a_part_of_the_people_is_handed_on_and_a_few_are_open_at_two_shelters() {
        let rows = on(DEFAULT_DAY);
        let open: Vec<&Intake> = rows.intakes.iter().filter(|intake| intake.ended_at.is_none()).collect();
        assert_eq!(open.len(), 2 * OPEN);
        assert_eq!(open.iter().map(|intake| intake.user_id).collect::<BTreeSet<_>>().len(), 2);
        assert!((400..900).contains(&(rows.intakes.len() - open.len())), "{}", rows.intakes.len());
        assert!(
            open.iter().any(|intake| intake.work.is_none())
                && open.iter().any(|intake| intake.work.is_some())
        );
        let people: BTreeSet<Uuid> = rows.intakes.iter().map(|intake| intake.person_id).collect();
        assert_eq!(people.len(), rows.intakes.len(), "one of each");
        assert!(rows.handed_on.len() > rows.intakes.len() / 2);
        assert!(
            rows.intakes.iter().all(|intake| intake.ended_at.is_none_or(|at| at <= local(DEFAULT_DAY, NOON)))
        );
        assert_eq!(rows, on(DEFAULT_DAY), "the same in every load");
    }

    #[test]
    fn what_was_handed_on_stays_until_the_programme_closes() {
        let (before, after) = (on(DEFAULT_DAY), on(ENDS_ON));
        let stays = |one: &HandedOn| after.handed_on.contains(one);
        assert!(before.handed_on.iter().all(stays));
    }
}
