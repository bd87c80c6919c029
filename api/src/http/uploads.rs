//! `/imports/uploads`: files that arrive piece by piece, by tus 1.0.0 (core, creation, expiration and termination), so that a
//! connection that breaks off costs one piece and any client of that protocol can go on. A file that has come whole is imported by
//! `POST /imports/donations?upload=…`.

use std::fmt::Write;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request as HttpRequest, StatusCode, header};
use axum::response::Response as HttpResponse;
use http_body_util::BodyExt;

use enlace_schema::{Caller, Code, Error, Upload, elsewhere};

use super::origin::{UPLOADS, answered};
use super::reply::{Refusal, protect};
use super::{App, url};

/// Where uploads are begun; one of them is below.
pub(super) const PATH: &str = "/imports/uploads";
const VERSION: &str = "1.0.0";
const PIECES: &str = "application/offset+octet-stream";
/// How much of a file is kept at once: what a connection that breaks off costs at most.
const PIECE: usize = 256 << 10;

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Answers a request to `/imports/uploads` or to one of them.
pub(super) async fn handle(State(app): State<Arc<App>>, request: HttpRequest<Body>) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let mut response = answered(&app, parts, &UPLOADS, async |parts| {
        answer(&app, &parts, body).await.unwrap_or_else(Refusal::into_plain_response)
    })
    .await;
    response.headers_mut().insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    response
}

async fn answer(app: &App, parts: &Parts, body: Body) -> Result<HttpResponse, Refusal> {
    url::refuse_token(&parts.uri)?;
    if parts.method == Method::OPTIONS {
        return Ok(abilities(app));
    }
    if parts.headers.get(TUS_RESUMABLE).is_some_and(|version| version != VERSION) {
        let mut response = reply(StatusCode::PRECONDITION_FAILED, None);
        response.headers_mut().insert(TUS_VERSION, HeaderValue::from_static(VERSION));
        return Ok(response);
    }
    // Before the body: nothing is read of a caller that is refused.
    let identity = app.admit(parts).await?.ok_or_else(Refusal::token_missing)?;
    let caller = &identity.caller;
    let id = parts.uri.path().strip_prefix(PATH).and_then(|rest| rest.strip_prefix('/'));
    match (&parts.method, id) {
        (&Method::POST, None) => begin(app, caller, &parts.headers).await,
        (_, None) => Err(Refusal::method_not_allowed("POST, OPTIONS")),
        (&Method::HEAD, Some(id)) => Ok(reply(StatusCode::OK, Some(&app.enlace.upload(caller, id).await?))),
        (&Method::PATCH, Some(id)) => go_on(app, caller, id, &parts.headers, body).await,
        (&Method::DELETE, Some(id)) => {
            app.enlace.abandon_upload(caller, id).await?;
            Ok(reply(StatusCode::NO_CONTENT, None))
        }
        (_, Some(_)) => Err(Refusal::method_not_allowed("HEAD, PATCH, DELETE, OPTIONS")),
    }
}

/// What of the protocol is spoken here.
fn abilities(app: &App) -> HttpResponse {
    let mut response = reply(StatusCode::NO_CONTENT, None);
    let headers = response.headers_mut();
    headers.insert(TUS_VERSION, HeaderValue::from_static(VERSION));
    headers.insert(TUS_EXTENSION, HeaderValue::from_static("creation,expiration,termination"));
    headers.insert(TUS_MAX_SIZE, HeaderValue::from(app.settings.import_limit));
    response
}

async fn begin(app: &App, caller: &Caller, headers: &HeaderMap) -> Result<HttpResponse, Refusal> {
    let length = number(headers, &UPLOAD_LENGTH)?;
    if usize::try_from(length).is_ok_and(|length| length > app.settings.import_limit) {
        let message = "The file is too large. Divide it, or send the list alone.";
        let limit = app.settings.import_limit;
        return Err(Error::new(Code::BodyTooLarge, message).with("limit", limit).into());
    }
    let key = headers.get(IDEMPOTENCY_KEY).map(HeaderValue::to_str).transpose().map_err(|_| {
        Error::new(Code::InvalidRequest, "Idempotency-Key is a text of 8 to 200 characters; a UUID does.")
    })?;
    let upload = app.enlace.open_upload(caller, length, key).await?;
    let mut response = reply(StatusCode::CREATED, Some(&upload));
    let mut place = String::from(PATH);
    let _infallible = write!(place, "/{}", upload.id());
    let place = HeaderValue::from_str(&place).map_err(Error::internal)?;
    response.headers_mut().insert(header::LOCATION, place);
    Ok(response)
}

async fn go_on(
    app: &App,
    caller: &Caller,
    id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<HttpResponse, Refusal> {
    if headers.get(header::CONTENT_TYPE).is_none_or(|media| media != PIECES) {
        let message = format!("Send a piece of the file as {PIECES}.");
        return Err(Error::new(Code::UnsupportedMediaType, message).into());
    }
    let offset = number(headers, &UPLOAD_OFFSET)?;
    let mut upload = app.enlace.upload(caller, id).await?;
    if upload.received != offset {
        return Err(elsewhere().into());
    }
    let _place = app.open_stream()?;
    let keeping = keep(app, caller, &mut upload, body);
    let kept = tokio::time::timeout(app.settings.import_deadline, keeping).await;
    kept.unwrap_or_else(|_| {
        let message = "The piece did not arrive in time. Ask by HEAD what came, and send the rest.";
        Err(Error::new(Code::RequestTimeout, message))
    })?;
    Ok(reply(StatusCode::NO_CONTENT, Some(&upload)))
}

/// Keeps what comes, as it comes. Where the connection breaks off, what came before stays.
async fn keep(app: &App, caller: &Caller, upload: &mut Upload, mut body: Body) -> Result<(), Error> {
    let mut piece: Vec<u8> = Vec::with_capacity(PIECE);
    let mut broken = false;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            broken = true;
            break;
        };
        let Ok(data) = frame.into_data() else { continue };
        piece.extend_from_slice(&data);
        if piece.len() >= PIECE {
            app.enlace.continue_upload(caller, upload, &piece).await?;
            piece.clear();
        }
    }
    if !piece.is_empty() {
        app.enlace.continue_upload(caller, upload, &piece).await?;
    }
    if broken {
        let message = "The piece broke off. Ask by HEAD what came, and send the rest.";
        return Err(Error::new(Code::InvalidRequest, message));
    }
    Ok(())
}

/// A header that is a whole number.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<i64, Error> {
    let text = headers.get(name).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok()).filter(|number| *number >= 0).ok_or_else(|| {
        let message = format!("{name} is a header here, and a whole number of bytes.");
        Error::new(Code::InvalidRequest, message)
    })
}

/// An answer without a body, with where an upload is.
fn reply(status: StatusCode, upload: Option<&Upload>) -> HttpResponse {
    let mut response = HttpResponse::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    protect(headers);
    if let Some(upload) = upload {
        headers.insert(UPLOAD_OFFSET, HeaderValue::from(upload.received));
        headers.insert(UPLOAD_LENGTH, HeaderValue::from(upload.length));
        // As HTTP writes a time (RFC 9110 §5.6.7).
        let expires = upload.expires_at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(expires) = HeaderValue::from_str(&expires) {
            headers.insert(UPLOAD_EXPIRES, expires);
        }
    }
    response
}
