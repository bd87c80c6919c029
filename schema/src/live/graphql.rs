//! Open streams in the schema, for whoever runs the server.

use enlace_policies::{Class, Fact};

use crate::context::Context;
use crate::graph::{Facts, Graph, NoArguments, record};

record! {
    /// Those who follow the same with the same access, through the process that answers: each change is executed and written once for all of them.
    pub struct Stream: "Stream" as Programme {
        /// The field of `Subscription`.
        subscription: String => Administration,
        /// The values that say what it is of, a JSON object.
        variables: String => Administration,
        /// How many follow.
        subscribers: i32 => Administration,
        /// How many messages the slowest of them has not taken yet; at 256 it is sent the last states alone, or ended.
        backlog: i32 => Administration,
        /// The last index of the journal that was dealt with.
        position: String => Administration,
        /// How many messages were made.
        messages: i32 => Administration,
        /// From the recording of the last change until its message was sent, in milliseconds; null before the first.
        lag: Option<i32> => Administration,
    }
}

impl Facts for Stream {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

/// Declares this part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Stream>(|stream| stream);
    graph
        .query(
            "streams",
            Class::Administration,
            "The streams that are open at the process that answers, by their subscriptions.",
        )
        .list(|context: Context, _: NoArguments| std::future::ready(Ok(context.system().cohorts.all())));
}
