//! Who waits for a consultation. Whether one is advised lies sealed with what was found, so that the database cannot select by it: the
//! latest assessments of those who had no visit since are opened batch by batch, until the page is full.

use diesel::dsl::{exists, not};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::context::{Context, Scope, refused_root};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::health::load::{AssessmentRow, assessment};
use crate::health::tables::{assessments, visits};
use crate::health::{Assessment, assessment_facts};
use crate::paging::{Asked, Place, Window, shown_count};

/// How many assessments are opened at once.
const BATCH: usize = 500;

input! {
    /// Which page of those who wait.
    pub struct AdvisedArguments {
        /// How many rows from the start, or after `after`: 1 to 500; 50 where it is left out.
        pub first: Option<i32>,
        /// Go on after this cursor.
        pub after: Option<String>,
    }
}

/// A page of those who wait, in the order of their assessments.
pub(crate) async fn advised(
    context: Context,
    arguments: AdvisedArguments,
    wanted: Wanted,
) -> Result<Connection<Assessment>> {
    let binding = context.binding("consultationsAdvised", &context.programme_id())?;
    let asked = Asked::new(arguments.first, arguments.after.as_deref(), None, None);
    let window = Window::new(&asked, &binding)?;
    let scope = context.personal_scope(Class::Health, RecordType::Assessment)?.ok_or_else(refused_root)?;
    let rows = waiting(&context, &scope, window.from.as_ref().map(|place| place.id), window.rows + 1).await?;
    let total = if wanted.total_count {
        let all = waiting(&context, &scope, None, usize::MAX).await?.len();
        Some(shown_count(i64::try_from(all).unwrap_or(i64::MAX)))
    } else {
        None
    };
    let place = |row: &Assessment| Place { key: None, id: row.id.uuid() };
    let page = window.page(rows, &binding, place, total, wanted)?;
    context.discloses(page.rows.iter().map(|row| row.person_id));
    Ok(page)
}

/// So many of those who wait, after a place.
async fn waiting(
    context: &Context,
    scope: &Scope,
    mut after: Option<Uuid>,
    most: usize,
) -> Result<Vec<Assessment>> {
    let mut found = Vec::new();
    loop {
        let batch = batch(context, scope, after).await?;
        let is_last = batch.len() < BATCH;
        after = batch.last().map(|row| row.0);
        let keys = context.vault().keys(batch.iter().map(|row| row.1).collect()).await?;
        for row in batch {
            let assessment = assessment(&keys, row)?;
            if assessment.consultation_advised == Some(true) {
                found.push(assessment);
            }
            if found.len() == most {
                return Ok(found);
            }
        }
        if is_last {
            return Ok(found);
        }
    }
}

/// The next of the latest assessments of those who had no visit since.
async fn batch(context: &Context, scope: &Scope, after: Option<Uuid>) -> Result<Vec<AssessmentRow>> {
    let later = diesel::alias!(assessments as later);
    let newer = later
        .filter(later.field(assessments::person_id).eq(assessments::person_id))
        .filter(later.field(assessments::assessed_at).gt(assessments::assessed_at));
    let since = visits::table
        .filter(visits::person_id.eq(assessments::person_id))
        .filter(visits::opened_at.ge(assessments::assessed_at));
    let mut query = assessments::table
        .filter(not(exists(newer)))
        .filter(not(exists(since)))
        .filter(InScope::new(scope, assessment_facts))
        .order(assessments::id)
        .limit(i64::try_from(BATCH).unwrap_or(i64::MAX))
        .into_boxed::<Pg>();
    if let Some(after) = after {
        query = query.filter(assessments::id.gt(after));
    }
    let reader = context.reader().await?;
    Ok(query.load(&mut &*reader).await?)
}
