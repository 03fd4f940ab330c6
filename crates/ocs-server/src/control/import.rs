//! Import: lines of a file become AddRecord requests, read by the same rules as
//! those that come over HTTP, and are committed batch by batch.

use std::sync::Arc;

use ocs_protocol::attribute::{
    GSW_CALLING_LIST, GSW_CHAIN_ID, GSW_CHAIN_N, GSW_RECORD_HANDLE, is_attribute,
};
use ocs_protocol::control::import_message::Body;
use ocs_protocol::control::{
    ImportBatch, ImportLine, ImportMessage, ImportOutcome, ImportReject, ImportStart,
};
use ocs_protocol::event::Value;
use ocs_protocol::outbound::{Pair, UserEvent};
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::RequestName;
use ocs_rules::change::{ChainChoice, Change, Outcome};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::core::Core;
use crate::request;

/// Batches between the reading of lines and their commit, so that both go on at
/// the same time.
const READ_AHEAD: usize = 2;

/// The longest key or chain label, in characters.
const LABEL_LENGTH: usize = 128;

/// Imports what a stream brings.
pub(super) fn import(
    core: Core,
    messages: Streaming<ImportMessage>,
) -> ReceiverStream<Result<ImportOutcome, Status>> {
    let (outcomes, stream) = mpsc::channel(READ_AHEAD);
    let (read, to_commit) = mpsc::channel(READ_AHEAD);
    tokio::spawn(commit(core.clone(), to_commit, outcomes));
    tokio::spawn(read_lines(core, messages, read));
    ReceiverStream::new(stream)
}

/// A batch between reading and commit.
enum Read {
    Batch {
        changes: Vec<Change>,
        lines: Vec<u64>,
        rejects: Vec<ImportReject>,
        keep: bool,
    },
    Problem(String),
}

async fn read_lines(core: Core, mut messages: Streaming<ImportMessage>, read: mpsc::Sender<Read>) {
    let columns = match messages.message().await {
        Ok(Some(ImportMessage {
            body: Some(Body::Start(start)),
        })) => Columns::of(start, &core),
        _ => return,
    };
    let columns = match columns {
        Ok(columns) => columns,
        Err(problem) => {
            let _ = read.send(Read::Problem(problem)).await;
            return;
        }
    };
    // Ends with the tool: what it sent until then is done.
    while let Ok(Some(ImportMessage {
        body: Some(Body::Batch(batch)),
    })) = messages.message().await
    {
        if read.send(columns.read(batch, &core)).await.is_err() {
            return;
        }
    }
}

async fn commit(
    core: Core,
    mut read: mpsc::Receiver<Read>,
    outcomes: mpsc::Sender<Result<ImportOutcome, Status>>,
) {
    while let Some(read) = read.recv().await {
        let outcome = match read {
            Read::Problem(problem) => ImportOutcome {
                problem,
                ..ImportOutcome::default()
            },
            Read::Batch {
                changes,
                lines,
                rejects,
                keep,
            } => commit_batch(&core, changes, &lines, rejects, keep).await,
        };
        if outcomes.send(Ok(outcome)).await.is_err() {
            return;
        }
    }
}

async fn commit_batch(
    core: &Core,
    changes: Vec<Change>,
    lines: &[u64],
    rejects: Vec<ImportReject>,
    keep: bool,
) -> ImportOutcome {
    let mut sum = ImportOutcome {
        rejects,
        ..ImportOutcome::default()
    };
    match core.store.submit_bulk(changes, keep).await {
        Ok(outcomes) => {
            for (number, outcome) in lines.iter().zip(outcomes) {
                match outcome {
                    Ok(Outcome::Known) => sum.known += 1,
                    Ok(_) => sum.added += 1,
                    Err(refusal) => sum.rejects.push(reject(*number, refusal)),
                }
            }
            sum.rejects.sort_by_key(|reject| reject.number);
        }
        Err(error) => sum.problem = error.to_string(),
    }
    sum
}

fn reject(number: u64, refusal: Refusal) -> ImportReject {
    ImportReject {
        number,
        reason: refusal.sentence,
    }
}

/// What the columns of the file are.
struct Columns {
    calling_list: String,
    columns: Vec<Column>,
    keep: bool,
}

