//! A second opinion: what Enlace ought to answer, worked out by other means.
//!
//! [`Schema`] is the committed SDL as a stock GraphQL library reads it; [`sights`] is the access table of the programme
//! spelt out as data; [`Snapshot`] is every record, read once by someone who may see all; [`Reference`] runs a document
//! over the snapshot with that library's own executor, and notes what a caller may not see; [`pseudonyms`] is how a witness
//! knows records; [`documents`] makes the documents. Nothing here asks Enlace's planner, its policies or its SQL.

mod compare;
pub(crate) mod documents;
mod executor;
mod lists;
pub(crate) mod oracle;
mod pages;
mod pseudonyms;
pub(crate) mod sights;
mod snapshot;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use apollo_compiler::schema::{ExtendedType, FieldDefinition, ObjectType};
use apollo_compiler::validation::Valid;
use enlace_policies::Policies;
use enlace_tests::{Client, Scratch, World, WorldBuilder, at};
use serde_json::Value as Json;

pub(crate) use compare::{compare, is_a_refusal, is_as_seen};
pub(crate) use executor::{Expected, Reference};
pub(crate) use pseudonyms::Pseudonyms;
pub(crate) use snapshot::Snapshot;

/// The policies that the tests run under.
pub(crate) static POLICIES: LazyLock<Arc<Policies>> = LazyLock::new(|| Policies::built_in().unwrap());

/// Policies that permit everything to everyone.
pub(crate) static OPEN: LazyLock<Policies> = LazyLock::new(|| Policies::from_dir(&open_policies()).unwrap());

const EVERYTHING: &str =
    "@id(\"everything\") @reason(\"Everything is permitted.\") permit (principal, action, resource);\n";

/// The folder of [`OPEN`], written once.
fn open_policies() -> PathBuf {
    static WRITTEN: LazyLock<PathBuf> = LazyLock::new(|| write_policies("open", EVERYTHING));
    WRITTEN.clone()
}

/// Writes a folder of policies: the schema's own, and this text.
pub(crate) fn write_policies(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/enlace.cedarschema");
    std::fs::copy(schema, folder.join("enlace.cedarschema")).unwrap();
    std::fs::write(folder.join("all.cedar"), text).unwrap();
    folder
}

/// The whole schema.
pub(crate) static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::read(&enlace_schema::sdl(&POLICIES, None).unwrap()));

/// A schema, as a stock GraphQL library reads it.
pub(crate) struct Schema(pub(crate) Valid<apollo_compiler::Schema>);

impl Schema {
    /// Reads and validates SDL.
    pub(crate) fn read(sdl: &str) -> Self {
        Self(apollo_compiler::Schema::parse_and_validate(sdl, "schema.graphql").unwrap())
    }

    /// The object types, roots included and introspection left out.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &ObjectType> {
        self.0.types.values().filter_map(|found| match found {
            ExtendedType::Object(object) if !found.is_built_in() => Some(object.as_ref()),
            _ => None,
        })
    }

    /// The object type with this name.
    pub(crate) fn object(&self, name: &str) -> &ObjectType {
        self.0.get_object(name).unwrap_or_else(|| panic!("no object type {name}"))
    }

    /// The object type that a field leads to; none where it holds a scalar or an enum.
    pub(crate) fn target(&self, field: &FieldDefinition) -> Option<&ObjectType> {
        self.0.get_object(field.ty.inner_named_type()).map(AsRef::as_ref)
    }

    /// The type of record that decides who reads a field: an edge to what tells of people is judged as they are.
    pub(crate) fn judged_on<'s>(&'s self, object: &'s str, field: &FieldDefinition) -> &'s str {
        self.target(field)
            .map_or(object, |target| if is_scoped(&target.name) { &target.name } else { object })
    }

    /// Whether records of this type have a global id.
    pub(crate) fn is_node(&self, name: &str) -> bool {
        self.object(name).implements_interfaces.contains("Node")
    }
}

