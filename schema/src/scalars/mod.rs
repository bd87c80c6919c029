//! The schema's scalars: how each is read, written, stored and named.

mod checked_code;
mod id;
mod money;
mod partial_date;
mod pseudonym;
mod quantity;
mod time;

pub(crate) use checked_code::{code_of, halved, read_code, symbol_meant, symbol_of};
pub use id::{GlobalId, Id, Identified};
pub(crate) use id::{NOT_AN_ID, write_id};
pub use money::Money;
pub use partial_date::PartialDate;
pub(crate) use pseudonym::Pseudonyms;
pub use quantity::{Quantity, Unit};
pub(crate) use time::{write_date, write_date_time};
