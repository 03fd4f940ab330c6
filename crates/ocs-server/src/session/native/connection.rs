//! One connection of a client, kept while it is of use: it has a session, or will
//! have one soon.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Mutex, MutexGuard, Notify, OwnedSemaphorePermit, Semaphore, watch};

use tonic::Status;

use super::service::Called;
use super::waiting::Waiting;
use super::{
    ALIVE_WITHIN, CONNECTION_WINDOW, FAREWELL, KEEP_ALIVE, SEND_BUFFER, STREAMS, UNJUDGED, WINDOW,
    WITHOUT_SESSION,
};

/// What the sessions of a connection know of it.
pub(super) struct Kept {
    client: SocketAddr,
    sessions: watch::Sender<usize>,
    /// A place for every call that is not judged yet.
    unjudged: Arc<Semaphore>,
    end: Arc<Notify>,
    /// Held while a wrong hello waits for its refusal.
    guess: Mutex<()>,
}

/// A session on a connection; no longer when it is dropped.
pub(super) struct InSession(Arc<Kept>);

impl Kept {
    pub(super) fn of(client: SocketAddr) -> Self {
        Self {
            client,
            sessions: watch::Sender::new(0),
            unjudged: Arc::new(Semaphore::new(UNJUDGED)),
            end: Arc::default(),
            guess: Mutex::default(),
        }
    }

    pub(super) fn client(&self) -> SocketAddr {
        self.client
    }

    /// Ends the connection, whatever is on it.
    pub(super) fn end(&self) {
        self.end.notify_one();
    }

    pub(super) fn enter(kept: &Arc<Self>) -> InSession {
        kept.sessions.send_modify(|sessions| *sessions += 1);
        InSession(Arc::clone(kept))
    }

    /// Begins a call; what it answers with is held until the call is judged. A connection
    /// without a session has few places for such calls, whose bytes wait unread.
    pub(super) fn begin_call(&self) -> Result<Option<OwnedSemaphorePermit>, Status> {
        match Arc::clone(&self.unjudged).try_acquire_owned() {
            Ok(place) => Ok(Some(place)),
            Err(_) if *self.sessions.borrow() > 0 => Ok(None),
            Err(_) => Err(Status::resource_exhausted(format!(
                "{UNJUDGED} calls wait on this connection, and it has no session yet; wait for \
                 one of them"
            ))),
        }
    }

    pub(super) async fn guessing(&self) -> MutexGuard<'_, ()> {
        self.guess.lock().await
    }

    /// Resolves when the connection has to end: it is told to, or has been without a
    /// session for too long, or has none when OCS stops.
    pub(super) async fn of_no_use(&self, waiting: &Waiting, mut stopping: watch::Receiver<bool>) {
        let ended = pin!(self.end.notified());
        let idle = async {
            let mut sessions = self.sessions.subscribe();
            loop {
                {
                    let _place = waiting.enter(Arc::clone(&self.end));
                    let begun = sessions.wait_for(|sessions| *sessions > 0);
                    if tokio::time::timeout(WITHOUT_SESSION, begun).await.is_err() {
                        return;
                    }
                }
                // The sender is this connection's own.
                let _ = sessions.wait_for(|sessions| *sessions == 0).await;
            }
        };
        let last = async {
            stopped(&mut stopping).await;
            if *self.sessions.borrow() > 0 {
                // Sessions end in order, and their connection with them.
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(FAREWELL).await;
        };
        tokio::select! {
            () = ended => {}
            () = idle => {}
            () = last => {}
        }
    }
}

impl Drop for InSession {
    fn drop(&mut self) {
        self.0.sessions.send_modify(|sessions| *sessions -= 1);
    }
}

/// Resolves when OCS stops.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Without a sender, OCS has stopped.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Serves a connection until either side ends it.
pub(super) async fn serve<C>(
    connection: C,
    kept: &Kept,
    service: Called,
    mut stopping: watch::Receiver<bool>,
) where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let served = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_concurrent_streams(STREAMS)
        // Also a client whose machine is gone is noticed.
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(ALIVE_WITHIN)
        .serve_connection(TokioIo::new(connection), service);
    let mut served = pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stopped(&mut stopping) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(client = %kept.client, %error, "a connection ended early");
    }
}
