//! The WebSocket itself: text in, text out, each with its bounds.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::close::Close;

/// How long the other end may take to answer a close frame.
const FAREWELL: Duration = Duration::from_secs(1);

/// A WebSocket whose messages are texts.
pub(super) struct Wire {
    socket: WebSocket,
    /// How long a message may lie unread.
    write_deadline: Duration,
    /// Whether anything was heard since the last ping.
    heard: bool,
}

impl Wire {
    pub(super) fn new(socket: WebSocket, write_deadline: Duration) -> Self {
        Self { socket, write_deadline, heard: true }
    }

    /// The next text. Dropped before it is ready, it loses nothing.
    pub(super) async fn receive(&mut self) -> Result<Utf8Bytes, Close> {
        poll_fn(|task| self.poll_receive(task)).await
    }

    /// See [`Wire::receive`].
    pub(super) fn poll_receive(&mut self, task: &mut Context<'_>) -> Poll<Result<Utf8Bytes, Close>> {
        loop {
            let Some(message) = ready!(self.socket.poll_next_unpin(task)) else {
                return Poll::Ready(Err(Close::Gone));
            };
            self.heard = true;
            return Poll::Ready(match message {
                Ok(Message::Text(text)) => Ok(text),
                // The library answers pings of the WebSocket layer itself.
                Ok(Message::Ping(_) | Message::Pong(_)) => continue,
                Ok(Message::Binary(_)) => Err(Close::invalid("Messages are texts")),
                Ok(Message::Close(_)) => Err(Close::Gone),
                // Text that is not UTF-8, or a message that is too large; where the connection broke, saying so
                // fails quickly.
                Err(_) => Err(Close::invalid("Invalid message")),
            });
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
        let mut sending = pin!(self.socket.send(message));
        // Mostly it is sent at once, without a timer.
        let sent = match poll_fn(|task| Poll::Ready(sending.as_mut().poll(task))).await {
            Poll::Ready(sent) => sent,
            Poll::Pending => timeout(self.write_deadline, sending).await.map_err(|_| Close::Gone)?,
        };
        sent.map_err(|_| Close::Gone)
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
