//! The census: who is in the programme's care, with whom they came, and what they agreed to.
//!
//! A person's data lies sealed, one payload for each data class; a loader opens those that its caller may read of some
//! record at least, and no others.

mod ages;
pub(crate) mod arco;
mod consents;
mod curp;
mod document;
mod duplicates;
mod ending;
mod episodes;
mod following;
mod graphql;
mod held;
pub(crate) mod intake;
mod load;
mod newborns;
mod parts;
pub(crate) mod pickup;
mod registering;
pub(crate) mod search;
pub(crate) mod tables;
mod together;
mod updating;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::Nullable;
use diesel::{NullableExpressionMethods as _, Queryable};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::access::{FactSource, Members};
use crate::census::tables::persons;
use crate::context::Instant;
use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::{Id, PartialDate};
use crate::shelters::Segment;
use crate::shelters::tables::shelters;

pub(crate) use ages::born;
pub(crate) use arco::destroy_keys;
pub(crate) use curp::check_digit;
pub(crate) use document::{IdentityDocument, is_country};
pub(crate) use duplicates::{MERGED, TAKES_NOTHING};
pub(crate) use ending::tell_of_ended;
pub(crate) use following::touched;
pub(crate) use graphql::register;
pub(crate) use held::{Held, erased, held, held_all, held_by_reference, held_facts, place};
pub(crate) use load::{facts_within_reach, households_by_ids, persons_by_ids, reaches};
pub(crate) use newborns::{Mother, Newborn, mother, register_newborns};
pub(crate) use parts::{Checked, PlacementInput, inside, name, needs};
pub(crate) use search::renew_tokens;

graphql_enum! {
    /// For what a caller needs data of people in care; also what a consent or a referral allows it for.
    pub enum Purpose {
        /// Registering, lodging and looking after people.
        Reception = "RECEPTION",
        /// Medical care.
        HealthCare = "HEALTH_CARE",
        /// Asylum, legal counsel, protection from violence.
        Protection = "PROTECTION",
        /// Schooling and levelling courses.
        Education = "EDUCATION",
        /// Finding work.
        Employment = "EMPLOYMENT",
        /// Finding a dwelling.
        Housing = "HOUSING",
        /// Handing out what was donated, and other help in kind.
        Assistance = "ASSISTANCE",
        /// Watching over human rights.
        Oversight = "OVERSIGHT",
    }
}

graphql_enum! {
    /// A person's sex, as they state it.
    pub enum Sex {
        /// A woman or a girl.
        Female = "FEMALE",
        /// A man or a boy.
        Male = "MALE",
        /// Neither, or not stated.
        Unstated = "UNSTATED",
    }
}

graphql_enum! {
    /// What a person is to the head of their household.
    pub enum Kinship {
        /// The head of the household.
        Head = "HEAD",
        /// Wife, husband or partner.
        Partner = "PARTNER",
        /// A son or a daughter.
        Child = "CHILD",
        /// Another relative.
        Relative = "RELATIVE",
    }
}

graphql_enum! {
    /// A person's marital status.
    pub enum MaritalStatus {
        /// Not married.
        Single = "SINGLE",
        /// Married.
        Married = "MARRIED",
        /// In a free union.
        FreeUnion = "FREE_UNION",
        /// Widowed.
        Widowed = "WIDOWED",
    }
}

graphql_enum! {
    /// By what right a person is in the country.
    pub enum MigrationStatus {
        /// No document yet.
        Undocumented = "UNDOCUMENTED",
        /// A visitor for humanitarian reasons.
        HumanitarianVisitor = "HUMANITARIAN_VISITOR",
        /// Asked for refuge and awaits the answer.
        AsylumSeeker = "ASYLUM_SEEKER",
        /// Recognised as a refugee.
        Refugee = "REFUGEE",
        /// A citizen, as the child born here.
        Citizen = "CITIZEN",
    }
}

