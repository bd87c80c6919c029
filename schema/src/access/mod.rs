//! Access: a document is planned against what its caller may do, before anything runs.
//!
//! [`document`] reads and bounds a document; [`plan`] settles every field of it for one profile, once; [`write`] follows the
//! plan over the rows; [`refusal`] says what was withheld; [`shown`] what of people is shown; [`view`] shows each caller its own schema.

mod document;
mod plan;
mod refusal;
mod scope;
mod shown;
mod template;
mod view;
mod write;

pub use document::{Document, Limits};
pub(crate) use document::{Fault, check_cost};
pub(crate) use plan::{Call, Plan, PlannedRoot, RootWhat, plan};
pub(crate) use refusal::by_record;
pub(crate) use scope::{FactSource, FactSources, InScope, Members};
pub(crate) use shown::Shown;
pub(crate) use view::{RoleView, write_json};
pub(crate) use write::{Loaded, Writer, foresee, load_reply, write_reply, write_row};