struct Column {
    /// Under which key its values go into the record; `None` for those that do not.
    key: Option<Arc<str>>,
    is_key: bool,
    is_chain: bool,
}

impl Columns {
    /// Maps the columns, or says why the file cannot be imported at all.
    fn of(start: ImportStart, core: &Core) -> Result<Self, String> {
        let objects = core.store.objects();
        let Some(list) = objects.list_named(&start.calling_list) else {
            return Err(request::no_such_list(&start.calling_list).sentence);
        };
        for (option, name) in [
            ("--key", &start.key_column),
            ("--chain", &start.chain_column),
        ] {
            if !name.is_empty() && !start.columns.contains(name) {
                return Err(format!("{option}: the file has no column {}", quoted(name)));
            }
        }
        let mut columns = Vec::new();
        for (index, name) in start.columns.iter().enumerate() {
            if start.columns[..index].contains(name) {
                return Err(format!("the column {} is there twice", quoted(name)));
            }
            let is_key = *name == start.key_column;
            let is_chain = *name == start.chain_column;
            // Handle and place are OCS's to give, and stand in every export; a chain's
            // number that serves as a label is no number of a chain that exists.
            let given_by_ocs = [GSW_RECORD_HANDLE, GSW_CHAIN_N].contains(&name.as_str())
                || (is_chain && name == GSW_CHAIN_ID);
            let known =
                (is_attribute(name) && name != GSW_CALLING_LIST) || list.field(name).is_some();
            if !known && !is_key && !is_chain {
                let fields: Vec<_> = list
                    .fields
                    .iter()
                    .map(|field| field.name.as_str())
                    .collect();
                return Err(format!(
                    "the column {} is neither an attribute (such as GSW_PHONE) nor a field of the \
                     calling list {} ({}); rename or remove it",
                    quoted(name),
                    quoted(&list.name),
                    if fields.is_empty() {
                        "it has none".to_owned()
                    } else {
                        fields.join(", ")
                    }
                ));
            }
            let stored = known && !given_by_ocs;
            columns.push(Column {
                key: stored.then(|| name.as_str().into()),
                is_key,
                is_chain,
            });
        }
        Ok(Self {
            calling_list: start.calling_list,
            columns,
            keep: !start.dry_run,
        })
    }

    fn read(&self, batch: ImportBatch, core: &Core) -> Read {
        let mut changes = Vec::with_capacity(batch.lines.len());
        let mut lines = Vec::with_capacity(batch.lines.len());
        let mut rejects = Vec::new();
        for line in batch.lines {
            let number = line.number;
            match self.read_line(line, core) {
                Ok(change) => {
                    changes.push(change);
                    lines.push(number);
                }
                Err(refusal) => rejects.push(reject(number, refusal)),
            }
        }
        Read::Batch {
            changes,
            lines,
            rejects,
            keep: self.keep,
        }
    }

    fn read_line(&self, line: ImportLine, core: &Core) -> Result<Change, Refusal> {
        let mut event = UserEvent::request(RequestName::AddRecord.name());
        event.pairs.reserve(line.values.len() + 1);
        event
            .pairs
            .push(Pair::text(GSW_CALLING_LIST, self.calling_list.as_str()));
        let (mut key, mut label) = (None, None);
        for (column, value) in self.columns.iter().zip(line.values) {
            if column.is_key {
                key = Some(label_of("key", &value)?);
            }
            if column.is_chain && !value.is_empty() {
                label = Some(label_of("chain", &value)?);
            }
            if let Some(name) = &column.key
                && !value.is_empty()
            {
                event.push(&**name, Value::Text(value));
            }
        }
        let objects = core.store.objects();
        let mut change = request::add_record(&event, &objects, true)?.change;
        change.import_key = key;
        if let Some(label) = label {
            change.chain = ChainChoice::Labelled(label);
        }
        Ok(Change::AddRecord(change))
    }
}

fn label_of(what: &'static str, value: &str) -> Result<String, Refusal> {
    let characters = value.chars().count();
    if (1..=LABEL_LENGTH).contains(&characters) {
        Ok(value.to_owned())
    } else {
        Err(Refusal::invalid(
            what,
            value,
            &format!("it must have 1 to {LABEL_LENGTH} characters"),
        ))
    }
}
