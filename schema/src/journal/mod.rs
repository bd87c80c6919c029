//! The journal: every committed change exactly once, in one gapless order.
//!
//! [`append`] writes an entry inside the operation's own transaction, and [`record`] one of something that changed no row;
//! [`sequencer`] gives committed entries their indexes, one process at a time; [`feed`] hands them, in order, to whoever
//! follows. The encoding is in [`entry`], the rows in [`insert`]. [`graphql`] and [`list`] show the journal to those who may
//! read it.

mod append;
mod entry;
mod feed;
mod graphql;
mod insert;
mod list;
mod record;
mod sequencer;
mod tables;

pub(crate) use append::{Begun, Outcome, Transaction, constraint, idempotency_keys};
pub(crate) use entry::{Change, Entry, Part};
pub(crate) use feed::{Feed, read_entries};
pub(crate) use graphql::{User, register};
pub(crate) use record::{record_policies, record_read};
pub(crate) use sequencer::run;