graphql_enum! {
    /// What a bed must have for a person.
    pub enum BedNeed {
        /// A lower bed.
        LowerBed = "LOWER_BED",
        /// A cot for an infant.
        Cot = "COT",
        /// Nearby toilets.
        NearToilets = "NEAR_TOILETS",
        /// Apart from those who cough.
        Apart = "APART",
    }
}

graphql_enum! {
    /// That what is known of a person is withheld, since they asked for its cancellation.
    pub enum Withheld {
        /// Their cancellation was granted: nobody but the coordinator reads or writes of them, until it is carried out.
        Blocked = "BLOCKED",
        /// It was carried out: what was known of them is unreadable for good.
        Erased = "ERASED",
    }
}

/// What else of a person their facts follow from: the first day on which they count as an adult, and whether they are withheld.
pub(crate) type Standing = (NaiveDate, Option<Withheld>);

record! {
    /// A person in the programme's care. Fields are null where the caller may not read them, and where the person's data was
    /// erased.
    pub struct Person: "Person" as Person, id "person" {
        /// Global id.
        id: Id<Person> => Public identifying,
        /// The folio of the census.
        code: String => Identity identifying,
        /// Given names, as the person writes them.
        given_names: Option<String> => Identity identifying,
        /// Family names, as the person writes them.
        family_names: Option<String> => Identity identifying,
        /// The date of birth, as far as it is known.
        birth_date: Option<PartialDate> => Identity identifying,
        /// The year of birth, as far as it is known.
        birth_year: Option<i32> => Identity,
        /// Whether they count as a minor: until the end of the year in which they turn 18.
        minor: bool => Family,
        /// Sex, as the person states it.
        sex: Option<Sex> => Identity,
        /// Country of nationality, ISO 3166-1 alpha-3.
        nationality: Option<String> => Identity,
        /// The languages that they speak, ISO 639, the one that they speak best first.
        languages: Option<Vec<String>> => Identity,
        /// Their identity documents.
        documents: Option<Vec<IdentityDocument>> => Identity identifying,
        /// Their CURP, where they have one.
        curp: Option<String> => Identity identifying,
        /// Where their photograph is kept: a reference of the agency's own.
        photograph: Option<String> => Identity identifying,
        /// The day they arrived for the first time.
        arrived_on: NaiveDate => Identity,
        /// What they are to the head of their household.
        kinship: Option<Kinship> => Family,
        /// Marital status.
        marital_status: Option<MaritalStatus> => Family,
        /// By what right they are in the country.
        migration_status: Option<MigrationStatus> => Migration,
        /// The folio of a procedure that is under way.
        migration_procedure: Option<String> => Migration identifying,
        /// For which segment's space they are placed.
        segment: Option<Segment> => Placement,
        /// What their bed must have.
        bed_needs: Option<Vec<BedNeed>> => Placement,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Identity,
        /// Whether what is known of them is withheld; null where it is not.
        withheld: Option<Withheld> => Family,
        /// The record into which this one was merged.
        merged_into: Option<Uuid>,
        /// Key of the agency that answers for their case.
        custodian_id: Uuid,
        /// The household.
        household_id: Uuid,
        /// The shelter where they lodge.
        shelter_id: Option<Uuid>,
        /// The key, as policies compare it.
        key: String,
        /// What else policies turn on.
        facts: PersonFacts,
    }
}

impl Facts for Person {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Person { Some(&self.key) } else { self.facts.fact(fact) }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.facts.members(fact)
    }
}

/// The facts of a person, which are also those of what tells of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PersonFacts {
    /// Code of the shelter where they lodge.
    pub(crate) shelter: Option<String>,
    /// Whether they count as a minor.
    pub(crate) minor: bool,
    /// With whom, and for what, their data is shared now.
    pub(crate) shared_with: Vec<String>,
    /// Whether what is known of them is withheld.
    pub(crate) withheld: Option<Withheld>,
}

