//! Making a recommendation.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::Recommendation;
use super::load::recommendation_in;
use super::step::done;
use super::tables::recommendations;
use crate::agencies::Agency;
use crate::census::needs;
use crate::context::Context;
use crate::coordination::between::{Between, asked_of, text_of};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, ensure};
use crate::scalars::Id;
use crate::shelters::{Shelter, shelter_in};

input! {
    /// A recommendation to another agency.
    pub struct MakeRecommendation {
        /// The agency to which it is made; another than the caller's own.
        pub addressee: Id<Agency>,
        /// The shelter that it is about.
        pub shelter: Option<Id<Shelter>>,
        /// What it is about, in short: 3 to 200 characters; no name of anyone.
        pub title: String,
        /// What is recommended, and why: 3 to 5,000 characters; no name of anyone.
        pub body: String,
        /// The day on which it was made, today or earlier; today, where it is left out.
        pub made_on: Option<NaiveDate>,
        /// The last day by which it is to be followed; the day on which it was made, or later.
        pub due_on: NaiveDate,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A recommendation, made.
    pub struct MakeRecommendationPayload: "MakeRecommendationPayload" as Advice {
        /// The recommendation.
        recommendation: Recommendation,
    }
}

union! {
    /// The recommendation, made; or why it was not.
    pub enum MakeRecommendationResult {
        Payload(MakeRecommendationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Makes a recommendation. The database holds that it is made to another agency.
pub(super) async fn make_recommendation(
    context: Context,
    input: MakeRecommendation,
) -> Result<MakeRecommendationResult> {
    let mut transaction =
        begin!(&context, "coordination.makeRecommendation", &input, MakeRecommendationResult);
    let done = make(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn make(
    context: &Context,
    transaction: &mut Transaction<'_, MakeRecommendationPayload>,
    input: &MakeRecommendation,
) -> Result<std::result::Result<Done<MakeRecommendationPayload>, MakeRecommendationResult>> {
    let addressee = ensure!(asked_of(context, "addressee", input.addressee));
    let actor = context.actor()?;
    let between = Between { agency: &actor.principal.agency, recipient: &addressee };
    context.authorize_write(Class::Operational, RecordType::Advice, &between)?;
    let today = context.instant().day;
    let made_on = input.made_on.unwrap_or(today);
    ensure!(text_of("title", &input.title, (3, 200)));
    ensure!(text_of("body", &input.body, (3, 5000)));
    ensure!(needs(made_on <= today, "madeOn", "This cannot be of a day to come."));
    ensure!(needs(input.due_on >= made_on, "dueOn", "This is due on the day on which it is made, or later."));
    if let Some(shelter) = input.shelter
        && shelter_in(context, transaction.connection()?, shelter.uuid()).await?.is_none()
    {
        return Ok(Err(NotFound::new("shelter").into()));
    }
    let id = context.new_uuid()?;
    let row = (
        recommendations::id.eq(id),
        recommendations::programme_id.eq(context.programme_id()),
        recommendations::agency_id.eq(actor.agency),
        recommendations::addressee_id.eq(input.addressee),
        recommendations::shelter_id.eq(input.shelter),
        recommendations::title.eq(input.title.trim()),
        recommendations::body.eq(input.body.trim()),
        recommendations::made_on.eq(made_on),
        recommendations::due_on.eq(input.due_on),
        recommendations::recorded_at.eq(context.now()),
        recommendations::user_id.eq(actor.user),
    );
    match diesel::insert_into(recommendations::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("recommendations_elsewhere") => {
            let message = "A recommendation is made to another agency than one's own.";
            return Ok(Err(InvalidValue::new("addressee", message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let made = recommendation_in(context, transaction.connection()?, id).await?;
    let made = made.ok_or_else(|| Error::internal("a recommendation that was made is not there"))?;
    done(context, made, None)
}
