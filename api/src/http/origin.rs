//! Requests from pages of other sites (R14).
//!
//! A browser says where a request comes from: by `Origin` on a POST, a WebSocket and a request of `fetch`, by
//! `Sec-Fetch-Site` on all. A request from another site is refused unless that site's origin is listed, whatever
//! the request would have done; and since a POST must be JSON and credentials travel in a header that no browser
//! adds of itself, nothing that a browser sends without a preflight has an effect.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response as HttpResponse;

use enlace_schema::{Code, Error};

use super::App;
use super::negotiate::MediaType;
use super::reply::Refusal;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a page of a listed origin may send to a path, besides what every page may.
pub(super) struct Allowed {
    methods: &'static str,
    headers: &'static str,
}

/// To GraphQL, and with a list of goods.
pub(super) const REQUESTS: Allowed = Allowed {
    methods: "GET, POST",
    headers: "authorization, cache-control, content-type, enlace-purpose, last-event-id",
};
/// With files that come piece by piece.
pub(super) const UPLOADS: Allowed = Allowed {
    methods: "POST, HEAD, PATCH, DELETE",
    headers: "authorization, content-type, idempotency-key, tus-resumable, upload-length, upload-offset",
};
/// What its script may read besides what every script may.
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static(
    "age, etag, location, retry-after, tus-resumable, upload-expires, upload-length, upload-offset, www-authenticate",
);

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Site {
    /// A page of ours, or no page at all.
    Own,
    /// A page of this listed origin.
    Listed(HeaderValue),
}

impl Site {
    /// Where the request comes from; refused where that is a site which is not listed.
    pub(super) fn of(headers: &HeaderMap, allowed: &[String]) -> Result<Self, Error> {
        let refused = || {
            Error::new(
                Code::CrossSiteRefused,
                "Pages of this origin may not call here. Have it added to the allowed origins.",
            )
        };
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => match headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes) {
                // `none` is a person who typed the address.
                None | Some(b"same-origin" | b"none") => Ok(Self::Own),
                Some(_) => Err(refused()),
            },
            (Some(origin), None) if allowed.iter().any(|listed| origin == listed.as_str()) => {
                Ok(Self::Listed(origin.clone()))
            }
            (Some(origin), None) if is_own(origin, headers) => Ok(Self::Own),
            _ => Err(refused()),
        }
    }

    /// Says in the response that the origin may read it.
    pub(super) fn admit(&self, response: &mut HttpResponse) {
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Self::Listed(origin) = self {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        }
    }
}

/// Answers a request whose site may ask: a preflight by what the path allows, anything else by `answer`.
pub(super) async fn answered(
    app: &App,
    parts: Parts,
    allowed: &Allowed,
    answer: impl AsyncFnOnce(Parts) -> HttpResponse,
) -> HttpResponse {
    let response = match Site::of(&parts.headers, &app.settings.allowed_origins) {
        Err(error) => Refusal::from(error).into_response(MediaType::Json),
        Ok(site) => {
            let asks = preflight(&site, &parts.headers, allowed).filter(|_| parts.method == Method::OPTIONS);
            let mut response = match asks {
                Some(response) => response,
                None => answer(parts).await,
            };
            site.admit(&mut response);
            response
        }
    };
    app.metrics.count(response.status());
    response
}

/// The answer to a preflight from a listed origin; nothing where the request is none.
fn preflight(site: &Site, headers: &HeaderMap, allowed: &Allowed) -> Option<HttpResponse> {
    let is_preflight = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight || *site == Site::Own {
        return None;
    }
    let mut response = HttpResponse::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allowed.methods));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(allowed.headers));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    Some(response)
}

/// Whether the origin's host and port are those that the request was sent to.
fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let (Some(host), Ok(origin)) = (host, origin.to_str()) else { return false };
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(headers: &[(&'static str, &'static str)]) -> Result<Site, Code> {
        let named = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        let headers: HeaderMap = headers.iter().map(named).collect();
        Site::of(&headers, &["https://console.example".to_owned()]).map_err(|error| error.code)
    }

    #[test]
    fn programs_and_own_pages_may_call() {
        for headers in [
            &[][..],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-origin")],
            &[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")],
        ] {
            assert_eq!(site(headers), Ok(Site::Own), "{headers:?}");
        }
    }

    #[test]
    fn pages_of_other_sites_may_not() {
        for headers in [
            &[("origin", "https://other.example")][..],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1:9"), ("host", "127.0.0.1:8080")],
            &[("origin", "https://console.example.other")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
        ] {
            assert_eq!(site(headers), Err(Code::CrossSiteRefused), "{headers:?}");
        }
    }

    #[test]
    fn a_listed_origin_may_call_and_read() {
        let listed =
            site(&[("origin", "https://console.example"), ("sec-fetch-site", "cross-site")]).unwrap();
        let mut response = HttpResponse::new(Body::empty());
        listed.admit(&mut response);
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://console.example");
        assert_eq!(response.headers()[header::VARY], "Origin");
        let asks =
            HeaderMap::from_iter([(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"))]);
        assert_eq!(preflight(&listed, &asks, &REQUESTS).unwrap().status(), StatusCode::NO_CONTENT);
        assert!(preflight(&listed, &HeaderMap::new(), &REQUESTS).is_none());
        assert!(preflight(&Site::Own, &asks, &UPLOADS).is_none());
    }
}
