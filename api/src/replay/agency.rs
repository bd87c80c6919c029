//! The agencies: clients of the API like any other, each with its own token.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use enlace_schema::demo::replay::{Act, By, Documents, Doing, KEY, Known, Unknown, UnknownVerb};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::auth::dev::{self, DevIssuer, TokenRequest};
use crate::tls;

/// How long a token lives, and after how long another is taken in its place.
const TOKEN_LIFE: Duration = Duration::from_hours(12);
const TOKEN_USED: Duration = Duration::from_hours(11);
/// How often something is sent again at most.
const ATTEMPTS: usize = 20;
/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_mins(1);

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client cannot be made.
    #[error("the agencies cannot reach the API: {0}")]
    Client(#[from] reqwest::Error),
    /// TLS cannot be spoken.
    #[error("the agencies cannot reach the API: {0}")]
    Tls(#[from] rustls::Error),
}

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The script asks for what the schema does not have.
    #[error(transparent)]
    Verb(#[from] UnknownVerb),
    /// Something was not known.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// A token was not made.
    #[error(transparent)]
    Token(#[from] dev::Error),
    /// The API did not answer.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// The API answered something else than what comes of the act.
    #[error("{answer} to {sent}")]
    Answer {
        /// What it answered.
        answer: Value,
        /// What it was sent.
        sent: Value,
    },
}

/// All agencies.
pub struct Agencies {
    url: String,
    http: Client,
    issuer: DevIssuer,
    documents: Documents,
    shelters: Vec<String>,
    known: Mutex<Known>,
    tokens: Mutex<HashMap<By, (String, Instant)>>,
    again: AtomicUsize,
}

impl Agencies {
    /// Those whose tokens an issuer makes, at a server. Who leads shelters claims all of these.
    pub fn new(
        server: SocketAddr,
        issuer: DevIssuer,
        documents: Documents,
        shelters: Vec<String>,
    ) -> Result<Self, Error> {
        let http =
            Client::builder().tls_backend_preconfigured(tls::client()?).no_proxy().timeout(ANSWER).build()?;
        Ok(Self {
            url: format!("http://{server}/graphql"),
            http,
            issuer,
            documents,
            shelters,
            known: Mutex::default(),
            tokens: Mutex::default(),
            again: AtomicUsize::new(0),
        })
    }

    /// How often something was sent again.
    pub(super) fn sent_again(&self) -> usize {
        self.again.load(Ordering::Relaxed)
    }

    /// Does what the act at a place of the script says.
    pub(super) async fn perform(&self, place: usize, act: &Act) -> Result<(), Refusal> {
        let mut variables = lock(&self.known).fill(act)?;
        if matches!(act.doing, Doing::Change { .. }) {
            variables.insert(KEY.to_owned(), json!(format!("replay-{place:06}")));
        }
        let query = self.documents.document(&act.doing, &variables)?;
        let answer = self.ask(act.by, &query, &variables).await?;
        let told = match &act.doing {
            Doing::Change { verb, .. } => {
                let result = answer.get("data").and_then(|data| data.get(*verb));
                let name = result.and_then(|result| result.get("__typename")).and_then(Value::as_str);
                result.filter(|_| name.is_some_and(|name| name.ends_with("Payload")))
            }
            Doing::Read { .. } => answer.get("data").filter(|_| answer.get("errors").is_none()),
        };
        match told {
            Some(told) => Ok(lock(&self.known).learn(act, told)?),
            None => Err(Refusal::Answer { answer, sent: Value::Object(variables) }),
        }
    }

    /// Asks, and again when the API wants a caller to wait.
    async fn ask(&self, by: By, query: &str, variables: &Map<String, Value>) -> Result<Value, Refusal> {
        let body = json!({"query": query, "variables": variables}).to_string();
        let mut attempts = 1;
        loop {
            let mut request = self
                .http
                .post(&self.url)
                .header(CONTENT_TYPE, "application/json")
                .header(ACCEPT, "application/graphql-response+json")
                .header(AUTHORIZATION, format!("Bearer {}", self.token(by)?));
            if let Some(purpose) = by.purpose {
                request = request.header("Enlace-Purpose", purpose);
            }
            let response = request.body(body.clone()).send().await?;
            let Some(wait) = patience(&response).filter(|_| attempts < ATTEMPTS) else {
                let text = response.text().await?;
                return Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)));
            };
            attempts += 1;
            self.again.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(wait).await;
        }
    }

    /// The token of a caller, made anew before the last one is over.
    fn token(&self, by: By) -> Result<String, dev::Error> {
        let mut tokens = lock(&self.tokens);
        let holder = By { purpose: None, ..by };
        if let Some((token, made)) = tokens.get(&holder)
            && made.elapsed() < TOKEN_USED
        {
            return Ok(token.clone());
        }
        let request = TokenRequest {
            agency: by.agency.to_owned(),
            roles: vec![by.role.to_owned()],
            shelters: if by.role == "shelter_lead" { self.shelters.clone() } else { Vec::new() },
            user: None,
            ttl: TOKEN_LIFE,
        };
        let token = self.issuer.mint(&request, Utc::now())?;
        tokens.insert(holder, (token.clone(), Instant::now()));
        Ok(token)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long the API wants a caller to wait.
fn patience(response: &Response) -> Option<Duration> {
    if response.status() != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
