//! Closing a campaign: nothing more is recorded for it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::campaign_columns;
use super::{Campaign, CampaignSet};
use crate::context::Context;
use crate::donations::tables::campaigns;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{IdempotencyConflict, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A campaign that is over.
    pub struct CloseCampaign {
        /// The campaign.
        pub campaign: Id<Campaign>,
        /// The version of the campaign that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A campaign, closed.
    pub struct CloseCampaignPayload: "CloseCampaignPayload" as Campaign {
        /// The campaign as it is now.
        campaign: Campaign,
    }
}

union! {
    /// The campaign, closed; or why it was not.
    pub enum CloseCampaignResult {
        Payload(CloseCampaignPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Closes a campaign, for good.
pub(super) async fn close_campaign(context: Context, input: CloseCampaign) -> Result<CloseCampaignResult> {
    let mut transaction = begin!(&context, "donations.closeCampaign", &input, CloseCampaignResult);
    let done = close(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn close(
    context: &Context,
    transaction: &mut Transaction<'_, CloseCampaignPayload>,
    input: &CloseCampaign,
) -> Result<Result<Done<CloseCampaignPayload>, CloseCampaignResult>> {
    // Held before it is read: what is being received for it is counted.
    let held = campaigns::table
        .filter(campaigns::id.eq(input.campaign))
        .filter(campaigns::programme_id.eq(context.programme_id()))
        .select(campaigns::id)
        .for_no_key_update();
    let held: Option<Id<Campaign>> = held.first(transaction.connection()?).await.optional()?;
    let found: Option<Campaign> = match held {
        Some(id) => {
            let query = campaigns::table.find(id).select(campaign_columns());
            query.first(transaction.connection()?).await.optional()?
        }
        None => None,
    };
    let Some(open) = context.seen(Class::Operational, RecordType::Campaign, found) else {
        return Ok(Err(NotFound::new("campaign").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Campaign, &open)?;
    if open.version != input.version {
        return Ok(Err(VersionConflict::new(open.version).into()));
    }
    if open.closed_at.is_some() {
        return Ok(Err(StateConflict::new("This campaign was closed already.").into()));
    }
    let closed =
        Campaign { closed_at: Some(context.now()), version: input.version.saturating_add(1), ..open };
    let row = (campaigns::closed_at.eq(closed.closed_at), campaigns::version.eq(closed.version));
    diesel::update(campaigns::table.find(closed.id)).set(row).execute(transaction.connection()?).await?;
    let changes = CampaignSet::of(&closed)?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: closed.into() }))
}
