//! A further server beside a running one: with other issuers, or stopped while its world goes on.

use std::net::SocketAddr;
use std::sync::Arc;

use enlace::auth::dev::AUDIENCE;
use enlace::auth::{IssuerConfig, Verifier};
use enlace::http::{App, HttpSettings};
use enlace_policies::Policies;
use enlace_schema::{Clock, Enlace, Random, Settings};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::World;

/// A server beside that of its world.
pub struct Front {
    /// Where it serves.
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Front {
    /// Serves these transports.
    pub async fn open(app: App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(enlace::http::serve(listener, Arc::new(app), async {
            let _dropped = stopped.await;
        }));
        Self { address, stop, served }
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(self) {
        drop(self.stop);
        self.served.await.unwrap();
    }
}

impl World {
    /// A further server over this world's engine, which believes the same issuer.
    pub async fn front(&self, settings: HttpSettings) -> Front {
        let issuers = vec![self.issuer.issuer_config()];
        Front::open(app(self.enlace.clone(), issuers, settings)).await
    }

    /// A further server over this world's engine, which believes these issuers.
    pub async fn front_for(&self, issuers: Vec<IssuerConfig>) -> Front {
        Front::open(app(self.enlace.clone(), issuers, roomy())).await
    }

    /// A further engine on this world's database, by another clock, and a server over it which believes these
    /// issuers.
    pub async fn front_at(&self, clock: Clock, issuers: Vec<IssuerConfig>) -> (Enlace, Front) {
        let policies = Policies::built_in().unwrap();
        let settings = Settings::default();
        let owner = &self.scratch.owner;
        let keys = enlace_schema::keys_beside(owner);
        let enlace = Enlace::start(owner, &keys, policies, settings, clock, Random::system()).await.unwrap();
        let front = Front::open(app(enlace.clone(), issuers, roomy())).await;
        (enlace, front)
    }
}

/// Tests send much from one address.
fn roomy() -> HttpSettings {
    HttpSettings { requests_per_second: 100_000, request_burst: 100_000, ..HttpSettings::default() }
}

fn app(enlace: Enlace, issuers: Vec<IssuerConfig>, settings: HttpSettings) -> App {
    let verifier = Verifier::new(issuers, AUDIENCE.to_owned()).unwrap();
    App::new(enlace, Arc::new(verifier), None, settings)
}
