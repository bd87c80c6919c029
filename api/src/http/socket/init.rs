//! The opening of a socket: `connection_init`, once and in time, with a token there or in the upgrade.

use tokio::time::timeout;

use super::close::Close;
use super::message::{self, ClientMessage, Credentials, Invalid, Ping};
use super::wire::Wire;
use crate::http::App;
use crate::http::authenticate::{Identity, bearer};
use crate::http::live::stopped;

impl From<Invalid> for Close {
    fn from(Invalid(reason): Invalid) -> Self {
        Self::invalid(reason)
    }
}

/// Waits for `connection_init`, and says whose socket it is. A token in its payload goes before the upgrade's, so
/// that a bad one is never covered by another.
pub(super) async fn init(app: &App, wire: &mut Wire, upgraded: Option<Identity>) -> Result<Identity, Close> {
    let mut stopping = app.stopping.subscribe();
    let token = tokio::select! {
        () = stopped(&mut stopping) => return Err(Close::stopping()),
        received = timeout(app.settings.init_timeout, receive(wire)) => received.map_err(|_| Close::init_timeout())??,
    };
    let identity = match (token, upgraded) {
        (Some(token), _) => app.identify(&token).await.map_err(|error| Close::refused(&error))?,
        (None, Some(upgraded)) => upgraded,
        (None, None) => return Err(Close::unauthorized("Unauthorized")),
    };
    if !identity.holds_a_role() {
        return Err(Close::forbidden("Forbidden"));
    }
    wire.send(message::connection_ack()).await?;
    Ok(identity)
}

/// The token of `connection_init`, if it has one.
async fn receive(wire: &mut Wire) -> Result<Option<String>, Close> {
    loop {
        let text = wire.receive().await?;
        match ClientMessage::parse(&text)? {
            ClientMessage::ConnectionInit(None) => return Ok(None),
            ClientMessage::ConnectionInit(Some(Credentials(credentials))) => {
                let token = bearer(&credentials).map_err(|error| Close::refused(&error))?;
                return Ok(Some(token.to_owned()));
            }
            ClientMessage::Ping(Ping::Echo(payload)) => wire.send(message::pong(payload)).await?,
            ClientMessage::Ping(Ping::Renewal(_)) => wire.send(message::renewed(false)).await?,
            ClientMessage::Pong | ClientMessage::Complete(_) => {}
            ClientMessage::Subscribe(..) => return Err(Close::unauthorized("Unauthorized")),
        }
    }
}