/// The data class that a field's description states; none for the parts of a connection, which hold no data of their own.
pub(crate) fn class_of(field: &FieldDefinition) -> Option<&str> {
    field.description.as_ref()?.lines().find_map(|line| line.trim().strip_prefix("Class: "))
}

/// Whether a field says who someone is; an id does not, whose pseudonym stands in its place.
fn identifies(field: &FieldDefinition) -> bool {
    is_identifying(field) && field.ty.inner_named_type() != "ID"
}

/// Whether a field is withheld from a caller because it says who someone is.
pub(crate) fn is_withheld(field: &FieldDefinition, caller: &sights::Caller) -> bool {
    identifies(field) && !caller.recognises()
}

/// Whether a field, or an id, is marked as one by which someone could be recognised.
pub(crate) fn is_identifying(field: &FieldDefinition) -> bool {
    field.description.as_ref().is_some_and(|text| text.lines().any(|line| line.trim() == "Identifying."))
}

/// The class by which records of a type are found, listed and reached along edges: whoever may not read it of a record does not
/// see the record.
pub(crate) const FOUND_BY: &[(&str, &str)] = &[
    ("Agency", "PUBLIC"),
    ("User", "ADMINISTRATION"),
    ("Centre", "PUBLIC"),
    ("CentreLoan", "OPERATIONAL"),
    ("CentreLoanLine", "OPERATIONAL"),
    ("Shelter", "PUBLIC"),
    ("Space", "OPERATIONAL"),
    ("FacilityCheck", "OPERATIONAL"),
    ("Bed", "OPERATIONAL"),
    ("BedHold", "OPERATIONAL"),
    ("Location", "OPERATIONAL"),
    ("Category", "INVENTORY"),
    ("CatalogueItem", "INVENTORY"),
    ("Donation", "INVENTORY"),
    ("DonationWhereabouts", "INVENTORY"),
    ("ImportMapping", "INVENTORY"),
    ("Campaign", "OPERATIONAL"),
    ("DonationItem", "INVENTORY"),
    ("Stock", "INVENTORY"),
    ("Movement", "INVENTORY"),
    ("Kit", "INVENTORY"),
    ("KitLine", "INVENTORY"),
    ("Entitlement", "INVENTORY"),
    ("HouseholdDelivery", "INVENTORY"),
    ("HouseholdDeliveryLine", "INVENTORY"),
    ("Reservation", "INVENTORY"),
    ("ReservationLine", "INVENTORY"),
    ("SupplyRequest", "INVENTORY"),
    ("SupplyRequestLine", "INVENTORY"),
    ("Shipment", "INVENTORY"),
    ("ShipmentLine", "INVENTORY"),
    ("StockCount", "INVENTORY"),
    ("Container", "INVENTORY"),
    ("ContainerLine", "INVENTORY"),
    ("ContainerLabel", "INVENTORY"),
    ("DonationReceipt", "DONOR"),
    ("StockCountLine", "INVENTORY"),
    ("Kitchen", "OPERATIONAL"),
    ("MealService", "OPERATIONAL"),
    ("MealRevision", "OPERATIONAL"),
    ("MealDiet", "OPERATIONAL"),
    ("MealInput", "INVENTORY"),
    ("Inspection", "OPERATIONAL"),
    ("InspectionFinding", "OPERATIONAL"),
    ("CentreWork", "OPERATIONAL"),
    ("CentreReturn", "OPERATIONAL"),
    ("CentreReturnLine", "OPERATIONAL"),
    ("Task", "OPERATIONAL"),
    ("Permit", "OPERATIONAL"),
    ("Recommendation", "OPERATIONAL"),
    ("RecommendationReport", "OPERATIONAL"),
    ("Translation", "OPERATIONAL"),
    ("Tutorial", "OPERATIONAL"),
    ("TutorialEdition", "OPERATIONAL"),
    ("TutorialSession", "OPERATIONAL"),
    ("FundingSource", "FUNDS"),
    ("BudgetLine", "FUNDS"),
    ("Commitment", "FUNDS"),
    ("Expense", "FUNDS"),
    ("Course", "OPERATIONAL"),
    ("CourseGroup", "OPERATIONAL"),
    ("CourseSession", "OPERATIONAL"),
    ("School", "OPERATIONAL"),
    ("SchoolGrade", "OPERATIONAL"),
    ("Incident", "SECURITY"),
    ("IncidentFollowUp", "SECURITY"),
    ("InvolvedPerson", "SECURITY"),
    ("Donor", "DONOR"),
    ("Person", "IDENTITY"),
    ("Household", "FAMILY"),
    ("Stay", "PLACEMENT"),
    ("PlacementOverride", "PLACEMENT"),
    ("Episode", "IDENTITY"),
    ("Departure", "IDENTITY"),
    ("DepartureFollowUp", "IDENTITY"),
    ("Consent", "CONSENT"),
    ("Referral", "CONSENT"),
    ("CustodyTransfer", "CONSENT"),
    ("ArcoRequest", "CONSENT"),
    ("Intake", "FAMILY"),
    ("Assessment", "HEALTH"),
    ("Diagnosis", "HEALTH"),
    ("Visit", "HEALTH"),
    ("Prescription", "HEALTH"),
    ("Dispensing", "HEALTH"),
    ("MedicalReferral", "HEALTH"),
    ("Pregnancy", "HEALTH"),
    ("Birth", "HEALTH"),
    ("Vaccination", "HEALTH"),
    ("Enrolment", "EDUCATION"),
    ("Attendance", "EDUCATION"),
    ("SchoolPlace", "EDUCATION"),
    ("Revalidation", "EDUCATION"),
    ("Employer", "COUNTERPARTY"),
    ("Vacancy", "OPERATIONAL"),
    ("JobEvent", "OPERATIONAL"),
    ("JobStand", "OPERATIONAL"),
    ("WorkProfile", "EMPLOYMENT"),
    ("JobApplication", "EMPLOYMENT"),
    ("JobPlacement", "EMPLOYMENT"),
    ("JobFollowUp", "EMPLOYMENT"),
    ("RfcProcedure", "EMPLOYMENT"),
    ("JobAttendance", "EMPLOYMENT"),
    ("OutreachAction", "OPERATIONAL"),
    ("Owner", "COUNTERPARTY"),
    ("Volunteer", "COUNTERPARTY"),
    ("Screening", "COUNTERPARTY"),
    ("VolunteerShift", "OPERATIONAL"),
    ("ShiftSignUp", "OPERATIONAL"),
    ("PressVisit", "OPERATIONAL"),
    ("Dwelling", "HOUSING"),
    ("DwellingVisit", "HOUSING"),
    ("Lease", "HOUSING"),
    ("Tenancy", "HOUSING"),
    ("JournalEntry", "JOURNAL"),
    ("JournalSubject", "JOURNAL"),
    ("BreakGlassAccess", "JOURNAL"),
];

