//! Reading a request's body within its limits (R16).

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use enlace_schema::{Code, Error};

/// How many times the limit is read and thrown away before the connection is given up. A client that is still
/// sending does not read its answer.
const PATIENCE: usize = 4;

/// Reads the whole body, if it is not larger than `limit` bytes and arrives within the deadline.
pub(super) async fn read(body: Body, limit: usize, deadline: Duration) -> Result<Bytes, Error> {
    tokio::time::timeout(deadline, collect(body, limit)).await.unwrap_or_else(|_| {
        Err(Error::new(Code::RequestTimeout, "The body did not arrive in time. Send it again."))
    })
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Error> {
    let mut kept = BytesMut::new();
    let mut size = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| Error::new(Code::InvalidRequest, "The body broke off. Send it again."))?;
        let Ok(data) = frame.into_data() else { continue };
        size = size.saturating_add(data.len());
        if size <= limit {
            kept.extend_from_slice(&data);
        } else if size > limit.saturating_mul(PATIENCE) {
            break;
        }
    }
    if size > limit {
        return Err(Error::new(Code::BodyTooLarge, "The body is too large. Ask for less at a time.")
            .with("limit", limit));
    }
    Ok(kept.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit() {
        assert_eq!(read(Body::from("1234"), 4, SOON).await.unwrap(), "1234");
        assert_eq!(read(Body::from("12345"), 4, SOON).await.unwrap_err().code, Code::BodyTooLarge);
        let chunks = ["12", "34", "56"].map(Ok::<_, std::io::Error>);
        let streamed = Body::from_stream(futures_util::stream::iter(chunks));
        assert_eq!(read(streamed, 4, SOON).await.unwrap_err().code, Code::BodyTooLarge);
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_given_up() {
        let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(never, 4, Duration::from_millis(10)).await.unwrap_err().code, Code::RequestTimeout);
    }
}
