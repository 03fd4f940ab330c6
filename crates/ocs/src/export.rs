//! `ocs export`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use ocs_protocol::control::{ExportBatch, ExportRequest};
use ocs_server::{Clock, Control};
use tonic::Streaming;

use crate::cli;
use crate::config;
use crate::run::with_control;
use crate::terminal::{DONE, FAILED, complain, counted, end, were};

/// Exports a calling list as CSV.
pub(crate) fn export(file: Option<&Path>, export: &cli::Export, clock: Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let exported = with_control(&config, "ocs export", clock, async |control| {
        write(control, export).await
    });
    match exported {
        Ok(records) => {
            complain(format!(
                "{} of \"{}\" {} exported",
                counted(records, "record"),
                export.list,
                were(records)
            ));
            DONE
        }
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

async fn write(control: &mut Control, export: &cli::Export) -> anyhow::Result<u64> {
    let request = ExportRequest {
        calling_list: export.list.clone(),
    };
    let batches = control.client.export(request).await;
    let batches = batches.map_err(|status| anyhow!("{}", status.message()))?;
    write_rows(batches.into_inner(), export.file.as_deref()).await
}

/// Writes exported rows as CSV, into a file or to the standard output; returns how many.
pub(crate) async fn write_rows(
    mut batches: Streaming<ExportBatch>,
    file: Option<&Path>,
) -> anyhow::Result<u64> {
    let mut rows = 0;
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
            rows += 1;
        }
    }
    if let Some(mut csv) = csv {
        csv.flush()?;
    }
    Ok(rows)
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
