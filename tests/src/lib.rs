//! The harness: a whole Enlace for each test, on a database of its own, reached over real HTTP and sockets.
//!
//! One private PostgreSQL serves the run, started by the same code as the server's own; each test's database is cloned from a
//! migrated template that holds the demonstration programme. Tests run in parallel and in any order.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a harness that cannot go on ends the test"
)]

mod acts;
mod client;
mod cluster;
mod collector;
mod events;
mod front;
mod goods;
mod nats;
mod plans;
mod program;
mod receiver;
mod socket;
mod standby;
mod way;
mod world;

pub use acts::{ADJUST, Goods, MOVE, Sibling, fresh_key, headcount, id, outcome};
pub use client::{Answer, Client};
pub use cluster::{Scratch, cluster, connect};
pub use collector::{Collector, Traced};
pub use events::{EventStream, ServerEvent};
pub use front::Front;
pub use goods::{fill, fill_unevenly};
pub use nats::Nats;
pub use plans::Plans;
pub use program::{DataFolder, Ended, Run, Running, enlace, signal};
pub use receiver::{Post, Receiver};
pub use socket::Socket;
pub use standby::Standby;
pub use way::Way;
pub use world::{World, WorldBuilder};

/// Reads a path of keys and indexes, `data.shelters.0.code`, in JSON; null where there is nothing.
pub fn at<'j>(json: &'j serde_json::Value, path: &str) -> &'j serde_json::Value {
    path.split('.').fold(json, |json, step| match step.parse::<usize>() {
        Ok(index) if json.is_array() => &json[index],
        _ => &json[step],
    })
}

/// The codes of an answer's errors, in order.
pub fn codes(json: &serde_json::Value) -> Vec<String> {
    let errors = json["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| at(error, "extensions.code").as_str().unwrap_or("none").to_owned()).collect()
}
