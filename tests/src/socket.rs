//! A client of graphql-transport-ws.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value as Json, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long a message may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

const PROTOCOL: &str = "graphql-transport-ws";

/// What a client that does not read lets lie in its kernel, in bytes.
const SMALL_BUFFER: u32 = 64 * 1024;

/// An open socket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

fn upgrade(address: SocketAddr, protocols: &str, headers: &[(&'static str, &str)]) -> Request {
    let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
    if !protocols.is_empty() {
        request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
    }
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

impl Socket {
    /// Opens a socket and initialises it with a token.
    pub async fn open(address: SocketAddr, token: &str) -> Self {
        Self::connect(address, &[]).await.expect("the upgrade").acknowledged(token).await
    }

    /// Opens a socket and initialises it with a token and a purpose.
    pub async fn open_stating(address: SocketAddr, token: &str, purpose: &str) -> Self {
        let socket = Self::connect(address, &[]).await.expect("the upgrade");
        socket.acknowledging(&json!({"authorization": format!("Bearer {token}"), "purpose": purpose})).await
    }

    /// Opens a socket of which little lies in the kernel while nobody reads it, and initialises it with a token.
    pub async fn open_small(address: SocketAddr, token: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(SMALL_BUFFER).unwrap();
        let stream = MaybeTlsStream::Plain(socket.connect(address).await.unwrap());
        let (stream, _) = tokio_tungstenite::client_async(upgrade(address, PROTOCOL, &[]), stream)
            .await
            .expect("the upgrade");
        Self { stream }.acknowledged(token).await
    }

    /// Opens a socket and says nothing; the status where the upgrade is refused.
    pub async fn connect(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        Self::offer(address, PROTOCOL, headers).await.map(|(socket, _)| socket)
    }

    /// Opens a socket by offering these subprotocols, or none where that is empty, and says nothing; with the
    /// subprotocol that was chosen.
    pub async fn offer(
        address: SocketAddr,
        protocols: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(Self, String), u16> {
        match tokio_tungstenite::connect_async(upgrade(address, protocols, headers)).await {
            Ok((stream, response)) => {
                let chosen = response.headers()["sec-websocket-protocol"].to_str().unwrap().to_owned();
                Ok((Self { stream }, chosen))
            }
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn acknowledged(self, token: &str) -> Self {
        self.acknowledging(&json!({"authorization": format!("Bearer {token}")})).await
    }

    async fn acknowledging(mut self, payload: &Json) -> Self {
        self.init(payload).await;
        assert_eq!(self.next().await, json!({"type": "connection_ack"}));
        self
    }

    /// Sends `connection_init` with a payload.
    pub async fn init(&mut self, payload: &Json) {
        self.send(&json!({"type": "connection_init", "payload": payload})).await;
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &Json) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends a message; fails where the server has closed.
    pub async fn try_send(&mut self, message: &Json) -> Result<(), tungstenite::Error> {
        self.stream.send(Message::text(message.to_string())).await
    }

    /// Sends a text as it is.
    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("the socket is open");
    }

    /// Sends bytes, which the protocol does not know.
    pub async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.stream.send(Message::binary(bytes)).await.expect("the socket is open");
    }

    /// Sends frames as they are, whether they can be sent whole or not: of a text, each is its bytes and whether it
    /// is the last.
    pub async fn send_frames(&mut self, frames: &[(&[u8], bool)]) {
        for (place, (bytes, is_last)) in frames.iter().enumerate() {
            let kind = if place == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(bytes.to_vec(), OpCode::Data(kind), *is_last);
            // The server may have closed before it read all.
            if self.stream.send(Message::Frame(frame)).await.is_err() {
                return;
            }
        }
    }

    /// Starts an operation.
    pub async fn subscribe(&mut self, id: &str, document: &str) {
        self.send(&json!({"type": "subscribe", "id": id, "payload": {"query": document}})).await;
    }

    /// Starts a subscription and waits until it is live; the journal index after which changes come.
    pub async fn follow(&mut self, id: &str, document: &str) -> i64 {
        self.subscribe(id, document).await;
        let ready = self.next().await;
        assert_eq!(ready["payload"]["ready"], id, "{ready}");
        ready["payload"]["index"].as_str().unwrap().parse().unwrap()
    }

    /// The next message, whatever it is.
    pub async fn next(&mut self) -> Json {
        self.next_or_closed().await.unwrap_or_else(|code| panic!("expected a message, got the close {code}"))
    }

    /// The next message that is no ping of the protocol; those are answered.
    pub async fn event(&mut self) -> Json {
        loop {
            let message = self.next().await;
            if message["type"] != "ping" {
                return message;
            }
            self.send(&json!({"type": "pong"})).await;
        }
    }

    /// Sends a query or a mutation, and awaits its one answer and its end; the response.
    pub async fn ask(&mut self, id: &str, document: &str) -> Json {
        self.subscribe(id, document).await;
        let mut answer = self.event().await;
        assert_eq!((&answer["type"], &answer["id"]), (&json!("next"), &json!(id)), "{answer}");
        assert_eq!(self.event().await, json!({"type": "complete", "id": id}));
        answer["payload"].take()
    }

    /// The next message, which is the end of an operation by an error; its code.
    pub async fn error(&mut self, id: &str) -> String {
        let message = self.event().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!(id)), "{message}");
        crate::at(&message, "payload.0.extensions.code").as_str().unwrap().to_owned()
    }

    /// Closes it as a client should, and awaits the server's agreement.
    pub async fn close(mut self) {
        self.stream.close(None).await.expect("the socket is open");
        let closing = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Close(_))) => return,
                    Some(Ok(_)) => {}
                    other => panic!("the socket ended without an answer to the close: {other:?}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, closing).await.expect("the answer in time");
    }

    /// The next message; or the code with which the server closes.
    pub async fn next_or_closed(&mut self) -> Result<Json, u16> {
        let coming = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
                    other => panic!("expected a message, got {other:?}"),
                }
            }
        };
        // Patience with the message, not with each frame: the server's own pings win it no time.
        tokio::time::timeout(PATIENCE, coming).await.expect("a message in time")
    }

    /// The code with which the server closes, and says nothing before.
    pub async fn closed_silently(&mut self) -> u16 {
        match self.next_or_closed().await {
            Ok(message) => panic!("expected the close, got {message}"),
            Err(code) => code,
        }
    }

    /// The code with which the server closes, whatever comes before.
    pub async fn closed(&mut self) -> u16 {
        self.closed_within(PATIENCE).await
    }

    /// The code with which the server closes within a time.
    pub async fn closed_within(&mut self, patience: Duration) -> u16 {
        let closing = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                    Some(Ok(_)) => {}
                    other => panic!("the socket ended without a code: {other:?}"),
                }
            }
        };
        tokio::time::timeout(patience, closing).await.expect("the close in time")
    }
}
