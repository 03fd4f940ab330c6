//! `ocs run`, and its child `ocs http-proxy`.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use ocs_config::{Config, LogFormat, LogLevel};
use ocs_log::{ContactInfo, Form, Log, LogSettings};
use ocs_server::{Announce, Clock, Control, Ended, Started};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tracing::level_filters::LevelFilter;

use crate::config;
use crate::reload::Reloads;
use crate::terminal::{DONE, FAILED, WRONG, complain, end, say};

/// `ocs run`.
pub(crate) fn run(file: Option<&Path>, clock: Clock) -> ExitCode {
    let file = ocs_config::file(file);
    let config = match config::load(file.as_deref()) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let reloads = |config: &Config| Reloads::of(file.as_deref(), config).map(Some);
    serve(config, reloads, clock, Arc::new(announce))
}

/// Runs OCS with a configuration until it is told to stop; `reloads` may bring others.
pub(crate) fn serve(
    config: Config,
    reloads: impl FnOnce(&Config) -> std::io::Result<Option<Reloads>>,
    clock: Clock,
    announce: Announce,
) -> ExitCode {
    let not_yet = config.not_built_yet();
    if !not_yet.is_empty() {
        return end(WRONG, not_yet.join("\n"));
    }
    let log = match Log::start(&log_settings(&config), Arc::clone(&clock)) {
        Ok(log) => log,
        Err(error) => return end(FAILED, error),
    };
    for warning in config.warnings() {
        complain(format!("warning: {warning}"));
        tracing::warn!("{warning}");
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        process = std::process::id(),
        "OCS starts"
    );
    let ended = block_on(async {
        // Before anything is opened: a signal that comes early is not lost.
        let stop = stop_signal()?;
        let (reload, reloaded) = mpsc::channel(1);
        if let Some(reloads) = reloads(&config)? {
            tokio::spawn(reloads.run(log.clone(), reload));
        }
        Ok(ocs_server::run(config, clock, announce, reloaded, stop).await?)
    });
    let status = match ended {
        Ok(Ended::Stopped) => DONE,
        Ok(Ended::HandedOver) => {
            log.flush();
            start_again()
        }
        Err(error) => {
            tracing::error!("{error}");
            end(FAILED, error)
        }
    };
    log.flush();
    status
}

/// Starts this program again in the same process, after it was primary and has handed over:
/// with its arguments, as a backup.
fn start_again() -> ExitCode {
    let error = Command::new("/proc/self/exe")
        .args(std::env::args_os().skip(1))
        .exec();
    end(
        FAILED,
        format!("OCS cannot start again as a backup: {error}"),
    )
}

/// Does asynchronous work to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    // Half of the processors: sessions are few, and the store's writer and HTTP
    // Proxy need the rest.
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads((processors / 2).max(1))
        .enable_all()
        .build()?
        .block_on(work)
}

/// Does a tool's work by the running OCS, or by the store itself where none runs, which is
/// given up in any case. `holder` names the tool for whoever finds the store in its hands.
pub(crate) fn with_control<T>(
    config: &Config,
    holder: &str,
    clock: Clock,
    work: impl AsyncFnOnce(&mut Control) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    block_on(async {
        let mut control = ocs_server::connect_control(config, holder, clock).await?;
        let done = work(&mut control).await;
        control.finish().await;
        done
    })
}

/// Resolves at SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn announce(started: Started) {
    match started {
        Started::Listening(ports) => {
            for (id, address) in ports {
                say(format!("HTTP Proxy listens on {address} (port \"{id}\")"));
            }
            say("OCS is ready");
        }
        Started::Hearing(ports) => {
            for (id, address) in ports {
                say(format!("desktops are heard on {address} (port \"{id}\")"));
            }
        }
        Started::Failed { reason, again_in } => {
            complain(format!(
                "{reason}; HTTP Proxy is started again in {again_in:?}"
            ));
        }
        Started::Waiting { holder } => {
            say(format!(
                "OCS is a backup: {holder} has the lease of the store"
            ));
        }
        Started::Primary { epoch } => {
            say(format!("OCS is primary now (epoch {epoch})"));
        }
        Started::WithoutHttp => {
            say("no http port is configured, so HTTP Proxy is not started");
            say("OCS is ready");
        }
    }
}

/// How OCS writes its log by a configuration.
pub(crate) fn log_settings(config: &Config) -> LogSettings {
    LogSettings {
        file: config.log.file.clone(),
        level: log_level(config),
        segment: config.log.segment.as_bytes(),
        expire: config.log.expire,
        form: match config.log.format {
            LogFormat::Text => Form::Text,
            LogFormat::Json => Form::Json,
        },
        contact_info: match config.log.contact_info {
            true => ContactInfo::Full,
            false => ContactInfo::Masked,
        },
    }
}

/// The least important level that is written.
pub(crate) fn log_level(config: &Config) -> LevelFilter {
    match config.log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// `ocs http-proxy`.
pub(crate) fn http_proxy(parent: u32, clock: Clock) -> ExitCode {
    match ocs_http_proxy::run(parent, clock) {
        Ok(()) => DONE,
        Err(error @ ocs_http_proxy::Exit::NotByOcs) => end(WRONG, error),
        Err(error @ ocs_http_proxy::Exit::Port(_)) => {
            // OCS has been told, and says so where it says everything.
            drop(error);
            ExitCode::from(3)
        }
        Err(error) => end(FAILED, error),
    }
}
