//! Enrolments: who is in which group, whether they came, and how it ended.

mod attendance;
mod end;
mod enrol;
mod graphql;
mod load;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::courses::{AttendanceState, CourseKind, LanguageLevel};
use super::{Taught, taught};
use crate::graph::{graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(crate) use end::end_enrolments;
pub(super) use graphql::register;
pub(crate) use load::enrolments_of;
pub(super) use load::{attendances_of_sessions, enrolled_on, enrolments_of_groups};

graphql_enum! {
    /// Of what level a course is.
    pub enum CourseLevel {
        /// Spanish and local life, for whoever needs it.
        Levelling = "LEVELLING",
        /// Before primary school.
        Preschool = "PRESCHOOL",
        /// Primary school.
        Primary = "PRIMARY",
        /// Secondary school.
        Secondary = "SECONDARY",
        /// An adult's schooling, recognised here.
        Revalidation = "REVALIDATION",
        /// Sport, art and the like.
        Formative = "FORMATIVE",
    }
}

impl From<CourseKind> for CourseLevel {
    fn from(kind: CourseKind) -> Self {
        match kind {
            CourseKind::Spanish | CourseKind::Social | CourseKind::Cultural => Self::Levelling,
            CourseKind::Sport | CourseKind::Art | CourseKind::Formative => Self::Formative,
        }
    }
}

graphql_enum! {
    /// Where an enrolment stands.
    pub enum EnrolmentState {
        /// The person is in the course.
        Active = "ACTIVE",
        /// They completed it.
        Completed = "COMPLETED",
        /// They left before its end.
        Left = "LEFT",
    }
}

record! {
    /// A person's place in a course.
    pub struct Enrolment: "Enrolment" as Enrolment, id "enrolment" {
        /// Global id.
        id: Id<Enrolment> => Public identifying,
        /// Of what level the course is.
        level: Option<CourseLevel> => Education,
        /// The course.
        course: Option<String> => Education,
        /// Where it stands.
        state: EnrolmentState => Education,
        /// The first day.
        started_on: NaiveDate => Education,
        /// The last day; null while it goes on.
        ended_on: Option<NaiveDate> => Education,
        /// The level of Spanish that they reached; null of another course, and where they did not complete it.
        level_reached: Option<LanguageLevel> => Education,
        /// What was said of how it ended.
        note: Option<String> => Education identifying,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Education,
        /// Who is enrolled.
        person_id: Uuid,
        /// The group.
        group_id: Option<Uuid>,
        /// Key of the agency that teaches.
        agency_id: Uuid,
        /// What policies turn on of it.
        taught: Taught,
    }
}

record! {
    /// Whether somebody came to a session of their group.
    pub struct Attendance: "Attendance" as Enrolment, id "attendance" {
        /// Global id.
        id: Id<Attendance> => Public identifying,
        /// Whether they came.
        state: Option<AttendanceState> => Education,
        /// What else was said of it.
        note: Option<String> => Education identifying,
        /// Raised by each correction, which carries the version that it saw.
        version: i32 => Education,
        /// The session.
        session_id: Uuid,
        /// The enrolment.
        enrolment_id: Uuid,
        /// Whose it is.
        person_id: Uuid,
        /// What policies turn on of it.
        taught: Taught,
    }
}

taught!(Enrolment Attendance);

/// What is sealed of an enrolment from its first day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SealedCourse {
    pub(crate) level: CourseLevel,
    pub(crate) name: String,
}

/// What it is sealed as.
pub(crate) const COURSE: &str = "course";

/// What is sealed of how an enrolment ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Ended {
    pub(crate) level_reached: Option<LanguageLevel>,
    pub(crate) note: Option<String>,
}

/// What it is sealed as.
pub(crate) const OUTCOME: &str = "outcome";

/// What is sealed of whether somebody came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Present {
    pub(crate) state: AttendanceState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

/// What it is sealed as.
pub(crate) const ATTENDANCE: &str = "attendance";

/// In the journal, of one person: they began a course.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersonEnrolled {
    enrolment: Uuid,
    group: Uuid,
    course: SealedCourse,
    started_on: NaiveDate,
}

impl Change for PersonEnrolled {
    const NAME: &'static str = "education.personEnrolled";
}

/// In the journal, of one person: their enrolment ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnrolmentEnded {
    enrolment: Uuid,
    state: EnrolmentState,
    ended_on: NaiveDate,
    outcome: Ended,
}

impl Change for EnrolmentEnded {
    const NAME: &'static str = "education.enrolmentEnded";
}

/// In the journal, of one person: whether they came, as it was said or corrected.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttendanceRecorded {
    pub(super) attendance: Uuid,
    pub(super) enrolment: Uuid,
    pub(super) held_on: NaiveDate,
    pub(super) present: Present,
}

impl Change for AttendanceRecorded {
    const NAME: &'static str = "education.attendanceRecorded";
}
