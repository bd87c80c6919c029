//! Tokens: who a caller says it is, and why that is believed.
//!
//! [`Verifier::verify`] turns a bearer token into [`Claims`], in one way for HTTP, WebSocket and server-sent
//! events. It believes only issuers that the operator configured, only the keys those issuers publish, and of
//! each issuer only the agencies that it may speak for. Claims are statements, not rights: rights come of
//! them as far as the database's grants confirm them, elsewhere.
//!
//! - [`claims`](Claims): what a token states, read strictly (R2).
//! - [`verify`](Verifier): the header, the signature and the cache of verified tokens (R1).
//! - [`keys`](KeySource): where an issuer's keys are; their overlap, refresh and retirement (R3).
//! - `jwks`: what is read there, each key pinned to one algorithm (R1).
//! - [`dev`]: the issuer of development tokens.
//!
//! A token is never logged and never part of an error (R5). The time comes in as an argument, so that every
//! rule can be tested at its boundary.

mod claims;
pub mod dev;
mod jwks;
mod keys;
mod rejection;
mod verify;

#[cfg(test)]
mod tests;

pub use claims::Claims;
pub use keys::KeySource;
pub use rejection::Rejection;
pub use verify::{AgencyScope, Error, IssuerConfig, MAX_TOKEN_BYTES, Verifier};
