//! The records of a batch: those it adds, and those it brought from the store. They
//! are written together, and placed for retrieval as they are written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ocs_protocol::enumeration::{RecordStatus, RecordType};
use ocs_rules::calling_list::{DailyWindow, ListId};
use ocs_rules::campaign::{CampaignGroupId, CampaignId};
use ocs_rules::do_not_call::Compared;
use ocs_rules::record::{self, ChainId, Handle, Record};
use ocs_rules::retrieval::placement::{self, Placement};
use ocs_rules::zone::ZoneId;

use super::Batch;
use super::outbox::Ended;
use crate::error::{StoreError, store_refusal};
use crate::live::{OutNow, Shown};
use crate::sqlite::{Transaction, ready, views};

/// The records of a batch.
#[derive(Default)]
pub(super) struct WorkingSet {
    /// New records that are not written yet, each with the index of its change.
    inserts: Vec<(usize, Record)>,
    /// New records that are written, as others find them.
    added: Vec<Reached>,
    records: HashMap<Handle, Loaded>,
    /// Those of them that were changed since they were written, in order.
    changed: Vec<Handle>,
    /// Chains that a record was added to.
    grown: HashSet<(ListId, ChainId)>,
    counts: BTreeMap<(ListId, RecordStatus), i64>,
    /// Records that became final, where somebody is told of their chains.
    ended: Vec<Ended>,
}

/// How a new record is found by others: what the index of contacts takes up after
/// the commit.
pub(crate) struct Reached {
    pub(crate) handle: Handle,
    pub(crate) phone: Compared,
    pub(crate) customer: Option<String>,
}

/// A record brought from the store.
struct Loaded {
    record: Record,
    stored: Stored,
    /// The first change that changed it since it was written.
    changed_by: Option<usize>,
}

/// What of a record in the store counts beyond the record itself.
#[derive(Clone, PartialEq, Eq)]
struct Stored {
    status: RecordStatus,
    record_type: RecordType,
    attempts: u32,
    scheduled: Option<i64>,
    attempt_guid: Option<String>,
    window: (bool, DailyWindow, ZoneId),
    phone: String,
    customer: Option<String>,
    agent: Option<String>,
    /// The agent who has it in hand.
    holder: Option<String>,
    campaign: Option<CampaignId>,
    assigned: Option<CampaignGroupId>,
    /// The campaign group that has it, or that alone hands it out.
    group: Option<CampaignGroupId>,
}

impl Stored {
    fn of(record: &Record) -> Self {
        Self {
            status: record.status,
            record_type: record.contact.record_type,
            attempts: record.attempts,
            scheduled: record.contact.scheduled,
            attempt_guid: record.attempt_guid.clone(),
            window: (
                record.outside_window,
                record.contact.window,
                record.contact.zone,
            ),
            phone: record.contact.phone.clone(),
            customer: record.contact.customer_id.clone(),
            agent: record.contact.agent.clone(),
            holder: holder(record).map(str::to_owned),
            campaign: record.contact.campaign,
            assigned: record.assigned,
            group: record
                .in_hand
                .as_ref()
                .map(|in_hand| in_hand.group)
                .or(record.assigned),
        }
    }

    fn is_final(&self) -> bool {
        record::is_final(self.status, self.record_type)
    }
}

impl WorkingSet {
    pub(super) fn with_capacity(changes: usize) -> Self {
        Self {
            inserts: Vec::with_capacity(changes),
            ..Self::default()
        }
    }

    pub(super) fn insert(&mut self, index: usize, record: Record, grows: bool) {
        if grows {
            self.grown.insert((record.list, record.chain));
        }
        self.inserts.push((index, record));
    }

    pub(super) fn take_ended(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.ended)
    }

    pub(super) fn into_added(self) -> Vec<Reached> {
        self.added
    }

    /// New records of this batch with this phone or customer id.
    pub(super) fn added_like(
        &self,
        phone: Option<Compared>,
        customer: Option<&str>,
    ) -> Vec<Handle> {
        let like = |added: &&Reached| {
            phone.is_some_and(|phone| phone.matches(added.phone))
                || customer.is_some() && added.customer.as_deref() == customer
        };
        let handles = self.added.iter().filter(like);
        handles.map(|added| added.handle).collect()
    }

    /// Writes how the counts of records changed so far.
    pub(super) fn write_counts(&mut self, store: &mut Transaction<'_>) -> Result<(), StoreError> {
        let mut counts = std::mem::take(&mut self.counts);
        counts.retain(|_, change| *change != 0);
        store.add_to_counts(&counts)
    }
}

