//! A request to `/graphql`: checked, authenticated, and sent on its way.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response as HttpResponse;
use tracing::Instrument;

use enlace_schema::{Carries, Code, Error, Request, Response};

use super::negotiate::{Accepts, MediaType, is_json};
use super::origin::{REQUESTS, answered};
use super::reply::{Refusal, respond};
use super::{App, body, events, request, socket, staleness, trace, url};

const METHODS: &str = "GET, POST, OPTIONS";

/// Answers a request to `/graphql`, whatever it is.
pub(super) async fn handle(State(app): State<Arc<App>>, request: HttpRequest) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let span = trace::request(&parts.method, &parts.headers);
    let answering = answered(&app, parts, &REQUESTS, async |parts| answer(&app, parts, body).await);
    let response = answering.instrument(span.clone()).await;
    trace::answered(&span, response.status());
    response
}

async fn answer(app: &Arc<App>, mut parts: Parts, body: Body) -> HttpResponse {
    if let Err(error) = url::refuse_token(&parts.uri) {
        return Refusal::from(error).into_response(MediaType::Json);
    }
    if is_upgrade(&parts.headers) {
        return socket::upgrade(app, &mut parts)
            .await
            .unwrap_or_else(|refusal| refusal.into_response(MediaType::Json));
    }
    let accepts = Accepts::read(&parts.headers);
    // A client that accepts a stream only is told in JSON why it gets none.
    let media = accepts.response.unwrap_or(MediaType::Json);
    let mut response =
        dispatch(app, &parts, body, accepts).await.unwrap_or_else(|refusal| refusal.into_response(media));
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept, Authorization"));
    response
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.get(header::UPGRADE).is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

async fn dispatch(
    app: &Arc<App>,
    parts: &Parts,
    body: Body,
    accepts: Accepts,
) -> Result<HttpResponse, Refusal> {
    let carries = match parts.method {
        Method::GET => Carries::Queries,
        Method::POST => Carries::QueriesAndMutations,
        _ => return Err(Refusal::method_not_allowed(METHODS)),
    };
    if carries == Carries::QueriesAndMutations && !is_json(&parts.headers) {
        return Err(Error::new(
            Code::UnsupportedMediaType,
            "Send the request as `application/json` in UTF-8.",
        )
        .into());
    }
    if accepts.response.is_none() && !accepts.stream {
        let message = "Accept application/graphql-response+json, application/json or text/event-stream.";
        return Err(Error::new(Code::NotAcceptable, message).into());
    }
    // Before the body: nothing is read of a caller that is refused.
    let identity = app.admit(parts).await?;
    let request = read(app, parts, body).await?;
    match accepts.response {
        // Where both are accepted, a subscription is streamed and all else is answered at once.
        Some(media) if !(accepts.stream && app.enlace.is_subscription(&request)) => {
            let at_most = staleness::allowed(&parts.headers);
            let response: Response = app.execute(identity.as_ref(), &request, carries, at_most).await;
            let age = response.age.map(staleness::told);
            let mut reply = respond(response, media);
            reply.headers_mut().extend(age.map(|age| (header::AGE, age)));
            Ok(reply)
        }
        _ => {
            let identity = identity.ok_or_else(Refusal::token_missing)?;
            events::open(app, identity, &parts.headers, &request, carries).await
        }
    }
}

async fn read(app: &App, parts: &Parts, body: Body) -> Result<Request, Error> {
    if parts.method == Method::GET {
        return request::from_query(&parts.uri);
    }
    let json = body::read(body, app.settings.body_limit, app.settings.body_deadline).await?;
    request::from_json(&json)
}