impl Facts for PersonFacts {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Shelter => self.shelter.as_deref(),
            Fact::AgeGroup => Some(if self.minor { MINOR } else { ADULT }),
            Fact::Withheld => self.withheld.map(Withheld::as_str),
            _ => None,
        }
    }

    fn members(&self, fact: Fact) -> &[String] {
        if fact == Fact::SharedWith { &self.shared_with } else { &[] }
    }
}

const MINOR: &str = "minor";
const ADULT: &str = "adult";

impl PersonFacts {
    /// From what the tables say.
    pub(crate) fn new(
        shelter: Option<String>,
        (adult_from, withheld): Standing,
        shared_with: Vec<String>,
        at: Instant,
    ) -> Self {
        Self { shelter, minor: at.day < adult_from, shared_with, withheld }
    }

    /// From what [`fact_columns`] select.
    pub(crate) fn of((shelter, standing, shared_with): FactRow, at: Instant) -> Self {
        Self::new(shelter, standing, shared_with, at)
    }
}

/// What policies turn on of a person, in a query that joins persons and their shelter.
pub(crate) type FactColumns = (Nullable<shelters::code>, (persons::adult_from, persons::withheld), Members);
/// And as it is read.
pub(crate) type FactRow = (Option<String>, Standing, Vec<String>);

/// See [`FactColumns`].
pub(crate) fn fact_columns(at: Instant) -> FactColumns {
    (
        shelters::code.nullable(),
        (persons::adult_from, persons::withheld),
        Members::new(person_facts, Fact::SharedWith, at),
    )
}

/// A person as policies see them, where nothing else of them is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Judged {
    key: String,
    pub(crate) facts: PersonFacts,
}

impl Judged {
    pub(crate) fn new(person: Uuid, facts: PersonFacts) -> Self {
        Self { key: person.to_string(), facts }
    }
}

impl Facts for Judged {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Person { Some(&self.key) } else { self.facts.fact(fact) }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.facts.members(fact)
    }
}

/// Each of these records is judged as the person of whom it tells.
macro_rules! judged {
    ($($name:ident)+) => {$(
        impl $crate::graph::Facts for $name {
            fn fact(&self, fact: enlace_policies::Fact) -> Option<&str> {
                self.judged.fact(fact)
            }

            fn members(&self, fact: enlace_policies::Fact) -> &[String] {
                self.judged.members(fact)
            }
        }
    )+};
}
pub(crate) use judged;

/// Where the facts of a person stand in a query that joins persons and shelters.
pub(crate) fn person_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::Person => Some(FactSource::Column("persons.id::text")),
        Fact::Shelter => Some(FactSource::Column("shelters.code")),
        Fact::AgeGroup => Some(FactSource::Turns { on: "persons.adult_from", before: MINOR, from: ADULT }),
        Fact::Withheld => Some(FactSource::Column("persons.withheld")),
        Fact::SharedWith => Some(FactSource::Members {
            rows: "shares WHERE shares.person_id = persons.id",
            member: "shares.share",
            valid_from: "shares.valid_from",
            valid_until: "shares.valid_until",
        }),
        _ => None,
    }
}

record! {
    /// People who came and stay together.
    #[derive(Queryable)]
    pub struct Household: "Household" as Household, id "household" {
        /// Global id.
        id: Id<Household> => Public identifying,
        /// The folio of the census.
        code: String => Family identifying,
        /// The code that it shows where it picks something up: whoever holds it learns what the household may have, and nothing of who it is.
        pickup_code: String => Family identifying,
        /// The day its first member arrived.
        arrived_on: NaiveDate => Family,
        /// The day on which the last of it had left; null while one of it is here.
        closed_on: Option<NaiveDate> => Family,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Family,
        /// Key of the shelter where it lodges.
        shelter_id: Option<Uuid>,
        /// That shelter's code.
        shelter: Option<String>,
        /// With whom, and for what, some member's data is shared now.
        shared_with: Vec<String>,
    }
}

