//! Courses, their groups in the shelters, who is in them and who came.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::drawn;
use crate::demo::agencies::agency_id;
use crate::demo::people::{Learner, sealed};
use crate::demo::shelters::Shelter;
use crate::demo::{ENDS_ON, Random, STARTS_ON, copy, id, local, programme_id};
use crate::education::{
    ATTENDANCE, AttendanceState, COURSE, CourseLevel, Ended, LanguageLevel, OUTCOME, Present, SealedCourse,
};
use crate::error::Result;

/// How many are in a group at most.
const CAPACITY: i32 = 16;
/// How many days a term has, and from which to which the next begins.
const TERM: u64 = 39;
const NEXT_TERM: u64 = 49;
/// The hour at which a group has met.
const MET: i64 = 18;
/// The hour at which households leave.
const LEAVES: i64 = 10;

/// A course: the agency that teaches, its name, what it teaches, and the level of Spanish that it leads to.
struct Taught {
    agency: &'static str,
    name: &'static str,
    kind: &'static str,
    level: Option<LanguageLevel>,
}

const SPANISH: Taught =
    Taught { agency: "INEA", name: "Español inicial", kind: "SPANISH", level: Some(LanguageLevel::A1) };
const MORE_SPANISH: Taught =
    Taught { agency: "INEA", name: "Español elemental", kind: "SPANISH", level: Some(LanguageLevel::A2) };
const SOCIAL: Taught = Taught { agency: "INEA", name: "Vida en México", kind: "SOCIAL", level: None };
const CULTURAL: Taught =
    Taught { agency: "DIF_MUNICIPAL", name: "Cultura cachanilla", kind: "CULTURAL", level: None };
const SPORT: Taught =
    Taught { agency: "UNICEF", name: "Futbol para todas y todos", kind: "SPORT", level: None };
const ART: Taught = Taught { agency: "UNICEF", name: "Taller de dibujo", kind: "ART", level: None };
const FORMATIVE: Taught =
    Taught { agency: "UNICEF", name: "Habilidades para la vida", kind: "FORMATIVE", level: None };
const ALL: [&Taught; 7] = [&SPANISH, &MORE_SPANISH, &SOCIAL, &CULTURAL, &SPORT, &ART, &FORMATIVE];

row! {
    /// A course.
    Course in "courses" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        agency_id: Uuid = UUID,
        name: &'static str = TEXT,
        kind: &'static str = TEXT,
        level: Option<&'static str> = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A group of one.
    Group in "course_groups" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        course_id: Uuid = UUID,
        name: String = TEXT,
        shelter_id: Uuid = UUID,
        teacher: String = TEXT,
        days: Vec<&'static str> = TEXT_ARRAY,
        capacity: i32 = INT4,
        begins_on: NaiveDate = DATE,
        ends_on: NaiveDate = DATE,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A place in a group, sealed.
    Enrolment in "enrolments" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        agency: &'static str = TEXT,
        group_id: Uuid = UUID,
        started_on: NaiveDate = DATE,
        ended_on: Option<NaiveDate> = DATE,
        state: &'static str = TEXT,
        course: Vec<u8> = BYTEA,
        outcome: Option<Vec<u8>> = BYTEA,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A day on which a group met.
    Session in "course_sessions" {
        id: Uuid = UUID,
        group_id: Uuid = UUID,
        held_on: NaiveDate = DATE,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// Whether somebody came, sealed.
    Attendance in "attendances" {
        id: Uuid = UUID,
        session_id: Uuid = UUID,
        enrolment_id: Uuid = UUID,
        record: Vec<u8> = BYTEA,
    }
}

/// The rows of groups as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::demo) struct Rows {
    pub(in crate::demo) courses: Vec<Course>,
    pub(in crate::demo) groups: Vec<Group>,
    pub(in crate::demo) enrolments: Vec<Enrolment>,
    pub(in crate::demo) sessions: Vec<Session>,
    pub(in crate::demo) attendances: Vec<Attendance>,
}

