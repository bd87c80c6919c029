//! `/imports/donations`: a donation whose lines stand in a file. It has a way of its own, since a file is larger than a request may
//! be (R16): its body is streamed to disk, and what is found is streamed back, one JSON object on a line, as it is found.

use std::convert::Infallible;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, Request as HttpRequest, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response as HttpResponse;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Receiver;

use enlace_schema::{Code, Error, Import, Told};

use super::App;
use super::origin::{REQUESTS, answered};
use super::reply::{Refusal, protect};
use super::url;

/// What a list of goods may be sent as. None of them is a type that a browser sends without asking first (R14).
const MEDIA: &[&str] = &[
    "text/csv",
    "text/tab-separated-values",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
];

/// How much of a file is written at once.
const PIECE: usize = 256 << 10;

/// Answers a request to `/imports/donations`.
pub(super) async fn handle(State(app): State<Arc<App>>, request: HttpRequest) -> HttpResponse {
    let (parts, body) = request.into_parts();
    answered(&app, parts, &REQUESTS, async |parts| {
        import(&app, &parts, body).await.unwrap_or_else(Refusal::into_plain_response)
    })
    .await
}

async fn import(app: &App, parts: &Parts, body: Body) -> Result<HttpResponse, Refusal> {
    url::refuse_token(&parts.uri)?;
    if parts.method != Method::POST {
        return Err(Refusal::method_not_allowed("POST, OPTIONS"));
    }
    let Query(import) = Query::<Import>::try_from_uri(&parts.uri).map_err(|error| {
        Error::new(Code::InvalidRequest, format!("The parameters do not fit: {}.", error.body_text()))
    })?;
    if import.upload.is_none() && !is_file(&parts.headers) {
        let message = format!("Send the file as one of {}.", MEDIA.join(", "));
        return Err(Error::new(Code::UnsupportedMediaType, message).into());
    }
    // Before the body: nothing is read of a caller that is refused.
    let identity = app.admit(parts).await?.ok_or_else(Refusal::token_missing)?;
    let place = app.open_stream()?;
    let (file, digest) = if let Some(upload) = &import.upload {
        app.enlace.uploaded(&identity.caller, upload).await?
    } else {
        let receiving = receive(body, app.settings.import_limit);
        let received = tokio::time::timeout(app.settings.import_deadline, receiving).await;
        received.unwrap_or_else(|_| {
            Err(Error::new(Code::RequestTimeout, "The file did not arrive in time. Send it again."))
        })?
    };
    let mut told = app.enlace.import_donation(&identity.caller, import, file, digest);
    // What fails before a line is read has a status of its own.
    match told.recv().await {
        None => Err(Error::new(Code::ShuttingDown, "The server is stopping. Send the file again.").into()),
        Some(Told::Failed(error)) => Err(error.into()),
        Some(first) => Ok(report(first, told, place)),
    }
}

fn is_file(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media =
        media.and_then(|media| media.split(';').next()).map(|media| media.trim().to_ascii_lowercase());
    media.is_some_and(|media| MEDIA.contains(&media.as_str()))
}

/// Receives a file into a place that has no name and is gone when it is closed; with its SHA-256.
async fn receive(mut body: Body, limit: usize) -> Result<(File, [u8; 32]), Error> {
    let failed = |error: std::io::Error| {
        tracing::error!(%error, "a file that was sent could not be kept");
        Error::new(Code::Unavailable, "The file cannot be kept just now. Try again shortly.")
    };
    let file = tempfile::tempfile().map_err(failed)?;
    let (mut digest, mut size, mut piece) = (Sha256::new(), 0_usize, Vec::with_capacity(PIECE));
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| Error::new(Code::InvalidRequest, "The file broke off. Send it again."))?;
        let Ok(data) = frame.into_data() else { continue };
        size = size.saturating_add(data.len());
        if size > limit {
            let message = "The file is too large. Divide it, or send the list alone.";
            return Err(Error::new(Code::BodyTooLarge, message).with("limit", limit));
        }
        digest.update(&data);
        piece.extend_from_slice(&data);
        if piece.len() >= PIECE {
            piece = written(&file, std::mem::take(&mut piece)).await.map_err(failed)?;
        }
    }
    written(&file, piece).await.map_err(failed)?;
    Ok((file, digest.finalize().into()))
}

/// Writes a piece where waiting for the disk holds nobody up; its buffer, emptied.
async fn written(file: &File, mut piece: Vec<u8>) -> std::io::Result<Vec<u8>> {
    let mut file = file.try_clone()?;
    tokio::task::spawn_blocking(move || {
        file.write_all(&piece)?;
        piece.clear();
        Ok(piece)
    })
    .await?
}

/// What is told, as it is told. A report that does not end in an outcome or an error broke off, and nothing was received.
fn report(first: Told, told: Receiver<Told>, place: OwnedSemaphorePermit) -> HttpResponse {
    let lines = stream::unfold((Some(first), told, place), |(first, mut told, place)| async move {
        let next = match first {
            Some(first) => first,
            None => told.recv().await?,
        };
        Some((Ok::<_, Infallible>(line(&next)), (None, told, place)))
    });
    let mut response = HttpResponse::new(Body::from_stream(lines));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    protect(headers);
    response
}

fn line(told: &Told) -> Bytes {
    let mut text = match told {
        Told::Failed(error) => serde_json::json!({"error": error.to_json(None)}).to_string(),
        told => serde_json::to_string(told).unwrap_or_default(),
    };
    text.push('\n');
    text.into()
}
