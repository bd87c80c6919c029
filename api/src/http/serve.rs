//! Connections: accepted, bounded and brought to an end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower_service::Service;

use super::App;
use super::authenticate::Peer;
use super::live::stopped;
use super::patience::Patient;
use super::routes::router;

/// The largest request line and headers, in bytes: room for a token and a query by GET.
const LARGEST_HEADERS: usize = 32 * 1024;

/// What is read of a connection at a time, at most.
const LARGEST_BUFFER: usize = 64 * 1024;

/// How long to wait where a connection cannot be accepted, as when no file descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until `shutdown` is ready; then accepts no more, ends streams with their codes, and lets
/// running requests finish within the grace.
pub async fn serve(listener: TcpListener, app: Arc<App>, shutdown: impl Future<Output = ()>) {
    let connections = app.settings.connections.min(Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(connections));
    tokio::select! {
        () = accept(listener, &app, &places) => {}
        () = shutdown => {}
    }
    app.stopping.send_replace(true);
    let ended = async {
        all(&places, connections).await;
        all(&app.sockets, app.settings.sockets).await;
    };
    if tokio::time::timeout(app.settings.shutdown_grace, ended).await.is_err() {
        tracing::warn!("connections that did not end within the grace are dropped");
    }
}

/// Waits until all places are free, which is when everything that held one has ended.
async fn all(places: &Semaphore, count: usize) {
    let mut held = Vec::new();
    let mut left = count.min(Semaphore::MAX_PERMITS);
    while left > 0 {
        let some = u32::try_from(left).unwrap_or(u32::MAX);
        let Ok(permit) = places.acquire_many(some).await else { return };
        held.push(permit);
        left = left.saturating_sub(usize::try_from(some).unwrap_or(left));
    }
}

async fn accept(listener: TcpListener, app: &Arc<App>, places: &Arc<Semaphore>) {
    let router = router(Arc::clone(app));
    let protocol = protocol(app);
    loop {
        // A place first: what is not accepted waits in the kernel's queue.
        let Ok(place) = Arc::clone(places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Small messages must not wait for one another. Where it cannot be set, they do.
                let _ = stream.set_nodelay(true);
                let connection = Connection {
                    stream: Patient::new(stream, app.settings.write_deadline),
                    peer: Peer(peer.ip()),
                    router: router.clone(),
                    stopping: app.stopping.subscribe(),
                    _place: place,
                };
                tokio::spawn(connection.serve(protocol.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn protocol(app: &App) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(app.settings.header_deadline)
        .max_header_size(LARGEST_HEADERS)
        .max_buf_size(LARGEST_BUFFER);
    protocol
}

struct Connection {
    stream: Patient,
    peer: Peer,
    router: Router,
    stopping: watch::Receiver<bool>,
    /// Given back when the connection ends or becomes a WebSocket.
    _place: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(mut self, protocol: http1::Builder) {
        let (router, peer) = (self.router, self.peer);
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.clone().call(request)
        });
        let mut connection =
            pin!(protocol.serve_connection(TokioIo::new(self.stream), service).with_upgrades());
        // What fails here is the client's connection: there is nobody to tell.
        tokio::select! {
            _ = connection.as_mut() => {}
            () = stopped(&mut self.stopping) => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }
}
