//! Opens connections: in the clear to this machine alone, over TLS to any other.

use std::net::IpAddr;

use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// An open connection.
pub(crate) struct Open {
    pub(crate) client: Client,
    /// Drives the connection until either side closes it.
    pub(crate) driver: JoinHandle<()>,
    /// One message for each notification, or fewer: it says to look again. Closed when the connection ends.
    pub(crate) notified: mpsc::Receiver<()>,
}

/// Opens a connection. To another machine it is encrypted and the server's certificate is checked, unless
/// `sslmode=disable` says otherwise.
pub async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    open(config).await.map(|open| open.client)
}

pub(crate) async fn open(config: &Config) -> Result<Open, tokio_postgres::Error> {
    let (tell, notified) = mpsc::channel(1);
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

async fn drive<S, T>(mut connection: Connection<S, T>, tell: mpsc::Sender<()>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut messages = futures_util::stream::poll_fn(move |task| connection.poll_message(task));
    while let Some(message) = messages.next().await {
        match message {
            Ok(AsyncMessage::Notification(_)) => {
                // One waiting message says as much as many.
                let _full = tell.try_send(());
            }
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
