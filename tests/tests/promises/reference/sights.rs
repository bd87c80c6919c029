//! The access table of the programme as data: who reads what, of which records.

use std::collections::BTreeSet;

use enlace_policies::{Policies, ROLES};

use super::{OMNISCIENT, OPEN, POLICIES};

/// Of which records a role reads a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Where {
    /// All.
    Anywhere,
    /// Goods that are food.
    Food,
    /// Medical goods.
    Medical,
    /// What its agency gave.
    OwnGifts,
    /// Its own account.
    OwnAccount,
    /// People who lodge in its shelters.
    OwnShelters,
    /// People whose data is shared with its agency for the purpose that it states.
    Shared,
    /// Those of them who are minors.
    SharedMinors,
    /// Consents, referrals and transfers of custody that are addressed to its agency.
    Addressed,
    /// Transfers by which its agency hands custody on.
    HandedOn,
    /// What its agency teaches, arranges or decides.
    OwnCourses,
    /// Vacancies of the employer that its agency is, and that employer.
    OwnWork,
    /// Who fits these vacancies or applied for them, and shares their data with it for the purpose that it states.
    Candidates,
    /// Volunteers whom its agency brings, and what is verified of them.
    OwnVolunteers,
    /// Visits of the press.
    Press,
    /// What its agency did, and to whom.
    OwnEntries,
    /// What anyone may do, and why.
    Explanations,
    /// Donors, and what they gave.
    Gifts,
}

use Where::{
    Addressed, Anywhere, Candidates, Explanations, Food, Gifts, HandedOn, Medical, OwnAccount, OwnCourses,
    OwnEntries, OwnGifts, OwnShelters, OwnVolunteers, OwnWork, Press, Shared, SharedMinors,
};

/// A role, and where it reads OPERATIONAL, INVENTORY, DONOR and ADMINISTRATION. Everyone reads PUBLIC.
type Row = (&'static str, [Option<Where>; 4]);

const NO: Option<Where> = None;
const ALL: Option<Where> = Some(Anywhere);
const OWN: Option<Where> = Some(OwnGifts);
const SELF: Option<Where> = Some(OwnAccount);

/// The table. An integrator has, besides its own row, that of the role that it names.
const TABLE: &[Row] = &[
    ("coordinator", [ALL, ALL, ALL, SELF]),
    ("shelter_lead", [ALL, ALL, NO, SELF]),
    ("donation_coordinator", [ALL, ALL, ALL, SELF]),
    ("administrator", [ALL, NO, NO, ALL]),
    ("clinician", [ALL, Some(Medical), NO, SELF]),
    ("educator", [ALL, NO, NO, SELF]),
    ("kitchen", [ALL, Some(Food), NO, SELF]),
    ("officer", [ALL, NO, NO, SELF]),
    ("inspector", [ALL, NO, NO, SELF]),
    ("lender", [ALL, NO, NO, SELF]),
    ("permits", [ALL, NO, NO, SELF]),
    ("liaison", [ALL, ALL, ALL, SELF]),
    ("donor", [ALL, ALL, OWN, SELF]),
    ("adviser", [ALL, ALL, NO, SELF]),
    ("programmes", [ALL, ALL, NO, SELF]),
    ("partner", [ALL, ALL, OWN, SELF]),
    ("witness", [ALL, ALL, Some(Gifts), ALL]),
    ("employer", [Some(OwnWork), NO, NO, SELF]),
    ("integrator", [NO, NO, NO, SELF]),
];

/// A role, the agency that alone has it so where one does, and what it reads of people in care: classes, and where.
type PeopleRow = (&'static str, Option<&'static str>, &'static [(&'static str, Where)]);

/// The table's columns about people, and the journal.
const PEOPLE: &[PeopleRow] = &[
    (
        "coordinator",
        None,
        &[(
            "IDENTITY FAMILY MIGRATION PLACEMENT CONSENT EDUCATION EMPLOYMENT HOUSING SECURITY FUNDS COUNTERPARTY JOURNAL",
            Anywhere,
        )],
    ),
    ("shelter_lead", None, &[("IDENTITY FAMILY PLACEMENT CONSENT EDUCATION SECURITY", OwnShelters)]),
    ("clinician", None, &[("IDENTITY FAMILY PLACEMENT CONSENT HEALTH", Anywhere)]),
    (
        "educator",
        None,
        &[("IDENTITY FAMILY CONSENT", Shared), ("CONSENT", Addressed), ("EDUCATION", OwnCourses)],
    ),
    ("educator", None, &[("CONSENT", HandedOn)]),
    ("donor", Some("ACNUR"), &[("IDENTITY FAMILY MIGRATION CONSENT", Shared)]),
    ("donor", None, &[("CONSENT", Addressed), ("CONSENT", HandedOn)]),
    ("adviser", Some("OIM"), &[("IDENTITY FAMILY MIGRATION CONSENT", Shared)]),
    ("adviser", None, &[("CONSENT", Addressed), ("CONSENT", HandedOn)]),
    ("programmes", None, &[("IDENTITY FAMILY CONSENT", SharedMinors), ("CONSENT", Addressed)]),
    ("programmes", None, &[("CONSENT", HandedOn)]),
    ("programmes", None, &[("EDUCATION", OwnCourses), ("EDUCATION", Shared)]),
    (
        "partner",
        None,
        &[("IDENTITY FAMILY CONSENT EDUCATION EMPLOYMENT HOUSING", Shared), ("CONSENT", Addressed)],
    ),
    ("partner", None, &[("CONSENT", HandedOn)]),
    ("employer", None, &[("EMPLOYMENT", Candidates), ("COUNTERPARTY", OwnWork)]),
    ("permits", None, &[("FUNDS", Anywhere)]),
    ("officer", None, &[("SECURITY", Anywhere)]),
    ("inspector", None, &[("SECURITY", Anywhere), ("COUNTERPARTY", OwnVolunteers)]),
    ("partner", None, &[("COUNTERPARTY", OwnVolunteers)]),
    ("liaison", None, &[("COUNTERPARTY", Press)]),
    (
        "witness",
        None,
        &[(
            "IDENTITY FAMILY MIGRATION PLACEMENT CONSENT EDUCATION EMPLOYMENT HOUSING SECURITY FUNDS JOURNAL",
            Anywhere,
        )],
    ),
];

