//! Volunteers, what is verified of them, and the shifts in which they help in shelters.
//!
//! Who a volunteer is, is between the agency that brings them and the coordinator; in a shelter they are known by the code on their badge. The
//! database holds that a shift is never overfull, that nobody is in two places at a time, that near minors work those alone of whom all is
//! verified until the shift ends, and that a screening that is revoked withdraws from what is to come at once.

mod attend;
mod graphql;
mod load;
mod plan;
mod register;
mod screen;
mod sign_up;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::access::FactSource;
use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use graphql::register;
pub(crate) use sign_up::withdrawn_with_agreement;

graphql_enum! {
    /// What a volunteer can do.
    pub enum VolunteerSkill {
        /// Looking after children.
        Childcare = "CHILDCARE",
        /// Cooking.
        Cooking = "COOKING",
        /// Driving.
        Driving = "DRIVING",
        /// First aid.
        FirstAid = "FIRST_AID",
        /// Interpreting.
        Interpreting = "INTERPRETING",
        /// Legal counsel.
        Legal = "LEGAL",
        /// Carrying, sorting and storing.
        Logistics = "LOGISTICS",
        /// Repairing and building.
        Repairs = "REPAIRS",
        /// Teaching.
        Teaching = "TEACHING",
    }
}

graphql_enum! {
    /// What is verified of a volunteer. Whoever works near minors needs all of them.
    pub enum ScreeningKind {
        /// That they are who they say.
        Identity = "IDENTITY",
        /// That no criminal record stands against it, by the authority's certificate.
        CriminalRecord = "CRIMINAL_RECORD",
        /// That they were trained in keeping children safe.
        ChildSafeguarding = "CHILD_SAFEGUARDING",
    }
}

graphql_enum! {
    /// Where a screening stands.
    pub enum ScreeningState {
        /// It counts.
        Valid = "VALID",
        /// Its last day is past.
        Expired = "EXPIRED",
        /// A newer one of its kind stands in its place.
        Superseded = "SUPERSEDED",
        /// It was revoked.
        Revoked = "REVOKED",
    }
}

graphql_enum! {
    /// What volunteers do in a shift.
    pub enum VolunteerActivity {
        /// Looking after children.
        Childcare = "CHILDCARE",
        /// Cleaning.
        Cleaning = "CLEANING",
        /// Sorting and giving out clothes.
        Clothing = "CLOTHING",
        /// Interpreting.
        Interpreting = "INTERPRETING",
        /// Cooking, and giving out meals.
        Kitchen = "KITCHEN",
        /// Carrying and storing.
        Logistics = "LOGISTICS",
        /// Receiving who arrives.
        Reception = "RECEPTION",
        /// Games and sport.
        Recreation = "RECREATION",
        /// Repairing.
        Repairs = "REPAIRS",
        /// Teaching.
        Teaching = "TEACHING",
    }
}

graphql_enum! {
    /// Where a shift stands.
    pub enum VolunteerShiftState {
        /// It is to be, or was.
        Planned = "PLANNED",
        /// It is not to be after all.
        Cancelled = "CANCELLED",
    }
}

graphql_enum! {
    /// Where it stands that a volunteer comes to a shift.
    pub enum SignUpState {
        /// They are to come.
        SignedUp = "SIGNED_UP",
        /// They are not to come after all.
        Withdrawn = "WITHDRAWN",
        /// They came.
        Came = "CAME",
        /// They did not come.
        Absent = "ABSENT",
    }
}

graphql_enum! {
    /// Why a volunteer is not to come after all.
    pub enum WithdrawalCause {
        /// Somebody asked for it, and said why.
        Asked = "ASKED",
        /// A screening that the shift needs does not stand any more.
        Screening = "SCREENING",
        /// The shift was cancelled.
        ShiftCancelled = "SHIFT_CANCELLED",
        /// The volunteer helps no more.
        VolunteerEnded = "VOLUNTEER_ENDED",
        /// The agreement of their agency ends before the shift does.
        AgreementEnded = "AGREEMENT_ENDED",
    }
}

record! {
    /// Somebody who helps without pay, brought by an agency.
    #[derive(Serialize, Deserialize)]
    pub struct Volunteer: "Volunteer" as Volunteer, id "volunteer" {
        /// Global id.
        id: Id<Volunteer> => Public,
        /// The code on their badge, by which they are known in a shelter; unique in the programme.
        code: String => Counterparty,
        /// Given names, as the volunteer writes them.
        given_names: String => Counterparty,
        /// Family names, as the volunteer writes them.
        family_names: Option<String> => Counterparty,
        /// How to reach them.
        contact: Option<String> => Counterparty,
        /// The languages that they speak, ISO 639, the one that they speak best first.
        languages: Vec<String> => Counterparty,
        /// What they can do.
        skills: Vec<VolunteerSkill> => Counterparty,
        /// When they were registered.
        registered_at: DateTime<Utc> => Counterparty,
        /// When they stopped helping; null while they help.
        ended_at: Option<DateTime<Utc>> => Counterparty,
        /// Whether all is verified of them, today, that working near minors needs.
        may_work_near_minors: bool => Counterparty,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Counterparty,
        /// Key of the agency that brings them.
        agency_id: Uuid,
        /// Its code.
        agency: String,
    }
}

