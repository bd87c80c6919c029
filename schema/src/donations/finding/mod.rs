//! Finding lots: by what they are, where they lie, who gave them and when they expire, in many orders; by a text; and how many there are
//! of each sort.

mod combinations;
mod facets;
mod list;
mod range;
mod search;
mod statement;

use enlace_policies::Class;

use crate::graph::{ConnectionKind, Graph, graphql_enum};

pub use combinations::{Combination, combinations};

graphql_enum! {
    /// In which order lots come. Lots that do not expire come last in the order of expiry. Equal ones come by their ids.
    pub enum DonationItemOrder {
        /// Oldest receipt first.
        ReceivedOn = "RECEIVED_ON",
        /// Newest receipt first.
        ReceivedOnDesc = "RECEIVED_ON_DESC",
        /// First to expire first.
        ExpiresOn = "EXPIRES_ON",
        /// Last to expire first.
        ExpiresOnDesc = "EXPIRES_ON_DESC",
        /// By code.
        Code = "CODE",
        /// By code, from the last.
        CodeDesc = "CODE_DESC",
        /// By name.
        Name = "NAME",
        /// By name, from the last.
        NameDesc = "NAME_DESC",
    }
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph
        .query("catalogue", Class::Inventory, "What can be donated, by code, or as a text fits it.")
        .list(search::catalogue);
    graph.query("donationItems", Class::Inventory, "The donated lots, page by page.").connection(
        ConnectionKind {
            node: "DonationItem",
            connection: "DonationItemConnection",
            edge: "DonationItemEdge",
        },
        list::lots,
    );
    facets::register(graph);
}
