//! Enrolments in the schema.

use enlace_policies::{Class, RecordType};

use super::attendance::{CorrectAttendancePayload, correct_attendance};
use super::end::{CompleteEnrolmentPayload, EndEnrolmentPayload, complete_enrolment, end_enrolment};
use super::enrol::{EnrolPersonPayload, enrol_person};
use super::{Attendance, Enrolment, load};
use crate::agencies::{self, Agency};
use crate::census::{self, Person};
use crate::education::Changed;
use crate::education::courses::load::{groups_by_ids, sessions_by_ids};
use crate::education::courses::{CourseSession, group_key};
use crate::graph::Graph;

/// Declares this part of the schema.
pub(in crate::education) fn register(graph: &mut Graph) {
    graph.object::<Enrolment>(|enrolment| {
        enrolment
            .one(
                "person",
                Class::Identity,
                "Who is enrolled; null where the caller may not see them.",
                |enrolment| Some(enrolment.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "agency",
                Class::Education,
                "The agency that teaches.",
                |enrolment| Some(enrolment.agency_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .one(
                "group",
                Class::Education,
                "The group; null of what was recorded before there were groups.",
                |enrolment| enrolment.group_id,
                groups_by_ids,
                group_key,
            )
            .many(
                "attendances",
                Class::Education,
                "Whether they came to each session, in the order in which it was recorded.",
                |enrolment| Some(enrolment.id.uuid()),
                load::attendances_of_enrolments,
                |attendance: &Attendance| attendance.enrolment_id,
            )
            .in_scope::<Attendance>()
    });
    graph.object::<Attendance>(|attendance| {
        attendance
            .one(
                "session",
                Class::Education,
                "The session.",
                |attendance| Some(attendance.session_id),
                sessions_by_ids,
                |session: &CourseSession| session.id.uuid(),
            )
            .one(
                "enrolment",
                Class::Education,
                "The enrolment.",
                |attendance| Some(attendance.enrolment_id),
                load::enrolments_by_ids,
                |enrolment: &Enrolment| enrolment.id.uuid(),
            )
            .in_scope::<Enrolment>()
    });
    graph.node::<Enrolment, _, _>(Class::Education, load::enrolments_by_ids);
    graph.node::<Attendance, _, _>(Class::Education, load::attendances_by_ids);
    enrolment_payload::<EnrolPersonPayload>(graph);
    enrolment_payload::<CompleteEnrolmentPayload>(graph);
    enrolment_payload::<EndEnrolmentPayload>(graph);
    graph.object::<CorrectAttendancePayload>(|payload| {
        payload
            .one(
                "attendance",
                Class::Education,
                "The attendance as it is now.",
                |payload| Some(payload.changed()),
                load::attendances_by_ids,
                |attendance: &Attendance| attendance.id.uuid(),
            )
            .in_scope::<Attendance>()
    });
    mutations(graph);
}

fn enrolment_payload<P: Changed>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "enrolment",
                Class::Education,
                "The enrolment as it is now.",
                |payload| Some(payload.changed()),
                load::enrolments_by_ids,
                |enrolment: &Enrolment| enrolment.id.uuid(),
            )
            .in_scope::<Enrolment>()
    });
}

fn mutations(graph: &mut Graph) {
    graph
        .mutation(
            "enrolPerson",
            Class::Education,
            "Enrols somebody who is here in a group with a place free, by their id, of which nothing else is read. Needs a purpose.",
        )
        .either(RecordType::Enrolment, enrol_person);
    graph
        .mutation(
            "completeEnrolment",
            Class::Education,
            "Says that somebody completed a course, and the level that they reached, for good. Needs a purpose.",
        )
        .either(RecordType::Enrolment, complete_enrolment);
    graph
        .mutation(
            "endEnrolment",
            Class::Education,
            "Says that somebody left a course before they completed it. A departure does so by itself. Needs a purpose.",
        )
        .either(RecordType::Enrolment, end_enrolment);
    graph
        .mutation(
            "correctAttendance",
            Class::Education,
            "Corrects whether somebody came to a session, and says more of it. Needs a purpose.",
        )
        .either(RecordType::Enrolment, correct_attendance);
}
