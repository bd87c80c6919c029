//! Opening a campaign.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::{Campaign, CampaignSet};
use crate::context::Context;
use crate::donations::tables::campaigns;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, StateConflict};
use crate::scalars::Id;

input! {
    /// A campaign of collection that is to be.
    pub struct OpenCampaign {
        /// What it is called, as it is announced: 3 to 200 characters, another than that of any other campaign.
        pub title: String,
        /// Its first day; it may lie behind.
        pub from: NaiveDate,
        /// Its last day: today or later.
        pub until: NaiveDate,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A campaign, opened.
    pub struct OpenCampaignPayload: "OpenCampaignPayload" as Campaign {
        /// The campaign.
        campaign: Campaign,
    }
}

union! {
    /// The campaign, opened; or why it was not.
    pub enum OpenCampaignResult {
        Payload(OpenCampaignPayload),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Opens a campaign.
pub(super) async fn open_campaign(context: Context, input: OpenCampaign) -> Result<OpenCampaignResult> {
    let mut transaction = begin!(&context, "donations.openCampaign", &input, OpenCampaignResult);
    let done = open(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn open(
    context: &Context,
    transaction: &mut Transaction<'_, OpenCampaignPayload>,
    input: &OpenCampaign,
) -> Result<Result<Done<OpenCampaignPayload>, OpenCampaignResult>> {
    let refused = |argument, message: &str| Ok(Err(InvalidValue::new(argument, message).into()));
    let title = input.title.trim();
    if !(3..=200).contains(&title.chars().count()) {
        return refused("title", "A title has 3 to 200 characters.");
    }
    if input.until < input.from {
        return refused("until", "A campaign ends on its first day or later.");
    }
    if input.until < context.day_of(context.now()) {
        return refused("until", "This campaign would be over. It ends today or later.");
    }
    let campaign = Campaign {
        id: Id::new(context.new_uuid()?),
        title: title.to_owned(),
        starts_on: input.from,
        ends_on: input.until,
        closed_at: None,
        version: 1,
        donations: 0,
        articles: 0,
    };
    context.authorize_write(Class::Operational, RecordType::Campaign, &campaign)?;
    let row = (
        campaigns::id.eq(campaign.id),
        campaigns::programme_id.eq(context.programme_id()),
        campaigns::title.eq(&campaign.title),
        campaigns::starts_on.eq(campaign.starts_on),
        campaigns::ends_on.eq(campaign.ends_on),
    );
    match diesel::insert_into(campaigns::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("campaigns_title_key") => {
            let message = "There is a campaign of this title already. Read it with campaigns.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(Error::from(error)),
    }
    let changes = CampaignSet::of(&campaign)?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: campaign.into() }))
}