impl Facts for Household {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }

    fn members(&self, fact: Fact) -> &[String] {
        if fact == Fact::SharedWith { &self.shared_with } else { &[] }
    }
}

/// Where the facts of a household stand in a query that joins households and shelters.
fn household_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::Shelter => Some(FactSource::Column("shelters.code")),
        Fact::SharedWith => Some(FactSource::Members {
            rows: "shares JOIN persons member ON member.id = shares.person_id \
                   WHERE member.household_id = households.id",
            member: "shares.share",
            valid_from: "shares.valid_from",
            valid_until: "shares.valid_until",
        }),
        _ => None,
    }
}

/// Where the facts of a consent stand in a query that joins consents, persons and shelters.
fn consent_facts(fact: Fact) -> Option<FactSource> {
    if fact == Fact::Recipient { Some(FactSource::Column("consents.recipient")) } else { person_facts(fact) }
}

record! {
    /// What a person agreed to: that an agency reads their data for a purpose, for a while.
    #[derive(Serialize, Deserialize)]
    pub struct Consent: "Consent" as Consent, id "consent" {
        /// Global id.
        id: Id<Consent> => Public identifying,
        /// For what.
        purpose: Purpose => Consent,
        /// Since when.
        given_at: DateTime<Utc> => Consent,
        /// Until when; open where null.
        ends_at: Option<DateTime<Utc>> => Consent,
        /// When it was withdrawn.
        withdrawn_at: Option<DateTime<Utc>> => Consent,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Consent,
        /// Whose it is.
        person_id: Uuid,
        /// The request by which they oppose it.
        opposed_by: Option<Uuid>,
        /// Key of the agency that may read.
        recipient_id: Uuid,
        /// Its code.
        recipient: String,
        /// The facts of the person.
        person: PersonFacts,
    }
}

impl Facts for Consent {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Recipient { Some(&self.recipient) } else { self.person.fact(fact) }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.person.members(fact)
    }
}

/// What is sealed of a person's identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) given_names: String,
    pub(crate) family_names: String,
    pub(crate) birth_date: Option<PartialDate>,
    pub(crate) sex: Sex,
    pub(crate) nationality: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) languages: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) documents: Vec<IdentityDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) curp: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) photograph: Option<String>,
}

/// What is sealed of a person's family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Family {
    pub(crate) kinship: Kinship,
    pub(crate) marital_status: Option<MaritalStatus>,
}

/// What is sealed of a person's migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Migration {
    /// Not stated where whoever registered them may not say.
    pub(crate) status: Option<MigrationStatus>,
    pub(crate) procedure: Option<String>,
}

impl Migration {
    /// Of whom nothing is stated.
    pub(crate) const UNKNOWN: Self = Self { status: None, procedure: None };
}

/// What is sealed of a person's placement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Placement {
    pub(crate) segment: Segment,
    pub(crate) bed_needs: Vec<BedNeed>,
}

/// What a person's payloads are sealed as.
pub(crate) const IDENTITY: &str = "identity";
pub(crate) const FAMILY: &str = "family";
pub(crate) const MIGRATION: &str = "migration";
pub(crate) const PLACEMENT: &str = "placement";

/// A person's row, still sealed.
#[derive(Queryable)]
pub(crate) struct SealedPerson {
    pub(crate) id: Uuid,
    pub(crate) code: String,
    pub(crate) arrived_on: NaiveDate,
    pub(crate) standing: Standing,
    pub(crate) version: i32,
    pub(crate) merged_into: Option<Uuid>,
    pub(crate) custodian: String,
    pub(crate) household_id: Uuid,
    pub(crate) shelter_id: Option<Uuid>,
    pub(crate) shelter: Option<String>,
    pub(crate) shared_with: Vec<String>,
    pub(crate) identity: Vec<u8>,
    pub(crate) family: Vec<u8>,
    pub(crate) migration: Vec<u8>,
    pub(crate) placement: Vec<u8>,
}
