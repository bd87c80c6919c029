//! What people in the demonstration can do, for what they applied, which jobs they hold, and how they came by an RFC.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::people::{Person, sealed};
use super::vacancies::{self, FILLED};
use super::{Random, copy, id, local, programme_id};
use crate::employment::{
    APPLICATION, ATTENDANCE, Abilities, ApplicationNote, Attended, ENDING, Ending, FOLLOW_UP, FollowUp,
    JobEnding, JobFollowUpOutcome, RFC, RfcDocument, RfcRecord, Skill, WORK_PROFILE, WorkPermit, WorkShift,
    check_digit,
};
use crate::error::Result;

/// How many formal jobs are held, and how many procedures for an RFC completed, when the programme closes.
const JOBS: usize = 2_000;
const COMPLETED: usize = 900;
/// Who counts as an adult from this day on is of age for work.
const OF_AGE: NaiveDate = NaiveDate::from_ymd_opt(2022, 1, 1).expect("a date, checked by the compiler");
/// The first day on which somebody begins to work, and over how many days they do.
const FIRST_JOB: NaiveDate = NaiveDate::from_ymd_opt(2022, 1, 17).expect("a date, checked by the compiler");
const JOB_DAYS: u32 = 70;
/// The same of procedures.
const FIRST_RFC: NaiveDate = NaiveDate::from_ymd_opt(2022, 1, 5).expect("a date, checked by the compiler");
const RFC_DAYS: u32 = 45;
/// With whom some share what they can do.
const EMPLOYER: &str = "EMPLEADOR_DEMO";

/// What people worked as, with what they learnt by it.
pub(super) const WORKED: [(&str, Skill); 8] = [
    ("Albañil", Skill::Construction),
    ("Costurera", Skill::Sewing),
    ("Cocinera", Skill::Cooking),
    ("Chofer", Skill::Driving),
    ("Vendedor", Skill::Sales),
    ("Agricultor", Skill::FarmWork),
    ("Operador de planta", Skill::Assembly),
    ("Almacenista", Skill::Warehouse),
];

row! {
    /// A work profile, sealed.
    Profile in "work_profiles" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        profile: Vec<u8> = BYTEA,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// An application; sealed is what was said of it.
    Application in "job_applications" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        vacancy_id: Uuid = UUID,
        submitted_on: NaiveDate = DATE,
        state: &'static str = TEXT,
        record: Vec<u8> = BYTEA,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A job; sealed is why it ended.
    Placement in "job_placements" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        vacancy_id: Uuid = UUID,
        application_id: Option<Uuid> = UUID,
        formal: bool = BOOL,
        started_on: NaiveDate = DATE,
        ended_on: Option<NaiveDate> = DATE,
        record: Vec<u8> = BYTEA,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A visit where somebody works, sealed.
    Visit in "job_follow_ups" {
        id: Uuid = UUID,
        placement_id: Uuid = UUID,
        made_on: NaiveDate = DATE,
        record: Vec<u8> = BYTEA,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A procedure for an RFC; sealed are its documents and the RFC.
    Procedure in "rfc_procedures" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        state: &'static str = TEXT,
        opened_on: NaiveDate = DATE,
        missing: i32 = INT4,
        completed_on: Option<NaiveDate> = DATE,
        record: Vec<u8> = BYTEA,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// That somebody came to a fair or a training, sealed.
    Attendance in "job_attendances" {
        id: Uuid = UUID,
        event_id: Uuid = UUID,
        person_id: Uuid = UUID,
        record: Vec<u8> = BYTEA,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A consent to an employer.
    Consent in "consents" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        recipient: &'static str = TEXT,
        purpose: &'static str = TEXT,
        given_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

/// The rows of these as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) profiles: Vec<Profile>,
    pub(super) applications: Vec<Application>,
    pub(super) placements: Vec<Placement>,
    pub(super) visits: Vec<Visit>,
    pub(super) procedures: Vec<Procedure>,
    pub(super) attendances: Vec<Attendance>,
    pub(super) consents: Vec<Consent>,
    /// How many jobs were given out, those that are yet to begin among them.
    jobs: usize,
}

/// An adult, with their place among all of them, and what is known by then.
struct Adult<'a> {
    person: &'a Person,
    number: usize,
    day: NaiveDate,
}

impl Adult<'_> {
    /// Some days after a day, and after they came.
    fn after(&self, first: NaiveDate, days: u32, random: &mut Random) -> NaiveDate {
        first.max(self.person.arrived_on + Days::new(7)) + Days::new(random.below(days).into())
    }

    fn random(&self, of: &str) -> Random {
        Random::seeded(&format!("{of}/{}", self.person.code))
    }
}

