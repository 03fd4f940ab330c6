//! `ocs import`: a CSV file, line by line, into a calling list.

pub(crate) mod batches;
pub(crate) mod by_line;
pub(crate) mod lines;
pub(crate) mod progress;
pub(crate) mod rejects;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use ocs_config::Config;
use ocs_protocol::control::import_message::Body;
use ocs_protocol::control::{ImportMessage, ImportStart};
use ocs_server::{Clock, Control};

use crate::run::with_control;
use crate::terminal::{FAILED, counted, end, say, were};
use crate::{cli, config};
pub(crate) use batches::Sum;
use batches::Way;
use lines::Lines;
use progress::Progress;

/// Lines in one batch, which is one transaction.
const BATCH: usize = 1_000;

/// Batches that may be on their way unanswered.
const IN_FLIGHT: usize = 4;

/// `ocs import`.
pub(crate) fn import(file: Option<&Path>, import: &cli::Import, clock: Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    match import_into(&config, import, clock) {
        Ok(sum) => report(&sum, import),
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
    with_control(config, &holder, clock, async |control| {
        run(control, import).await
    })
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
    let rejects = import
        .rejects
        .clone()
        .unwrap_or_else(|| rejects::beside(path));
    let way = Way {
        start: ImportMessage {
            body: Some(Body::Start(start)),
        },
        message: |batch| ImportMessage {
            body: Some(Body::Batch(batch)),
        },
        batch: BATCH,
        in_flight: IN_FLIGHT,
        asks_of_nothing: false,
        rejects,
        progress: Progress::new(size, "record"),
        file: path.clone(),
    };
    let client = &mut control.client;
    let mut sum = Sum::default();
    let heard = way
        .go(lines, |messages| client.import(messages), &mut sum)
        .await;
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

/// Tells what came of an import, and the status that says so.
fn report(sum: &Sum, import: &cli::Import) -> ExitCode {
    let done = if import.dry_run {
        "would be"
    } else {
        were(sum.added)
    };
    say(format!(
        "{} {done} added to \"{}\"",
        counted(sum.added, "record"),
        import.list
    ));
    if sum.known > 0 {
        let known = counted(sum.known, "line");
        say(format!("{known} {} there already", were(sum.known)));
    }
    sum.status()
}
