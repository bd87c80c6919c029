//! The journal: every committed change exactly once, in one gapless order.
//!
//! [`append`] writes an entry inside the operation's own transaction; [`sequencer`] gives committed entries their indexes,
//! one process at a time; [`feed`] hands them, in order, to whoever follows. The encoding is in [`entry`].

mod append;
mod entry;
mod feed;
mod sequencer;

pub(crate) use append::{Begun, Outcome, Transaction, constraint, idempotency_keys};
pub(crate) use entry::{Change, Entry, Part};
pub(crate) use feed::{Feed, read_entries};
pub(crate) use sequencer::run;