/// For what each role asks, unless a caller says otherwise.
const PURPOSES: &[(&str, &str)] = &[
    ("ISESALUD/", "HEALTH_CARE"),
    ("INEA/", "EDUCATION"),
    ("UNICEF/", "EDUCATION"),
    ("ACNUR/", "PROTECTION"),
    ("OIM/", "PROTECTION"),
    ("NGO_PUENTE_CACHANILLA/", "HOUSING"),
    ("NGO_BOTIQUIN_SOLIDARIO/", "HEALTH_CARE"),
    ("NGO_LETRAS_EN_CAMINO/", "EDUCATION"),
    ("EMPLEADOR_DEMO/", "EMPLOYMENT"),
    ("NGO_", "ASSISTANCE"),
    ("", "RECEPTION"),
];

/// Of which records a role writes a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Those that a condition of reading would name.
    Records(Where),
    /// Those of its own shelters.
    OwnShelters,
}

/// A role that writes, and where it writes OPERATIONAL, INVENTORY, ADMINISTRATION and CONSENT. Nobody else does; a witness never does, whatever else it
/// is; an integrator writes nothing.
const WRITES: &[(&str, [Option<Reach>; 4])] = &[
    (
        "coordinator",
        [
            Some(Reach::Records(Anywhere)),
            Some(Reach::Records(Anywhere)),
            None,
            Some(Reach::Records(Anywhere)),
        ],
    ),
    ("shelter_lead", [Some(Reach::OwnShelters), Some(Reach::OwnShelters), None, Some(Reach::OwnShelters)]),
    ("donation_coordinator", [None, Some(Reach::Records(Anywhere)), None, None]),
    ("administrator", [None, None, Some(Reach::Records(Anywhere)), None]),
    ("clinician", [None, Some(Reach::Records(Medical)), None, None]),
    ("donor", [None, Some(Reach::Records(OwnGifts)), None, None]),
    ("partner", [None, Some(Reach::Records(OwnGifts)), None, None]),
];

/// The roles that answer the referrals that are addressed to their agency, and hand on the custody of the cases that it answers for, beside
/// those that write CONSENT.
const ANSWER: &[&str] = &["clinician", "educator", "donor", "adviser", "programmes", "partner"];

/// What a rule may ask of a record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// `food`, `medical` or `general`.
    pub(crate) stock_kind: Option<String>,
    /// The agency that gave it.
    pub(crate) donor_agency: Option<String>,
    /// Whether it is what a household was given.
    pub(crate) to_a_household: bool,
    /// Whether it is a visit of the press.
    pub(crate) of_the_press: bool,
    /// Whether it is the caller's own account.
    pub(crate) own_account: bool,
    /// The subject of the account that it is, or is granted to.
    pub(crate) account: Option<String>,
    /// Where the person lodges whom it tells of, or where the incident happened.
    pub(crate) lodges_in: Option<String>,
    /// Whether that person is a minor; none where it tells of nobody in particular.
    pub(crate) minor: Option<bool>,
    /// With whom, and for what, that person's data is shared; of one class alone where that is named too.
    pub(crate) shared_with: BTreeSet<String>,
    /// To whom it is addressed.
    pub(crate) recipient: Option<String>,
    /// The agency that teaches, refers or acted.
    pub(crate) agency: Option<String>,
    /// The agency that hands custody on.
    pub(crate) handed_on_by: Option<String>,
    /// What is said at the desk, until it is handed on by whom, and since.
    pub(crate) intake: Option<Intake>,
}

/// How far an intake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Intake {
    /// It is being taken down by the user with this subject.
    TakenBy(String),
    /// It was handed on.
    HandedOn,
}

