//! Reads of enrolments, scoped to the caller, who must have stated a purpose.

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{FactRow, PersonFacts, fact_columns};
use crate::context::Context;
use crate::education::tables::enrolments;
use crate::education::{COURSE, Course, Enrolment, enrolment_facts};
use crate::error::Result;
use crate::scalars::Id;
use crate::shelters::tables::shelters;

type Row = (Uuid, Uuid, String, NaiveDate, Option<NaiveDate>, Vec<u8>, FactRow);

/// The enrolments of some people, or those of some keys, oldest first.
async fn enrolments(
    context: Context,
    people: Option<Vec<Uuid>>,
    ids: Option<Vec<Uuid>>,
) -> Result<Vec<Enrolment>> {
    let Some(scope) = context.personal_scope(Class::Education, RecordType::Enrolment)? else {
        return Ok(Vec::new());
    };
    let at = scope.at();
    let mut query = enrolments::table
        .inner_join(persons::table.left_join(shelters::table))
        .filter(InScope::new(&scope, enrolment_facts))
        .order((enrolments::started_on, enrolments::id))
        .select((
            enrolments::id,
            enrolments::person_id,
            enrolments::agency,
            enrolments::started_on,
            enrolments::ended_on,
            enrolments::course,
            fact_columns(at),
        ))
        .into_boxed::<Pg>();
    if let Some(people) = people {
        query = query.filter(enrolments::person_id.eq_any(people));
    }
    if let Some(ids) = ids {
        query = query.filter(enrolments::id.eq_any(ids));
    }
    let reader = context.reader().await?;
    let rows: Vec<Row> = query.load(&mut &*reader).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.1).collect()).await?;
    context.discloses(rows.iter().map(|row| row.1));
    rows.into_iter()
        .map(|(id, person_id, agency, started_on, ended_on, sealed, person)| {
            let course: Option<Course> = keys.open(person_id, COURSE, &sealed)?;
            Ok(Enrolment {
                id: Id::new(id),
                level: course.as_ref().map(|course| course.level),
                course: course.map(|course| course.name),
                started_on,
                ended_on,
                person_id,
                agency_id: context.agency(&agency)?,
                agency,
                person: PersonFacts::of(person, at),
            })
        })
        .collect()
}

/// The enrolments of some people.
pub(crate) async fn enrolments_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Enrolment>> {
    enrolments(context, Some(people), None).await
}

/// Enrolments by key.
pub(crate) async fn enrolments_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Enrolment>> {
    enrolments(context, None, Some(ids)).await
}
