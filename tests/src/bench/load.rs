//! The load: connections that each send a request as soon as the last one is answered.
//!
//! It speaks just enough HTTP/1.1 for that, so that the servers have the machine to themselves.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Failure;

/// What one connection sends, and what it makes of the answers.
pub trait Client: Send + 'static {
    /// The next request, whole.
    fn request(&mut self) -> Result<Vec<u8>, Failure>;
    /// Looks at the answer's body.
    fn answered(&mut self, body: &[u8]) -> Result<(), Failure>;
}

/// Sends the same again and again, and expects the same.
#[derive(Clone)]
pub struct Same {
    pub request: Vec<u8>,
    pub answer: Vec<u8>,
}

impl Client for Same {
    fn request(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.request.clone())
    }

    fn answered(&mut self, body: &[u8]) -> Result<(), Failure> {
        if body == self.answer { Ok(()) } else { Err("the answer changed".into()) }
    }
}

/// A POST of a JSON body, as bytes.
pub fn post(path: &str, token: &str, body: &str) -> Vec<u8> {
    post_with(path, token, "", body)
}

/// As [`post`], stating for what the data is needed.
pub fn post_stating(path: &str, token: &str, purpose: &str, body: &str) -> Vec<u8> {
    post_with(path, token, &format!("enlace-purpose: {purpose}\r\n"), body)
}

fn post_with(path: &str, token: &str, header: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/json\r\n\
         authorization: Bearer {token}\r\n{header}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A connection that is kept open.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(256 * 1024) })
    }

    /// Sends a request and reads the answer's body. An answer that is no 200 is a failure.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<&[u8], Failure> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.read().await?;
            if let Some(end) = self.buffer.windows(END_OF_HEAD.len()).position(|part| part == END_OF_HEAD) {
                break end + END_OF_HEAD.len();
            }
        };
        let text = std::str::from_utf8(self.buffer.get(..head).unwrap_or_default())?;
        let is_ok = text.starts_with("HTTP/1.1 200 ");
        let length: usize = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .ok_or("an answer without its length")?
            .parse()?;
        while self.buffer.len() < head + length {
            self.read().await?;
        }
        let body = self.buffer.get(head..).unwrap_or_default();
        if is_ok { Ok(body) } else { Err(String::from_utf8_lossy(&self.buffer).into_owned().into()) }
    }

    async fn read(&mut self) -> Result<(), Failure> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed a connection".into()),
            _ => Ok(()),
        }
    }
}

/// Connections to one server, each with its client.
pub struct Load<C> {
    connections: Vec<(Connection, C)>,
}

impl<C: Client> Load<C> {
    /// Connects each of the clients.
    pub async fn connect(address: SocketAddr, clients: impl IntoIterator<Item = C>) -> Result<Self, Failure> {
        let mut connections = Vec::new();
        for client in clients {
            connections.push((Connection::open(address).await?, client));
        }
        Ok(Self { connections })
    }

    /// Sends for a while; how many requests were answered, and how long that took.
    pub async fn run(&mut self, time: Duration) -> Result<(u32, Duration), Failure> {
        let begun = Instant::now();
        let mut running = JoinSet::new();
        for (mut connection, mut client) in self.connections.drain(..) {
            running.spawn(async move {
                let mut answered = 0_u32;
                while begun.elapsed() < time {
                    let request = client.request()?;
                    client.answered(connection.exchange(&request).await?)?;
                    answered += 1;
                }
                Ok::<_, Failure>((connection, client, answered))
            });
        }
        let mut all = 0;
        while let Some(ended) = running.join_next().await {
            let (connection, client, answered) = ended??;
            self.connections.push((connection, client));
            all += answered;
        }
        Ok((all, begun.elapsed()))
    }

    /// Closes the connections, and gives back the clients.
    pub fn into_clients(self) -> Vec<C> {
        self.connections.into_iter().map(|(_, client)| client).collect()
    }
}