/// A place in a group, for those who are there on a day.
struct Pupil<'a> {
    learner: &'a Learner,
    enrolment: Uuid,
    started_on: NaiveDate,
    /// The day from which they come no more.
    until: NaiveDate,
}

impl Rows {
    pub(super) fn generate(now: DateTime<Utc>, shelters: &[Shelter], learners: &[Learner]) -> Result<Self> {
        let mut rows = Self::default();
        rows.courses.extend(ALL.iter().map(|taught| Course {
            id: course_id(taught),
            programme_id: programme_id(),
            agency_id: agency_id(taught.agency),
            name: taught.name,
            kind: taught.kind,
            level: taught.level.map(LanguageLevel::as_str),
            recorded_at: local(STARTS_ON, 0),
        }));
        for (number, shelter) in shelters.iter().enumerate() {
            let first = monday(shelter.opened_on + Days::new(4));
            let second = first + Days::new(NEXT_TERM);
            let also = match number % 3 {
                0 => Some(&SOCIAL),
                1 => Some(&SPORT),
                _ => None,
            };
            let later = match number % 4 {
                0 | 2 => &MORE_SPANISH,
                1 => &CULTURAL,
                _ => &ART,
            };
            rows.group(&SPANISH, shelter, first, learners, now)?;
            if let Some(also) = also {
                rows.group(also, shelter, first, learners, now)?;
            }
            rows.group(later, shelter, second, learners, now)?;
            if number % 6 == 5 {
                rows.group(&FORMATIVE, shelter, second, learners, now)?;
            }
        }
        Ok(rows)
    }

    /// A group with all that came of it by now.
    fn group(
        &mut self,
        taught: &Taught,
        shelter: &Shelter,
        begins_on: NaiveDate,
        learners: &[Learner],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let key = format!("{}/{}/{begins_on}", taught.name, shelter.code);
        let recorded_at = local(begins_on - Days::new(3), 11);
        if recorded_at > now {
            return Ok(());
        }
        let (day, name) = if taught.kind == "SPANISH" { (2, "WEDNESDAY") } else { (5, "SATURDAY") };
        let ends_on = (begins_on + Days::new(TERM)).min(ENDS_ON - Days::new(6));
        let group = id("course groups", &key, recorded_at);
        self.groups.push(Group {
            id: group,
            programme_id: programme_id(),
            course_id: course_id(taught),
            name: format!("{} {}", taught.name, shelter.code),
            shelter_id: shelter.id,
            teacher: format!("DOC-{}", shelter.code),
            days: vec![name],
            capacity: CAPACITY,
            begins_on,
            ends_on,
            recorded_at,
        });
        let wanted = |learner: &Learner| {
            let old_enough = if taught.agency == "UNICEF" {
                (2005..=2015).contains(&learner.birth_year)
            } else {
                learner.birth_year <= 2001
            };
            let lodges = learner.lodging.is_some_and(|(place, from, until)| {
                place == shelter.id && from + Days::new(8) <= ends_on && until > begins_on + Days::new(3)
            });
            old_enough && lodges
        };
        let places = Random::seeded(&format!("groups/{key}")).between(CAPACITY - 5, CAPACITY);
        let chosen = drawn(learners, &format!("groups/{key}"), wanted);
        let mut pupils = Vec::new();
        for learner in chosen.into_iter().take(usize::try_from(places).unwrap_or_default()) {
            pupils.extend(self.enrol(taught, (group, begins_on, ends_on), learner, now)?);
        }
        let meetings = (0..).map(|week| begins_on + Days::new(7 * week + day));
        for held_on in meetings.take_while(|held_on| *held_on <= ends_on && local(*held_on, MET) <= now) {
            self.meet(group, held_on, &pupils)?;
        }
        Ok(())
    }

