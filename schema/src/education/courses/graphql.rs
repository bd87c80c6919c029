//! Courses in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::open::{
    OpenCourseGroupPayload, OpenCoursePayload, ReviseCourseGroupPayload, open_course, open_group,
    revise_group,
};
use super::sessions::{RecordSessionPayload, record_session};
use super::{Course, CourseGroup, CourseSession, GroupChanged, load};
use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::education::enrolments::{Attendance, Enrolment, attendances_of_sessions, enrolments_of_groups};
use crate::education::of_an_agency;
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Graph, Record, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{self, Shelter};

record! {
    /// That a group was opened or revised, or that somebody began or ended in it: how many places it has free is told, and not who.
    pub struct CourseGroupChange: "CourseGroupChange" as Course {
        /// The group, as it was then.
        group: CourseGroup,
        /// Code of the agency that teaches.
        agency: String,
    }
}

of_an_agency!(CourseGroupChange);

input! {
    /// Which groups to follow.
    pub struct CourseGroupChangedArguments {
        /// Only those in this shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
    }
}

impl From<CourseGroup> for CourseGroupChange {
    fn from(group: CourseGroup) -> Self {
        Self { agency: group.agency.clone(), group }
    }
}

fn change(arguments: &CourseGroupChangedArguments, entry: &Entry) -> Result<Option<CourseGroupChange>> {
    let wants = |group: &CourseGroup| {
        arguments.shelter.is_none_or(|shelter| group.shelter_id == Some(shelter.uuid()))
    };
    let changed = entry.change::<GroupChanged>()?.map(|changed| changed.group);
    Ok(changed.filter(wants).map(CourseGroupChange::from))
}

/// Those that have not ended.
fn groups_now<'c>(
    arguments: &'c CourseGroupChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<CourseGroupChange>>> {
    async move {
        let open = load::groups_open(context, connection, arguments.shelter.map(Id::uuid)).await?;
        Ok(open.into_iter().map(CourseGroupChange::from).collect())
    }
    .boxed()
}

/// The key of a group.
pub(in crate::education) fn group_key(group: &CourseGroup) -> Uuid {
    group.id.uuid()
}

fn course_key(course: &Course) -> Uuid {
    course.id.uuid()
}

/// Declares this part of the schema.
pub(in crate::education) fn register(graph: &mut Graph) {
    graph.object::<Course>(|course| {
        course
            .one(
                "agency",
                Class::Operational,
                "The agency that teaches.",
                |course| Some(course.agency_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .many(
                "groups",
                Class::Operational,
                "Its groups, in the order in which they were opened.",
                |course| Some(course.id.uuid()),
                load::groups_of,
                |group: &CourseGroup| group.course_id,
            )
    });
    group(graph);
    graph.object::<CourseSession>(|session| {
        session
            .one(
                "group",
                Class::Operational,
                "The group.",
                |session| Some(session.group_id),
                load::groups_by_ids,
                group_key,
            )
            .many(
                "attendances",
                Class::Education,
                "Who of those whom the caller may see came.",
                |session| Some(session.id.uuid()),
                attendances_of_sessions,
                |attendance: &Attendance| attendance.session_id,
            )
            .in_scope::<Attendance>()
    });
    graph.object::<CourseGroupChange>(|change| {
        change.carries("group", Class::Operational, "The group, as it was then.", |change| {
            Some(change.group.clone())
        })
    });
    graph.node::<Course, _, _>(Class::Operational, load::courses_by_ids);
    graph.node::<CourseGroup, _, _>(Class::Operational, load::groups_by_ids);
    graph.node::<CourseSession, _, _>(Class::Operational, load::sessions_by_ids);
    graph.object::<OpenCoursePayload>(|payload| {
        payload.carries("course", Class::Operational, "The course.", |payload| Some(payload.as_ref().clone()))
    });
    group_payload::<OpenCourseGroupPayload>(graph);
    group_payload::<ReviseCourseGroupPayload>(graph);
    graph.object::<RecordSessionPayload>(|payload| {
        payload
            .carries("session", Class::Operational, "The session.", |payload| Some(payload.as_ref().clone()))
    });
    roots(graph);
}

fn group(graph: &mut Graph) {
    graph.object::<CourseGroup>(|group| {
        group
            .one(
                "course",
                Class::Operational,
                "The course.",
                |group| Some(group.course_id),
                load::courses_by_ids,
                course_key,
            )
            .one(
                "shelter",
                Class::Operational,
                "The shelter where it meets; null where it meets elsewhere.",
                |group| group.shelter_id,
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .many(
                "sessions",
                Class::Operational,
                "The days on which it met, oldest first.",
                |group| Some(group.id.uuid()),
                load::sessions_of,
                |session: &CourseSession| session.group_id,
            )
            .many(
                "enrolments",
                Class::Education,
                "Who of those whom the caller may see is in it, or was.",
                |group| Some(group.id.uuid()),
                enrolments_of_groups,
                |enrolment: &Enrolment| enrolment.group_id.unwrap_or_default(),
            )
            .in_scope::<Enrolment>()
    });
}

fn group_payload<P: Record + AsRef<CourseGroup>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("group", Class::Operational, "The group as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn roots(graph: &mut Graph) {
    graph
        .query(
            "courses",
            Class::Operational,
            "The courses and programmes of the agencies, by agency and name.",
        )
        .list(load::courses);
    graph
        .query(
            "courseGroups",
            Class::Operational,
            "The groups in which courses are taught, with their places, page by page.",
        )
        .connection(
            ConnectionKind {
                node: "CourseGroup",
                connection: "CourseGroupConnection",
                edge: "CourseGroupEdge",
            },
            load::groups,
        );
    graph
        .mutation("openCourse", Class::Education, "Opens a course of the caller's agency.")
        .either(RecordType::Course, open_course);
    graph
        .mutation("openCourseGroup", Class::Education, "Opens a group of a course, for the course's agency.")
        .either(RecordType::Course, open_group);
    graph
        .mutation(
            "reviseCourseGroup",
            Class::Education,
            "Revises a group: who teaches it, its days, its places, its last day.",
        )
        .either(RecordType::Course, revise_group);
    graph
        .mutation(
            "recordSession",
            Class::Education,
            "Records that a group met, and who of the whole group came. Needs a purpose.",
        )
        .either(RecordType::Enrolment, record_session);
    graph
        .subscription(
            "courseGroupChanged",
            Class::Operational,
            "Each change of a group and of its places, as it is committed.",
        )
        .events(
            Changes::new(change).of_states(|change| vec![change.group.id.uuid()]).with_snapshot(groups_now),
        );
}
