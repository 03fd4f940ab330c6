//! `ocs consent export`: every statement as CSV.

use std::path::Path;
use std::process::ExitCode;

use anyhow::anyhow;
use ocs_config::Config;
use ocs_protocol::control::ExportConsentRequest;
use ocs_server::{Clock, Control};

use crate::cli;
use crate::export::write_rows;
use crate::run::with_control;
use crate::terminal::{DONE, FAILED, complain, counted, end, were};

/// `ocs consent export`.
pub(super) fn export(config: &Config, export: &cli::ConsentExport, clock: Clock) -> ExitCode {
    let exported = with_control(config, "ocs consent export", clock, async |control| {
        write(control, export.file.as_deref()).await
    });
    match exported {
        Ok(statements) => {
            complain(format!(
                "{} of consent {} exported",
                counted(statements, "statement"),
                were(statements)
            ));
            DONE
        }
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

async fn write(control: &mut Control, file: Option<&Path>) -> anyhow::Result<u64> {
    let batches = control.client.export_consent(ExportConsentRequest {}).await;
    let batches = batches.map_err(|status| anyhow!("{}", status.message()))?;
    write_rows(batches.into_inner(), file).await
}
