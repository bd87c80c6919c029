//! Reads of campaigns. What was collected is counted from the ledger, not kept.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::Campaign;
use crate::context::Context;
use crate::donations::tables::campaigns;
use crate::error::Result;
use crate::journal::Transaction;
use crate::problem::{NotFound, StateConflict};
use crate::scalars::Id;

type CampaignColumns = (
    campaigns::id,
    campaigns::title,
    campaigns::starts_on,
    campaigns::ends_on,
    campaigns::closed_at,
    campaigns::version,
    SqlLiteral<Integer>,
    SqlLiteral<Integer>,
);

pub(super) fn campaign_columns() -> CampaignColumns {
    (
        campaigns::id,
        campaigns::title,
        campaigns::starts_on,
        campaigns::ends_on,
        campaigns::closed_at,
        campaigns::version,
        sql("(SELECT count(*)::integer FROM donations WHERE campaign_id = campaigns.id)"),
        // As many as an Int holds.
        sql("(SELECT least(coalesce(sum(received), 0), 2147483647)::integer \
              FROM donations JOIN lots ON lots.donation_id = donations.id \
              WHERE campaign_id = campaigns.id AND NOT EXISTS (\
                  SELECT FROM movements AS receipt JOIN movements AS undone ON undone.reverses_id = receipt.id \
                  WHERE receipt.lot_id = lots.id AND receipt.kind = 'RECEIPT'))"),
    )
}

/// The campaigns of the programme, in the order in which they began.
pub(super) async fn all(context: Context) -> Result<Vec<Campaign>> {
    let reader = context.reader().await?;
    let query = campaigns::table
        .filter(campaigns::programme_id.eq(context.programme_id()))
        .order((campaigns::starts_on, campaigns::id))
        .select(campaign_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Campaigns by key.
pub(in crate::donations) async fn by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Campaign>> {
    let reader = context.reader().await?;
    let query = campaigns::table.filter(campaigns::id.eq_any(ids)).select(campaign_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// Whether something that was received on a day can be given for a campaign; or why it cannot. The database holds the same
/// (`donations_campaign_open`), whoever closes the campaign at this moment.
pub(in crate::donations) async fn open_to<A, R>(
    context: &Context,
    transaction: &mut Transaction<'_, A>,
    campaign: Id<Campaign>,
    received_on: NaiveDate,
) -> Result<Result<(), R>>
where
    A: Serialize + DeserializeOwned,
    R: From<NotFound> + From<StateConflict>,
{
    let query = campaigns::table
        .filter(campaigns::id.eq(campaign))
        .filter(campaigns::programme_id.eq(context.programme_id()))
        .select(campaign_columns());
    let found: Option<Campaign> = query.first(transaction.connection()?).await.optional()?;
    let Some(campaign) = context.seen(Class::Operational, RecordType::Campaign, found) else {
        return Ok(Err(NotFound::new("campaign").into()));
    };
    let refused = |message: String| Ok(Err(StateConflict::new(&message).into()));
    if campaign.closed_at.is_some() {
        return refused("This campaign is closed. Receive the donation without it.".to_owned());
    }
    if !(campaign.starts_on..=campaign.ends_on).contains(&received_on) {
        let (from, until) = (campaign.starts_on, campaign.ends_on);
        return refused(format!(
            "This campaign lasts from {from} to {until}. Receive the donation without it."
        ));
    }
    Ok(Ok(()))
}
