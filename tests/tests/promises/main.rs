//! What Enlace promises, tried from outside: over real HTTP and sockets, on a real PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod dependencies;
mod shelters;
