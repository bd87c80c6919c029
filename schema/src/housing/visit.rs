//! Recording what was found in a dwelling: nobody lives there before a visit found it fit.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::Dwelling;
use super::changes::DwellingVisited;
use super::load::dwelling_in;
use super::offer::VisitDwellingPayload;
use super::tables::dwelling_visits;
use crate::census::needs;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, refuse_text};
use crate::scalars::Id;

input! {
    /// What was found in a dwelling.
    pub struct VisitDwelling {
        /// The dwelling.
        pub dwelling: Id<Dwelling>,
        /// The day of it; today, where it is left out.
        pub visited_on: Option<NaiveDate>,
        /// Whether people can live there.
        pub fit: bool,
        /// What is to be put right, 3 to 500 characters; no name of anyone. What is not fit says it.
        pub remedies: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The visit, recorded; or why it was not.
    pub enum VisitDwellingResult {
        Payload(VisitDwellingPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Records a visit.
pub(super) async fn visit_dwelling(context: Context, input: VisitDwelling) -> Result<VisitDwellingResult> {
    context.personal_scope(Class::Housing, RecordType::Dwelling)?;
    let mut transaction = begin!(&context, "housing.visitDwelling", &input, VisitDwellingResult);
    let done = visit(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn visit(
    context: &Context,
    transaction: &mut Transaction<'_, VisitDwellingPayload>,
    input: &VisitDwelling,
) -> Result<std::result::Result<Done<VisitDwellingPayload>, VisitDwellingResult>> {
    let id = input.dwelling.uuid();
    let Some(dwelling) = dwelling_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("dwelling").into()));
    };
    context.authorize_write(Class::Housing, RecordType::Dwelling, &dwelling)?;
    let today = context.day_of(context.now());
    let visited_on = input.visited_on.unwrap_or(today);
    let sound = needs(visited_on <= today, "visitedOn", "A visit is not of a day to come.").and_then(|()| {
        needs(input.fit || input.remedies.is_some(), "remedies", "Say what is to be put right.")
    });
    if let Err(problem) = sound {
        return Ok(Err(problem.into()));
    }
    if let Some(problem) = refuse_text("remedies", input.remedies.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let visit = context.new_uuid()?;
    let row = (
        dwelling_visits::id.eq(visit),
        dwelling_visits::dwelling_id.eq(id),
        dwelling_visits::visited_on.eq(visited_on),
        dwelling_visits::fit.eq(input.fit),
        dwelling_visits::remedies.eq(&input.remedies),
        dwelling_visits::recorded_at.eq(context.now()),
        dwelling_visits::user_id.eq(context.actor()?.user),
    );
    diesel::insert_into(dwelling_visits::table).values(row).execute(transaction.connection()?).await?;
    let change =
        DwellingVisited { dwelling: id, visit, visited_on, fit: input.fit, remedies: input.remedies.clone() };
    let changes = vec![Part::of(Class::Housing, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: VisitDwellingPayload::new(id) }))
}
