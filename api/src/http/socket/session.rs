//! An acknowledged socket: operations are opened and closed, and what comes of them is sent, until the client, the
//! token, the authority or the server ends it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::ws::Utf8Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::time::{Instant, Sleep, sleep_until};
use tracing::Instrument;

use enlace_schema::{Carries, Code, Error, Request};

use super::close::Close;
use super::message::{self, ClientMessage, Credentials, OperationId, Ping};
use super::operations::{Operations, Output};
use super::roused::Roused;
use super::wire::Wire;
use crate::http::App;
use crate::http::authenticate::{Identity, bearer};
use crate::http::live::{self, ended, ending, stopped, until, until_warning};
use crate::http::trace;

struct Session<'w> {
    app: Arc<App>,
    wire: &'w mut Wire,
    identity: Identity,
    operations: Operations,
    /// When the token expires.
    expires_at: Instant,
    /// When the client is told so; none once it was.
    warning_at: Option<Instant>,
    /// When the next ping is due.
    ping_at: Instant,
    /// Rings when the token expires, its client is to be told so, or a ping is due, whichever is first.
    alarm: Pin<Box<Sleep>>,
    signals: BoxStream<'static, Signal>,
    /// Whether anything but what its operations send may have happened. To look costs as much as to send a message, and that is seldom
    /// why its task runs.
    roused: Roused,
}

/// What all sockets are told.
enum Signal {
    /// What callers may do has changed.
    Authority,
    /// The server stops.
    Stop,
}

/// What happened to a socket.
enum Happened {
    Signal(Signal),
    Alarm,
    Text(Utf8Bytes),
    Output(OperationId, Output),
}

/// What all sockets are told from now on.
fn signals(app: &App) -> BoxStream<'static, Signal> {
    let mut stopping = app.stopping.subscribe();
    let stop = stream::once(async move {
        stopped(&mut stopping).await;
        Signal::Stop
    });
    let authority = stream::unfold(app.enlace.authority(), async |mut authority| {
        authority.changed().await.ok()?;
        Some((Signal::Authority, authority))
    });
    stream::select(stop, authority).boxed()
}

/// Serves an acknowledged socket, and says why it closes.
pub(super) async fn run(app: Arc<App>, wire: &mut Wire, identity: Identity) -> Close {
    let mut session = Session {
        expires_at: expiry(&app, &identity),
        warning_at: warning(&app, &identity),
        ping_at: Instant::now() + app.settings.keepalive,
        alarm: Box::pin(sleep_until(Instant::now())),
        signals: signals(&app),
        roused: Roused::new(),
        operations: Operations::default(),
        app,
        wire,
        identity,
    };
    match session.serve().await {
        Ok(never) => match never {},
        Err(close) => close,
    }
}

/// When the identity's token expires, by the clock that timers go by.
fn expiry(app: &App, identity: &Identity) -> Instant {
    Instant::now() + until(identity.claims.exp, app.enlace.now())
}

/// When its client is to be told so.
fn warning(app: &App, identity: &Identity) -> Option<Instant> {
    Some(Instant::now() + until_warning(identity.claims.exp, app.enlace.now())?)
}

