//! WebSocket: `graphql-transport-ws`, with all its close codes (R12).
//!
//! The protocol is kept here and not by a library, because the usual ones close with wrong codes, accept an id
//! twice, wait for `connection_init` forever and let sockets outlive their tokens. A token comes in the header
//! `Authorization` of the upgrade, where a bad one is refused with 401, or as `authorization` in the payload of
//! `connection_init`.
//!
//! Three things are ours, all within what the protocol allows:
//! - `ping` with `{"ready": id, "index": "…"}` says that a subscription is live.
//! - A client's `ping` with `{"authorization": "Bearer …"}` renews the socket's token; its `pong` has
//!   `{"renewed": true}` or `{"renewed": false}` (R13).
//! - The error that ends a subscription has the index of the last change in `extensions.index`.

mod close;
mod init;
mod message;
mod operations;
mod roused;
mod session;
mod wire;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::request::Parts;
use axum::response::Response as HttpResponse;

use enlace_schema::{Code, Error};

use super::App;
use super::authenticate::Identity;
use super::reply::Refusal;

const PROTOCOL: &str = "graphql-transport-ws";

/// What is read from the network at a time. Messages of clients are small, and the buffer is there for as long as
/// the socket: a larger one would make most of the memory that an idle subscriber takes.
const READ_BUFFER: usize = 512;

/// The largest message of a client, in bytes.
const LARGEST_MESSAGE: usize = 256 * 1024;

/// Answers a request to become a WebSocket.
pub(super) async fn upgrade(app: &Arc<App>, parts: &mut Parts) -> Result<HttpResponse, Refusal> {
    let identity = app.admit(parts).await?;
    identity.as_ref().map_or(Ok(()), Identity::needs_a_role)?;
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &())
        .await
        .map_err(|_| Error::new(Code::InvalidRequest, "This is no WebSocket handshake (RFC 6455 §4.1)."))?
        .protocols([PROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Err(Error::new(Code::InvalidRequest, format!("Ask for the subprotocol `{PROTOCOL}`.")).into());
    }
    let place = app.open_socket().ok_or_else(|| {
        Error::new(Code::RateLimited, "The server has as many open sockets as it may. Try again shortly.")
    })?;
    let app = Arc::clone(app);
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER)
        // Each message goes out at once and none is kept.
        .write_buffer_size(0)
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE);
    Ok(upgrade.on_upgrade(async move |socket| {
        let wire = wire::Wire::new(socket, app.settings.write_deadline);
        serve(app, wire, identity).await;
        drop(place);
    }))
}

async fn serve(app: Arc<App>, mut wire: wire::Wire, identity: Option<Identity>) {
    // On the heap, so that what is needed once takes no room for as long as the socket is open.
    let identity = Box::pin(init::init(&app, &mut wire, identity)).await;
    let close = match identity {
        Ok(identity) => session::run(app, &mut wire, identity).await,
        Err(close) => close,
    };
    Box::pin(wire.close(&close)).await;
}
