//! The closed vocabulary of the policies: verbs, data classes, record types and their facts.

use std::fmt;

/// Declares an enum whose variants each have one name, so that the list, the names and the variants cannot
/// drift apart.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that policies and messages use.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The variant of that name, spelt exactly.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.as_str() == name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

named! {
    /// What a caller wants to do with a field.
    Verb {
        /// See its value.
        Read = "read",
        /// See its value among those of many records: where an action of this verb exists for a class, a list asks it instead.
        List = "list",
        /// See its value where that says who someone is: a field that is marked so asks this instead. Of PUBLIC, know a record by
        /// its own id.
        Identify = "identify",
        /// Set its value.
        Write = "write",
    }
}

named! {
    /// What kind of data a field holds. Every field of the schema belongs to exactly one class.
    Class {
        /// Names of agencies and shelters, published aggregates.
        Public = "PUBLIC",
        /// Capacity and occupancy, state of facilities, meals, loans of centres.
        Operational = "OPERATIONAL",
        /// Items, lots, stock and movements; never the person who receives.
        Inventory = "INVENTORY",
        /// A private donor's identity and contact.
        Donor = "DONOR",
        /// A person's name, birth, nationality and documents.
        Identity = "IDENTITY",
        /// Household, kinship and marital status.
        Family = "FAMILY",
        /// Migration status, asylum or visa procedure.
        Migration = "MIGRATION",
        /// Assessments, visits, diagnoses, pregnancies and births.
        Health = "HEALTH",
        /// A person's segment and bed needs: what follows of health, without the diagnosis.
        Placement = "PLACEMENT",
        /// A person's courses, places in schools and revalidations.
        Education = "EDUCATION",
        /// A person's work: what they can do, their applications, jobs and RFC.
        Employment = "EMPLOYMENT",
        /// Dwellings, leases, and who lives by them.
        Housing = "HOUSING",
        /// Incidents of public order, and the people in them.
        Security = "SECURITY",
        /// The budget, its sources and what was spent of it.
        Funds = "FUNDS",
        /// Consents and referrals of a person, and how custody of their case is handed on.
        Consent = "CONSENT",
        /// Identity and contact of those with whom the programme deals for people: employers, owners of dwellings.
        Counterparty = "COUNTERPARTY",
        /// The record of changes and of reads.
        Journal = "JOURNAL",
        /// Accounts, roles, grants and agreements.
        Administration = "ADMINISTRATION",
    }
}