/// See [`FOUND_BY`].
pub(crate) fn found_by(object: &str) -> Option<&'static str> {
    FOUND_BY.iter().find(|(known, _)| *known == object).map(|(_, class)| *class)
}

/// Whether edges to records of this type leave out those beyond reach, and are refused only where all of them are.
pub(crate) fn is_scoped(object: &str) -> bool {
    const SCOPED: &[&str] = &[
        "User",
        "Shipment",
        "MealInput",
        "InvolvedPerson",
        "Person",
        "PersonGone",
        "Household",
        "Stay",
        "PlacementOverride",
        "Episode",
        "Departure",
        "DepartureFollowUp",
        "Consent",
        "Referral",
        "CustodyTransfer",
        "ArcoRequest",
        "Intake",
        "Assessment",
        "Diagnosis",
        "Visit",
        "Prescription",
        "Dispensing",
        "MedicalReferral",
        "Pregnancy",
        "Birth",
        "Vaccination",
        "Enrolment",
        "Attendance",
        "SchoolPlace",
        "Revalidation",
        "Employer",
        "WorkProfile",
        "JobApplication",
        "JobPlacement",
        "JobFollowUp",
        "RfcProcedure",
        "JobAttendance",
        "Owner",
        "Volunteer",
        "Screening",
        "Dwelling",
        "DwellingVisit",
        "Lease",
        "Tenancy",
        "JournalSubject",
        "BreakGlassAccess",
    ];
    SCOPED.contains(&object)
}