impl Facts {
    /// What a rule could tell apart, one by one: goods and their givers as a whole, people by each of their facts.
    pub(crate) fn features(&self) -> BTreeSet<String> {
        let own = self.lodges_in.as_deref().map(|shelter| shelter == "ALB-01");
        let of_people = [
            format!("minor {:?}", self.minor),
            format!("in ALB-01 {own:?}"),
            format!("to {:?}", self.recipient),
            format!("by {:?}", self.agency),
            format!("handed on by {:?}", self.handed_on_by),
        ];
        let shared = self.shared_with.iter().map(|share| format!("shared with {share}"));
        let goods = format!("{:?} of {:?}", self.stock_kind, self.donor_agency);
        let intake = self.intake.as_ref().map(|intake| format!("{intake:?}"));
        of_people.into_iter().chain(shared).chain(intake).chain([goods]).collect()
    }
}

/// Types whose records bear a stock kind, and those that bear a giver.
const GOODS: &[&str] = &[
    "Category",
    "CatalogueItem",
    "DonationItem",
    "Stock",
    "Movement",
    "StockChange",
    "StockAlert",
    "StockExpiring",
    "StoreMinimum",
    "DaysOfCover",
    "AllocationShare",
    "ConsolidationMove",
    "SupplyRequestLine",
    "KitLine",
    "ShipmentLine",
    "ReservationLine",
    "StockCountLine",
    "ContainerLine",
    "MealInput",
    "PastStock",
];
/// Types whose records tell of a person or of what happened in a shelter, and those that bear the person's age.
const OF_A_PERSON: &[&str] = &[
    "Person",
    "Household",
    "Stay",
    "PlacementProposal",
    "PlacementOverride",
    "PlacementReason",
    "ProposedPlace",
    "Episode",
    "Departure",
    "DepartureFollowUp",
    "Consent",
    "Referral",
    "CustodyTransfer",
    "ArcoRequest",
    "Intake",
    "Enrolment",
    "Attendance",
    "SchoolPlace",
    "Revalidation",
    "WorkProfile",
    "JobApplication",
    "JobMatch",
    "JobPlacement",
    "JobFollowUp",
    "RfcProcedure",
    "JobAttendance",
    "Dwelling",
    "DwellingVisit",
    "Lease",
    "Tenancy",
    "PeopleChange",
    "PersonGone",
    "DuplicateCandidate",
    "Incident",
    "IncidentFollowUp",
    "IncidentChange",
    "InvolvedPerson",
];
const OF_SOME_AGE: &[&str] = &[
    "Person",
    "Stay",
    "Episode",
    "Departure",
    "DepartureFollowUp",
    "Consent",
    "Referral",
    "CustodyTransfer",
    "ArcoRequest",
    "Intake",
    "Enrolment",
    "Attendance",
    "SchoolPlace",
    "Revalidation",
    "PeopleChange",
    "PersonGone",
    "DuplicateCandidate",
];
/// Types whose records tell of what somebody learns, each with the agency that teaches, arranges or decides.
const LEARNING: &[&str] = &["Enrolment", "Attendance", "SchoolPlace", "Revalidation"];
/// Types whose records are addressed to an agency; a payload is judged as what it carries.
const ADDRESSED: &[&str] = &["Consent", "Referral", "CustodyTransfer"];
/// Types of the journal, each of whose records bears the agency that acted.
const OF_THE_JOURNAL: &[&str] = &[
    "JournalEntry",
    "JournalRefusal",
    "JournalSubject",
    "BreakGlassAccess",
    "BreakGlassPayload",
    "EndBreakGlassPayload",
    "BreakGlassNotice",
];
const GIVEN: &[&str] = &[
    "Donor",
    "Donation",
    "DonationItem",
    "Stock",
    "Movement",
    "StockChange",
    "ShipmentLine",
    "ReservationLine",
    "StockCountLine",
    "ContainerLine",
    "MealInput",
    "DonationReceipt",
    "PastStock",
    "ImportMapping",
    "StockExpiring",
    "ImportProgress",
];
/// Types whose records are of a store.
const IN_A_STORE: &[&str] = &[
    "Stock",
    "StockExpiring",
    "Movement",
    "SupplyRequest",
    "Shipment",
    "Reservation",
    "HouseholdDelivery",
    "StockCount",
    "Container",
];