impl Rows {
    /// Makes them for the people who came by `day`.
    pub(super) fn generate(people: &[Person], offered: &vacancies::Rows, day: NaiveDate) -> Result<Self> {
        let mut rows = Self::default();
        let of_age = people.iter().filter(|person| person.adult_from <= OF_AGE);
        for (number, person) in of_age.enumerate() {
            let adult = Adult { person, number, day };
            rows.profile(&adult)?;
            rows.work(&adult, offered)?;
            rows.rfc(&adult)?;
            rows.come(&adult, offered)?;
            rows.share(&adult);
        }
        Ok(rows)
    }

    /// What they can do.
    fn profile(&mut self, adult: &Adult<'_>) -> Result<()> {
        let mut random = adult.random("work profiles");
        let recorded_on = adult.person.arrived_on + Days::new(3);
        let (occupation, skill) = random.pick(&WORKED).copied().unwrap_or(WORKED[0]);
        let also = random.pick(&[Skill::Cleaning, Skill::Care, Skill::Cooking, Skill::Welding]).copied();
        let abilities = Abilities {
            occupation: Some(occupation.to_owned()),
            experience_years: random.between(0, 18),
            skills: [skill].into_iter().chain(also.filter(|also| *also != skill)).collect(),
            languages: ["ht"]
                .into_iter()
                .chain(random.chance(45).then_some("es"))
                .map(str::to_owned)
                .collect(),
            shifts: if random.chance(60) {
                vec![WorkShift::Morning, WorkShift::Afternoon]
            } else {
                vec![WorkShift::Morning, WorkShift::Night, WorkShift::Rotating]
            },
            available_from: recorded_on + Days::new(random.below(30).into()),
            work_permit: if random.chance(35) { WorkPermit::Shown } else { WorkPermit::Unknown },
        };
        if random.chance(80) && recorded_on <= adult.day {
            let recorded_at = local(recorded_on, 11);
            self.profiles.push(Profile {
                id: id("work profiles", &adult.person.code, recorded_at),
                programme_id: programme_id(),
                person_id: adult.person.id,
                profile: sealed(adult.person.id, WORK_PROFILE, "", &abilities)?,
                recorded_at,
            });
        }
        Ok(())
    }

    /// The jobs that they hold when the programme closes, one or two, until all are given out; and of some an earlier one.
    fn work(&mut self, adult: &Adult<'_>, offered: &vacancies::Rows) -> Result<()> {
        let most = match adult.number {
            number if number % 20 == 19 => 0,
            number if number.is_multiple_of(2) || number % 8 == 1 => 2,
            _ => 1,
        };
        let first = self.jobs;
        for job in 0..most {
            if self.jobs < JOBS {
                self.job(adult, offered, (job, self.jobs))?;
                self.jobs += 1;
            }
        }
        let mut random = adult.random("earlier jobs");
        let (had_one, formal) = (random.chance(12), random.chance(40));
        let started_on = adult.after(FIRST_JOB, 30, &mut random);
        let ended_on = started_on + Days::new(u64::from(random.below(25)) + 2);
        // Of another vacancy than those of their jobs, and not all of the same.
        let apart = FILLED / 2 + adult.number % (FILLED / 3);
        let vacancy = offered.vacancies.get((first + apart) % FILLED);
        if let Some(vacancy) = vacancy.filter(|_| had_one && ended_on <= adult.day) {
            let recorded_at = local(ended_on, 9);
            let ending = Ending { ending: Some(JobEnding::TermOver), note: None };
            self.placements.push(Placement {
                id: id("job placements", &format!("{}/earlier", adult.person.code), recorded_at),
                programme_id: programme_id(),
                person_id: adult.person.id,
                vacancy_id: vacancy.id,
                application_id: None,
                formal,
                started_on,
                ended_on: Some(ended_on),
                record: sealed(adult.person.id, ENDING, "earlier", &ending)?,
                recorded_at,
            });
        }
        Ok(())
    }

