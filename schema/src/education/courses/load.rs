//! Reads of courses, groups and sessions, which are open to whoever may read their class.

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{Course, CourseGroup, CourseKind, CourseSession};
use crate::agencies::tables::agencies;
use crate::context::Context;
use crate::education::tables::{course_groups, course_sessions, courses};
use crate::error::{Error, Result};
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::Shelter;

#[diesel::dsl::auto_type]
fn course_columns() -> _ {
    (
        courses::id,
        courses::name,
        courses::kind,
        courses::level,
        courses::recorded_at,
        courses::agency_id,
        agencies::code,
    )
}

#[diesel::dsl::auto_type]
fn group_columns() -> _ {
    (
        course_groups::id,
        course_groups::name,
        course_groups::place,
        course_groups::teacher,
        course_groups::days,
        course_groups::capacity,
        course_groups::enrolled,
        course_groups::free,
        course_groups::begins_on,
        course_groups::ends_on,
        course_groups::recorded_at,
        course_groups::version,
        course_groups::course_id,
        course_groups::shelter_id,
        courses::kind,
        agencies::code,
    )
}

#[diesel::dsl::auto_type]
fn session_columns() -> _ {
    (
        course_sessions::id,
        course_sessions::held_on,
        course_sessions::recorded_at,
        course_sessions::group_id,
        agencies::code,
    )
}

#[diesel::dsl::auto_type]
fn courses_joined() -> _ {
    courses::table.inner_join(agencies::table)
}

#[diesel::dsl::auto_type]
fn groups_joined() -> _ {
    course_groups::table.inner_join(courses::table.inner_join(agencies::table))
}

#[diesel::dsl::auto_type]
fn sessions_joined() -> _ {
    course_sessions::table
        .inner_join(course_groups::table.inner_join(courses::table.inner_join(agencies::table)))
}

input! {
    /// Which courses.
    pub struct CoursesArguments {
        /// Only those that teach this.
        pub kind: Option<CourseKind>,
    }
}

/// The courses of the programme, by agency and name.
pub(super) async fn courses(context: Context, arguments: CoursesArguments) -> Result<Vec<Course>> {
    let mut query = courses_joined()
        .filter(courses::programme_id.eq(context.programme_id()))
        .order((agencies::code, courses::name))
        .select(course_columns())
        .into_boxed::<Pg>();
    if let Some(kind) = arguments.kind {
        query = query.filter(courses::kind.eq(kind));
    }
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// Courses by key.
pub(super) async fn courses_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Course>> {
    let query = courses_joined().filter(courses::id.eq_any(ids)).select(course_columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// A course of the programme, as a transaction sees it.
pub(in crate::education) async fn course_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Course>> {
    let query = courses_joined()
        .filter(courses::id.eq(id))
        .filter(courses::programme_id.eq(context.programme_id()))
        .select(course_columns());
    Ok(query.first(connection).await.optional()?)
}

/// The groups of some courses, in the order in which they were opened.
pub(super) async fn groups_of(context: Context, courses: Vec<Uuid>) -> Result<Vec<CourseGroup>> {
    let query = groups_joined()
        .filter(course_groups::course_id.eq_any(courses))
        .order(course_groups::id)
        .select(group_columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// Groups by key.
pub(in crate::education) async fn groups_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<CourseGroup>> {
    let query = groups_joined().filter(course_groups::id.eq_any(ids)).select(group_columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// A group of the programme, as a transaction sees it.
pub(in crate::education) async fn group_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<CourseGroup>> {
    let query = groups_joined()
        .filter(course_groups::id.eq(id))
        .filter(course_groups::programme_id.eq(context.programme_id()))
        .select(group_columns());
    Ok(query.first(connection).await.optional()?)
}

/// A group that was changed in this transaction, as it is now.
pub(in crate::education) async fn changed_group(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<CourseGroup> {
    let group = group_in(context, connection, id).await?;
    group.ok_or_else(|| Error::internal("a group that was changed is not there"))
}

/// The groups that have not ended by a day, as a transaction sees them.
pub(super) async fn groups_open(
    context: &Context,
    connection: &mut AsyncPgConnection,
    shelter: Option<Uuid>,
) -> Result<Vec<CourseGroup>> {
    let mut query = groups_joined()
        .filter(course_groups::programme_id.eq(context.programme_id()))
        .filter(course_groups::ends_on.ge(today(context)))
        .order(course_groups::id)
        .select(group_columns())
        .into_boxed::<Pg>();
    if let Some(shelter) = shelter {
        query = query.filter(course_groups::shelter_id.eq(shelter));
    }
    Ok(query.load(connection).await?)
}

fn today(context: &Context) -> NaiveDate {
    context.day_of(context.now())
}

input! {
    /// Which groups, and which page of them. They come in the order in which they were opened.
    pub struct CourseGroupsArguments {
        /// Only those of this course.
        pub course: Option<Id<Course>>,
        /// Only those of courses that teach this.
        pub kind: Option<CourseKind>,
        /// Only those in this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Where true, only those that have not ended and have a place free; where false, only the others.
        pub free: Option<bool>,
        /// How many rows from the start, or after `after`: 1 to 500; 50 where neither `first` nor `last` is given.
        pub first: Option<i32>,
        /// Go on after this cursor.
        pub after: Option<String>,
        /// How many rows from the end, or before `before`.
        pub last: Option<i32>,
        /// Go back from this cursor.
        pub before: Option<String>,
    }
}

/// Groups, page by page.
pub(super) async fn groups(
    context: Context,
    arguments: CourseGroupsArguments,
    wanted: Wanted,
) -> Result<Connection<CourseGroup>> {
    let (course, shelter) = (arguments.course.map(Id::uuid), arguments.shelter.map(Id::uuid));
    let (kind, free) = (arguments.kind, arguments.free);
    let (binding, window) = asked!(context, arguments, "courseGroups", &(course, shelter, kind, free));
    let selected = || {
        let mut query =
            groups_joined().filter(course_groups::programme_id.eq(context.programme_id())).into_boxed::<Pg>();
        if let Some(course) = course {
            query = query.filter(course_groups::course_id.eq(course));
        }
        if let Some(shelter) = shelter {
            query = query.filter(course_groups::shelter_id.eq(shelter));
        }
        if let Some(kind) = kind {
            query = query.filter(courses::kind.eq(kind));
        }
        if let Some(free) = free {
            let open = course_groups::ends_on.ge(today(&context)).and(course_groups::free.gt(0));
            query = if free { query.filter(open) } else { query.filter(diesel::dsl::not(open)) };
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(course_groups::id),
        group_columns(),
        |group: &CourseGroup| group.id.uuid()
    )
}

/// The sessions of some groups, oldest first.
pub(super) async fn sessions_of(context: Context, groups: Vec<Uuid>) -> Result<Vec<CourseSession>> {
    let query = sessions_joined()
        .filter(course_sessions::group_id.eq_any(groups))
        .order((course_sessions::held_on, course_sessions::id))
        .select(session_columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// Sessions by key.
pub(in crate::education) async fn sessions_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<CourseSession>> {
    let query = sessions_joined().filter(course_sessions::id.eq_any(ids)).select(session_columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}
