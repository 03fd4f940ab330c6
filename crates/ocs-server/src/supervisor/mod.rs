//! The supervisor of HTTP Proxy: it starts the process, waits for its end, and
//! starts it again after the Reconnect Timeout (configuration.md, section 2).

mod child;
mod connection;

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ocs_protocol::heartbeat::Silence;
use tokio::sync::mpsc;

use child::start;
pub(crate) use connection::Connection;

/// The thread that starts HTTP Proxy and waits for it.
///
/// The system ends a child whose parent-death signal is set when the *thread*
/// that made it ends: so that thread lives as long as OCS, also while there is no
/// http port.
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
    /// Whether HTTP Proxy is to run: there is an http port.
    wanted: bool,
    /// Whether the HTTP Proxy that was started last has been told to end.
    dismissed: bool,
    reconnect_timeout: Duration,
    /// The running process, by a descriptor that never means another one.
    process: Option<Arc<OwnedFd>>,
}

impl Supervisor {
    /// Starts HTTP Proxy when it is wanted, and again whenever it ends. OCS's end of
    /// each connection goes to `connections`.
    pub(crate) fn start(
        reconnect_timeout: Duration,
        connections: mpsc::Sender<Connection>,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Handle::current();
        let watched = Arc::new(Watched::default());
        watched.lock().reconnect_timeout = reconnect_timeout;
        let shared = Arc::clone(&watched);
        let connect = move |stream: StdUnixStream, silence: Arc<Silence>| {
            // Registering with the runtime needs to be inside of it.
            let _inside = runtime.enter();
            let connection = Connection::new(stream, silence)?;
            connections
                .blocking_send(connection)
                .map_err(std::io::Error::other)
        };
        let thread = std::thread::Builder::new()
            .name("http-proxy-supervisor".to_owned())
            .spawn(move || shared.supervise(&connect))?;
        Ok(Self { watched, thread })
    }

    /// HTTP Proxy is to run from now on.
    pub(crate) fn want(&self) {
        self.watched.change(|state| state.wanted = true);
    }

    /// HTTP Proxy is not to run any more. The one that is there has to be told.
    pub(crate) fn dismiss(&self) {
        self.watched.change(|state| {
            state.wanted = false;
            state.dismissed = true;
        });
    }

    /// Waits so long from now on, also for an HTTP Proxy that has ended already.
    pub(crate) fn set_reconnect_timeout(&self, reconnect_timeout: Duration) {
        self.reconnects().set_timeout(reconnect_timeout);
    }

    /// For who sets the Reconnect Timeout later.
    pub(crate) fn reconnects(&self) -> Reconnects {
        Reconnects(Arc::clone(&self.watched))
    }

    /// Starts HTTP Proxy no more and waits until the one that is there has ended;
    /// after `patience`, it is ended by force.
    pub(crate) async fn stop(self, patience: Duration) {
        self.watched.change(|state| state.stopping = true);
        let thread = self.thread;
        let mut ended = tokio::task::spawn_blocking(move || thread.join());
        if tokio::time::timeout(patience, &mut ended).await.is_err() {
            tracing::warn!("HTTP Proxy did not end in time and is killed");
            if let Some(process) = &self.watched.lock().process {
                child::kill(process);
            }
            let _ = ended.await;
        }
    }
}

/// How long HTTP Proxy is waited with before it is started again.
pub(crate) struct Reconnects(Arc<Watched>);

impl Reconnects {
    pub(crate) fn timeout(&self) -> Duration {
        self.0.lock().reconnect_timeout
    }

    pub(crate) fn set_timeout(&self, reconnect_timeout: Duration) {
        self.0
            .change(|state| state.reconnect_timeout = reconnect_timeout);
    }
}

impl Watched {
    fn supervise(&self, connect: &dyn Fn(StdUnixStream, Arc<Silence>) -> std::io::Result<()>) {
        while self.wait_until_wanted() {
            match start(connect) {
                Ok(mut running) => {
                    self.lock().process = Some(Arc::clone(&running.process));
                    let status = running.wait();
                    let process = running.id();
                    let state = {
                        let mut state = self.lock();
                        state.process = None;
                        state
                    };
                    if state.stopping || state.dismissed {
                        tracing::info!(process, %status, "HTTP Proxy has ended");
                        continue;
                    }
                    let again_in = state.reconnect_timeout;
                    tracing::error!(
                        process,
                        %status,
                        "HTTP Proxy has ended; it is started again in {again_in:?}"
                    );
                }
                Err(error) => {
                    let again_in = self.lock().reconnect_timeout;
                    tracing::error!(
                        %error,
                        "HTTP Proxy could not be started; it is tried again in {again_in:?}"
                    );
                }
            }
            self.wait_for_the_reconnect_timeout();
        }
    }

    /// Whether HTTP Proxy is to be started; not when OCS stops.
    fn wait_until_wanted(&self) -> bool {
        let waited = self
            .changed
            .wait_while(self.lock(), |state| !state.wanted && !state.stopping);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.dismissed = false;
        !state.stopping
    }

    /// It may become another one meanwhile, and HTTP Proxy may not be wanted any more.
    fn wait_for_the_reconnect_timeout(&self) {
        let ended = Instant::now();
        let mut state = self.lock();
        while state.wanted && !state.stopping {
            let Some(left) = state.reconnect_timeout.checked_sub(ended.elapsed()) else {
                return;
            };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
