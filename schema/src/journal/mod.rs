//! The journal: every committed change exactly once, in one gapless order.
//!
//! [`append`] writes an entry inside the operation's own transaction, and [`record`] one of something that changed no row,
//! [`refusals`] among them;
//! [`sequencer`] gives committed entries their indexes, one process at a time; [`feed`] hands them, in order, to whoever
//! follows, and [`fan_out`] to the other processes where NATS is configured. The encoding is in [`entry`], the rows in [`insert`]. [`graphql`] and [`list`] show the journal to those who may
//! read it.

mod append;
mod entry;
mod fan_out;
mod feed;
mod graphql;
mod insert;
mod list;
mod record;
mod refusals;
mod resealing;
mod sequencer;
mod standing;
mod tables;

pub(crate) use append::{
    Begun, Done, Outcome, Transaction, begin, constraint, idempotency_keys, newest_write,
};
pub(crate) use entry::{Change, Entry, Part};
pub(crate) use fan_out::FanOut;
pub use fan_out::{FanOutStats, Nats, NatsUrlError};
pub(crate) use feed::{Feed, head_of, read_entries};
pub(crate) use graphql::register;
pub(crate) use record::{
    PolicyExplained, change_of_server, enter_of_server, record_notice, record_policies, record_question,
    record_read,
};
pub(crate) use refusals::{Refusal, Refusals, run as run_refusals};
pub(crate) use sequencer::run;
pub(crate) use standing::{Standing, queued};
