//! `ocs run`: from the configuration to the last record stored.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ocs_config::Config;
use tokio::sync::{mpsc, oneshot};

use crate::archive::Archive;
use crate::control;
use crate::core::{Clock, Core, CoreError};
use crate::housekeeping;
use crate::http_proxy::HttpProxy;
use crate::notify::{Sender, tell_group_states};
use crate::retention;
use crate::session::{NativeError, NativeListener};
use crate::tls::{Identities, TlsProblems};

/// How long OCS waits at its end for messages to web servers that are on their way.
const LAST_MESSAGES: Duration = Duration::from_secs(2);

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
    /// The archive of finished records cannot be written.
    #[error("the archive's folder {} (options.OCServer.archive-folder) cannot be used: {source}", path.display())]
    Archive {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// HTTP Proxy's supervisor cannot be started.
    #[error("HTTP Proxy cannot be started: {0}")]
    Supervisor(std::io::Error),
    /// The store's writer ended; the log says why.
    #[error("the store's writer ended; see the log")]
    WriterEnded,
}

/// Runs OCS until `stop` resolves: opens the store, listens on the control socket,
/// keeps HTTP Proxy running, and takes up what `reloads` brings; then lets requests in
/// flight be answered and closes the store.
///
/// # Errors
/// [`ServerError`].
pub async fn run(
    config: Config,
    clock: Clock,
    announce: Announce,
    reloads: mpsc::Receiver<Config>,
    stop: impl Future<Output = ()>,
) -> Result<(), ServerError> {
    // Before anything is opened: most often it is a file that was forgotten.
    let identities = Identities::read(&config, Arc::clone(&clock))?;
    let holder = format!("ocs run \"{}\"", config.application.name);
    let (core, writer_ended) = Core::open(&config, &holder, clock)?;
    core.take_up_notifications(&config)?;
    let archive = archive(&config)?;
    let control = control::listen(&config, core.clone())?;
    let sessions = core.sessions.clone();
    let housekeeping = tokio::spawn(housekeeping::run(core.clone()));
    let retention = tokio::spawn(retention::run(core.clone(), archive));
    let sender = Sender::start(core.clone());
    let telling = tokio::spawn(tell_group_states(core.clone()));
    let watching = tokio::spawn(identities.clone().watch_expiry());
    let native = NativeListener::start(&config, &core, &sessions, &identities).await?;
    if !native.opened.is_empty() {
        announce(Started::Hearing(native.opened.clone()));
    }
    let http_proxy =
        HttpProxy::start(config, &core, identities, announce).map_err(ServerError::Supervisor)?;
    let ended = tokio::select! {
        ended = wait(stop, writer_ended) => ended,
        never = take_up(reloads, &http_proxy) => match never {},
    };
    tracing::info!("OCS is stopping");
    let patience = http_proxy.shutdown_timeout();
    tokio::join!(http_proxy.stop(), native.stop(patience));
    sender.stop(patience.min(LAST_MESSAGES)).await;
    housekeeping.abort();
    retention.abort();
    telling.abort();
    watching.abort();
    control.stop();
    let closing = core.clone();
    // Closing waits for the last commit and for a checkpoint.
    let _ = tokio::task::spawn_blocking(move || closing.close()).await;
    tracing::info!("OCS has stopped");
    ended
}

fn archive(config: &Config) -> Result<Option<Archive>, ServerError> {
    let Some(folder) = &config.options.oc_server.archive_folder else {
        return Ok(None);
    };
    let archive = Archive::new(folder).map_err(|source| ServerError::Archive {
        path: folder.clone(),
        source,
    });
    archive.map(Some)
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

/// Takes up every configuration that comes (configuration.md, section 3).
async fn take_up(mut reloads: mpsc::Receiver<Config>, http_proxy: &HttpProxy) -> Infallible {
    while let Some(config) = reloads.recv().await {
        http_proxy.take_up(&config).await;
    }
    // Nobody can bring another one any more.
    std::future::pending().await
}
