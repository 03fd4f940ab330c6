//! Files of which each line says something of a phone, of a customer id, or of both: the Do
//! Not Call list, and consent. They are taken batch by batch, and written out again.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ocs_protocol::control::ImportReject;
use ocs_protocol::control::{ExportBatch, ExportRow, ImportBatch, ImportLine, ImportOutcome};
use ocs_protocol::refusal::quoted;
use ocs_rules::change::{Change, Outcome};
use ocs_rules::objects::Objects;
use ocs_store::StoreError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::Status;

use crate::core::Core;

/// A column of such a file.
pub(super) trait Column: Copy + PartialEq + 'static {
    /// All of them, in the order in which they are exported.
    const ALL: &'static [Self];

    /// What the first line calls it.
    fn name(self) -> &'static str;

    /// The longest value, in characters.
    fn longest(self) -> usize;

    /// A column by its name; attributes' names are understood too.
    fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("gsw_").unwrap_or(&name);
        Self::ALL
            .iter()
            .find(|column| column.name() == name)
            .copied()
    }

    /// The value, without spaces around it; nothing where it is empty.
    ///
    /// # Errors
    /// It is too long.
    fn value(self, value: &str) -> Result<Option<String>, String> {
        let value = value.trim();
        let longest = self.longest();
        if value.chars().count() > longest {
            let name = self.name();
            return Err(format!("{name} has more than {longest} characters"));
        }
        Ok((!value.is_empty()).then(|| value.to_owned()))
    }
}

/// The columns that a first line names; `about` is what they say something of.
pub(super) fn columns<C: Column>(names: &[String], about: &str) -> Result<Vec<C>, String> {
    let mut columns = Vec::new();
    for name in names {
        let Some(column) = C::named(name) else {
            return Err(format!(
                "the column {} says nothing of {about}; rename it to one of {}, or remove it",
                quoted(name),
                all_names::<C>().join(", ")
            ));
        };
        if columns.contains(&column) {
            return Err(format!("the column {} is there twice", quoted(name)));
        }
        columns.push(column);
    }
    let whom = [C::named("phone"), C::named("customer_id")];
    if !columns.iter().any(|column| whom.contains(&Some(*column))) {
        return Err("the first line must name the column phone, or customer_id".to_owned());
    }
    Ok(columns)
}

fn all_names<C: Column>() -> Vec<&'static str> {
    C::ALL.iter().map(|column| column.name()).collect()
}

/// How the lines of a file are read.
pub(super) trait Reading: Sized + Send + Sync + 'static {
    /// What the file begins with.
    type Start: Send + 'static;

    /// Maps the columns, or says why the file cannot be imported at all.
    fn of(start: &Self::Start, now: Timestamp) -> Result<Self, String>;

    /// The changes that a line asks for, or why it asks for none.
    fn changes(
        &self,
        line: ImportLine,
        objects: &Objects,
        now: Timestamp,
    ) -> Result<Vec<Change>, String>;

    /// Whether nothing is to be kept.
    fn is_dry_run(&self) -> bool;
}

/// What a tool sends.
pub(super) enum Sent<S> {
    Start(S),
    Batch(ImportBatch),
}

/// Takes what a tool sends; `None` where a message is none.
pub(super) fn import<R: Reading>(
    core: Core,
    sent: impl Stream<Item = Option<Sent<R::Start>>> + Send + Unpin + 'static,
) -> ReceiverStream<Result<ImportOutcome, Status>> {
    let (outcomes, stream) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut sent = sent;
        let mut reading: Option<R> = None;
        // Ends with the tool: what it sent until then is done.
        while let Some(Some(message)) = sent.next().await {
            let outcome = match (message, &reading) {
                (Sent::Start(start), _) => match R::of(&start, (core.clock)()) {
                    Ok(made) => {
                        reading = Some(made);
                        continue;
                    }
                    Err(problem) => stopped(problem),
                },
                (Sent::Batch(batch), Some(reading)) => take(&core, reading, batch).await,
                (Sent::Batch(_), None) => return,
            };
            let stops = !outcome.problem.is_empty();
            if outcomes.send(Ok(outcome)).await.is_err() || stops {
                return;
            }
        }
    });
    ReceiverStream::new(stream)
}