record! {
    /// Something that was verified of a volunteer, until a day. It is never edited: a newer one of its kind supersedes it, or it is revoked.
    #[derive(Serialize, Deserialize)]
    pub struct Screening: "Screening" as Screening, id "screening" {
        /// Global id.
        id: Id<Screening> => Public,
        /// What was verified.
        kind: ScreeningKind => Counterparty,
        /// Where the evidence is kept: a reference of the verifier's own.
        evidence: String => Counterparty,
        /// The day on which it was verified.
        verified_on: NaiveDate => Counterparty,
        /// The last day on which it counts.
        valid_until: NaiveDate => Counterparty,
        /// Where it stands.
        state: ScreeningState => Counterparty,
        /// When it was revoked.
        revoked_at: Option<DateTime<Utc>> => Counterparty,
        /// Why it was revoked.
        reason: Option<String> => Counterparty,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Counterparty,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Counterparty,
        /// The volunteer.
        volunteer_id: Uuid,
        /// The agency that verified it.
        verifier_id: Uuid,
        /// Code of the agency that brings the volunteer.
        agency: String,
    }
}

record! {
    /// Some hours in which volunteers help in a shelter.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct VolunteerShift: "VolunteerShift" as Shelter, id "volunteer_shift" {
        /// Global id.
        id: Id<VolunteerShift> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// What is done.
        activity: VolunteerActivity => Operational,
        /// When it begins.
        starts_at: DateTime<Utc> => Operational,
        /// When it ends.
        ends_at: DateTime<Utc> => Operational,
        /// The day on which it begins.
        starts_on: NaiveDate => Operational,
        /// Whether it is near minors, so that all must be verified of who comes.
        near_minors: bool => Operational,
        /// For how many volunteers it is.
        places: i32 => Operational,
        /// How many of these places are taken.
        taken: i32 => Operational,
        /// More about it.
        note: Option<String> => Operational,
        /// Where it stands.
        state: VolunteerShiftState => Operational,
        /// When it was cancelled.
        cancelled_at: Option<DateTime<Utc>> => Operational,
        /// Why it was cancelled.
        reason: Option<String> => Operational,
        /// Raised by each change, and by each place that is taken or free again; an update carries the version that it saw.
        version: i32 => Operational,
        /// The shelter.
        shelter_id: Uuid,
        /// Its code.
        shelter: String,
    }
}

record! {
    /// That a volunteer comes to a shift.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct ShiftSignUp: "ShiftSignUp" as ShiftSignUp, id "shift_sign_up" {
        /// Global id.
        id: Id<ShiftSignUp> => Public,
        /// The code on the volunteer's badge.
        badge: String => Operational,
        /// Where it stands.
        state: SignUpState => Operational,
        /// When they were signed up.
        signed_up_at: DateTime<Utc> => Operational,
        /// When they were withdrawn, or it was said whether they came; where their agency's agreement is to end, when that ends.
        settled_at: Option<DateTime<Utc>> => Operational,
        /// Why they are not to come after all; null unless they were withdrawn.
        cause: Option<WithdrawalCause> => Operational,
        /// What was said about that.
        reason: Option<String> => Operational,
        /// For how many minutes they helped; null unless they came.
        minutes: Option<i32> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// The shift.
        shift_id: Uuid,
        /// The volunteer.
        volunteer_id: Uuid,
        /// Key of the agency that brings the volunteer.
        agency_id: Uuid,
        /// Its code.
        agency: String,
        /// Code of the shelter.
        shelter: String,
    }
}

/// Records of which policies ask who brings the volunteer, and nothing else.
macro_rules! of_an_agency {
    ($($name:ident)+) => { $(
        impl Facts for $name {
            fn fact(&self, fact: Fact) -> Option<&str> {
                (fact == Fact::Agency).then_some(&self.agency)
            }
        }
    )+ };
}
of_an_agency!(Volunteer Screening);

impl Facts for VolunteerShift {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

impl Facts for ShiftSignUp {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(&self.agency),
            Fact::Shelter => Some(&self.shelter),
            _ => None,
        }
    }
}

/// Where the facts of volunteers, and of what is verified of them, stand in a query that joins agencies.
fn volunteer_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::Agency).then_some(FactSource::Column("agencies.code"))
}

/// In the journal: a volunteer was registered or revised, or helps no more. Who it is stands in its own row alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolunteerSet {
    volunteer: Uuid,
    agency: String,
    ended_at: Option<DateTime<Utc>>,
    version: i32,
}

impl Change for VolunteerSet {
    const NAME: &'static str = "coordination.volunteerSet";
}

/// In the journal: something was verified of a volunteer, or that was revoked; as it was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScreeningSet {
    volunteer: Uuid,
    screening: Screening,
}

impl Change for ScreeningSet {
    const NAME: &'static str = "coordination.screeningSet";
}

graphql_enum! {
    /// What became of a shift.
    pub enum VolunteerShiftStep {
        /// It was planned.
        Planned = "PLANNED",
        /// Somebody signed up for it.
        SignedUp = "SIGNED_UP",
        /// Somebody was withdrawn from it.
        Withdrawn = "WITHDRAWN",
        /// It was said whether somebody came.
        Attended = "ATTENDED",
        /// It was cancelled.
        Cancelled = "CANCELLED",
    }
}

/// In the journal: something became of a shift; as it was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolunteerShiftChanged {
    step: VolunteerShiftStep,
    shift: VolunteerShift,
    /// Of whom something became with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sign_ups: Vec<ShiftSignUp>,
}

impl Change for VolunteerShiftChanged {
    const NAME: &'static str = "coordination.volunteerShiftChanged";
}
