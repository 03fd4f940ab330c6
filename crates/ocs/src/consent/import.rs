//! `ocs consent import`: a file, statement by statement.

use std::process::ExitCode;

use ocs_config::Config;
use ocs_protocol::control::consent_import::Body;
use ocs_protocol::control::{ConsentImport, ConsentImportStart};
use ocs_server::{Clock, Control};

use crate::cli;
use crate::dnc::who;
use crate::import::Sum;
use crate::import::by_line::ByLine;
use crate::run::with_control;
use crate::terminal::{FAILED, counted, end, say, were};

/// Lines in one batch, which is one transaction: requests wait for it.
const BATCH: usize = 500;

/// `ocs consent import`.
pub(super) fn import(config: &Config, import: &cli::ConsentImport, clock: Clock) -> ExitCode {
    let holder = format!("ocs consent import of {}", import.file.display());
    let imported = with_control(config, &holder, clock, async |control| {
        run(control, import).await
    });
    match imported {
        Ok(sum) => report(&sum, import.dry_run),
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

async fn run(control: &mut Control, import: &cli::ConsentImport) -> anyhow::Result<Sum> {
    let by_line = ByLine {
        file: &import.file,
        source: import.source.as_ref(),
        rejects: import.rejects.as_ref(),
        batch: BATCH,
        message: |batch| ConsentImport {
            body: Some(Body::Batch(batch)),
        },
        stopped: |sum| {
            format!(
                "the import stopped after line {}: {} {} kept and will stay; run it again to go \
                 on (lines that name their moment are not kept twice)",
                sum.last_line,
                counted(sum.added, "line"),
                were(sum.added),
            )
        },
    };
    let start = |columns, source| {
        let start = ConsentImportStart {
            columns,
            says: import.says.clone().unwrap_or_default(),
            source,
            by: who("ocs consent import"),
            dry_run: import.dry_run,
        };
        ConsentImport {
            body: Some(Body::Start(start)),
        }
    };
    let client = &mut control.client;
    by_line
        .go(start, |messages| client.import_consent(messages))
        .await
}

/// Tells what came of an import, and the status that says so.
fn report(sum: &Sum, dry_run: bool) -> ExitCode {
    let done = if dry_run { "would be" } else { were(sum.added) };
    say(format!("{} {done} kept", counted(sum.added, "line")));
    if sum.known > 0 {
        let known = counted(sum.known, "line");
        say(format!("{known} {} known already", were(sum.known)));
    }
    sum.status()
}
