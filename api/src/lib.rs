//! How Enlace runs: configuration, its own PostgreSQL, tokens, transports and the command line. What it means is in the crate
//! `enlace-schema`; who may see what, in `enlace-policies`.

pub mod auth;
pub mod commands;
pub mod config;
pub mod http;
pub mod postgres;
pub mod replay;
pub mod server;
mod tls;
pub mod traces;
pub mod webhooks;