impl Batch<'_> {
    /// The record of a handle, as the batch has left it so far.
    pub(super) fn record(
        &mut self,
        handle: Handle,
        store: &mut Transaction<'_>,
    ) -> Result<Option<&mut Record>, StoreError> {
        use std::collections::hash_map::Entry;
        if self
            .set
            .inserts
            .iter()
            .any(|(_, record)| record.handle == handle)
        {
            self.write_records(store)?;
        }
        Ok(match self.set.records.entry(handle) {
            Entry::Occupied(known) => Some(&mut known.into_mut().record),
            Entry::Vacant(place) => store.record(handle)?.map(|record| {
                let loaded = Loaded {
                    stored: Stored::of(&record),
                    record,
                    changed_by: None,
                };
                &mut place.insert(loaded).record
            }),
        })
    }

    /// Says that the change that is being made has changed a record.
    pub(super) fn changed(&mut self, handle: Handle) {
        let index = self.outcomes.len();
        if let Some(loaded) = self.set.records.get_mut(&handle)
            && loaded.changed_by.is_none()
        {
            loaded.changed_by = Some(index);
            self.set.changed.push(handle);
        }
    }

    /// A record's row was removed, of which nothing was left to be written.
    pub(super) fn removed(
        &mut self,
        record: &Record,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        self.set.records.remove(&record.handle);
        let counted = (record.list, record.status);
        *self.set.counts.entry(counted).or_default() -= 1;
        if record.status != RecordStatus::Retrieved {
            return Ok(());
        }
        let phone = self.compared(&record.contact.phone, record.list);
        let customer = record.contact.customer_id.as_deref();
        let mut out = self.live.out.change();
        let awaited = out.came_back(phone, customer, holder(record));
        drop(out);
        if awaited {
            Self::release_contact(phone, customer, store)?;
        }
        Ok(())
    }

    /// The handles of a chain's records, in the chain's order; all are written.
    pub(super) fn chain(
        &mut self,
        list: ListId,
        chain: ChainId,
        store: &mut Transaction<'_>,
    ) -> Result<Vec<Handle>, StoreError> {
        self.write_records(store)?;
        store.handles_of_chain(list, chain)
    }

    /// What a phone is compared by, in the region of a calling list.
    pub(super) fn compared(&self, phone: &str, list: ListId) -> Compared {
        let list = self.objects.list(list).map(AsRef::as_ref);
        Compared::of(phone, self.policy.region(list))
    }

    /// Writes the records that were added or changed so far. A row that the store does
    /// not take for what it holds spoils its own change only (ARCHITECTURE.md,
    /// invariant 6).
    pub(super) fn write_records(&mut self, store: &mut Transaction<'_>) -> Result<(), StoreError> {
        self.ends.clear();
        let mut chains = std::mem::take(&mut self.set.grown)
            .into_iter()
            .collect::<BTreeSet<_>>();
        self.write_zones(store)?;
        self.insert_records(&chains, store)?;
        self.update_records(&mut chains, store)?;
        for (list, chain) in chains {
            self.place_chain(list, chain, store)?;
        }
        Ok(())
    }

    fn insert_records(
        &mut self,
        grown: &BTreeSet<(ListId, ChainId)>,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        if self.set.inserts.is_empty() {
            return Ok(());
        }
        let inserts = std::mem::take(&mut self.set.inserts);
        let mut classes = Vec::with_capacity(inserts.len());
        let mut phones = Vec::with_capacity(inserts.len());
        for (_, record) in &inserts {
            let alone = !grown.contains(&(record.list, record.chain));
            let list = self.objects.list(record.list).map(AsRef::as_ref);
            // A phone is read once: for where it is, and for who looks for it later.
            let region = self.policy.region(list);
            let (phone, number) = Compared::read(&record.contact.phone, region);
            phones.push(phone);
            let placed = list.filter(|_| alone).map(|list| {
                let territory = self.objects.territory_of(list, number);
                placement::place_alone(record, list, territory)
            });
            classes.push(match placed {
                Some(Placement::Class(key)) => Some(store.class(&key, &mut self.live.retrieval)?),
                Some(Placement::HeldBack | Placement::WaitsUntil(_)) | None => None,
            });
        }
        let (outcomes, counts) = (&mut self.outcomes, &mut self.set.counts);
        let mut taken = vec![true; inserts.len()];
        let rows = inserts.iter().zip(&classes);
        store.insert_records(
            rows.map(|((_, record), class)| (record, *class)),
            |at, result| {
                let (index, record) = &inserts[at];
                taken[at] = spoiled(outcomes, *index, result)?;
                if taken[at] {
                    *counts.entry((record.list, record.status)).or_default() += 1;
                }
                Ok(())
            },
        )?;
        let rows = inserts.iter().zip(classes).zip(phones);
        for (((_, record), class), phone) in rows.zip(taken).filter(|(_, t)| *t).map(|(r, _)| r) {
            ready::entered(&mut self.live.retrieval.fronts, record, class);
            for view in self.live.views.of(record.list) {
                let (connection, fronts) = (store.connection(), &mut self.live.retrieval.fronts);
                views::put_new(connection, fronts, view, record, class, self.now)?;
            }
            self.set.added.push(Reached {
                handle: record.handle,
                phone,
                customer: record.contact.customer_id.clone(),
            });
        }
        Ok(())
    }

    fn update_records(
        &mut self,
        chains: &mut BTreeSet<(ListId, ChainId)>,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        for handle in std::mem::take(&mut self.set.changed) {
            let Some(loaded) = self.set.records.get_mut(&handle) else {
                continue;
            };
            let Some(index) = loaded.changed_by.take() else {
                continue;
            };
            let record = &loaded.record;
            let now_stored = Stored::of(record);
            let written = if now_stored == loaded.stored {
                store.note_record(record)
            } else {
                store.update_record(record, self.now)
            };
            if !spoiled(&mut self.outcomes, index, written)? {
                continue;
            }
            let stored = std::mem::replace(&mut loaded.stored, now_stored);
            if stored == loaded.stored {
                if !self.live.views.of(record.list).is_empty() {
                    let record = record.clone();
                    self.place_again_in_views(&record, store)?;
                }
                continue;
            }
            if self.wanted.anywhere.contact_processed && record.is_final() && !stored.is_final() {
                self.set.ended.push(Ended {
                    handle,
                    list: record.list,
                    chain: record.chain,
                    group: stored.group,
                });
            }
            let views = self.live.views.of(record.list);
            if stored.status == RecordStatus::Ready && record.status != RecordStatus::Ready {
                // It left its class, and so every view.
                for view in views {
                    let fronts = &mut self.live.retrieval.fronts;
                    views::put(store.connection(), fronts, view, record, None, self.now)?;
                }
            }
            chains.insert((record.list, record.chain));
            let customer = record.contact.customer_id.as_deref();
            let took_customer = stored.customer.as_deref() != customer;
            if took_customer && let Some(customer) = customer {
                store.took_customer(handle, customer)?;
            }
            if stored.status != record.status {
                *self
                    .set
                    .counts
                    .entry((record.list, stored.status))
                    .or_default() -= 1;
                *self
                    .set
                    .counts
                    .entry((record.list, record.status))
                    .or_default() += 1;
            }
            let changed_hands = stored.holder.as_deref() != holder(record);
            if stored.status != record.status || took_customer || changed_hands {
                let list = self.objects.list(record.list).map(AsRef::as_ref);
                let phone = Compared::of(&record.contact.phone, self.policy.region(list));
                if moved(&self.live.out, &stored, record, phone) {
                    Self::release_contact(phone, stored.customer.as_deref(), store)?;
                }
            }
        }
        Ok(())
    }

    /// Places the records of a chain for retrieval, as they are in the store now.
    pub(super) fn place_chain(
        &mut self,
        list: ListId,
        chain: ChainId,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let Some(calling_list) = self.objects.list(list) else {
            return Ok(());
        };
        let mut records = Vec::new();
        for handle in store.handles_of_chain(list, chain)? {
            let known = self
                .set
                .records
                .get(&handle)
                .map(|loaded| loaded.record.clone());
            if let Some(record) =
                known.map_or_else(|| store.record(handle), |record| Ok(Some(record)))?
            {
                records.push(record);
            }
        }
        let references: Vec<_> = records.iter().collect();
        let placements = placement::place(&references, calling_list, self.objects, self.now);
        for (record, placement) in records.iter().zip(&placements) {
            let class = match placement {
                Placement::Class(key) => Some(store.class(key, &mut self.live.retrieval)?),
                Placement::HeldBack | Placement::WaitsUntil(_) => None,
            };
            // What is not Ready left its class when it was written.
            if class.is_some() || record.status == RecordStatus::Ready {
                store.set_class(&mut self.live.retrieval, record, class)?;
                self.place_in_views(record, class, store)?;
            }
        }
        // Nothing in a chain of one record waits for another.
        if records.len() > 1 {
            store.set_wake(list, chain, placement::wake(&placements))?;
        }
        Ok(())
    }
}

/// Whether a row was written; one that the store did not take refuses its change.
fn spoiled(
    outcomes: &mut super::Outcomes,
    index: usize,
    result: Result<(), StoreError>,
) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(error @ StoreError::Fault(_)) => {
            tracing::error!(%error, "a record was not written");
            let refusal = Err(store_refusal(&error));
            match outcomes.get_mut(index) {
                Some(outcome) => *outcome = refusal,
                // The change that is being made: it has no outcome yet, and its own
                // error ends it.
                None => return Err(error),
            }
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The agent who has a record in hand.
fn holder(record: &Record) -> Option<&str> {
    record.in_hand.as_ref()?.agent.as_deref()
}

/// A record's status, customer id or agent was changed: it may have gone out, or come back,
/// or be out for somebody more. Whether others slept until it was back.
fn moved(out: &Shown<OutNow>, stored: &Stored, record: &Record, phone: Compared) -> bool {
    let awaited = stored.status == RecordStatus::Retrieved
        && out
            .change()
            .came_back(phone, stored.customer.as_deref(), stored.holder.as_deref());
    if record.status == RecordStatus::Retrieved {
        let customer = record.contact.customer_id.as_deref();
        out.change().went_out(phone, customer, holder(record));
    }
    awaited
}
