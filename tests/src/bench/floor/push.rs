//! A raw broadcast: what is posted goes to every socket.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use tokio::sync::broadcast::{Receiver, Sender};

use super::Floor;

/// How many messages a socket may be behind: as with Enlace.
const BACKLOG: usize = 256;

pub(super) struct Push(Sender<Utf8Bytes>);

impl Default for Push {
    fn default() -> Self {
        Self(Sender::new(BACKLOG))
    }
}

/// Sends the body to every socket; answers when that began, in microseconds of the clock.
pub(super) async fn broadcast(State(floor): State<Arc<Floor>>, text: String) -> String {
    let text = text.into();
    let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Nobody listening is no fault.
    let _ = floor.push.0.send(text);
    begun.as_micros().to_string()
}

/// Opens a socket, with the buffers that Enlace's have.
pub(super) async fn socket(State(floor): State<Arc<Floor>>, upgrade: WebSocketUpgrade) -> Response {
    // Before the socket is open, so that its client misses nothing from then on.
    let texts = floor.push.0.subscribe();
    upgrade
        .protocols(["graphql-transport-ws"])
        .read_buffer_size(512)
        .write_buffer_size(0)
        .max_message_size(256 * 1024)
        .max_frame_size(256 * 1024)
        .on_upgrade(move |socket| follow(socket, texts))
}

async fn follow(mut socket: WebSocket, mut texts: Receiver<Utf8Bytes>) {
    loop {
        tokio::select! {
            text = texts.recv() => {
                let Ok(text) = text else { return };
                if socket.send(Message::Text(text)).await.is_err() {
                    return;
                }
            }
            heard = socket.recv() => {
                if !matches!(heard, Some(Ok(_))) {
                    return;
                }
            }
        }
    }
}
