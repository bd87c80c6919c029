//! Quantities, days and codes as people write them. Nothing is guessed: what can be meant in two ways is an error.

mod date;
mod fold;
mod whole;

pub use date::{DateOrder, Dates, NotDate, Undecided, date};
pub use fold::folded;
pub use whole::{NotWhole, whole};
