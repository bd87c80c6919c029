//! Schools in the schema.

use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::register::{
    OfferSchoolPlacesPayload, RegisterSchoolPayload, offer_school_places, register_school,
};
use super::request::{RequestSchoolPlacePayload, request_school_place};
use super::settle::{
    CloseSchoolPlacePayload, PlaceInSchoolPayload, SettleSchoolDocumentsPayload, close_school_place,
    place_in_school, settle_school_documents,
};
use super::{School, SchoolGrade, SchoolPlace, load};
use crate::agencies::{self, Agency};
use crate::census::{self, Person};
use crate::education::Changed;
use crate::graph::{ConnectionKind, Graph};

fn agency_key(agency: &Agency) -> Uuid {
    agency.id.uuid()
}

/// Declares this part of the schema.
pub(in crate::education) fn register(graph: &mut Graph) {
    graph.object::<School>(|school| {
        school
            .one(
                "agency",
                Class::Operational,
                "The agency that arranges places there.",
                |school| Some(school.agency_id),
                agencies::by_ids,
                agency_key,
            )
            .many(
                "grades",
                Class::Operational,
                "Its grades, from the first.",
                |school| Some(school.id.uuid()),
                load::grades_of,
                |grade: &SchoolGrade| grade.school_id,
            )
    });
    graph.object::<SchoolGrade>(|grade| {
        grade.one(
            "school",
            Class::Operational,
            "The school.",
            |grade| Some(grade.school_id),
            load::schools_by_ids,
            |school: &School| school.id.uuid(),
        )
    });
    graph.object::<SchoolPlace>(|place| {
        place
            .one(
                "person",
                Class::Identity,
                "The child; null where the caller may not see them.",
                |place| Some(place.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "agency",
                Class::Education,
                "The agency that arranges it.",
                |place| Some(place.agency_id),
                agencies::by_ids,
                agency_key,
            )
            .one(
                "grade",
                Class::Education,
                "The grade of a school.",
                |place| Some(place.grade_id),
                load::grades_by_ids,
                |grade: &SchoolGrade| grade.id.uuid(),
            )
    });
    graph.node::<School, _, _>(Class::Operational, load::schools_by_ids);
    graph.node::<SchoolGrade, _, _>(Class::Operational, load::grades_by_ids);
    graph.node::<SchoolPlace, _, _>(Class::Education, load::places_by_ids);
    graph.object::<RegisterSchoolPayload>(|payload| {
        payload.carries("school", Class::Operational, "The school.", |payload| Some(payload.as_ref().clone()))
    });
    graph.object::<OfferSchoolPlacesPayload>(|payload| {
        payload.carries("grade", Class::Operational, "The grade as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
    place_payload::<RequestSchoolPlacePayload>(graph);
    place_payload::<SettleSchoolDocumentsPayload>(graph);
    place_payload::<PlaceInSchoolPayload>(graph);
    place_payload::<CloseSchoolPlacePayload>(graph);
    graph
        .query("schools", Class::Operational, "The schools in which places are arranged, by name.")
        .list(load::schools);
    graph
        .query(
            "schoolPlaces",
            Class::Education,
            "Children's places in schools, and requests for them, in the order in which they were requested. Needs a purpose.",
        )
        .connection(
            ConnectionKind {
                node: "SchoolPlace",
                connection: "SchoolPlaceConnection",
                edge: "SchoolPlaceEdge",
            },
            load::places,
        );
    mutations(graph);
}

fn place_payload<P: Changed>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "schoolPlace",
                Class::Education,
                "The place as it is now.",
                |payload| Some(payload.changed()),
                load::places_by_ids,
                |place: &SchoolPlace| place.id.uuid(),
            )
            .in_scope::<SchoolPlace>()
    });
}

fn mutations(graph: &mut Graph) {
    graph
        .mutation(
            "registerSchool",
            Class::Education,
            "Registers a school in which the caller's agency arranges places, with what each grade offers.",
        )
        .either(RecordType::Course, register_school);
    graph
        .mutation("offerSchoolPlaces", Class::Education, "Says how many places a grade offers from now on.")
        .either(RecordType::Course, offer_school_places);
    graph
        .mutation(
            "requestSchoolPlace",
            Class::Education,
            "Requests a place in a grade for a child of its age, by the child's id, of which nothing else is read. Needs a purpose.",
        )
        .either(RecordType::Enrolment, request_school_place);
    graph
        .mutation(
            "settleSchoolDocuments",
            Class::Education,
            "Says which documents of a child were seen, and which are waived, and why. Needs a purpose.",
        )
        .either(RecordType::Enrolment, settle_school_documents);
    graph
        .mutation(
            "placeInSchool",
            Class::Education,
            "Gives a child the place, once its documents were seen or waived. Needs a purpose.",
        )
        .either(RecordType::Enrolment, place_in_school);
    graph
        .mutation(
            "closeSchoolPlace",
            Class::Education,
            "Closes a request for a place that was refused or withdrawn; never for want of papers. Needs a purpose.",
        )
        .either(RecordType::Enrolment, close_school_place);
}
