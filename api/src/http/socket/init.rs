//! The opening of a socket: `connection_init`, once and in time, with a token there or in the upgrade.

use enlace_schema::{Error, Purpose};
use tokio::time::timeout;

use super::close::Close;
use super::message::{self, ClientMessage, Invalid, Payload, Ping};
use super::wire::Wire;
use crate::http::App;
use crate::http::authenticate::{self, Identity, bearer};
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
    let stated = tokio::select! {
        () = stopped(&mut stopping) => return Err(Close::stopping()),
        received = timeout(app.settings.init_timeout, receive(wire)) => received.map_err(|_| Close::init_timeout())??,
    };
    let refused = |error: Error| Close::refused(error.code);
    let purpose = stated.purpose.or(upgraded.as_ref().and_then(|upgraded| upgraded.purpose));
    let identity = match (stated.token, upgraded) {
        (Some(token), _) => app.identify(&token, purpose).await.map_err(refused)?,
        (None, Some(Identity { claims, .. })) => {
            let caller = app.confirm(&claims, purpose).map_err(refused)?;
            Identity { claims, purpose, caller }
        }
        (None, None) => return Err(Close::unauthorized("Unauthorized")),
    };
    identity.needs_a_role().map_err(refused)?;
    wire.send(message::connection_ack()).await?;
    Ok(identity)
}

/// What `connection_init` states.
#[derive(Default)]
struct Stated {
    token: Option<String>,
    purpose: Option<Purpose>,
}

/// Waits for `connection_init`.
async fn receive(wire: &mut Wire) -> Result<Stated, Close> {
    loop {
        let text = wire.receive().await?;
        match ClientMessage::parse(&text)? {
            ClientMessage::ConnectionInit(Payload { authorization, purpose }) => {
                let refused = |error: Error| Close::refused(error.code);
                let token = authorization.as_deref().map(bearer).transpose().map_err(refused)?;
                let purpose = purpose.as_deref().map(authenticate::purpose).transpose().map_err(refused)?;
                return Ok(Stated { token: token.map(str::to_owned), purpose });
            }
            ClientMessage::Ping(Ping::Echo(payload)) => wire.send(message::pong(payload)).await?,
            ClientMessage::Ping(Ping::Renewal(_)) => wire.send(message::renewed(false)).await?,
            ClientMessage::Pong | ClientMessage::Complete(_) => {}
            ClientMessage::Subscribe(..) => return Err(Close::unauthorized("Unauthorized")),
        }
    }
}
