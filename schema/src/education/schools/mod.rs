//! Schools with the places that they offer, and children's places in them: requested, complete in its documents, and placed.
//!
//! Nobody is refused for want of papers: a document that cannot be shown is waived for a reason, and the place is provisional. So the ways
//! in which a request is closed are a closed list in which that is none.

mod graphql;
mod load;
mod register;
mod request;
mod settle;

use chrono::NaiveDate;
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Taught, of_an_agency, taught};
use crate::graph::{graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use graphql::register;
pub(crate) use load::school_places_of;

graphql_enum! {
    /// A level of basic education. A child is at a level by the age that it reaches by the 31 December of the school year
    /// (`ENLACE-SCHOOL-AGE/1`).
    pub enum SchoolLevel {
        /// From 3 to 5.
        Preschool = "PRESCHOOL",
        /// From 6 to 14.
        Primary = "PRIMARY",
        /// From 12 to 17.
        Secondary = "SECONDARY",
    }
}

graphql_enum! {
    /// When a school teaches.
    pub enum SchoolShift {
        /// In the morning.
        Morning = "MORNING",
        /// In the afternoon.
        Afternoon = "AFTERNOON",
        /// All day.
        FullDay = "FULL_DAY",
    }
}

graphql_enum! {
    /// Where a child's place in a school stands.
    pub enum SchoolPlaceState {
        /// It is asked for.
        Requested = "REQUESTED",
        /// Each document that the level asks for was seen or waived.
        DocumentsComplete = "DOCUMENTS_COMPLETE",
        /// The child has it.
        Placed = "PLACED",
        /// The school could not give it.
        Refused = "REFUSED",
        /// The family does not want it any more.
        Withdrawn = "WITHDRAWN",
    }
}

graphql_enum! {
    /// A document that a place in a school asks for.
    pub enum SchoolDocument {
        /// The child's certificate of birth.
        BirthCertificate = "BIRTH_CERTIFICATE",
        /// An identity document of whoever looks after the child.
        GuardianIdentity = "GUARDIAN_IDENTITY",
        /// The child's vaccination card; before secondary school.
        VaccinationCard = "VACCINATION_CARD",
        /// A certificate of the schooling before; of secondary school.
        PreviousStudies = "PREVIOUS_STUDIES",
    }
}

graphql_enum! {
    /// Why a request for a place was closed. Want of papers is no reason: what cannot be shown is waived.
    pub enum SchoolPlaceClosing {
        /// Refused: the grade has no place left.
        NoPlaceLeft = "NO_PLACE_LEFT",
        /// Refused: the school does not teach a child of that age.
        Age = "AGE",
        /// Withdrawn: the child goes to another school.
        OtherSchool = "OTHER_SCHOOL",
        /// Withdrawn: the family decided otherwise.
        FamilyDeclined = "FAMILY_DECLINED",
        /// Withdrawn: the family left the city.
        FamilyLeft = "FAMILY_LEFT",
    }
}

impl SchoolPlaceClosing {
    /// Where a place stands that was closed for it.
    fn state(self) -> SchoolPlaceState {
        match self {
            Self::NoPlaceLeft | Self::Age => SchoolPlaceState::Refused,
            Self::OtherSchool | Self::FamilyDeclined | Self::FamilyLeft => SchoolPlaceState::Withdrawn,
        }
    }
}

impl SchoolLevel {
    /// The documents that it asks for.
    fn documents(self) -> &'static [SchoolDocument] {
        use SchoolDocument::{BirthCertificate, GuardianIdentity, PreviousStudies, VaccinationCard};
        match self {
            Self::Preschool | Self::Primary => &[BirthCertificate, GuardianIdentity, VaccinationCard],
            Self::Secondary => &[BirthCertificate, GuardianIdentity, PreviousStudies],
        }
    }

    /// How many grades it has.
    fn grades(self) -> usize {
        match self {
            Self::Primary => 6,
            Self::Preschool | Self::Secondary => 3,
        }
    }
}

