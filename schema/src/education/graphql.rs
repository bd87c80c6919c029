//! Education in the schema.

use enlace_policies::Class;

use super::{
    Enrolment, Revalidation, SchoolPlace, courses, enrolments, enrolments_of, revalidations,
    revalidations_of, school_places_of, schools,
};
use crate::census::Person;
use crate::graph::{Graph, Object};

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    courses::register(graph);
    enrolments::register(graph);
    schools::register(graph);
    revalidations::register(graph);
}

/// What a person learns.
pub(crate) fn of_a_person(person: Object<Person>) -> Object<Person> {
    person
        .many(
            "enrolments",
            Class::Education,
            "Their courses, oldest first.",
            |person| Some(person.id.uuid()),
            enrolments_of,
            |enrolment: &Enrolment| enrolment.person_id,
        )
        .in_scope::<Enrolment>()
        .many(
            "schoolPlaces",
            Class::Education,
            "Their places in schools, and requests for them, in the order in which they were requested.",
            |person| Some(person.id.uuid()),
            school_places_of,
            |place: &SchoolPlace| place.person_id,
        )
        .in_scope::<SchoolPlace>()
        .many(
            "revalidations",
            Class::Education,
            "What they filed for of their schooling to be revalidated, in the order in which it was filed.",
            |person| Some(person.id.uuid()),
            revalidations_of,
            |revalidation: &Revalidation| revalidation.person_id,
        )
        .in_scope::<Revalidation>()
}
