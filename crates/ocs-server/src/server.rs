//! `ocs run`: from the configuration to the last record stored.

use std::sync::Arc;
use std::time::Duration;

use ocs_config::Config;
use tokio::sync::{mpsc, oneshot};

use crate::control;
use crate::core::{Clock, Core, CoreError};
use crate::housekeeping;
use crate::proxy_settings::{address, proxy_settings, uri_bases};
use crate::session::{HttpProxySessions, NativeError, NativeListener, Notice, serve};
use crate::supervisor::Supervisor;
use crate::tls::{Identities, TlsProblems};

/// After HTTP Proxy's own time to finish, how long it may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// Who hears, for a person at a terminal, what OCS does.
pub type Announce = Arc<dyn Fn(Started) + Send + Sync>;

/// What OCS says of its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// HTTP Proxy listens on these addresses: id and URI of each port.
    Listening(Vec<(String, String)>),
    /// HTTP Proxy cannot open its ports, and is tried again.
    Failed {
        /// Why.
        reason: String,
        /// How long until it is tried again.
        again_in: Duration,
    },
    /// Desktops and applications are heard on these addresses: id and address of each
    /// outbound port.
    Hearing(Vec<(String, String)>),
    /// There is no HTTP port, and so no HTTP Proxy.
    WithoutHttp,
}

/// Why OCS could not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A secured port cannot speak TLS.
    #[error("{0}")]
    Tls(#[from] TlsProblems),
    /// The store cannot be opened.
    #[error("{0}")]
    Core(#[from] CoreError),
    /// The control socket cannot be opened.
    #[error("the control socket {path} cannot be opened: {source}")]
    Control {
        /// Where it should be.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Desktops and applications cannot be listened to.
    #[error("{0}")]
    Native(#[from] NativeError),
    /// HTTP Proxy's supervisor cannot be started.
    #[error("HTTP Proxy cannot be started: {0}")]
    Supervisor(std::io::Error),
    /// The store's writer ended; the log says why.
    #[error("the store's writer ended; see the log")]
    WriterEnded,
}

/// Runs OCS until `stop` resolves: opens the store, listens on the control socket,
/// keeps HTTP Proxy running; then lets requests in flight be answered and closes
/// the store.
///
/// # Errors
/// [`ServerError`].
pub async fn run(
    config: Config,
    clock: Clock,
    announce: Announce,
    stop: impl Future<Output = ()>,
) -> Result<(), ServerError> {
    // Before anything is opened: most often it is a file that was forgotten.
    let identities = Identities::read(&config, Arc::clone(&clock))?;
    let holder = format!("ocs run \"{}\"", config.application.name);
    let (core, writer_ended) = Core::open(&config, &holder, clock)?;
    let control = control::listen(&config, core.clone())?;
    let sessions = core.sessions.clone();
    let housekeeping = tokio::spawn(housekeeping::run(core.clone()));
    let watching = tokio::spawn(identities.clone().watch_expiry());
    let native = NativeListener::start(&config, &core, &sessions, &identities).await?;
    if !native.opened.is_empty() {
        announce(Started::Hearing(native.opened.clone()));
    }
    let patience = config.options.oc_server.shutdown_timeout.as_duration();
    let running = Running::start(Arc::new(config), &core, identities, announce)?;
    let ended = wait(stop, writer_ended).await;
    tracing::info!("OCS is stopping");
    tokio::join!(running.stop(), native.stop(patience));
    housekeeping.abort();
    watching.abort();
    control.stop();
    let closing = core.clone();
    // Closing waits for the last commit and for a checkpoint.
    let _ = tokio::task::spawn_blocking(move || closing.close()).await;
    tracing::info!("OCS has stopped");
    ended
}

async fn wait(
    stop: impl Future<Output = ()>,
    writer_ended: oneshot::Receiver<()>,
) -> Result<(), ServerError> {
    tokio::select! {
        () = stop => Ok(()),
        _ = writer_ended => Err(ServerError::WriterEnded),
    }
}

/// HTTP Proxy and what belongs to it, while there is an HTTP port.
struct Running {
    parts: Option<(HttpProxySessions, Supervisor)>,
    shutdown_timeout: Duration,
}

impl Running {
    fn start(
        config: Arc<Config>,
        core: &Core,
        identities: Identities,
        announce: Announce,
    ) -> Result<Self, ServerError> {
        let shutdown_timeout = config.options.oc_server.shutdown_timeout.as_duration();
        if config.server_info.http_ports().next().is_none() {
            announce(Started::WithoutHttp);
            return Ok(Self {
                parts: None,
                shutdown_timeout,
            });
        }
        let (notice, notices) = mpsc::channel(4);
        let for_settings = Arc::clone(&config);
        let settings = Arc::new(move || proxy_settings(&for_settings, &identities));
        let sessions = HttpProxySessions::new(core.clone(), settings, notice);
        let (connect, connections) = mpsc::channel(1);
        tokio::spawn(serve(sessions.clone(), connections));
        let reconnect_timeout = config.server_info.reconnect_timeout.as_duration();
        let supervisor =
            Supervisor::start(reconnect_timeout, connect).map_err(ServerError::Supervisor)?;
        tokio::spawn(hear(notices, config, core.clone(), announce));
        Ok(Self {
            parts: Some((sessions, supervisor)),
            shutdown_timeout,
        })
    }

    async fn stop(self) {
        if let Some((sessions, supervisor)) = self.parts {
            sessions.stop().await;
            supervisor.stop(self.shutdown_timeout + GRACE).await;
        }
    }
}

/// Hears what HTTP Proxy says of itself.
async fn hear(
    mut notices: mpsc::Receiver<Notice>,
    config: Arc<Config>,
    core: Core,
    announce: Announce,
) {
    while let Some(notice) = notices.recv().await {
        match notice {
            Notice::Listening(opened) => {
                core.uri_bases.store(Arc::new(uri_bases(&config, &opened)));
                let ports: Vec<_> = opened
                    .iter()
                    .map(|port| (port.id.clone(), address(port, &port.host)))
                    .collect();
                for (id, address) in &ports {
                    tracing::info!(%id, "HTTP Proxy listens on {address}");
                }
                announce(Started::Listening(ports));
            }
            Notice::Failed(reason) => {
                tracing::error!("HTTP Proxy cannot serve: {reason}");
                let again_in = config.server_info.reconnect_timeout.as_duration();
                announce(Started::Failed { reason, again_in });
            }
        }
    }
}