    /// Somebody's place in a group; none where it begins later.
    fn enrol<'a>(
        &mut self,
        taught: &Taught,
        (group, begins_on, ends_on): (Uuid, NaiveDate, NaiveDate),
        learner: &'a Learner,
        now: DateTime<Utc>,
    ) -> Result<Option<Pupil<'a>>> {
        let key = format!("{group}/{}", learner.code);
        let Some((_, from, _)) = learner.lodging else { return Ok(None) };
        let started_on = begins_on.max(from + Days::new(1));
        let recorded_at = local(started_on, 9);
        if recorded_at > now {
            return Ok(None);
        }
        let mut random = Random::seeded(&format!("enrolments/{key}"));
        let completes = random.chance(78);
        let gives_up = started_on + Days::new(u64::from(random.below(14)) + 7);
        // Whoever departs is out of it at that hour; the others end when the group has met.
        let departs = learner.leaves_on <= ends_on;
        let (last, hour) = if departs && (completes || learner.leaves_on <= gives_up) {
            (learner.leaves_on, LEAVES)
        } else if completes {
            (ends_on, MET)
        } else {
            (gives_up.min(ends_on), MET)
        };
        let over = local(last, hour) <= now;
        let is_done = over && completes && !departs;
        let outcome = Ended {
            level_reached: taught.level.filter(|_| is_done),
            note: (over && hour == MET && !is_done).then(|| "Encontró trabajo en ese horario".to_owned()),
        };
        let said = over && (is_done || outcome.note.is_some());
        let level = if taught.agency == "UNICEF" { CourseLevel::Formative } else { CourseLevel::Levelling };
        let course = SealedCourse { level, name: taught.name.to_owned() };
        let enrolment = id("enrolments", &key, recorded_at);
        let of = enrolment.to_string();
        self.enrolments.push(Enrolment {
            id: enrolment,
            programme_id: programme_id(),
            person_id: learner.person_id,
            agency: taught.agency,
            group_id: group,
            started_on,
            ended_on: over.then_some(last),
            state: match (over, is_done) {
                (false, _) => "ACTIVE",
                (true, true) => "COMPLETED",
                (true, false) => "LEFT",
            },
            course: sealed(learner.person_id, COURSE, &of, &course)?,
            outcome: said.then(|| sealed(learner.person_id, OUTCOME, &of, &outcome)).transpose()?,
            recorded_at,
        });
        let until = if hour == LEAVES { last } else { last + Days::new(1) };
        Ok(Some(Pupil { learner, enrolment, started_on, until }))
    }

    /// A group meets.
    fn meet(&mut self, group: Uuid, held_on: NaiveDate, pupils: &[Pupil<'_>]) -> Result<()> {
        let recorded_at = local(held_on, MET);
        let session = id("course sessions", &group.to_string(), recorded_at);
        self.sessions.push(Session { id: session, group_id: group, held_on, recorded_at });
        for pupil in pupils.iter().filter(|pupil| pupil.started_on <= held_on && held_on < pupil.until) {
            let key = format!("{session}/{}", pupil.learner.code);
            let state = match Random::seeded(&format!("attendances/{key}")).below(100) {
                0..82 => AttendanceState::Present,
                82..88 => AttendanceState::Late,
                88..93 => AttendanceState::Excused,
                _ => AttendanceState::Absent,
            };
            let attendance = id("attendances", &key, recorded_at);
            self.attendances.push(Attendance {
                id: attendance,
                session_id: session,
                enrolment_id: pupil.enrolment,
                record: sealed(
                    pupil.learner.person_id,
                    ATTENDANCE,
                    &attendance.to_string(),
                    &Present { state, note: None },
                )?,
            });
        }
        Ok(())
    }

    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.courses).await?;
        copy(transaction, &self.groups).await?;
        copy(transaction, &self.enrolments).await?;
        copy(transaction, &self.sessions).await?;
        copy(transaction, &self.attendances).await
    }

    /// How many are in a group.
    #[cfg(test)]
    pub(super) fn enrolled(&self) -> usize {
        self.enrolments.iter().filter(|enrolment| enrolment.state == "ACTIVE").count()
    }
}

fn course_id(taught: &Taught) -> Uuid {
    id("courses", taught.name, local(STARTS_ON, 0))
}

/// The next Monday from a day on.
fn monday(day: NaiveDate) -> NaiveDate {
    let after = (7 - day.weekday().days_since(Weekday::Mon)) % 7;
    day + Days::new(after.into())
}