named! {
    /// What kind of record a field is on. Its name is that of the Cedar entity type.
    RecordType {
        /// A programme.
        Programme = "Programme",
        /// An agency. (In Cedar, `Agency` is the group that its users are in.)
        Agency = "AgencyRecord",
        /// A user's account with its grants.
        Account = "Account",
        /// An agency's data-sharing agreement.
        Agreement = "Agreement",
        /// A subscription whose messages are posted to an address.
        Webhook = "Webhook",
        /// A community centre, owned or on loan.
        Centre = "Centre",
        /// A centre that works as a shelter.
        Shelter = "Shelter",
        /// A space of a shelter with its capacity.
        Space = "Space",
        /// A category of the catalogue of goods.
        Category = "Category",
        /// An item of the catalogue of goods.
        Item = "Item",
        /// What one donor gave at one time.
        Donation = "Donation",
        /// A campaign: of collection, or of awareness.
        Campaign = "Campaign",
        /// Goods of one item that arrived together.
        Lot = "Lot",
        /// What there is of a lot at a location.
        Stock = "Stock",
        /// An entry of the stock ledger.
        Movement = "Movement",
        /// A warehouse or a shelter's store.
        Location = "Location",
        /// Items that are given together.
        Kit = "Kit",
        /// What each household is owed.
        Entitlement = "Entitlement",
        /// What a household was given, without whose it is.
        HouseholdDelivery = "HouseholdDelivery",
        /// Goods of a store that are kept for a while.
        Reservation = "Reservation",
        /// What a store asks for.
        SupplyRequest = "SupplyRequest",
        /// What is approved of a request.
        SupplyDecision = "SupplyDecision",
        /// Goods that are sent from one store to another.
        Shipment = "Shipment",
        /// A count of what really lies in a store.
        StockCount = "StockCount",
        /// A box or a pallet with a printed code.
        Container = "Container",
        /// Who gives.
        Donor = "Donor",
        /// A kitchen that cooks for shelters.
        Kitchen = "Kitchen",
        /// One meal of one shelter on one day.
        MealService = "MealService",
        /// What of a meal was served.
        MealServing = "MealServing",
        /// What was found in a centre on one day.
        Inspection = "Inspection",
        /// The work that corrects it.
        CorrectiveWork = "CorrectiveWork",
        /// What one agency asks of another: a task, or a translation.
        AgencyRequest = "AgencyRequest",
        /// What the agency of which something is asked, or to which something is recommended, says to it.
        AgencyAnswer = "AgencyAnswer",
        /// An authorisation, a document or a procedure that is asked for.
        Permit = "Permit",
        /// What is decided on that.
        PermitDecision = "PermitDecision",
        /// What an agency that advises gives: a recommendation, a translation or a tutorial.
        Advice = "Advice",
        /// What happened in a shelter and concerns public order.
        Incident = "Incident",
        /// A person who was in an incident.
        InvolvedPerson = "InvolvedPerson",
        /// A person in the programme's care.
        Person = "Person",
        /// People who stay together.
        Household = "Household",
        /// Somebody who is born here, as whoever registers the birth writes them.
        Newborn = "Newborn",
        /// What a person agreed to.
        Consent = "Consent",
        /// A person's case, handed from one agency to another.
        Referral = "Referral",
        /// That a referral or a transfer of custody is taken or declined.
        ReferralAnswer = "ReferralAnswer",
        /// That an agency hands on to another who answers for a person's case.
        CustodyTransfer = "CustodyTransfer",
        /// That a person asks for their rights over their data.
        ArcoRequest = "ArcoRequest",
        /// What is decided and done about that.
        ArcoAnswer = "ArcoAnswer",
        /// That what is known of a person is erased.
        Erasure = "Erasure",
        /// What a family says at the desk, until it is handed on and since.
        Intake = "Intake",
        /// A medical assessment.
        Assessment = "Assessment",
        /// What a clinician concluded, and what is done for it: a visit.
        Diagnosis = "Diagnosis",
        /// What is taught where, and how many places there are: courses, their groups and sessions, and schools.
        Course = "Course",
        /// A person's place in a course or a school, or the revalidation of their schooling.
        Enrolment = "Enrolment",
        /// What is decided on a revalidation.
        RevalidationDecision = "RevalidationDecision",
        /// Who offers work.
        Employer = "Employer",
        /// Work that is offered.
        Vacancy = "Vacancy",
        /// A job fair or a training.
        JobEvent = "JobEvent",
        /// What a person can do, the jobs that they have, and how they come by an RFC.
        WorkProfile = "WorkProfile",
        /// How a person stands towards a vacancy: that they fit it, or applied for it.
        JobApplication = "JobApplication",
        /// Who lets dwellings.
        Owner = "Owner",
        /// A dwelling, and what was found there.
        Dwelling = "Dwelling",
        /// A term of a contract over a dwelling.
        Lease = "Lease",
        /// That a household lives by a lease.
        Tenancy = "Tenancy",
        /// Somebody who helps without pay.
        Volunteer = "Volunteer",
        /// What is verified of a volunteer.
        Screening = "Screening",
        /// That a volunteer comes to a shift.
        ShiftSignUp = "ShiftSignUp",
        /// A visit of the press to a shelter.
        PressVisit = "PressVisit",
        /// Something that was done or read.
        JournalEntry = "JournalEntry",
        /// A person whom an entry of the journal tells of.
        JournalSubject = "JournalSubject",
        /// Money: where it comes from, what it is for, and what was spent of it.
        Fund = "Fund",
        /// What the programme did, counted from its records.
        Indicator = "Indicator",
        /// What somebody may do, and why.
        Explanation = "Explanation",
        /// A person's record, opened in an emergency.
        BreakGlassAccess = "BreakGlassAccess",
    }
}

impl Class {
    /// Whether a list asks [`Verb::List`] of it, and not [`Verb::Read`].
    pub const fn is_listed_apart(self) -> bool {
        matches!(self, Self::Identity)
    }

    /// Whether its fields tell of a person in care. To read them a caller states a purpose, and each read is journalled.
    pub const fn is_personal(self) -> bool {
        match self {
            Self::Public
            | Self::Operational
            | Self::Inventory
            | Self::Donor
            | Self::Funds
            | Self::Counterparty
            | Self::Administration
            | Self::Journal => false,
            Self::Identity
            | Self::Family
            | Self::Migration
            | Self::Health
            | Self::Placement
            | Self::Education
            | Self::Employment
            | Self::Housing
            | Self::Security
            | Self::Consent => true,
        }
    }

