//! Requests about one record: what came of a call, a callback, a record given back.

use ocs_protocol::enumeration::RecordStatus;
use ocs_protocol::request::RequestName;
use ocs_rules::change::{Completion, OnRecord, Outcome, Reschedule};
use ocs_rules::life_cycle;

use super::{Batch, Run};
use crate::sqlite::Transaction;

impl Batch<'_> {
    pub(super) fn update(&mut self, request: &Completion, store: &mut Transaction<'_>) -> Run {
        let (objects, now) = (self.objects, self.now);
        let Some(record) = self.record(request.on.handle, store)? else {
            return Self::no_record(request.on.handle);
        };
        let ignored = match life_cycle::update(record, request, objects, now) {
            Ok(ignored) => ignored,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let record = record.named();
        self.changed(record.handle);
        if request.result.is_some()
            && let Some(guid) = &request.on.attempt_guid
        {
            // What came of the attempt's call is known: the call is over.
            self.free_call(record.handle, guid, store)?;
        }
        Ok(Ok(Outcome::Changed { record, ignored }))
    }

    pub(super) fn processed(&mut self, request: &Completion, store: &mut Transaction<'_>) -> Run {
        let (objects, now) = (self.objects, self.now);
        let Some(record) = self.record(request.on.handle, store)? else {
            return Self::no_record(request.on.handle);
        };
        let guid = record.attempt_guid.clone();
        let (ignored, rest) = match life_cycle::processed(record, request, objects, now) {
            Ok(processed) => processed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (ended, result) = (record.is_final(), record.result);
        let record = record.named();
        self.changed(record.handle);
        let group = self.end_attempt(guid, record.handle, store)?;
        let finished = u64::from(ended) + self.rest_of_chain(record, rest, store)?;
        self.results.finished(group, result, finished, now);
        Ok(Ok(Outcome::Changed { record, ignored }))
    }

    pub(super) fn reject(&mut self, request: &OnRecord, store: &mut Transaction<'_>) -> Run {
        let objects = self.objects;
        let Some(record) = self.record(request.handle, store)? else {
            return Self::no_record(request.handle);
        };
        let guid = record.attempt_guid.clone();
        if let Err(refusal) = life_cycle::reject(record, request, objects) {
            return Ok(Err(refusal));
        }
        let rejected = record.clone();
        let record = record.named();
        self.changed(record.handle);
        if let Some(guid) = guid {
            self.attempt_was_none(&rejected, &guid, store)?;
        }
        Ok(Ok(Outcome::Changed {
            record,
            ignored: Vec::new(),
        }))
    }

    pub(super) fn reschedule(&mut self, request: &Reschedule, store: &mut Transaction<'_>) -> Run {
        let (objects, now) = (self.objects, self.now);
        let Some(record) = self.record(request.on.handle, store)? else {
            return Self::no_record(request.on.handle);
        };
        if let Err(refusal) = life_cycle::reschedule(record, request, objects, now) {
            return Ok(Err(refusal));
        }
        debug_assert_eq!(record.status, RecordStatus::Ready);
        let record = record.named();
        self.changed(record.handle);
        Ok(Ok(Outcome::Changed {
            record,
            ignored: Vec::new(),
        }))
    }

    /// What must hold before a request about a record does more than change it.
    pub(super) fn check_on(
        &mut self,
        on: &OnRecord,
        request: RequestName,
        store: &mut Transaction<'_>,
    ) -> Result<
        Result<ocs_rules::record::Record, ocs_protocol::refusal::Refusal>,
        crate::error::StoreError,
    > {
        let objects = self.objects;
        let Some(record) = self.record(on.handle, store)? else {
            return Ok(Err(life_cycle::no_such_record(&on.handle.to_string())));
        };
        Ok(life_cycle::check(record, on, request, objects).map(|_| record.clone()))
    }
}
