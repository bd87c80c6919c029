//! Opens connections: in the clear to this machine alone, over TLS to any other.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A server whose machine vanished neither answers nor closes: it is given up after this, and so is one that does not take a connection.
const UNANSWERED: Duration = Duration::from_secs(10);

/// An open connection.
pub(crate) struct Open {
    pub(crate) client: Client,
    /// Drives the connection until either side closes it.
    pub(crate) driver: JoinHandle<()>,
    /// Changes with each notification, or less often: it says to look again. It is what the last one said that said anything, and
    /// closed when the connection ends.
    pub(crate) notified: watch::Receiver<String>,
}

/// Opens a connection. To another machine it is encrypted and the server's certificate is checked, unless
/// `sslmode=disable` says otherwise.
pub async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    open(config).await.map(|open| open.client)
}

pub(crate) async fn open(config: &Config) -> Result<Open, tokio_postgres::Error> {
    let (tell, notified) = watch::channel(String::new());
    let config = &bounded(config);
    let (client, driver) = if is_encrypted(config) {
        let mut config = config.clone();
        config.ssl_mode(SslMode::Require);
        let (client, connection) = config.connect(MakeRustlsConnect::with_webpki_roots()).await?;
        (client, tokio::spawn(drive(connection, tell)))
    } else {
        let (client, connection) = config.connect(NoTls).await?;
        (client, tokio::spawn(drive(connection, tell)))
    };
    Ok(Open { client, driver, notified })
}

/// Asks the server to stop what a connection runs, which that connection cannot do.
pub(crate) async fn cancel(config: &Config, token: CancelToken) -> Result<(), tokio_postgres::Error> {
    if is_encrypted(config) {
        token.cancel_query(MakeRustlsConnect::with_webpki_roots()).await
    } else {
        token.cancel_query(NoTls).await
    }
}

/// The configuration with an end to waiting, where it sets none of its own.
fn bounded(config: &Config) -> Config {
    let mut config = config.clone();
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(UNANSWERED);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNANSWERED);
        // Whoever waits for an answer sends nothing that could stay unanswered.
        config.keepalives_idle(UNANSWERED / 2).keepalives_interval(UNANSWERED / 2);
    }
    config
}

fn is_encrypted(config: &Config) -> bool {
    config.get_hosts().iter().any(is_remote) && config.get_ssl_mode() != SslMode::Disable
}

fn is_remote(host: &Host) -> bool {
    match host {
        Host::Unix(_) => false,
        Host::Tcp(name) => {
            name != "localhost" && !name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

async fn drive<S, T>(mut connection: Connection<S, T>, tell: watch::Sender<String>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut messages = futures_util::stream::poll_fn(move |task| connection.poll_message(task));
    while let Some(message) = messages.next().await {
        match message {
            Ok(AsyncMessage::Notification(notification)) => tell.send_modify(|told| {
                if !notification.payload().is_empty() {
                    notification.payload().clone_into(told);
                }
            }),
            Ok(_) => {}
            Err(error) if error.code() == Some(&SqlState::ADMIN_SHUTDOWN) => {
                tracing::debug!("PostgreSQL was stopped and closed a connection");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "a database connection ended");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        let remote = |text: &str| text.parse::<Config>().unwrap().get_hosts().iter().any(is_remote);
        assert!(!remote("host=/run/postgresql"));
        assert!(!remote("host=localhost") && !remote("host=127.0.0.1") && !remote("postgres://u@[::1]/d"));
        assert!(
            remote("host=db.example.mx") && remote("host=10.0.0.5") && remote("host=localhost,db.example.mx")
        );
    }
}