    /// Whether a change of it may be seen a while later by whoever allows that. Of people, and of what somebody may do, it may not:
    /// a consent that is withdrawn, or a grant that has ended, is felt at once.
    pub const fn may_lag(self) -> bool {
        match self {
            Self::Public | Self::Operational | Self::Inventory | Self::Funds => true,
            Self::Donor
            | Self::Identity
            | Self::Family
            | Self::Migration
            | Self::Health
            | Self::Placement
            | Self::Education
            | Self::Employment
            | Self::Housing
            | Self::Security
            | Self::Consent
            | Self::Counterparty
            | Self::Journal
            | Self::Administration => false,
        }
    }
}

named! {
    /// Something about a record that a policy may ask. Its name is that of the Cedar attribute; its value is
    /// a code, or a set of codes where [`Fact::is_set`] says so.
    Fact {
        /// The agency that the record is of.
        Agency = "agency",
        /// The subject whose account it is; of an intake, who is taking it down, absent once it is handed on or withdrawn.
        User = "user",
        /// The agency that lends the centre; absent where it is the programme's own.
        Lender = "lender",
        /// The shelter that the record is of; of a movement, that of the store it leaves. Absent where there
        /// is none.
        Shelter = "shelter",
        /// `food`, `medical` or `general`.
        StockKind = "stockKind",
        /// The agency that gave the goods; absent where the giver is no agency.
        DonorAgency = "donorAgency",
        /// The key of the person of whom the record tells.
        Person = "person",
        /// `minor` or `adult`, of the person.
        AgeGroup = "ageGroup",
        /// The agency to which a consent, a referral, a transfer of custody or a request is addressed.
        Recipient = "recipient",
        /// With whom, and for what, the person's data is shared now: `ACNUR/PROTECTION` for each consent and each accepted
        /// referral that is in force.
        SharedWith = "sharedWith",
        /// `BLOCKED` or `ERASED` where what is known of the person is withheld, since they asked for its cancellation; else absent.
        Withheld = "withheld",
    }
}

impl Verb {
    /// Whether it sets no value.
    pub(crate) const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::List | Self::Identify)
    }
}

impl Fact {
    /// Whether its value is a set of codes.
    pub const fn is_set(self) -> bool {
        matches!(self, Self::SharedWith)
    }
}

impl RecordType {
    /// As [`Class::may_lag`], of whatever is read on a record of this type: its id is PUBLIC, and that there is one may tell enough.
    pub const fn may_lag(self) -> bool {
        match self {
            Self::Programme
            | Self::Agency
            | Self::Centre
            | Self::Shelter
            | Self::Space
            | Self::Category
            | Self::Item
            | Self::Donation
            | Self::Campaign
            | Self::Lot
            | Self::Stock
            | Self::Movement
            | Self::Location
            | Self::Kit
            | Self::Entitlement
            | Self::Reservation
            | Self::SupplyRequest
            | Self::SupplyDecision
            | Self::Shipment
            | Self::StockCount
            | Self::Container
            | Self::Kitchen
            | Self::MealService
            | Self::MealServing
            | Self::Inspection
            | Self::CorrectiveWork
            | Self::AgencyRequest
            | Self::AgencyAnswer
            | Self::Permit
            | Self::PermitDecision
            | Self::Advice
            | Self::Course
            | Self::Fund
            | Self::Indicator
            | Self::Vacancy
            | Self::JobEvent
            | Self::ShiftSignUp
            | Self::PressVisit => true,
            // Of a household it is known by a code, which is withdrawn at once.
            Self::HouseholdDelivery
            | Self::Account
            | Self::Webhook
            | Self::Agreement
            | Self::Donor
            | Self::Incident
            | Self::InvolvedPerson
            | Self::Person
            | Self::Household
            | Self::Newborn
            | Self::Consent
            | Self::Referral
            | Self::ReferralAnswer
            | Self::CustodyTransfer
            | Self::ArcoRequest
            | Self::ArcoAnswer
            | Self::Erasure
            | Self::Intake
            | Self::Assessment
            | Self::Diagnosis
            | Self::Enrolment
            | Self::RevalidationDecision
            | Self::Employer
            | Self::WorkProfile
            | Self::JobApplication
            | Self::Owner
            | Self::Dwelling
            | Self::Lease
            | Self::Tenancy
            | Self::Volunteer
            | Self::Screening
            | Self::JournalEntry
            | Self::JournalSubject
            | Self::Explanation
            | Self::BreakGlassAccess => false,
        }
    }

