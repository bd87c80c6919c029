//! How a recommendation goes on: under the version that was seen of it, and told in the journal.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::recommendation_in;
use super::tables::recommendations;
use super::{
    Recommendation, RecommendationAnswer, RecommendationChanged, RecommendationReport, RecommendationVerdict,
};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

/// What becomes of a recommendation; what is none stays as it is.
#[derive(AsChangeset, Default)]
#[diesel(table_name = recommendations)]
pub(super) struct Step<'i> {
    pub(super) answer: Option<RecommendationAnswer>,
    pub(super) answer_note: Option<&'i str>,
    pub(super) answered_at: Option<DateTime<Utc>>,
    pub(super) answered_by: Option<Uuid>,
    pub(super) reported_at: Option<DateTime<Utc>>,
    pub(super) verdict: Option<RecommendationVerdict>,
    pub(super) verdict_note: Option<&'i str>,
    pub(super) verified_at: Option<DateTime<Utc>>,
    pub(super) verified_by: Option<Uuid>,
}

/// Has a recommendation go on, as the caller asks who may write it as that type of record; as it is then, or why it does not.
pub(super) async fn go_on<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (id, version): (Id<Recommendation>, i32),
    judged_as: RecordType,
    step: &Step<'_>,
) -> Result<std::result::Result<Recommendation, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    let Some(found) = recommendation_in(context, transaction.connection()?, id.uuid()).await? else {
        return Ok(Err(NotFound::new("recommendation").into()));
    };
    context.authorize_write(Class::Operational, judged_as, &found)?;
    let target = recommendations::table
        .filter(recommendations::id.eq(id))
        .filter(recommendations::version.eq(version));
    let written = match diesel::update(target).set(step).execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) => {
            let message = match constraint(&error) {
                Some("recommendations_forward") => {
                    "A recommendation is answered once, and done with when it was followed. Read where it stands."
                }
                Some("recommendations_reported") => {
                    "This is reported on once it is accepted, in part at least. Answer it first."
                }
                Some("recommendations_verified") => "This is verified once the addressee has answered.",
                Some("recommendations_two_hands") => {
                    "Whoever answered does not verify. Let another user do so."
                }
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
    };
    let now = recommendation_in(context, transaction.connection()?, id.uuid()).await?;
    let now = now.ok_or_else(|| Error::internal("a recommendation that was changed is not there"))?;
    Ok(if written == 0 { Err(VersionConflict::new(now.version).into()) } else { Ok(now) })
}

/// What was done to a recommendation, to be committed.
pub(super) fn done<P: From<Recommendation>, R>(
    context: &Context,
    recommendation: Recommendation,
    report: Option<RecommendationReport>,
) -> Result<std::result::Result<Done<P>, R>> {
    let change = RecommendationChanged { recommendation, report };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.recommendation.into() }))
}
