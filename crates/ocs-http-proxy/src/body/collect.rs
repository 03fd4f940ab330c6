//! Bringing a body in, within its limits of size and time.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;

/// How long a body that is refused for its size is still read, so that a client
/// that writes before it reads can read its 413.
const DRAIN: Duration = Duration::from_secs(2);

/// Brings a body in.
///
/// # Errors
/// It is over the limit, does not arrive in time, or is cut short. The connection
/// cannot go on then.
pub(crate) async fn collect(
    body: Incoming,
    limit: usize,
    patience: Duration,
) -> Result<Bytes, Refusal> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    match tokio::time::timeout(patience, gather(body, limit)).await {
        Ok(gathered) => gathered,
        Err(_) => Err(too_slow(patience)),
    }
}

/// The refusal of a body that did not arrive in time.
pub(crate) fn too_slow(patience: Duration) -> Refusal {
    Refusal::new(
        ErrorNumber::TooSlow,
        format!("the body did not arrive within {patience:?}"),
    )
}

/// The refusal of a body that ended too early.
pub(crate) fn cut_short() -> Refusal {
    Refusal::new(
        ErrorNumber::MalformedBody,
        "the body ended before it was whole; send as many bytes as Content-Length says, \
         or end the last chunk",
    )
}

/// The refusal of a body that is too large.
pub(crate) fn too_large(limit: u64) -> Refusal {
    Refusal::new(
        ErrorNumber::BodyTooLarge,
        format!("the body is over the limit of {limit} bytes; send less at once"),
    )
}

/// Reads a body that is refused for a moment longer, so that a client that writes
/// before it reads can read why.
pub(crate) async fn drain(body: &mut Incoming) {
    let deadline = Instant::now() + DRAIN;
    while let Ok(Some(Ok(_))) = tokio::time::timeout_at(deadline.into(), body.frame()).await {}
}

async fn gather(mut body: Incoming, limit: usize) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > limit as u64 {
        drain(&mut body).await;
        return Err(too_large(limit as u64));
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| cut_short())?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + all.len() + data.len() > limit {
            drain(&mut body).await;
            return Err(too_large(limit as u64));
        }
        // Nearly every body comes in one piece, which is then not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}