    /// The facts that a record of this type has, or may have. A condition on it asks for no others.
    pub const fn facts(self) -> &'static [Fact] {
        match self {
            Self::Programme
            | Self::Campaign
            | Self::Owner
            | Self::Explanation
            | Self::Kit
            | Self::Entitlement
            | Self::SupplyDecision
            | Self::Fund
            | Self::Indicator
            | Self::JobEvent => &[],
            Self::Agency
            | Self::Agreement
            | Self::Kitchen
            | Self::MealService
            | Self::Inspection
            | Self::PermitDecision
            | Self::Advice
            | Self::Course
            | Self::Employer
            | Self::Vacancy
            | Self::Volunteer
            | Self::Screening
            | Self::JournalEntry
            | Self::JournalSubject
            | Self::BreakGlassAccess => &[Fact::Agency],
            Self::Account | Self::Webhook => &[Fact::Agency, Fact::User],
            Self::Centre => &[Fact::Lender],
            Self::Shelter
            | Self::Space
            | Self::Location
            | Self::HouseholdDelivery
            | Self::Reservation
            | Self::SupplyRequest
            | Self::Shipment
            | Self::StockCount
            | Self::Container
            | Self::Incident
            | Self::InvolvedPerson
            | Self::PressVisit => &[Fact::Shelter],
            Self::MealServing | Self::CorrectiveWork | Self::Permit | Self::ShiftSignUp => {
                &[Fact::Agency, Fact::Shelter]
            }
            Self::AgencyRequest | Self::AgencyAnswer => &[Fact::Agency, Fact::Recipient],
            Self::Category | Self::Item => &[Fact::StockKind],
            Self::Lot => &[Fact::StockKind, Fact::DonorAgency],
            Self::Stock | Self::Movement => &[Fact::StockKind, Fact::DonorAgency, Fact::Shelter],
            Self::Donor | Self::Donation => &[Fact::DonorAgency],
            Self::Person => &[Fact::Person, Fact::Shelter, Fact::AgeGroup, Fact::SharedWith, Fact::Withheld],
            Self::Newborn => &[Fact::Person, Fact::Shelter, Fact::AgeGroup, Fact::SharedWith],
            Self::Household => &[Fact::Shelter, Fact::SharedWith],
            Self::Consent => {
                &[Fact::Shelter, Fact::AgeGroup, Fact::SharedWith, Fact::Recipient, Fact::Withheld]
            }
            Self::Referral | Self::ReferralAnswer | Self::CustodyTransfer => &[
                Fact::Shelter,
                Fact::AgeGroup,
                Fact::SharedWith,
                Fact::Recipient,
                Fact::Agency,
                Fact::Withheld,
            ],
            Self::ArcoRequest | Self::ArcoAnswer | Self::Erasure => {
                &[Fact::Shelter, Fact::AgeGroup, Fact::SharedWith]
            }
            Self::Intake => {
                &[Fact::Person, Fact::Shelter, Fact::AgeGroup, Fact::SharedWith, Fact::Withheld, Fact::User]
            }
            Self::Assessment | Self::Diagnosis => &[Fact::Person, Fact::Withheld],
            Self::Enrolment | Self::RevalidationDecision | Self::JobApplication => {
                &[Fact::Shelter, Fact::AgeGroup, Fact::SharedWith, Fact::Agency, Fact::Withheld]
            }
            Self::WorkProfile => &[Fact::Shelter, Fact::AgeGroup, Fact::SharedWith, Fact::Withheld],
            Self::Dwelling | Self::Lease => &[Fact::SharedWith],
            Self::Tenancy => &[Fact::SharedWith, Fact::Withheld],
        }
    }
}

