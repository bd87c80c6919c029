//! Access: the whole of role × field × way, as the table of [`crate::reference::sights`] has it (R6, R7, R9).

mod arguments;
mod attack;
mod coverage;
mod explain;
mod journal;
mod matrix;
mod row_scope;
mod scope;
mod streams;
mod viewer;
mod views;
mod writes;
