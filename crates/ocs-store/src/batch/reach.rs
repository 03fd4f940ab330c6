//! RequestRecordCancel and DoNotCall: requests that may reach many records.

use std::borrow::Cow;

use ocs_protocol::attribute::{GSW_CUSTOMER_ID, GSW_PHONE, GSW_RECORD_HANDLE};
use ocs_protocol::enumeration::{ChainAttr, RecordStatus};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::RequestName;
use ocs_rules::access::{self, Binding};
use ocs_rules::calling_list::ListId;
use ocs_rules::change::{Named, OnRecord, Outcome, Reaching, Whom};
use ocs_rules::do_not_call::{Compared, Entry, Subject};
use ocs_rules::life_cycle;
use ocs_rules::record::{Handle, Record};

use super::{Batch, Run};
use crate::error::StoreError;
use crate::sqlite::Transaction;

impl Batch<'_> {
    pub(super) fn cancel(
        &mut self,
        request: &Reaching,
        bound: Option<&Binding>,
        store: &mut Transaction<'_>,
    ) -> Run {
        let name = RequestName::RequestRecordCancel;
        let reached = match self.reached(request, name, bound, store)? {
            Ok(reached) => reached,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if reached.is_empty() {
            return Ok(Err(nobody(&request.whom)));
        }
        let chain = request.chain == ChainAttr::AllChain;
        let handles = self.with_chains(reached, chain, store)?;
        self.finish_all(&handles, life_cycle::cancel, store).map(Ok)
    }

    pub(super) fn do_not_call(
        &mut self,
        request: &Reaching,
        bound: Option<&Binding>,
        store: &mut Transaction<'_>,
    ) -> Run {
        let reached = match self.reached(request, RequestName::DoNotCall, bound, store)? {
            Ok(reached) => reached,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(refusal) = self.no_room() {
            return Ok(Err(refusal));
        }
        if reached.is_empty() && bound.is_some_and(Binding::is_to_lists) {
            let (attribute, value) = named(&request.whom);
            return Ok(Err(access::not_your_contact(attribute, &value)));
        }
        // By customer id the whole chains: it is the person who is not to be called.
        let chain =
            request.chain == ChainAttr::AllChain || matches!(request.whom, Whom::CustomerId(_));
        let handles = self.with_chains(reached, chain, store)?;
        let subjects = match &request.whom {
            Whom::Phone(phone) => {
                let mut subjects = vec![(Subject::Phone(phone.clone()), None)];
                if request.chain == ChainAttr::AllChain {
                    subjects.append(&mut self.phones(&handles, store)?);
                }
                subjects
            }
            Whom::CustomerId(customer) => vec![(Subject::CustomerId(customer.clone()), None)],
            Whom::Record(..) => self.phones(&handles, store)?,
        };
        for (subject, list) in subjects {
            self.restrict(subject, list, &request.source, store)?;
        }
        self.finish_all(&handles, life_cycle::no_call, store)
            .map(Ok)
    }

    /// The records that a request names itself, without their chains: one by handle,
    /// or all open ones with a phone or customer id.
    fn reached(
        &mut self,
        request: &Reaching,
        name: RequestName,
        bound: Option<&Binding>,
        store: &mut Transaction<'_>,
    ) -> Result<Result<Vec<Handle>, Refusal>, StoreError> {
        self.write_records(store)?;
        let reached = match &request.whom {
            Whom::Record(handle, attempt_guid) => {
                let on = OnRecord {
                    handle: *handle,
                    list: request.list,
                    attempt_guid: attempt_guid.clone(),
                    unknown: request.unknown.clone(),
                };
                let record = self.check_on(&on, name, store)?;
                return Ok(record.map(|record| vec![record.handle]));
            }
            Whom::Phone(phone) => {
                // The region of a calling list that is not named is not known; a phone
                // in international form needs none.
                let list = request.list.and_then(|list| self.objects.list(list));
                let region = self.policy.region(list.map(AsRef::as_ref));
                let compared = Compared::of(phone, region);
                self.open_records_of_phone(compared, request.list, store)?
            }
            Whom::CustomerId(customer) => {
                self.open_records_of_customer(customer, request.list, store)?
            }
        };
        self.within(reached, bound, store).map(Ok)
    }

    /// Open records with a phone, in one calling list or in all, by handle.
    pub(super) fn open_records_of_phone(
        &mut self,
        phone: Compared,
        list: Option<ListId>,
        store: &mut Transaction<'_>,
    ) -> Result<Vec<Handle>, StoreError> {
        let mut handles = store.handles_of_phone(phone)?;
        handles.extend(self.set.added_like(Some(phone), None));
        self.open_ones(handles, list, store, |batch, record| {
            batch
                .compared(&record.contact.phone, record.list)
                .matches(phone)
        })
    }

    /// Open records of a customer, in one calling list or in all, by handle.
    pub(super) fn open_records_of_customer(
        &mut self,
        customer: &str,
        list: Option<ListId>,
        store: &mut Transaction<'_>,
    ) -> Result<Vec<Handle>, StoreError> {
        let mut handles = store.handles_of_customer(customer)?;
        handles.extend(self.set.added_like(None, Some(customer)));
        self.open_ones(handles, list, store, |_, record| {
            record.contact.customer_id.as_deref() == Some(customer)
        })
    }

    fn open_ones(
        &mut self,
        mut handles: Vec<Handle>,
        list: Option<ListId>,
        store: &mut Transaction<'_>,
        is_meant: impl Fn(&Self, &Record) -> bool,
    ) -> Result<Vec<Handle>, StoreError> {
        handles.sort_unstable();
        handles.dedup();
        let mut open = Vec::with_capacity(handles.len());
        for handle in handles {
            let Some(record) = self.record(handle, store)? else {
                continue;
            };
            let record = record.clone();
            if record.is_open()
                && list.is_none_or(|list| list == record.list)
                && is_meant(self, &record)
            {
                open.push(handle);
            }
        }
        Ok(open)
    }

    /// The records themselves, or with `chains` every record of their chains.
    fn with_chains(
        &mut self,
        handles: Vec<Handle>,
        chains: bool,
        store: &mut Transaction<'_>,
    ) -> Result<Vec<Handle>, StoreError> {
        if !chains {
            return Ok(handles);
        }
        let mut all = Vec::with_capacity(handles.len());
        for handle in handles {
            if let Some(record) = self.record(handle, store)? {
                let named = record.named();
                for handle in self.chain(named.list, named.chain, store)? {
                    if !all.contains(&handle) {
                        all.push(handle);
                    }
                }
            }
        }
        Ok(all)
    }

    /// The phones of records, as they were given.
    fn phones(
        &mut self,
        handles: &[Handle],
        store: &mut Transaction<'_>,
    ) -> Result<Vec<(Subject, Option<ListId>)>, StoreError> {
        let mut phones = Vec::with_capacity(handles.len());
        for handle in handles {
            if let Some(record) = self.record(*handle, store)? {
                let phone = Subject::Phone(record.contact.phone.clone());
                phones.push((phone, Some(record.list)));
            }
        }
        Ok(phones)
    }

    fn restrict(
        &mut self,
        subject: Subject,
        list: Option<ListId>,
        source: &str,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let entry = Entry {
            subject,
            message: None,
            campaign: None,
            list: list
                .and_then(|list| self.objects.list(list))
                .map(|list| list.name.clone()),
            internal: true,
            time_stamp: self.now,
            expires: None,
            source: Some(source.to_owned()),
        };
        self.put_entry(&entry, store)
    }

    /// Finishes the open ones of some records, and says who had one in hand.
    fn finish_all(
        &mut self,
        handles: &[Handle],
        finish: impl Fn(&mut Record) -> bool,
        store: &mut Transaction<'_>,
    ) -> Result<Outcome, StoreError> {
        let mut records: Vec<Named> = Vec::with_capacity(handles.len());
        let mut taken = Vec::new();
        for handle in handles {
            let Some(record) = self.record(*handle, store)? else {
                continue;
            };
            let before = (
                record.status,
                record.in_hand.clone(),
                record.attempt_guid.clone(),
            );
            if !finish(record) {
                continue;
            }
            let named = record.named();
            records.push(named);
            self.changed(named.handle);
            let (status, in_hand, guid) = before;
            self.cancel_call(named.handle, guid.as_deref(), store)?;
            self.end_attempt(guid, named.handle, store)?;
            if status == RecordStatus::Retrieved
                && let Some(agent) = in_hand.and_then(|in_hand| in_hand.agent)
            {
                taken.push((agent, named.handle));
            }
        }
        Ok(Outcome::Reached { records, taken })
    }
}

/// The attribute that says whom a request reaches, and its value.
fn named(whom: &Whom) -> (&'static str, Cow<'_, str>) {
    match whom {
        Whom::Phone(phone) => (GSW_PHONE, phone.into()),
        Whom::CustomerId(customer) => (GSW_CUSTOMER_ID, customer.into()),
        Whom::Record(handle, _) => (GSW_RECORD_HANDLE, handle.to_string().into()),
    }
}

fn nobody(whom: &Whom) -> Refusal {
    let (attribute, value) = named(whom);
    Refusal::new(
        ErrorNumber::RecordNotFound,
        format!("no open record has {attribute} {}", quoted(&value)),
    )
    .at(attribute)
}
