//! The audit: every hand-out, every block, and every change of who may be called, with
//! the rules that were asked and what they said; one row a transaction, written with what
//! it tells of.
//!
//! A line names a record by its handle, and contact information by its last four
//! characters: so what a person asks to be erased can be, and the chain still holds.

use ocs_log::ContactInfo;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::consent::{Says, Scope, Statement};
use ocs_rules::do_not_call::Subject;
use ocs_rules::erasure::Receipt;
use ocs_rules::record::Record;
use serde_json::{Map, Value, json};

use crate::audit::Head;
use crate::error::StoreError;
use crate::sqlite::Transaction;

/// The Do Not Call list as a rule, and what it says.
pub(super) const DO_NOT_CALL: &str = "do-not-call";
pub(super) const RESTRICTED: &str = "on the list";
/// Consent as a rule.
pub(super) const CONSENT: &str = "consent";
/// What a rule says that blocks nothing.
pub(super) const PASSED: &str = "passed";

/// The rules that were asked about a record, and what they said.
#[derive(Debug, Clone, Default)]
pub(super) struct Said(Map<String, Value>);

impl Said {
    pub(super) fn add(&mut self, rule: impl Into<String>, answer: impl Into<Value>) {
        self.0.insert(rule.into(), answer.into());
    }
}

/// The lines of one transaction.
#[derive(Default)]
pub(super) struct Lines(String);

impl Lines {
    pub(super) fn handed_out(&mut self, record: &Record, said: &Said) {
        self.taken("handed-out", record, said);
    }

    /// A record was taken, and waits for its validation.
    pub(super) fn reserved(&mut self, record: &Record, said: &Said) {
        self.taken("reserved", record, said);
    }

    fn taken(&mut self, what: &str, record: &Record, said: &Said) {
        let in_hand = record.in_hand.as_ref();
        let group = in_hand.map(|in_hand| in_hand.group);
        let mut line = of_record(what, record, group, said);
        if let Some(agent) = in_hand.and_then(|in_hand| in_hand.agent.as_deref()) {
            line.insert("agent".to_owned(), agent.into());
        }
        if let Some(guid) = record.attempt_guid.as_deref() {
            line.insert("attempt".to_owned(), guid.into());
        }
        self.push(line);
    }

    /// A record was not handed out; `group` and `agent` are whom it was not handed to.
    pub(super) fn blocked(&mut self, record: &Record, group: Option<CampaignGroupId>, said: &Said) {
        self.push(of_record("blocked", record, group, said));
    }

    /// An entry came on the Do Not Call list, or off it.
    pub(super) fn do_not_call(&mut self, what: &str, subject: &Subject, by: Option<&str>) {
        let mut line = Map::new();
        line.insert("what".to_owned(), what.into());
        of_subject(&mut line, subject);
        if let Some(by) = by {
            line.insert("by".to_owned(), by.into());
        }
        self.push(line);
    }

    /// What was said of consent; not its source and its proof, which may name a person.
    pub(super) fn consent(&mut self, number: i64, statement: &Statement) {
        let mut line = Map::new();
        let what = match statement.says {
            Says::Consent => "consent-given",
            Says::Revocation => "consent-revoked",
        };
        line.insert("what".to_owned(), what.into());
        line.insert("statement".to_owned(), number.into());
        of_subject(&mut line, &statement.subject);
        match statement.scope {
            Scope::All => {}
            Scope::List(list) => drop(line.insert("list".to_owned(), list.into())),
            Scope::Campaign(campaign) => {
                drop(line.insert("campaign".to_owned(), campaign.into()));
            }
        }
        line.insert("said".to_owned(), statement.at.into());
        if let Some(expires) = statement.expires {
            line.insert("expires".to_owned(), expires.into());
        }
        line.insert("by".to_owned(), statement.by.as_str().into());
        self.push(line);
    }

    /// Somebody asked for an erasure.
    pub(super) fn erasure_asked(&mut self, erasure: i64, subject: &Subject, by: &str) {
        let mut line = Map::new();
        line.insert("what".to_owned(), "erasure-asked".into());
        line.insert("erasure".to_owned(), erasure.into());
        of_subject(&mut line, subject);
        line.insert("by".to_owned(), by.into());
        self.push(line);
    }

    /// The rows of an erasure are gone.
    pub(super) fn erased(&mut self, erasure: i64, receipt: &Receipt) {
        let line = json!({
            "what": "erased",
            "erasure": erasure,
            "records": receipt.records,
            "attempts": receipt.attempts,
            "answers": receipt.answers,
            "statements": receipt.statements,
            "kept_out": receipt.kept_out,
        });
        if let Value::Object(line) = line {
            self.push(line);
        }
    }

    fn push(&mut self, line: Map<String, Value>) {
        self.0.push(if self.0.is_empty() { '[' } else { ',' });
        self.0.push_str(&Value::Object(line).to_string());
    }

    /// Writes them behind the head of the chain; the new head.
    pub(super) fn write(
        mut self,
        head: Head,
        now: i64,
        store: &mut Transaction<'_>,
    ) -> Result<Head, StoreError> {
        if self.0.is_empty() {
            return Ok(head);
        }
        self.0.push(']');
        let head = head.after(now, &self.0);
        store.write_audit(head, now, &self.0)?;
        Ok(head)
    }
}

fn of_record(
    what: &str,
    record: &Record,
    group: Option<CampaignGroupId>,
    said: &Said,
) -> Map<String, Value> {
    let phone = ContactInfo::Masked.value(&record.contact.phone);
    let line = json!({
        "what": what,
        "record": record.handle,
        "list": record.list,
        "chain": record.chain,
        "phone": phone,
        "rules": said.0,
    });
    let Value::Object(mut line) = line else {
        return Map::new();
    };
    if let Some(group) = group {
        line.insert("group".to_owned(), group.into());
    }
    line
}

fn of_subject(line: &mut Map<String, Value>, subject: &Subject) {
    let (key, text) = match subject {
        Subject::Phone(phone) => ("phone", phone),
        Subject::CustomerId(customer) => ("customer", customer),
    };
    line.insert(key.to_owned(), ContactInfo::Masked.value(text).into());
}
