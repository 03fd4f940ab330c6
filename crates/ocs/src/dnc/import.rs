//! `ocs dnc import`: a file, line by line, onto the Do Not Call list.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use ocs_config::Config;
use ocs_protocol::control::do_not_call_import::Body;
use ocs_protocol::control::{
    DoNotCallImport, DoNotCallImportStart, ImportBatch, ImportLine, ImportOutcome,
};
use ocs_server::{Clock, Control};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::lines::{Line, Lines};
use crate::cli;
use crate::import::lines::BadLine;
use crate::import::progress::Progress;
use crate::import::rejects::{self, Rejects};
use crate::terminal::{DONE, FAILED, PARTLY, complain, counted, end, say, were};

/// Lines in one batch, which is one transaction.
const BATCH: usize = 5_000;

/// Bytes of lines after which a batch is sent, however few they are.
const BATCH_BYTES: usize = 1 << 20;

/// Batches that may be on their way unanswered.
const IN_FLIGHT: usize = 2;

/// `ocs dnc import`.
pub(super) fn import(config: &Config, import: &cli::DncImport, clock: Clock) -> ExitCode {
    let holder = format!("ocs dnc import of {}", import.file.display());
    let imported = crate::run::block_on(async {
        let mut control = ocs_server::connect_control(config, &holder, clock).await?;
        let imported = run(&mut control, import).await;
        control.finish().await;
        imported
    });
    match imported {
        Ok(sum) => sum.report(import.dry_run),
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

/// What came of an import.
#[derive(Default)]
struct Sum {
    added: u64,
    rejected: u64,
    rejects: Option<PathBuf>,
    last_line: u64,
}

/// A batch that is on its way, with its lines as the file has them.
#[derive(Default)]
struct Sent {
    raw: BTreeMap<u64, Vec<u8>>,
    /// Lines that were not even sent, and why.
    bad: BTreeMap<u64, String>,
    /// Bytes of the file up to its end.
    read: u64,
    /// Whether an answer comes for it.
    asked: bool,
}

async fn run(control: &mut Control, import: &cli::DncImport) -> anyhow::Result<Sum> {
    let path = &import.file;
    let unreadable = || format!("{} cannot be read", path.display());
    let opened = File::open(path).with_context(unreadable)?;
    let size = opened.metadata().map_or(0, |metadata| metadata.len());
    let lines = Lines::new(BufReader::with_capacity(1 << 18, opened)).with_context(unreadable)?;
    let source = import.source.clone().or_else(|| {
        let name = path.file_name()?.to_string_lossy();
        Some(name.chars().take(128).collect())
    });
    let start = DoNotCallImportStart {
        columns: lines.columns().to_vec(),
        source: source.unwrap_or_default(),
        expires: import.expires.clone().unwrap_or_default(),
        dry_run: import.dry_run,
    };
    let (messages, to_send) = mpsc::channel(1);
    let (sent, on_the_way) = mpsc::channel(IN_FLIGHT);
    messages.try_send(DoNotCallImport {
        body: Some(Body::Start(start)),
    })?;
    // Reading waits when enough is on its way: for room in either channel.
    let reading = tokio::task::spawn_blocking(move || read(lines, &messages, &sent));
    let answers = control
        .client
        .import_do_not_call(ReceiverStream::new(to_send))
        .await;
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
        Progress::new(size, "line"),
    )
    .await;
    // Reading ends with the channels that it writes into.
    reading.await?.with_context(unreadable)?;
    heard.map_err(|error| {
        if sum.last_line == 0 {
            return error;
        }
        error.context(format!(
            "the import stopped after line {}: {} {} put on the Do Not Call list and will stay; \
             run it again to go on",
            sum.last_line,
            counted(sum.added, "line"),
            were(sum.added),
        ))
    })?;
    Ok(sum)
}

/// Reads the file into batches until its end, or until nobody wants them.
fn read(
    mut lines: Lines<BufReader<File>>,
    messages: &mpsc::Sender<DoNotCallImport>,
    sent: &mpsc::Sender<Sent>,
) -> std::io::Result<()> {
    // A file without a line is asked about too: its columns may be wrong.
    let mut first = true;
    loop {
        let mut batch = ImportBatch::default();
        let mut on_the_way = Sent::default();
        let (mut bytes, mut ended) = (0, false);
        while on_the_way.raw.len() < BATCH && bytes < BATCH_BYTES {
            let Some(Line {
                number,
                raw,
                values,
            }) = lines.next()?
            else {
                ended = true;
                break;
            };
            bytes += raw.len();
            on_the_way.raw.insert(number, raw);
            match values {
                Ok(values) => batch.lines.push(ImportLine { number, values }),
                Err(reason) => {
                    on_the_way.bad.insert(number, reason);
                }
            }
        }
        on_the_way.read = lines.read_so_far();
        on_the_way.asked = first || !batch.lines.is_empty();
        first = false;
        let asked = on_the_way.asked;
        if sent.blocking_send(on_the_way).is_err() {
            return Ok(());
        }
        let message = DoNotCallImport {
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
    while let Some(mut sent) = on_the_way.recv().await {
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
        let refused = outcome.rejects.into_iter();
        sent.bad
            .extend(refused.map(|reject| (reject.number, reject.reason)));
        for (number, reason) in sent.bad {
            let raw = sent.raw.get(&number).cloned().unwrap_or_default();
            rejects.write(&BadLine {
                number,
                reason,
                raw,
            })?;
        }
        sum.added += outcome.added;
        if let Some((last, _)) = sent.raw.last_key_value() {
            sum.last_line = *last;
        }
        progress.at(sent.read, sum.added);
    }
    sum.rejected = rejects.written();
    sum.rejects = rejects.finish()?;
    progress.finish();
    Ok(())
}

impl Sum {
    fn report(&self, dry_run: bool) -> ExitCode {
        let done = if dry_run {
            "would be"
        } else {
            were(self.added)
        };
        let lines = counted(self.added, "line");
        say(format!("{lines} {done} put on the Do Not Call list"));
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
