//! One batch of changes on its way through the rules: the records they need are
//! brought once, each change sees what the ones before it did, and what came of
//! all of them is committed together.

mod add_record;
mod audit;
mod bound;
mod chain;
mod consent;
mod dialing;
mod do_not_call;
mod erase;
mod frequency_caps;
mod group;
mod hand_out;
mod legal_hours;
mod next_record;
mod on_record;
mod once;
mod outbox;
mod reach;
mod release;
mod request_log;
mod reservation;
mod results;
mod retention;
mod schedule;
mod tidy;
mod views;
mod working_set;

use std::collections::{BTreeMap, HashMap};

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use ocs_rules::access::Binding;
use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::{Change, Outcome};
use ocs_rules::counters::Counters;
use ocs_rules::do_not_call::Held;
use ocs_rules::group_state::GroupState;
use ocs_rules::life_cycle;
use ocs_rules::objects::Objects;
use ocs_rules::policy::Policy;
use ocs_rules::record::{ChainId, Handle};
use ocs_rules::retrieval::view::ViewId;
use ocs_rules::schedule::ScheduledGroup;
use ocs_rules::zone::Zone;

use crate::audit::Head;
use crate::error::StoreError;
use crate::live::Live;
use crate::request::{Noted, Outcomes, Request};
use crate::sqlite::Transaction;
use crate::wanted::Wanted;
pub(crate) use consent::consent_callers;
pub(crate) use dialing::Calls;
pub(crate) use erase::{AfterErasing, Erasures};
pub(crate) use frequency_caps::capped_by_campaign;
pub(crate) use once::{Answered, Run as AnsweredRun};
pub(crate) use outbox::Posted;
pub(crate) use results::{Counted, Key as ResultKey};
pub(crate) use schedule::Schedules;
pub(crate) use working_set::Reached;
use working_set::WorkingSet;

/// A batch on its way.
pub(crate) struct Batch<'a> {
    objects: &'a Objects,
    policy: &'a Policy,
    live: &'a mut Live,
    now: i64,
    outcomes: Outcomes,
    set: WorkingSet,
    counters: Counters,
    /// The last place of chains that grew since the records were last written.
    ends: HashMap<(ListId, ChainId), u32>,
    labels: HashMap<(ListId, String), ChainId>,
    keys: HashMap<(ListId, String), Handle>,
    zones: Vec<Zone>,
    zones_written: usize,
    groups: BTreeMap<CampaignGroupId, GroupState>,
    /// What schedules want of campaign groups, where that has changed.
    scheduled: BTreeMap<CampaignGroupId, Option<ScheduledGroup>>,
    /// Changes of the Do Not Call list, for the one in memory.
    restricted: Vec<Restriction>,
    /// Whether the Do Not Call list was caught up with.
    caught_up: bool,
    /// Views for which every record was looked at now.
    made_whole: Vec<ViewId>,
    /// Answers under their keys, of this batch.
    answered: HashMap<(String, String), Answered>,
    after_erasing: AfterErasing,
    items: once::Items,
    log: request_log::Lines,
    results: results::Results,
    audit: audit::Lines,
    /// What web servers are to be told.
    wanted: &'a Wanted,
    outbox: outbox::Outbox,
    calls: Calls,
    /// How many records that may not be called are still looked at.
    looks_left: u32,
}

/// A change of the Do Not Call list in memory, made when it is committed.
pub(crate) enum Restriction {
    /// An entry, and what it replaces.
    Put {
        held: Held,
        replaced: Option<Held>,
    },
    Removed(Held),
}

/// What was written, for after the commit.
pub(crate) struct Written {
    pub(crate) outcomes: Outcomes,
    pub(crate) counters: Counters,
    pub(crate) groups: BTreeMap<CampaignGroupId, GroupState>,
    pub(crate) scheduled: BTreeMap<CampaignGroupId, Option<ScheduledGroup>>,
    pub(crate) restricted: Vec<Restriction>,
    /// Whether the Do Not Call list has been caught up with.
    pub(crate) caught_up: bool,
    /// Views for which every record was looked at now.
    pub(crate) made_whole: Vec<ViewId>,
    pub(crate) audit: Head,
    pub(crate) posted: Posted,
    pub(crate) calls: Calls,
    pub(crate) contacts: Vec<Reached>,
    pub(crate) after_erasing: AfterErasing,
    /// The objects with what the batch added; `None` when it added none.
    pub(crate) objects: Option<Objects>,
}

/// What a change comes to: an outcome or a refusal; the outer error ends the batch.
type Run = Result<Result<Outcome, Refusal>, StoreError>;

impl<'a> Batch<'a> {
    pub(crate) fn new(
        objects: &'a Objects,
        policy: &'a Policy,
        live: &'a mut Live,
        wanted: &'a Wanted,
        now: i64,
        changes: usize,
    ) -> Self {
        live.look_at_clock(now);
        Self {
            objects,
            policy,
            now,
            outcomes: Vec::with_capacity(changes),
            set: WorkingSet::with_capacity(changes),
            counters: live.counters,
            live,
            ends: HashMap::new(),
            labels: HashMap::new(),
            keys: HashMap::new(),
            zones: Vec::new(),
            zones_written: 0,
            groups: BTreeMap::new(),
            scheduled: BTreeMap::new(),
            restricted: Vec::new(),
            caught_up: false,
            made_whole: Vec::new(),
            answered: HashMap::new(),
            after_erasing: AfterErasing::default(),
            items: once::Items::default(),
            log: request_log::Lines::default(),
            results: results::Results::default(),
            audit: audit::Lines::default(),
            wanted,
            outbox: outbox::Outbox::default(),
            calls: Calls::default(),
            looks_left: next_record::LOOKS,
        }
    }

