//! `ocs dnc export`: the whole Do Not Call list as CSV.

use std::path::Path;
use std::process::ExitCode;

use anyhow::anyhow;
use ocs_config::Config;
use ocs_protocol::control::ExportDoNotCallRequest;
use ocs_server::{Clock, Control};

use crate::cli;
use crate::export::write_rows;
use crate::run::with_control;
use crate::terminal::{DONE, FAILED, complain, end, were};

/// `ocs dnc export`.
pub(super) fn export(config: &Config, export: &cli::DncExport, clock: Clock) -> ExitCode {
    let exported = with_control(config, "ocs dnc export", clock, async |control| {
        write(control, export.file.as_deref()).await
    });
    match exported {
        Ok(1) => {
            complain("1 entry of the Do Not Call list was exported");
            DONE
        }
        Ok(entries) => {
            let done = were(entries);
            complain(format!(
                "{entries} entries of the Do Not Call list {done} exported"
            ));
            DONE
        }
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

async fn write(control: &mut Control, file: Option<&Path>) -> anyhow::Result<u64> {
    let batches = control
        .client
        .export_do_not_call(ExportDoNotCallRequest {})
        .await;
    let batches = batches.map_err(|status| anyhow!("{}", status.message()))?;
    write_rows(batches.into_inner(), file).await
}
