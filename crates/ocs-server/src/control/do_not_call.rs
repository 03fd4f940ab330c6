//! The Do Not Call list by file, and one entry off it (records.md, section 6).

use jiff::Timestamp;
use ocs_protocol::control::do_not_call_import::Body;
use ocs_protocol::control::{
    DoNotCallImport, DoNotCallImportStart, ExportBatch, ExportRow, ImportLine, ImportOutcome,
    RemoveDoNotCallReply, RemoveDoNotCallRequest,
};
use ocs_protocol::refusal::quoted;
use ocs_rules::change::{Change, Outcome};
use ocs_rules::do_not_call::{Compared, Entry, Subject};
use ocs_rules::objects::Objects;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::by_line::{self, Column as _, Sent, end_of_day, moment, shown};
use crate::core::Core;

/// Entries in one batch of an export.
const BATCH: u32 = 1_000;

/// Other spellings of a removed phone that are named.
const OTHERS: u32 = 10;

/// What a file may say of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Phone,
    CustomerId,
    Message,
    Campaign,
    List,
    Internal,
    TimeStamp,
    Expires,
    Source,
}

impl by_line::Column for Column {
    const ALL: &'static [Self] = &[
        Self::Phone,
        Self::CustomerId,
        Self::Message,
        Self::Campaign,
        Self::List,
        Self::Internal,
        Self::TimeStamp,
        Self::Expires,
        Self::Source,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::CustomerId => "customer_id",
            Self::Message => "dnc_message",
            Self::Campaign => "campaign",
            Self::List => "list",
            Self::Internal => "is_internal",
            Self::TimeStamp => "time_stamp",
            Self::Expires => "expires",
            Self::Source => "source",
        }
    }

    fn longest(self) -> usize {
        match self {
            Self::Phone | Self::CustomerId => 64,
            Self::Source => 128,
            _ => 255,
        }
    }
}

/// Puts the entries that a stream brings on the list.
pub(super) fn import(
    core: Core,
    messages: Streaming<DoNotCallImport>,
) -> ReceiverStream<Result<ImportOutcome, Status>> {
    let sent = messages.map(|message| {
        Some(match message.ok()?.body? {
            Body::Start(start) => Sent::Start(start),
            Body::Batch(batch) => Sent::Batch(batch),
        })
    });
    by_line::import::<Reading>(core, sent)
}

/// How the lines of a file are read.
struct Reading {
    columns: Vec<Column>,
    source: Option<String>,
    expires: Option<i64>,
    dry_run: bool,
}

impl by_line::Reading for Reading {
    type Start = DoNotCallImportStart;

    fn of(start: &DoNotCallImportStart, now: Timestamp) -> Result<Self, String> {
        let columns = by_line::columns(&start.columns, "an entry")?;
        if start.source.chars().count() > Column::Source.longest() {
            return Err("--source has more than 128 characters".to_owned());
        }
        let expires = match start.expires.as_str() {
            "" => None,
            expires => Some(end_of(expires, now).map_err(|why| format!("--expires {why}"))?),
        };
        Ok(Self {
            columns,
            source: (!start.source.is_empty()).then(|| start.source.clone()),
            expires,
            dry_run: start.dry_run,
        })
    }

    fn changes(
        &self,
        line: ImportLine,
        _objects: &Objects,
        now: Timestamp,
    ) -> Result<Vec<Change>, String> {
        let entries = self.entries(line, now)?.into_iter();
        Ok(entries
            .map(|entry| Change::PutDoNotCall(Box::new(entry)))
            .collect())
    }

    fn is_dry_run(&self) -> bool {
        self.dry_run
    }
}

