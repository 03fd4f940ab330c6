//! `ocs dnc import`: a file, line by line, onto the Do Not Call list.

use std::process::ExitCode;

use ocs_config::Config;
use ocs_protocol::control::do_not_call_import::Body;
use ocs_protocol::control::{DoNotCallImport, DoNotCallImportStart};
use ocs_server::{Clock, Control};

use crate::cli;
use crate::import::Sum;
use crate::import::by_line::ByLine;
use crate::run::with_control;
use crate::terminal::{FAILED, counted, end, say, were};

/// Lines in one batch, which is one transaction.
const BATCH: usize = 5_000;

/// `ocs dnc import`.
pub(super) fn import(config: &Config, import: &cli::DncImport, clock: Clock) -> ExitCode {
    let holder = format!("ocs dnc import of {}", import.file.display());
    let imported = with_control(config, &holder, clock, async |control| {
        run(control, import).await
    });
    match imported {
        Ok(sum) => report(&sum, import.dry_run),
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

async fn run(control: &mut Control, import: &cli::DncImport) -> anyhow::Result<Sum> {
    let by_line = ByLine {
        file: &import.file,
        source: import.source.as_ref(),
        rejects: import.rejects.as_ref(),
        batch: BATCH,
        message: |batch| DoNotCallImport {
            body: Some(Body::Batch(batch)),
        },
        stopped: |sum| {
            format!(
                "the import stopped after line {}: {} {} put on the Do Not Call list and will \
                 stay; run it again to go on",
                sum.last_line,
                counted(sum.added, "line"),
                were(sum.added),
            )
        },
    };
    let start = |columns, source| {
        let start = DoNotCallImportStart {
            columns,
            source,
            expires: import.expires.clone().unwrap_or_default(),
            dry_run: import.dry_run,
        };
        DoNotCallImport {
            body: Some(Body::Start(start)),
        }
    };
    let client = &mut control.client;
    by_line
        .go(start, |messages| client.import_do_not_call(messages))
        .await
}

/// Tells what came of an import, and the status that says so.
fn report(sum: &Sum, dry_run: bool) -> ExitCode {
    let done = if dry_run { "would be" } else { were(sum.added) };
    let lines = counted(sum.added, "line");
    say(format!("{lines} {done} put on the Do Not Call list"));
    sum.status()
}
