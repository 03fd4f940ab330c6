//! The audit, row by row as it was written.

use ocs_protocol::control::{AuditBatch, AuditRow};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::core::Core;

/// Rows in one batch; a row has the lines of one transaction.
const BATCH: u32 = 100;

type Batches = mpsc::Sender<Result<AuditBatch, Status>>;

/// The whole audit.
pub(super) fn audit(core: Core) -> ReceiverStream<Result<AuditBatch, Status>> {
    let (batches, stream) = mpsc::channel(2);
    tokio::spawn(async move {
        if let Err(problem) = send(&core, &batches).await {
            let _ = batches
                .send(Ok(AuditBatch {
                    problem,
                    ..AuditBatch::default()
                }))
                .await;
        }
    });
    ReceiverStream::new(stream)
}

async fn send(core: &Core, batches: &Batches) -> Result<(), String> {
    let mut after = 0;
    loop {
        let read = core.store.reader().audit_after(after, BATCH).await;
        let rows = read.map_err(|error| error.to_string())?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.id;
        let rows = rows.into_iter().map(|row| AuditRow {
            id: row.id,
            at: row.at,
            lines: row.lines,
            hash: row.hash.to_vec(),
        });
        let batch = AuditBatch {
            rows: rows.collect(),
            problem: String::new(),
        };
        if batches.send(Ok(batch)).await.is_err() {
            return Ok(());
        }
    }
}
