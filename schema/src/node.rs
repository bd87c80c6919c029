//! `node(id:)`: any record by its global id.

use std::sync::Arc;

use enlace_policies::Class;

use crate::context::Context;
use crate::graph::{Graph, input};
use crate::scalars::GlobalId;

input! {
    /// Which record.
    pub struct NodeArguments {
        /// Its global id.
        pub id: GlobalId,
    }
}

pub(crate) fn register(graph: &mut Graph) {
    graph
        .query(
            "node",
            Class::Public,
            "Any record by its global id; null where there is none within the caller's reach.",
        )
        .any_node(|context: Context, arguments: NodeArguments| async move {
            let system = Arc::clone(context.system());
            system.graph.find_node(context, arguments.id).await
        });
}
