//! A way to a server that can be frozen, as a network does that is cut.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// They pass.
    Open,
    /// They are held, in both directions, and so are new connections: nobody is told of anything.
    Frozen,
    /// As frozen; but the server has missed its clients and closed their connections, of which these hear when it thaws.
    Missed,
}

/// A way to a server through a port of its own. Dropped, all that goes through it ends.
pub struct Way {
    /// Where it begins.
    pub address: SocketAddr,
    state: watch::Sender<State>,
    serving: JoinHandle<()>,
}

/// Where a way leads.
#[derive(Clone)]
enum Server {
    Port(u16),
    Socket(PathBuf),
}

impl Way {
    /// To a port of this machine.
    pub async fn to_port(port: u16) -> Self {
        Self::to(Server::Port(port)).await
    }

    /// To a socket in the file system.
    pub async fn to_socket(path: &Path) -> Self {
        Self::to(Server::Socket(path.to_owned())).await
    }

    async fn to(server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, at) = watch::channel(State::Open);
        let serving = tokio::spawn(async move {
            let mut carried = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                carried.spawn(carry(client, server.clone(), at.clone()));
            }
        });
        Self { address, state, serving }
    }

    /// Holds all bytes from now on.
    pub fn freeze(&self) {
        self.state.send_replace(State::Frozen);
    }

    /// Holds all bytes from now on, and closes the connections at the server's end alone, as a server does that hears nothing of its
    /// client's machine any more.
    pub fn freeze_and_miss(&self) {
        self.state.send_replace(State::Missed);
    }

    /// Lets all go on.
    pub fn thaw(&self) {
        self.state.send_replace(State::Open);
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn carry(client: TcpStream, server: Server, at: watch::Receiver<State>) {
    if !until(&at, |state| state == State::Open).await {
        return;
    }
    match server {
        Server::Port(port) => {
            if let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await {
                between(client, server, at).await;
            }
        }
        Server::Socket(path) => {
            if let Ok(server) = UnixStream::connect(path).await {
                between(client, server, at).await;
            }
        }
    }
}

async fn between(mut client: TcpStream, server: impl AsyncRead + AsyncWrite, at: watch::Receiver<State>) {
    let (client_says, client_hears) = client.split();
    let (server_says, server_hears) = split(server);
    let both = async {
        // Where one end closes, the other is closed too.
        tokio::select! {
            () = pass(client_says, server_hears, &at) => {}
            () = pass(server_says, client_hears, &at) => {}
        }
    };
    // What loses is dropped, and with it the server's end.
    let missed = tokio::select! {
        () = both => false,
        missed = until(&at, |state| state == State::Missed) => missed,
    };
    if missed {
        until(&at, |state| state == State::Open).await;
    }
}

/// Passes bytes on until either end closes.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    at: &watch::Receiver<State>,
) {
    let mut bytes = vec![0; 16 * 1024];
    while until(at, |state| state == State::Open).await {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read.unwrap_or(0),
            _ = until(at, |state| state != State::Open) => continue,
        };
        // What was read as it froze is held.
        let passes = read > 0 && until(at, |state| state == State::Open).await;
        if !passes || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

/// Waits for a state; false where there will be none any more.
async fn until(at: &watch::Receiver<State>, wanted: impl Fn(State) -> bool) -> bool {
    at.clone().wait_for(|state| wanted(*state)).await.is_ok()
}
