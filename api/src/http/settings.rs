//! What can be set of the transports.

use std::time::Duration;

/// Limits and deadlines of the transports (R14, R16). The defaults suit one process on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Origins whose pages may call: `https://console.example.org`, without a path. A list, never a wildcard
    /// (R14); the server's own origin needs no entry. Default: none.
    pub allowed_origins: Vec<String>,
    /// The largest request body, in bytes (R16). Default: 2 MiB.
    pub body_limit: usize,
    /// How long a client may take over a request's headers; also how long a connection may idle between two
    /// requests. Default: 10 s.
    pub header_deadline: Duration,
    /// How long a client may take over a request's body. Default: 10 s.
    pub body_deadline: Duration,
    /// The largest file that may be imported, in bytes. Default: 64 MiB.
    pub import_limit: usize,
    /// How long a client may take to send a file. Default: 5 min.
    pub import_deadline: Duration,
    /// How long a request may take to run. Default: 15 s.
    pub request_deadline: Duration,
    /// Requests a second that a user, or an address without a token, may make in the long run. Default: 200.
    pub requests_per_second: u32,
    /// Requests that may come at once before the rate counts. Default: 400.
    pub request_burst: u32,
    /// Operations that may be open on one WebSocket. Default: 50.
    pub subscriptions_per_socket: usize,
    /// Subscriptions that a user may have open, on all its sockets and event streams. Default: 200.
    pub subscriptions_per_token: usize,
    /// Sockets and event streams that may be open in all. Default: 10,000.
    pub sockets: usize,
    /// TCP connections with a request in hand or awaited; more wait until one ends. Default: 10,000.
    pub connections: usize,
    /// How long a WebSocket may take to send `connection_init`. Default: 5 s.
    pub init_timeout: Duration,
    /// How often a WebSocket is pinged; one that is silent for two such intervals is dropped. Default: 20 s.
    pub keepalive: Duration,
    /// How long a client may leave unread what it was sent before it is dropped. Default: 5 s.
    pub write_deadline: Duration,
    /// How long running requests and streams may take to end when the server stops. Default: 10 s.
    pub shutdown_grace: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            body_limit: 2 * 1024 * 1024,
            header_deadline: Duration::from_secs(10),
            body_deadline: Duration::from_secs(10),
            import_limit: 64 << 20,
            import_deadline: Duration::from_mins(5),
            request_deadline: Duration::from_secs(15),
            requests_per_second: 200,
            request_burst: 400,
            subscriptions_per_socket: 50,
            subscriptions_per_token: 200,
            sockets: 10_000,
            connections: 10_000,
            init_timeout: Duration::from_secs(5),
            keepalive: Duration::from_secs(20),
            write_deadline: Duration::from_secs(5),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}