impl Reading {
    /// The entries of a line: one for its phone, one for its customer id.
    fn entries(&self, line: ImportLine, now: Timestamp) -> Result<Vec<Entry>, String> {
        let mut subjects = Vec::new();
        let mut entry = Entry {
            subject: Subject::Phone(String::new()),
            message: None,
            campaign: None,
            list: None,
            internal: false,
            time_stamp: now.as_second(),
            expires: self.expires,
            source: self.source.clone(),
        };
        for (column, value) in self.columns.iter().zip(line.values) {
            let name = column.name();
            let Some(text) = column.value(&value)? else {
                continue;
            };
            match column {
                Column::Phone => {
                    if !text.contains(|sign: char| sign == '@' || sign.is_ascii_digit()) {
                        let shown = quoted(&text);
                        return Err(format!(
                            "phone is {shown}; it must have a digit, or an @ in an address"
                        ));
                    }
                    subjects.push(Subject::Phone(text));
                }
                Column::CustomerId => subjects.push(Subject::CustomerId(text)),
                Column::Message => entry.message = Some(text),
                Column::Campaign => entry.campaign = Some(text),
                Column::List => entry.list = Some(text),
                Column::Internal => {
                    entry.internal = match text.to_ascii_lowercase().as_str() {
                        "0" | "false" | "no" => false,
                        "1" | "true" | "yes" => true,
                        _ => return Err(format!("{name} is {}; it must be 0 or 1", quoted(&text))),
                    }
                }
                Column::TimeStamp => {
                    entry.time_stamp = moment(&text).ok_or_else(|| no_moment(name, &text))?;
                }
                Column::Expires => {
                    let end = end_of(&text, now).map_err(|why| format!("{name} {why}"))?;
                    entry.expires = Some(end);
                }
                Column::Source => entry.source = Some(text),
            }
        }
        if subjects.is_empty() {
            return Err("it names neither a phone nor a customer_id".to_owned());
        }
        let entries = subjects.into_iter().map(|subject| Entry {
            subject,
            ..entry.clone()
        });
        Ok(entries.collect())
    }
}

/// When an entry ends: a moment, or the end of a day (UTC), that is still to come.
fn end_of(text: &str, now: Timestamp) -> Result<i64, String> {
    let end = end_of_day(text).or_else(|| moment(text)).ok_or_else(|| {
        format!(
            "is {}; it must be a day such as 2031-12-31, or a moment such as 2031-12-31T12:00:00Z",
            quoted(text)
        )
    })?;
    if end <= now.as_second() {
        return Err(format!("is {}, which has passed", quoted(text)));
    }
    Ok(end)
}

fn no_moment(name: &str, text: &str) -> String {
    format!(
        "{name} is {}; it must be a moment such as 2026-07-01T13:00:00Z",
        quoted(text)
    )
}

/// The whole list, batch by batch, as it is committed.
pub(super) fn export(core: Core) -> ReceiverStream<Result<ExportBatch, Status>> {
    by_line::export::<Column, _>(move |after| {
        let core = core.clone();
        async move {
            let read = core.store.reader().do_not_call_after(after, BATCH).await?;
            Ok(read.iter().map(|(id, entry)| (*id, row(entry))).collect())
        }
    })
}

fn row(entry: &Entry) -> ExportRow {
    by_line::row(|column| match (column, &entry.subject) {
        (Column::Phone, Subject::Phone(text)) | (Column::CustomerId, Subject::CustomerId(text)) => {
            text.clone()
        }
        (Column::Phone | Column::CustomerId, _) => String::new(),
        (Column::Message, _) => entry.message.clone().unwrap_or_default(),
        (Column::Campaign, _) => entry.campaign.clone().unwrap_or_default(),
        (Column::List, _) => entry.list.clone().unwrap_or_default(),
        (Column::Internal, _) => u8::from(entry.internal).to_string(),
        (Column::TimeStamp, _) => shown(entry.time_stamp),
        (Column::Expires, _) => entry.expires.map(shown).unwrap_or_default(),
        (Column::Source, _) => entry.source.clone().unwrap_or_default(),
    })
}

/// Takes an entry off the list.
pub(super) async fn remove(core: &Core, request: RemoveDoNotCallRequest) -> RemoveDoNotCallReply {
    let subject = if request.phone.is_empty() {
        Subject::CustomerId(request.customer_id)
    } else {
        Subject::Phone(request.phone)
    };
    match removed(core, subject, &request.by).await {
        Ok(reply) => reply,
        Err(problem) => RemoveDoNotCallReply {
            problem,
            ..RemoveDoNotCallReply::default()
        },
    }
}

