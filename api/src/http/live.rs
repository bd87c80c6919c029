//! What sockets and event streams share: the changes of one subscription, and why it ends.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use enlace_schema::{AFTER_CURSOR, Carries, Code, Cursor, Error, Event, Request, Response, Subscription};

use super::App;
use super::authenticate::Identity;
use super::quota::QuotaPermit;

/// The events of a subscription, up to the one that ends it; while it is open it counts against its user's quota.
pub(super) fn events(subscription: Subscription, permit: QuotaPermit) -> impl Stream<Item = Event> + Send {
    unfold(Some((subscription, permit)), async |open| {
        let (mut subscription, permit) = open?;
        let event = subscription.next().await;
        let open = (!matches!(event, Event::End(_))).then_some((subscription, permit));
        Some((event, open))
    })
}

/// What follows the head of a message: the rest of its cursor, and the end of the response.
pub(super) fn tail(cursor: &Cursor) -> [&str; 2] {
    [cursor.code(), AFTER_CURSOR]
}

/// Why a stream ended, for its client: with the cursor from which to go on; none where it is to begin anew.
pub(super) fn ended(error: Error, cursor: Option<&Cursor>) -> Error {
    match cursor {
        Some(cursor) => error.with("index", cursor.index().to_string()).with("cursor", cursor.to_string()),
        None => error,
    }
}

/// Why its transport ends a stream, and what to do.
pub(super) fn ending(code: Code) -> Error {
    let message = match code {
        Code::ShuttingDown => "The server is stopping. Connect again, after the cursor.",
        Code::AuthorityChanged => "Your rights changed. Subscribe again, after the cursor.",
        Code::TokenExpired => "The token has expired. Get a new one and connect again.",
        Code::TokenRevoked => "The token was revoked. Get a new one and connect again.",
        Code::ActorUnknown | Code::NoRoleGranted => {
            "The authority behind this stream was withdrawn. Ask the programme's administrator."
        }
        _ => "The stream cannot go on. Subscribe again after the cursor.",
    };
    Error::new(code, message)
}

/// How long before its token's end a stream's client is told of it.
const WARNING: Duration = Duration::from_mins(1);

/// How long it is until a client is told that its token ends; none where that is closer already.
pub(super) fn until_warning(end: DateTime<Utc>, now: DateTime<Utc>) -> Option<Duration> {
    until(end, now).checked_sub(WARNING)
}

/// How long it is from `now` until `end`; nothing where that is past.
pub(super) fn until(end: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (end - now).to_std().unwrap_or_default()
}

/// Waits until the server stops.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // That nobody is left who could say so is a stop too.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// The payload of a `next` or an event: a whole response of errors only.
pub(super) fn failure(error: &Error) -> Bytes {
    Response::refusal(error).body.into()
}

impl App {
    /// Runs a query or a mutation within the deadline for requests (R16). What is cut off is dropped with its
    /// statements. What a query reads may be as old as `at_most`.
    pub(super) async fn execute(
        &self,
        identity: Option<&Identity>,
        request: &Request,
        carries: Carries,
        at_most: Option<Duration>,
    ) -> Response {
        let anyone;
        let caller = match identity {
            Some(identity) => &identity.caller,
            None => match self.enlace.caller(None) {
                Ok(caller) => {
                    anyone = caller;
                    &anyone
                }
                Err(error) => return Response::refusal(&error),
            },
        };
        let running = self.enlace.execute(caller, request, carries, at_most);
        tokio::time::timeout(self.settings.request_deadline, running).await.unwrap_or_else(|_| {
            let late = Error::new(
                Code::DeadlineExceeded,
                "The request took too long and was stopped. Ask for less at a time.",
            );
            Response::refusal(&late)
        })
    }

    /// A place in the user's quota of open subscriptions (R16).
    pub(super) fn open_subscription(&self, identity: &Identity) -> Result<QuotaPermit, Error> {
        identity.actor().and_then(|actor| self.quota.open(actor.user)).ok_or_else(|| {
            Error::new(
                Code::RateLimited,
                "This user has too many open subscriptions. Complete some of them first.",
            )
        })
    }
}
