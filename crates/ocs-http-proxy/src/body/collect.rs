//! Bringing a body in, within its limits of size and time.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::watch::Fault;

/// How long the body of a refused request may take to come, for the connection to go on.
const PASSING: Duration = Duration::from_secs(2);

/// Bytes of a body that every connection has room for.
const OWN: usize = 64 << 10;
/// Bytes that all larger bodies together may have while they come in.
const TOGETHER: usize = 64 << 20;
/// What is counted as one.
const UNIT: usize = 1 << 10;

/// Room for larger bodies while they come in: ten thousand connections could send ten
/// gigabytes, and then wait.
pub(crate) struct Room(Semaphore);

impl Default for Room {
    fn default() -> Self {
        Self(Semaphore::new(TOGETHER / UNIT))
    }
}

impl Room {
    /// Room for so many bytes more.
    fn take(&self, bytes: usize) -> Result<SemaphorePermit<'_>, Refusal> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        self.0.try_acquire_many(units).map_err(|_| {
            Refusal::new(
                ErrorNumber::Overloaded,
                format!(
                    "bodies of {} MiB are coming in, which are the most; try again in a moment",
                    TOGETHER >> 20
                ),
            )
        })
    }
}

/// Brings a body in.
///
/// # Errors
/// It is over the limit, does not arrive in time, is cut short, or there is no room. The
/// connection cannot go on then.
pub(crate) async fn collect(
    body: Incoming,
    room: &Room,
    limit: usize,
    patience: Duration,
) -> Result<Bytes, Refusal> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    match tokio::time::timeout(patience, gather(body, room, limit)).await {
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

/// The refusal of a body that could not be read to its end.
pub(crate) fn broken(error: &hyper::Error) -> Refusal {
    if is_malformed(error) {
        return Fault::Chunk.refusal();
    }
    super::malformed(
        "the body ended before it was whole; send as many bytes as Content-Length says, \
         or end the last chunk",
    )
}

/// Whether a body's chunks are not as they must be: hyper says so, and the watch.
pub(crate) fn is_malformed(error: &hyper::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        if let Some(ErrorKind::InvalidInput | ErrorKind::InvalidData) = kind {
            return true;
        }
        source = cause.source();
    }
    false
}

/// The refusal of a body that is too large.
pub(crate) fn too_large(limit: u64) -> Refusal {
    Refusal::new(
        ErrorNumber::BodyTooLarge,
        format!("the body is over the limit of {limit} bytes; send less at once"),
    )
}

/// Passes over the body of a request that was refused before it was read. Says whether
/// it ended, so that the connection can go on; who is left with more hears the refusal
/// all the same (`stream`).
pub(crate) async fn pass_over(body: &mut Incoming, limit: usize) -> bool {
    if body.size_hint().lower() > limit as u64 {
        return false;
    }
    let mut left = limit;
    let over = async {
        while let Some(frame) = body.frame().await {
            let length = frame.ok()?.data_ref().map_or(0, Bytes::len);
            left = left.checked_sub(length)?;
        }
        Some(())
    };
    matches!(tokio::time::timeout(PASSING, over).await, Ok(Some(())))
}

async fn gather(mut body: Incoming, room: &Room, limit: usize) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit as u64));
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut taken: Option<SemaphorePermit<'_>> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + all.len() + data.len() > limit {
            return Err(too_large(limit as u64));
        }
        // Nearly every body comes in one piece, which is then not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            if all.len() + data.len() > OWN {
                let more = room.take(data.len())?;
                match &mut taken {
                    Some(taken) => taken.merge(more),
                    none => *none = Some(more),
                }
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}