/// What a payload of a mutation on goods, accounts, consents or referrals carries, or what is counted; another type is itself.
fn carried(object: &str) -> &str {
    match object.strip_suffix("Payload") {
        Some("ReceiveDonation") => "Donation",
        Some("RecallLot") => "DonationItem",
        Some("SetMinimumStock") => "Stock",
        Some("SaveImportMapping") => "ImportMapping",
        Some("RegisterCatalogueItem" | "ReviseCatalogueItem") => "CatalogueItem",
        Some("RegisterDonor" | "ReviseDonor") => "Donor",
        Some("DefineKit" | "ReviseKit") => "Kit",
        Some("GrantEntitlement" | "EndEntitlement") => "Entitlement",
        Some("DeliverToHousehold") => "HouseholdDelivery",
        Some("ReplacePickupCode" | "RegisterHousehold" | "ChangeHead") => "Household",
        Some(
            "UpdatePerson" | "MoveToHousehold" | "OpenEpisode" | "MergePersons" | "UndoMerge"
            | "DismissDuplicate" | "PlanDeparture" | "ReplanDeparture" | "CancelDeparture"
            | "ConfirmDeparture" | "ReverseDeparture" | "FollowUpDeparture",
        ) => "Person",
        Some("OpenCampaign" | "CloseCampaign") => "Campaign",
        Some("EnrolPerson") => "Enrolment",
        Some(verb) if verb.ends_with("Enrolment") => "Enrolment",
        Some("CorrectAttendance") => "Attendance",
        Some("SettleSchoolDocuments" | "PlaceInSchool" | "RequestSchoolPlace" | "CloseSchoolPlace") => {
            "SchoolPlace"
        }
        Some(verb) if verb.ends_with("Revalidation") => "Revalidation",
        Some("RegisterEmployer" | "ReviseEmployer") => "Employer",
        Some(verb) if verb.ends_with("Vacancy") => "Vacancy",
        Some("ApplyForJob" | "AdvanceJobApplication") => "JobApplication",
        Some(
            "RecordWorkProfile"
            | "PlaceInJob"
            | "EndJobPlacement"
            | "FollowUpJobPlacement"
            | "OpenRfcProcedure"
            | "AdvanceRfcProcedure"
            | "RecordJobAttendance",
        ) => "WorkProfile",
        Some("InvolvePerson") => "InvolvedPerson",
        Some(verb) if verb.ends_with("Volunteer") => "Volunteer",
        Some(verb) if verb.ends_with("Screening") => "Screening",
        Some(verb) if verb.ends_with("PressVisit") => "PressVisit",
        Some(verb) if verb.ends_with("Dwelling") => "Dwelling",
        Some(verb) if verb.ends_with("Lease") => "Lease",
        Some(verb) if verb.ends_with("Incident") => "Incident",
        Some("MoveStock" | "DeliverStock" | "WriteOffStock" | "CorrectMovement") => "Movement",
        Some("RequestSupplies" | "DecideRequest" | "CloseRequest") => "SupplyRequest",
        Some("SendShipment" | "ReceiveShipment") => "Shipment",
        Some("ReserveStock" | "ReleaseReservation") => "Reservation",
        Some(verb) if verb.ends_with("Count") => "StockCount",
        Some(verb) if verb.ends_with("Container") => "Container",
        Some("GrantRole" | "RevokeGrant") => "Grant",
        Some("DeactivateUser" | "ReactivateUser" | "RevokeToken") => "User",
        Some(verb) if verb.contains("Webhook") => "Webhook",
        Some("AskErasure" | "ErasePerson") => "ArcoRequest",
        Some(verb) if verb.ends_with("ArcoRequest") => "ArcoRequest",
        Some(verb) if verb.ends_with("Intake") => "Intake",
        Some(verb) if verb.ends_with("Consent") => "Consent",
        Some(verb) if verb.ends_with("Referral") => "Referral",
        Some(verb) if verb.ends_with("CustodyTransfer") => "CustodyTransfer",
        // Counts of lots.
        None if object == "DonationItemFacets"
            || object.starts_with("DonationItem") && object.ends_with("Count") =>
        {
            "DonationItem"
        }
        _ => object,
    }
}

/// As which class a class is shared: a household with who is of it.
fn shared_as(class: &str) -> &str {
    if class == "FAMILY" { "IDENTITY" } else { class }
}

impl Where {
    /// Whether it holds of a class of one record.
    fn holds(self, class: &str, facts: &Facts, caller: &Caller) -> bool {
        let agency = caller.agency.as_str();
        let shared = || {
            let whole = format!("{agency}/{}", caller.purpose);
            facts.shared_with.contains(&format!("{whole}/{}", shared_as(class)))
                || facts.shared_with.contains(&whole)
        };
        match self {
            Anywhere | Gifts => true,
            Press => facts.of_the_press,
            // No record of the programme is one.
            Explanations => false,
            Food => facts.stock_kind.as_deref() == Some("food"),
            Medical => facts.stock_kind.as_deref() == Some("medical"),
            OwnGifts => facts.donor_agency.as_deref() == Some(agency),
            OwnAccount => facts.own_account || facts.account.as_ref() == Some(&caller.subject()),
            OwnShelters => facts.lodges_in.as_ref().is_some_and(|shelter| caller.shelters.contains(shelter)),
            Shared => shared(),
            SharedMinors => facts.minor == Some(true) && shared(),
            Candidates => facts.agency.as_deref() == Some(agency) && shared(),
            Addressed => facts.recipient.as_deref() == Some(agency),
            HandedOn => facts.handed_on_by.as_deref() == Some(agency),
            OwnCourses | OwnEntries | OwnVolunteers | OwnWork => facts.agency.as_deref() == Some(agency),
        }
    }

