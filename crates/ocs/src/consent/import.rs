//! `ocs consent import`: a file, statement by statement.

use std::fs::File;
use std::io::BufReader;
use std::process::ExitCode;

use anyhow::Context as _;
use ocs_config::Config;
use ocs_protocol::control::consent_import::Body;
use ocs_protocol::control::{ConsentImport, ConsentImportStart};
use ocs_server::{Clock, Control};

use crate::cli;
use crate::dnc::{Lines, who};
use crate::import::batches::{Sum, Way};
use crate::import::progress::Progress;
use crate::import::rejects;
use crate::terminal::{DONE, FAILED, PARTLY, complain, counted, end, say, were};

/// Lines in one batch, which is one transaction: requests wait for it.
const BATCH: usize = 500;

/// Batches that may be on their way unanswered.
const IN_FLIGHT: usize = 2;

/// `ocs consent import`.
pub(super) fn import(config: &Config, import: &cli::ConsentImport, clock: Clock) -> ExitCode {
    let holder = format!("ocs consent import of {}", import.file.display());
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

async fn run(control: &mut Control, import: &cli::ConsentImport) -> anyhow::Result<Sum> {
    let path = &import.file;
    let unreadable = || format!("{} cannot be read", path.display());
    let opened = File::open(path).with_context(unreadable)?;
    let size = opened.metadata().map_or(0, |metadata| metadata.len());
    let lines = Lines::new(BufReader::with_capacity(1 << 18, opened)).with_context(unreadable)?;
    let source = import.source.clone().or_else(|| {
        let name = path.file_name()?.to_string_lossy();
        Some(name.chars().take(128).collect())
    });
    let start = ConsentImportStart {
        columns: lines.columns().to_vec(),
        says: import.says.clone().unwrap_or_default(),
        source: source.unwrap_or_default(),
        by: who("ocs consent import"),
        dry_run: import.dry_run,
    };
    let rejects = import
        .rejects
        .clone()
        .unwrap_or_else(|| rejects::beside(path));
    let way = Way {
        start: ConsentImport {
            body: Some(Body::Start(start)),
        },
        message: |batch| ConsentImport {
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
        .go(lines, |messages| client.import_consent(messages), &mut sum)
        .await;
    heard.map_err(|error| {
        if sum.last_line == 0 {
            return error;
        }
        error.context(format!(
            "the import stopped after line {}: {} {} kept and will stay; run it again to go on \
             (lines that name their moment are not kept twice)",
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
    say(format!("{} {done} kept", counted(sum.added, "line")));
    if sum.known > 0 {
        let known = counted(sum.known, "line");
        say(format!("{known} {} known already", were(sum.known)));
    }
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
