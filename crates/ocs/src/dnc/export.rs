//! `ocs dnc export`: the whole Do Not Call list as CSV.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use ocs_config::Config;
use ocs_protocol::control::ExportDoNotCallRequest;
use ocs_server::{Clock, Control};

use crate::cli;
use crate::terminal::{DONE, FAILED, complain, end, were};

/// `ocs dnc export`.
pub(super) fn export(config: &Config, export: &cli::DncExport, clock: Clock) -> ExitCode {
    let exported = crate::run::block_on(async {
        let mut control = ocs_server::connect_control(config, "ocs dnc export", clock).await?;
        let written = write(&mut control, export.file.as_deref()).await;
        control.finish().await;
        written
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
    let mut batches = batches
        .map_err(|status| anyhow!("{}", status.message()))?
        .into_inner();
    let mut entries = 0;
    // The file is made when there is something to write into it.
    let mut csv: Option<csv::Writer<Box<dyn Write>>> = None;
    loop {
        let batch = batches
            .message()
            .await
            .map_err(|status| anyhow!("{}", status.message()))?;
        let Some(batch) = batch else { break };
        if !batch.problem.is_empty() {
            bail!(batch.problem);
        }
        let csv = match &mut csv {
            Some(csv) => csv,
            None => csv.insert(csv::Writer::from_writer(open(file)?)),
        };
        if !batch.columns.is_empty() {
            csv.write_record(&batch.columns)?;
        }
        for row in &batch.rows {
            csv.write_record(&row.values)?;
            entries += 1;
        }
    }
    if let Some(mut csv) = csv {
        csv.flush()?;
    }
    Ok(entries)
}

fn open(file: Option<&Path>) -> anyhow::Result<Box<dyn Write>> {
    Ok(match file {
        None => Box::new(io::stdout()),
        Some(path) => {
            let file = File::create(path)
                .with_context(|| format!("{} cannot be written", path.display()))?;
            Box::new(BufWriter::new(file))
        }
    })
}