    /// Runs one change. What comes of it may be written then or later.
    pub(crate) fn run(
        &mut self,
        request: Request,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let Request {
            change,
            asked,
            once,
            bound,
        } = request;
        let outcome = match self.known_answer(once.as_ref(), store)? {
            Some(known) => known,
            None => {
                let outcome = self.change(change, bound.as_deref(), store)?;
                if let Some(once) = once.filter(|_| !is_on_the_way(&outcome)) {
                    let record = request_log::record_of(asked.as_ref(), &outcome);
                    self.keep_answer(once, &outcome, record, store)?;
                }
                outcome
            }
        };
        if let Some(asked) = asked.filter(|_| !is_on_the_way(&outcome)) {
            self.log.add(&asked, &outcome, self.now);
        }
        self.outcomes.push(outcome);
        Ok(())
    }

    /// Leaves the line of a request that changes nothing here.
    pub(crate) fn note(&mut self, noted: &Noted) {
        self.log.note(noted, self.now);
    }

    fn change(
        &mut self,
        change: Change,
        bound: Option<&Binding>,
        store: &mut Transaction<'_>,
    ) -> Run {
        if let Some(bound) = bound
            && let Err(refusal) = self.check_bound(&change, bound, store)?
        {
            return Ok(Err(refusal));
        }
        match change {
            Change::AddRecord(request) => self.add(*request, store),
            Change::UpdateCallCompletionStats(request) => self.update(&request, store),
            Change::RecordProcessed(request) => self.processed(&request, store),
            Change::RecordReject(request) => self.reject(&request, store),
            Change::Reschedule(request) => self.reschedule(&request, store),
            Change::Cancel(request) => self.cancel(&request, bound, store),
            Change::DoNotCall(request) => self.do_not_call(&request, bound, store),
            Change::Preview(request) => self.preview(&request, store),
            Change::Dial(request) => self.dial(&request, store),
            Change::Dialed(dialed) => self.dialed(&dialed, store),
            Change::CallProgress(request) => self.call_progress(&request, store),
            Change::CancelTold(handle, guid) => self.cancel_told(handle, &guid, store),
            Change::Chained(request) => self.chained(&request, store),
            Change::Group(request) => self.group(&request, store),
            Change::Agent(says) => Ok(Ok(Outcome::Agent(says))),
            Change::PutDoNotCall(entry) => self.put_do_not_call(&entry, store),
            Change::RemoveDoNotCall(subject, by) => self.remove_do_not_call(&subject, &by, store),
            Change::State(stating) => self.state(*stating, bound, store),
            Change::Erase(subject, by) => self.erase(&subject, &by, store),
            Change::RemoveAged(aged) => self.remove_aged(&aged, store),
            Change::DateFinished(handles) => self.date_finished(&handles, store),
            Change::Tidy => self.tidy(store),
            Change::Validated(asked) => self.validated(&asked, store),
            Change::Settle(settled) => self.settle(&settled, store),
            Change::Refused(refusal) => Ok(Err(*refusal)),
            Change::End => Ok(Ok(Outcome::Known)),
        }
    }

    /// Writes what came of the batch.
    pub(crate) fn write(mut self, store: &mut Transaction<'_>) -> Result<Written, StoreError> {
        self.write_records(store)?;
        self.tell_processed(store)?;
        self.write_items(store)?;
        for ((list, label), chain) in &self.labels {
            store.write_chain_label(*list, label, *chain)?;
        }
        for ((list, key), handle) in &self.keys {
            store.write_import_key(*list, key, *handle)?;
        }
        self.set.write_counts(store)?;
        self.log.write(self.now, store)?;
        self.results.write(store)?;
        let audit = self.audit.write(self.live.audit, self.now, store)?;
        let posted = std::mem::take(&mut self.outbox).write(store)?;
        // A handle that was given out is never given out again, whatever was removed.
        if !self.zones.is_empty() || self.after_erasing.removed > 0 {
            store.write_counters(self.counters)?;
        }
        let objects = (!self.zones.is_empty()).then(|| {
            let mut objects = self.objects.clone();
            for zone in self.zones {
                objects.put_zone(zone);
            }
            objects
        });
        Ok(Written {
            outcomes: self.outcomes,
            counters: self.counters,
            groups: self.groups,
            scheduled: self.scheduled,
            restricted: self.restricted,
            caught_up: self.caught_up,
            made_whole: self.made_whole,
            audit,
            posted,
            calls: self.calls,
            contacts: self.set.into_added(),
            after_erasing: self.after_erasing,
            objects,
        })
    }

    /// The refusal of a record that is not there.
    fn no_record(handle: Handle) -> Run {
        Ok(Err(life_cycle::no_such_record(&handle.to_string())))
    }

    fn list_gone() -> Refusal {
        Refusal::new(
            ErrorNumber::CallingListNotFound,
            "the calling list was removed while the request was on its way",
        )
    }
}

/// Whether whoever asked hears of it by another change.
fn is_on_the_way(outcome: &Result<Outcome, Refusal>) -> bool {
    outcome.as_ref().is_ok_and(Outcome::is_on_the_way)
}