    /// Whether it can hold of some record of a type.
    fn can_hold(self, object: &str, caller: &Caller) -> bool {
        match self {
            Anywhere => true,
            Food | Medical => GOODS.contains(&carried(object)),
            OwnGifts => GIVEN.contains(&carried(object)),
            OwnAccount => {
                matches!(carried(object), "Viewer" | "User" | "Grant" | "Webhook" | "WebhookMessage")
            }
            OwnShelters => OF_A_PERSON.contains(&carried(object)) && !caller.shelters.is_empty(),
            Shared => OF_A_PERSON.contains(&carried(object)),
            SharedMinors => OF_SOME_AGE.contains(&carried(object)),
            Addressed => ADDRESSED.contains(&carried(object)),
            HandedOn => carried(object) == "CustodyTransfer",
            OwnCourses => LEARNING.contains(&carried(object)),
            OwnWork => matches!(carried(object), "Vacancy" | "VacancyChange" | "Employer"),
            Candidates => matches!(carried(object), "JobApplication" | "JobMatch"),
            OwnVolunteers => matches!(carried(object), "Volunteer" | "Screening"),
            Press => matches!(carried(object), "PressVisit" | "PressVisitChange"),
            OwnEntries => OF_THE_JOURNAL.contains(&object),
            Explanations => object == "PolicyExplanation",
            Gifts => matches!(carried(object), "Donor" | "Donation" | "DonationItem" | "DonationReceipt"),
        }
    }
}

/// A caller, and what the table gives it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// As [`enlace_tests::World::token`] takes it; none without a token.
    pub(crate) token: Option<String>,
    /// The code of its agency; empty without a token.
    pub(crate) agency: String,
    /// The roles that its token claims and the demonstration grants.
    roles: BTreeSet<String>,
    /// The roles that count for its reads.
    reads: BTreeSet<String>,
    /// The codes of its shelters.
    pub(crate) shelters: Vec<String>,
    /// Whether its agency's agreement is in force.
    pub(crate) in_force: bool,
    /// For what it asks.
    pub(crate) purpose: String,
    /// Whether it asks where everything is permitted: see [`super::open_world`].
    everything: bool,
}

impl Caller {
    /// Without a token.
    pub(crate) fn anyone() -> Self {
        Self {
            token: None,
            agency: String::new(),
            roles: BTreeSet::new(),
            reads: BTreeSet::new(),
            shelters: Vec::new(),
            in_force: false,
            purpose: String::new(),
            everything: false,
        }
    }

    /// `AGENCY/role+role@SHELTER,SHELTER`, with the agency's agreement in force.
    pub(crate) fn of(token: &str) -> Self {
        let (holder, shelters) = token.split_once('@').unwrap_or((token, ""));
        let (agency, roles) = holder.split_once('/').unwrap();
        let roles: BTreeSet<String> = roles.split('+').map(str::to_owned).collect();
        let (_, purpose) = PURPOSES.iter().find(|(holder, _)| token.starts_with(holder)).unwrap();
        let shelters = shelters.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect();
        Self {
            token: Some(token.to_owned()),
            agency: agency.to_owned(),
            reads: roles.clone(),
            roles,
            shelters,
            in_force: true,
            purpose: (*purpose).to_owned(),
            everything: false,
        }
    }

    /// A machine account that reads as another role.
    pub(crate) fn reading_as(mut self, role: &str) -> Self {
        self.reads.insert(role.to_owned());
        self
    }

    /// The one who asks where everything is permitted.
    pub(crate) fn of_an_open_world() -> Self {
        Self { everything: true, ..Self::of(OMNISCIENT) }
    }

