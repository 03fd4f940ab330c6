//! One batch of changes on its way through the rules: the records they need are
//! brought once, each change sees what the ones before it did, and what came of
//! all of them is written together.

use std::collections::{BTreeMap, HashMap};

use ocs_protocol::enumeration::RecordStatus;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use ocs_rules::calling_list::ListId;
use ocs_rules::change::{AddRecord, ChainChoice, Change, Completion, Outcome};
use ocs_rules::counters::{self, Counters};
use ocs_rules::life_cycle::{self, Place};
use ocs_rules::objects::{ObjectChange, Objects};
use ocs_rules::record::{ChainId, Handle, Record};
use ocs_rules::zone::{Zone, ZoneOrigin};

use crate::error::{StoreError, store_refusal};
use crate::sqlite::Transaction;

/// A batch on its way.
pub(crate) struct Batch<'a> {
    objects: &'a Objects,
    counters: Counters,
    now: i64,
    /// New records, each with the index of the change that it answers.
    inserts: Vec<(usize, Record)>,
    /// Records brought from the store.
    records: HashMap<Handle, Loaded>,
    /// The last place of chains that grew in this batch.
    ends: HashMap<(ListId, ChainId), u32>,
    /// Records added in this batch to chains that may have others.
    grown: HashMap<(ListId, ChainId), Vec<usize>>,
    labels: HashMap<(ListId, String), ChainId>,
    keys: HashMap<(ListId, String), Handle>,
    zones: Vec<Zone>,
}

/// A record brought from the store.
struct Loaded {
    record: Record,
    /// Its status in the store.
    status: RecordStatus,
    /// The first change that changed it.
    changed_by: Option<usize>,
}

/// What was written, for after the commit.
pub(crate) struct Written {
    pub(crate) outcomes: Vec<Result<Outcome, Refusal>>,
    pub(crate) counters: Counters,
    /// The objects with what the batch added; `None` when it added none.
    pub(crate) objects: Option<Objects>,
}

/// What a change comes to: an outcome or a refusal; the outer error ends the batch.
type Run = Result<Result<Outcome, Refusal>, StoreError>;

impl<'a> Batch<'a> {
    pub(crate) fn new(objects: &'a Objects, counters: Counters, now: i64, changes: usize) -> Self {
        Self {
            objects,
            counters,
            now,
            inserts: Vec::with_capacity(changes),
            records: HashMap::new(),
            ends: HashMap::new(),
            grown: HashMap::new(),
            labels: HashMap::new(),
            keys: HashMap::new(),
            zones: Vec::new(),
        }
    }

    /// Runs one change; nothing is written yet.
    pub(crate) fn run(&mut self, index: usize, change: Change, store: &mut Transaction<'_>) -> Run {
        match change {
            Change::AddRecord(request) => self.add(index, *request, store),
            Change::UpdateCallCompletionStats(request) => self.update(index, &request, store),
            Change::RecordProcessed(request) => self.processed(index, &request, store),
        }
    }

    fn add(&mut self, index: usize, mut request: AddRecord, store: &mut Transaction<'_>) -> Run {
        let list = request.list;
        if self.objects.list(list).is_none() {
            return Ok(Err(Refusal::new(
                ErrorNumber::CallingListNotFound,
                "the calling list was removed while the request was on its way",
            )));
        }
        let key = request.import_key.take();
        if let Some(key) = &key {
            let slot = (list, key.clone());
            if self.keys.contains_key(&slot) || store.import_key_known(list, key)? {
                return Ok(Ok(Outcome::Known));
            }
        }
        // Everything that can refuse comes before the first number is taken.
        let (chain, label) = match std::mem::replace(&mut request.chain, ChainChoice::New) {
            ChainChoice::New => (None, None),
            ChainChoice::Existing(number) => match self.end_of_chain(list, number, store)? {
                Some(found) => (Some(found), None),
                None => {
                    let list = self.objects.list(list).map(AsRef::as_ref);
                    return Ok(Err(life_cycle::no_such_chain(list, number)));
                }
            },
            ChainChoice::Labelled(label) => {
                let slot = (list, label);
                let known = match self.labels.get(&slot) {
                    Some(chain) => Some(*chain),
                    None => store.labelled_chain(list, &slot.1)?,
                };
                match known {
                    Some(chain) => (self.end_of_chain(list, chain.into(), store)?, None),
                    None => (None, Some(slot)),
                }
            }
        };
        let Some(handle) = self.counters.take_handle() else {
            return Ok(Err(Refusal::new(
                ErrorNumber::HandlesExhausted,
                "every record handle below 2^31 has been given out; no record can be added to \
                 this store",
            )));
        };
        let place = match chain {
            Some((chain, last)) => Place {
                chain,
                chain_n: last + 1,
            },
            None => Place {
                chain: handle,
                chain_n: 0,
            },
        };
        if chain.is_some() || label.is_some() {
            self.ends.insert((list, place.chain), place.chain_n);
            self.grown
                .entry((list, place.chain))
                .or_default()
                .push(self.inserts.len());
        }
        if let Some(slot) = label {
            self.labels.insert(slot, place.chain);
        }
        if let Some(key) = key {
            self.keys.insert((list, key), handle);
        }
        if let Some((name, zone)) = request.new_zone.take() {
            request.contact.zone = self.intern_zone(name, zone);
        }
        self.inserts
            .push((index, life_cycle::add_record(request, handle, place)));
        Ok(Ok(Outcome::Added {
            handle,
            chain: place.chain,
            chain_n: place.chain_n,
        }))
    }

