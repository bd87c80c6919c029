//! Posts what webhooks have to post. What is posted when is decided by the engine; here it is sent, to no address that a webhook may
//! not reach, and said what came of it.

use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use enlace_schema::{Courier, Delivery, Enlace, Networks, Outcome, TRACES};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use crate::tls;

/// How long a connection may take, and an answer.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(15);
/// How long a connection that is not used is kept.
const IDLE: Duration = Duration::from_secs(30);

/// Why nothing can be posted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client cannot be made.
    #[error("webhooks cannot be posted: {0}")]
    Client(#[from] reqwest::Error),
    /// TLS cannot be spoken.
    #[error("webhooks cannot be posted: {0}")]
    Tls(#[from] rustls::Error),
    /// There is nothing to begin with.
    #[error(transparent)]
    Engine(#[from] enlace_schema::Error),
}

/// Posts until Enlace stops.
pub async fn start(enlace: &Enlace) -> Result<(), Error> {
    let networks = Arc::new(enlace.webhook_networks().clone());
    let (courier, client) = (enlace.courier()?, client(&networks)?);
    enlace.accompany(|stop| run(courier, client, networks, stop)).await;
    Ok(())
}

async fn run(mut courier: Courier, client: Client, networks: Arc<Networks>, mut stop: watch::Receiver<bool>) {
    let mut posting = JoinSet::new();
    loop {
        tokio::select! {
            () = courier.wakes() => {}
            Some(posted) = posting.join_next() => match posted {
                Ok((delivery, outcome)) => courier.report(&delivery, outcome).await,
                Err(error) => tracing::error!(%error, "a webhook's message was not posted"),
            },
            _ = stop.changed() => break,
        }
        for delivery in courier.due().await {
            let (client, networks) = (client.clone(), Arc::clone(&networks));
            posting.spawn(async move {
                let span = span();
                let outcome = post(&client, &networks, &delivery, &span).instrument(span.clone()).await;
                (delivery, outcome)
            });
        }
    }
    // What is on its way is posted again by whoever goes on.
    posting.shutdown().await;
    courier.stop().await;
}

/// A client that reaches public addresses, and private ones that are allowed, and nothing by way of another: it follows no redirection
/// and asks no proxy.
fn client(networks: &Arc<Networks>) -> Result<Client, Error> {
    Ok(Client::builder()
        .tls_backend_preconfigured(tls::client()?)
        .dns_resolver(Arc::new(Admitted(Arc::clone(networks))))
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .pool_idle_timeout(IDLE)
        .user_agent(concat!("Enlace/", env!("CARGO_PKG_VERSION")))
        .build()?)
}

/// Finds the addresses of a name, and names none that a webhook may not reach: what is connected to is what was looked at.
struct Admitted(Arc<Networks>);

impl Resolve for Admitted {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let admitted: Vec<SocketAddr> = found.filter(|found| networks.admit(found.ip())).collect();
            if admitted.is_empty() {
                return Err("its address is private".into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

/// A post, for operators to follow. It says nothing of where it goes: an address may hold a secret.
fn span() -> Span {
    info_span!(
        target: TRACES,
        "post webhook",
        otel.kind = "client",
        http.request.method = "POST",
        http.response.status_code = Empty,
    )
}

async fn post(client: &Client, networks: &Networks, delivery: &Delivery, span: &Span) -> Outcome {
    let unavailable = |why: String| Outcome::Unavailable { why, retry_after: None };
    let url = match Url::parse(&delivery.url) {
        Ok(url) if networks.refuse(&url) => return unavailable("Its address is private.".to_owned()),
        Ok(url) => url,
        Err(error) => return unavailable(format!("Its address cannot be read: {error}.")),
    };
    let request = client
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &delivery.id)
        .header("webhook-timestamp", delivery.timestamp)
        .header("webhook-signature", &delivery.signature)
        .body(delivery.body.clone());
    match request.send().await {
        Ok(response) => {
            span.record("http.response.status_code", response.status().as_u16());
            answered(&response)
        }
        Err(error) if error.is_timeout() => {
            unavailable(format!("It did not answer within {} s.", ANSWER.as_secs()))
        }
        Err(error) => unavailable(format!("It cannot be reached: {}.", cause(&error))),
    }
}

/// What an answer says. What passes by itself is the address's, all else the message's.
fn answered(response: &Response) -> Outcome {
    let status = response.status();
    let why = format!("It answered {status}.");
    match status {
        status if status.is_success() => Outcome::Delivered,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Outcome::Unavailable { why, retry_after: retry_after(response) }
        }
        status if status.is_server_error() => {
            Outcome::Unavailable { why, retry_after: retry_after(response) }
        }
        _ => Outcome::Refused { why },
    }
}

/// For how long it asks to be left alone, where it says so in seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The innermost cause, which says most.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = String::from("no connection");
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    text
}
