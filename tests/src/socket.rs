//! A client of graphql-transport-ws.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long a message may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open socket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Opens a socket and initialises it with a token.
    pub async fn open(address: SocketAddr, token: &str) -> Self {
        let mut socket = Self::connect(address, &[]).await.expect("the upgrade");
        socket
            .send(
                &json!({"type": "connection_init", "payload": {"authorization": format!("Bearer {token}")}}),
            )
            .await;
        assert_eq!(socket.next().await["type"], "connection_ack");
        socket
    }

    /// Opens a socket and says nothing; the status where the upgrade is refused.
    pub async fn connect(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &Json) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends a text as it is.
    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("the socket is open");
    }

    /// Sends bytes, which the protocol does not know.
    pub async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.stream.send(Message::binary(bytes)).await.expect("the socket is open");
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
        loop {
            match tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a message in time") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a message, got {other:?}"),
            }
        }
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

    /// Whether nothing comes for a while.
    pub async fn is_quiet(&mut self, while_: Duration) -> bool {
        tokio::time::timeout(while_, self.stream.next()).await.is_err()
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
