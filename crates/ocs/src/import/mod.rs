//! `ocs import`: a CSV file, line by line, into a calling list.

pub(crate) mod lines;
pub(crate) mod progress;
pub(crate) mod rejects;

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use ocs_config::Config;
use ocs_protocol::control::import_message::Body;
use ocs_protocol::control::{ImportBatch, ImportLine, ImportMessage, ImportOutcome, ImportStart};
use ocs_server::{Clock, Control};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use crate::terminal::{DONE, FAILED, PARTLY, complain, counted, end, say, were};
use crate::{cli, config};
use lines::{BadLine, GoodLine, Lines};
use progress::Progress;
use rejects::Rejects;

/// Lines in one batch, which is one transaction.
const BATCH: usize = 1_000;

/// Bytes of lines after which a batch is sent, however few they are.
const BATCH_BYTES: usize = 1 << 20;

/// Batches that may be on their way unanswered.
const IN_FLIGHT: usize = 4;

/// `ocs import`.
pub(crate) fn import(file: Option<&Path>, import: &cli::Import, clock: Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    match import_into(&config, import, clock) {
        Ok(sum) => sum.report(import),
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

/// Imports a file into the store of a configuration.
pub(crate) fn import_into(
    config: &Config,
    import: &cli::Import,
    clock: Clock,
) -> anyhow::Result<Sum> {
    let holder = format!("ocs import of {}", import.file.display());
    crate::run::block_on(async {
        let mut control = ocs_server::connect_control(config, &holder, clock).await?;
        let imported = run(&mut control, import).await;
        control.finish().await;
        imported
    })
}

/// What came of an import.
#[derive(Default)]
pub(crate) struct Sum {
    added: u64,
    known: u64,
    rejected: u64,
    rejects: Option<PathBuf>,
    /// The last line that was answered for.
    last_line: u64,
}

/// A batch that is on its way, with its lines as the file has them: those that are
/// rejected are written out as they were.
struct Sent {
    raw: Vec<(u64, Vec<u8>)>,
    bad: Vec<BadLine>,
    /// Bytes of the file up to its end.
    read: u64,
    /// Whether an answer comes for it.
    asked: bool,
}

async fn run(control: &mut Control, import: &cli::Import) -> anyhow::Result<Sum> {
    let path = &import.file;
    let opened = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let size = opened.metadata().map_or(0, |metadata| metadata.len());
    let delimiter = u8::try_from(import.delimiter)
        .ok()
        .filter(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r'))
        .ok_or_else(|| anyhow!("--delimiter must be one ASCII character, such as ; or |"))?;
    let mut lines = Lines::new(BufReader::with_capacity(1 << 18, opened), delimiter);
    let columns = lines.header().with_context(|| path.display().to_string())?;
    let start = ImportStart {
        calling_list: import.list.clone(),
        columns,
        key_column: import.key.clone().unwrap_or_default(),
        chain_column: import.chain.clone().unwrap_or_default(),
        dry_run: import.dry_run,
    };
    let (messages, to_send) = mpsc::channel(1);
    let (sent, on_the_way) = mpsc::channel(IN_FLIGHT);
    messages.try_send(ImportMessage {
        body: Some(Body::Start(start)),
    })?;
    // Reading waits when enough is on its way: for room in either channel.
    let reading = tokio::task::spawn_blocking(move || read(lines, &messages, &sent));
    let answers = control.client.import(ReceiverStream::new(to_send)).await;
    let answers = answers
        .map_err(|status| anyhow!("{}", status.message()))?
        .into_inner();
    let rejects = import
        .rejects
        .clone()
        .unwrap_or_else(|| rejects::beside(path));
    let mut sum = Sum::default();
    let heard = hear(
        answers,
        on_the_way,
        &mut sum,
        Rejects::new(rejects),
        Progress::new(size, "record"),
    )
    .await;
    // Reading ends with the channels that it writes into.
    reading.await??;
    match heard {
        Ok(()) => Ok(sum),
        Err(error) if sum.last_line == 0 => Err(error),
        Err(error) => Err(error.context(format!(
            "the import stopped after line {}: {} {} added and will stay{}",
            sum.last_line,
            counted(sum.added, "record"),
            were(sum.added),
            if import.key.is_some() {
                "; run it again to go on"
            } else {
                "; with --key it could be run again without doubling any"
            }
        ))),
    }
}

/// Reads the file into batches until its end, or until nobody wants them.
fn read(
    mut lines: Lines<BufReader<File>>,
    messages: &mpsc::Sender<ImportMessage>,
    sent: &mpsc::Sender<Sent>,
) -> std::io::Result<()> {
    loop {
        let mut batch = ImportBatch::default();
        let mut on_the_way = Sent {
            raw: Vec::new(),
            bad: Vec::new(),
            read: 0,
            asked: false,
        };
        let (mut bytes, mut ended) = (0, false);
        while batch.lines.len() < BATCH && on_the_way.bad.len() < BATCH && bytes < BATCH_BYTES {
            match lines.next()? {
                Some(Ok(GoodLine {
                    number,
                    values,
                    raw,
                })) => {
                    bytes += raw.len();
                    on_the_way.raw.push((number, raw));
                    batch.lines.push(ImportLine { number, values });
                }
                Some(Err(bad)) => {
                    bytes += bad.raw.len();
                    on_the_way.bad.push(bad);
                }
                None => {
                    ended = true;
                    break;
                }
            }
        }
        on_the_way.read = lines.read_so_far();
        on_the_way.asked = !batch.lines.is_empty();
        let asked = on_the_way.asked;
        if sent.blocking_send(on_the_way).is_err() {
            return Ok(());
        }
        let message = ImportMessage {
            body: Some(Body::Batch(batch)),
        };
        if asked && messages.blocking_send(message).is_err() {
            return Ok(());
        }
        if ended {
            return Ok(());
        }
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
        let last = sent.raw.last().map(|(number, _)| *number);
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
        sum.last_line = sum.last_line.max(last.unwrap_or(0));
        progress.at(sent.read, sum.added);
    }
    sum.rejected = rejects.written();
    sum.rejects = rejects.finish()?;
    progress.finish();
    Ok(())
}

impl Sum {
    fn report(&self, import: &cli::Import) -> ExitCode {
        let done = if import.dry_run {
            "would be"
        } else {
            were(self.added)
        };
        say(format!(
            "{} {done} added to \"{}\"",
            counted(self.added, "record"),
            import.list
        ));
        if self.known > 0 {
            let known = counted(self.known, "line");
            say(format!("{known} {} there already", were(self.known)));
        }
        match &self.rejects {
            None => DONE,
            Some(rejects) => {
                complain(format!(
                    "{} {} rejected; see {} for the reason of each",
                    counted(self.rejected, "line"),
                    were(self.rejected),
                    rejects.display()
                ));
                ExitCode::from(PARTLY)
            }
        }
    }
}
