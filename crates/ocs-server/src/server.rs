//! `ocs run`: from the configuration to the last record stored.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ocs_config::Config;
use tokio::sync::{mpsc, oneshot};

use crate::agents::push_records;
use crate::archive::Archive;
use crate::control;
use crate::core::{Clock, Core, CoreError, store_path};
use crate::dialer::Dialer;
use crate::housekeeping;
use crate::http_proxy::HttpProxy;
use crate::notify::{Sender, tell_group_states};
use crate::redundancy::{self, Board, Waited};
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
    /// Another process has the lease: this OCS is a backup.
    Waiting {
        /// Who has it.
        holder: String,
    },
    /// This OCS was a backup, and is primary now.
    Primary {
        /// Which holder of the lease it is.
        epoch: i64,
    },
}

/// How OCS ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// It handed over to a backup, and is to start again as one.
    HandedOver,
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
    /// This OCS cannot be a backup of who holds the lease.
    #[error(
        "this OCS cannot be a backup of {holder}: {differences}; two OCS of one store share name, \
         DBID, tenant and options"
    )]
    Differs {
        /// Who holds the lease.
        holder: String,
        /// What differs.
        differences: String,
    },
    /// The store is one that this OCS can never have.
    #[error("this OCS cannot be a backup: {0}")]
    CannotFollow(String),
    /// Another OCS has the lease.
    #[error(
        "the lease of the store was taken by another OCS, or its row in the store was edited: \
         this OCS wrote nothing since, and ends"
    )]
    LeaseLost,
    /// The store's writer ended; the log says why.
    #[error("the store's writer ended; see the log")]
    WriterEnded,
}

/// Runs OCS until `stop` resolves: waits for the lease where it is a backup, opens the store,
/// listens on the control socket, keeps HTTP Proxy running, and takes up what `reloads`
/// brings; then lets requests in flight be answered and closes the store.
///
/// # Errors
/// [`ServerError`].
pub async fn run(
    config: Config,
    clock: Clock,
    announce: Announce,
    mut reloads: mpsc::Receiver<Config>,
    stop: impl Future<Output = ()>,
) -> Result<Ended, ServerError> {
    let mut stop = std::pin::pin!(stop);
    // Before anything is opened: most often it is a file that was forgotten.
    let identities = Identities::read(&config, Arc::clone(&clock))?;
    let board = Board::of(&config);
    let announce = noted(announce, &board);
    let holder = holder_name(&config.application.name);
    let mut socket = None;
    let (config, taken) = if config.redundancy.enabled {
        let waits = redundancy::wait(
            config,
            Arc::clone(&clock),
            &announce,
            &board,
            &mut socket,
            &mut reloads,
            stop.as_mut(),
        );
        match waits.await? {
            Waited::Taken(taken, config, after_another) => (*config, Some((taken, after_another))),
            Waited::Stopped => return Ok(Ended::Stopped),
        }
    } else {
        (config, None)
    };
    let after_another = taken
        .as_ref()
        .is_some_and(|(_, after_another)| *after_another);
    let opened = match taken {
        Some((taken, _)) => Core::take_over(&config, &holder, clock, taken),
        None => Core::open(&config, &holder, clock),
    };
    let (core, writer_ended) = opened?;
    if after_another {
        let epoch = core.store.epoch();
        tracing::warn!(epoch, "this OCS is primary now");
        announce(Started::Primary { epoch });
        identities.renew(&config);
    }
    board.is_primary(&core);
    let _socket = match socket {
        Some(socket) => socket,
        None => redundancy::listen(&config, &board)?,
    };
    core.take_up_notifications(&config)?;
    let store = store_path(&config)?;
    let archive = archive(&config)?;
    let control = control::listen(&config, core.clone())?;
    let sessions = core.sessions.clone();
    let housekeeping = tokio::spawn(housekeeping::run(core.clone()));
    let retention = tokio::spawn(retention::run(core.clone(), archive));
    let (stop_pushing, stopped) = oneshot::channel();
    let pushing = tokio::spawn(push_records(core.clone(), stopped));
    let sender = Sender::start(core.clone());
    let telling = tokio::spawn(tell_group_states(core.clone()));
    let watching = tokio::spawn(identities.clone().watch_expiry());
    let native = NativeListener::start(&config, &core, &sessions, &identities).await?;
    if !native.opened.is_empty() {
        announce(Started::Hearing(native.opened.clone()));
    }
    let has_http_port = config.server_info.http_ports().next().is_some();
    let dialer = Dialer::start(core.clone(), has_http_port);
    let http_proxy = HttpProxy::start(config, &core, identities, announce, after_another)
        .map_err(ServerError::Supervisor)?;
    let ended = tokio::select! {
        ended = wait(stop.as_mut(), &core, writer_ended) => ended,
        () = board.hand_over() => Ok(Ended::HandedOver),
        never = take_up(reloads, &http_proxy) => match never {},
    };
    let hands_over = matches!(ended, Ok(Ended::HandedOver));
    if hands_over {
        tracing::warn!("OCS hands over to a backup");
    }
    tracing::info!("OCS is stopping");
    let patience = http_proxy.shutdown_timeout();
    // What is on its way to a desktop gets there, or goes back.
    drop(stop_pushing);
    let pushed = tokio::time::timeout(patience, pushing);
    let _ = tokio::join!(http_proxy.stop(), native.stop(patience), pushed);
    let last = patience.min(LAST_MESSAGES);
    tokio::join!(dialer.stop(last), sender.stop(last));
    housekeeping.abort();
    retention.abort();
    telling.abort();
    watching.abort();
    control.stop();
    board.ends();
    // Closing waits for the last commit, and for a checkpoint where nobody waits for it.
    let close = move || match hands_over {
        true => core.hand_over(),
        false => core.close(),
    };
    let _ = tokio::task::spawn_blocking(close).await;
    if hands_over {
        redundancy::wait_for_successor(&store).await;
    }
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

/// What OCS calls itself as the holder of the lease.
pub(crate) fn holder_name(application: &str) -> String {
    format!("ocs run \"{application}\"")
}

/// What is announced is also what others hear who ask.
fn noted(announce: Announce, board: &Board) -> Announce {
    let board = board.clone();
    Arc::new(move |started| {
        board.note(&started);
        announce(started);
    })
}

async fn wait(
    stop: impl Future<Output = ()>,
    core: &Core,
    writer_ended: oneshot::Receiver<()>,
) -> Result<Ended, ServerError> {
    tokio::select! {
        () = stop => Ok(Ended::Stopped),
        _ = writer_ended => match core.store.has_lost_the_lease() {
            true => Err(ServerError::LeaseLost),
            false => Err(ServerError::WriterEnded),
        },
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
