//! Files whose lines are sent as they are: `ocs dnc import` and `ocs consent import`.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ocs_protocol::control::{ImportBatch, ImportOutcome};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status, Streaming};

use super::batches::{Sum, Way};
use super::progress::Progress;
use super::rejects;
use crate::dnc::Lines;

/// Batches that may be on their way unanswered.
const IN_FLIGHT: usize = 2;

/// The longest name of a file that is taken for its source, in characters.
const SOURCE: usize = 128;

/// How such a file goes.
pub(crate) struct ByLine<'a, M> {
    pub(crate) file: &'a Path,
    /// Where its lines come from; the file's name where nothing else is said.
    pub(crate) source: Option<&'a String>,
    pub(crate) rejects: Option<&'a PathBuf>,
    /// Lines in one batch, which is one transaction.
    pub(crate) batch: usize,
    /// Makes a message of a batch.
    pub(crate) message: fn(ImportBatch) -> M,
    /// What is said of a file that stopped half-way.
    pub(crate) stopped: fn(&Sum) -> String,
}

impl<M: Send + 'static> ByLine<'_, M> {
    /// Sends a file. `start` makes the first message of its columns and its source; `ask`
    /// begins the call.
    pub(crate) async fn go<A>(
        self,
        start: impl FnOnce(Vec<String>, String) -> M,
        ask: impl FnOnce(ReceiverStream<M>) -> A,
    ) -> anyhow::Result<Sum>
    where
        A: Future<Output = Result<Response<Streaming<ImportOutcome>>, Status>>,
    {
        let path = self.file;
        let unreadable = || format!("{} cannot be read", path.display());
        let opened = File::open(path).with_context(unreadable)?;
        let size = opened.metadata().map_or(0, |metadata| metadata.len());
        let lines = BufReader::with_capacity(1 << 18, opened);
        let lines = Lines::new(lines).with_context(unreadable)?;
        let source = self.source.cloned().or_else(|| {
            let name = path.file_name()?.to_string_lossy();
            Some(name.chars().take(SOURCE).collect())
        });
        let rejects = self.rejects.cloned();
        let way = Way {
            start: start(lines.columns().to_vec(), source.unwrap_or_default()),
            message: self.message,
            batch: self.batch,
            in_flight: IN_FLIGHT,
            asks_of_nothing: true,
            rejects: rejects.unwrap_or_else(|| rejects::beside(path)),
            progress: Progress::new(size, "line"),
            file: path.to_owned(),
        };
        let mut sum = Sum::default();
        match way.go(lines, ask, &mut sum).await {
            Ok(()) => Ok(sum),
            Err(error) if sum.last_line == 0 => Err(error),
            Err(error) => Err(error.context((self.stopped)(&sum))),
        }
    }
}
