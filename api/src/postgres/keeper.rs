//! The thread that keeps the server running.
//!
//! A thread of its own, because the signal that ends PostgreSQL after Enlace was killed comes when the
//! *thread* that started it ends, and the runtime's threads come and go. It has a small runtime of its own,
//! so that the process's is free of the waiting and of the file system.

use std::fs;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::Options;
use super::account;
use super::binaries;
use super::cluster;
use super::error::Error;
use super::layout::{Layout, prepare_data_dir};
use super::leftover::{self, Postmaster};
use super::lock::Lock;
use super::program::Runner;
use super::server::{ASK_AGAIN, Endpoint, START_TIMEOUT, Server};

/// The port that names the socket when no loopback port is asked for; nothing listens on it.
const USUAL_PORT: u16 = 5432;

/// How often a process that does not keep the server looks whether anybody does.
const GUEST_LOOKS: Duration = Duration::from_secs(1);

/// The pause before a server that ended is started again: doubled each time, until one has run for a while.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const STEADY: Duration = Duration::from_mins(1);

/// What the keeper can be asked for.
enum Order {
    EnsureRunning(oneshot::Sender<Result<(), Error>>),
    Stop(oneshot::Sender<Result<(), Error>>),
}

/// A handle on the keeper's thread. When it is dropped, the server is stopped.
#[derive(Debug)]
pub(super) struct Keeper {
    orders: mpsc::Sender<Order>,
}

impl Keeper {
    /// Starts a keeper, and returns when the server answers.
    pub(super) async fn start(options: Options) -> Result<(Self, Endpoint), Error> {
        let (orders, inbox) = mpsc::channel(8);
        let (asker, started) = oneshot::channel();
        thread::Builder::new()
            .name("postgres-keeper".to_owned())
            .spawn(move || match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(keep(options, inbox, asker)),
                Err(error) => reply(asker, Err(Error::Keeper(error))),
            })
            .map_err(Error::Keeper)?;
        let endpoint = started.await.map_err(|_| Error::Ended)??;
        Ok((Self { orders }, endpoint))
    }

    pub(super) async fn ensure_running(&self) -> Result<(), Error> {
        self.ask(Order::EnsureRunning).await
    }

    pub(super) async fn stop(self) -> Result<(), Error> {
        self.ask(Order::Stop).await
    }

    async fn ask(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<(), Error>>) -> Order,
    ) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| Error::Ended)?;
        answer.await.map_err(|_| Error::Ended)?
    }
}

/// The keeper's life.
async fn keep(
    options: Options,
    mut orders: mpsc::Receiver<Order>,
    mut started: oneshot::Sender<Result<Endpoint, Error>>,
) {
    let mut post = match Post::new(options) {
        Ok(post) => post,
        Err(error) => return reply(started, Err(error)),
    };
    let first = tokio::select! {
        first = post.fill() => first,
        // Nobody waits any longer.
        () = started.closed() => return post.leave_unasked().await,
    };
    match first {
        Ok(()) => reply(started, Ok(post.endpoint.clone())),
        Err(error) => {
            post.leave_unasked().await;
            return reply(started, Err(error));
        }
    }
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::EnsureRunning(asker)) => reply(asker, post.fill().await),
                Some(Order::Stop(asker)) => return reply(asker, post.leave().await),
                None => return post.leave_unasked().await,
            },
            filled = post.fill_when_vacant() => {
                if let Err(error) = filled {
                    tracing::error!(%error, "PostgreSQL could not be started again yet");
                }
            }
        }
    }
}

/// Answers an order. An asker that has gone away meanwhile needs no answer.
fn reply<T>(asker: oneshot::Sender<T>, answer: T) {
    let _ = asker.send(answer);
}

/// The post of the process that keeps a data directory's server. Whoever holds the lock fills it; everybody
/// else is a guest of that one's server, and takes the lock when it becomes free.
struct Post {
    options: Options,
    layout: Layout,
    endpoint: Endpoint,
    /// Whether connections are made by this endpoint already, so that it must not change any more.
    settled: bool,
    lock: Option<Lock>,
    server: Option<Server>,
    pause: Duration,
}

