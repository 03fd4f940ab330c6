//! A file's way to OCS, for `ocs import` and `ocs dnc import` alike: its lines are read
//! into batches, sent, and what came of each is heard.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use ocs_protocol::control::{ImportBatch, ImportLine, ImportOutcome};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status, Streaming};

use super::lines::BadLine;
use super::progress::Progress;
use super::rejects::Rejects;
use crate::terminal::{DONE, PARTLY, complain, counted, were};

/// Bytes of lines after which a batch is sent, however few they are.
const BATCH_BYTES: usize = 1 << 20;

/// A line of a file.
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) raw: Vec<u8>,
    /// Or why it is not even sent.
    pub(crate) values: Result<Vec<String>, String>,
}

/// What reads a file line by line.
pub(crate) trait Source {
    /// The next line; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Line>>;

    /// Bytes read so far.
    fn read_so_far(&self) -> u64;
}

/// How a file goes.
pub(crate) struct Way<M> {
    /// What says what the lines are.
    pub(crate) start: M,
    /// Makes a message of a batch.
    pub(crate) message: fn(ImportBatch) -> M,
    /// Lines in one batch, which is one transaction.
    pub(crate) batch: usize,
    /// Batches that may be on their way unanswered.
    pub(crate) in_flight: usize,
    /// Whether OCS is asked about a file without a line too: what names its columns may
    /// be wrong.
    pub(crate) asks_of_nothing: bool,
    pub(crate) rejects: PathBuf,
    pub(crate) progress: Progress,
    /// The file, where it is named in errors.
    pub(crate) file: PathBuf,
}

/// What came of a file.
#[derive(Default)]
pub(crate) struct Sum {
    pub(crate) added: u64,
    pub(crate) known: u64,
    pub(crate) rejected: u64,
    /// The file of what was rejected, where something was.
    pub(crate) rejects: Option<PathBuf>,
    /// The last line that was answered for.
    pub(crate) last_line: u64,
}

impl Sum {
    /// The status that says whether every line was taken; where one was not, it is said
    /// where they are.
    pub(crate) fn status(&self) -> ExitCode {
        let Some(rejects) = &self.rejects else {
            return DONE;
        };
        complain(format!(
            "{} {} rejected; see {} for the reason of each",
            counted(self.rejected, "line"),
            were(self.rejected),
            rejects.display()
        ));
        ExitCode::from(PARTLY)
    }
}

/// A batch that is on its way, with its lines as the file has them: those that are
/// rejected are written out as they were.
#[derive(Default)]
struct Sent {
    raw: Vec<(u64, Vec<u8>)>,
    bad: Vec<BadLine>,
    /// Bytes of the file up to its end.
    read: u64,
    /// Whether an answer comes for it.
    asked: bool,
}

impl<M: Send + 'static> Way<M> {
    /// Sends a file; `ask` begins the call. What came of it until then is in `sum` also
    /// where it is not whole.
    pub(crate) async fn go<A>(
        self,
        source: impl Source + Send + 'static,
        ask: impl FnOnce(ReceiverStream<M>) -> A,
        sum: &mut Sum,
    ) -> anyhow::Result<()>
    where
        A: Future<Output = Result<Response<Streaming<ImportOutcome>>, Status>>,
    {
        let Self {
            start,
            message,
            batch,
            in_flight,
            asks_of_nothing,
            rejects,
            progress,
            file,
        } = self;
        let (messages, to_send) = mpsc::channel(1);
        let (sent, on_the_way) = mpsc::channel(in_flight);
        // The channel was made a line ago and has room.
        let _ = messages.try_send(start);
        // Reading waits when enough is on its way: for room in either channel.
        let reading = tokio::task::spawn_blocking(move || {
            let batches = Batches {
                source,
                lines: batch,
                ask: asks_of_nothing,
            };
            batches.read(message, &messages, &sent)
        });
        let answers = ask(ReceiverStream::new(to_send)).await;
        let answers = answers
            .map_err(|status| anyhow!("{}", status.message()))?
            .into_inner();
        let heard = hear(answers, on_the_way, sum, Rejects::new(rejects), progress).await;
        // Reading ends with the channels that it writes into.
        reading
            .await?
            .with_context(|| format!("{} cannot be read", file.display()))?;
        heard
    }
}