/// Gives a role to the user that the demonstration made for another.
pub(crate) async fn grant(scratch: &Scratch, subject: &str, role: &str) {
    // Laws that the database holds are left out, so that it can be tried what the policies hold without them.
    let database = scratch.connect().await;
    database
        .batch_execute(
            "ALTER TABLE grants DISABLE TRIGGER USER; ALTER TABLE grants ENABLE TRIGGER grants_authority",
        )
        .await
        .unwrap();
    let statement = "INSERT INTO grants (id, user_id, role, valid_from, valid_until) \
                     SELECT md5($1::text || $2::text)::uuid, id, $2, '2021-12-09', '2100-01-01' FROM users WHERE subject = $1";
    let granted = database.execute(statement, &[&subject, &role]).await.unwrap();
    assert_eq!(granted, 1, "one user is {subject}");
}

/// The caller who reads more than any other: see [`world`].
pub(crate) const OMNISCIENT: &str = "DIF_MUNICIPAL/coordinator+administrator";

/// A world for documents of any size, in which [`OMNISCIENT`] holds both its roles.
pub(crate) async fn world() -> World {
    let scratch = Scratch::with_programme().await;
    grant(&scratch, "dif_municipal.coordinator", "administrator").await;
    roomy().start_on(scratch).await
}

/// A world in which everything is permitted.
pub(crate) async fn open_world() -> World {
    let scratch = Scratch::with_programme().await;
    grant(&scratch, "dif_municipal.coordinator", "administrator").await;
    roomy().set("policies", open_policies().display()).start_on(scratch).await
}

/// A client of a caller, with its token where it has one, and its purpose.
pub(crate) fn client(world: &World, caller: &sights::Caller) -> Client {
    let token = caller.token.as_deref();
    token.map_or_else(|| world.public(), |token| world.client(token).stating(&caller.purpose))
}

/// Limits so wide that no document of these tests meets one.
pub(crate) fn roomy() -> WorldBuilder {
    let limits = ["tokens", "depth", "aliases", "root_fields", "directives", "fields", "cost"];
    limits.iter().fold(World::with(), |world, limit| {
        let most = if *limit == "depth" { 60 } else { 10_000_000 };
        world.set(&format!("limit_{limit}"), most)
    })
}

/// Says something among what the run prints, whether the test passes or not.
pub(crate) fn say(text: &str) {
    // Unlike `print!`, this is not kept from whoever reads the run; a reader who left is no fault.
    let _unread = std::io::stdout().write_all(text.as_bytes());
}

/// The entries of an answer's errors.
pub(crate) fn errors(answer: &Json) -> &[Json] {
    answer["errors"].as_array().map_or(&[], Vec::as_slice)
}

/// The one error of an answer.
pub(crate) fn the_error(answer: &Json) -> &Json {
    match errors(answer) {
        [error] => error,
        _ => panic!("not one error: {answer}"),
    }
}

/// The rows at a path of an answer.
pub(crate) fn rows<'a>(answer: &'a Json, path: &str) -> &'a [Json] {
    at(answer, path).as_array().unwrap_or_else(|| panic!("no rows at {path}: {answer}"))
}