impl Post {
    fn new(options: Options) -> Result<Self, Error> {
        let layout = Layout::of(prepare_data_dir(&options.data)?);
        let endpoint = Endpoint {
            socket: layout.socket.clone(),
            port: options.loopback_port.unwrap_or(USUAL_PORT),
            loopback: options.loopback_port.is_some(),
        };
        Ok(Self { options, layout, endpoint, settled: false, lock: None, server: None, pause: FIRST_PAUSE })
    }

    /// Returns when a server answers: our own, if nobody else keeps one.
    async fn fill(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if self.lock.is_none() {
                self.lock = Lock::try_take(&self.layout.lock)?;
            }
            if self.lock.is_some() {
                self.serve().await?;
                self.settled = true;
                return Ok(());
            }
            if let Some(running) = self.running().await {
                return self.visit(running);
            }
            sleep(ASK_AGAIN).await;
        }
        Err(Error::Held { path: self.layout.data.clone(), seconds: START_TIMEOUT.as_secs() })
    }

    /// The server that another process keeps, when it answers.
    async fn running(&self) -> Option<Endpoint> {
        let Postmaster { port, loopback, .. } = Postmaster::read(&self.layout.cluster)?;
        let running = Endpoint { socket: self.layout.socket.clone(), port, loopback };
        running.answers().await.then_some(running)
    }

    /// Takes another process's server for ours, unless it is not where we need it.
    fn visit(&mut self, running: Endpoint) -> Result<(), Error> {
        let fits = if self.settled {
            running.port == self.endpoint.port
        } else {
            self.options.loopback_port.is_none_or(|wanted| running.loopback && running.port == wanted)
        };
        if !fits {
            return Err(Error::OtherPort { path: self.layout.data.clone(), wanted: self.endpoint.port });
        }
        self.endpoint = running;
        self.settled = true;
        Ok(())
    }

    /// As the holder of the lock: makes sure that our server runs and answers.
    async fn serve(&mut self) -> Result<(), Error> {
        if let Some(server) = &mut self.server {
            match server.ready(&self.endpoint).await {
                // It has ended meanwhile: another one takes its place.
                Err(_) if !server.is_running() => self.server = None,
                answer => return answer,
            }
        }
        let Options { durable, may_install, .. } = self.options;
        let cluster = &self.layout.cluster;
        leftover::end(cluster, &self.endpoint.socket).await?;
        let binaries =
            binaries::find_or_install(cluster, cluster::major_version(cluster)?, may_install).await?;
        // Only now: installing PostgreSQL makes the user.
        let runner = Runner::new(account::of_cluster(cluster)?).await;
        if let Some(account) = runner.account() {
            account::check_way(account, &self.layout.data)?;
        }
        if !self.settled {
            // Never later: a cluster that vanished under its users is not replaced by an empty one.
            cluster::make(&self.layout, &binaries, &runner, durable).await?;
        }
        let server = Server::start(&self.layout, &self.endpoint, &binaries, &runner, durable)?;
        let data = self.layout.data.display();
        tracing::info!(version = binaries.major, %data, "PostgreSQL is starting");
        self.server.insert(server).ready(&self.endpoint).await
    }

    /// Waits until nobody keeps a server, and fills the post. An order interrupts it at no harm.
    async fn fill_when_vacant(&mut self) -> Result<(), Error> {
        if let Some(server) = &mut self.server {
            let reason = server.end().await;
            tracing::warn!(reason, "PostgreSQL has ended and is started again");
            if server.age() >= STEADY {
                self.pause = FIRST_PAUSE;
            }
            self.server = None;
        }
        if self.lock.is_some() {
            sleep(self.pause).await;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
        while self.lock.is_none() {
            sleep(GUEST_LOOKS).await;
            self.lock = Lock::try_take(&self.layout.lock)?;
        }
        self.serve().await
    }

    /// Stops the server, if it is ours, and then lets others have the post.
    async fn leave(self) -> Result<(), Error> {
        let Some(server) = self.server else { return Ok(()) };
        let stopped = server.stop().await;
        // Empty by now; should it not be, the next start clears it.
        let _ = fs::remove_dir(&self.endpoint.socket);
        stopped
    }

    async fn leave_unasked(self) {
        if let Err(error) = self.leave().await {
            tracing::warn!(%error, "stopping PostgreSQL");
        }
    }
}
