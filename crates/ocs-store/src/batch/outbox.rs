//! What web servers are to be told of a transaction, written with it (notifications.md).

use std::collections::BTreeMap;

use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::Outcome;
use ocs_rules::notification::{CallReport, DestinationId, End, Kind, Processed, Settled};
use ocs_rules::policy::Levels;
use ocs_rules::record::{ChainId, Handle, Record};
use ocs_rules::retrieval::waits::Waits;

use super::{Batch, Run};
use crate::error::StoreError;
use crate::outbox::Destination;
use crate::sqlite::Transaction;
use crate::sqlite::outbox::{AttemptRow, NewMessage};
use crate::wanted;

/// What a batch adds to the outbox and takes from it.
#[derive(Default)]
pub(super) struct Outbox {
    new: Vec<Destination>,
    waiting: BTreeMap<DestinationId, i64>,
    /// Whether it added a message.
    written: bool,
}

/// What was written of it, for after the commit.
#[derive(Default)]
pub(crate) struct Posted {
    pub(crate) new: Vec<Destination>,
    pub(crate) waiting: BTreeMap<DestinationId, i64>,
    /// Whether there is something to send.
    pub(crate) written: bool,
}

/// A record by which a chain may have reached its processed state.
pub(super) struct Ended {
    pub(super) handle: Handle,
    pub(super) list: ListId,
    pub(super) chain: ChainId,
    /// The campaign group that had it.
    pub(super) group: Option<CampaignGroupId>,
}

/// A message on its way into the outbox.
struct Message<'a> {
    record: Handle,
    attempt: Option<i64>,
    retries: Option<u32>,
    text: &'a str,
}

impl Batch<'_> {
    /// An attempt began: its call report record, where they are sent.
    pub(super) fn report_begin(
        &mut self,
        record: &Record,
        attempt: i64,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let (Some(in_hand), Some(guid)) = (&record.in_hand, &record.attempt_guid) else {
            return Ok(());
        };
        let attempt = AttemptRow {
            id: attempt,
            group: in_hand.group,
            agent: in_hand.agent.clone(),
            begun: self.now,
        };
        self.report(record, guid, &attempt, None, store)
    }

    /// An attempt ended, before what the store knows of it is changed.
    pub(super) fn report_end(
        &mut self,
        record: &Record,
        guid: &str,
        rejected: bool,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        if !self.wanted.anywhere.call_reports {
            return Ok(());
        }
        let Some(attempt) = store.attempt(guid)? else {
            return Ok(());
        };
        let end = End {
            at: self.now,
            result: record.result,
            rejected,
        };
        self.report(record, guid, &attempt, Some(end), store)
    }

    fn report(
        &mut self,
        record: &Record,
        guid: &str,
        attempt: &AttemptRow,
        end: Option<End>,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        if !self.wanted.anywhere.call_reports {
            return Ok(());
        }
        let (wanted, objects) = (self.wanted, self.objects);
        let levels = Levels::of(objects, record.list, Some(attempt.group));
        let Some(uri) = wanted.notifications.call_reports(levels) else {
            return Ok(());
        };
        let report = CallReport {
            record,
            guid,
            group: attempt.group,
            agent: attempt.agent.as_deref(),
            begun: attempt.begun,
            end,
        };
        let message = report.message(&wanted.notifications, objects);
        let message = Message {
            record: record.handle,
            attempt: Some(attempt.id),
            retries: None,
            text: &message,
        };
        self.post(Kind::CallReport, uri, &message, store)
    }

    /// Tells of the chains that have reached their processed state: all of their records
    /// are final, and one became so in this batch.
    pub(super) fn tell_processed(&mut self, store: &mut Transaction<'_>) -> Result<(), StoreError> {
        let (wanted, objects) = (self.wanted, self.objects);
        let ended = self.set.take_ended();
        for (at, primary) in ended.iter().enumerate() {
            let same = |other: &Ended| (other.list, other.chain) == (primary.list, primary.chain);
            if ended[..at].iter().any(same) {
                continue;
            }
            let levels = Levels::of(objects, primary.list, primary.group);
            let Some((uri, retries)) = wanted.notifications.contact_processed(levels) else {
                continue;
            };
            let mut chain = Vec::new();
            for handle in self.chain(primary.list, primary.chain, store)? {
                chain.extend(self.record(handle, store)?.cloned());
            }
            if chain.iter().any(Record::is_open) {
                continue;
            }
            let of_handle = chain.iter().find(|record| record.handle == primary.handle);
            let Some(record) = of_handle else {
                continue;
            };
            let processed = Processed {
                primary: record,
                group: primary.group,
                chain: &chain,
                at: self.now,
            };
            let message = processed.message(&wanted.notifications, objects);
            let message = Message {
                record: record.handle,
                attempt: None,
                retries: Some(retries),
                text: &message,
            };
            self.post(Kind::ContactProcessed, uri, &message, store)?;
        }
        Ok(())
    }

    fn post(
        &mut self,
        kind: Kind,
        uri: &str,
        message: &Message<'_>,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let known = self.live.unsent.look().id(kind, uri);
        let here = || {
            let mut new = self.outbox.new.iter();
            new.find(|new| new.kind == kind && new.uri == uri)
                .map(|new| new.id)
        };
        let destination = match known.or_else(here) {
            Some(id) => id,
            None => {
                let id = store.add_destination(kind, uri)?;
                self.outbox.new.push(Destination {
                    id,
                    kind,
                    uri: uri.to_owned(),
                    waiting: 0,
                });
                id
            }
        };
        store.write_message(&NewMessage {
            destination,
            record: message.record,
            attempt: message.attempt,
            due_at: self.now,
            retries: message.retries,
            message: message.text,
        })?;
        *self.outbox.waiting.entry(destination).or_default() += 1;
        self.outbox.written = true;
        Ok(())
    }

    /// A person is erased: what was not sent yet of his record is not sent any more.
    pub(super) fn forget_messages(
        &mut self,
        handle: Handle,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        for destination in store.forget_messages_of(handle)? {
            *self.outbox.waiting.entry(destination).or_default() -= 1;
        }
        Ok(())
    }

    /// Messages were sent.
    pub(super) fn settle(&mut self, settled: &[Settled], store: &mut Transaction<'_>) -> Run {
        for one in settled {
            if store.settle_message(one)? {
                *self.outbox.waiting.entry(one.destination).or_default() -= 1;
            }
        }
        Ok(Ok(Outcome::Settled))
    }

    /// Why a campaign group takes no records from a calling list now, whatever is due.
    pub(super) fn waits(&self, list: ListId, group: CampaignGroupId) -> Option<Waits> {
        let anywhere = self.wanted.anywhere;
        if !(anywhere.call_reports || anywhere.validation) {
            return None;
        }
        let objects = self.objects;
        let levels = Levels::of(objects, list, Some(group));
        let wanted = &self.wanted.notifications;
        let for_reports = wanted
            .wait_condition(levels)
            .and_then(|condition| self.live.unsent.change().check(&condition, self.now));
        for_reports.or_else(|| wanted::for_validation(wanted, levels, &self.wanted.failing))
    }
}

impl Outbox {
    /// Writes how many messages wait.
    pub(super) fn write(self, store: &mut Transaction<'_>) -> Result<Posted, StoreError> {
        store.add_to_waiting(&self.waiting)?;
        Ok(Posted {
            new: self.new,
            waiting: self.waiting,
            written: self.written,
        })
    }
}
