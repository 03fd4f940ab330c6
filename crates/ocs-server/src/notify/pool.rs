//! Connections to one web server: so many at most, used again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A connection on which nothing was sent for so long is not used again: the web server, or
/// something on the way, may have forgotten it.
const STALE: Duration = Duration::from_secs(30);

pub(super) type Connection = SendRequest<Full<Bytes>>;

/// The connections to one web server.
pub(super) struct Pool {
    places: Semaphore,
    /// The one used last is used first.
    idle: Mutex<Vec<(Instant, Connection)>>,
}

impl Pool {
    pub(super) fn new(connections: usize) -> Self {
        Self {
            places: Semaphore::new(connections.max(1)),
            idle: Mutex::default(),
        }
    }

    /// Waits for a place for one message and its answer; `None` never, in truth, because
    /// nobody closes it.
    pub(super) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.places.acquire().await.ok()
    }

    /// A connection that is open and idle.
    pub(super) async fn take(&self) -> Option<Connection> {
        loop {
            let (since, mut connection) = {
                let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.pop()?
            };
            if since.elapsed() < STALE && connection.ready().await.is_ok() {
                return Some(connection);
            }
        }
    }

    /// It may be used again. Never more than there are places.
    pub(super) fn give_back(&self, connection: Connection) {
        if !connection.is_closed() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((Instant::now(), connection));
        }
    }
}
