//! What web servers are still to be told: how many messages wait for whom, and messages as
//! whoever sends them gets them.

use std::collections::BTreeMap;

use ocs_rules::notification::{DestinationId, Kind, WaitCondition};
use ocs_rules::retrieval::waits::Waits;

/// A web server that messages of one kind go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its number.
    pub id: DestinationId,
    /// The kind of the messages.
    pub kind: Kind,
    /// Its address.
    pub uri: String,
    /// How many messages wait.
    pub waiting: u64,
}

/// A message that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number, which no other message ever has.
    pub id: i64,
    /// How often it was sent in vain.
    pub tries: u32,
    /// How often it is sent again until it is given up; `None` for ever.
    pub retries: Option<u32>,
    /// A JSON object.
    pub body: String,
}

/// Messages that are due.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The messages, the oldest first.
    pub messages: Vec<Message>,
    /// Whether there may be more of them.
    pub more: bool,
    /// When the next one is due, UTC seconds; `None` where none waits for its time.
    pub next_due: Option<i64>,
}

/// The destinations that there are, with what waits for them.
#[derive(Debug, Default)]
pub(crate) struct Unsent {
    destinations: BTreeMap<DestinationId, Destination>,
    /// Until when nobody looks again whether too many call reports wait, UTC seconds.
    waits_until: BTreeMap<DestinationId, i64>,
}

impl Unsent {
    pub(crate) fn insert(&mut self, destination: Destination) {
        self.destinations.insert(destination.id, destination);
    }

    pub(crate) fn id(&self, kind: Kind, uri: &str) -> Option<DestinationId> {
        self.find(kind, uri).map(|found| found.id)
    }

    fn find(&self, kind: Kind, uri: &str) -> Option<&Destination> {
        let mut all = self.destinations.values();
        all.find(|known| known.kind == kind && known.uri == uri)
    }

    pub(crate) fn all(&self) -> Vec<Destination> {
        self.destinations.values().cloned().collect()
    }

    /// Takes up what was committed.
    pub(crate) fn add(&mut self, changes: &BTreeMap<DestinationId, i64>) {
        for (id, change) in changes {
            if let Some(known) = self.destinations.get_mut(id) {
                known.waiting = known.waiting.saturating_add_signed(*change);
            }
        }
    }

    /// Whether too many call reports wait, at a moment in UTC seconds. For readers: nothing
    /// is remembered.
    pub(crate) fn waits(&self, condition: &WaitCondition<'_>, now: i64) -> Option<Waits> {
        let found = self.find(Kind::CallReport, condition.uri)?;
        let until = self.waits_until.get(&found.id);
        // A moment further away than any wait is one of a clock that was put back.
        let waits = until.is_some_and(|until| (now + 1..=now + condition.recovery).contains(until));
        let too_many = found.waiting >= condition.threshold.into();
        (waits || too_many).then(|| Waits::CallReports {
            uri: found.uri.clone(),
            unsent: found.waiting,
            threshold: condition.threshold,
        })
    }

    /// The same, for whoever hands records out: where too many wait, it is looked again
    /// after the recovery time and not before.
    pub(crate) fn check(&mut self, condition: &WaitCondition<'_>, now: i64) -> Option<Waits> {
        let waits = self.waits(condition, now)?;
        if let Some(id) = self.id(Kind::CallReport, condition.uri) {
            let until = self.waits_until.entry(id).or_insert(0);
            if !(now + 1..=now + condition.recovery).contains(until) {
                *until = now + condition.recovery;
                tracing::warn!("no record is handed out: {waits}");
            }
        }
        Some(waits)
    }
}