    /// The policies that it asks under.
    pub(crate) fn policies(&self) -> &'static Policies {
        if self.everything { &OPEN } else { &POLICIES }
    }

    /// With an agreement that has ended.
    pub(crate) fn lapsed(mut self) -> Self {
        self.in_force = false;
        self
    }

    /// Where it reads a class; nowhere, where that is empty.
    fn sight(&self, class: &str) -> BTreeSet<Where> {
        if class == "PUBLIC" || self.everything {
            return [Anywhere].into();
        }
        if !self.in_force {
            return BTreeSet::new();
        }
        let Some(column) =
            ["OPERATIONAL", "INVENTORY", "DONOR", "ADMINISTRATION"].iter().position(|known| *known == class)
        else {
            return self.sight_of_people(class);
        };
        let rows = TABLE.iter().filter(|(role, _)| self.reads.contains(*role));
        let explains = class == "ADMINISTRATION" && self.reads.contains("coordinator");
        rows.filter_map(|(_, row)| row[column]).chain(explains.then_some(Explanations)).collect()
    }

    fn sight_of_people(&self, class: &str) -> BTreeSet<Where> {
        let own = (class == "JOURNAL").then_some(OwnEntries);
        let rows = PEOPLE.iter().filter(|(role, agency, _)| {
            self.reads.contains(*role) && agency.is_none_or(|agency| agency == self.agency)
        });
        let cells = rows.flat_map(|(.., cells)| *cells);
        let of_class = cells.filter(|(classes, _)| classes.split(' ').any(|known| known == class));
        of_class.map(|(_, place)| *place).chain(own).collect()
    }

    /// Whether it reads what was said of a class at the desk: whoever takes it down until it is handed on, then those who read the class; of
    /// health, the health services alone.
    fn reads_intake(&self, class: &str, intake: &Intake, facts: &Facts) -> bool {
        if self.everything {
            return true;
        }
        match intake {
            Intake::TakenBy(subject) => {
                let lead = self.roles.contains("shelter_lead") && OwnShelters.holds(class, facts, self);
                self.in_force && *subject == self.subject() && (self.roles.contains("coordinator") || lead)
            }
            Intake::HandedOn => {
                let beyond = class == "HEALTH" && self.agency != "ISESALUD";
                !beyond && self.sight(class).iter().any(|sight| sight.holds(class, facts, self))
            }
        }
    }

    /// Whether it reads a class of one record.
    pub(crate) fn sees(&self, class: &str, facts: &Facts) -> bool {
        if let Some(intake) = facts.intake.as_ref().filter(|_| matches!(class, "HEALTH" | "EMPLOYMENT")) {
            return self.reads_intake(class, intake, facts);
        }
        let counts_only = class == "INVENTORY" && facts.to_a_household && self.counts_deliveries();
        class == "PUBLIC"
            || !counts_only && self.sight(class).iter().any(|sight| sight.holds(class, facts, self))
    }

    /// Whether it reads a class of a record where it stands in a list: there no minor has an identity (R25).
    pub(crate) fn sees_listed(&self, class: &str, facts: &Facts) -> bool {
        let withheld = class == "IDENTITY" && facts.minor == Some(true) && !self.everything;
        !withheld && self.sees(class, facts)
    }

    /// Whether it may select records that it finds by a class by another class, of records of this type: it reads that of each
    /// of those that it finds.
    pub(crate) fn selects(&self, of: &str, by: &str, object: &str) -> bool {
        let mut sight = self.sight(by);
        sight.retain(|place| place.can_hold(object, self));
        // Of whom one class is shared, another may not be.
        let by_shares = |place: &Where| matches!(place, Shared | SharedMinors | Candidates);
        let alike = shared_as(of) == shared_as(by) || !sight.iter().any(by_shares);
        // Of every explanation: there is no other rule about them.
        sight.contains(&Anywhere)
            || sight.contains(&Explanations)
            || sight.contains(&Gifts)
            || alike && !sight.is_empty() && sight == self.sight(of)
    }

    /// Whether it reads a class of some records of a type.
    pub(crate) fn may_see(&self, class: &str, object: &str) -> bool {
        let of_a_household = ["HouseholdDelivery", "HouseholdDeliveryLine", "HouseholdAllowance"];
        let counts_only =
            class == "INVENTORY" && of_a_household.contains(&carried(object)) && self.counts_deliveries();
        let beyond = class == "CONSENT" && carried(object) == "ArcoRequest" && !self.reads_requests();
        let unpublished =
            class == "OPERATIONAL" && object.starts_with("Indicator") && !self.reads_what_is_counted();
        let at_the_desk = carried(object) == "Intake" && matches!(class, "HEALTH" | "EMPLOYMENT");
        if at_the_desk && self.takes_intakes() {
            return true;
        }
        let kept = at_the_desk && class == "HEALTH" && self.agency != "ISESALUD" && !self.everything;
        !counts_only
            && !beyond
            && !unpublished
            && !kept
            && self.sight(class).iter().any(|sight| sight.can_hold(object, self))
    }

    /// Whether it may be the one who takes an intake down.
    fn takes_intakes(&self) -> bool {
        let lead = self.reads.contains("shelter_lead") && !self.shelters.is_empty();
        self.everything || self.in_force && (self.reads.contains("coordinator") || lead)
    }

    /// Whether it reads what is counted of the programme before it is published.
    fn reads_what_is_counted(&self) -> bool {
        self.everything || ["coordinator", "witness"].iter().any(|role| self.reads.contains(*role))
    }

    /// Whether it reads what people ask of their own data.
    fn reads_requests(&self) -> bool {
        let readers = ["coordinator", "shelter_lead", "witness"];
        self.everything || readers.iter().any(|role| self.reads.contains(*role))
    }

    /// Whether it decides what people ask of their own data.
    pub(crate) fn decides_requests(&self) -> bool {
        self.in_force && self.roles.contains("coordinator") && !self.roles.contains("witness")
    }

    /// Whether it is told of deliveries to households only how much was delivered.
    fn counts_deliveries(&self) -> bool {
        self.reads.contains("donor") && !self.everything
    }

    /// Whether it knows records by their own ids, and reads what says who someone is. A witness does not, whatever else it is:
    /// [`super::Pseudonyms`] stand in the place of those ids.
    pub(crate) fn recognises(&self) -> bool {
        !self.reads.contains("witness")
    }

    /// Whether it writes a class of one record, which is in this shelter or in none.
    pub(crate) fn writes(&self, class: &str, facts: &Facts, shelter: Option<&str>) -> bool {
        let own = || shelter.is_some_and(|shelter| self.shelters.iter().any(|own| own == shelter));
        self.reach(class).iter().any(|reach| match reach {
            Reach::Records(place) => place.holds(class, facts, self),
            Reach::OwnShelters => own(),
        })
    }

    /// Whether it writes a class of any record.
    pub(crate) fn may_write(&self, class: &str) -> bool {
        let somewhere = |reach: &Reach| *reach != Reach::OwnShelters || !self.shelters.is_empty();
        self.reach(class).iter().any(somewhere)
    }

    /// Whether it writes a class of some goods of a type.
    pub(crate) fn may_write_goods(&self, object: &str) -> bool {
        self.reach("INVENTORY").iter().any(|reach| match reach {
            Reach::Records(place) => place.can_hold(object, self),
            Reach::OwnShelters => IN_A_STORE.contains(&object) && !self.shelters.is_empty(),
        })
    }

    /// Whether it gives something to households.
    pub(crate) fn gives_to_households(&self) -> bool {
        let partner = self.roles.contains("partner") && self.in_force && !self.roles.contains("witness");
        partner || self.may_write_goods("HouseholdDelivery")
    }

    /// Whether it keeps campaigns.
    pub(crate) fn keeps_campaigns(&self) -> bool {
        let keeps = ["coordinator", "liaison"].iter().any(|role| self.roles.contains(*role));
        keeps && self.in_force && !self.roles.contains("witness")
    }

    /// Whether it says who some volunteers are.
    pub(crate) fn brings_volunteers(&self) -> bool {
        let brings = ["coordinator", "inspector", "partner"].iter().any(|role| self.roles.contains(*role));
        brings && self.in_force && !self.roles.contains("witness")
    }

    /// Whether it plans shifts in some shelter, or says who comes to some of them.
    pub(crate) fn fills_shifts(&self, mutation: &str) -> bool {
        let signs_up = matches!(mutation, "signUpForShift" | "withdrawFromShift");
        self.may_write("OPERATIONAL") || signs_up && self.brings_volunteers()
    }

    /// Whether it proposes that the press visits some shelter.
    pub(crate) fn proposes_press(&self) -> bool {
        let liaison = self.roles.contains("liaison") && self.in_force && !self.roles.contains("witness");
        self.may_write("OPERATIONAL") || liaison
    }

    /// Whether it records loans of centres.
    pub(crate) fn lends_centres(&self) -> bool {
        let lends = ["coordinator", "lender"].iter().any(|role| self.roles.contains(*role));
        lends && self.in_force && !self.roles.contains("witness")
    }

    /// Whether it works for its agency: asks something of others in its name, and answers what is asked of it.
    pub(crate) fn works_for_its_agency(&self) -> bool {
        let apart = ["administrator", "employer", "integrator", "witness"];
        let works = self.roles.iter().any(|role| !apart.contains(&role.as_str()));
        works && self.in_force && !self.roles.contains("witness")
    }

    /// Whether it asks for some permit.
    pub(crate) fn asks_for_permits(&self) -> bool {
        let asks = ["kitchen", "lender", "liaison"].iter().any(|role| self.roles.contains(*role));
        self.may_write("OPERATIONAL") || asks && self.works_for_its_agency()
    }

    /// Whether it decides on permits.
    pub(crate) fn decides_on_permits(&self) -> bool {
        self.roles.contains("permits") && self.works_for_its_agency()
    }

    /// Whether it recommends, translates and teaches.
    pub(crate) fn advises(&self) -> bool {
        self.roles.contains("adviser") && self.works_for_its_agency()
    }

    /// Whether it keeps kitchens and plans what they cook.
    pub(crate) fn plans_meals(&self) -> bool {
        let plans = ["coordinator", "kitchen"].iter().any(|role| self.roles.contains(*role));
        plans && self.in_force && !self.roles.contains("witness")
    }

    /// Whether it says what of some meal was served.
    pub(crate) fn serves_meals(&self) -> bool {
        self.plans_meals() || self.may_write("OPERATIONAL")
    }

    /// Whether it inspects, and verifies what was corrected.
    pub(crate) fn inspects(&self) -> bool {
        let inspects = ["coordinator", "inspector"].iter().any(|role| self.roles.contains(*role));
        inspects && self.in_force && !self.roles.contains("witness")
    }

    /// Whether it says that something was corrected.
    pub(crate) fn corrects(&self) -> bool {
        self.inspects() || self.may_write("OPERATIONAL")
    }

    /// Whether it publishes what is counted of the programme.
    pub(crate) fn publishes(&self) -> bool {
        self.in_force && self.roles.contains("coordinator") && !self.roles.contains("witness")
    }

    /// Whether it brings people and employers together.
    pub(crate) fn keeps_employment(&self) -> bool {
        self.in_force && self.roles.contains("coordinator") && !self.roles.contains("witness")
    }

    /// Whether it keeps webhooks of its own.
    pub(crate) fn keeps_webhooks(&self) -> bool {
        self.token.is_some() && self.in_force && !self.roles.contains("witness")
    }

    /// Whether it writes any class of people: those who write CONSENT, and a clinician, who writes PLACEMENT.
    pub(crate) fn changes_people(&self) -> bool {
        let clinician = self.in_force && self.roles.contains("clinician") && !self.roles.contains("witness");
        self.may_write("CONSENT") || clinician
    }

    /// Whether it registers births: a clinician of the health services.
    pub(crate) fn registers_births(&self) -> bool {
        self.may_write("HEALTH") && self.agency == "ISESALUD"
    }

    /// Whether it decides on revalidations.
    pub(crate) fn decides_revalidations(&self) -> bool {
        self.in_force && self.roles.contains("educator") && !self.roles.contains("witness")
    }

    /// Whether it answers a referral to its agency, or hands on a case that its agency answers for.
    pub(crate) fn may_answer(&self) -> bool {
        let answers = self.in_force && !self.roles.contains("witness");
        self.may_write("CONSENT") || answers && ANSWER.iter().any(|role| self.roles.contains(*role))
    }

    fn reach(&self, class: &str) -> Vec<Reach> {
        if !self.in_force || self.roles.contains("witness") {
            return Vec::new();
        }
        // In an emergency a record is opened, which is of the journal.
        if class == "JOURNAL" {
            let opens = self.roles.contains("coordinator") || self.roles.contains("clinician");
            return if opens { vec![Reach::Records(Anywhere)] } else { Vec::new() };
        }
        if class == "HEALTH" {
            let clinician = self.roles.contains("clinician");
            return if clinician { vec![Reach::Records(Anywhere)] } else { Vec::new() };
        }
        if class == "EDUCATION" {
            let all = self.roles.contains("coordinator").then_some(Reach::Records(Anywhere));
            let own = ["educator", "programmes"].iter().any(|role| self.roles.contains(*role));
            return all.into_iter().chain(own.then_some(Reach::Records(OwnCourses))).collect();
        }
        if class == "SECURITY" {
            let own = self.roles.contains("shelter_lead").then_some(Reach::OwnShelters);
            return self
                .roles
                .contains("officer")
                .then_some(Reach::Records(Anywhere))
                .into_iter()
                .chain(own)
                .collect();
        }
        if matches!(class, "EMPLOYMENT" | "HOUSING" | "FUNDS" | "COUNTERPARTY") {
            let coordinator = self.roles.contains("coordinator");
            return if coordinator { vec![Reach::Records(Anywhere)] } else { Vec::new() };
        }
        if class == "DONOR" {
            let keeps = ["coordinator", "donation_coordinator", "liaison"];
            let writes = keeps.iter().any(|role| self.roles.contains(*role));
            return if writes { vec![Reach::Records(Anywhere)] } else { Vec::new() };
        }
        let column = ["OPERATIONAL", "INVENTORY", "ADMINISTRATION", "CONSENT"];
        let column = column.iter().position(|known| *known == class).unwrap();
        let rows = WRITES.iter().filter(|(role, _)| self.roles.contains(*role));
        rows.filter_map(|(_, row)| row[column]).collect()
    }

    /// The subject of its token: the demonstration's user for the first of its roles.
    pub(crate) fn subject(&self) -> String {
        let (_, roles) = self.token.as_deref().and_then(|token| token.split_once('/')).unwrap_or_default();
        let role = roles.split(['@', '+']).next().unwrap_or_default();
        format!("{}.{role}", self.agency.to_lowercase())
    }

    /// A name for messages.
    pub(crate) fn name(&self) -> &str {
        self.token.as_deref().unwrap_or("no token")
    }
}

