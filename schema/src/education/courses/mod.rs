//! Courses, their groups and the days on which these met: what is taught where, and how many places there are.

mod graphql;
pub(super) mod load;
mod open;
mod sessions;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::of_an_agency;
use crate::graph::{graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use graphql::{group_key, register};

graphql_enum! {
    /// What a course teaches.
    pub enum CourseKind {
        /// Spanish, for levelling.
        Spanish = "SPANISH",
        /// Life and services in this country, for levelling.
        Social = "SOCIAL",
        /// The culture of this city and country, for levelling.
        Cultural = "CULTURAL",
        /// A sport.
        Sport = "SPORT",
        /// An art.
        Art = "ART",
        /// Another programme that forms, as in life skills.
        Formative = "FORMATIVE",
    }
}

graphql_enum! {
    /// A level of a language, by the Common European Framework.
    pub enum LanguageLevel {
        /// Beginner.
        A1 = "A1",
        /// Elementary.
        A2 = "A2",
        /// Intermediate.
        B1 = "B1",
        /// Upper intermediate.
        B2 = "B2",
        /// Advanced.
        C1 = "C1",
        /// Proficient.
        C2 = "C2",
    }
}

graphql_enum! {
    /// A day of the week.
    pub enum Weekday {
        /// Monday.
        Monday = "MONDAY",
        /// Tuesday.
        Tuesday = "TUESDAY",
        /// Wednesday.
        Wednesday = "WEDNESDAY",
        /// Thursday.
        Thursday = "THURSDAY",
        /// Friday.
        Friday = "FRIDAY",
        /// Saturday.
        Saturday = "SATURDAY",
        /// Sunday.
        Sunday = "SUNDAY",
    }
}

graphql_enum! {
    /// Whether somebody came to a session.
    pub enum AttendanceState {
        /// They came.
        Present = "PRESENT",
        /// They came late.
        Late = "LATE",
        /// They did not come, and said why.
        Excused = "EXCUSED",
        /// They did not come.
        Absent = "ABSENT",
    }
}

record! {
    /// What an agency teaches: a levelling course, or a sports, art or formative programme.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Course: "Course" as Course, id "course" {
        /// Global id.
        id: Id<Course> => Public,
        /// What it is called.
        name: String => Operational,
        /// What it teaches.
        kind: CourseKind => Operational,
        /// The level that it leads to; null of what is not Spanish.
        level: Option<LanguageLevel> => Operational,
        /// When it was opened.
        recorded_at: DateTime<Utc> => Operational,
        /// The agency that teaches.
        agency_id: Uuid,
        /// Its code.
        agency: String,
    }
}

record! {
    /// A group in which a course is taught.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct CourseGroup: "CourseGroup" as Course, id "course_group" {
        /// Global id.
        id: Id<CourseGroup> => Public,
        /// What it is called.
        name: String => Operational,
        /// Where it meets; null where the shelter says all.
        place: Option<String> => Operational,
        /// How the agency refers to whoever teaches it; no name.
        teacher: Option<String> => Operational,
        /// On which days it meets.
        days: Vec<Weekday> => Operational,
        /// How many can be in it at a time.
        capacity: i32 => Operational,
        /// How many are in it now.
        enrolled: i32 => Operational,
        /// How many places are free.
        free: i32 => Operational,
        /// The first day.
        begins_on: NaiveDate => Operational,
        /// The last day.
        ends_on: NaiveDate => Operational,
        /// When it was opened.
        recorded_at: DateTime<Utc> => Operational,
        /// Raised by each revision; a revision carries the version that it saw.
        version: i32 => Operational,
        /// The course.
        course_id: Uuid,
        /// The shelter.
        shelter_id: Option<Uuid>,
        /// What the course teaches.
        kind: CourseKind,
        /// Code of the agency that teaches.
        agency: String,
    }
}

record! {
    /// A day on which a group met.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct CourseSession: "CourseSession" as Course, id "course_session" {
        /// Global id.
        id: Id<CourseSession> => Public,
        /// The day.
        held_on: NaiveDate => Operational,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Operational,
        /// The group.
        group_id: Uuid,
        /// Code of the agency that teaches.
        agency: String,
    }
}

of_an_agency!(Course, CourseGroup, CourseSession);

/// In the journal: a course was opened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CourseOpened {
    course: Course,
}

impl Change for CourseOpened {
    const NAME: &'static str = "education.courseOpened";
}

/// In the journal: a group was opened or revised, or somebody began or ended in it; as it was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupChanged {
    pub(super) group: CourseGroup,
}

impl Change for GroupChanged {
    const NAME: &'static str = "education.groupChanged";
}

/// In the journal: a group met.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionHeld {
    session: CourseSession,
}

impl Change for SessionHeld {
    const NAME: &'static str = "education.sessionHeld";
}
