//! Campaigns of collection: opened for some days, closed, and what was collected by them.

mod close;
mod graphql;
mod load;
mod open;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact};

use crate::error::Result;
use crate::graph::{Facts, record};
use crate::journal::{Change, Part};
use crate::scalars::Id;

pub(super) use graphql::register;
pub(super) use load::{by_ids, open_to};

record! {
    /// A campaign of collection.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Campaign: "Campaign" as Campaign, id "campaign" {
        /// Global id.
        id: Id<Campaign> => Public,
        /// What it is called, as it was announced.
        title: String => Operational,
        /// Its first day.
        starts_on: NaiveDate => Operational,
        /// Its last day.
        ends_on: NaiveDate => Operational,
        /// When it was closed: nothing more is recorded for it; null while it is open.
        closed_at: Option<DateTime<Utc>> => Operational,
        /// Raised by each change.
        version: i32 => Operational,
        /// How many donations were received for it.
        donations: i32 => Inventory,
        /// How many articles came with them, each in its item's base unit; what was received by mistake and undone does not count.
        articles: i32 => Inventory,
    }
}

impl Facts for Campaign {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

/// In the journal: a campaign, as it is from then on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CampaignSet {
    campaign: Uuid,
    version: i32,
    title: String,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    closed_at: Option<DateTime<Utc>>,
}

impl Change for CampaignSet {
    const NAME: &'static str = "donations.campaignSet";
}

impl CampaignSet {
    /// What the journal says of a campaign.
    fn of(campaign: &Campaign) -> Result<Vec<Part>> {
        let change = Self {
            campaign: campaign.id.uuid(),
            version: campaign.version,
            title: campaign.title.clone(),
            starts_on: campaign.starts_on,
            ends_on: campaign.ends_on,
            closed_at: campaign.closed_at,
        };
        Ok(vec![Part::of(Class::Operational, None, &change)?])
    }
}
