//! The request log: a line for every request, one row for all of a transaction
//! (records.md, section 3).
//!
//! A row is a JSON array of lines, each the array [time, client, protocol, code, list,
//! handle, chain, outcome]: a table row and its index entries for each line would cost
//! more than the records themselves.

use std::fmt::Write as _;

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use ocs_rules::change::{Named, Outcome};

use crate::error::StoreError;
use crate::request::{Asked, Noted};
use crate::sqlite::Transaction;

/// The lines of one transaction.
#[derive(Default)]
pub(super) struct Lines(String);

impl Lines {
    pub(super) fn add(&mut self, asked: &Asked, outcome: &Result<Outcome, Refusal>, now: i64) {
        let number = match outcome {
            Ok(_) => 0,
            Err(refusal) => refusal.number.number(),
        };
        self.push(asked, record_of(Some(asked), outcome), number, now);
    }

    pub(super) fn note(&mut self, noted: &Noted, now: i64) {
        let refused = noted.key.as_ref().is_some_and(|key| key.is_refused());
        let outcome = match noted.outcome {
            0 if refused => ErrorNumber::KeyUsedOtherwise.number(),
            outcome => outcome,
        };
        self.push(&noted.asked, None, outcome, now);
    }

    fn push(&mut self, asked: &Asked, record: Option<Named>, outcome: i64, now: i64) {
        let lines = &mut self.0;
        lines.push_str(if lines.is_empty() { "[[" } else { ",[" });
        let (protocol, code) = asked.code();
        // Writing to a string cannot fail.
        let _ = write!(lines, "{now},");
        push_text(lines, &asked.client);
        let _ = write!(lines, ",\"{protocol}\",{code},");
        push_some(lines, record.map(|record| record.list).or(asked.list));
        push_some(lines, record.map(|record| record.handle).or(asked.handle));
        push_some(lines, record.map(|record| record.chain));
        let _ = write!(lines, "{outcome}]");
    }

    pub(super) fn write(mut self, now: i64, store: &mut Transaction<'_>) -> Result<(), StoreError> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.push(']');
        store.write_request_log(now, &self.0)
    }
}

/// The record that a line names.
pub(super) fn record_of(
    asked: Option<&Asked>,
    outcome: &Result<Outcome, Refusal>,
) -> Option<Named> {
    match outcome {
        Ok(Outcome::Added { handle, chain, .. }) => Some(Named {
            handle: *handle,
            list: asked.and_then(|asked| asked.list).unwrap_or_default(),
            chain: *chain,
        }),
        Ok(outcome) => outcome.names(),
        Err(_) => None,
    }
}

fn push_some(lines: &mut String, number: Option<u32>) {
    match number {
        Some(number) => {
            let _ = write!(lines, "{number},");
        }
        None => lines.push_str("null,"),
    }
}

/// A JSON string; clients are addresses and names, which seldom need an escape.
fn push_text(lines: &mut String, text: &str) {
    if text
        .bytes()
        .all(|byte| byte >= 0x20 && !matches!(byte, b'"' | b'\\'))
    {
        lines.push('"');
        lines.push_str(text);
        lines.push('"');
    } else {
        lines.push_str(&serde_json::Value::from(text).to_string());
    }
}
