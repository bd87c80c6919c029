//! What Enlace promises, tried from outside: over real HTTP and sockets, on a real PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod access;
mod activities;
mod advice;
mod authority;
mod centres;
mod command_line;
mod demo;
mod departures;
mod dependencies;
mod donations;
mod education;
mod employment;
mod event_stream;
mod fan_out;
mod faults;
mod funds;
mod generated;
mod granting;
mod graphql_over_http;
mod health;
mod housing;
mod http;
mod incidents;
mod indicators;
mod inspections;
mod journal;
mod journal_query;
mod labels;
mod laws;
mod limits;
mod lodging;
mod meals;
mod operations;
mod overrides;
mod paging;
mod people;
mod permits;
mod planned_answers;
mod policy_commands;
mod postgres;
mod press;
mod proposals;
mod reference;
mod refusals;
mod rehabilitation;
mod reload;
mod replay;
mod replicas;
mod schema_contract;
mod shelters;
mod statements;
mod streams;
mod tasks;
mod tokens;
mod traces;
mod volunteers;
mod webhooks;
mod websocket;