async fn removed(core: &Core, subject: Subject, by: &str) -> Result<RemoveDoNotCallReply, String> {
    let change = Change::RemoveDoNotCall(subject.clone(), by.to_owned());
    let outcomes = core.store.submit_bulk(vec![change], true).await;
    let outcome = outcomes.map_err(|error| error.to_string())?.pop();
    let removed = match outcome {
        Some(Ok(Outcome::DoNotCallRemoved(removed))) => removed,
        Some(Err(refusal)) => return Err(refusal.sentence),
        _ => return Err("the store did not say what came of it".to_owned()),
    };
    let (kind, text) = match &subject {
        Subject::Phone(text) => ("phone", text),
        Subject::CustomerId(text) => ("customer id", text),
    };
    if removed {
        tracing::info!(
            kind,
            subject = %core.contact_info.value(text),
            by,
            "an entry was taken off the Do Not Call list"
        );
    }
    let mut others = Vec::new();
    if let Subject::Phone(phone) = &subject {
        let compared = Compared::of(phone, None);
        let found = core.store.reader().do_not_call_of_phone(compared, OTHERS);
        let found = found.await.map_err(|error| error.to_string())?;
        others.extend(
            found
                .into_iter()
                .filter_map(|(_, entry)| match entry.subject {
                    Subject::Phone(phone) => Some(phone),
                    Subject::CustomerId(_) => None,
                }),
        );
    }
    Ok(RemoveDoNotCallReply {
        removed,
        others,
        problem: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-07-01T12:00:00Z".parse().expect("a moment")
    }

    fn reading(columns: &[&str], expires: &str) -> Result<Reading, String> {
        let start = DoNotCallImportStart {
            columns: columns.iter().map(ToString::to_string).collect(),
            source: "a file".to_owned(),
            expires: expires.to_owned(),
            dry_run: false,
        };
        by_line::Reading::of(&start, now())
    }

    #[test]
    fn files() {
        for (columns, expires, part) in [
            (&["phone"][..], "", ""),
            (&["GSW_PHONE", "Customer_ID"], "2026-07-01", ""),
            (&["dnc_message"], "", "must name the column phone"),
            (&["phone", "shoe-size"], "", "\"shoe-size\""),
            (&["phone", "gsw_phone"], "", "is there twice"),
            (&["phone"], "soon", "--expires is \"soon\""),
            (&["phone"], "2026-06-30", "has passed"),
        ] {
            match reading(columns, expires) {
                Ok(_) => assert_eq!(part, "", "{columns:?} {expires}"),
                Err(said) => assert!(!part.is_empty() && said.contains(part), "{said}"),
            }
        }
    }

    #[test]
    fn lines() {
        let reading = reading(
            &[
                "phone",
                "customer_id",
                "expires",
                "is_internal",
                "time_stamp",
            ],
            "2030-12-31",
        )
        .expect("columns");
        let end_of_2030 = 1_924_992_000;
        let long = "1".repeat(65);
        type Right<'a> = Result<(usize, i64), &'a str>;
        let table: &[(&[&str], Right<'_>)] = &[
            (&["+1650", "", "", "", ""], Ok((1, end_of_2030))),
            (&["", "C-1", "", "1", ""], Ok((1, end_of_2030))),
            (&["+1650", "C-1", "", "0", "7"], Ok((2, end_of_2030))),
            (&["+1650", "", "2026-07-01", "", ""], Ok((1, 1_782_950_400))),
            (
                &["+1650", "", "2026-07-01T12:00:01Z", "", ""],
                Ok((1, 1_782_907_201)),
            ),
            (
                &["+1650", "", "2026-07-01T12:00:00Z", "", ""],
                Err("has passed"),
            ),
            (&["+1650", "", "never", "", ""], Err("expires is \"never\"")),
            (&["+1650", "", "", "2", ""], Err("is_internal is \"2\"")),
            (&["+1650", "", "", "", "now"], Err("time_stamp is \"now\"")),
            (&["number", "", "", "", ""], Err("must have a digit")),
            (&[&long, "", "", "", ""], Err("more than 64 characters")),
            (&[" ", "", "", "", ""], Err("neither a phone nor")),
        ];
        for (values, right) in table {
            let line = ImportLine {
                number: 2,
                values: values.iter().map(ToString::to_string).collect(),
            };
            match (reading.entries(line, now()), right) {
                (Ok(entries), Ok((count, expires))) => {
                    assert_eq!(entries.len(), *count, "{values:?}");
                    for entry in entries {
                        assert_eq!(entry.expires, Some(*expires), "{values:?}");
                        assert_eq!(entry.source.as_deref(), Some("a file"));
                    }
                }
                (Err(said), Err(part)) => assert!(said.contains(part), "{said}"),
                (made, _) => panic!("{values:?}: {made:?}"),
            }
        }
    }
}
