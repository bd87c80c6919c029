//! A running Enlace for one test.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::Utc;
use enlace::auth::dev::{DevIssuer, TokenRequest};
use enlace::config::Config;
use enlace::server;
use enlace_schema::Enlace;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cluster::{Scratch, folder};
use crate::{Client, Socket};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// What a test changes before its Enlace starts.
#[derive(Default)]
pub struct WorldBuilder {
    settings: Vec<(String, String)>,
}

/// A running Enlace on its own database, port and issuer.
pub struct World {
    /// Where it serves.
    pub address: SocketAddr,
    /// The engine itself.
    pub enlace: Enlace,
    /// Its development issuer.
    pub issuer: DevIssuer,
    /// Its database.
    pub scratch: Scratch,
    /// What was set for it.
    pub(crate) settings: Vec<(String, String)>,
    data: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl WorldBuilder {
    /// Sets a configuration key.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Display) -> Self {
        self.settings.push((format!("ENLACE_{}", key.to_uppercase()), value.to_string()));
        self
    }

    /// Starts it.
    pub async fn start(self) -> World {
        let scratch = Scratch::with_programme().await;
        self.start_on(scratch).await
    }

    /// Starts it on a database that another world left.
    pub async fn start_on(self, scratch: Scratch) -> World {
        // Tests send much from one address.
        let roomy = [
            ("ENLACE_REQUESTS_PER_SECOND", "100000"),
            ("ENLACE_REQUEST_BURST", "100000"),
            ("ENLACE_WRITERS", "8"),
        ];
        let roomy = roomy.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let config =
            Config::read(None, roomy.into_iter().chain(self.settings.clone())).expect("the configuration");
        let data =
            folder().join(format!("world-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&data).unwrap();
        let enlace = server::engine(&config, &scratch.owner).await.expect("the engine");
        let app = server::app(&config, enlace.clone(), &data).expect("the transports");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(enlace::http::serve(listener, Arc::new(app), async {
            let _dropped = stopped.await;
        }));
        let issuer = DevIssuer::open(&data).expect("the development issuer");
        World { address, enlace, issuer, scratch, settings: self.settings, data, stop: Some(stop), served }
    }
}

impl World {
    /// With the defaults.
    pub async fn start() -> Self {
        Self::with().start().await
    }

    /// With something set.
    pub fn with() -> WorldBuilder {
        WorldBuilder::default()
    }

    /// A token for `AGENCY/role`, or `AGENCY/role@SHELTER` with further shelters behind commas; with `+role` further roles.
    pub fn token(&self, caller: &str) -> String {
        self.token_for(caller, Duration::from_hours(1))
    }

    /// A token that lives for a given time.
    pub fn token_for(&self, caller: &str, ttl: Duration) -> String {
        let (holder, shelters) = caller.split_once('@').unwrap_or((caller, ""));
        let (agency, roles) = holder.split_once('/').expect("AGENCY/role");
        let request = TokenRequest {
            agency: agency.to_owned(),
            roles: roles.split('+').map(str::to_owned).collect(),
            shelters: shelters.split(',').filter(|shelter| !shelter.is_empty()).map(str::to_owned).collect(),
            user: None,
            ttl,
        };
        self.issuer.mint(&request, Utc::now()).expect("a token")
    }

    /// A client for `AGENCY/role`, see [`World::token`].
    pub fn client(&self, caller: &str) -> Client {
        Client::new(self.address, Some(self.token(caller)))
    }

    /// A client without a token.
    pub fn public(&self) -> Client {
        Client::new(self.address, None)
    }

    /// A socket that is initialised for `AGENCY/role`.
    pub async fn socket(&self, caller: &str) -> Socket {
        Socket::open(self.address, &self.token(caller)).await
    }

    /// A socket that is initialised for `AGENCY/role` and states for what it asks.
    pub async fn socket_stating(&self, caller: &str, purpose: &str) -> Socket {
        Socket::open_stating(self.address, &self.token(caller), purpose).await
    }

    /// A connection to the database of the people's keys as its owner.
    pub async fn keys(&self) -> tokio_postgres::Client {
        self.scratch.keys().await
    }

    /// A connection to the database as its owner.
    pub async fn database(&self) -> tokio_postgres::Client {
        self.scratch.connect().await
    }

    /// Stops the server and drops the database.
    pub async fn stop(self) {
        self.halt().await.drop().await;
    }

    /// Stops the server and leaves the database.
    pub async fn halt(mut self) -> Scratch {
        if let Some(stop) = self.stop.take() {
            let _already_ended = stop.send(());
        }
        self.served.await.unwrap();
        self.enlace.stop().await;
        std::fs::remove_dir_all(&self.data).unwrap();
        self.scratch
    }
}
