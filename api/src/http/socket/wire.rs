//! The WebSocket itself: text in, text out, each with its bounds.

use std::future::poll_fn;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::close::Close;
use super::roused::Roused;

/// How long the other end may take to answer a close frame.
const FAREWELL: Duration = Duration::from_secs(1);

/// A WebSocket whose messages are texts.
pub(super) struct Wire {
    socket: WebSocket,
    /// How long a message may lie unread.
    write_deadline: Duration,
    /// Whether anything was heard since the last ping.
    heard: bool,
    /// Whether there may be something to read.
    roused: Roused,
}

impl Wire {
    pub(super) fn new(socket: WebSocket, write_deadline: Duration) -> Self {
        Self { socket, write_deadline, heard: true, roused: Roused::new() }
    }

    /// The next text. Dropped before it is ready, it loses nothing.
    pub(super) async fn receive(&mut self) -> Result<Utf8Bytes, Close> {
        loop {
            // To look into the socket takes as long as to send a message, and it is seldom why its task runs.
            let Self { socket, roused, .. } = self;
            let message = poll_fn(|task| roused.poll(task, |own| socket.poll_next_unpin(own))).await;
            let message = message.ok_or(Close::Gone)?;
            self.heard = true;
            match message {
                Ok(Message::Text(text)) => return Ok(text),
                // The library answers pings of the WebSocket layer itself.
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(Message::Binary(_)) => return Err(Close::invalid("Messages are texts")),
                Ok(Message::Close(_)) => return Err(Close::Gone),
                // Text that is not UTF-8, or a message that is too large; where the connection broke, saying so
                // fails quickly.
                Err(_) => return Err(Close::invalid("Invalid message")),
            }
        }
    }

    /// Sends a text. Nothing is queued: who does not read in time is dropped (R16).
    pub(super) async fn send(&mut self, text: Utf8Bytes) -> Result<(), Close> {
        self.write(Message::Text(text)).await
    }

    /// Asks whether the other end is there; it is not, where nothing came since the last time.
    pub(super) async fn ping(&mut self) -> Result<(), Close> {
        if !std::mem::take(&mut self.heard) {
            return Err(Close::Gone);
        }
        self.write(Message::Ping(Bytes::new())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), Close> {
        match timeout(self.write_deadline, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Close::Gone),
        }
    }

    /// Closes the socket, and waits a moment for the other end: a connection that is dropped with unread data in
    /// it would take the close frame with it. Where the other end closed first, reading on is what answers it.
    pub(super) async fn close(mut self, close: &Close) {
        if let Some(frame) = close.message()
            && self.write(frame).await.is_err()
        {
            return;
        }
        let _ = timeout(FAREWELL, async { while let Some(Ok(_)) = self.socket.recv().await {} }).await;
    }
}
