//! What Enlace means: its capabilities, and the one schema over them.
//!
//! A caller's token becomes an actor; the actor's access is compiled once from the policies into an answer for every field; a
//! document is planned against those answers before anything runs; operations change state and append to the journal in one
//! transaction; the journal, in one gapless order, is what subscriptions push.
//!
//! This crate knows nothing of HTTP or of the environment: [`Enlace`] is handed a database, policies, a clock and randomness,
//! and answers [`Request`]s.

mod access;
mod agencies;
mod break_glass;
mod census;
mod context;
mod coordination;
mod database;
pub mod demo;
mod departures;
mod donations;
mod education;
mod employment;
mod enlace;
mod error;
mod execute;
mod funds;
mod graph;
mod health;
mod housekeeping;
mod housing;
mod incidents;
mod indicators;
mod inspections;
mod journal;
mod labels;
mod live;
mod lodging;
mod meals;
mod node;
mod paging;
mod problem;
mod rehabilitation;
mod replica;
mod scalars;
mod shelters;
mod system;
mod trace;
mod vault;
mod webhooks;

use std::sync::LazyLock;

pub use access::Limits;
pub use agencies::{Actor, Programme, Stated};
pub use census::Purpose;
pub use coordination::{
    ActivityKind, ActivitySector, ActivityStatus, ListedActivity, ListingError, Named, list_activities,
};
pub use database::{DatabaseLimits, MigrationError, ReplicaState, ReplicaStats, connect, migrate};
pub use donations::finding::{Combination, combinations};
pub use donations::import::{
    DayOrder, Import, ImportColumn, ImportMode, ImportOutcome, ImportedDonation, LineCode, LineProblem, Told,
    Upload, elsewhere,
};
pub use enlace::{Enlace, Settings, coordinates, sdl};
pub use error::{Code, Error, Result, documentation as error_documentation};
pub use execute::{Carries, Request, Response};
pub use graph::Coordinate;
pub use indicators::{Standing, StandingsError, standings};
pub use journal::{FanOutStats, Nats, NatsUrlError};
pub use labels::label_es;
pub use live::{AFTER_CURSOR, Cursor, Event, LATENESS, Progress, StreamStats, Subscription};
pub use scalars::{GlobalId, Quantity};
pub use system::{Caller, Clock, Random};
pub use trace::TRACES;
pub use vault::{
    KeysError, Rotated, RotationError, SEALED, SealedTable, Whose, keys_beside, migrate_keys, rotate_keys,
};
pub use webhooks::{Courier, Delivery, NetworkError, Networks, Outcome, PostStats};

/// The schema as all capabilities declare it. It is the code's alone, and is put together once in a process.
fn capabilities() -> &'static graph::Graph {
    static WHOLE: LazyLock<graph::Graph> = LazyLock::new(declared);
    &WHOLE
}

/// The same as a document is validated against it.
fn whole_schema() -> error::Result<&'static access::RoleView> {
    static WHOLE: LazyLock<error::Result<access::RoleView>> =
        LazyLock::new(|| access::RoleView::new(graph::print_sdl(capabilities(), None)));
    WHOLE.as_ref().map_err(Clone::clone)
}

/// The capabilities, each a folder of its own.
fn declared() -> graph::Graph {
    let mut graph = graph::Graph::default();
    node::register(&mut graph);
    problem::register(&mut graph);
    agencies::register(&mut graph);
    shelters::register(&mut graph);
    lodging::register(&mut graph);
    donations::register(&mut graph);
    meals::register(&mut graph);
    inspections::register(&mut graph);
    incidents::register(&mut graph);
    census::register(&mut graph);
    coordination::register(&mut graph);
    departures::register(&mut graph);
    health::register(&mut graph);
    education::register(&mut graph);
    housing::register(&mut graph);
    employment::register(&mut graph);
    rehabilitation::register(&mut graph);
    funds::register(&mut graph);
    indicators::register(&mut graph);
    labels::register(&mut graph);
    break_glass::register(&mut graph);
    journal::register(&mut graph);
    live::register(&mut graph);
    webhooks::register(&mut graph);
    graph
}
