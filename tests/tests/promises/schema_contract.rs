//! The schema keeps its conventions, and what is generated from the code is fresh.

use std::collections::BTreeSet;
use std::path::Path;

use apollo_compiler::Node;
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use enlace_policies::Class;
use enlace_schema::Code;

use crate::reference::{POLICIES, SCHEMA, class_of};

/// Compares a committed page with what the code prints.
fn is_fresh(page: &str, printed: &str, command: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == printed, "{page} is not what the code prints: refresh it with `{command} > {page}`");
}

#[test]
fn the_committed_schema_is_fresh() {
    is_fresh("schema/schema.graphql", &enlace_schema::sdl(&POLICIES, None).unwrap(), "enlace sdl");
}

#[test]
fn the_committed_access_matrix_is_fresh() {
    is_fresh("policies/matrix.md", &enlace_policies::matrix(&POLICIES).unwrap(), "enlace policy matrix");
}

#[test]
fn the_committed_list_of_errors_is_fresh() {
    is_fresh("docs/errors.md", &enlace_schema::error_documentation(), "enlace sdl --errors");
}

#[test]
fn the_committed_list_of_settings_is_fresh() {
    is_fresh("docs/configuration.md", &enlace::config::documentation(), "enlace sdl --configuration");
}

const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];

/// Every field of every object type, with its coordinate.
fn fields() -> impl Iterator<Item = (String, &'static FieldDefinition)> {
    SCHEMA.objects().flat_map(|object| {
        let name = object.name.as_str();
        object.fields.values().map(move |field| (format!("{name}.{}", field.name), field.as_ref()))
    })
}

#[test]
fn every_field_has_one_class_and_whatever_can_be_refused_can_be_null() {
    let parts = |coordinate: &str| {
        let object = coordinate.split('.').next().unwrap();
        object.ends_with("Connection") || object.ends_with("Edge") || object == "PageInfo"
    };
    for (coordinate, field) in fields() {
        let text = field.description.as_ref().map_or("", |text| text.as_str());
        match (class_of(field), text.matches("Class: ").count()) {
            (Some(class), 1) => {
                assert!(Class::named(class).is_some(), "{coordinate} is of the unknown class {class}");
                let is_root = ROOTS.iter().any(|root| coordinate.starts_with(&format!("{root}.")));
                if is_root || class != "PUBLIC" {
                    assert!(!field.ty.is_non_null(), "{coordinate} of class {class} must be nullable");
                }
            }
            // What a connection is made of: rows and their places, behind a root that has a class.
            (None, 0) => assert!(parts(&coordinate), "{coordinate} has no class"),
            _ => panic!("{coordinate} has several classes"),
        }
    }
}

#[test]
fn the_cases_of_the_policies_name_coordinates_of_the_schema() {
    let coordinates = enlace_schema::coordinates();
    let cases = enlace_policies::Cases::built_in().unwrap();
    cases
        .check_coordinates(|name| {
            let found = coordinates.iter().find(|coordinate| coordinate.name == name)?;
            Some((found.verb, found.class, found.record))
        })
        .unwrap();
    // Every field of the schema that has a class is a coordinate, of that class.
    for (name, field) in fields() {
        let found = coordinates.iter().find(|coordinate| coordinate.name == name);
        assert_eq!(found.map(|found| found.class.as_str()), class_of(field), "{name}");
    }
}

#[test]
fn everything_is_described() {
    let said = |text: Option<&Node<str>>| text.is_some_and(|text| text.trim().len() > 3);
    let mut checked = 0;
    for (coordinate, field) in fields() {
        assert!(said(field.description.as_ref()), "{coordinate} is not described");
        for argument in &field.arguments {
            let description = argument.description.as_ref();
            assert!(said(description), "{coordinate}({}:) is not described", argument.name);
            checked += 1;
        }
    }
    for (name, found) in SCHEMA.0.types.iter().filter(|(_, found)| !found.is_built_in()) {
        let is_root = ROOTS.contains(&name.as_str());
        assert!(is_root || said(found.description()), "{name} is not described");
        if let ExtendedType::Enum(values) = found {
            for (value, definition) in &values.values {
                assert!(said(definition.description.as_ref()), "{name}.{value} is not described");
            }
        }
    }
    assert!(checked > 20);
}

/// Arguments that are texts there, and something else elsewhere.
const TEXTS_HERE: [(&str, &str); 7] = [
    ("Mutation.completeTask", "outcome"),
    ("Mutation.endMedicalReferral", "outcome"),
    ("Mutation.proposePressVisit", "purpose"),
    ("Mutation.proposeTask", "request"),
    ("Mutation.requestPermit", "activity"),
    ("Mutation.requestPermit", "purpose"),
    ("Mutation.requestTranslation", "source"),
];

/// Arguments that are texts elsewhere.
const CODES_HERE: [(&str, &str); 2] =
    [("Mutation.approvePressVisit", "conditions"), ("Mutation.answerRecommendation", "answer")];

