//! What is served besides GraphQL.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response as HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::App;
use super::negotiate::MediaType;
use super::reply::{Refusal, protect};
use super::url;

/// How long the database may take to show that it is there.
const READY_DEADLINE: Duration = Duration::from_secs(2);

const INDEX: &str = include_str!("index.html");

/// `/`: what this is, for a person.
pub(super) async fn index() -> HttpResponse {
    let mut response = page(StatusCode::OK, "text/html; charset=utf-8", INDEX);
    let policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// `/health`: whether the process answers.
pub(super) async fn health() -> HttpResponse {
    page(StatusCode::OK, "text/plain; charset=utf-8", "ok\n")
}

/// `/ready`: whether requests can be answered, which takes the database, and a server that is not stopping.
pub(super) async fn ready(State(app): State<Arc<App>>) -> HttpResponse {
    let is_stopping = *app.stopping.borrow();
    let checked = tokio::time::timeout(READY_DEADLINE, app.enlace.check()).await;
    if !is_stopping && matches!(checked, Ok(Ok(()))) {
        page(StatusCode::OK, "text/plain; charset=utf-8", "ready\n")
    } else {
        page(StatusCode::SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", "not ready\n")
    }
}

/// `/metrics`: what was counted, as Prometheus reads it.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> HttpResponse {
    page(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", app.metrics.text(&app.gauges().await))
}

/// `/.well-known/jwks.json`: the development issuer's public keys.
pub(super) async fn jwks(State(app): State<Arc<App>>) -> HttpResponse {
    page(StatusCode::OK, "application/jwk-set+json", app.jwks.clone().unwrap_or_default())
}

/// `/schema.graphql`: the schema as the caller sees it (R7).
pub(super) async fn schema(State(app): State<Arc<App>>, parts: Parts) -> HttpResponse {
    let mut response =
        role_view(&app, &parts).await.unwrap_or_else(|refusal| refusal.into_response(MediaType::Json));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Authorization"));
    response
}

async fn role_view(app: &App, parts: &Parts) -> Result<HttpResponse, Refusal> {
    url::refuse_token(&parts.uri)?;
    let caller = match app.admit(parts).await? {
        Some(identity) => identity.caller,
        None => app.enlace.caller(None)?,
    };
    let sdl = app.enlace.sdl(&caller)?;
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&sdl)));
    let mut response = if is_known(&parts.headers, &tag) {
        page(StatusCode::NOT_MODIFIED, "application/graphql; charset=utf-8", "")
    } else {
        page(StatusCode::OK, "application/graphql; charset=utf-8", sdl)
    };
    let headers = response.headers_mut();
    // Kept by the caller alone, and asked for anew each time: what it may see can change.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Whether `If-None-Match` names the tag, by weak comparison (RFC 9110 §13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

fn page(status: StatusCode, media: &'static str, body: impl Into<Body>) -> HttpResponse {
    let mut response = HttpResponse::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    protect(headers);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_compared_weakly_and_in_lists() {
        let known = |value| {
            is_known(
                &HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))]),
                "\"a\"",
            )
        };
        assert!(known("\"a\"") && known("W/\"a\"") && known("\"b\", \"a\"") && known("*"));
        assert!(!known("\"b\"") && !known("a"));
        assert!(!is_known(&HeaderMap::new(), "\"a\""));
    }
}
