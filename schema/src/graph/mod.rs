//! The typed graph: what a capability declares of its objects, edges, arguments and roots.
//!
//! A capability lists columns with [`record!`], relates objects with [`Graph::object`], and adds its roots with
//! [`Graph::query`], [`Graph::mutation`] and [`Graph::subscription`]. From these declarations come the SDL, the plan that
//! authorises a document and the writer that answers it: nothing is stated twice.

mod answer;
mod builder;
mod coordinate;
mod input;
mod object;
mod output;
mod record;
mod root;
mod sdl;

pub(crate) use answer::{Answer, Connection, ConnectionFacts, Page, Related};
pub(crate) use builder::{Changes, ConnectionKind, Graph};
pub use coordinate::Coordinate;
pub(crate) use enlace_policies::Facts;
pub(crate) use input::{ArgumentInfo, Input, NoArguments, input};
pub(crate) use object::{AnyObject, Cells, FieldInfo, FieldKind, Object};
pub(crate) use output::{Definitions, Out, Output, graphql_enum, write_text};
pub(crate) use record::{Column, Record, identifies, payload, record, union};
pub(crate) use root::{
    Admission, EventSource, Happened, OperationKind, Root, Shape, Snapshot, Source, Variant, Wanted,
    may_select,
};
pub(crate) use sdl::print as print_sdl;

/// `snake_case` to `camelCase`, the schema's way of naming.
pub(crate) fn camel_case(name: &str) -> String {
    // `r#as` is how Rust writes the name `as`.
    let mut words = name.trim_start_matches("r#").split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// Joins the lines of a doc comment as `///` leaves them.
pub(crate) fn about(lines: &[&str]) -> String {
    lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// A doc comment of one paragraph as a description on one line.
pub(crate) fn sentence(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use enlace_policies::Class;

    /// Texts about people and givers that say what many have in common.
    /// What says why somebody lies where they would not names nobody.
    /// Nor does what tells of an incident: who was in it is told apart.
    const OF_MANY: [&str; 15] = [
        "Departure.country",
        "Departure.reason",
        "Dwelling.district",
        "DwellingVisit.remedies",
        "Enrolment.course",
        "Incident.account",
        "Incident.code",
        "IncidentFollowUp.text",
        "Intake.occupation",
        "JobMatch.occupation",
        "JobMatch.rule",
        "Person.nationality",
        "PlacementOverride.reason",
        "PlacementReason.text",
        "WorkProfile.occupation",
    ];

    /// Whoever adds a text about a person says whether it is one by which they are recognised: a witness reads what is not.
    #[test]
    fn a_text_about_someone_is_identifying_or_is_said_not_to_be() {
        let graph = crate::capabilities();
        let about_someone =
            |class: Class| class == Class::Donor || class.is_personal() && class != Class::Health;
        let mut unmarked = BTreeSet::new();
        for object in &graph.objects {
            for field in
                object.fields().iter().filter(|field| about_someone(field.class) && !field.identifies)
            {
                if matches!(field.type_ref.as_str(), "String" | "PartialDate") {
                    unmarked.insert(format!("{}.{}", object.name(), field.name));
                }
            }
        }
        let known: BTreeSet<String> = OF_MANY.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(unmarked, known);
    }

    /// An id inside an input object would not be taken for a pseudonym: there it is of goods, which nobody knows by
    /// one, or of those whom somebody registers, who is no witness.
    #[test]
    fn an_id_of_what_has_a_pseudonym_is_an_argument_of_its_own() {
        const GOODS: [&str; 3] = ["item", "loanLine", "lot"];
        const REGISTERING: [&str; 3] = ["input NewMember ", "input NewConsent ", "input KinshipInput "];
        let graph = crate::capabilities();
        assert!(graph.identifying_kinds().all(|(kind, _)| !GOODS.contains(&kind)));
        for (_, input) in graph.definitions.texts().filter(|(_, text)| text.contains("\ninput ")) {
            let ids = input.lines().filter(|line| line.contains(": ID") || line.contains(": [ID"));
            for id in ids {
                let name = id.split(':').next().unwrap_or_default().trim();
                let registers = REGISTERING.iter().any(|known| input.contains(known));
                assert!(
                    GOODS.contains(&name) || registers && matches!(name, "id" | "recipient" | "person"),
                    "{input}"
                );
            }
        }
    }

    /// Each kind of record by which someone could be recognised has an id that is marked so.
    #[test]
    fn what_tells_of_someone_has_a_pseudonym() {
        let graph = crate::capabilities();
        let kinds: BTreeSet<&str> = graph.identifying_kinds().map(|(kind, _)| kind).collect();
        let expected = [
            "arco_request",
            "assessment",
            "attendance",
            "birth",
            "break_glass",
            "consent",
            "custody_transfer",
            "departure",
            "departure_follow_up",
            "diagnosis",
            "dispensing",
            "donor",
            "dwelling",
            "dwelling_visit",
            "enrolment",
            "episode",
            "household",
            "intake",
            "involved_person",
            "job_application",
            "job_attendance",
            "job_follow_up",
            "job_placement",
            "lease",
            "medical_referral",
            "person",
            "placement_override",
            "pregnancy",
            "prescription",
            "referral",
            "revalidation",
            "school_place",
            "rfc_procedure",
            "stay",
            "tenancy",
            "vaccination",
            "visit",
            "work_profile",
        ];
        assert_eq!(kinds, expected.into());
    }
}