#[test]
fn every_id_is_an_opaque_global_id() {
    for (coordinate, field) in fields() {
        let name = field.name.as_str();
        if name == "id" {
            assert_eq!(field.ty.to_string(), "ID!", "{coordinate}");
        } else {
            // A record is shown as an object, never as a key.
            assert!(!name.ends_with("Id") && !name.ends_with("Ids"), "{coordinate}");
            // The journal names whoever acted, and whom an entry tells of, by what outlives the record; so does an intake who takes it down; an
            // incident names nobody.
            let is_reference = matches!(
                coordinate.as_str(),
                "JournalEntry.actor"
                    | "JournalSubject.person"
                    | "BreakGlassAccess.person"
                    | "BreakGlassAccess.user"
                    | "InvolvedPerson.person"
                    | "Intake.takenBy"
            );
            assert_eq!(field.ty.inner_named_type() == "ID", is_reference, "{coordinate}");
        }
        for argument in &field.arguments {
            let place = (coordinate.as_str(), argument.name.as_str());
            // The texts that are no ids.
            let is_text = matches!(
                argument.name.as_str(),
                "text"
                    | "url"
                    | "document"
                    | "operationName"
                    | "variables"
                    | "after"
                    | "before"
                    | "idempotencyKey"
                    | "coordinate"
                    | "operation"
                    | "capability"
                    | "class"
                    | "jti"
                    | "reason"
                    | "account"
                    | "statement"
                    | "proof"
                    | "note"
                    | "outOfOrder"
                    | "donorReference"
                    | "name"
                    | "nameEn"
                    | "pickupCode"
                    | "code"
                    | "gtin"
                    | "dosage"
                    | "hospital"
                    | "contact"
                    | "conditions"
                    | "title"
                    | "place"
                    | "columns"
                    | "sheet"
                    | "key"
                    | "keys"
                    | "names"
                    | "evidence"
                    | "documentNumber"
                    | "curp"
                    | "householdCode"
                    | "trade"
                    | "description"
                    | "languages"
                    | "occupation"
                    | "rfc"
                    | "address"
                    | "district"
                    | "remedies"
                    | "teacher"
                    | "folio"
                    | "ageException"
                    | "waiverReason"
                    | "givenNames"
                    | "familyNames"
                    | "medium"
                    | "journalists"
                    | "answer"
                    | "body"
                    | "delivery"
                    | "digest"
                    | "language"
                    | "progress"
                    | "sourceLanguage"
                    | "targetLanguage"
            ) && !CODES_HERE.contains(&place)
                || TEXTS_HERE.contains(&place);
            let of = argument.ty.inner_named_type().as_str();
            assert_eq!(of == "String", is_text, "{coordinate}({}: {of})", argument.name);
        }
        assert!(!matches!(field.ty.inner_named_type().as_str(), "Float" | "UUID"), "{coordinate}");
    }
    for object in SCHEMA.objects().filter(|object| object.fields.contains_key("id")) {
        // An agreement is reached through its agency alone, a grant through its user, a message through its webhook; who is gone, by nobody
        // who is told so.
        let is_reached =
            matches!(object.name.as_str(), "Agreement" | "Grant" | "WebhookMessage" | "PersonGone");
        assert!(SCHEMA.is_node(&object.name) || is_reached, "{} is no Node", object.name);
    }
}

#[test]
fn every_mutation_is_named_once_by_its_caller_and_answers_a_payload_or_a_problem() {
    for field in SCHEMA.object("Mutation").fields.values() {
        let name = &field.name;
        let key = field.arguments.iter().find(|argument| argument.name == "idempotencyKey");
        assert_eq!(key.map(|key| key.ty.to_string()).as_deref(), Some("String!"), "{name}");
        let of = field.ty.inner_named_type();
        let Some(ExtendedType::Union(union)) = SCHEMA.0.types.get(of) else {
            panic!("{name} answers no union")
        };
        let pascal = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        assert_eq!(*of, *format!("{pascal}Result"));
        let members: BTreeSet<&str> = union.members.iter().map(|member| member.as_str()).collect();
        assert!(members.contains(&*format!("{pascal}Payload")), "{name}");
        assert!(members.contains("IdempotencyConflict"), "{name}");
        for member in members.iter().filter(|member| !member.ends_with("Payload")) {
            assert!(SCHEMA.object(member).implements_interfaces.contains("Problem"), "{name}: {member}");
        }
        // Whoever changes a record says which version of it was seen; a transfer makes a record of its own.
        let sees_version =
            field.arguments.iter().any(|argument| matches!(argument.name.as_str(), "version" | "versions"));
        assert_eq!(sees_version, members.contains("VersionConflict"), "{name}");
    }
}

#[test]
fn the_names_that_outside_programs_ask_for_are_there() {
    let has = |object: &str, field: &str| SCHEMA.object(object).fields.contains_key(field);
    for query in [
        "viewer",
        "agencies",
        "shelters",
        "donationItems",
        "stock",
        "node",
        "persons",
        "journal",
        "accessProfile",
        "policyExplain",
    ] {
        assert!(has("Query", query), "{query}");
    }
    for subscription in ["shelterCapacityChanged", "stockChanged"] {
        let field = &SCHEMA.object("Subscription").fields[subscription];
        assert!(field.arguments.iter().all(|argument| !argument.is_required()), "{subscription}");
    }
    for field in ["code", "name", "spaces"] {
        assert!(has("Shelter", field), "{field}");
    }
    for field in ["segment", "capacity", "occupied"] {
        assert!(has("Space", field), "{field}");
    }
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert!(codes.is_superset(&BTreeSet::from(["FIELD_FORBIDDEN", "ARGUMENT_FORBIDDEN"])));
    assert_eq!(codes.len(), Code::ALL.len(), "a code stands once");
}