/// Makes batches of lines.
struct Batches<S> {
    source: S,
    lines: usize,
    /// Whether the next batch is sent also where it is empty.
    ask: bool,
}

impl<S: Source> Batches<S> {
    /// Reads the file into batches until its end, or until nobody wants them.
    fn read<M>(
        mut self,
        message: fn(ImportBatch) -> M,
        messages: &mpsc::Sender<M>,
        sent: &mpsc::Sender<Sent>,
    ) -> io::Result<()> {
        loop {
            let (batch, on_the_way, ended) = self.next()?;
            let asked = on_the_way.asked;
            if sent.blocking_send(on_the_way).is_err() {
                return Ok(());
            }
            if asked && messages.blocking_send(message(batch)).is_err() {
                return Ok(());
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// The next batch, and whether it is the last.
    fn next(&mut self) -> io::Result<(ImportBatch, Sent, bool)> {
        let mut batch = ImportBatch::default();
        let mut sent = Sent::default();
        let (mut bytes, mut ended) = (0, false);
        while batch.lines.len() < self.lines && sent.bad.len() < self.lines && bytes < BATCH_BYTES {
            let Some(line) = self.source.next()? else {
                ended = true;
                break;
            };
            let Line {
                number,
                raw,
                values,
            } = line;
            bytes += raw.len();
            match values {
                Ok(values) => {
                    sent.raw.push((number, raw));
                    batch.lines.push(ImportLine { number, values });
                }
                Err(reason) => sent.bad.push(BadLine {
                    number,
                    reason,
                    raw,
                }),
            }
        }
        sent.read = self.source.read_so_far();
        sent.asked = std::mem::take(&mut self.ask) || !batch.lines.is_empty();
        Ok((batch, sent, ended))
    }
}

/// Hears what came of each batch.
async fn hear(
    mut answers: Streaming<ImportOutcome>,
    mut on_the_way: mpsc::Receiver<Sent>,
    sum: &mut Sum,
    mut rejects: Rejects,
    progress: Progress,
) -> anyhow::Result<()> {
    while let Some(sent) = on_the_way.recv().await {
        let outcome = if sent.asked {
            let answer = answers.message().await;
            let answer = answer.map_err(|status| anyhow!("OCS is gone: {}", status.message()))?;
            answer.ok_or_else(|| anyhow!("OCS is gone"))?
        } else {
            ImportOutcome::default()
        };
        if !outcome.problem.is_empty() {
            bail!(outcome.problem);
        }
        let last = sent.raw.last().map_or(0, |(number, _)| *number);
        let last_bad = sent.bad.last().map_or(0, |bad| bad.number);
        let mut bad: VecDeque<BadLine> = sent.bad.into();
        for reject in outcome.rejects {
            while bad.front().is_some_and(|bad| bad.number < reject.number) {
                rejects.write(&bad.pop_front().unwrap_or_default())?;
            }
            let raw = sent
                .raw
                .binary_search_by_key(&reject.number, |(number, _)| *number);
            let raw = raw.map_or_else(|_| Vec::new(), |at| sent.raw[at].1.clone());
            rejects.write(&BadLine {
                number: reject.number,
                reason: reject.reason,
                raw,
            })?;
        }
        for bad in &bad {
            rejects.write(bad)?;
        }
        sum.added += outcome.added;
        sum.known += outcome.known;
        sum.last_line = sum.last_line.max(last).max(last_bad);
        progress.at(sent.read, sum.added);
    }
    sum.rejected = rejects.written();
    sum.rejects = rejects.finish()?;
    progress.finish();
    Ok(())
}
