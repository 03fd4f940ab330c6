//! HTTP Proxy's life: from the connection that OCS gave it until that ends
//! (configuration.md, section 2).

use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::time::Duration;

use ocs_log::{Clock, Log};
use ocs_protocol::heartbeat::SILENCE;
use rustix::process::{Pid, Resource, Rlimit, Signal};
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch::Sender;

use crate::gateway::Gateway;
use crate::link::{self, Linked, Order};
use crate::listen;
use crate::settings::Settings;
use crate::word::Word;

/// Why HTTP Proxy ended.
#[derive(Debug, thiserror::Error)]
pub enum Exit {
    /// Somebody started it by hand.
    #[error("HTTP Proxy is started by OCS, never by hand: run `ocs run`")]
    NotByOcs,
    /// The system refused something that it needs.
    #[error("HTTP Proxy cannot start: {0}")]
    System(#[from] std::io::Error),
    /// OCS could not be spoken with.
    #[error("HTTP Proxy cannot speak with OCS: {0}")]
    Link(String),
    /// A port could not be opened.
    #[error("{0}")]
    Port(String),
    /// OCS is gone.
    #[error("the connection to OCS was lost")]
    Lost,
    /// OCS is there and does nothing.
    #[error("OCS was silent for {SILENCE:?}")]
    Silent,
}

/// After OCS is lost, how long replies that are on their way may take.
const LAST_REPLIES: Duration = Duration::from_secs(1);

/// Runs HTTP Proxy on the connection that is its standard input, until OCS says
/// stop or is gone. `parent` is the process id of the OCS that started it.
///
/// # Errors
/// [`Exit`]: why it ended other than by OCS's word.
pub fn run(parent: u32, clock: Clock) -> Result<(), Exit> {
    end_with(parent)?;
    let stream = inherited_connection()?;
    raise_open_files_limit();
    runtime()?.block_on(serve(stream, clock))
}

/// Connections that are looked at before what they sent goes on to OCS. With many
/// more, OCS would wait for the last client while HTTP Proxy reads, and HTTP Proxy
/// for OCS while that commits: they would take turns instead of working side by side.
const READY_AT_ONCE: usize = 16;

/// Half of the processors: the other half is OCS's. On two, one thread answers more
/// requests than two that wake each other.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    match processors / 2 {
        0 | 1 => tokio::runtime::Builder::new_current_thread()
            .max_io_events_per_tick(READY_AT_ONCE)
            .enable_all()
            .build(),
        workers => tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .thread_name("http-proxy")
            .enable_all()
            .build(),
    }
}

/// Asks the system to end this process when OCS ends, in whichever way.
fn end_with(parent: u32) -> Result<(), Exit> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(std::io::Error::from)?;
    // OCS may have ended before the line above.
    let now = rustix::process::getppid().map(Pid::as_raw_pid);
    if now.and_then(|pid| u32::try_from(pid).ok()) == Some(parent) {
        Ok(())
    } else {
        Err(Exit::NotByOcs)
    }
}

fn inherited_connection() -> Result<StdUnixStream, Exit> {
    let stdin = std::io::stdin();
    let domain = rustix::net::sockopt::socket_domain(stdin.as_fd());
    if domain != Ok(rustix::net::AddressFamily::UNIX) {
        return Err(Exit::NotByOcs);
    }
    let stream = StdUnixStream::from(stdin.as_fd().try_clone_to_owned()?);
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// Every connection is an open file; the usual soft limit of 1,024 is few.
fn raise_open_files_limit() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    // What the system does not allow stays as it was.
    let _ = rustix::process::setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}

async fn serve(stream: StdUnixStream, clock: Clock) -> Result<(), Exit> {
    // What is sent to OCS by its name or its control group comes here too: SIGHUP and
    // SIGINT are not meant for HTTP Proxy, and at SIGTERM it finishes what it has.
    let _deaf_to = [
        signal(SignalKind::hangup())?,
        signal(SignalKind::interrupt())?,
    ];
    let mut terminate = signal(SignalKind::terminate())?;
    let stream = UnixStream::from_std(stream)?;
    let Linked {
        link,
        mut orders,
        settings,
    } = link::connect(stream)
        .await
        .map_err(|error| Exit::Link(error.to_string()))?;
    let settings = Settings::read(settings).map_err(Exit::Link)?;
    let log = match Log::start(&settings.log, clock) {
        Ok(log) => log,
        Err(error) => {
            link.failed(error.to_string()).await;
            return Err(Exit::System(error));
        }
    };
    let ports = match listen::open(&settings.listeners).await {
        Ok(ports) => ports,
        Err(error) => {
            tracing::error!("{error}; HTTP Proxy ends");
            log.flush();
            link.failed(error.clone()).await;
            return Err(Exit::Port(error));
        }
    };
    for port in &ports.opened {
        let scheme = if port.tls.is_some() { "https" } else { "http" };
        let (host, number) = (&port.host, port.port);
        tracing::info!(id = %port.id, "HTTP Proxy listens on {scheme}://{host}:{number}");
    }
    link.listening(ports.opened.clone()).await;
    let gateway = Arc::new(Gateway::new(
        link.clone(),
        settings,
        &ports.opened,
        log.clone(),
    ));
    let watched = Arc::clone(&gateway);
    let mut silent = tokio::spawn(link.watch(move || watched.settings().limits));
    let (word, hears) = tokio::sync::watch::channel(Word::default());
    let serving = tokio::spawn(listen::serve(ports, Arc::clone(&gateway), hears));
    let ended = tokio::select! {
        ended = obey(&mut orders, &gateway, &word) => ended,
        _ = terminate.recv() => {
            tracing::info!("HTTP Proxy is told to end: requests in flight are finished");
            Ok(())
        }
        _ = &mut silent => {
            tracing::error!("OCS was silent for {SILENCE:?}; HTTP Proxy ends");
            Err(Exit::Silent)
        }
    };
    let last = match ended {
        Ok(()) => gateway.settings().limits.shutdown_timeout,
        Err(_) => LAST_REPLIES,
    };
    word.send_modify(|word| word.stop = true);
    if tokio::time::timeout(last, serving).await.is_err() {
        tracing::warn!("some connections were cut: their requests did not end in {last:?}");
    }
    log.flush();
    ended
}

/// Does what OCS says, until it says stop or is gone.
async fn obey(
    orders: &mut Receiver<Order>,
    gateway: &Gateway,
    word: &Sender<Word>,
) -> Result<(), Exit> {
    loop {
        match orders.recv().await {
            Some(Order::Settings(settings)) => match Settings::read(*settings) {
                Ok(settings) => {
                    gateway.take_up(settings);
                    word.send_modify(|word| word.settings += 1);
                    tracing::info!("HTTP Proxy works by the settings that OCS sent");
                }
                Err(error) => tracing::error!("what OCS sent is not taken up: {error}"),
            },
            Some(Order::Stop) => {
                tracing::info!("OCS says stop: requests in flight are finished");
                return Ok(());
            }
            None => {
                tracing::info!("the connection to OCS was lost; HTTP Proxy ends");
                return Err(Exit::Lost);
            }
        }
    }
}
