//! Export: all records of a calling list, batch by batch, as they are committed.

use ocs_protocol::attribute::{
    GSW_AGENT_ID, GSW_ATTEMPTS, GSW_CALL_RESULT, GSW_CALL_TIME, GSW_CAMPAIGN_NAME, GSW_CHAIN_ID,
    GSW_CHAIN_N, GSW_CUSTOMER_ID, GSW_DATE_TIME, GSW_FROM, GSW_PHONE, GSW_PHONE_TYPE,
    GSW_RECORD_HANDLE, GSW_RECORD_STATUS, GSW_RECORD_TYPE, GSW_TZ_NAME, GSW_UNTIL,
};
use ocs_protocol::control::{ExportBatch, ExportRequest, ExportRow};
use ocs_protocol::outbound::UserEvent;
use ocs_rules::calling_list::CallingList;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::core::Core;
use crate::{answer, request};

/// Records in one batch.
const BATCH: u32 = 500;

/// The attributes that are exported, in this order; the fields follow.
const ATTRIBUTES: &[&str] = &[
    GSW_RECORD_HANDLE,
    GSW_CHAIN_ID,
    GSW_CHAIN_N,
    GSW_PHONE,
    GSW_PHONE_TYPE,
    GSW_CUSTOMER_ID,
    GSW_RECORD_TYPE,
    GSW_RECORD_STATUS,
    GSW_CALL_RESULT,
    GSW_ATTEMPTS,
    GSW_FROM,
    GSW_UNTIL,
    GSW_TZ_NAME,
    GSW_DATE_TIME,
    GSW_CALL_TIME,
    GSW_AGENT_ID,
    GSW_CAMPAIGN_NAME,
];

/// Exports a calling list.
pub(super) fn export(
    core: Core,
    request: ExportRequest,
) -> ReceiverStream<Result<ExportBatch, Status>> {
    let (batches, stream) = mpsc::channel(2);
    tokio::spawn(async move {
        if let Err(problem) = send(&core, &request.calling_list, &batches).await {
            let _ = batches
                .send(Ok(ExportBatch {
                    problem,
                    ..ExportBatch::default()
                }))
                .await;
        }
    });
    ReceiverStream::new(stream)
}

async fn send(
    core: &Core,
    name: &str,
    batches: &mpsc::Sender<Result<ExportBatch, Status>>,
) -> Result<(), String> {
    let objects = core.store.objects();
    let list = objects
        .list_named(name)
        .ok_or_else(|| request::no_such_list(name).sentence)?;
    let columns = columns(list);
    let mut first = columns.iter().map(ToString::to_string).collect();
    let mut after = 0;
    loop {
        let read = core
            .store
            .reader()
            .records_after(list.dbid, after, BATCH)
            .await;
        let records = read.map_err(|error| error.to_string())?;
        let rows = records.iter().map(|record| {
            let event = answer::attributes(record, &objects, (core.clock)());
            ExportRow {
                values: columns.iter().map(|column| value(&event, column)).collect(),
            }
        });
        let batch = ExportBatch {
            columns: std::mem::take(&mut first),
            rows: rows.collect(),
            problem: String::new(),
        };
        if batches.send(Ok(batch)).await.is_err() {
            return Ok(());
        }
        match records.last() {
            Some(last) => after = last.handle,
            None => return Ok(()),
        }
    }
}

fn columns(list: &CallingList) -> Vec<&str> {
    let fields = list.fields.iter().map(|field| field.wire_name());
    ATTRIBUTES.iter().copied().chain(fields).collect()
}

fn value(event: &UserEvent, column: &str) -> String {
    event
        .get(column)
        .map(|value| value.shown().into_owned())
        .unwrap_or_default()
}