impl Session<'_> {
    async fn serve(&mut self) -> Result<std::convert::Infallible, Close> {
        // The authorities may have changed before this session began to watch them.
        self.confirm().await?;
        loop {
            let at = self.alarm_at();
            if at != self.alarm.deadline() {
                self.alarm.as_mut().reset(at);
                self.roused.rouse();
            }
            match poll_fn(|task| self.poll_next(task)).await? {
                Happened::Signal(Signal::Stop) => return Err(self.stop().await),
                Happened::Signal(Signal::Authority) => self.confirm().await?,
                Happened::Alarm => self.tick().await?,
                Happened::Text(text) => self.handle(&text).await?,
                Happened::Output(id, output) => self.forward(&id, output).await?,
            }
        }
    }

    /// What happens next, what is most urgent first.
    fn poll_next(&mut self, task: &mut Context<'_>) -> Poll<Result<Happened, Close>> {
        let Self { signals, alarm, wire, roused, operations, .. } = self;
        let seldom = roused.poll(task, |own| {
            if let Poll::Ready(signal) = signals.poll_next_unpin(own) {
                return Poll::Ready(Ok(Happened::Signal(signal.unwrap_or(Signal::Stop))));
            }
            if alarm.as_mut().poll(own).is_ready() {
                return Poll::Ready(Ok(Happened::Alarm));
            }
            wire.poll_receive(own).map_ok(Happened::Text)
        });
        if seldom.is_ready() {
            return seldom;
        }
        operations.poll_next(task).map(|(id, output)| Ok(Happened::Output(id, output)))
    }

    /// When the token expires, its client is to be told so, or a ping is due, whichever is first.
    fn alarm_at(&self) -> Instant {
        let first = self.expires_at.min(self.ping_at);
        self.warning_at.map_or(first, |warning| warning.min(first))
    }

    async fn tick(&mut self) -> Result<(), Close> {
        if self.identity.claims.has_expired(self.app.enlace.now()) {
            return Err(self.expel(Code::TokenExpired).await);
        }
        // Reckoned anew at each alarm, so that a clock that was set does not move the end for long.
        self.expires_at = expiry(&self.app, &self.identity);
        if self.warning_at.is_some_and(|warning| warning <= Instant::now()) {
            self.warning_at = None;
            self.wire.send(message::expiring(self.identity.claims.exp)).await?;
        }
        if self.ping_at <= Instant::now() {
            self.ping_at = Instant::now() + self.app.settings.keepalive;
            self.wire.ping().await?;
            let cursors = self.operations.silent_progress();
            if !cursors.is_empty() {
                self.wire.send(message::progress(&cursors)).await?;
            }
        }
        Ok(())
    }

    /// Asks anew what the caller may do (R4, R8).
    async fn confirm(&mut self) -> Result<(), Close> {
        match self.app.reconfirm(&self.identity) {
            Ok(identity) => self.adopt(identity).await,
            Err(error) => Err(self.expel(error.code).await),
        }
    }

    /// Ends every subscription with the code that an event stream would end with, and says how the socket closes.
    async fn expel(&mut self, code: Code) -> Close {
        self.end_subscriptions(code).await.err().unwrap_or_else(|| Close::refused(code))
    }

    /// Goes on as this caller. Where its rights are others, subscriptions that were opened with the old ones end.
    async fn adopt(&mut self, identity: Identity) -> Result<(), Close> {
        let is_unchanged = identity.caller.has_same_rights(&self.identity.caller);
        self.expires_at = expiry(&self.app, &identity);
        if identity.claims.exp != self.identity.claims.exp {
            self.warning_at = warning(&self.app, &identity);
        }
        self.identity = identity;
        if is_unchanged { Ok(()) } else { self.end_subscriptions(Code::AuthorityChanged).await }
    }

    async fn end_subscriptions(&mut self, code: Code) -> Result<(), Close> {
        for (id, cursor) in self.operations.close_subscriptions() {
            self.wire.send(message::error_of(&id, &ended(ending(code), cursor.as_ref()))).await?;
        }
        Ok(())
    }

    async fn stop(&mut self) -> Close {
        self.end_subscriptions(Code::ShuttingDown).await.err().unwrap_or_else(Close::stopping)
    }

    async fn handle(&mut self, text: &str) -> Result<(), Close> {
        match ClientMessage::parse(text)? {
            ClientMessage::ConnectionInit(_) => Err(Close::repeated_init()),
            ClientMessage::Ping(Ping::Echo(payload)) => self.wire.send(message::pong(payload)).await,
            ClientMessage::Ping(Ping::Renewal(credentials)) => {
                let renewed = Box::pin(self.renew(&credentials)).await?;
                self.wire.send(message::renewed(renewed)).await
            }
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe(id, request) => self.subscribe(id, request).await,
            ClientMessage::Complete(id) => {
                self.operations.close(&id);
                Ok(())
            }
        }
    }

    /// Takes a new token for this socket, if it is a valid one of the same user (R13). One that is not changes
    /// nothing: the old one holds until it expires.
    async fn renew(&mut self, Credentials(credentials): &Credentials<'_>) -> Result<bool, Close> {
        if self.limit().is_err() {
            return Ok(false);
        }
        let Ok(token) = bearer(credentials) else { return Ok(false) };
        match self.app.identify(token, self.identity.purpose).await {
            Ok(identity) if identity.is_same_user(&self.identity) && identity.needs_a_role().is_ok() => {
                self.adopt(identity).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn subscribe(&mut self, id: OperationId, request: Box<Request>) -> Result<(), Close> {
        if self.operations.contains(&id) {
            return Err(Close::duplicate(&id));
        }
        match self.open(&id, request) {
            Ok(None) => Ok(()),
            Ok(Some(reply)) => self.wire.send(reply).await,
            Err(error) => self.wire.send(message::error_of(&id, &error)).await,
        }
    }

    /// Opens an operation, and gives what is to be said of it at once.
    fn open(&mut self, id: &OperationId, request: Box<Request>) -> Result<Option<Utf8Bytes>, Error> {
        self.limit()?;
        if self.operations.len() >= self.app.settings.subscriptions_per_socket {
            let message = "This socket has too many open operations. Complete some of them first.";
            return Err(Error::new(Code::RateLimited, message));
        }
        let span = trace::on_socket();
        if !self.app.enlace.is_subscription(&request) {
            let (app, identity) = (Arc::clone(&self.app), self.identity.clone());
            let running = async move {
                app.execute(Some(&identity), &request, Carries::QueriesAndMutations, None).await
            };
            self.operations.run(id.clone(), running.instrument(span));
            return Ok(None);
        }
        let permit = self.app.open_subscription(&self.identity)?;
        match span.in_scope(|| self.app.enlace.subscribe(&self.identity.caller, &request, None)) {
            Ok(subscription) => {
                let progress = subscription.progress();
                self.operations.follow(id.clone(), progress, live::events(subscription, permit));
                Ok(None)
            }
            Err(response) => Ok(Some(message::error(id, &response))),
        }
    }

    /// Counts an operation against its caller's rate (R16).
    fn limit(&self) -> Result<(), Error> {
        self.app.limit_user(&self.identity).map_err(|wait| {
            Error::new(Code::RateLimited, "Too many requests. Wait before the next.")
                .with("retryAfter", wait.as_secs() + 1)
        })
    }

    async fn forward(&mut self, id: &OperationId, output: Output) -> Result<(), Close> {
        let unavailable = |_| Close::With(1011, "Internal error".into());
        match output {
            Output::Standing(payload) => {
                self.wire.send(message::next(id, &payload, ["", ""]).map_err(unavailable)?).await
            }
            Output::Ready(cursor) => self.wire.send(message::ready(id, &cursor)).await,
            Output::Next(head, cursor) => {
                let next = message::next(id, &head, live::tail(&cursor)).map_err(unavailable)?;
                self.wire.send(next).await
            }
            Output::Ended(error, cursor) => {
                self.wire.send(message::error_of(id, &ended(*error, cursor.as_ref()))).await
            }
            Output::Response(response) if response.refused.is_some() => {
                self.wire.send(message::error(id, &response)).await
            }
            Output::Response(response) => {
                self.wire.send(message::next(id, &response.body, ["", ""]).map_err(unavailable)?).await?;
                self.wire.send(message::complete(id)).await
            }
        }
    }
}