    /// The chain of this number and the place of its last record.
    fn end_of_chain(
        &mut self,
        list: ListId,
        number: i64,
        store: &mut Transaction<'_>,
    ) -> Result<Option<(ChainId, u32)>, StoreError> {
        let Ok(chain) = ChainId::try_from(number) else {
            return Ok(None);
        };
        if let Some(last) = self.ends.get(&(list, chain)) {
            return Ok(Some((chain, *last)));
        }
        Ok(store.end_of_chain(list, chain)?.map(|last| (chain, last)))
    }

    fn intern_zone(&mut self, name: String, zone: jiff::tz::TimeZone) -> u32 {
        // Another request may have brought the same zone since this one was read.
        let known = self.objects.zone_named(&name).map(|zone| zone.dbid);
        let here = || {
            self.zones
                .iter()
                .find(|zone| zone.name == name)
                .map(|zone| zone.dbid)
        };
        known.or_else(here).unwrap_or_else(|| {
            let dbid = counters::take(&mut self.counters.zone);
            self.zones.push(Zone {
                dbid,
                name,
                zone,
                origin: ZoneOrigin::Iana,
            });
            dbid
        })
    }

    fn update(&mut self, index: usize, request: &Completion, store: &mut Transaction<'_>) -> Run {
        let objects = self.objects;
        let Some(loaded) = self.load(request.handle, store)? else {
            return Ok(Err(life_cycle::no_such_record(&request.handle.to_string())));
        };
        let list = loaded.record.list;
        Ok(
            life_cycle::update(&mut loaded.record, request, objects).map(|ignored| {
                loaded.changed_by.get_or_insert(index);
                Outcome::Changed { list, ignored }
            }),
        )
    }

    fn processed(
        &mut self,
        index: usize,
        request: &Completion,
        store: &mut Transaction<'_>,
    ) -> Run {
        let (objects, now) = (self.objects, self.now);
        let Some(loaded) = self.load(request.handle, store)? else {
            return Ok(Err(life_cycle::no_such_record(&request.handle.to_string())));
        };
        let (list, chain) = (loaded.record.list, loaded.record.chain);
        let ignored = match life_cycle::processed(&mut loaded.record, request, objects, now) {
            Ok(ignored) => ignored,
            Err(refusal) => return Ok(Err(refusal)),
        };
        loaded.changed_by.get_or_insert(index);
        for handle in store.handles_of_chain(list, chain)? {
            if let Some(other) = self.load(handle, store)?
                && life_cycle::finish_with_chain(&mut other.record)
            {
                other.changed_by.get_or_insert(index);
            }
        }
        for insert in self.grown.get(&(list, chain)).into_iter().flatten() {
            life_cycle::finish_with_chain(&mut self.inserts[*insert].1);
        }
        Ok(Ok(Outcome::Changed { list, ignored }))
    }

    fn load(
        &mut self,
        handle: Handle,
        store: &mut Transaction<'_>,
    ) -> Result<Option<&mut Loaded>, StoreError> {
        use std::collections::hash_map::Entry;
        Ok(match self.records.entry(handle) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(place) => match store.record(handle)? {
                Some(record) => {
                    let status = record.status;
                    Some(place.insert(Loaded {
                        record,
                        status,
                        changed_by: None,
                    }))
                }
                None => None,
            },
        })
    }

    /// Writes what came of the batch. A row that the store does not take for what
    /// it holds spoils its own change only (ARCHITECTURE.md, invariant 6).
    pub(crate) fn write(
        self,
        mut outcomes: Vec<Result<Outcome, Refusal>>,
        store: &mut Transaction<'_>,
    ) -> Result<Written, StoreError> {
        let mut counts: BTreeMap<(ListId, RecordStatus), i64> = BTreeMap::new();
        let mut written = |index: usize, result: Result<(), StoreError>| match result {
            Ok(()) => Ok(true),
            Err(error @ StoreError::Fault(_)) => {
                tracing::error!(%error, "a record was not written");
                outcomes[index] = Err(store_refusal(&error));
                Ok(false)
            }
            Err(error) => Err(error),
        };
        for zone in &self.zones {
            store.write_object(&ObjectChange::PutZone(zone.clone()))?;
        }
        store.insert_records(
            self.inserts.iter().map(|(_, record)| record),
            |at, result| {
                let (index, record) = &self.inserts[at];
                if written(*index, result)? {
                    *counts.entry((record.list, record.status)).or_default() += 1;
                }
                Ok(())
            },
        )?;
        for loaded in self.records.values() {
            let Some(index) = loaded.changed_by else {
                continue;
            };
            if written(index, store.update_record(&loaded.record))? {
                let list = loaded.record.list;
                *counts.entry((list, loaded.status)).or_default() -= 1;
                *counts.entry((list, loaded.record.status)).or_default() += 1;
            }
        }
        for ((list, label), chain) in &self.labels {
            store.write_chain_label(*list, label, *chain)?;
        }
        for ((list, key), handle) in &self.keys {
            store.write_import_key(*list, key, *handle)?;
        }
        counts.retain(|_, change| *change != 0);
        store.add_to_counts(&counts)?;
        if !self.zones.is_empty() {
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
            outcomes,
            counters: self.counters,
            objects,
        })
    }
}
