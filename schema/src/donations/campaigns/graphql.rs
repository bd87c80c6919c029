//! Campaigns in the schema.

use enlace_policies::{Class, RecordType};

use super::close::{CloseCampaignPayload, close_campaign};
use super::open::{OpenCampaignPayload, open_campaign};
use super::{Campaign, load};
use crate::context::Context;
use crate::graph::{Graph, NoArguments, Record};

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    graph.object::<Campaign>(|campaign| campaign);
    graph.node::<Campaign, _, _>(Class::Operational, load::by_ids);
    payload::<OpenCampaignPayload>(graph);
    payload::<CloseCampaignPayload>(graph);
    graph
        .query(
            "campaigns",
            Class::Operational,
            "The campaigns of collection, in the order in which they began.",
        )
        .list(|context: Context, _: NoArguments| load::all(context));
    graph
        .mutation(
            "openCampaign",
            Class::Operational,
            "Opens a campaign of collection: what is received on its days can be given for it.",
        )
        .either(RecordType::Campaign, open_campaign);
    graph
        .mutation(
            "closeCampaign",
            Class::Operational,
            "Closes a campaign: nothing more is recorded for it. That is final.",
        )
        .either(RecordType::Campaign, close_campaign);
}

fn payload<P: Record + AsRef<Campaign>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("campaign", Class::Operational, "The campaign as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}