fn stopped(problem: String) -> ImportOutcome {
    ImportOutcome {
        problem,
        ..ImportOutcome::default()
    }
}

async fn take(core: &Core, reading: &impl Reading, batch: ImportBatch) -> ImportOutcome {
    let (now, objects) = ((core.clock)(), core.store.objects());
    let mut sum = ImportOutcome::default();
    let mut changes = Vec::with_capacity(batch.lines.len());
    // The number of each change's line.
    let mut numbers = Vec::with_capacity(batch.lines.len());
    for line in batch.lines {
        let number = line.number;
        match reading.changes(line, &objects, now) {
            Ok(asked) => {
                numbers.resize(numbers.len() + asked.len(), number);
                changes.extend(asked);
            }
            Err(reason) => sum.rejects.push(ImportReject { number, reason }),
        }
    }
    if changes.is_empty() {
        return sum;
    }
    let keep = !reading.is_dry_run();
    let outcomes = match core.store.submit_bulk(changes, keep).await {
        Ok(outcomes) => outcomes,
        Err(error) => return stopped(error.to_string()),
    };
    let mut last = None;
    for (number, outcome) in numbers.into_iter().zip(outcomes) {
        // A line that names a phone and a customer id makes two changes.
        let same_line = last == Some(number);
        match outcome {
            Ok(Outcome::Stated { new: false, .. }) if !same_line => sum.known += 1,
            Ok(_) if !same_line => sum.added += 1,
            Err(refusal) if !same_line => sum.rejects.push(ImportReject {
                number,
                reason: refusal.sentence,
            }),
            _ => {}
        }
        last = Some(number);
    }
    sum.rejects.sort_by_key(|reject| reject.number);
    sum
}

/// Writes out all that there is, batch by batch, as it is committed. `read` gets the rows
/// behind a number, which is that of a row before.
pub(super) fn export<C, F>(
    read: impl Fn(i64) -> F + Send + 'static,
) -> ReceiverStream<Result<ExportBatch, Status>>
where
    C: Column,
    F: Future<Output = Result<Vec<(i64, ExportRow)>, StoreError>> + Send + 'static,
{
    let (batches, stream) = mpsc::channel(2);
    tokio::spawn(async move {
        let mut columns: Vec<_> = all_names::<C>().into_iter().map(str::to_owned).collect();
        let mut after = 0;
        loop {
            let (rows, problem) = match read(after).await {
                Ok(rows) => (rows, String::new()),
                Err(error) => (Vec::new(), error.to_string()),
            };
            let last = rows.last().map(|(number, _)| *number);
            let batch = ExportBatch {
                columns: std::mem::take(&mut columns),
                rows: rows.into_iter().map(|(_, row)| row).collect(),
                problem,
            };
            if batches.send(Ok(batch)).await.is_err() {
                return;
            }
            match last {
                Some(last) => after = last,
                None => return,
            }
        }
    });
    ReceiverStream::new(stream)
}

/// A row of the values of each column. One line a row, also for programs that read no other
/// CSV.
pub(super) fn row<C: Column>(value: impl Fn(C) -> String) -> ExportRow {
    let values = C::ALL.iter().map(|column| value(*column));
    ExportRow {
        values: values
            .map(|value| value.replace(['\r', '\n'], " "))
            .collect(),
    }
}

/// The end of a day (UTC), that day included, in UTC seconds.
pub(super) fn end_of_day(text: &str) -> Option<i64> {
    let day = text.parse::<Date>().ok();
    let day = day.filter(|_| text.len() == "2031-12-31".len())?;
    let end = day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(end.timestamp().as_second())
}

/// A moment, UTC seconds: in RFC 3339, or in seconds already.
pub(super) fn moment(text: &str) -> Option<i64> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    let moment = seconds.or_else(|| text.parse().ok())?;
    Some(moment.as_second())
}

/// A moment of UTC seconds, as it is written.
pub(super) fn shown(seconds: i64) -> String {
    let moment = Timestamp::from_second(seconds);
    moment.map_or_else(|_| String::new(), |moment| moment.to_string())
}
