//! Live push. What a stream promises:
//!
//! - **At least once, in one order, without a gap.** Every change that the caller may see and asked for comes in the order of the
//!   journal. Each message carries its index there, which grows from message to message; what comes twice, after a cut, has an index
//!   that was seen before.
//! - **It goes on where it was left.** Each message carries a cursor. A stream that is opened with it brings first what came
//!   meanwhile, then says that it is ready, and goes on. A cursor is its subject's, for its document and its variables alone.
//! - **What is asked is what is allowed now.** Each message is made under the access that its caller has when it is made, what came
//!   meanwhile too.
//! - **It can begin with how things stand**, at one index of the journal: nothing is missing, and nothing is told twice, between that
//!   and the changes that follow.
//! - **It ends honestly.** A stream that cannot go on says why, and from where to go on.
//! - **Who reads slowly holds up nobody.** Where what comes is the state of things, only the last of each thing is sent to who is far
//!   behind, and the message says so; where it is not, the stream ends.
//!
//! Subscribers with the same document, variables and access are one [`cohort`], for which each change is executed and written once
//! by its [`projection`]; the bytes are shared. [`subscription`] is one's place among them, [`beginning`] where it begins,
//! [`cursor`] what it goes on from and [`standing`] how things stand. [`graphql`] shows the cohorts to whoever runs the server.

mod beginning;
mod cohort;
mod cursor;
mod graphql;
mod projection;
mod standing;
mod stats;
mod subscription;

pub(crate) use beginning::{Beginning, beginnings};
pub(crate) use cohort::{Cohorts, Key as CohortKey};
pub use cursor::{AFTER_CURSOR, Cursor};
pub(crate) use cursor::{Bound, bound};
pub(crate) use graphql::register;
pub(crate) use projection::{Kind, Projection};
pub use stats::{LATENESS, StreamStats};
pub use subscription::{Event, Progress, Subscription};
