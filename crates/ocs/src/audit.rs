//! `ocs audit`: the audit as JSON lines, and whether its chain holds.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use ocs_config::Config;
use ocs_protocol::control::{AuditBatch, AuditRequest};
use ocs_server::{AuditHash, AuditHead, AuditRow, Clock, Control};
use serde::{Deserialize, Serialize};
use tonic::Streaming;

use crate::run::with_control;
use crate::terminal::{DONE, FAILED, complain, counted, end, say, were};
use crate::{cli, config};

/// A row of an exported file. The lines are a text, so that they stay as they were
/// written, byte for byte: their hash is made of them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: i64,
    at: String,
    lines: String,
    hash: String,
}

/// `ocs audit`.
pub(crate) fn audit(file: Option<&Path>, command: &cli::Audit, clock: Clock) -> ExitCode {
    let (done, said) = match command {
        cli::Audit::Verify(verify) if verify.file.is_some() => {
            (verify_file(verify), "the audit could not be verified")
        }
        command => {
            let config = match config::load(file) {
                Ok(config) => config,
                Err(status) => return status,
            };
            match command {
                cli::Audit::Export(export) => (
                    export_all(&config, export, clock),
                    "the audit could not be exported",
                ),
                cli::Audit::Verify(verify) => (
                    verify_store(&config, verify, clock),
                    "the audit could not be verified",
                ),
            }
        }
    };
    match done {
        Ok(()) => DONE,
        Err(error) => end(FAILED, format!("{said}: {error:#}")),
    }
}

fn export_all(config: &Config, export: &cli::AuditExport, clock: Clock) -> anyhow::Result<()> {
    let rows = with_control(config, "ocs audit export", clock, async |control| {
        write(control, export.file.as_deref()).await
    })?;
    complain(format!(
        "{} of the audit {} exported",
        counted(rows, "row"),
        were(rows)
    ));
    Ok(())
}

async fn write(control: &mut Control, file: Option<&Path>) -> anyhow::Result<u64> {
    let mut batches = rows_of(control).await?;
    let mut out: Box<dyn Write> = match file {
        None => Box::new(BufWriter::new(io::stdout())),
        Some(path) => {
            let file = File::create(path)
                .with_context(|| format!("{} cannot be written", path.display()))?;
            Box::new(BufWriter::new(file))
        }
    };
    let mut written = 0;
    while let Some(rows) = next(&mut batches).await? {
        for row in rows {
            let row = Row {
                id: row.id,
                at: Timestamp::from_second(row.at)?.to_string(),
                lines: row.lines,
                hash: hex(row.hash),
            };
            serde_json::to_writer(&mut out, &row)?;
            out.write_all(b"\n")?;
            written += 1;
        }
    }
    out.flush()?;
    Ok(written)
}

fn verify_store(config: &Config, verify: &cli::AuditVerify, clock: Clock) -> anyhow::Result<()> {
    let mut check = Check::new(verify)?;
    with_control(config, "ocs audit verify", clock, async |control| {
        check_all(control, &mut check).await
    })?;
    check.finish()
}

async fn check_all(control: &mut Control, check: &mut Check) -> anyhow::Result<()> {
    let mut batches = rows_of(control).await?;
    while let Some(rows) = next(&mut batches).await? {
        for row in rows {
            check.row(&row)?;
        }
    }
    Ok(())
}

fn verify_file(verify: &cli::AuditVerify) -> anyhow::Result<()> {
    let Some(path) = &verify.file else {
        return Ok(());
    };
    let mut check = Check::new(verify)?;
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.with_context(|| format!("{} cannot be read", path.display()))?;
        let here = || format!("{}, line {number}", path.display());
        let row: Row = serde_json::from_str(&line).with_context(here)?;
        let hash = unhex(&row.hash).with_context(here)?;
        let at: Timestamp = row.at.parse().with_context(here)?;
        let row = AuditRow {
            id: row.id,
            at: at.as_second(),
            lines: row.lines,
            hash,
        };
        check.row(&row).with_context(here)?;
    }
    check.finish()
}

/// A chain that is checked, and the head that it is to have or to pass.
struct Check {
    head: AuditHead,
    noted: Option<AuditHead>,
}

impl Check {
    fn new(verify: &cli::AuditVerify) -> anyhow::Result<Self> {
        let noted = verify.head.as_deref().map(|text| {
            let (id, hash) = text.split_once(':').with_context(|| {
                format!("{text:?} is no head; write it as `ocs audit verify` says it: ROW:HASH")
            })?;
            let id = id
                .parse()
                .with_context(|| format!("{id:?} is no row of the audit"))?;
            anyhow::Ok(AuditHead {
                id,
                hash: unhex(hash)?,
            })
        });
        Ok(Self {
            head: AuditHead::default(),
            noted: noted.transpose()?,
        })
    }

    fn row(&mut self, row: &AuditRow) -> anyhow::Result<()> {
        self.head.check(row).map_err(|broken| anyhow!("{broken}"))?;
        if let Some(noted) = self.noted
            && noted.id == self.head.id
            && noted != self.head
        {
            bail!(
                "row {} of the audit is not the one that was noted: the audit was made anew",
                noted.id
            );
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        if let Some(noted) = self.noted
            && noted.id > self.head.id
        {
            bail!(
                "the audit ends with row {}, and row {} was noted: its end was cut off",
                self.head.id,
                noted.id
            );
        }
        let rows = self.head.id.unsigned_abs();
        say(format!(
            "the audit holds: {}; its head is {}:{}",
            counted(rows, "row"),
            self.head.id,
            hex(self.head.hash)
        ));
        Ok(())
    }
}

async fn rows_of(control: &mut Control) -> anyhow::Result<Streaming<AuditBatch>> {
    let batches = control.client.audit(AuditRequest {}).await;
    let batches = batches.map_err(|status| anyhow!("{}", status.message()))?;
    Ok(batches.into_inner())
}

async fn next(batches: &mut Streaming<AuditBatch>) -> anyhow::Result<Option<Vec<AuditRow>>> {
    let batch = batches
        .message()
        .await
        .map_err(|status| anyhow!("{}", status.message()))?;
    let Some(batch) = batch else { return Ok(None) };
    if !batch.problem.is_empty() {
        bail!(batch.problem);
    }
    let rows = batch.rows.into_iter().map(|row| {
        let hash = AuditHash::try_from(row.hash.as_slice());
        Ok(AuditRow {
            id: row.id,
            at: row.at,
            lines: row.lines,
            hash: hash.map_err(|_| anyhow!("row {} has no whole hash", row.id))?,
        })
    });
    rows.collect::<anyhow::Result<_>>().map(Some)
}

fn hex(hash: AuditHash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> anyhow::Result<AuditHash> {
    let wrong = || anyhow!("{text:?} is no hash: it has 64 hexadecimal digits");
    if text.len() != 64 || !text.is_ascii() {
        return Err(wrong());
    }
    let mut hash = AuditHash::default();
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| wrong())?;
    }
    Ok(hash)
}
