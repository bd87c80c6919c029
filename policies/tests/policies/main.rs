//! What the policies and their compiler promise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod cases;
mod diff;
mod explain;
mod files;
mod oracle;
mod table;
mod world;
