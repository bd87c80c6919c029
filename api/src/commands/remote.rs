//! A server that runs, as a command talks to it.

use clap::Args;
use serde_json::{Value as Json, json};
use ureq::Agent;
use ureq::http::Uri;

use crate::commands::Failure;

/// Where a server is, and who calls it.
#[derive(Args)]
pub(super) struct Remote {
    /// Where the server is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The caller's token; read from the environment, so that no list of processes shows it.
    #[arg(long, env = "ENLACE_TOKEN", hide_env_values = true, hide = true)]
    token: Option<String>,
}

impl Remote {
    /// What stands in the `Authorization` header.
    pub(super) fn bearer(&self) -> Result<String, Failure> {
        let token = self.token.as_deref().ok_or("put the caller's token into the variable ENLACE_TOKEN")?;
        Ok(format!("Bearer {token}"))
    }

    /// A path of the server.
    pub(super) fn at(&self, path: &str) -> Result<Uri, Failure> {
        Ok(format!("{}{path}", self.url.trim_end_matches('/')).parse()?)
    }

    /// Runs a query; its response, whole.
    pub(super) fn query(&self, document: &str, variables: &Json) -> Result<Json, Failure> {
        let body = json!({"query": document, "variables": variables}).to_string();
        let mut response = agent()
            .post(self.at("/graphql")?)
            .header("authorization", self.bearer()?)
            .header("content-type", "application/json")
            .send(body)?;
        Ok(serde_json::from_reader(response.body_mut().as_reader())?)
    }
}

/// What sends requests; a status that is an error is an answer like any other.
pub(super) fn agent() -> Agent {
    Agent::new_with_config(Agent::config_builder().http_status_as_error(false).build())
}

/// An error as a person reads it.
pub(super) fn said(error: &Json) -> String {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let code = error.pointer("/extensions/code").map(text).unwrap_or_default();
    let argument = error.pointer("/extensions/argument").map(|name| format!(" ({})", text(name)));
    format!("{} [{code}]{}", error.get("message").map(text).unwrap_or_default(), argument.unwrap_or_default())
}
