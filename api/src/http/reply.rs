//! How a response and a refusal are written in HTTP (R11, R17).

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response as HttpResponse;

use enlace_schema::{Code, Error, Response};

use super::negotiate::MediaType;

/// A request that a transport refuses: its error, and the header that goes with the status.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: Error,
    header: Option<(HeaderName, HeaderValue)>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let header = companion(error.code);
        Self { error, header }
    }
}

impl Refusal {
    /// A token is needed and there is none. Without an `error`, as RFC 6750 §3.1 has it for a request that
    /// brings no credentials.
    pub(super) fn token_missing() -> Self {
        let error = Error::new(
            Code::Unauthenticated,
            "A token is needed here. Send it as `Authorization: Bearer …`.",
        );
        Self { error, header: Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))) }
    }

    /// The caller asks too often (R16).
    pub(super) fn rate_limited(wait: Duration) -> Self {
        let error = Error::new(Code::RateLimited, "Too many requests. Wait as `Retry-After` says.");
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self { error, header: Some((header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))) }
    }

    /// The path takes other methods.
    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        let error = Error::new(Code::MethodNotAllowed, format!("This path takes {allow}."));
        Self { error, header: Some((header::ALLOW, HeaderValue::from_static(allow))) }
    }

    /// The HTTP response of a path that is not GraphQL's: what GraphQL would answer beside data has a status of its own.
    pub(super) fn into_plain_response(self) -> HttpResponse {
        let status = match self.error.code {
            Code::Forbidden => Some(StatusCode::FORBIDDEN),
            Code::NotFound => Some(StatusCode::NOT_FOUND),
            Code::StateConflict | Code::IdempotencyConflict => Some(StatusCode::CONFLICT),
            Code::InvalidArgument | Code::InvalidId => Some(StatusCode::UNPROCESSABLE_ENTITY),
            _ => None,
        };
        let mut response = self.into_response(MediaType::Json);
        *response.status_mut() = status.unwrap_or_else(|| response.status());
        response
    }

    /// The HTTP response.
    pub(super) fn into_response(self, media: MediaType) -> HttpResponse {
        let mut response = respond(Response::refusal(&self.error), media);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// The header that the status of a code demands or deserves.
fn companion(code: Code) -> Option<(HeaderName, HeaderValue)> {
    match code {
        Code::Unauthenticated | Code::TokenExpired | Code::TokenRevoked => {
            Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\"")))
        }
        // Of GraphQL operations only a mutation meets this: one that was sent by GET.
        Code::MethodNotAllowed => Some((header::ALLOW, HeaderValue::from_static("POST"))),
        Code::RateLimited | Code::Unavailable | Code::ShuttingDown => {
            Some((header::RETRY_AFTER, HeaderValue::from_static("1")))
        }
        _ => None,
    }
}

/// A GraphQL response as HTTP.
pub(super) fn respond(response: Response, media: MediaType) -> HttpResponse {
    let mut reply = HttpResponse::new(Body::from(response.body));
    *reply.status_mut() = status(response.refused, media);
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, media.header());
    if let Some((name, value)) = response.refused.and_then(companion) {
        headers.insert(name, value);
    }
    protect(headers);
    reply
}

/// The headers of every answer with data in it: kept by no cache, taken for nothing but what it is.
pub(super) fn protect(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
}

/// The status of a response. As `application/json`, whatever GraphQL itself finds wrong with a well-formed
/// request is 200 (GraphQL over HTTP, «application/json»); our limits, deadlines and refusals are not GraphQL's
/// and keep their own status (R15). As `application/graphql-response+json`, a response without `data` must not be
/// 2xx.
fn status(refused: Option<Code>, media: MediaType) -> StatusCode {
    let Some(code) = refused else { return StatusCode::OK };
    let is_of_graphql = matches!(
        code,
        Code::DocumentSyntax
            | Code::DocumentInvalid
            | Code::OperationUnknown
            | Code::OperationNotSupported
            | Code::VariablesInvalid
    );
    if media == MediaType::Json && is_of_graphql {
        return StatusCode::OK;
    }
    match StatusCode::from_u16(code.status()) {
        Ok(status) if !status.is_success() => status,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_that_of_the_media_type() {
        let cases = [
            (None, 200, 200),
            (Some(Code::DocumentSyntax), 200, 400),
            (Some(Code::VariablesInvalid), 200, 400),
            (Some(Code::DocumentTooComplex), 400, 400),
            (Some(Code::InvalidRequest), 400, 400),
            (Some(Code::MethodNotAllowed), 405, 405),
            (Some(Code::DeadlineExceeded), 503, 503),
            (Some(Code::FieldForbidden), 400, 400),
        ];
        for (refused, json, newer) in cases {
            assert_eq!(status(refused, MediaType::Json).as_u16(), json, "{refused:?}");
            assert_eq!(status(refused, MediaType::GraphqlResponse).as_u16(), newer, "{refused:?}");
        }
    }

    #[test]
    fn a_refusal_has_its_header() {
        let header =
            |refusal: Refusal, name| refusal.into_response(MediaType::Json).headers().get(name).cloned();
        assert_eq!(
            header(Refusal::rate_limited(Duration::from_millis(1200)), header::RETRY_AFTER).unwrap(),
            "2"
        );
        assert_eq!(
            header(Refusal::rate_limited(Duration::from_millis(5)), header::RETRY_AFTER).unwrap(),
            "1"
        );
        assert_eq!(header(Refusal::token_missing(), header::WWW_AUTHENTICATE).unwrap(), "Bearer");
        let expired = Refusal::from(Error::new(Code::TokenExpired, "x"));
        assert_eq!(header(expired, header::WWW_AUTHENTICATE).unwrap(), "Bearer error=\"invalid_token\"");
    }
}
