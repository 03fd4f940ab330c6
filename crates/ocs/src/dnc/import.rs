//! `ocs dnc import`: a file, line by line, onto the Do Not Call list.

use std::fs::File;
use std::io::BufReader;
use std::process::ExitCode;

use anyhow::Context as _;
use ocs_config::Config;
use ocs_protocol::control::do_not_call_import::Body;
use ocs_protocol::control::{DoNotCallImport, DoNotCallImportStart};
use ocs_server::{Clock, Control};

use super::lines::Lines;
use crate::cli;
use crate::import::batches::{Sum, Way};
use crate::import::progress::Progress;
use crate::import::rejects;
use crate::terminal::{DONE, FAILED, PARTLY, complain, counted, end, say, were};

/// Lines in one batch, which is one transaction.
const BATCH: usize = 5_000;

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
        Ok(sum) => report(&sum, import.dry_run),
        Err(error) => end(FAILED, format!("{error:#}")),
    }
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
    let rejects = import
        .rejects
        .clone()
        .unwrap_or_else(|| rejects::beside(path));
    let way = Way {
        start: DoNotCallImport {
            body: Some(Body::Start(start)),
        },
        message: |batch| DoNotCallImport {
            body: Some(Body::Batch(batch)),
        },
        batch: BATCH,
        in_flight: IN_FLIGHT,
        asks_of_nothing: true,
        rejects,
        progress: Progress::new(size, "line"),
        file: path.clone(),
    };
    let client = &mut control.client;
    let mut sum = Sum::default();
    let heard = way
        .go(
            lines,
            |messages| client.import_do_not_call(messages),
            &mut sum,
        )
        .await;
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

/// Tells what came of an import, and the status that says so.
fn report(sum: &Sum, dry_run: bool) -> ExitCode {
    let done = if dry_run { "would be" } else { were(sum.added) };
    let lines = counted(sum.added, "line");
    say(format!("{lines} {done} put on the Do Not Call list"));
    let Some(rejects) = &sum.rejects else {
        return DONE;
    };
    complain(format!(
        "{} {} rejected; see {} for the reason of each",
        counted(sum.rejected, "line"),
        were(sum.rejected),
        rejects.display()
    ));
    ExitCode::from(PARTLY)
}