impl RecordType {
    /// Where a reader finds a fact of a record of this type: by that verb, in fields of this class, on records of that type. To whom
    /// that is refused the fact may not be told either.
    pub const fn shows(self, fact: Fact) -> (Verb, Class, Self) {
        let (class, shown_on) = match (fact, self) {
            (Fact::Agency, Self::Agency) | (Fact::Shelter, Self::Shelter | Self::Space) => {
                (Class::Public, self)
            }
            (Fact::Agency | Fact::Recipient, Self::Consent | Self::Referral | Self::CustodyTransfer) => {
                (Class::Consent, self)
            }
            (Fact::Agency, Self::Enrolment | Self::RevalidationDecision) => {
                (Class::Education, Self::Enrolment)
            }
            (Fact::Agency, Self::Employer | Self::Vacancy | Self::JobApplication) => {
                (Class::Counterparty, Self::Employer)
            }
            (Fact::Agency, Self::Volunteer | Self::Screening) => (Class::Counterparty, self),
            (Fact::Agency, Self::JournalEntry | Self::JournalSubject | Self::BreakGlassAccess) => {
                (Class::Journal, self)
            }
            (
                Fact::Agency,
                Self::Kitchen
                | Self::MealService
                | Self::MealServing
                | Self::Inspection
                | Self::CorrectiveWork
                | Self::Permit
                | Self::PermitDecision
                | Self::Advice
                | Self::ShiftSignUp
                | Self::Course,
            ) => (Class::Operational, self),
            (Fact::Agency | Fact::Recipient, Self::AgencyRequest | Self::AgencyAnswer) => {
                (Class::Operational, self)
            }
            (Fact::User, Self::Intake) | (Fact::Shelter, Self::Household) => (Class::Family, self),
            (Fact::Agency | Fact::User | Fact::Recipient, _) => (Class::Administration, self),
            (Fact::Shelter, Self::Incident | Self::InvolvedPerson) => (Class::Security, self),
            (
                Fact::Shelter,
                Self::Person
                | Self::Newborn
                | Self::Consent
                | Self::Referral
                | Self::CustodyTransfer
                | Self::ArcoRequest
                | Self::ArcoAnswer
                | Self::Erasure
                | Self::Intake
                | Self::Enrolment
                | Self::RevalidationDecision
                | Self::WorkProfile
                | Self::JobApplication,
            ) => (Class::Placement, Self::Person),
            (Fact::Shelter | Fact::Lender, _) => (Class::Operational, self),
            (Fact::StockKind, _) => (Class::Inventory, self),
            (Fact::DonorAgency, Self::Donor | Self::Donation) => (Class::Donor, self),
            (Fact::DonorAgency, _) => (Class::Donor, Self::Lot),
            (Fact::AgeGroup, _) => (Class::Identity, Self::Person),
            // Who names the record knows whose it is, by its id or by a pseudonym.
            (Fact::Person, _) => (Class::Public, Self::Person),
            (Fact::SharedWith, _) => (Class::Consent, Self::Consent),
            (Fact::Withheld, _) => (Class::Family, Self::Person),
        };
        // The code of an agency that gave says who gave.
        let verb = if matches!(fact, Fact::DonorAgency) { Verb::Identify } else { Verb::Read };
        (verb, class, shown_on)
    }
}

/// One question that a profile answers: this verb, on fields of this class, of records of this type. Every
/// combination is a question; where the schema does not let the action apply to the record type, the answer is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) verb: Verb,
    pub(crate) class: Class,
    pub(crate) record: RecordType,
}

impl Question {
    /// Every question, in the order of [`Question::index`].
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Verb::ALL.iter().flat_map(|&verb| {
            Class::ALL.iter().flat_map(move |&class| {
                RecordType::ALL.iter().map(move |&record| Self { verb, class, record })
            })
        })
    }

    /// Its place among all questions.
    pub(crate) const fn index(self) -> usize {
        (self.verb as usize * Class::ALL.len() + self.class as usize) * RecordType::ALL.len()
            + self.record as usize
    }

    /// The id of the Cedar action that asks it, such as `read INVENTORY`.
    pub(crate) fn action(self) -> String {
        format!("{} {}", self.verb, self.class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_indexed_in_their_own_order() {
        for (place, question) in Question::all().enumerate() {
            assert_eq!(question.index(), place, "{question:?}");
        }
        assert_eq!(Question::all().count(), Verb::ALL.len() * Class::ALL.len() * RecordType::ALL.len());
    }

    #[test]
    fn names_lead_back_to_their_variants() {
        for &class in Class::ALL {
            assert_eq!(Class::named(class.as_str()), Some(class));
        }
        assert_eq!(RecordType::named("Agency"), None, "the Cedar name is AgencyRecord");
        assert_eq!(Fact::named("stockKind"), Some(Fact::StockKind));
    }
}
