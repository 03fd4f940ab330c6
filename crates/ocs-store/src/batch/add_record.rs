//! AddRecord (records.md, section 3).

use jiff::tz::TimeZone;
use ocs_protocol::attribute::{GSW_CUSTOMER_ID, GSW_PHONE};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_rules::calling_list::ListId;
use ocs_rules::change::{AddRecord, ChainChoice, Outcome};
use ocs_rules::counters;
use ocs_rules::life_cycle::{self, Place};
use ocs_rules::objects::ObjectChange;
use ocs_rules::policy::Duplicates;
use ocs_rules::record::{ChainId, Handle};
use ocs_rules::zone::{Zone, ZoneId, ZoneOrigin};

use super::{Batch, Run};
use crate::error::StoreError;
use crate::sqlite::Transaction;

impl Batch<'_> {
    pub(super) fn add(&mut self, mut request: AddRecord, store: &mut Transaction<'_>) -> Run {
        let list = request.list;
        let Some(calling_list) = self.objects.list(list) else {
            return Ok(Err(Self::list_gone()));
        };
        if let Some(refusal) = self.kept_out(&request, store)? {
            return Ok(Err(refusal));
        }
        let key = request.import_key.take();
        if let Some(key) = &key {
            let slot = (list, key.clone());
            if self.keys.contains_key(&slot) || store.import_key_known(list, key)? {
                return Ok(Ok(Outcome::Known));
            }
        }
        let duplicates = self.policy.duplicates(calling_list);
        if duplicates != Duplicates::Allow
            && let Some((handle, attribute)) = self.duplicate(&request, store)?
        {
            return self.add_again(duplicates, handle, attribute, request, store);
        }
        // Everything that can refuse comes before the first number is taken.
        let (chain, label) = match std::mem::replace(&mut request.chain, ChainChoice::New) {
            ChainChoice::New => (None, None),
            ChainChoice::Existing(number) => match self.end_of_chain(list, number, store)? {
                Some(found) => (Some(found), None),
                None => {
                    return Ok(Err(life_cycle::no_such_chain(Some(calling_list), number)));
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
        let grows = chain.is_some() || label.is_some();
        if grows {
            self.ends.insert((list, place.chain), place.chain_n);
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
        let record = life_cycle::add_record(request, handle, place, self.now);
        self.set.insert(self.outcomes.len(), record, grows);
        Ok(Ok(Outcome::Added {
            handle,
            chain: place.chain,
            chain_n: place.chain_n,
        }))
    }

    /// An open record of the calling list with the same phone or customer id, and
    /// which of the two it is.
    fn duplicate(
        &mut self,
        request: &AddRecord,
        store: &mut Transaction<'_>,
    ) -> Result<Option<(Handle, &'static str)>, StoreError> {
        self.write_records(store)?;
        let phone = self.compared(&request.contact.phone, request.list);
        let found = self.open_records_of_phone(phone, Some(request.list), store)?;
        if let Some(handle) = found.first() {
            return Ok(Some((*handle, GSW_PHONE)));
        }
        let Some(customer) = &request.contact.customer_id else {
            return Ok(None);
        };
        let found = self.open_records_of_customer(customer, Some(request.list), store)?;
        Ok(found.first().map(|handle| (*handle, GSW_CUSTOMER_ID)))
    }

    /// A second record of somebody who is in the calling list.
    fn add_again(
        &mut self,
        duplicates: Duplicates,
        handle: Handle,
        attribute: &'static str,
        mut request: AddRecord,
        store: &mut Transaction<'_>,
    ) -> Run {
        if duplicates == Duplicates::Refuse {
            let list = self.objects.list(request.list);
            return Ok(Err(Refusal::new(
                ErrorNumber::DuplicateRecord,
                format!(
                    "the calling list {} has the open record {handle} with this {attribute}, and \
                     takes no second one (its option duplicates is refuse)",
                    quoted(list.map_or("", |list| list.name.as_str())),
                ),
            )
            .at(attribute)));
        }
        if let Some((name, zone)) = request.new_zone.take() {
            request.contact.zone = self.intern_zone(name, zone);
        }
        let Some(record) = self.record(handle, store)? else {
            return Self::no_record(handle);
        };
        life_cycle::add_again(record, request);
        let (chain, chain_n) = (record.chain, record.chain_n);
        self.changed(handle);
        Ok(Ok(Outcome::Added {
            handle,
            chain,
            chain_n,
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
        self.write_records(store)?;
        Ok(store.end_of_chain(list, chain)?.map(|last| (chain, last)))
    }

    fn intern_zone(&mut self, name: String, zone: TimeZone) -> ZoneId {
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

    pub(super) fn write_zones(&mut self, store: &mut Transaction<'_>) -> Result<(), StoreError> {
        for zone in &self.zones[self.zones_written..] {
            store.write_object(&ObjectChange::PutZone(zone.clone()))?;
        }
        self.zones_written = self.zones.len();
        Ok(())
    }
}