record! {
    /// A school, with one shift of it.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct School: "School" as Course, id "school" {
        /// Global id.
        id: Id<School> => Public,
        /// What it is called.
        name: String => Operational,
        /// The level that it teaches.
        level: SchoolLevel => Operational,
        /// When it teaches.
        shift: SchoolShift => Operational,
        /// The agency that arranges places there.
        agency_id: Uuid,
        /// Its code.
        agency: String,
    }
}

record! {
    /// A grade of a school, with the places that it offers to the programme.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct SchoolGrade: "SchoolGrade" as Course, id "school_grade" {
        /// Global id.
        id: Id<SchoolGrade> => Public,
        /// Which grade, from 1.
        grade: i32 => Operational,
        /// How many places it offers.
        places: i32 => Operational,
        /// How many of them children have.
        placed: i32 => Operational,
        /// Raised by each offer; an offer carries the version that it saw.
        version: i32 => Operational,
        /// The school.
        school_id: Uuid,
        /// The level that it teaches.
        level: SchoolLevel,
        /// Code of the agency that arranges places there.
        agency: String,
    }
}

of_an_agency!(School, SchoolGrade);

record! {
    /// A child's place in a grade of a school, or that it is asked for.
    pub struct SchoolPlace: "SchoolPlace" as Enrolment, id "school_place" {
        /// Global id.
        id: Id<SchoolPlace> => Public identifying,
        /// The level.
        level: SchoolLevel => Education,
        /// Where it stands.
        state: SchoolPlaceState => Education,
        /// The day on which it was requested.
        requested_on: NaiveDate => Education,
        /// The day from which the child has it.
        placed_on: Option<NaiveDate> => Education,
        /// The documents that were seen; null where what was known of the child was erased, as with the other two.
        documents_seen: Option<Vec<SchoolDocument>> => Education,
        /// The documents that were waived.
        documents_waived: Option<Vec<SchoolDocument>> => Education,
        /// Why, in the same order.
        waivers: Option<Vec<String>> => Education identifying,
        /// The documents that are neither seen nor waived yet.
        documents_missing: Vec<SchoolDocument> => Education,
        /// Whether a document was waived, and is to be shown later.
        provisional: Option<bool> => Education,
        /// Why a child is at a level that is not that of its age.
        age_exception: Option<String> => Education identifying,
        /// Why it was closed.
        closing: Option<SchoolPlaceClosing> => Education,
        /// What else was said of that.
        note: Option<String> => Education identifying,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Education,
        /// Whose it is.
        person_id: Uuid,
        /// The grade.
        grade_id: Uuid,
        /// Key of the agency that arranges it.
        agency_id: Uuid,
        /// What policies turn on of it.
        taught: Taught,
    }
}

taught!(SchoolPlace);

/// What is sealed of a place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SealedPlace {
    pub(crate) age_exception: Option<String>,
    pub(crate) closing: Option<SchoolPlaceClosing>,
    pub(crate) note: Option<String>,
}

/// What it is sealed as.
pub(crate) const SCHOOL_PLACE: &str = "school_place";

/// What is sealed of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SealedDocument {
    /// Why it was waived; none where it was seen.
    pub(crate) waiver: Option<String>,
}

/// What it is sealed as.
pub(crate) const SCHOOL_DOCUMENT: &str = "school_document";

/// In the journal: a school was registered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SchoolRegistered {
    school: School,
    /// The places that it offers in each grade, from the first.
    places: Vec<i32>,
}

impl Change for SchoolRegistered {
    const NAME: &'static str = "education.schoolRegistered";
}

/// In the journal: a grade offers other places, or a child was given one; as it was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GradeChanged {
    grade: SchoolGrade,
}

impl Change for GradeChanged {
    const NAME: &'static str = "education.gradeChanged";
}

/// In the journal, of one child: a place was requested, went on or was closed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SchoolPlaceChanged {
    place: Uuid,
    grade: Uuid,
    state: SchoolPlaceState,
    /// What was said with it.
    said: SealedPlace,
    /// The documents that were seen or waived with it, and why they were waived.
    documents: Vec<(SchoolDocument, SealedDocument)>,
}

impl Change for SchoolPlaceChanged {
    const NAME: &'static str = "education.schoolPlaceChanged";
}
