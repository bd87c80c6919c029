//! Sending a file piece by piece: where the connection breaks off, it goes on from what came.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value as Json;
use ureq::Body;
use ureq::http::Response;

use crate::commands::Failure;
use crate::commands::remote::{Remote, agent, said};

/// How long is waited before each attempt that follows one in which nothing came.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// Sends a file under a key; the upload's id. The same file under the same key goes on where it was left, also by another run.
pub(super) fn upload(remote: &Remote, file: &mut File, key: &str) -> Result<String, Failure> {
    let length = file.metadata()?.len();
    let mut pauses = PAUSES.iter();
    let mut came = 0;
    loop {
        let begun = begin(remote, length, key);
        // What the server refuses it refuses again; a connection may come back.
        let failure = match begun {
            Ok(Begun::Refused(why)) => return Err(why.into()),
            Ok(Begun::At { upload, offset }) => {
                if offset >= length {
                    return Ok(upload);
                }
                if offset > came {
                    (came, pauses) = (offset, PAUSES.iter());
                    eprintln!("{offset} of {length} bytes have come; going on from there");
                }
                match go_on(remote, file, &upload, offset) {
                    Ok(()) => continue,
                    Err(failure) => failure,
                }
            }
            Err(failure) => failure,
        };
        let Some(pause) = pauses.next() else {
            return Err(
                format!("{failure}; run the same command again, and it goes on from what came").into()
            );
        };
        sleep(*pause);
    }
}

/// What came of beginning, or of beginning again.
enum Begun {
    At { upload: String, offset: u64 },
    Refused(String),
}

fn begin(remote: &Remote, length: u64, key: &str) -> Result<Begun, Failure> {
    let response = agent()
        .post(remote.at("/imports/uploads")?)
        .header("authorization", remote.bearer()?)
        .header("tus-resumable", "1.0.0")
        .header("upload-length", length)
        .header("idempotency-key", key)
        .send_empty()?;
    if response.status().is_client_error() {
        return Ok(Begun::Refused(refusal(response)));
    }
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let upload = header("location").and_then(|place| place.rsplit('/').next());
    let offset = header("upload-offset").and_then(|offset| offset.parse().ok());
    match (upload, offset) {
        (Some(upload), Some(offset)) => Ok(Begun::At { upload: upload.to_owned(), offset }),
        _ => Err(refusal(response).into()),
    }
}

fn go_on(remote: &Remote, file: &mut File, upload: &str, offset: u64) -> Result<(), Failure> {
    file.seek(SeekFrom::Start(offset))?;
    let mut rest = file.by_ref();
    let response = agent()
        .patch(remote.at(&format!("/imports/uploads/{upload}"))?)
        .header("authorization", remote.bearer()?)
        .header("tus-resumable", "1.0.0")
        .header("upload-offset", offset)
        .header("content-type", "application/offset+octet-stream")
        .send(ureq::SendBody::from_reader(&mut rest))?;
    if response.status().is_success() { Ok(()) } else { Err(refusal(response).into()) }
}

/// What a refusal says.
fn refusal(mut response: Response<Body>) -> String {
    let status = response.status();
    let body: Option<Json> = serde_json::from_reader(response.body_mut().as_reader()).ok();
    let error = body.as_ref().and_then(|body| body.pointer("/errors/0"));
    error.map_or_else(|| format!("the server answered {status}"), said)
}
