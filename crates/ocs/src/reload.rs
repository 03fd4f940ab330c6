//! What makes a running OCS read its configuration again: SIGHUP, and a change of the
//! file (configuration.md, section 3).

use std::path::{Path, PathBuf};

use ocs_config::Config;
use ocs_log::Log;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::config;
use crate::run::log_level;
use crate::terminal::complain;
use crate::watch::Watch;

/// The configuration's file, and the signal that asks for another look at it.
pub(crate) struct Reloads {
    file: Option<PathBuf>,
    hangup: Signal,
    watch: Option<Watch>,
    /// Sentences that were said already.
    warnings: Vec<String>,
}

impl Reloads {
    /// Listens from now on; `file` is what the configuration was read from.
    pub(crate) fn of(file: Option<&Path>, config: &Config) -> std::io::Result<Self> {
        let watched = file.unwrap_or(Path::new(ocs_config::USUAL_FILE));
        let watch = match Watch::of(watched) {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::warn!(
                    %error,
                    "changes of {} are not noticed; send SIGHUP after one",
                    watched.display()
                );
                None
            }
        };
        Ok(Self {
            file: file.map(Path::to_owned),
            hangup: signal(SignalKind::hangup())?,
            watch,
            warnings: config.warnings(),
        })
    }

    /// Reads the configuration whenever it is asked for or has changed, and hands on
    /// what is right. What is wrong is said, and changes nothing.
    pub(crate) async fn run(mut self, log: Log, reloads: mpsc::Sender<Config>) {
        loop {
            self.wait().await;
            let Some(config) = self.read() else { continue };
            log.set_level(log_level(&config));
            if reloads.send(config).await.is_err() {
                return;
            }
        }
    }

    async fn wait(&mut self) {
        let Some(watch) = &mut self.watch else {
            self.hangup.recv().await;
            return;
        };
        tokio::select! {
            _ = self.hangup.recv() => {}
            changed = watch.changed() => if changed.is_none() {
                tracing::warn!("changes of the configuration are not noticed any more; send SIGHUP");
                self.watch = None;
            }
        }
    }

    fn read(&mut self) -> Option<Config> {
        // Once it was a file, it is never the built-in defaults.
        self.file = self.file.take().or_else(|| ocs_config::file(None));
        let read = config::read(self.file.as_deref()).and_then(|config| {
            let not_yet = config.not_built_yet();
            if not_yet.is_empty() {
                Ok(config)
            } else {
                Err(not_yet.join("\n"))
            }
        });
        match read {
            Ok(config) => {
                for warning in config.warnings() {
                    if !self.warnings.contains(&warning) {
                        tracing::warn!("{warning}");
                    }
                }
                self.warnings = config.warnings();
                Some(config)
            }
            Err(wrong) => {
                for sentence in wrong.lines() {
                    tracing::error!("{sentence}");
                    complain(sentence);
                }
                tracing::error!("the configuration has mistakes; nothing of it is taken up");
                None
            }
        }
    }
}