    /// One job, as far as it has come: their application, the placement, a visit.
    fn job(
        &mut self,
        adult: &Adult<'_>,
        offered: &vacancies::Rows,
        (job, slot): (usize, usize),
    ) -> Result<()> {
        let key = format!("{}/{job}", adult.person.code);
        let mut random = Random::seeded(&format!("jobs/{key}"));
        let started_on =
            adult.after(FIRST_JOB, JOB_DAYS, &mut random).min(FIRST_JOB + Days::new(JOB_DAYS.into()));
        let (applies, visited, well) = (random.chance(40), random.chance(30), random.chance(85));
        let Some(vacancy) = offered.vacancies.get(slot % FILLED) else { return Ok(()) };
        let person_id = adult.person.id;
        let submitted_on = started_on - Days::new(5);
        let mut application_id = None;
        if applies && submitted_on <= adult.day {
            let recorded_at = local(submitted_on, 12);
            let application = id("job applications", &key, recorded_at);
            application_id = Some(application);
            let state = match (adult.day - submitted_on).num_days() {
                _ if started_on <= adult.day => "HIRED",
                0..=1 => "SUBMITTED",
                2..=3 => "INTERVIEWED",
                _ => "OFFERED",
            };
            self.applications.push(Application {
                id: application,
                programme_id: programme_id(),
                person_id,
                vacancy_id: vacancy.id,
                submitted_on,
                state,
                record: sealed(person_id, APPLICATION, &key, &ApplicationNote::default())?,
                recorded_at,
            });
        }
        if started_on > adult.day {
            return Ok(());
        }
        let recorded_at = local(started_on, 9);
        let placement = id("job placements", &key, recorded_at);
        self.placements.push(Placement {
            id: placement,
            programme_id: programme_id(),
            person_id,
            vacancy_id: vacancy.id,
            application_id,
            formal: true,
            started_on,
            ended_on: None,
            record: sealed(person_id, ENDING, &key, &Ending::default())?,
            recorded_at,
        });
        let made_on = started_on + Days::new(9);
        if visited && made_on <= adult.day {
            let outcome = if well { JobFollowUpOutcome::Working } else { JobFollowUpOutcome::NeedsSupport };
            let recorded_at = local(made_on, 11);
            self.visits.push(Visit {
                id: id("job follow-ups", &key, recorded_at),
                placement_id: placement,
                made_on,
                record: sealed(person_id, FOLLOW_UP, &key, &FollowUp { outcome, note: None })?,
                recorded_at,
            });
        }
        Ok(())
    }

    /// How they come by an RFC: two in three complete the procedure, until so many have; of the others some abandon one.
    fn rfc(&mut self, adult: &Adult<'_>) -> Result<()> {
        let mut random = adult.random("rfc");
        let place = adult.number / 3 * 2 + adult.number % 3;
        let completes = adult.number % 3 < 2 && place < COMPLETED;
        let (tries, leaves) = (random.chance(25), random.chance(60));
        let opened_on =
            adult.after(FIRST_RFC, RFC_DAYS, &mut random).min(FIRST_RFC + Days::new(RFC_DAYS.into()));
        let over_on = opened_on + Days::new(u64::from(random.below(16)) + 14);
        if opened_on > adult.day || !(completes || tries) {
            return Ok(());
        }
        let is_over = over_on <= adult.day;
        let state = match (adult.day - opened_on).num_days() {
            _ if is_over && completes => "COMPLETED",
            _ if is_over && leaves => "ABANDONED",
            0..=3 => "OPENED",
            4..=6 => "DOCUMENTS_COMPLETE",
            _ => "FILED",
        };
        let gathered = if state == "OPENED" { 2 } else { RfcDocument::NEEDED.len() };
        let record = RfcRecord {
            documents: RfcDocument::NEEDED.into_iter().take(gathered).collect(),
            rfc: (state == "COMPLETED").then(|| rfc(adult)).flatten(),
            note: (state == "ABANDONED").then(|| "Ya no quiso seguir el trámite".to_owned()),
        };
        let recorded_at = local(opened_on, 10);
        self.procedures.push(Procedure {
            id: id("rfc procedures", &adult.person.code, recorded_at),
            programme_id: programme_id(),
            person_id: adult.person.id,
            state,
            opened_on,
            missing: i32::try_from(RfcDocument::NEEDED.len() - gathered).unwrap_or_default(),
            completed_on: (state == "COMPLETED").then_some(over_on),
            record: sealed(adult.person.id, RFC, "", &record)?,
            recorded_at,
        });
        Ok(())
    }