/// One caller for each role, the machine accounts, and nobody.
pub(crate) fn one_of_each_role() -> Vec<Caller> {
    let mut seen = BTreeSet::new();
    everyone().into_iter().filter(|caller| seen.insert((caller.reads.clone(), caller.in_force))).collect()
}

/// Everyone that the demonstration has a user for: each role of each agency, the machine accounts, and nobody.
pub(crate) fn everyone() -> Vec<Caller> {
    let agencies = [
        "DIF_MUNICIPAL",
        "DIF_ESTATAL",
        "ISESALUD",
        "INEA",
        "SEDENA",
        "DSPM",
        "PCE",
        "BISOM",
        "IMACUM",
        "IMDECUF",
        "CDM",
        "RP",
        "ACNUR",
        "OIM",
        "ONU",
        "UNICEF",
        "CNDH",
        "CEDH",
        "NGO_MANOS_DEL_DESIERTO",
        "NGO_PUENTE_CACHANILLA",
        "NGO_PAN_DEL_VALLE",
        "NGO_ABRIGO_DEL_NORTE",
        "NGO_BOTIQUIN_SOLIDARIO",
        "NGO_LETRAS_EN_CAMINO",
    ];
    let of_any = ["employer", "integrator"];
    let held = agencies.iter().flat_map(|agency| {
        let held = ROLES.iter().filter(|role| !of_any.contains(&role.code) && role.held_by(agency));
        held.map(move |role| Caller::of(&format!("{agency}/{}", role.code)))
    });
    let mut callers: Vec<Caller> = held.collect();
    for role in ROLES.iter().filter(|role| !of_any.contains(&role.code)) {
        assert!(callers.iter().any(|caller| caller.roles.contains(role.code)), "nobody is {}", role.code);
    }
    callers.push(Caller::of("EMPLEADOR_DEMO/employer"));
    callers.push(Caller::of("DIF_MUNICIPAL/integrator").reading_as("donation_coordinator"));
    callers.push(Caller::of("ISESALUD/integrator").reading_as("clinician"));
    callers.push(Caller::of("ACNUR/integrator").reading_as("donor"));
    callers.push(Caller::of("NGO_CONVENIO_VENCIDO/partner").lapsed());
    callers.push(Caller::anyone());
    callers
}
