//! The supervisor of HTTP Proxy: it starts the process, waits for its end, and
//! starts it again after the Reconnect Timeout (configuration.md, section 2).

mod child;

use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Signal, pidfd_send_signal};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use child::start;

/// The thread that starts HTTP Proxy and waits for it.
///
/// The system ends a child whose parent-death signal is set when the *thread*
/// that made it ends: so that thread lives as long as OCS.
pub(crate) struct Supervisor {
    watched: Arc<Watched>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Watched {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stopping: bool,
    /// The running process, by a descriptor that never means another one.
    process: Option<Arc<OwnedFd>>,
}

impl Supervisor {
    /// Starts HTTP Proxy now, and again whenever it ends. OCS's end of each
    /// connection goes to `connections`.
    pub(crate) fn start(
        reconnect_timeout: Duration,
        connections: mpsc::Sender<UnixStream>,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Handle::current();
        let watched = Arc::new(Watched::default());
        let shared = Arc::clone(&watched);
        let connect = move |stream: StdUnixStream| {
            // Registering with the runtime needs to be inside of it.
            let _inside = runtime.enter();
            stream.set_nonblocking(true)?;
            let stream = UnixStream::from_std(stream)?;
            connections
                .blocking_send(stream)
                .map_err(std::io::Error::other)
        };
        let thread = std::thread::Builder::new()
            .name("http-proxy-supervisor".to_owned())
            .spawn(move || shared.supervise(reconnect_timeout, &connect))?;
        Ok(Self { watched, thread })
    }

    /// Starts HTTP Proxy no more and waits until the one that is there has ended;
    /// after `patience`, it is ended by force.
    pub(crate) async fn stop(self, patience: Duration) {
        self.watched.lock().stopping = true;
        self.watched.changed.notify_all();
        let thread = self.thread;
        let mut ended = tokio::task::spawn_blocking(move || thread.join());
        if tokio::time::timeout(patience, &mut ended).await.is_err() {
            tracing::warn!("HTTP Proxy did not end in time and is killed");
            self.watched.kill();
            let _ = ended.await;
        }
    }
}

impl Watched {
    fn supervise(
        &self,
        reconnect_timeout: Duration,
        connect: &dyn Fn(StdUnixStream) -> std::io::Result<()>,
    ) {
        while !self.lock().stopping {
            match start(connect) {
                Ok(mut running) => {
                    self.lock().process = Some(Arc::clone(&running.process));
                    let status = running.wait();
                    self.lock().process = None;
                    let process = running.id();
                    if self.lock().stopping {
                        tracing::info!(process, %status, "HTTP Proxy has ended");
                        return;
                    }
                    tracing::error!(
                        process,
                        %status,
                        "HTTP Proxy has ended; it is started again in {reconnect_timeout:?}"
                    );
                }
                Err(error) => tracing::error!(
                    %error,
                    "HTTP Proxy could not be started; it is tried again in {reconnect_timeout:?}"
                ),
            }
            // Nothing else wakes it but the order to stop.
            let waited = self
                .changed
                .wait_timeout_while(self.lock(), reconnect_timeout, |state| !state.stopping);
            drop(waited);
        }
    }

    fn kill(&self) {
        if let Some(process) = &self.lock().process {
            // It may have ended by itself meanwhile.
            let _ = pidfd_send_signal(process.as_fd(), Signal::KILL);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