    /// To which fairs and trainings they came.
    fn come(&mut self, adult: &Adult<'_>, offered: &vacancies::Rows) -> Result<()> {
        for event in offered.events.iter().filter(|event| event.ends_on < adult.day) {
            let key = format!("{}/{}", adult.person.code, event.title);
            let mut random = Random::seeded(&format!("job events/{key}"));
            let trains = event.kind == "TRAINING";
            let (comes, completes) = (random.chance(if trains { 4 } else { 12 }), random.chance(80));
            if !comes || event.starts_on <= adult.person.arrived_on {
                continue;
            }
            let recorded_at = local(event.ends_on, 16);
            let attended = Attended { completed: trains.then_some(completes) };
            self.attendances.push(Attendance {
                id: id("job attendances", &key, recorded_at),
                event_id: event.id,
                person_id: adult.person.id,
                record: sealed(adult.person.id, ATTENDANCE, event.title, &attended)?,
                recorded_at,
            });
        }
        Ok(())
    }

    /// Whether they share it with the employer whose contacts sign in.
    fn share(&mut self, adult: &Adult<'_>) {
        let given_at = local(adult.person.arrived_on + Days::new(4), 15);
        if adult.random("shares work").chance(12) && given_at <= local(adult.day, super::NOON) {
            self.consents.push(Consent {
                id: id("consents", &format!("{}/{EMPLOYER}/EMPLOYMENT", adult.person.code), given_at),
                programme_id: programme_id(),
                person_id: adult.person.id,
                recipient: EMPLOYER,
                purpose: "EMPLOYMENT",
                given_at,
            });
        }
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.consents).await?;
        copy(transaction, &self.profiles).await?;
        copy(transaction, &self.applications).await?;
        copy(transaction, &self.placements).await?;
        copy(transaction, &self.visits).await?;
        copy(transaction, &self.procedures).await?;
        copy(transaction, &self.attendances).await
    }
}

/// An RFC that nobody has, in whose place of a name stands `XXXX`.
fn rfc(adult: &Adult<'_>) -> Option<String> {
    let year = adult.person.adult_from.year() - 19;
    let first = format!("XXXX{:02}0101Z{}", year.rem_euclid(100), adult.number % 10);
    check_digit(&first).map(|check| format!("{first}{check}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{DEFAULT_DAY, ENDS_ON, NOON, people};
    use super::*;

    fn on(day: NaiveDate) -> Rows {
        let people = people::Rows::generate(day, local(day, NOON)).unwrap();
        let offered = vacancies::Rows::generate(day, local(day, NOON));
        Rows::generate(&people.persons, &offered, day).unwrap()
    }

    fn formal(rows: &Rows) -> Vec<&Placement> {
        rows.placements.iter().filter(|job| job.formal && job.ended_on.is_none()).collect()
    }

    #[test]
    fn the_programme_closes_with_its_jobs_and_procedures() {
        let all = on(ENDS_ON);
        assert_eq!(formal(&all).len(), JOBS);
        let completed = all.procedures.iter().filter(|procedure| procedure.state == "COMPLETED");
        let completed: BTreeSet<Uuid> = completed.map(|procedure| procedure.person_id).collect();
        assert_eq!(completed.len(), COMPLETED);
        assert!(all.placements.len() > JOBS + 100 && all.visits.len() > 300);
        assert_eq!(all, on(ENDS_ON), "the same in every load");
    }

    #[test]
    fn a_lively_part_of_it_is_there_on_the_default_day() {
        let rows = on(DEFAULT_DAY);
        assert!((200..900).contains(&formal(&rows).len()), "{}", formal(&rows).len());
        for state in ["OPENED", "DOCUMENTS_COMPLETE", "FILED", "COMPLETED"] {
            assert!(rows.procedures.iter().any(|procedure| procedure.state == state), "{state}");
        }
        for state in ["SUBMITTED", "INTERVIEWED", "OFFERED", "HIRED"] {
            assert!(rows.applications.iter().any(|application| application.state == state), "{state}");
        }
        assert!(rows.profiles.len() > 900 && !rows.attendances.is_empty() && rows.consents.len() > 100);
        assert!(!rows.visits.is_empty());
    }
}
